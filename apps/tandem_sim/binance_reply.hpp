/// The error bodies and query numbers that the REST routes of the simulated Binance share.
#pragma once

#include "apps/tandem_sim/outlet.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::sim {

inline constexpr std::int64_t no_limit_given = -1;
inline constexpr std::int64_t bad_number = -2;

inline HttpAnswer error(int status, int code, std::string_view message) {
  return {status, {}, fmt::format(R"({{"code":{},"msg":{}}})", code, json_quoted(message))};
}

inline HttpAnswer ok(std::string body) {
  return {200, {}, std::move(body)};
}

/// From zero, digits only; nullopt for anything else.
inline std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed != std::errc{} || end != text.data() + text.size() || value < 0
             ? std::nullopt
             : std::optional{value};
}

/// A whole number from the query, no_limit_given or bad_number.
inline std::int64_t number(const HttpAsk& ask, std::string_view name) {
  const auto text = query_value(ask, name);
  return text ? whole_number(*text).value_or(bad_number) : no_limit_given;
}

inline HttpAnswer illegal(std::string_view name) {
  return error(
      400, -1100,
      fmt::format("Illegal characters found in parameter '{}'; legal range is '^[0-9]{{1,20}}$'.",
                  name));
}

inline HttpAnswer missing(std::string_view name) {
  return error(
      400, -1102,
      fmt::format("Mandatory parameter '{}' was not sent, was empty/null, or malformed.", name));
}

inline const HttpAnswer& bad_symbol() {
  static const HttpAnswer answer = error(400, -1121, "Invalid symbol.");
  return answer;
}

} // namespace tandem::sim
