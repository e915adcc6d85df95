#include "core/strategy/pair_watch.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::strategy {
namespace {

using market::BookCondition;
using market::DepthView;

/// Nullopt when the leg is good, else why not.
std::optional<BookCondition> problem_of(const DepthView& leg, const DepthView& other,
                                        std::chrono::milliseconds age_max, MonoTime now) noexcept {
  if (leg.condition != BookCondition::live)
    return leg.condition;
  if (!leg.instrument || leg.instrument->status != InstrumentStatus::trading)
    return BookCondition::down;
  if (now - leg.received_at > age_max)
    return BookCondition::stale;
  // By the venues' stamps too: a book that arrived just now may still be old, and a replay runs
  // faster than the local clock.
  const bool stamped = leg.venue_time != 0 && other.venue_time != 0;
  UnixMillis lag = 0;
  if (stamped && other.condition == BookCondition::live && other.venue_time > leg.venue_time
      && (__builtin_sub_overflow(other.venue_time, leg.venue_time, &lag) || lag > age_max.count()))
    return BookCondition::stale;
  return std::nullopt;
}

bool allowed(DirectionRule rule, Direction direction) noexcept {
  switch (rule) {
  case DirectionRule::automatic:
    return true;
  case DirectionRule::leg1_buy_leg2_sell:
    return direction == Direction::leg1_buy_leg2_sell;
  case DirectionRule::leg1_sell_leg2_buy:
    return direction == Direction::leg1_sell_leg2_buy;
  }
  return false;
}

Int128 at_finest(const Decimal& value) noexcept {
  return static_cast<Int128>(value.mantissa()) * pow10(decimals_max - value.decimals());
}

bool apart_by(const Decimal& a, const Decimal& b, const Decimal& least) noexcept {
  const Int128 distance = at_finest(a) - at_finest(b);
  return (distance < 0 ? -distance : distance) >= at_finest(least);
}

/// Two sizes at scales that may differ: a book can be refined in between.
bool same_quantity(const Spread& a, const Spread& b) noexcept {
  return static_cast<Int128>(a.quantity.units) * pow10(b.scale.quantity_decimals)
         == static_cast<Int128>(b.quantity.units) * pow10(a.scale.quantity_decimals);
}

std::chrono::milliseconds between(UnixMillis from, UnixMillis to) noexcept {
  UnixMillis passed = 0;
  const bool fits = from != 0 && to >= from && !__builtin_sub_overflow(to, from, &passed);
  return std::chrono::milliseconds{fits ? passed : 0};
}

} // namespace

std::string_view to_string(PairState state) noexcept {
  switch (state) {
  case PairState::disabled:
    return "disabled";
  case PairState::waiting:
    return "waiting";
  case PairState::watching:
    return "watching";
  case PairState::open:
    return "open";
  case PairState::paused:
    return "paused";
  }
  return "disabled";
}

std::string_view to_string(OpportunityPhase phase) noexcept {
  switch (phase) {
  case OpportunityPhase::opened:
    return "opened";
  case OpportunityPhase::changed:
    return "changed";
  case OpportunityPhase::ended:
    return "ended";
  }
  return "ended";
}

PairWatch::PairWatch(PairConfig config, SpreadFees fees)
    : config_{std::move(config)}, fees_{fees},
      state_{config_.enabled ? PairState::waiting : PairState::disabled} {}

PairEvents PairWatch::evaluate(const DepthView& leg1, const DepthView& leg2, MonoTime now) {
  PairEvents events;
  ++counters_.evaluations;
  const Legs legs{&leg1, &leg2};
  const auto age_max = config_.options.book_age_max;
  const Problems problems{problem_of(leg1, leg2, age_max, now),
                          problem_of(leg2, leg1, age_max, now)};
  const bool good = !problems[0] && !problems[1];
  if (state_ == PairState::paused)
    follow_pause(legs, problems, now);
  if (!good && (state_ == PairState::watching || state_ == PairState::open))
    begin_pause(legs, problems, now, events);
  if (!good || (state_ == PairState::paused && !fresh(legs))) {
    spreads_ = {};
    return events;
  }
  venue_time_ = std::max(leg1.venue_time, leg2.venue_time);
  measure(legs);
  if (state_ == PairState::disabled)
    return events;
  if (state_ == PairState::paused)
    events.pause = PauseEvent{.paused = false, .why = *std::exchange(pause_, std::nullopt)};
  if (state_ != PairState::open)
    state_ = PairState::watching;
  judge(now, events);
  return events;
}

void PairWatch::begin_pause(const Legs& legs, const Problems& problems, MonoTime now,
                            PairEvents& events) {
  end_open(now, events);
  state_ = PairState::paused;
  ++counters_.pauses;
  pause_ = problems[0] ? PairPause{.reason = *problems[0], .leg = 1}
                       : PairPause{.reason = *problems[1], .leg = 2};
  events.pause = PauseEvent{.paused = true, .why = *pause_};
  for (std::size_t i = 0; i < legs.size(); ++i)
    leg_pauses_[i] = {.since = now, .version = legs[i]->version, .generation = legs[i]->generation};
  follow_pause(legs, problems, now);
}

