#include "core/types/decimal.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace tandem::core {
namespace {

constexpr auto powers_of_ten = [] {
  std::array<std::int64_t, decimals_max + 1> powers{};
  std::int64_t power = 1;
  for (auto& entry : powers) {
    entry = power;
    if (&entry != &powers.back())
      power *= 10;
  }
  return powers;
}();

/// Digits that fit an uint64 whatever they are.
constexpr std::ptrdiff_t safe_digits_max = 18;
/// Far beyond any meaning, far from overflow: longer exponents saturate here.
constexpr std::int64_t exponent_max = 1'000'000'000;
constexpr std::size_t quoted_bytes_max = 64;

constexpr bool is_digit(char c) noexcept {
  return static_cast<unsigned char>(c - '0') <= 9;
}

constexpr std::uint64_t digit_of(char c) noexcept {
  return static_cast<unsigned char>(c - '0');
}

/// What was refused, fit for a log line: printable and short.
std::string quoted(std::string_view text) {
  std::string result{"'"};
  for (const char c : text.substr(0, quoted_bytes_max))
    result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > quoted_bytes_max)
    result += "...";
  return result + "'";
}

tl::unexpected<Error> malformed(std::string_view text) {
  return fail(Errc::malformed, quoted(text) + " is not a decimal number");
}

tl::unexpected<Error> too_coarse(std::string_view text, std::int64_t needed, int decimals) {
  return fail(Errc::scale_too_coarse, quoted(text) + " needs " + std::to_string(needed)
                                          + " decimals, the scale has " + std::to_string(decimals));
}

tl::unexpected<Error> too_large(std::string_view text, int decimals, int bits = 64) {
  return fail(Errc::out_of_range, quoted(text) + " at " + std::to_string(decimals)
                                      + " decimals does not fit " + std::to_string(bits) + " bits");
}

tl::unexpected<Error> bad_scale(int decimals) {
  return fail(Errc::out_of_range, std::to_string(decimals) + " decimals are outside 0.."
                                      + std::to_string(decimals_max));
}

/// Any well-formed text as digits * 10^exponent, with neither leading nor trailing zeros among the
/// digits (which may have a point among them); no digits: zero.
struct Parts {
  bool negative = false;
  std::string_view digits;
  std::int64_t count = 0; ///< of digits, the point not counted
  std::int64_t exponent = 0;

  [[nodiscard]] std::int64_t decimals() const noexcept {
    return std::max<std::int64_t>(0, -exponent);
  }
};

/// Reads "[+-]digits" at the front of `text` and drops it.
bool take_exponent(std::string_view& text, std::int64_t& exponent) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front()))
    return false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1))
    exponent = std::min<std::int64_t>(
        exponent_max, exponent * 10 + static_cast<std::int64_t>(digit_of(text.front())));
  if (negative)
    exponent = -exponent;
  return true;
}

std::size_t leading_digits(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count]))
    ++count;
  return count;
}

/// False when malformed.
bool split(std::string_view text, Parts& parts) noexcept {
  parts.negative = text.starts_with('-');
  if (parts.negative)
    text.remove_prefix(1);
  const auto whole = leading_digits(text);
  if (whole == 0)
    return false;
  std::size_t fraction = 0;
  std::size_t length = whole;
  if (whole < text.size() && text[whole] == '.') {
    fraction = leading_digits(text.substr(whole + 1));
    if (fraction == 0)
      return false;
    length += 1 + fraction;
  }
  auto digits = text.substr(0, length);
  text.remove_prefix(length);
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (!take_exponent(text, parts.exponent))
      return false;
  }
  if (!text.empty())
    return false;
  parts.exponent -= static_cast<std::int64_t>(fraction);
  parts.count = static_cast<std::int64_t>(whole + fraction);
  for (; !digits.empty() && (digits.back() == '0' || digits.back() == '.'); digits.remove_suffix(1))
    if (digits.back() == '0') {
      --parts.count;
      ++parts.exponent;
    }
  for (; !digits.empty() && (digits.front() == '0' || digits.front() == '.');
       digits.remove_prefix(1))
    parts.count -= digits.front() == '0' ? 1 : 0;
  parts.digits = digits;
  if (digits.empty())
    parts.exponent = 0;
  return true;
}

bool fits(std::uint64_t magnitude, bool negative) noexcept {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return magnitude <= max + (negative ? 1U : 0U);
}

