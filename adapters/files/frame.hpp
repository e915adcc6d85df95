/// How records stand in a file of ours: frames with a sequence number, one behind the other. Every
/// bit is under a checksum, the length and the sequence number under one of their own, so that a
/// damaged length is never mistaken for the torn end of a file. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::files {

inline constexpr std::size_t frame_head_bytes = 20;
inline constexpr std::size_t frame_payload_max = 16 * 1024 * 1024;

/// Appends a whole number, little endian.
template <class Number>
void put_number(std::string& out, Number value) {
  for (std::size_t n = 0; n < sizeof(Number); ++n)
    out += static_cast<char>(static_cast<unsigned char>(value >> (8 * n)));
}

/// Reads what put_number wrote. The bytes are there.
template <class Number>
[[nodiscard]] Number get_number(std::string_view bytes, std::size_t at) {
  Number value = 0;
  for (std::size_t n = 0; n < sizeof(Number); ++n)
    value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[at + n]))
                                 << (8 * n));
  return value;
}

/// length(4) sequence(8) crc of these(4) crc of the payload(4) payload.
/// @param payload of at most frame_payload_max bytes.
void append_frame(std::string& out, std::uint64_t sequence, std::string_view payload);

struct Frame {
  std::uint64_t sequence = 0;
  std::string_view payload;

  [[nodiscard]] std::size_t size() const noexcept { return frame_head_bytes + payload.size(); }
};

/// The whole frame that begins at `at`; nullopt when it is cut off or damaged.
[[nodiscard]] std::optional<Frame> frame_at(std::string_view bytes, std::size_t at);

/// Whether a whole frame begins anywhere behind `at`: then what stands at `at` is damage, not the
/// torn end of a write.
[[nodiscard]] bool frame_follows(std::string_view bytes, std::size_t at);

} // namespace tandem::adapters::files
