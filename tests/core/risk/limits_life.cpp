// What happens to orders, facts and time between two questions to the gate.
#include "tests/core/risk/limits_world.hpp"

#include <chrono>

namespace tandem::tests::limits {
namespace {

using namespace tandem::core;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

} // namespace

void World::set_market(int venue, bool linear) {
  const auto& ours = model_.markets[at(venue)][linear ? 1 : 0];
  risk::MarketStatus status;
  status.open = ours.open;
  status.reason = ours.open ? "" : "reconciling";
  status.account = venue_name(venue);
  status.clock_offset = std::chrono::milliseconds{ours.clock_offset / 1'000'000};
  for (const int base : ours.allowed)
    status.allowed.insert(Symbol{asset_name(base) + "USDT"});
  gate_->set_market({VenueId{venue_name(venue)}, linear ? MarketType::linear : MarketType::spot},
                    status);
}

/// Whatever stands in the way does so for a while.
void World::change_obstacles() {
  const auto flips = [&](bool stands) { return dice_.once_in(stands ? 3 : 150); };
  const int venue = static_cast<int>(dice_.below(2));
  const int strategy = static_cast<int>(dice_.between(1, 2));
  const bool linear = dice_.once_in(2);
  auto& market = model_.markets[at(venue)][linear ? 1 : 0];
  if (flips(model_.journal_down))
    gate_->set_journal_down(model_.journal_down = !model_.journal_down);
  if (flips(!market.open))
    market.open = !market.open;
  if (flips(!market.allowed.empty()))
    market.allowed = market.allowed.empty() ? std::set{1} : std::set<int>{};
  if (flips(market.clock_offset != 0)) {
    const auto offset = (dice_.once_in(2) ? 1 : -1) * dice_.between(499, 501) * 1'000'000;
    market.clock_offset = market.clock_offset != 0 ? 0 : offset;
  }
  set_market(venue, linear);
  if (flips(model_.all_paused)) {
    model_.all_paused = !model_.all_paused;
    gate_->set_scope_pause(KillLevel::all, "", "breaker.global", model_.all_paused ? "loss" : "");
  }
  if (auto& paused = model_.venue_paused[at(venue)]; flips(paused)) {
    paused = !paused;
    gate_->set_scope_pause(KillLevel::venue, venue_name(venue), "breaker", paused ? "errors" : "");
  }
  if (auto& paused = model_.paused[at(strategy)]; flips(paused)) {
    paused = !paused;
    gate_->set_pause(strategy_name(strategy), "person", paused ? "lunch" : "");
  }
  if (flips(!model_.kills.empty()))
    change_kills();
}

void World::change_kills() {
  auto& switches = gate_->kills();
  if (!model_.kills.empty()) {
    model_.kills.clear();
    while (!switches.thrown().empty()) {
      const auto thrown = switches.thrown().front();
      switches.release(thrown.level, thrown.scope);
    }
    return;
  }
  for (auto more = dice_.between(1, 2); more > 0; --more) {
    Kill kill;
    kill.level = static_cast<KillLevel>(dice_.below(3));
    kill.scope = static_cast<int>(dice_.between(0, 1));
    kill.flatten = !dice_.once_in(3);
    risk::KillOrder order;
    order.level = kill.level;
    if (kill.level == KillLevel::strategy)
      order.scope = strategy_name(++kill.scope);
    else if (kill.level == KillLevel::venue)
      order.scope = venue_name(kill.scope);
    order.flatten = kill.flatten;
    order.person = "ann";
    if (switches.kill(order))
      model_.kills.push_back(kill);
  }
}

void World::change_facts() {
  if (dice_.once_in(30)) {
    const int strategy = static_cast<int>(dice_.between(1, 2));
    gate_->reset_executions(strategy_name(strategy));
    model_.reset_executions(strategy);
  }
  if (dice_.once_in(15))
    draw_strategies();
  if (dice_.once_in(10)) {
    const int venue = static_cast<int>(dice_.below(2));
    const int asset = static_cast<int>(dice_.below(asset_count));
    const Wide free = Wide{dice_.between(1, 40)} * (asset == 0 ? 50 * sum_one : sum_one / 2);
    model_.report(venue, asset, free);
    gate_->set_balance(venue_name(venue), asset_name(asset), money_of(free));
  }
  if (dice_.once_in(60)) {
    const int where = static_cast<int>(dice_.below(instrument_count));
    const auto quantity = dice_.between(-30, 30) * quantity_one / 10;
    model_.restate(where, quantity);
    gate_->restate_position(key_of(where), money_of(quantity * base_one));
  }
  for (int where = 0; where < 8; ++where) {
    Ask seen;
    seen.instrument = where;
    draw_book(seen);
    gate_->observe_mid(key_of(where), facts_of(seen), now().mono);
    model_.observe(seen, mono_);
  }
  if (dice_.once_in(60))
    restore_order();
}

void World::pass_time() {
  std::int64_t step = 0;
  switch (dice_.below(16)) {
  case 0:
    step = 50'000'000 - dice_.below(2);
    break;
  case 1:
    step = second - dice_.below(2);
    break;
  case 2:
    step = 60 * second;
    break;
  case 3:
    step = dice_.once_in(8) ? dice_.below(12) * 3'600 * second : 0;
    break;
  case 4:
  case 5:
  case 6:
  case 7:
    step = dice_.below(60'000'000);
    break;
  case 8:
  case 9:
    step = dice_.below(second);
    break;
  default:
    break;
  }
  mono_ += step;
  wall_ += step;
  if (dice_.once_in(200))
    wall_ += dice_.between(-2, 2) * 3'600 * second; // the wall clock is set
}

/// An order of an earlier run, or one found at the venue: counted without being asked for.
void World::restore_order() {
  auto ask = draw();
  if (ask.quantity <= 0 || ask.price <= 0 || !ask.sound || venue_of(ask.instrument) == 2)
    return;
  ask.purpose = ask.strategy == 0 ? OrderPurpose::manual : ask.purpose;
  const auto index = model_.restore(ask);
  live_.push_back({orders::Order{intent_of(ask)}, instrument_of(ask.instrument, ask.listing)});
  auto& order = live_.back().order;
  order.on_sent(now().mono);
  const auto change = order.on_no_answer({Errc::timed_out, "the engine was restarted", {}});
  model_.hear(index, [](Told& told) { told.silent = true; });
  tell(index, change);
}

// ---- the venue's words

void World::tell(std::size_t index, const orders::OrderChange& change) {
  if (change.news || change.state_changed || change.filled_more)
    gate_->on_order(live_[index].order);
}

void World::news() {
  if (live_.empty())
    return;
  // The latest ones mostly; those that are over now and then.
  const auto back
      = dice_.once_in(4)
            ? dice_.below(static_cast<std::int64_t>(live_.size()))
            : dice_.below(std::min<std::int64_t>(12, static_cast<std::int64_t>(live_.size())));
  const auto index = live_.size() - 1 - static_cast<std::size_t>(back);
  if (!model_.orders()[index].settled())
    venue_says(index);
  else if (dice_.once_in(15))
    late_news(index);
}

void World::late_news(std::size_t index) {
  const auto& told = model_.orders()[index];
  const auto left = told.size - told.filled;
  if (!told.sent)
    return;
  switch (dice_.below(3)) {
  case 0:
    if (left > 0) {
      ++score_.late_fills;
      fill(index, dice_.once_in(2) ? left : std::max<std::int64_t>(1, left / 2));
    }
    break;
  case 1:
    report(index, static_cast<VenueStatus>(dice_.below(5)));
    break;
  default:
    tell(index, live_[index].order.on_accepted("v", 1));
    model_.hear(index, [](Told& order) {
      order.accepted = true;
      if (order.decided == VenueStatus::rejected)
        order.decided.reset();
    });
  }
}

void World::venue_says(std::size_t index) {
  auto& order = live_[index].order;
  const auto& told = model_.orders()[index];
  if (!told.sent && !dice_.once_in(20)) {
    tell(index, order.on_sent(now().mono));
    model_.hear(index, [](Told& of) { of.sent = true; });
    return;
  }
  const auto step = std::max<std::int64_t>(1, told.size / 4);
  const auto left = std::max<std::int64_t>(1, told.size - told.filled);
  switch (told.sent ? dice_.below(16) : 9) {
  case 0:
  case 1:
  case 2:
    tell(index, order.on_accepted("v" + std::to_string(index), 1));
    model_.hear(index, [](Told& of) {
      of.accepted = true;
      if (of.decided == VenueStatus::rejected)
        of.decided.reset();
    });
    break;
  case 3:
  case 4:
    tell(index, order.on_no_answer({Errc::timed_out, "no answer", {}}));
    model_.hear(index, [](Told& of) { of.silent = true; });
    break;
  case 5:
  case 6:
    fill(index, std::min(step, left));
    break;
  case 7:
  case 8:
    fill(index, left);
    break;
  case 9:
    tell(index, order.on_refused({Errc::upstream_error, "no", {}}));
    model_.hear(index, [](Told& of) { of.refused = true; });
    break;
  case 10:
    report(index, VenueStatus::open);
    break;
  case 11:
    report(index, VenueStatus::cancelled);
    break;
  case 12:
    report(index, VenueStatus::expired);
    break;
  case 13:
    report(index, dice_.once_in(3) ? VenueStatus::rejected : VenueStatus::filled);
    break;
  case 14: {
    using namespace std::chrono_literals;
    for (const auto after : {12'000ms, 17'000ms})
      tell(index, order.on_not_found(order.sent_at() + after, {}));
    model_.hear(index, [](Told& of) { of.missing = of.missing || !of.known(); });
    break;
  }
  default: {
    const auto status = static_cast<VenueStatus>(dice_.between(1, 4));
    tell(index, order.on_decided(status, "ann"));
    model_.hear(index, [&](Told& of) {
      if (!of.settled())
        of.decided = status;
    });
  }
  }
}

void World::report(std::size_t index, VenueStatus status) {
  const auto& told = model_.orders()[index];
  auto cumulative = told.filled;
  if (dice_.once_in(2) && told.size > told.filled)
    cumulative += dice_.between(0, told.size - told.filled);
  auto& order = live_[index].order;
  const auto scale = order.intent().draft.scale;
  const auto grain = pow10(6 - scale.quantity_decimals);
  cumulative = cumulative / grain * grain;
  orders::VenueReport said;
  said.venue_order_id = "v" + std::to_string(index);
  said.status = status;
  said.cumulative = Quantity{cumulative / grain};
  tell(index, order.on_report(said));
  model_.hear(index, [&](Told& of) {
    of.accepted = of.accepted || status != VenueStatus::rejected;
    of.reported = std::max({of.reported, cumulative, status == VenueStatus::filled ? of.size : 0});
    if (status == VenueStatus::open)
      of.decided.reset();
    else if (!of.ended || status < *of.ended)
      of.ended = status;
  });
}

void World::fill(std::size_t index, std::int64_t quantity) {
  auto& [order, listed] = live_[index];
  const auto& told = model_.orders()[index];
  const auto& draft = order.intent().draft;
  const auto grain = pow10(6 - draft.scale.quantity_decimals);
  Traded traded;
  traded.quantity = std::max(grain, quantity / grain * grain);
  traded.price = told.ask.price;
  if (!round_ || dice_.once_in(20)) // at its limit, better, or worse where it was a market order
    traded.price = std::max<std::int64_t>(
        told.ask.book_step, traded.price + dice_.between(-30, 30) * told.ask.book_step);
  const bool spot = !is_linear(told.ask.instrument);
  const auto value = Wide{traded.price} * traded.quantity * value_one;
  traded.fee_in = static_cast<FeeIn>(dice_.below(3));
  if ((!spot || round_) && traded.fee_in == FeeIn::base)
    traded.fee_in = FeeIn::quote;
  traded.fee = traded.fee_in == FeeIn::base ? Wide{traded.quantity / 1'000} * base_one
                                            : value / 1'000 * dice_.between(-1, 2);
  orders::Fill said;
  said.trade_id = "t" + std::to_string(trades_ += dice_.once_in(20) ? 0 : 1);
  said.price = {traded.price / pow10(4 - draft.scale.price_decimals)};
  said.quantity = {traded.quantity / grain};
  said.fee = money_of(traded.fee);
  said.fee_asset = traded.fee_in == FeeIn::quote  ? "USDT"
                   : traded.fee_in == FeeIn::base ? asset_name(base_of(told.ask.instrument))
                                                  : "BNB";
  std::int64_t stamp = 0;
  if (dice_.once_in(2))
    stamp = (wall_ - dice_.below(3) * 8 * 3'600 * second) / 1'000'000 * 1'000'000;
  said.venue_time = stamp / 1'000'000;
  const auto change = order.on_fill(said);
  if (change.filled_more)
    gate_->on_fill(order.intent(), said, listed, now());
  const bool counted = model_.fill(index, said.trade_id, traded, wall_, stamp);
  REQUIRE(counted == change.filled_more);
  tell(index, change);
}

} // namespace tandem::tests::limits
