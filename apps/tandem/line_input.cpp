#include "apps/tandem/line_input.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace tandem::apps {

namespace {

constexpr std::size_t chunk_bytes = 256U * 1024;
constexpr std::size_t line_bytes_max = 64U * 1024 * 1024; // the largest REST reply known has 15 MB
constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;
constexpr std::int64_t ns_per_second = 1'000'000'000;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits with at most one point, from the front of `text`.
std::string_view leading_number(std::string_view text) {
  std::size_t end = 0;
  bool point = false;
  for (; end < text.size() && (is_digit(text[end]) || (text[end] == '.' && !point)); ++end)
    point = point || text[end] == '.';
  return text.substr(0, end);
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

/// "1626992741.06217" to nanoseconds, exactly; further digits are cut.
std::optional<std::int64_t> seconds_to_ns(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = integer(text.substr(0, point));
  if (!whole || *whole > std::numeric_limits<std::int64_t>::max() / ns_per_second - 1)
    return std::nullopt;
  std::string fraction{point == std::string_view::npos ? "" : text.substr(point + 1)};
  fraction.resize(9, '0');
  const auto ns = integer(fraction);
  if (!ns)
    return std::nullopt;
  return *whole * ns_per_second + *ns;
}

/// The "t" of a wrapper: seconds with a point, else the unit follows from its size.
std::optional<std::int64_t> wrapper_time(std::string_view text) {
  if (text.find('.') != std::string_view::npos)
    return seconds_to_ns(text);
  auto time = integer(text);
  if (!time || *time < 0)
    return std::nullopt;
  constexpr std::int64_t seconds_max = 100'000'000'000; // year 5138; as milliseconds 1973
  if (*time < seconds_max)
    return *time * ns_per_second;
  if (*time < seconds_max * 1'000)
    return *time * 1'000'000;
  if (*time < seconds_max * 1'000'000)
    return *time * 1'000;
  return time;
}

bool is_url(std::string_view text) {
  return text.starts_with("ws://") || text.starts_with("wss://") || text.starts_with("http://")
         || text.starts_with("https://");
}

} // namespace

// ---- bytes --------------------------------------------------------------------------------------

struct ByteReader::Inflater {
  z_stream state{};
  bool member_open = false;
  bool output_full = false; ///< more may come out without more going in

  Inflater() {
    constexpr int gzip_window = 15 + 16;
    inflateInit2(&state, gzip_window);
  }

  ~Inflater() { inflateEnd(&state); }

  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

ByteReader::ByteReader(std::istream& stream) : stream_{&stream}, input_(chunk_bytes) {}

ByteReader::~ByteReader() = default;
ByteReader::ByteReader(ByteReader&&) noexcept = default;
ByteReader& ByteReader::operator=(ByteReader&&) noexcept = default;

core::Result<bool> ByteReader::read(std::string& text) {
  if (inflater_ && (inflater_->state.avail_in > 0 || inflater_->output_full))
    return inflate_some(text);
  stream_->read(input_.data(), static_cast<std::streamsize>(input_.size()));
  const auto count = static_cast<std::size_t>(stream_->gcount());
  if (stream_->bad())
    return core::fail(core::Errc::malformed, "cannot be read");
  if (!std::exchange(started_, true) && count >= 2 && input_[0] == '\x1f' && input_[1] == '\x8b')
    inflater_ = std::make_unique<Inflater>();
  if (count == 0) {
    if (inflater_ && inflater_->member_open)
      return core::fail(core::Errc::malformed, "the gzip data ends early");
    return false;
  }
  if (!inflater_) {
    text.append(input_.data(), count);
    return true;
  }
  inflater_->state.next_in = reinterpret_cast<Bytef*>(input_.data());
  inflater_->state.avail_in = static_cast<uInt>(count);
  return inflate_some(text);
}

core::Result<bool> ByteReader::inflate_some(std::string& text) {
  auto& state = inflater_->state;
  const auto before = text.size();
  text.resize(before + chunk_bytes);
  state.next_out = reinterpret_cast<Bytef*>(text.data() + before);
  state.avail_out = static_cast<uInt>(chunk_bytes);
  inflater_->member_open = inflater_->member_open || state.avail_in > 0;
  const int result = inflate(&state, Z_NO_FLUSH);
  text.resize(text.size() - state.avail_out);
  inflater_->output_full = state.avail_out == 0 && result != Z_STREAM_END;
  if (result == Z_STREAM_END) {
    inflater_->member_open = false;
    inflateReset(&state);
  } else if (result != Z_OK && result != Z_BUF_ERROR) {
    return core::fail(core::Errc::malformed, "broken gzip data");
  }
  return true;
}

// ---- lines --------------------------------------------------------------------------------------

LineReader::LineReader(std::string name, std::istream& stream)
    : name_{std::move(name)}, bytes_{stream} {}

core::Error LineReader::not_json(std::string_view why) const {
  return {core::Errc::malformed, fmt::format("{}:{}: {}", name_, number_, why), name_};
}

/// The next raw line; false at the end. The buffer keeps 64 bytes behind it.
core::Result<bool> LineReader::next_text(std::string_view& text) {
  std::size_t searched = position_;
  for (;;) {
    const auto end = buffer_.find('\n', searched);
    if (end != std::string::npos || (ended_ && position_ < buffer_.size())) {
      const auto stop = end == std::string::npos ? buffer_.size() : end;
      ++number_;
      buffer_.reserve(buffer_.size() + padding);
      text = std::string_view{buffer_}.substr(position_, stop - position_);
      position_ = std::min(stop + 1, buffer_.size());
      return true;
    }
    if (ended_)
      return false;
    if (buffer_.size() - position_ > line_bytes_max)
      return tl::unexpected{not_json("a line longer than 64 MiB")};
    buffer_.erase(0, position_);
    position_ = 0;
    searched = buffer_.size();
    const auto more = bytes_.read(buffer_);
    if (!more)
      return tl::unexpected{not_json(more.error().detail)};
    ended_ = !*more;
  }
}

core::Result<std::optional<InputLine>> LineReader::next() {
  for (;;) {
    std::string_view text;
    const auto more = next_text(text);
    if (!more)
      return tl::unexpected{more.error()};
    if (!*more)
      return std::nullopt;
    text = trim(text);
    // cryptofeed's first line is the address it connected to
    const bool address = number_ == 1 && is_url(text) && text.find('{') == std::string_view::npos;
    if (text.empty() || address)
      continue;
    auto line = understand(text);
    if (!line)
      return tl::unexpected{line.error()};
    return *line;
  }
}

core::Result<InputLine> LineReader::understand(std::string_view text) {
  InputLine line;
  line.file = name_;
  line.number = number_;
  constexpr std::string_view arrow = " -> ";
  if (is_url(text)) {
    const auto at = text.find(arrow);
    if (at == std::string_view::npos)
      return tl::unexpected{not_json("an address without a message")};
    line.url = text.substr(0, at);
    text = text.substr(at + arrow.size());
  }
  const auto number = leading_number(text);
  auto rest = text.substr(number.size());
  const bool colon = rest.starts_with(':');
  rest = trim(rest.substr(colon ? 1 : 0));
  if (!number.empty() && !rest.empty()) {
    const bool seconds = colon || number.find('.') != std::string_view::npos;
    line.received_ns = seconds ? seconds_to_ns(number) : integer(number);
    if (!line.received_ns)
      return tl::unexpected{not_json("a receive time out of range")};
    text = rest;
  }
  line.json = text;
  if (const auto error = parser_.parse(text.data(), text.size(), false).get(line.value);
      error != simdjson::SUCCESS)
    return tl::unexpected{not_json(simdjson::error_message(error))};
  if (const auto unwrapped = unwrap(line); !unwrapped)
    return tl::unexpected{unwrapped.error()};
  return line;
}

/// {"t":..,"msg":..}, {"frame":..}, {"origin":..,"message":..} and {"snapshot":..}: the message
/// inside, as an object or as text.
core::Status LineReader::unwrap(InputLine& line) {
  simdjson::dom::object wrapper;
  if (line.value.get_object().get(wrapper) != simdjson::SUCCESS)
    return {};
  simdjson::dom::element message;
  constexpr std::array<const char*, 4> keys{"msg", "frame", "snapshot", "message"};
  const char* found = nullptr;
  for (const auto* key : keys) {
    // A venue's own message may have such a key for a number or a word; a wrapped one is an object
    // or JSON text.
    if (wrapper[key].get(message) != simdjson::SUCCESS)
      continue;
    std::string_view text;
    if (message.is_object()
        || (message.get_string().get(text) == simdjson::SUCCESS && text.starts_with('{'))) {
      found = key;
      break;
    }
  }
  if (found == nullptr)
    return {};
  simdjson::dom::element time;
  if (wrapper["t"].get(time) == simdjson::SUCCESS) {
    std::string_view text;
    const std::string number = simdjson::minify(time);
    line.received_ns
        = wrapper_time(time.get_string().get(text) == simdjson::SUCCESS ? text : number);
  }
  std::string_view symbol;
  if (wrapper["symbol"].get_string().get(symbol) == simdjson::SUCCESS) {
    symbol_ = symbol;
    line.symbol = symbol_;
  }
  line.snapshot = std::string_view{found} == "snapshot";
  std::string_view text;
  inner_ = message.get_string().get(text) == simdjson::SUCCESS ? std::string{text}
                                                               : simdjson::minify(message);
  inner_.reserve(inner_.size() + padding);
  line.json = inner_;
  if (const auto error = inner_parser_.parse(inner_.data(), inner_.size(), false).get(line.value);
      error != simdjson::SUCCESS)
    return tl::unexpected{not_json(fmt::format("{}: {}", found, simdjson::error_message(error)))};
  return {};
}

// ---- several inputs -----------------------------------------------------------------------------

void LineInput::add(std::string name, std::istream& stream) {
  sources_.push_back({LineReader{std::move(name), stream}, std::nullopt, 0, true});
}

core::Result<std::optional<InputLine>> LineInput::next() {
  Source* earliest = nullptr;
  for (auto& source : sources_) {
    if (std::exchange(source.wanted, false)) {
      auto line = source.reader.next();
      if (!line)
        return tl::unexpected{line.error()};
      source.head = *line;
      if (source.head)
        source.time = source.head->received_ns.value_or(source.time);
    }
    if (source.head && (earliest == nullptr || source.time < earliest->time))
      earliest = &source;
  }
  if (earliest == nullptr)
    return std::nullopt;
  earliest->wanted = true;
  return std::exchange(earliest->head, std::nullopt);
}

} // namespace tandem::apps
