#include "adapters/venues/binance/fields.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

namespace ondemand = simdjson::ondemand;

/// Deeper than any Binance message; a bound for the recursion.
constexpr int depth_max = 16;

constexpr std::size_t slot_none = 64;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// The value's own text: a string keeps its quotes.
std::string_view token_of(ondemand::value& value) noexcept {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
    token.remove_suffix(1);
  return token;
}

/// simdjson looks at numbers only when asked for one; unknown members must be JSON too.
bool is_number(std::string_view text) noexcept {
  std::size_t i = 0;
  const auto digits = [&text, &i] {
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i]))
      ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-')
    ++i;
  const bool leading_zero = i < text.size() && text[i] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1))
    return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0)
      return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-'))
      ++i;
    if (digits() == 0)
      return false;
  }
  return i == text.size();
}

/// Nullopt unless the value is a well-formed string, number or literal.
std::optional<Scalar> scalar_of(ondemand::value& value, std::string_view token, bool escapes) {
  if (token.empty())
    return std::nullopt;
  if (token.front() == '"') {
    if (!escapes) {
      if (token.size() < 2 || token.back() != '"')
        return std::nullopt;
      return Scalar{Scalar::Kind::string, token.substr(1, token.size() - 2)};
    }
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS)
      return std::nullopt;
    return Scalar{Scalar::Kind::string, text};
  }
  if (is_digit(token.front()) || token.front() == '-') {
    if (!is_number(token))
      return std::nullopt;
    return Scalar{Scalar::Kind::number, token};
  }
  if (token == "true" || token == "false" || token == "null")
    return Scalar{Scalar::Kind::literal, token};
  return std::nullopt;
}

bool is_json(ondemand::value& value, bool escapes, int depth) {
  if (depth > depth_max)
    return false;
  const std::string_view token = token_of(value);
  if (token.empty())
    return false;
  if (token.front() == '[') {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS)
      return false;
    for (auto element : array) {
      ondemand::value item;
      if (element.get(item) != simdjson::SUCCESS || !is_json(item, escapes, depth + 1))
        return false;
    }
    return true;
  }
  if (token.front() == '{') {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
      return false;
    for (auto field : object) {
      std::string_view key;
      ondemand::value item;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS
          || field.value().get(item) != simdjson::SUCCESS || !is_json(item, escapes, depth + 1))
        return false;
    }
    return true;
  }
  return scalar_of(value, token, escapes).has_value();
}

std::size_t slot_of(std::string_view key, bool top) noexcept {
  if (key.size() == 1)
    return (key[0] >= 'a' && key[0] <= 'z') || (key[0] >= 'A' && key[0] <= 'Z')
               ? Members::slot_of(key[0])
               : slot_none;
  if (key == "pu")
    return static_cast<std::size_t>(Named::pu);
  if (!top)
    return slot_none;
  if (key == "stream")
    return static_cast<std::size_t>(Named::stream);
  if (key == "id")
    return static_cast<std::size_t>(Named::id);
  if (key == "result")
    return static_cast<std::size_t>(Named::result);
  if (key == "code")
    return static_cast<std::size_t>(Named::code);
  if (key == "msg")
    return static_cast<std::size_t>(Named::message);
  return slot_none;
}

} // namespace

std::optional<std::uint64_t> parse_id(std::string_view text) noexcept {
  constexpr std::size_t digits_max = 19; // of 2^63-1
  if (text.empty() || text.size() > digits_max || (text.size() > 1 && text[0] == '0'))
    return std::nullopt;
  std::uint64_t id = 0;
  for (const char c : text) {
    if (!is_digit(c))
      return std::nullopt;
    id = id * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (id > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return id;
}

bool is_well_formed(ondemand::value& value, bool escapes) {
  return is_json(value, escapes, 0);
}

bool append_levels(ondemand::value& value, bool escapes, std::vector<LevelText>& levels) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS)
    return false;
  for (auto element : array) {
    ondemand::array pair;
    if (element.get_array().get(pair) != simdjson::SUCCESS)
      return false;
    std::array<std::string_view, 2> texts;
    std::size_t count = 0;
    for (auto part : pair) {
      if (part.error() != simdjson::SUCCESS || count == texts.size())
        return false;
      auto&& item = part.value_unsafe();
      const auto scalar = scalar_of(item, token_of(item), escapes);
      if (!scalar || scalar->kind != Scalar::Kind::string)
        return false;
      texts[count++] = scalar->text;
    }
    if (count != texts.size())
      return false;
    levels.push_back({texts[0], texts[1]});
  }
  return true;
}

bool is_symbol(std::string_view text) noexcept {
  constexpr std::size_t symbol_bytes_max = 64;
  if (text.empty() || text.size() > symbol_bytes_max)
    return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
           || static_cast<unsigned char>(c) >= 0x80;
  });
}

core::Result<core::Decimal> parse_volume(std::string_view text) {
  auto volume = core::Decimal::parse(text);
  while (!volume && volume.error().code == core::Errc::out_of_range
         && text.find('.') != std::string_view::npos) {
    text.remove_suffix(text[text.size() - 2] == '.' ? 2 : 1);
    volume = core::Decimal::parse(text);
  }
  return volume;
}

