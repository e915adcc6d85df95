/// Reads the members of a client's JSON object into typed values. The first fault is kept, with the
/// field's full name; finish() also refuses members that nobody asked for, so that a misspelt limit
/// is not silently off.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/result.hpp"
#include "core/types/decimal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::traders {

/// validation_error of a field.
[[nodiscard]] tl::unexpected<core::Error> refuse(std::string field, std::string why);

[[nodiscard]] core::Result<std::string> text_of(const Json& value, const std::string& field);
/// A number, or its text in quotes: clients in languages without exact numbers send the latter.
[[nodiscard]] core::Result<core::Decimal> decimal_of(const Json& value, const std::string& field);
[[nodiscard]] core::Result<std::int64_t> integer_of(const Json& value, const std::string& field);

/// A member that is absent leaves its target as it is.
class Fields {
public:
  /// @param object outlives it. @param prefix of the names in errors: "options.".
  Fields(const Json& object, std::string prefix);

  /// Refuses the object when the member is not there.
  void require(std::string_view key);

  void text(std::string_view key, std::string& target, std::size_t longest = 64);
  void decimal(std::string_view key, core::Decimal& target);
  /// null takes the value away.
  void decimal(std::string_view key, std::optional<core::Decimal>& target);
  void integer(std::string_view key, std::optional<std::int64_t>& target);
  void boolean(std::string_view key, bool& target);

  template <class Number>
  void integer(std::string_view key, Number& target, std::int64_t min, std::int64_t max) {
    if (const auto value = whole(key, min, max))
      target = static_cast<Number>(*value);
  }

  void milliseconds(std::string_view key, std::chrono::milliseconds& target) {
    if (const auto value = whole(key, 0, day_ms * 366))
      target = std::chrono::milliseconds{*value};
  }

  /// @param parse text to an optional of the target. @param words for the error.
  template <class Value, class Parse>
  void word(std::string_view key, Value& target, Parse parse, std::string_view words) {
    std::string name;
    const auto* value = find(key);
    if (value == nullptr)
      return;
    text(key, name);
    if (const auto known = parse(std::string_view{name}))
      target = *known;
    else
      fail(key, "must be " + std::string{words});
  }

  /// The member itself, for what has a shape of its own; null when absent or after a fault.
  [[nodiscard]] const Json* find(std::string_view key);
  void fail(std::string_view key, std::string why);
  /// Takes over a fault that was found inside a member.
  void take(core::Status status);

  [[nodiscard]] core::Status finish();

private:
  static constexpr std::int64_t day_ms = 86'400'000;

  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view key, std::int64_t min,
                                                  std::int64_t max);

  const Json& object_;
  std::string prefix_;
  std::vector<std::string_view> asked_;
  core::Status status_;
};

} // namespace tandem::adapters::traders
