#include "adapters/transport/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::adapters::transport {
namespace {

namespace od = simdjson::ondemand;
using core::Errc;

/// Walks simdjson's forward-only view into an owned tree. Any simdjson error ends in one refusal.
class TreeBuilder {
public:
  explicit TreeBuilder(JsonLimits limits) : limits_{limits} {}

  /// @param depth how many objects and arrays this value stands in.
  core::Result<Json> build(od::value value, int depth) {
    if (++values_ > limits_.values_max)
      return core::fail(Errc::validation_error, "too many values");
    od::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS)
      return bad();
    const bool nests = type == od::json_type::object || type == od::json_type::array;
    if (nests && depth >= limits_.depth_max)
      return core::fail(Errc::validation_error, "nested too deeply");
    switch (type) {
    case od::json_type::object:
      return object(value, depth);
    case od::json_type::array:
      return array(value, depth);
    case od::json_type::string: {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS)
        return bad();
      return Json{std::string{text}};
    }
    case od::json_type::number:
      return number(value);
    case od::json_type::boolean: {
      bool flag = false;
      if (value.get_bool().get(flag) != simdjson::SUCCESS)
        return bad();
      return Json{flag};
    }
    case od::json_type::null: {
      bool none = false; // by get(): the conversion to bool would throw at "nul"
      if (value.is_null().get(none) != simdjson::SUCCESS || !none)
        return bad();
      return Json{};
    }
    }
    return bad();
  }

  static core::Result<Json> bad() {
    return core::fail(Errc::validation_error, "the body is not valid JSON");
  }

private:
  static core::Result<Json> number(od::value value) {
    // The token may carry the white space behind it; get_number() below proves the rest.
    auto text = value.raw_json_token();
    while (!text.empty()
           && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r'
               || text.back() == '\t'))
      text.remove_suffix(1);
    const bool plausible
        = !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e'
                   || c == 'E';
          });
    if (!plausible)
      return core::fail(Errc::validation_error, "a number that is none");
    std::string copy{text};
    double ignored = 0;
    if (value.get_double().get(ignored) != simdjson::SUCCESS)
      return core::fail(Errc::validation_error, "a number that is none: " + copy);
    return Json{JsonNumber{std::move(copy)}};
  }

  core::Result<Json> array(od::value value, int depth) {
    od::array items;
    if (value.get_array().get(items) != simdjson::SUCCESS)
      return bad();
    Json::Array result;
    for (auto item : items) {
      od::value inner;
      if (item.get(inner) != simdjson::SUCCESS)
        return bad();
      auto built = build(inner, depth + 1);
      if (!built)
        return built;
      result.push_back(std::move(*built));
    }
    return Json{std::move(result)};
  }

  core::Result<Json> object(od::value value, int depth) {
    od::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS)
      return bad();
    Json::Object result;
    for (auto member : members) {
      std::string_view name;
      if (member.unescaped_key().get(name) != simdjson::SUCCESS)
        return bad();
      std::string key{name};
      od::value inner;
      if (member.value().get(inner) != simdjson::SUCCESS)
        return bad();
      auto built = build(inner, depth + 1);
      if (!built)
        return built;
      result.emplace_back(std::move(key), std::move(*built));
    }
    if (const auto* twice = repeated_key(result))
      return core::fail(Errc::validation_error, "key '" + excerpt(*twice) + "' stands twice");
    return Json{std::move(result)};
  }

  /// By sorting: an object of 10,000 keys must not cost their square.
  static const std::string* repeated_key(const Json::Object& members) {
    std::vector<const std::string*> keys;
    keys.reserve(members.size());
    for (const auto& [key, value] : members)
      keys.push_back(&key);
    const auto text = [](const std::string* key) -> const std::string& { return *key; };
    std::ranges::sort(keys, {}, text);
    const auto twice = std::ranges::adjacent_find(keys, {}, text);
    return twice == keys.end() ? nullptr : *twice;
  }

  JsonLimits limits_;
  std::size_t values_ = 0;
};

/// Bytes of the UTF-8 character that `text` begins with; 0 when it begins with none (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t character_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(text[n]); };
  const auto first = byte(0);
  if (first < 0x80)
    return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length)
    return 0;
  for (std::size_t n = 1; n < length; ++n)
    if ((byte(n) & 0xC0U) != 0x80)
      return 0;
  const auto second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
                     || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

/// What is no UTF-8 becomes U+FFFD: a text may quote what a client sent, and browsers close a
/// socket at the first wrong byte.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::array<char, 17> hex{"0123456789abcdef"};
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    const auto length = character_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  out += '"';
}

} // namespace

std::string excerpt(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  if (text.size() <= bytes_max)
    return std::string{text};
  return std::string{text.substr(0, bytes_max)} + "...";
}

const Json* Json::find(std::string_view key) const noexcept {
  const auto* members = object();
  if (members == nullptr)
    return nullptr;
  for (const auto& [name, value] : *members)
    if (name == key)
      return &value;
  return nullptr;
}

core::Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  const simdjson::padded_string padded{text};
  od::parser parser;
  od::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS)
    return TreeBuilder::bad();
  od::value root;
  // Scalars at the top have no value view; no request of ours is one.
  if (document.get_value().get(root) != simdjson::SUCCESS)
    return core::fail(Errc::validation_error, "the body must be a JSON object or array");
  auto built = TreeBuilder{limits}.build(root, 0);
  const char* rest = nullptr;
  if (built && document.current_location().get(rest) == simdjson::SUCCESS)
    return core::fail(Errc::validation_error, "something follows the JSON document");
  return built;
}

void JsonWriter::separate() {
  if (comma_)
    out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_ += '}';
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_ += ']';
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_escaped(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_escaped(out_, text);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  return raw(std::to_string(value));
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) {
  return raw(std::to_string(value));
}

JsonWriter& JsonWriter::decimal(const core::Decimal& value) {
  return raw(value.to_string());
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

} // namespace tandem::adapters::transport
