/// Exact decimal text <-> integer. The only place where a price, size or rate becomes a number, and
/// never a `double`. `Decimal` is the boundary type (configuration, interfaces, sums over venues);
/// books and decisions use integers at an instrument's scale (price.hpp).
#pragma once

#include "core/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::core {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

inline constexpr int decimals_max = 18;    ///< 10^18 is the largest power of ten in an int64
inline constexpr int digits_wide_max = 38; ///< 10^38 - 1 is the most nines in an Int128

/// 10^exponent for 0 <= exponent <= decimals_max.
[[nodiscard]] std::int64_t pow10(int exponent) noexcept;

/// How a result that does not fit is rounded. There is no default: the caller names it.
enum class Rounding : std::uint8_t { toward_zero, away_from_zero, down, up, half_even };

/// value / divisor rounded as asked. @param divisor > 0.
[[nodiscard]] Int128 divide(Int128 value, Int128 divisor, Rounding rounding) noexcept;

/// Text to an integer count of 10^-decimals. Accepts an optional '-', digits with one point between
/// them and an exponent ("1e-8" occurs in JSON written by others). A point needs a digit on each
/// side: "1." and ".5" are what a cut-off text looks like, no venue sends them, so they are
/// refused. Zeros beyond the scale are accepted. No allocation on success. @param decimals
/// 0..decimals_max. Errors: malformed (empty, a lone sign or point, '+', blanks, letters, NaN,
/// inf), scale_too_coarse (non-zero digits beyond `decimals`), out_of_range (does not fit int64, or
/// `decimals` is outside its range).
[[nodiscard]] Result<std::int64_t> parse_scaled(std::string_view text, int decimals) noexcept;

/// Same grammar for 128 bits: up to digits_wide_max digits together with the zeros that the scale
/// adds. Errors: as parse_scaled.
[[nodiscard]] Result<Int128> parse_scaled_wide(std::string_view text, int decimals);

/// Number of decimals needed to hold `text` exactly ("61737.63000000" -> 2); may exceed
/// decimals_max ("1e-30" -> 30). Errors: malformed as above.
[[nodiscard]] Result<int> decimals_needed(std::string_view text) noexcept;

/// units * 10^-decimals as text without trailing zeros: (6173763, 2) -> "61737.63", (500, 2) ->
/// "5".
/// @param decimals >= 0; beyond decimals_max is right (a Notional has up to 36). @throws
/// BrokenPromise below 0.
[[nodiscard]] std::string format_scaled(Int128 units, int decimals);

/// Same with exactly `decimals` digits behind the point: (500, 2) -> "5.00".
[[nodiscard]] std::string format_fixed(Int128 units, int decimals);

/// mantissa * 10^-decimals, 0 <= decimals <= 18. Kept normalised: no trailing zero decimals.
class Decimal {
public:
  constexpr Decimal() = default;

  /// @throws BrokenPromise when decimals is outside 0..18.
  Decimal(std::int64_t mantissa, int decimals);

  /// Same grammar and errors as parse_scaled; up to 18 decimals.
  [[nodiscard]] static Result<Decimal> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t mantissa() const noexcept { return mantissa_; }

  [[nodiscard]] constexpr int decimals() const noexcept { return decimals_; }

  /// The value as a count of 10^-decimals. Errors as parse_scaled.
  [[nodiscard]] Result<std::int64_t> at_scale(int decimals) const noexcept;

  [[nodiscard]] constexpr bool is_zero() const noexcept { return mantissa_ == 0; }

  [[nodiscard]] constexpr bool is_negative() const noexcept { return mantissa_ < 0; }

  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Decimal&, const Decimal&) = default;
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept;

private:
  std::int64_t mantissa_ = 0;
  std::int8_t decimals_ = 0;
};

} // namespace tandem::core
