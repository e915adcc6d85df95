#include "apps/tandem_world/wild.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace tandem::world {

using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;

/// Near the touch, far from it, off the grid, or no price at all.
std::int64_t WildStrategy::price(std::int64_t touch, std::int64_t tick) {
  static constexpr std::array<std::int64_t, 6> away_ppm{0, 50, 500, 5'000, 50'000, 900'000};
  if (random_.chance(30'000))
    return random_.between(-1, 0);
  const auto ppm = away_ppm.at(static_cast<std::size_t>(random_.between(0, 5)));
  const auto moved = touch + touch / 1'000'000 * random_.between(-ppm, ppm);
  const auto on_grid = moved - moved % std::max<std::int64_t>(tick, 1);
  return random_.chance(100'000) ? on_grid + 1 : on_grid;
}

/// From less than the venue takes to more than anybody has.
std::int64_t WildStrategy::quantity(std::int64_t lot) {
  if (random_.chance(30'000))
    return random_.between(-1, 0);
  std::int64_t lots = random_.between(1, 9);
  for (auto tens = random_.between(0, 9); tens > 0; --tens)
    lots *= 10;
  const auto amount = lots * std::max<std::int64_t>(lot, 1);
  return random_.chance(100'000) ? amount + 1 : amount;
}

core::orders::OrderDraft WildStrategy::draft(const core::market::DepthView& view) {
  const auto& listed = *view.instrument;
  core::orders::OrderDraft draft;
  draft.instrument = listed.key;
  if (random_.chance(20'000))
    draft.instrument.symbol = core::Symbol{"NOTHING"};
  draft.side = random_.chance(500'000) ? Side::buy : Side::sell;
  draft.type = random_.chance(100'000) ? OrderType::market : OrderType::limit;
  draft.tif = random_.chance(300'000) ? TimeInForce::fok : TimeInForce::ioc; // nothing rests
  draft.scale = listed.scale;
  if (random_.chance(50'000))
    draft.scale.price_decimals = static_cast<std::int8_t>(random_.between(-1, 19));
  const auto levels = draft.side == Side::buy ? view.asks() : view.bids();
  const auto touch = levels.empty()
                         ? core::Decimal{1, 0}
                         : core::Decimal{levels.front().price.units, view.scale.price_decimals};
  const auto units = touch.at_scale(listed.scale.price_decimals);
  draft.price = {price(units ? *units : 1, listed.tick.units)};
  draft.quantity = {quantity(listed.lot.units)};
  if (random_.chance(300'000))
    draft.decided = {price(draft.price.units, listed.tick.units)};
  draft.reduce_only = listed.key.type != core::MarketType::spot && random_.chance(200'000);
  draft.origin.person = wild_person;
  return draft;
}

void WildStrategy::ask(Life& life) {
  const auto entries = life.context()->board->all();
  if (entries.empty())
    return;
  const auto last = static_cast<std::int64_t>(entries.size()) - 1;
  auto view = entries.at(static_cast<std::size_t>(random_.between(0, last)))->view();
  if (!view || !view->instrument)
    return;
  if (!remembered_)
    remembered_ = view;
  const auto wanted = draft(*view);
  if (random_.chance(50'000)) // judged by what was seen once, perhaps of another instrument
    view = remembered_;
  const auto facts = core::risk::facts_of(*view);
  const auto ids
      = life.trading().desk->submit(std::span{&wanted, 1}, std::span{&facts, 1}, life.now());
  if (!ids)
    life.context()->log->write(core::LogLevel::info, "wild_refused",
                               {{"rule", std::string{core::risk::to_string(ids.error().rule)}},
                                {"value", ids.error().value},
                                {"limit", ids.error().limit}});
}

} // namespace tandem::world
