/// How numbers look in the price stream's JSON: what is a float there keeps a point or an exponent,
/// so that typed clients read a float.
#pragma once

#include "adapters/transport/json.hpp"
#include "core/types/decimal.hpp"
#include "core/types/money.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::price_stream {

/// "105.0", "0.00001": exact, never with an exponent.
[[nodiscard]] std::string float_text(const core::Decimal& value);
[[nodiscard]] std::string float_text(core::Money value);
/// The shortest text that is this double again; "null" for what JSON has no number for.
[[nodiscard]] std::string float_text(double value);

/// For statistics only.
[[nodiscard]] double to_double(const core::Decimal& value);
[[nodiscard]] double to_double(core::Money value);

template <class Number>
void write_float(transport::JsonWriter& out, std::string_view key, const Number& value) {
  out.key(key).raw(float_text(value));
}

/// Absent: null.
template <class Number>
void write_float(transport::JsonWriter& out, std::string_view key,
                 const std::optional<Number>& value) {
  out.key(key).raw(value ? float_text(*value) : std::string{"null"});
}

} // namespace tandem::adapters::price_stream
