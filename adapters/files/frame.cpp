#include "adapters/files/frame.hpp"

#include "adapters/files/crc32c.hpp"

namespace tandem::adapters::files {
namespace {

constexpr std::size_t length_at = 0;
constexpr std::size_t sequence_at = 4;
constexpr std::size_t head_crc_at = 12;
constexpr std::size_t payload_crc_at = 16;

} // namespace

void append_frame(std::string& out, std::uint64_t sequence, std::string_view payload) {
  const auto begin = out.size();
  put_number(out, static_cast<std::uint32_t>(payload.size()));
  put_number(out, sequence);
  put_number(out, crc32c(std::string_view{out}.substr(begin)));
  put_number(out, crc32c(payload));
  out += payload;
}

std::optional<Frame> frame_at(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at || bytes.size() - at < frame_head_bytes)
    return std::nullopt;
  const auto head = bytes.substr(at, frame_head_bytes);
  if (crc32c(head.substr(0, head_crc_at)) != get_number<std::uint32_t>(head, head_crc_at))
    return std::nullopt;
  const auto length = get_number<std::uint32_t>(head, length_at);
  const auto begin = at + frame_head_bytes;
  if (length > frame_payload_max || bytes.size() - begin < length)
    return std::nullopt;
  const auto payload = bytes.substr(begin, length);
  if (crc32c(payload) != get_number<std::uint32_t>(head, payload_crc_at))
    return std::nullopt;
  return Frame{get_number<std::uint64_t>(head, sequence_at), payload};
}

bool frame_follows(std::string_view bytes, std::size_t at) {
  for (auto next = at + 1; next + frame_head_bytes <= bytes.size(); ++next)
    if (frame_at(bytes, next))
      return true;
  return false;
}

} // namespace tandem::adapters::files
