#include "adapters/journal/segment.hpp"

#include "adapters/files/crc32c.hpp"
#include "adapters/files/frame.hpp"
#include "adapters/journal/record_codec.hpp"

#include <utility>

namespace tandem::adapters::journal {
namespace {

using core::Errc;
using core::fail;

constexpr std::string_view magic = "TNDJRNL\n";
constexpr std::uint32_t format_version = 1;

tl::unexpected<core::Error> damaged(std::size_t at, std::uint64_t sequence,
                                    const std::string& what) {
  return fail(Errc::malformed, what + " at byte " + std::to_string(at) + ", where record "
                                   + std::to_string(sequence)
                                   + " should be; `tandem journal verify` shows what is whole");
}

} // namespace

std::string encode_header(const SegmentHeader& header) {
  std::string bytes{magic};
  files::put_number(bytes, format_version);
  auto engine = header.engine.text();
  engine.resize(core::orders::engine_id_length, '\0');
  bytes += engine;
  files::put_number(bytes, header.epoch);
  files::put_number(bytes, header.first_sequence);
  files::put_number(bytes, files::crc32c(bytes));
  return bytes;
}

core::Result<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes)
    return fail(Errc::malformed, "the header is cut off");
  const auto head = bytes.substr(0, segment_header_bytes - sizeof(std::uint32_t));
  if (!head.starts_with(magic))
    return fail(Errc::malformed, "not a trading journal");
  if (files::crc32c(head) != files::get_number<std::uint32_t>(bytes, head.size()))
    return fail(Errc::malformed, "the header is damaged");
  auto at = magic.size();
  const auto version = files::get_number<std::uint32_t>(bytes, at);
  if (version != format_version)
    return fail(Errc::malformed, "format " + std::to_string(version)
                                     + ", this program reads format "
                                     + std::to_string(format_version));
  at += sizeof version;
  SegmentHeader header;
  header.engine
      = core::orders::EngineId{std::string{bytes.substr(at, core::orders::engine_id_length)}};
  at += core::orders::engine_id_length;
  header.epoch = files::get_number<std::uint64_t>(bytes, at);
  header.first_sequence = files::get_number<std::uint64_t>(bytes, at + sizeof header.epoch);
  return header;
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
    const auto frame = files::frame_at(bytes, at);
    if (!frame) {
      if (files::frame_follows(bytes, at))
        return damaged(at, sequence, "a damaged record with whole ones behind it");
      contents.tail = TailState::torn;
      break;
    }
    if (frame->sequence != sequence)
      return damaged(at, sequence, "record " + std::to_string(frame->sequence));
    auto record = decode(frame->payload);
    if (!record)
      return damaged(at, sequence, record.error().detail);
    contents.records.push_back(*std::move(record));
    at += frame->size();
    ++sequence;
  }
  contents.good_bytes = at;
  return contents;
}

} // namespace tandem::adapters::journal
