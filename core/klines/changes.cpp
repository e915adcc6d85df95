#include "core/klines/changes.hpp"

#include <limits>

namespace tandem::core::klines {
namespace {

constexpr int percent_decimals_max = 15;

} // namespace

std::optional<Decimal> change_percent(const Decimal& before, const Decimal& price) {
  if (before.is_zero())
    return std::nullopt;
  // Both in units of the same scale: below 2^63 * 10^18 < 2^123.
  const Int128 old_units = static_cast<Int128>(before.mantissa()) * pow10(price.decimals());
  const Int128 new_units = static_cast<Int128>(price.mantissa()) * pow10(before.decimals());
  const Int128 divisor = old_units < 0 ? -old_units : old_units;
  const Int128 difference = old_units < 0 ? old_units - new_units : new_units - old_units;
  for (int decimals = percent_decimals_max; decimals >= 0; --decimals) {
    Int128 scaled = 0;
    if (__builtin_mul_overflow(difference, Int128{pow10(decimals)} * 100, &scaled))
      continue;
    const auto units = divide(scaled, divisor, Rounding::half_even);
    if (units <= std::numeric_limits<std::int64_t>::max()
        && units >= std::numeric_limits<std::int64_t>::min())
      return Decimal{static_cast<std::int64_t>(units), decimals};
  }
  return std::nullopt;
}

PriceRecord LatestPrices::on_update(const Symbol& symbol, const Candle& candle) {
  PriceRecord record{symbol, candle, std::nullopt, std::nullopt};
  if (const auto* before = find(symbol)) {
    record.change = to_decimal(to_money(candle.close) - to_money(before->candle.close));
    record.change_percent = change_percent(before->candle.close, candle.close);
  }
  return latest_.insert_or_assign(symbol, std::move(record)).first->second;
}

const PriceRecord* LatestPrices::find(const Symbol& symbol) const {
  const auto found = latest_.find(symbol);
  return found == latest_.end() ? nullptr : &found->second;
}

} // namespace tandem::core::klines