bool Members::put(std::size_t slot, Scalar scalar) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << slot;
  if ((seen_ & bit) != 0)
    return false;
  seen_ |= bit;
  slots_[slot] = scalar;
  return true;
}

std::optional<std::string_view> Members::text(char letter) const noexcept {
  const Scalar* scalar = find(letter);
  if (scalar == nullptr || scalar->kind != Scalar::Kind::string)
    return std::nullopt;
  return scalar->text;
}

std::optional<std::uint64_t> Members::id(char letter) const noexcept {
  const Scalar* scalar = find(letter);
  if (scalar == nullptr || scalar->kind != Scalar::Kind::number)
    return std::nullopt;
  return parse_id(scalar->text);
}

std::optional<std::uint64_t> Members::id(Named name) const noexcept {
  const Scalar* scalar = find(name);
  if (scalar == nullptr || scalar->kind != Scalar::Kind::number)
    return std::nullopt;
  return parse_id(scalar->text);
}

std::optional<bool> Members::flag(char letter) const noexcept {
  const Scalar* scalar = find(letter);
  if (scalar == nullptr || scalar->kind != Scalar::Kind::literal || scalar->text == "null")
    return std::nullopt;
  return scalar->text == "true";
}

bool Fields::read(std::string_view frame) {
  event_.clear();
  kline_.clear();
  bids_.clear();
  asks_.clear();
  has_bids_ = has_asks_ = has_kline_ = has_data_ = false;
  why_ = {};
  escapes_ = !frame.empty() && std::memchr(frame.data(), '\\', frame.size()) != nullptr;

  ondemand::document document;
  const simdjson::padded_string_view padded{frame.data(), frame.size(),
                                            frame.size() + simdjson::SIMDJSON_PADDING};
  if (parser_.iterate(padded).get(document) != simdjson::SUCCESS)
    return refuse("not JSON in UTF-8");
  ondemand::json_type type{};
  if (document.type().get(type) != simdjson::SUCCESS)
    return refuse("not JSON");
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS)
      return refuse("not a JSON object");
    if (!walk(object, Place::top))
      return false;
  } else {
    // Raw streams of all symbols send bare arrays. Nobody here subscribes to them.
    ondemand::value value;
    if (type != ondemand::json_type::array || document.get_value().get(value) != simdjson::SUCCESS
        || !is_well_formed(value, escapes_))
      return refuse("neither a JSON object nor an array");
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return refuse("bytes after the JSON value");
  return true;
}

bool Fields::refuse(std::string_view why) noexcept {
  if (why_.empty()) // the innermost reason is the precise one
    why_ = why;
  return false;
}

bool Fields::walk(ondemand::object& object, Place place) {
  for (auto element : object) {
    if (element.error() != simdjson::SUCCESS)
      return refuse("broken JSON object");
    // Used where it lies: copies of simdjson's cursors stall on their own stores.
    ondemand::field&& field = std::move(element).value_unsafe();
    std::string_view key;
    if (!escapes_) {
      const char* begin = field.key().raw();
      const char* end = begin;
      while (*end != '"') // simdjson has seen the closing quote
        ++end;
      key = {begin, static_cast<std::size_t>(end - begin)};
    } else if (field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return refuse("broken escape in a key");
    }
    if (!member(key, field.value(), place))
      return refuse("broken JSON value");
  }
  return true;
}

bool Fields::member(std::string_view key, ondemand::value& value, Place place) {
  const std::string_view token = token_of(value);
  if (token.empty())
    return false;
  const char first = token.front();
  if (first == '{' || first == '[')
    return container(key, value, first, place);
  const auto scalar = scalar_of(value, token, escapes_);
  if (!scalar)
    return refuse("broken string, number or literal");
  const std::size_t slot = slot_of(key, place == Place::top || place == Place::error);
  if (slot == slot_none)
    return true;
  Members& members = place == Place::kline ? kline_ : event_;
  return members.put(slot, *scalar) || refuse("duplicate key");
}

bool Fields::container(std::string_view key, ondemand::value& value, char first, Place place) {
  const bool event = place == Place::top || place == Place::data;
  if (first == '[' && event && key == "b")
    return levels(value, has_bids_, bids_);
  if (first == '[' && event && key == "a")
    return levels(value, has_asks_, asks_);

  const bool known_object
      = first == '{'
        && ((place == Place::top && (key == "data" || key == "error")) || (event && key == "k"));
  if (!known_object) {
    if (!is_well_formed(value, escapes_))
      return refuse("broken or too deeply nested JSON value");
    const std::size_t slot = slot_of(key, place == Place::top);
    Members& members = place == Place::kline ? kline_ : event_;
    return slot == slot_none || members.put(slot, {Scalar::Kind::container, {}})
           || refuse("duplicate key");
  }
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS)
    return false;
  if (key == "error")
    return walk(object, Place::error); // a second one repeats its members
  bool& present = key == "data" ? has_data_ : has_kline_;
  if (present)
    return refuse("duplicate key");
  present = true;
  return walk(object, key == "data" ? Place::data : Place::kline);
}

bool Fields::levels(ondemand::value& value, bool& present, std::vector<LevelText>& into) {
  if (present)
    return refuse("duplicate key");
  present = true;
  return append_levels(value, escapes_, into) || refuse("levels are not arrays of two strings");
}

} // namespace tandem::adapters::venues::binance
