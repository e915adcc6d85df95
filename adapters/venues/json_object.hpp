/// Reads an object of a venue's JSON by name, strictly: what the private sides of all venues read
/// their answers and events with.
#pragma once

#include "core/types/decimal.hpp"
#include "core/types/money.hpp"

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::adapters::venues {

/// A JSON object read by name, in which no name occurs twice: an answer that says two things is
/// refused. Every reader answers nullopt for a member that is absent or has another type. Views
/// live as long as the parser's document.
class Object {
public:
  /// Nullopt when it is no object, or says something twice.
  [[nodiscard]] static std::optional<Object>
  of(simdjson::simdjson_result<simdjson::dom::element> element);

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] simdjson::simdjson_result<simdjson::dom::element> at(std::string_view key) const;
  [[nodiscard]] std::optional<Object> object(std::string_view key) const;
  [[nodiscard]] std::optional<simdjson::dom::array> array(std::string_view key) const;
  [[nodiscard]] std::optional<std::string_view> text(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
  /// A price or a quantity: a text, not negative.
  [[nodiscard]] std::optional<core::Decimal> amount(std::string_view key) const;
  /// A sum of an asset: a text of either sign.
  [[nodiscard]] std::optional<core::Money> money(std::string_view key) const;

private:
  explicit Object(simdjson::dom::object object) noexcept : object_{object} {}

  simdjson::dom::object object_;
};

} // namespace tandem::adapters::venues
