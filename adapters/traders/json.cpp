#include "adapters/traders/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::adapters::traders {
namespace {

namespace od = simdjson::ondemand;
using core::Errc;

constexpr int depth_max = 16;
constexpr std::size_t values_max = 10'000;

/// Walks simdjson's forward-only view into an owned tree. Any simdjson error ends in one refusal.
class TreeBuilder {
public:
  core::Result<Json> build(od::value value, int depth) {
    if (depth > depth_max)
      return core::fail(Errc::validation_error, "nested too deeply");
    if (++values_ > values_max)
      return core::fail(Errc::validation_error, "too many values");
    od::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS)
      return bad();
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
    case od::json_type::null:
      if (!value.is_null())
        return bad();
      return Json{};
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
      if (std::any_of(result.begin(), result.end(),
                      [&](const auto& known) { return known.first == key; }))
        return core::fail(Errc::validation_error, "key '" + key + "' stands twice");
      auto built = build(inner, depth + 1);
      if (!built)
        return built;
      result.emplace_back(std::move(key), std::move(*built));
    }
    return Json{std::move(result)};
  }

  std::size_t values_ = 0;
};

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::array<char, 17> hex{"0123456789abcdef"};
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

} // namespace

const Json* Json::find(std::string_view key) const noexcept {
  const auto* members = object();
  if (members == nullptr)
    return nullptr;
  for (const auto& [name, value] : *members)
    if (name == key)
      return &value;
  return nullptr;
}

core::Result<Json> parse_json(std::string_view text) {
  const simdjson::padded_string padded{text};
  od::parser parser;
  od::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS)
    return TreeBuilder::bad();
  od::value root;
  // Scalars at the top have no value view; no request of ours is one.
  if (document.get_value().get(root) != simdjson::SUCCESS)
    return core::fail(Errc::validation_error, "the body must be a JSON object or array");
  auto built = TreeBuilder{}.build(root, 0);
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

} // namespace tandem::adapters::traders
