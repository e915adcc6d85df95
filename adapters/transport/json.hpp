/// JSON for the interfaces with exact numbers: what is read keeps every number as its text, what is
/// written takes numbers as text or integers. No double on the way.
#pragma once

#include "core/result.hpp"
#include "core/types/decimal.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::transport {

/// A number as it was written, e.g. "0.10" or "1e-3".
struct JsonNumber {
  std::string text;
};

/// A parsed document. Object keys keep their order; a repeated key is refused by the parser.
class Json {
public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;

  template <class Value>
    requires(!std::same_as<std::decay_t<Value>, Json>)
  explicit Json(Value&& value) : value_{std::forward<Value>(value)} {}

  [[nodiscard]] const std::string* string() const noexcept {
    return std::get_if<std::string>(&value_);
  }

  [[nodiscard]] const JsonNumber* number() const noexcept {
    return std::get_if<JsonNumber>(&value_);
  }

  [[nodiscard]] const bool* boolean() const noexcept { return std::get_if<bool>(&value_); }

  [[nodiscard]] const Array* array() const noexcept { return std::get_if<Array>(&value_); }

  [[nodiscard]] const Object* object() const noexcept { return std::get_if<Object>(&value_); }

  [[nodiscard]] bool null() const noexcept {
    return std::holds_alternative<std::monostate>(value_);
  }

  /// Member of an object; null pointer when absent or not an object.
  [[nodiscard]] const Json* find(std::string_view key) const noexcept;

private:
  std::variant<std::monostate, bool, JsonNumber, std::string, Array, Object> value_;
};

/// What a document may cost. The defaults are for what anyone may send.
struct JsonLimits {
  int depth_max = 16; ///< objects and arrays in each other
  std::size_t values_max = 10'000;
};

/// @param text any bytes. Errors: validation_error (not JSON, invalid UTF-8, beyond the limits, a
/// repeated key, a number that no double holds or of more than 64 characters, a lone number, string
/// or word).
[[nodiscard]] core::Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

/// At most 64 bytes of what a client sent, for quoting it in an answer.
[[nodiscard]] std::string excerpt(std::string_view text);

/// Writes one document front to back. Commas are its business; the caller opens and closes. Texts
/// may hold any bytes: what is no UTF-8 is written as U+FFFD.
class JsonWriter {
public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view text);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  JsonWriter& decimal(const core::Decimal& value); ///< as a JSON number, exactly
  JsonWriter& raw(std::string_view json);          ///< a finished value

  // key and value in one
  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }

  JsonWriter& field(std::string_view name, const char* text) { return key(name).string(text); }

  JsonWriter& field(std::string_view name, const std::string& text) {
    return key(name).string(text);
  }

  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }

  JsonWriter& field(std::string_view name, const core::Decimal& value) {
    return key(name).decimal(value);
  }

  template <std::signed_integral Value>
  JsonWriter& field(std::string_view name, Value value) {
    return key(name).integer(value);
  }

  template <std::unsigned_integral Value>
    requires(!std::same_as<Value, bool>)
  JsonWriter& field(std::string_view name, Value value) {
    return key(name).unsigned_integer(value);
  }

  [[nodiscard]] const std::string& text() const noexcept { return out_; }

  [[nodiscard]] std::string take() { return std::move(out_); }

private:
  void separate();

  std::string out_;
  bool comma_ = false; ///< a value was written before on this level
};

} // namespace tandem::adapters::transport