void PairWatch::follow_pause(const Legs& legs, const Problems& problems, MonoTime now) {
  for (std::size_t i = 0; i < legs.size(); ++i) {
    auto& leg = leg_pauses_[i];
    const bool good = !problems[i];
    if (!good) {
      if (leg.good)
        leg.since = now;
      leg.lost = true;
      leg.version = legs[i]->version;
    }
    leg.good = good;
  }
  const std::size_t named = pause_->leg == 1 ? 0 : 1;
  const std::size_t other = 1 - named;
  if (!problems[named] && problems[other])
    pause_ = PairPause{.reason = *problems[other], .leg = static_cast<int>(other) + 1};
}

bool PairWatch::fresh(const Legs& legs) const noexcept {
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const auto& leg = leg_pauses_[i];
    const auto& view = *legs[i];
    const bool never_in_doubt = !leg.lost && view.generation == leg.generation;
    if (!never_in_doubt && (view.received_at <= leg.since || view.version == leg.version))
      return false;
  }
  return true;
}

void PairWatch::measure(const Legs& legs) {
  const auto& [leg1, leg2] = legs;
  bool thin = false;
  for (const auto direction : {Direction::leg1_buy_leg2_sell, Direction::leg1_sell_leg2_buy}) {
    auto& spread = spreads_[static_cast<std::size_t>(direction)];
    spread.reset();
    const auto& buyer = direction == Direction::leg1_buy_leg2_sell ? *leg1 : *leg2;
    const auto wanted = within_total(config_.quantity, config_.total_amount, executed_, buyer);
    const auto quantity = executable_quantity(wanted, *leg1, *leg2);
    if (!quantity)
      continue;
    spread = executable_spread(direction, *leg1, *leg2, *quantity, fees_, config_.options.levels);
    thin = thin || !spread;
  }
  counters_.too_thin += thin ? 1 : 0;
}

/// The paying way, or null. Between equals the open one stays.
const Spread* PairWatch::best_way() const noexcept {
  const Spread* best = nullptr;
  for (const auto& spread : spreads_) {
    if (!spread || !allowed(config_.direction, spread->direction)
        || !spread->net_at_least(config_.threshold))
      continue;
    const auto order
        = best == nullptr ? std::strong_ordering::greater : compare_net(*spread, *best);
    if (order > 0 || (order == 0 && open_ && open_->spread.direction == spread->direction))
      best = &*spread;
  }
  return best;
}

void PairWatch::judge(MonoTime now, PairEvents& events) {
  const auto* const best = best_way();
  if (open_ && (best == nullptr || best->direction != open_->spread.direction)) {
    if (const auto& last = spreads_[static_cast<std::size_t>(open_->spread.direction)])
      open_->spread = *last;
    end_open(now, events);
  }
  if (best == nullptr)
    return;
  if (open_)
    keep_open(*best, now, events);
  else
    open(*best, now, events);
}

void PairWatch::open(const Spread& spread, MonoTime now, PairEvents& events) {
  state_ = PairState::open;
  opened_at_ = now;
  opened_venue_time_ = venue_time_;
  published_ = spread;
  published_percent_ = spread.net_percent();
  ++counters_.opportunities;
  open_ = OpportunityEvent{.number = ++last_number_,
                           .spread = spread,
                           .net_percent_best = published_percent_,
                           .venue_time = venue_time_,
                           .decided_at = now};
  events.opened_or_changed = open_;
}

/// Still there: remembered, and published when it changed materially.
void PairWatch::keep_open(const Spread& spread, MonoTime now, PairEvents& events) {
  const auto percent = spread.net_percent();
  open_->spread = spread;
  open_->net_percent_best = std::max(open_->net_percent_best, percent);
  if (same_quantity(published_, spread)
      && !apart_by(percent, published_percent_, config_.options.change_percent))
    return;
  published_ = spread;
  published_percent_ = percent;
  open_->phase = OpportunityPhase::changed;
  open_->venue_time = venue_time_;
  open_->decided_at = now;
  events.opened_or_changed = open_;
}

void PairWatch::end_open(MonoTime now, PairEvents& events) {
  if (!open_)
    return;
  state_ = PairState::watching;
  events.ended = std::exchange(open_, std::nullopt);
  events.ended->phase = OpportunityPhase::ended;
  events.ended->venue_time = venue_time_;
  events.ended->decided_at = now;
  events.ended->lifetime = now - opened_at_;
  events.ended->venue_lifetime = between(opened_venue_time_, venue_time_);
}

PairEvents PairWatch::set_enabled(bool enabled, MonoTime now) {
  PairEvents events;
  config_.enabled = enabled;
  if (!enabled) {
    end_open(now, events);
    pause_.reset();
    state_ = PairState::disabled;
  } else if (state_ == PairState::disabled) {
    state_ = PairState::waiting;
  }
  return events;
}

void PairWatch::set_account_fees(std::optional<FeeRate> leg1,
                                 std::optional<FeeRate> leg2) noexcept {
  if (leg1 && !config_.options.leg1_fee)
    fees_.leg1 = *leg1;
  if (leg2 && !config_.options.leg2_fee)
    fees_.leg2 = *leg2;
}

PairState PairWatch::state() const noexcept {
  return state_;
}

std::optional<PairPause> PairWatch::pause() const noexcept {
  return pause_;
}

const PairCounters& PairWatch::counters() const noexcept {
  return counters_;
}

const std::array<std::optional<Spread>, 2>& PairWatch::spreads() const noexcept {
  return spreads_;
}

} // namespace tandem::core::strategy