/// Wraps instead of negating: -2^63 has no positive twin.
std::int64_t with_sign(std::uint64_t magnitude, bool negative) noexcept {
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

/// @param text what `parts` came from, for the refusals.
Result<std::int64_t> to_units(const Parts& parts, std::string_view text, int decimals) {
  if (parts.digits.empty())
    return 0;
  const auto shift = parts.exponent + decimals;
  if (parts.count + shift > decimals_max + 1)
    return too_large(text, decimals);
  if (shift < 0)
    return too_coarse(text, parts.decimals(), decimals);
  // At most 19 digits together: below 10^19, which an uint64 holds.
  std::uint64_t magnitude = 0;
  for (const char c : parts.digits)
    if (c != '.')
      magnitude = magnitude * 10 + digit_of(c);
  magnitude *= static_cast<std::uint64_t>(pow10(static_cast<int>(shift)));
  if (!fits(magnitude, parts.negative))
    return too_large(text, decimals);
  return with_sign(magnitude, parts.negative);
}

/// The rare forms: exponents, 19 digits and more, and every refusal.
Result<std::int64_t> parse_slowly(std::string_view text, int decimals) {
  if (decimals < 0 || decimals > decimals_max)
    return bad_scale(decimals);
  Parts parts;
  if (!split(text, parts))
    return malformed(text);
  return to_units(parts, text, decimals);
}

struct Plain {
  std::int64_t units = 0;
  int decimals = 0;
};

/// The usual form: digits with a point among them, 18 at most, taken without the zeros at their
/// end. Nullopt: another form, or nothing to accept.
std::optional<Plain> read_plainly(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  const char* at = text.data() + (negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const char* const whole_begin = at;
  std::uint64_t magnitude = 0;
  for (; at != end && is_digit(*at); ++at)
    magnitude = magnitude * 10 + digit_of(*at);
  const auto whole = at - whole_begin;
  std::ptrdiff_t fraction = 0;
  if (at != end) {
    if (*at != '.' || ++at == end)
      return std::nullopt;
    const char* const fraction_begin = at;
    const char* kept_end = end;
    while (kept_end[-1] == '0') // ends at the point
      --kept_end;
    for (; at < kept_end && is_digit(*at); ++at)
      magnitude = magnitude * 10 + digit_of(*at);
    if (at != kept_end)
      return std::nullopt;
    fraction = at - fraction_begin;
  }
  if (whole == 0 || whole + fraction > safe_digits_max)
    return std::nullopt;
  return Plain{with_sign(magnitude, negative), static_cast<int>(fraction)};
}

/// The digits of |value|, at least `length` of them.
std::string digits_of(Int128 value, std::size_t length) {
  constexpr std::size_t chunk = decimals_max;
  constexpr std::size_t digits_max = 39; // of 2^127
  std::array<char, digits_max> buffer{};
  auto* begin = buffer.data() + buffer.size();
  for (bool more = true; more;) {
    const auto divisor = powers_of_ten[chunk];
    auto rest = static_cast<std::int64_t>(value % divisor);
    value /= divisor;
    more = value != 0;
    const auto* const chunk_end = begin - chunk;
    for (; more ? begin != chunk_end : rest != 0; rest /= 10)
      *--begin = static_cast<char>('0' + (rest < 0 ? -(rest % 10) : rest % 10));
  }
  const auto count = static_cast<std::size_t>(buffer.data() + buffer.size() - begin);
  std::string digits(length > count ? length - count : 0, '0');
  return digits.append(begin, count);
}

} // namespace

std::int64_t pow10(int exponent) noexcept {
  return powers_of_ten[static_cast<std::size_t>(exponent)];
}

Int128 divide(Int128 value, Int128 divisor, Rounding rounding) noexcept {
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  if (rest == 0)
    return quotient;
  const bool negative = value < 0;
  const Int128 outward = quotient + (negative ? -1 : 1);
  switch (rounding) {
  case Rounding::toward_zero:
    return quotient;
  case Rounding::away_from_zero:
    return outward;
  case Rounding::down:
    return negative ? outward : quotient;
  case Rounding::up:
    return negative ? quotient : outward;
  case Rounding::half_even:
    break;
  }
  // Compared as differences: twice the rest could overflow.
  const Int128 below = negative ? -rest : rest;
  const Int128 above = divisor - below;
  if (below != above)
    return below < above ? quotient : outward;
  return quotient % 2 == 0 ? quotient : outward;
}

Result<std::int64_t> parse_scaled(std::string_view text, int decimals) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative)
    ++at;
  // May wrap on texts that are too long: their length sends them to the slow way below.
  std::uint64_t magnitude = 0;
  const char* const whole_begin = at;
  for (; at != end && is_digit(*at); ++at)
    magnitude = magnitude * 10 + digit_of(*at);
  const auto whole = at - whole_begin;
  std::ptrdiff_t fraction = 0;
  if (at != end && *at == '.') {
    const char* const fraction_begin = ++at;
    const char* const kept_end = end - at > decimals ? at + std::max(decimals, 0) : end;
    for (; at != kept_end && is_digit(*at); ++at)
      magnitude = magnitude * 10 + digit_of(*at);
    fraction = at - fraction_begin;
    while (at != end && *at == '0')
      ++at;
    if (at == fraction_begin)
      return parse_slowly(text, decimals);
  }
  if (at != end || whole == 0 || whole + decimals > safe_digits_max || decimals < 0)
    return parse_slowly(text, decimals);
  magnitude *= static_cast<std::uint64_t>(pow10(static_cast<int>(decimals - fraction)));
  return with_sign(magnitude, negative);
}

