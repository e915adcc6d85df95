#include "adapters/journal/segment.hpp"

#include "adapters/journal/crc32c.hpp"
#include "adapters/journal/record_codec.hpp"

#include <utility>

namespace tandem::adapters::journal {
namespace {

using core::Errc;
using core::fail;

constexpr std::string_view magic = "TNDJRNL\n";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t length_at = 0;
constexpr std::size_t sequence_at = 4;
constexpr std::size_t head_crc_at = 12;
constexpr std::size_t payload_crc_at = 16;

template <class Number>
void put(std::string& out, Number value) {
  for (std::size_t n = 0; n < sizeof(Number); ++n)
    out += static_cast<char>(static_cast<unsigned char>(value >> (8 * n)));
}

template <class Number>
Number get(std::string_view bytes, std::size_t at) {
  Number value = 0;
  for (std::size_t n = 0; n < sizeof(Number); ++n)
    value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[at + n]))
                                 << (8 * n));
  return value;
}

/// The head of a frame whose own checksum is right.
struct Head {
  std::uint32_t length = 0;
  std::uint64_t sequence = 0;
  std::uint32_t payload_crc = 0;
};

std::optional<Head> head_at(std::string_view bytes, std::size_t at) {
  if (bytes.size() - at < frame_head_bytes)
    return std::nullopt;
  const auto head = bytes.substr(at, frame_head_bytes);
  if (crc32c(head.substr(0, head_crc_at)) != get<std::uint32_t>(head, head_crc_at))
    return std::nullopt;
  return Head{get<std::uint32_t>(head, length_at), get<std::uint64_t>(head, sequence_at),
              get<std::uint32_t>(head, payload_crc_at)};
}

/// The payload of a whole frame; nullopt when it is cut off or damaged.
std::optional<std::string_view> payload_at(std::string_view bytes, std::size_t at,
                                           const Head& head) {
  const auto begin = at + frame_head_bytes;
  if (head.length > record_bytes_max || bytes.size() - begin < head.length)
    return std::nullopt;
  const auto payload = bytes.substr(begin, head.length);
  return crc32c(payload) == head.payload_crc ? std::optional{payload} : std::nullopt;
}

/// Whether a whole frame begins anywhere behind `at`.
bool is_followed(std::string_view bytes, std::size_t at) {
  for (auto next = at + 1; next + frame_head_bytes <= bytes.size(); ++next)
    if (const auto head = head_at(bytes, next); head && payload_at(bytes, next, *head))
      return true;
  return false;
}

tl::unexpected<core::Error> damaged(std::size_t at, std::uint64_t sequence,
                                    const std::string& what) {
  return fail(Errc::malformed, what + " at byte " + std::to_string(at) + ", where record "
                                   + std::to_string(sequence)
                                   + " should be; `tandem journal verify` shows what is whole");
}

} // namespace

std::string encode_header(const SegmentHeader& header) {
  std::string bytes{magic};
  put(bytes, format_version);
  auto engine = header.engine.text();
  engine.resize(core::orders::engine_id_length, '\0');
  bytes += engine;
  put(bytes, header.epoch);
  put(bytes, header.first_sequence);
  put(bytes, crc32c(bytes));
  return bytes;
}

core::Result<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes)
    return fail(Errc::malformed, "the header is cut off");
  const auto head = bytes.substr(0, segment_header_bytes - sizeof(std::uint32_t));
  if (!head.starts_with(magic))
    return fail(Errc::malformed, "not a trading journal");
  if (crc32c(head) != get<std::uint32_t>(bytes, head.size()))
    return fail(Errc::malformed, "the header is damaged");
  auto at = magic.size();
  const auto version = get<std::uint32_t>(bytes, at);
  if (version != format_version)
    return fail(Errc::malformed, "format " + std::to_string(version)
                                     + ", this program reads format "
                                     + std::to_string(format_version));
  at += sizeof version;
  SegmentHeader header;
  header.engine
      = core::orders::EngineId{std::string{bytes.substr(at, core::orders::engine_id_length)}};
  at += core::orders::engine_id_length;
  header.epoch = get<std::uint64_t>(bytes, at);
  header.first_sequence = get<std::uint64_t>(bytes, at + sizeof header.epoch);
  return header;
}

std::string encode_frame(std::uint64_t sequence, std::string_view payload) {
  std::string bytes;
  bytes.reserve(frame_head_bytes + payload.size());
  put(bytes, static_cast<std::uint32_t>(payload.size()));
  put(bytes, sequence);
  put(bytes, crc32c(bytes));
  put(bytes, crc32c(payload));
  bytes += payload;
  return bytes;
}

core::Result<SegmentContents> read_segment(std::string_view bytes) {
  auto header = decode_header(bytes);
  if (!header)
    return tl::unexpected{std::move(header).error()};
  SegmentContents contents;
  contents.header = *std::move(header);
  auto at = segment_header_bytes;
  auto sequence = contents.header.first_sequence;
  while (at < bytes.size()) {
    const auto head = head_at(bytes, at);
    const auto payload = head ? payload_at(bytes, at, *head) : std::nullopt;
    if (!payload) {
      if (is_followed(bytes, at))
        return damaged(at, sequence, "a damaged record with whole ones behind it");
      contents.tail = TailState::torn;
      break;
    }
    if (head->sequence != sequence)
      return damaged(at, sequence, "record " + std::to_string(head->sequence));
    auto record = decode(*payload);
    if (!record)
      return damaged(at, sequence, record.error().detail);
    contents.records.push_back(*std::move(record));
    at += frame_head_bytes + payload->size();
    ++sequence;
  }
  contents.good_bytes = at;
  return contents;
}

} // namespace tandem::adapters::journal
