#include "core/twap/view.hpp"

#include "core/risk/rules.hpp"
#include "core/strategy/closing.hpp"
#include "core/strategy/fees.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace tandem::core::twap {
namespace {

using market::DepthView;
using orders::Side;

/// Rules about what all slices come to together.
constexpr std::array whole_plan_rules{risk::Rule::balance,
                                      risk::Rule::position_max,
                                      risk::Rule::venue_exposure_max,
                                      risk::Rule::gross_exposure_max,
                                      risk::Rule::strategy_total,
                                      risk::Rule::daily_notional_max};

/// Quote units that `quantity` would pay or bring, level by level; nullopt when the book ends
/// first.
std::optional<Money> taken(const DepthView& book, Side side, Money quantity) {
  Money cash;
  for (const auto& level : side == Side::buy ? book.asks() : book.bids()) {
    const auto here = std::min(quantity, to_money(level.quantity, book.scale));
    cash += value_at(here, level.price, book.scale);
    quantity -= here;
    if (quantity <= Money{})
      return cash;
  }
  return std::nullopt;
}

/// a * b / c, rounded half to even. @param c above 0.
Money proportion(Money a, std::int64_t b, std::int64_t c) {
  return {divide(a.units, c, Rounding::down) * b
          + divide((a.units - divide(a.units, c, Rounding::down) * c) * b, c, Rounding::half_even)};
}

orders::OrderIntent intent_of(const PlanConfig& plan, std::size_t n, const DepthView& book,
                              Money quantity) {
  const auto& leg = plan.legs[n];
  const auto& rules = *book.instrument;
  const bool buys = leg.side == Side::buy;
  const auto& touch = buys ? book.asks().front() : book.bids().front();
  const Decimal price{touch.price.units, book.scale.price_decimals};
  orders::OrderIntent intent;
  auto& draft = intent.draft;
  draft.instrument = leg.instrument;
  draft.side = leg.side;
  draft.scale = rules.scale;
  draft.price = strategy::limit_beyond(leg.side, price, plan.options.slippage_percent, rules)
                    .value_or(Price{});
  draft.quantity
      = round_to_lot(rules, strategy::quantity_of(quantity, rules.scale).value_or(Quantity{}));
  draft.origin.plan = plan.id.text();
  draft.origin.execution = 1;
  draft.origin.leg = static_cast<std::uint8_t>(n + 1);
  draft.origin.purpose = orders::OrderPurpose::slice;
  return intent;
}

LegForecast forecast_leg(const PlanConfig& plan, std::size_t n, const DepthView& book,
                         const Schedule& schedule, risk::Gate& gate, const risk::Now& now) {
  const auto& leg = plan.legs[n];
  const auto facts = risk::facts_of(book);
  LegForecast result;
  const Money mid{risk::doubled_mid(facts) / 2};
  result.mid = to_decimal(mid);
  const auto slice = to_money(schedule.quantity(schedule.largest_slice()));
  const auto whole = to_money(schedule.quantity(schedule.lots()));
  if (const auto cash = taken(book, leg.side, slice)) {
    LegProgress filled;
    filled.filled = slice;
    filled.notional = *cash;
    result.average_price = average_price(filled);
    result.notional = proportion(*cash, schedule.lots(), schedule.largest_slice());
    const Price mid_price{static_cast<std::int64_t>(
        risk::doubled_mid(facts) / pow10(money_decimals - book.scale.price_decimals))};
    const auto at_mid = value_at(whole, mid_price, book.scale);
    const Money halved{at_mid.units / 2}; // the mid was doubled to stay on the grid
    result.cost = leg.side == Side::buy ? result.notional - halved : halved - result.notional;
    if (const auto fee = gate.fee(leg.instrument.market(), leg.instrument.symbol))
      result.fees = Money{strategy::fee_of({result.notional.units}, *fee).units};
  }
  result.slice_refusals = gate.objections(intent_of(plan, n, book, slice), facts, now);
  // What is in the way at this very moment only says nothing about a plan.
  std::erase_if(result.slice_refusals, [](const risk::Refusal& refusal) {
    return refusal.rule == risk::Rule::duplicate || refusal.rule == risk::Rule::order_rate;
  });
  result.plan_refusals = gate.objections(intent_of(plan, n, book, whole), facts, now);
  std::erase_if(result.plan_refusals, [](const risk::Refusal& refusal) {
    return std::ranges::find(whole_plan_rules, refusal.rule) == whole_plan_rules.end();
  });
  return result;
}

} // namespace

PlanView view_of(const PlanRun& run) {
  PlanView view;
  view.plan = run.plan();
  view.state = run.state();
  view.slices_done = run.slices_done();
  view.slices_total = run.slices_total();
  view.executed = run.executed();
  view.remaining = to_decimal(
      std::max(Money{}, to_money(run.plan().total_quantity) - to_money(view.executed)));
  for (std::size_t n = 0; n < run.plan().legs.size(); ++n)
    view.shortfalls.at(n) = run.shortfall(n);
  view.imbalance = run.imbalance();
  view.next_due = run.next_due();
  view.held_by = run.held_by();
  return view;
}

PlanView view_of(const KnownPlan& known, const risk::Now& now) {
  if (!known.state)
    return view_of(PlanRun{known.plan, now});
  return view_of(PlanRun::restore(known.plan, *known.state, {}, now));
}

Result<Forecast> forecast(const PlanConfig& plan,
                          const std::array<const DepthView*, legs_max>& books, risk::Gate& gate,
                          const risk::Now& now) {
  std::vector<LegRules> rules;
  for (std::size_t n = 0; n < plan.legs.size(); ++n) {
    const auto* book = books.at(n);
    if (book == nullptr || !book->instrument || !risk::has_mid(risk::facts_of(*book)))
      return fail(Errc::exchange_unavailable,
                  "no live book of " + to_string(plan.legs[n].instrument) + " at the moment",
                  "legs[" + std::to_string(n) + "]");
    const Money mid{risk::doubled_mid(risk::facts_of(*book)) / 2};
    rules.push_back({book->instrument.get(), to_decimal(mid)});
  }
  const auto grid = grid_of(rules);
  if (!grid)
    return tl::unexpected{grid.error()};
  const auto schedule
      = Schedule::make(plan, *grid, plan.options.start_at.value_or(to_millis(now.wall)));
  if (!schedule)
    return tl::unexpected{schedule.error()};
  Forecast result;
  result.slices = schedule->slices();
  result.grid = *grid;
  result.unscheduled = schedule->unscheduled();
  result.starts_at = result.slices.front().due_at;
  result.ends_at = schedule->ends_at();
  for (std::size_t n = 0; n < plan.legs.size(); ++n)
    result.legs.at(n) = forecast_leg(plan, n, *books.at(n), *schedule, gate, now);
  return result;
}

} // namespace tandem::core::twap
