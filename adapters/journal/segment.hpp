/// The bytes of one journal file: a header, then frames (adapters/files/frame.hpp). Every bit of
/// both is under a checksum. Pure.
#pragma once

#include "core/orders/client_id.hpp"
#include "core/orders/records.hpp"
#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::journal {

/// What a segment says of itself.
struct SegmentHeader {
  core::orders::EngineId engine;
  std::uint64_t epoch = 0;          ///< of the run that wrote it
  std::uint64_t first_sequence = 1; ///< of its first frame

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

inline constexpr std::size_t segment_header_bytes = 36;

[[nodiscard]] std::string encode_header(const SegmentHeader& header);
/// Errors: malformed (cut off, not a journal of ours, bad checksum), with what to do.
[[nodiscard]] core::Result<SegmentHeader> decode_header(std::string_view bytes);

/// How a segment ends.
enum class TailState : std::uint8_t {
  whole, ///< with the last byte of a frame
  torn,  ///< with bytes that are no whole frame, and nothing valid behind them
};

struct SegmentContents {
  SegmentHeader header;
  std::vector<core::orders::Record> records;
  std::size_t good_bytes = 0; ///< up to the end of the last whole frame
  TailState tail = TailState::whole;

  /// Of the frame that would follow.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept {
    return header.first_sequence + records.size();
  }
};

/// Errors: malformed, with offset and sequence: a damaged frame with valid ones behind it, a gap in
/// the sequence, a record that this program does not know.
[[nodiscard]] core::Result<SegmentContents> read_segment(std::string_view bytes);

} // namespace tandem::adapters::journal
