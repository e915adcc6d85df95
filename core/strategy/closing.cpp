#include "core/strategy/closing.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::strategy {
namespace {

using market::DepthView;
using orders::Side;

constexpr Int128 int64_max = std::numeric_limits<std::int64_t>::max();

/// Nullopt when the product does not fit.
std::optional<Int128> product(Int128 a, Int128 b) noexcept {
  Int128 result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

Int128 tick_of(const Instrument& instrument) noexcept {
  return std::max<std::int64_t>(instrument.tick.units, 1);
}

bool is_marketable(Side side, const Decimal& limit, const Decimal& touch) noexcept {
  return side == Side::buy ? limit >= touch : limit <= touch;
}

/// The whole residual gone at one price: what the execution's fills would then have brought.
Money cash_after(const ClosingTask& task, Price price, const Scale& scale) noexcept {
  const auto value = value_at(task.residual, price, scale);
  const Money fee{fee_of({value.units}, task.fee).units};
  return task.cash + (task.side == Side::sell ? value : -value) - fee;
}

/// From the most passive marketable price towards the guard, as far as the loss allows.
/// @param passive,guard of the tick's grid. Nullopt when already `passive` loses too much.
std::optional<Price> within_loss(const ClosingTask& task, Price passive, Price guard,
                                 const Instrument& instrument) {
  const Int128 tick = tick_of(instrument);
  const Int128 step = task.side == Side::buy ? tick : -tick;
  const auto at = [&](Int128 steps) {
    return Price{static_cast<std::int64_t>(passive.units + steps * step)};
  };
  const auto allowed = [&](Int128 steps) {
    return cash_after(task, at(steps), instrument.scale) >= -task.loss_max;
  };
  if (!allowed(0))
    return std::nullopt;
  Int128 low = 0;
  Int128 high = (static_cast<Int128>(guard.units) - passive.units) / step;
  while (low < high) { // the worse the price, the smaller the cash: allowed up to `low`
    const Int128 middle = (low + high + 1) / 2;
    if (allowed(middle))
      low = middle;
    else
      high = middle - 1;
  }
  return at(low);
}

/// The price of the grid that just meets the touch: beyond it when the touch is off the grid (the
/// venue made the tick coarser). Nullopt when the guard or 64 bits come first.
std::optional<Price> first_marketable(Side side, const Decimal& touch, Price guard,
                                      const Instrument& instrument) {
  const bool buys = side == Side::buy;
  const auto price = on_grid(touch, instrument, buys ? Rounding::up : Rounding::down);
  if (buys ? price > guard.units : price < guard.units)
    return std::nullopt;
  return Price{static_cast<std::int64_t>(price)};
}

/// Cost of `quantity` up to `limit`, what the book lacks at the limit itself.
struct Estimate {
  Notional notional;
  Scale scale;
};

std::optional<Estimate> estimate(const DepthView& book, Side side, Quantity quantity, Price limit) {
  const auto& rules = *book.instrument;
  const Scale scale{std::max(book.scale.price_decimals, rules.scale.price_decimals),
                    std::max(book.scale.quantity_decimals, rules.scale.quantity_decimals)};
  const Int128 book_price = pow10(scale.price_decimals - book.scale.price_decimals);
  const Int128 book_quantity = pow10(scale.quantity_decimals - book.scale.quantity_decimals);
  const Int128 worst
      = limit.units * Int128{pow10(scale.price_decimals - rules.scale.price_decimals)};
  Int128 left
      = quantity.units * Int128{pow10(scale.quantity_decimals - rules.scale.quantity_decimals)};
  if (worst > int64_max || left > int64_max)
    return std::nullopt;
  Notional sum;
  for (const auto& level : side == Side::buy ? book.asks() : book.bids()) {
    const Int128 price = level.price.units * book_price;
    if (left == 0 || (side == Side::buy ? price > worst : price < worst))
      break;
    if (price > int64_max)
      return std::nullopt;
    const Int128 taken = std::min(left, level.quantity.units * book_quantity);
    sum.units += price * taken;
    left -= taken;
  }
  sum.units += worst * left;
  return Estimate{sum, scale};
}

} // namespace

std::string_view to_string(ClosingProblem problem) noexcept {
  switch (problem) {
  case ClosingProblem::no_book:
    return "no live book";
  case ClosingProblem::too_small:
    return "below the venue's minimum";
  case ClosingProblem::too_dear:
    return "above the permitted loss";
  }
  return "no live book";
}

Int128 on_grid(const Decimal& price, const Instrument& instrument, Rounding rounding) noexcept {
  const int finer = instrument.scale.price_decimals - price.decimals();
  const Int128 value = price.mantissa() * Int128{pow10(std::max(finer, 0))};
  const Int128 unit = tick_of(instrument) * pow10(std::max(-finer, 0));
  return divide(value, unit, rounding) * tick_of(instrument);
}

std::optional<Quantity> order_quantity(Money amount, const Instrument& rules) {
  auto quantity = quantity_of(amount, rules.scale);
  if (!quantity)
    return std::nullopt;
  if (rules.quantity_max)
    quantity = std::min(*quantity, *rules.quantity_max);
  quantity = round_to_lot(rules, *quantity);
  if (quantity->units <= 0 || *quantity < rules.quantity_min)
    return std::nullopt;
  return quantity;
}

bool meets_notional_min(const Instrument& rules, Quantity quantity, Price price) {
  return !rules.notional_min
         || to_money(price * quantity, rules.scale) >= to_money(*rules.notional_min);
}

std::optional<Price> limit_beyond(Side side, const Decimal& from, const Decimal& percent,
                                  const Instrument& instrument) {
  // Percent digits beyond the sixth are dropped: less aggressive, and the products stay small.
  constexpr int percent_decimals = 6;
  constexpr Int128 whole = 100'000'000; // 100 % at six decimals
  Int128 share = percent.mantissa();
  if (percent.decimals() > percent_decimals)
    share /= pow10(percent.decimals() - percent_decimals);
  else
    share *= pow10(percent_decimals - percent.decimals());
  const bool buys = side == Side::buy;
  const int finer = instrument.scale.price_decimals - from.decimals();
  auto value = product(from.mantissa(), buys ? whole + share : std::max(whole - share, Int128{0}));
  if (value && finer > 0)
    value = product(*value, pow10(finer));
  const auto unit = product(finer < 0 ? whole * pow10(-finer) : whole, tick_of(instrument));
  if (!value || !unit)
    return std::nullopt;
  Int128 price = divide(*value, *unit, buys ? Rounding::down : Rounding::up) * tick_of(instrument);
  if (buys && instrument.price_max)
    price = std::min<Int128>(price, instrument.price_max->units);
  if (!buys)
    price = std::max<Int128>(price, instrument.price_min ? instrument.price_min->units
                                                         : tick_of(instrument));
  if (price <= 0 || price > int64_max)
    return std::nullopt;
  const Price limit{static_cast<std::int64_t>(price)};
  if (!is_marketable(side, {limit.units, instrument.scale.price_decimals}, from))
    return std::nullopt;
  return limit;
}

tl::expected<ClosingOffer, ClosingProblem> closing_at(const DepthView* book,
                                                      const ClosingTask& task) {
  const auto no_book = tl::unexpected{ClosingProblem::no_book};
  if (book == nullptr || book->condition != market::BookCondition::live || !book->instrument
      || book->instrument->status != InstrumentStatus::trading)
    return no_book;
  const auto& rules = *book->instrument;
  const auto levels = task.side == Side::buy ? book->asks() : book->bids();
  const auto quantity = order_quantity(task.residual, rules);
  if (!quantity)
    return tl::unexpected{ClosingProblem::too_small};
  if (levels.empty())
    return no_book;
  const Decimal touch{levels.front().price.units, book->scale.price_decimals};
  const auto guard = limit_beyond(task.side, touch, task.guard_percent, rules);
  const auto passive = guard ? first_marketable(task.side, touch, *guard, rules) : std::nullopt;
  if (!passive)
    return no_book;
  const auto limit = within_loss(task, *passive, *guard, rules);
  if (!limit)
    return tl::unexpected{ClosingProblem::too_dear};
  if (!meets_notional_min(rules, *quantity, *limit))
    return tl::unexpected{ClosingProblem::too_small};
  const auto expected = estimate(*book, task.side, *quantity, *limit);
  if (!expected)
    return no_book;
  const auto value = to_money(expected->notional, expected->scale);
  const Money fee{fee_of({value.units}, task.fee).units};
  return ClosingOffer{.scale = rules.scale,
                      .quantity = *quantity,
                      .limit = *limit,
                      .cash = (task.side == Side::sell ? value : -value) - fee};
}

bool is_cheaper(const ClosingOffer& a, const ClosingOffer& b) noexcept {
  const int decimals = std::max(a.scale.quantity_decimals, b.scale.quantity_decimals);
  const Int128 whole_a = a.quantity.units * Int128{pow10(decimals - a.scale.quantity_decimals)};
  const Int128 whole_b = b.quantity.units * Int128{pow10(decimals - b.scale.quantity_decimals)};
  const Int128 unit_a = divide(a.cash.units, whole_a, Rounding::down);
  const Int128 unit_b = divide(b.cash.units, whole_b, Rounding::down);
  if (unit_a != unit_b)
    return unit_a > unit_b;
  const auto rest_a = product(a.cash.units - unit_a * whole_a, whole_b);
  const auto rest_b = product(b.cash.units - unit_b * whole_b, whole_a);
  return rest_a && rest_b && *rest_a > *rest_b;
}

Money lot_of(const Instrument& instrument) noexcept {
  return to_money(Quantity{std::max<std::int64_t>(instrument.lot.units, 1)}, instrument.scale);
}

std::optional<Money> common_lot(const Instrument& a, const Instrument& b) noexcept {
  const auto lot_a = lot_of(a).units;
  const auto lot_b = lot_of(b).units;
  Int128 divisor = lot_a;
  for (Int128 rest = lot_b; rest != 0;)
    rest = std::exchange(divisor, rest) % rest;
  const auto lot = product(lot_a / divisor, lot_b);
  if (!lot)
    return std::nullopt;
  return Money{*lot};
}

std::optional<Quantity> quantity_of(Money amount, const Scale& scale) noexcept {
  const Int128 units = divide(amount.units, pow10(money_decimals - scale.quantity_decimals),
                              Rounding::toward_zero);
  if (units > int64_max || units < -int64_max)
    return std::nullopt;
  return Quantity{static_cast<std::int64_t>(units)};
}

} // namespace tandem::core::strategy
