#include "core/strategy/spread.hpp"

#include "core/ensure.hpp"
#include "core/types/fraction.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::strategy {
namespace {

using market::DepthView;
using market::Level;

constexpr int percent_decimals = 8;
constexpr int price_decimals_extra = 8;
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

/// 10^exponent up to 36: of a price scale and a quantity scale together.
Int128 power(int exponent) noexcept {
  const int low = std::min(exponent, decimals_max);
  return static_cast<Int128>(pow10(low)) * pow10(exponent - low);
}

/// Nullopt when the product does not fit.
std::optional<Int128> product(Int128 a, Int128 b) noexcept {
  Int128 result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

/// part / whole with `places` decimals, half to even, exactly. Nullopt beyond 64 bits.
/// @param whole 1..10^37.
std::optional<std::int64_t> ratio(Int128 part, Int128 whole, int places) noexcept {
  // All decimals at once where that fits, else digit by digit; a rest has the sign of `part`.
  const auto scaled = product(part, pow10(places));
  Int128 quotient = scaled.value_or(part) / whole;
  Int128 rest = scaled.value_or(part) % whole;
  for (int place = scaled ? places : 0; place < places; ++place) {
    if (quotient > int64_max || quotient < -int64_max)
      return std::nullopt;
    rest *= 10;
    quotient = quotient * 10 + rest / whole;
    rest %= whole;
  }
  const Int128 twice = 2 * (rest < 0 ? -rest : rest);
  if (twice > whole || (twice == whole && quotient % 2 != 0))
    quotient += part < 0 ? -1 : 1;
  if (quotient > int64_max || quotient < -int64_max)
    return std::nullopt;
  return static_cast<std::int64_t>(quotient);
}

Decimal percent_of(Int128 part, Int128 whole) {
  if (whole <= 0)
    return {};
  TANDEM_ENSURE(whole <= notional_max.units);
  const auto percent = ratio(part, whole, percent_decimals + 2);
  return {percent.value_or(part < 0 ? -int64_max : int64_max), percent_decimals};
}

/// Notional per quantity, with as many of the extra decimals as 64 bits hold.
Decimal per_unit(Int128 notional, Quantity quantity, int decimals) {
  if (quantity.units <= 0)
    return {};
  for (int extra = std::min(price_decimals_extra, decimals_max - decimals); extra >= 0; --extra)
    if (const auto price = ratio(notional, quantity.units, extra))
      return {*price, decimals + extra};
  return {notional < 0 ? -int64_max : int64_max, decimals};
}

/// Walk of one leg, brought to the common scale.
struct LegWalk {
  Notional notional;
  Price worst;
};

std::optional<LegWalk> walk_leg(std::span<const Level> levels, const Scale& from,
                                const Scale& common, Quantity quantity) {
  const Int128 finer_quantity = pow10(common.quantity_decimals - from.quantity_decimals);
  const Int128 finer_price = pow10(common.price_decimals - from.price_decimals);
  // A quantity finer than this book's scale takes a part of the last whole unit: the walk takes all
  // of that unit, and the excess is given back at the last price.
  const Int128 wanted = divide(quantity.units, finer_quantity, Rounding::up);
  const Int128 excess = wanted * finer_quantity - quantity.units;
  const auto walked = walk_depth(levels, Quantity{static_cast<std::int64_t>(wanted)});
  if (walked.filled.units < wanted)
    return std::nullopt;
  const Int128 worst = walked.worst.units * finer_price;
  const auto whole = product(walked.notional.units, finer_price * finer_quantity);
  if (worst > int64_max || !whole || *whole > notional_max.units)
    return std::nullopt;
  return LegWalk{Notional{*whole - excess * worst}, Price{static_cast<std::int64_t>(worst)}};
}

/// Smallest multiple of both. Nullopt when it does not fit.
std::optional<Int128> common_multiple(Int128 a, Int128 b) noexcept {
  Int128 divisor = a;
  for (Int128 rest = b; rest != 0;)
    rest = std::exchange(divisor, rest) % rest;
  return product(a / divisor, b);
}

/// A quantity of an instrument as a count of 10^-decimals. @param decimals not below its scale.
Int128 refined(const Instrument& instrument, Quantity quantity, int decimals) noexcept {
  return static_cast<Int128>(quantity.units) * pow10(decimals - instrument.scale.quantity_decimals);
}

/// What every size of the two must be a multiple of, as a count of 10^-decimals.
/// @param unit the smallest size that can be told, in the same count.
std::optional<Int128> common_step(const Instrument& rules1, const Instrument& rules2, Int128 unit,
                                  int decimals) {
  std::optional<Int128> step = unit;
  for (const auto* rules : {&rules1, &rules2})
    if (step && rules->lot.units > 0)
      step = common_multiple(*step, refined(*rules, rules->lot, decimals));
  return step;
}

/// A positive value as a count of 10^-decimals, rounded up.
Int128 counted_up(const Decimal& value, int decimals) noexcept {
  if (value.decimals() <= decimals)
    return static_cast<Int128>(value.mantissa()) * pow10(decimals - value.decimals());
  return divide(value.mantissa(), pow10(value.decimals() - decimals), Rounding::up);
}

/// The lower best price: a bid where there is one.
std::optional<Price> lower_best(const DepthView& leg) noexcept {
  if (!leg.bids().empty())
    return leg.bids().front().price;
  if (!leg.asks().empty())
    return leg.asks().front().price;
  return std::nullopt;
}

bool notional_reached(const DepthView& leg, Quantity quantity, int quantity_decimals) {
  const auto& least = leg.instrument->notional_min;
  if (!least)
    return true;
  const auto price = lower_best(leg);
  return price
         && compare_fractions((*price * quantity).units,
                              power(leg.scale.price_decimals + quantity_decimals),
                              least->mantissa(), pow10(least->decimals()))
                >= 0;
}

} // namespace

Scale common_scale(const Scale& a, const Scale& b) noexcept {
  return {std::max(a.price_decimals, b.price_decimals),
          std::max(a.quantity_decimals, b.quantity_decimals)};
}

Walk walk_depth(std::span<const Level> levels, Quantity wanted) noexcept {
  Walk walk;
  for (const auto& level : levels) {
    if (walk.filled >= wanted)
      break;
    const auto taken = std::min(level.quantity, wanted - walk.filled);
    walk.filled = walk.filled + taken;
    walk.notional = walk.notional + level.price * taken;
    walk.worst = level.price;
    ++walk.levels;
  }
  return walk;
}

bool Spread::net_at_least(const Decimal& threshold_percent) const noexcept {
  if (buy.units <= 0)
    return false;
  // 18 decimals and the two of "percent".
  return compare_fractions(net().units, buy.units, threshold_percent.mantissa(),
                           power(threshold_percent.decimals() + 2))
         >= 0;
}

std::strong_ordering compare_net(const Spread& a, const Spread& b) noexcept {
  if (a.buy.units <= 0 || b.buy.units <= 0)
    return (a.buy.units > 0) <=> (b.buy.units > 0);
  return compare_fractions(a.net().units, a.buy.units, b.net().units, b.buy.units);
}

Decimal Spread::gross_percent() const {
  return percent_of(gross().units, buy.units);
}

Decimal Spread::net_percent() const {
  return percent_of(net().units, buy.units);
}

Decimal Spread::buy_price() const {
  return per_unit(buy.units, quantity, scale.price_decimals);
}

Decimal Spread::sell_price() const {
  return per_unit(sell.units, quantity, scale.price_decimals);
}

Decimal Spread::price_difference() const {
  return per_unit(gross().units, quantity, scale.price_decimals);
}

Decimal within_total(const Decimal& wanted, const Decimal& total, const Decimal& executed,
                     const DepthView& buyer) {
  if (total.is_zero())
    return wanted;
  const int decimals = std::max(total.decimals(), executed.decimals());
  const Int128 remaining
      = static_cast<Int128>(total.mantissa()) * pow10(decimals - total.decimals())
        - static_cast<Int128>(executed.mantissa()) * pow10(decimals - executed.decimals());
  if (remaining <= 0)
    return {};
  const int book_decimals = buyer.scale.price_decimals + buyer.scale.quantity_decimals;
  const auto budget = book_decimals >= decimals
                          ? product(remaining, power(book_decimals - decimals))
                          : remaining / power(decimals - book_decimals);
  if (!budget)
    return wanted; // more than any book can cost
  Int128 left = *budget;
  const Int128 enough = counted_up(wanted, buyer.scale.quantity_decimals);
  std::int64_t affordable = 0;
  for (const auto& level : buyer.asks()) {
    if (affordable >= enough)
      return wanted;
    const auto cost = (level.price * level.quantity).units;
    if (cost > left) {
      if (__builtin_add_overflow(affordable, static_cast<std::int64_t>(left / level.price.units),
                                 &affordable))
        return wanted;
      return std::min(wanted, Decimal{affordable, buyer.scale.quantity_decimals});
    }
    left -= cost;
    if (__builtin_add_overflow(affordable, level.quantity.units, &affordable))
      return wanted;
  }
  return wanted;
}

std::optional<Quantity> executable_quantity(const Decimal& wanted, const DepthView& leg1,
                                            const DepthView& leg2) {
  if (!leg1.instrument || !leg2.instrument)
    return std::nullopt;
  const auto& rules1 = *leg1.instrument;
  const auto& rules2 = *leg2.instrument;
  const int common = common_scale(leg1.scale, leg2.scale).quantity_decimals;
  // A book may be coarser or finer than its instrument: all is compared at the finest scale of all.
  const int finest = std::max(
      {common, int{rules1.scale.quantity_decimals}, int{rules2.scale.quantity_decimals}});
  const Int128 unit = pow10(finest - common);
  Int128 units = wanted.mantissa();
  if (wanted.decimals() <= finest)
    units *= pow10(finest - wanted.decimals());
  else
    units = divide(units, pow10(wanted.decimals() - finest), Rounding::down);
  for (const auto* rules : {&rules1, &rules2})
    if (rules->quantity_max)
      units = std::min(units, refined(*rules, *rules->quantity_max, finest));
  const auto step = common_step(rules1, rules2, unit, finest);
  if (!step || units < *step)
    return std::nullopt;
  units -= units % *step;
  for (const auto* rules : {&rules1, &rules2})
    if (units < refined(*rules, rules->quantity_min, finest))
      return std::nullopt;
  units /= unit;
  if (units > int64_max)
    return std::nullopt;
  const Quantity quantity{static_cast<std::int64_t>(units)};
  if (!notional_reached(leg1, quantity, common) || !notional_reached(leg2, quantity, common))
    return std::nullopt;
  return quantity;
}

std::optional<Spread> executable_spread(Direction direction, const DepthView& leg1,
                                        const DepthView& leg2, Quantity quantity,
                                        const SpreadFees& fees, std::size_t levels) {
  if (quantity.units <= 0)
    return std::nullopt;
  const bool first_buys = direction == Direction::leg1_buy_leg2_sell;
  const auto& buyer = first_buys ? leg1 : leg2;
  const auto& seller = first_buys ? leg2 : leg1;
  const auto asks = buyer.asks().first(std::min(levels, buyer.asks().size()));
  const auto bids = seller.bids().first(std::min(levels, seller.bids().size()));
  const auto scale = common_scale(leg1.scale, leg2.scale);
  const auto buy = walk_leg(asks, buyer.scale, scale, quantity);
  const auto sell = walk_leg(bids, seller.scale, scale, quantity);
  if (!buy || !sell)
    return std::nullopt;
  return Spread{.scale = scale,
                .direction = direction,
                .quantity = quantity,
                .buy = buy->notional,
                .sell = sell->notional,
                .buy_fee = fee_of(buy->notional, first_buys ? fees.leg1 : fees.leg2),
                .sell_fee = fee_of(sell->notional, first_buys ? fees.leg2 : fees.leg1),
                .buy_worst = buy->worst,
                .sell_worst = sell->worst};
}

} // namespace tandem::core::strategy
