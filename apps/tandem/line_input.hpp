/// Recorded messages from files or a stream, plain or gzip, one JSON value per line, with whatever
/// the recorder wrote around it. Knows no venue.
#pragma once

#include "core/result.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::apps {

/// Inflates when the bytes begin like gzip (several members in a row are one stream), else hands
/// them on.
class ByteReader {
public:
  /// @param stream outlives the reader.
  explicit ByteReader(std::istream& stream);
  ~ByteReader();
  ByteReader(ByteReader&&) noexcept;
  ByteReader& operator=(ByteReader&&) noexcept;

  /// Appends some bytes to `text`; false at the end. Errors: malformed (broken or cut gzip).
  core::Result<bool> read(std::string& text);

private:
  struct Inflater;

  core::Result<bool> inflate_some(std::string& text);

  std::istream* stream_;
  std::vector<char> input_;
  std::unique_ptr<Inflater> inflater_;
  bool started_ = false;
};

/// One message. Views live until the next call.
struct InputLine {
  std::string_view file;                   ///< as given; "-" is standard input
  std::size_t number = 0;                  ///< in its file, from 1
  std::optional<std::int64_t> received_ns; ///< absent where the recorder wrote none
  std::string_view url;                    ///< of a REST reply, where the recorder named it
  bool snapshot = false;                   ///< stood under "snapshot": a REST book, not a frame
  std::string_view symbol;                 ///< beside the wrapped message; empty otherwise
  std::string_view json;                   ///< the message; 64 readable bytes follow
  simdjson::dom::element value;            ///< the same, parsed
};

/// The lines of one input in their order.
class LineReader {
public:
  LineReader(std::string name, std::istream& stream);

  /// Nullopt at the end. Errors: malformed, naming file and line.
  core::Result<std::optional<InputLine>> next();

private:
  core::Result<bool> next_text(std::string_view& text);
  core::Result<InputLine> understand(std::string_view text);
  core::Status unwrap(InputLine& line);
  core::Error not_json(std::string_view why) const;

  std::string name_;
  ByteReader bytes_;
  std::string buffer_;
  std::size_t position_ = 0;
  std::size_t number_ = 0;
  bool ended_ = false;
  simdjson::dom::parser parser_;
  simdjson::dom::parser inner_parser_;
  std::string inner_; ///< an unwrapped message with its padding
  std::string symbol_;
};

/// Several inputs as one, in the order of their receive times; lines without one follow the line
/// before them. Equal times keep the order in which the inputs were given.
class LineInput {
public:
  void add(std::string name, std::istream& stream);

  core::Result<std::optional<InputLine>> next();

private:
  struct Source {
    LineReader reader;
    std::optional<InputLine> head;
    std::int64_t time = 0;
    bool wanted = true; ///< its head was handed out
  };

  std::deque<Source> sources_;
};

} // namespace tandem::apps
