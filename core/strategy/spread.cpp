#include "core/strategy/spread.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tandem::core::strategy {
namespace {

using market::DepthView;
using market::Level;

/// Both sides of a comparison are brought below this, so that percent arithmetic (times 10^10)
/// stays within 128 bits. 10^27 units are a thousand million quote units at 18 decimals.
constexpr Int128 comparable_max = static_cast<Int128>(1'000'000'000'000'000'000) * 1'000'000'000;
constexpr int percent_decimals = 8;

struct Fraction {
  Int128 part, whole;
};

/// Scales both down together; the part towards minus infinity and the whole up, never in our
/// favour.
Fraction comparable(Int128 part, Int128 whole) noexcept {
  while (whole > comparable_max || part > comparable_max || part < -comparable_max) {
    part = divide(part, 10, Rounding::down);
    whole = divide(whole, 10, Rounding::up);
  }
  return {part, whole};
}

Decimal percent_of(Int128 part, Int128 whole) {
  if (whole <= 0)
    return {};
  const auto fraction = comparable(part, whole);
  const Int128 scaled
      = divide(fraction.part * 100 * pow10(percent_decimals), fraction.whole, Rounding::half_even);
  constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
  return {static_cast<std::int64_t>(std::clamp<Int128>(scaled, -limit, limit)), percent_decimals};
}

/// numerator / denominator where the quotient has `decimals` decimals; up to 8 more are kept while
/// they fit.
Decimal quotient(Int128 numerator, Int128 denominator, int decimals) {
  if (denominator <= 0)
    return {};
  constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
  for (int extra = std::min(8, decimals_max - decimals); extra >= 0; --extra) {
    if (numerator > comparable_max || numerator < -comparable_max)
      continue;
    const Int128 value = divide(numerator * pow10(extra), denominator, Rounding::half_even);
    if (value <= limit && value >= -limit)
      return {static_cast<std::int64_t>(value), decimals + extra};
  }
  return {static_cast<std::int64_t>(std::clamp<Int128>(
              divide(numerator, denominator, Rounding::half_even), -limit, limit)),
          decimals};
}

/// Walk of one leg, brought to the common scale.
struct LegWalk {
  Notional notional;
  Price worst;
};

std::optional<LegWalk> walk_leg(std::span<const Level> levels, const Scale& from,
                                const Scale& common, Quantity quantity) {
  const auto finer = pow10(common.quantity_decimals - from.quantity_decimals);
  // A quantity finer than this book's scale takes the next whole unit of it: never less than asked.
  const auto wanted = static_cast<std::int64_t>(divide(quantity.units, finer, Rounding::up));
  const auto walked = walk_depth(levels, Quantity{wanted});
  if (walked.filled.units < wanted)
    return std::nullopt;
  const Int128 price_finer = pow10(common.price_decimals - from.price_decimals);
  const Int128 excess = static_cast<Int128>(wanted) * finer - quantity.units;
  const Price worst{static_cast<std::int64_t>(walked.worst.units * price_finer)};
  return LegWalk{{walked.notional.units * price_finer * finer - excess * worst.units}, worst};
}

std::int64_t to_scale(std::int64_t units, int from, int to) noexcept {
  return units * pow10(to - from);
}

bool notional_reached(const Instrument& instrument, Price price, int price_decimals,
                      Quantity quantity, int quantity_decimals) {
  if (!instrument.notional_min)
    return true;
  const Int128 notional = static_cast<Int128>(price.units) * quantity.units;
  const int decimals = price_decimals + quantity_decimals;
  const auto& least = *instrument.notional_min;
  if (least.decimals() <= decimals)
    return notional >= static_cast<Int128>(least.mantissa())
                           * pow10(std::min(decimals - least.decimals(), decimals_max));
  return notional * pow10(least.decimals() - decimals) >= least.mantissa();
}

/// Minimum quantity and notional of one leg, priced at its best bid (the lower of the two).
bool leg_allows(const DepthView& leg, const Scale& common, Quantity quantity) {
  const auto& rules = *leg.instrument;
  if (quantity.units
      < to_scale(rules.quantity_min.units, rules.scale.quantity_decimals, common.quantity_decimals))
    return false;
  if (leg.bids().empty())
    return false;
  return notional_reached(rules, leg.bids().front().price, leg.scale.price_decimals, quantity,
                          common.quantity_decimals);
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
    const Quantity taken{std::min(level.quantity.units, wanted.units - walk.filled.units)};
    walk.filled = walk.filled + taken;
    walk.notional = walk.notional + level.price * taken;
    walk.worst = level.price;
    ++walk.levels;
  }
  return walk;
}