Result<Int128> parse_scaled_wide(std::string_view text, int decimals) {
  if (decimals < 0 || decimals > decimals_max)
    return bad_scale(decimals);
  Parts parts;
  if (!split(text, parts))
    return malformed(text);
  if (parts.digits.empty())
    return Int128{0};
  const auto shift = parts.exponent + decimals;
  if (shift < 0)
    return too_coarse(text, parts.decimals(), decimals);
  if (parts.count + shift > digits_wide_max)
    return too_large(text, decimals, 128);
  Int128 units = 0;
  for (const char c : parts.digits)
    if (c != '.')
      units = units * 10 + static_cast<Int128>(digit_of(c));
  for (std::int64_t zero = 0; zero < shift; ++zero)
    units *= 10;
  return parts.negative ? -units : units;
}

Result<int> decimals_needed(std::string_view text) noexcept {
  Parts parts;
  if (!split(text, parts))
    return malformed(text);
  return static_cast<int>(parts.decimals());
}

std::string format_fixed(Int128 units, int decimals) {
  TANDEM_ENSURE(decimals >= 0);
  const auto places = static_cast<std::size_t>(decimals);
  auto text = digits_of(units, places + 1);
  if (places > 0)
    text.insert(text.size() - places, 1, '.');
  if (units < 0)
    text.insert(text.begin(), '-');
  return text;
}

std::string format_scaled(Int128 units, int decimals) {
  auto text = format_fixed(units, decimals);
  if (decimals == 0)
    return text;
  const auto last = text.find_last_not_of('0');
  text.resize(text[last] == '.' ? last : last + 1);
  return text;
}

Decimal::Decimal(std::int64_t mantissa, int decimals) {
  TANDEM_ENSURE(decimals >= 0 && decimals <= decimals_max);
  for (; decimals > 0 && mantissa % 10 == 0; --decimals)
    mantissa /= 10;
  mantissa_ = mantissa;
  decimals_ = static_cast<std::int8_t>(decimals);
}

Result<Decimal> Decimal::parse(std::string_view text) {
  if (const auto plain = read_plainly(text))
    return Decimal{plain->units, plain->decimals};
  Parts parts;
  if (!split(text, parts))
    return malformed(text);
  if (parts.decimals() > decimals_max)
    return too_coarse(text, parts.decimals(), decimals_max);
  const auto decimals = static_cast<int>(parts.decimals());
  auto units = to_units(parts, text, decimals);
  if (!units)
    return tl::unexpected<Error>{std::move(units).error()};
  return Decimal{*units, decimals};
}

Result<std::int64_t> Decimal::at_scale(int decimals) const noexcept {
  if (decimals < 0 || decimals > decimals_max)
    return bad_scale(decimals);
  if (decimals < decimals_)
    return too_coarse(to_string(), decimals_, decimals);
  std::int64_t units = 0;
  if (__builtin_mul_overflow(mantissa_, pow10(decimals - decimals_), &units))
    return too_large(to_string(), decimals);
  return units;
}

std::string Decimal::to_string() const {
  return format_scaled(mantissa_, decimals_);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept {
  // |mantissa| <= 2^63 and 10^18 < 2^60: the products stay below 2^123.
  const Int128 left = static_cast<Int128>(a.mantissa_) * pow10(b.decimals_);
  const Int128 right = static_cast<Int128>(b.mantissa_) * pow10(a.decimals_);
  return left <=> right;
}

} // namespace tandem::core
