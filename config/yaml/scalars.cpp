#include "config/yaml/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace tandem::config::yaml {
namespace {

using core::Errc;
using core::fail;
using std::chrono::milliseconds;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view without_sign(std::string_view text) noexcept {
  if (!text.empty() && (text.front() == '-' || text.front() == '+'))
    text.remove_prefix(1);
  return text;
}

/// What other readers would silently misread: the message, or nothing.
std::optional<std::string> number_trap(std::string_view text) {
  const auto digits = without_sign(text);
  if (text.empty())
    return "is empty; a number is wanted";
  if (text.front() == '+')
    return fmt::format("'{}': leave the plus sign out", text);
  if (digits.size() > 1 && digits[0] == '0'
      && std::isalpha(static_cast<unsigned char>(digits[1])) != 0 && digits[1] != 'e'
      && digits[1] != 'E')
    return fmt::format("'{}' is hexadecimal, octal or binary; write a decimal number", text);
  if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]))
    return fmt::format("'{}' has a leading zero, which YAML reads as octal; write it without",
                       text);
  if (text.find_first_of("_,") != std::string_view::npos)
    return fmt::format("'{}': digits are not grouped, and the decimal sign is a point", text);
  return std::nullopt;
}

struct Unit {
  std::string_view name;
  std::int64_t millis;
};

constexpr std::array<Unit, 4> units{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};

} // namespace

core::Result<bool> parse_boolean(std::string_view text) {
  if (text == "true")
    return true;
  if (text == "false")
    return false;
  const auto word = lower(text);
  if (word == "yes" || word == "on" || word == "true" || word == "y" || word == "1")
    return fail(Errc::configuration,
                fmt::format("'{}' is neither true nor false; write true", text));
  if (word == "no" || word == "off" || word == "false" || word == "n" || word == "0")
    return fail(Errc::configuration,
                fmt::format("'{}' is neither true nor false; write false", text));
  return fail(Errc::configuration, fmt::format("'{}' is neither true nor false", text));
}

core::Result<std::int64_t> parse_integer(std::string_view text, std::int64_t min,
                                         std::int64_t max) {
  if (auto trap = number_trap(text))
    return fail(Errc::configuration, std::move(*trap));
  if (!all_digits(without_sign(text)))
    return fail(Errc::configuration,
                fmt::format("'{}' is not a whole number (between {} and {})", text, min, max));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
    return fail(Errc::configuration,
                fmt::format("must be between {} and {}, is {}", min, max, text));
  return value;
}

core::Result<milliseconds> parse_duration(std::string_view text, milliseconds min,
                                          milliseconds max) {
  const auto range = fmt::format("between {} and {}", to_text(min), to_text(max));
  if (text.empty())
    return fail(Errc::configuration, fmt::format("is empty; a duration {} is wanted", range));
  if (all_digits(without_sign(text)))
    return fail(Errc::configuration,
                fmt::format("'{0}' needs a unit: {0}ms, {0}s, {0}m or {0}h", text));
  const auto unit_at = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit)
                                                - text.begin());
  const auto number = text.substr(0, unit_at);
  const auto* unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.name == text.substr(unit_at);
  });
  if (number.empty() || unit == units.end())
    return fail(
        Errc::configuration,
        fmt::format("'{}' is not a duration: write a whole number and, without a space, ms, "
                    "s, m or h, e.g. {}",
                    text, to_text(max)));
  if (number.size() > 1 && number.front() == '0')
    return fail(Errc::configuration,
                fmt::format("'{}' has a leading zero; write it without", text));
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc{} || count > max.count() / unit->millis
      || milliseconds{count * unit->millis} < min)
    return fail(Errc::configuration, fmt::format("must be {}, is {}", range, text));
  return milliseconds{count * unit->millis};
}

core::Result<core::Decimal> parse_decimal(std::string_view text) {
  if (auto trap = number_trap(text))
    return fail(Errc::configuration, std::move(*trap));
  if (text.back() == '%')
    return fail(Errc::configuration, fmt::format("'{}': leave the percent sign out", text));
  auto value = core::Decimal::parse(text);
  if (value)
    return *value;
  if (value.error().code == Errc::out_of_range || value.error().code == Errc::scale_too_coarse)
    return fail(Errc::configuration,
                fmt::format("'{}' has too many digits (at most 18, before and after the point "
                            "together)",
                            text));
  return fail(Errc::configuration,
              fmt::format("'{}' is not a decimal number such as \"0.05\"", text));
}

core::Result<core::strategy::FeeRate> parse_rate(std::string_view text) {
  if (auto decimal = parse_decimal(text); !decimal)
    return tl::unexpected{decimal.error()};
  auto rate = core::strategy::parse_fee_rate(text);
  if (rate)
    return *rate;
  if (rate.error().code == Errc::out_of_range)
    return fail(Errc::configuration,
                fmt::format("must be a share of the notional between -0.01 and 0.1 (0.1 % is "
                            "\"0.001\"), is {}",
                            text));
  return fail(Errc::configuration,
              fmt::format("'{}' is finer than a fee can be: at most 8 decimals", text));
}

std::string to_text(milliseconds duration) {
  const auto* unit = units.end();
  do
    --unit;
  while (unit != units.begin() && (duration.count() == 0 || duration.count() % unit->millis != 0));
  return fmt::format("{}{}", duration.count() / unit->millis, unit->name);
}

bool needs_quotes(std::string_view text) noexcept {
  static constexpr std::array<std::string_view, 8> words{"true", "false", "yes",  "no",
                                                         "on",   "off",   "null", "~"};
  const auto is_word = [text](std::string_view word) {
    return text.size() == word.size()
           && std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a)) == b;
              });
  };
  if (std::any_of(words.begin(), words.end(), is_word))
    return true;
  const auto digits = without_sign(text);
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'o'))
    return true;
  return std::any_of(digits.begin(), digits.end(), is_digit)
         && std::count(digits.begin(), digits.end(), '.') <= 1
         && std::all_of(digits.begin(), digits.end(),
                        [](char c) {
                          return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '-'
                                 || c == '+' || c == '_' || c == ',';
                        })
         && (is_digit(digits.front()) || digits.front() == '.');
}

} // namespace tandem::config::yaml