bool Spread::net_at_least(const Decimal& threshold_percent) const {
  const auto fraction = comparable(net().units, buy.units);
  const Int128 left = fraction.part * 100 * pow10(percent_decimals);
  const auto threshold = threshold_percent.at_scale(percent_decimals);
  // A threshold finer than 8 decimals is refused when the pair is made.
  return threshold.has_value() && left >= fraction.whole * *threshold;
}

Decimal Spread::gross_percent() const {
  return percent_of(gross().units, buy.units);
}

Decimal Spread::net_percent() const {
  return percent_of(net().units, buy.units);
}

Decimal Spread::buy_price() const {
  return quotient(buy.units, quantity.units, scale.price_decimals);
}

Decimal Spread::sell_price() const {
  return quotient(sell.units, quantity.units, scale.price_decimals);
}

Decimal Spread::price_difference() const {
  return quotient(gross().units, quantity.units, scale.price_decimals);
}

std::optional<Quantity> executable_quantity(const Decimal& wanted, const DepthView& leg1,
                                            const DepthView& leg2) {
  if (!leg1.instrument || !leg2.instrument)
    return std::nullopt;
  const auto common = common_scale(leg1.scale, leg2.scale);
  const int decimals = common.quantity_decimals;
  const auto& rules1 = *leg1.instrument;
  const auto& rules2 = *leg2.instrument;
  // A multiple of both lots: 0.002 and 0.005 trade together in steps of 0.01.
  const auto lot1 = std::max<std::int64_t>(
      1, to_scale(rules1.lot.units, rules1.scale.quantity_decimals, decimals));
  const auto lot2 = std::max<std::int64_t>(
      1, to_scale(rules2.lot.units, rules2.scale.quantity_decimals, decimals));
  const auto step = std::lcm(lot1, lot2);
  Int128 units = wanted.mantissa();
  if (wanted.decimals() <= decimals)
    units *= pow10(decimals - wanted.decimals());
  else
    units = divide(units, pow10(wanted.decimals() - decimals), Rounding::toward_zero);
  for (const auto* rules : {&rules1, &rules2})
    if (rules->quantity_max)
      units = std::min<Int128>(
          units, to_scale(rules->quantity_max->units, rules->scale.quantity_decimals, decimals));
  units = units / step * step;
  if (units <= 0 || units > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  const Quantity quantity{static_cast<std::int64_t>(units)};
  if (!leg_allows(leg1, common, quantity) || !leg_allows(leg2, common, quantity))
    return std::nullopt;
  return quantity;
}

std::optional<Spread> executable_spread(Direction direction, const DepthView& leg1,
                                        const DepthView& leg2, Quantity quantity,
                                        const SpreadFees& fees) {
  const bool first_buys = direction == Direction::leg1_buy_leg2_sell;
  const auto& buyer = first_buys ? leg1 : leg2;
  const auto& seller = first_buys ? leg2 : leg1;
  Spread spread;
  spread.scale = common_scale(leg1.scale, leg2.scale);
  spread.direction = direction;
  spread.quantity = quantity;
  const auto buy = walk_leg(buyer.asks(), buyer.scale, spread.scale, quantity);
  const auto sell = walk_leg(seller.bids(), seller.scale, spread.scale, quantity);
  if (!buy || !sell)
    return std::nullopt;
  spread.buy = buy->notional;
  spread.sell = sell->notional;
  spread.buy_worst = buy->worst;
  spread.sell_worst = sell->worst;
  spread.buy_fee = fee_of(spread.buy, first_buys ? fees.leg1 : fees.leg2);
  spread.sell_fee = fee_of(spread.sell, first_buys ? fees.leg2 : fees.leg1);
  return spread;
}

} // namespace tandem::core::strategy
