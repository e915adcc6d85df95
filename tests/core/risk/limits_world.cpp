// Who asks the gate for what, and whether it answers as the model does.
#include "tests/core/risk/limits_world.hpp"

#include <chrono>

namespace tandem::tests::limits {
namespace {

using namespace tandem::core;
using namespace std::chrono_literals;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// BTC and ETH are listed at different scales.
Scale scale_of(int instrument) {
  return base_of(instrument) == 1 ? Scale{2, 3} : Scale{3, 2};
}

/// The fewest decimals, not below `least`, that hold units * 10^-decimals.
int decimals_for(std::int64_t units, int decimals, int least) {
  for (; decimals > least && units % 10 == 0; --decimals)
    units /= 10;
  return decimals;
}

} // namespace

InstrumentKey key_of(int instrument) {
  return {VenueId{venue_name(venue_of(instrument))},
          is_linear(instrument) ? MarketType::linear : MarketType::spot,
          Symbol{asset_name(base_of(instrument)) + "USDT"}};
}

std::string asset_name(int asset) {
  return asset == 0 ? "USDT" : asset == 1 ? "BTC" : "ETH";
}

std::string venue_name(int venue) {
  return venue == 0 ? "binance" : venue == 1 ? "bybit" : "okx";
}

std::string strategy_name(int strategy) {
  return strategy == 0 ? "" : strategy == 1 ? "pair" : "plan";
}

Money money_of(Wide sum) {
  return {sum};
}

std::shared_ptr<const Instrument> instrument_of(int instrument, const Listing& listing) {
  Instrument result;
  result.key = key_of(instrument);
  result.base = asset_name(base_of(instrument));
  result.quote = "USDT";
  result.status = listing.trading ? InstrumentStatus::trading : InstrumentStatus::halted;
  result.scale = scale_of(instrument);
  const auto price = [&](std::int64_t units) { return Price{units / price_step(instrument)}; };
  const auto quantity = [&](std::int64_t units) { return Quantity{units / lot_of(instrument)}; };
  result.tick = price(listing.tick);
  result.lot = quantity(listing.lot);
  result.quantity_min = quantity(listing.quantity_min);
  if (listing.quantity_max)
    result.quantity_max = quantity(*listing.quantity_max);
  if (listing.price_min)
    result.price_min = price(*listing.price_min);
  if (listing.price_max)
    result.price_max = price(*listing.price_max);
  if (listing.notional_min)
    result.notional_min = Decimal{static_cast<std::int64_t>(*listing.notional_min / value_one), 10};
  return std::make_shared<const Instrument>(std::move(result));
}

risk::Now World::now() const {
  return {MonoTime{std::chrono::nanoseconds{mono_}}, WallTime{std::chrono::nanoseconds{wall_}}};
}

orders::OrderIntent World::intent_of(const Ask& ask) const {
  orders::OrderIntent intent;
  intent.id = orders::ClientOrderId{ask.id};
  auto& draft = intent.draft;
  draft.instrument = key_of(ask.instrument);
  draft.side = ask.side > 0 ? orders::Side::buy : orders::Side::sell;
  draft.type = ask.market ? orders::OrderType::market : orders::OrderType::limit;
  draft.tif = ask.tif;
  draft.reduce_only = ask.reduce_only;
  const auto scale = scale_of(ask.instrument);
  int decimals = decimals_for(ask.price, 4, scale.price_decimals);
  decimals = std::max(decimals, decimals_for(ask.decided, 4, scale.price_decimals));
  draft.scale.price_decimals = static_cast<std::int8_t>(decimals);
  draft.price = {ask.price / pow10(4 - decimals)};
  draft.decided = {ask.decided / pow10(4 - decimals)};
  decimals = decimals_for(ask.quantity, 6, scale.quantity_decimals);
  draft.scale.quantity_decimals = static_cast<std::int8_t>(decimals);
  draft.quantity = {ask.quantity / pow10(6 - decimals)};
  if (!ask.sound)
    draft.scale.price_decimals = 19;
  auto& origin = draft.origin;
  if (ask.strategy == 1)
    origin.pair = PairId{strategy_name(1)};
  if (ask.strategy == 2)
    origin.plan = strategy_name(2);
  origin.purpose = ask.purpose;
  origin.execution = ask.execution;
  origin.person = ask.by_person ? "ann" : "";
  return intent;
}

risk::MarketFacts World::facts_of(const Ask& ask) const {
  risk::MarketFacts facts;
  facts.condition = ask.live ? market::BookCondition::live : market::BookCondition::stale;
  facts.received_at = MonoTime{std::chrono::nanoseconds{ask.received_at}};
  facts.scale = scale_of(ask.instrument);
  const auto price = [&](std::int64_t units) { return Price{units / ask.book_step}; };
  if (ask.bid)
    facts.bid = price(*ask.bid);
  if (ask.ask)
    facts.ask = price(*ask.ask);
  if (ask.listed)
    facts.instrument
        = instrument_of(ask.of_other ? (ask.instrument + 4) % 12 : ask.instrument, ask.listing);
  return facts;
}

// ---- both are asked

void World::submit(const std::vector<Ask>& asks) {
  std::vector<orders::OrderIntent> intents;
  std::vector<risk::MarketFacts> facts;
  for (const auto& ask : asks) {
    intents.push_back(intent_of(ask));
    facts.push_back(facts_of(ask));
  }
  const auto judged = gate_->approve(intents, facts, now());
  const auto verdict = model_.judge(asks, mono_, wall_);
  score_.asked += asks.size();
  (judged ? score_.passed : score_.refused) += asks.size();
  if (judged)
    for (std::size_t n = 0; n < asks.size(); ++n)
      live_.push_back({orders::Order{intents[n]}, facts[n].instrument});
  else
    ++score_.by_rule[static_cast<std::size_t>(judged.error().rule)];
  if (judged && verdict)
    ++score_.accepted_above;
  if (!judged && !verdict)
    ++score_.refused_below;
  const bool same = judged ? !verdict
                           : verdict && verdict->rule == judged.error().rule
                                 && verdict->which == judged.error().draft;
  if (!judged && verdict && !same)
    ++score_.named_otherwise;
  INFO("the model says " << (verdict ? to_string(verdict->rule) : "pass") << ", the gate "
                         << (judged ? "pass" : to_string(judged.error().rule)));
  REQUIRE(same);
}

void World::compare_sums() {
  const auto view = gate_->exposure(now());
  const auto sums = model_.sums();
  Wide day = 0, realised = 0;
  std::size_t unknown = 0;
  for (std::size_t n = 0; n < strategy_count; ++n) {
    day += sums.day[n] + sums.in_flight[n];
    realised += sums.realised[n];
    unknown += sums.unknown[n];
  }
  score_.unknown_seen += unknown;
  ++score_.counted_otherwise; // until the end
  REQUIRE(view.open_orders == sums.open);
  REQUIRE(view.unknown_orders == unknown);
  REQUIRE(to_string(view.day_notional) == to_string(money_of(day)));
  REQUIRE(to_string(view.day_realised) == to_string(money_of(realised)));
  std::size_t rows = 0;
  for (int n = 0; n < instrument_count; ++n) {
    const auto& ours = sums.all[at(n)];
    const auto row = std::ranges::find(view.positions, key_of(n),
                                       &risk::ExposureView::PositionRow::instrument);
    const bool shown = row != view.positions.end();
    rows += shown ? 1 : 0;
    const auto its = shown ? *row : risk::ExposureView::PositionRow{};
    const auto agrees = [](Money its_sum, Wide our_sum) {
      REQUIRE(to_string(its_sum) == to_string(money_of(our_sum * base_one)));
    };
    agrees(its.quantity, ours.position);
    agrees(its.in_flight_buy, ours.buying);
    agrees(its.in_flight_sell, ours.selling);
  }
  REQUIRE(rows == view.positions.size());
  --score_.counted_otherwise;
}

void World::step() {
  change_obstacles();
  change_facts();
  std::vector<Ask> asks{draw()};
  if (dice_.once_in(4)) { // the other leg, judged with the first one counted
    asks.push_back(draw());
    if (dice_.once_in(8))
      asks.back() = asks.front(); // or the same again
    if (dice_.once_in(2))
      asks.back().id = "order" + std::to_string(++made_);
  }
  if (dice_.once_in(50) && !live_.empty() && !live_.back().order.settled())
    asks.front().id = live_.back().order.id().text();
  submit(asks);
  compare_sums();
  for (auto more = dice_.below(6); more > 0; --more)
    news();
  pass_time();
}

void World::burst(int orders) {
  for (int n = 0; n < orders; ++n) {
    auto ask = draw();
    submit({ask});
  }
  compare_sums();
}

} // namespace tandem::tests::limits
