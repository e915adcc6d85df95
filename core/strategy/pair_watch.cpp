#include "core/strategy/pair_watch.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::strategy {
namespace {

using market::BookCondition;
using market::DepthView;

/// Nullopt when the leg may be traded on, else why not.
std::optional<BookCondition> problem_of(const DepthView& leg, std::chrono::milliseconds age_max,
                                        MonoTime now) {
  if (leg.condition != BookCondition::live)
    return leg.condition;
  if (!leg.instrument || leg.instrument->status != InstrumentStatus::trading)
    return BookCondition::down;
  if (now - leg.received_at > age_max)
    return BookCondition::stale;
  return std::nullopt;
}

bool allowed(DirectionRule rule, Direction direction) {
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

/// How far two displayed percents are apart, compared exactly.
bool apart_by(const Decimal& a, const Decimal& b, const Decimal& least) {
  constexpr int decimals = 8; // what the percents and the checked option have at most
  const auto x = a.at_scale(decimals);
  const auto y = b.at_scale(decimals);
  const auto limit = least.at_scale(decimals);
  if (!x || !y || !limit)
    return true;
  const Int128 distance = static_cast<Int128>(*x) - *y;
  return (distance < 0 ? -distance : distance) >= *limit;
}

/// Two quantities at scales that may differ.
bool same_quantity(const Spread& a, const Spread& b) {
  return Decimal{a.quantity.units, a.scale.quantity_decimals}
         == Decimal{b.quantity.units, b.scale.quantity_decimals};
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

PairWatch::PairWatch(PairConfig config, SpreadFees fees) : config_{std::move(config)}, fees_{fees} {
  state_ = config_.enabled ? PairState::waiting : PairState::disabled;
}

PairEvents PairWatch::evaluate(const DepthView& leg1, const DepthView& leg2, MonoTime now) {
  PairEvents events;
  ++counters_.evaluations;
  for (const auto* leg : {&leg1, &leg2})
    if (leg->condition == BookCondition::live)
      venue_time_ = std::max(venue_time_, leg->venue_time);
  const std::array problems{problem_of(leg1, config_.options.book_age_max, now),
                            problem_of(leg2, config_.options.book_age_max, now)};
  if (problems[0] || problems[1]) {
    spreads_ = {};
    on_untrusted(leg1, leg2, problems, now, events);
    return events;
  }
  measure(leg1, leg2);
  if (state_ == PairState::disabled)
    return events;
  if (state_ == PairState::paused && !fresh(leg1, leg2))
    return events;
  if (state_ == PairState::paused)
    events.pause = PauseEvent{false, *std::exchange(pause_, std::nullopt)};
  if (state_ == PairState::paused || state_ == PairState::waiting)
    state_ = PairState::watching;
  judge(now, events);
  return events;
}

void PairWatch::on_untrusted(const DepthView& leg1, const DepthView& leg2,
                             const std::array<std::optional<BookCondition>, 2>& problems,
                             MonoTime now, PairEvents& events) {
  const std::array versions{leg1.version, leg2.version};
  if (state_ == PairState::paused) {
    for (std::size_t i = 0; i < 2; ++i)
      if (problems[i])
        bad_version_[i] = versions[i];
    return;
  }
  if (state_ != PairState::watching && state_ != PairState::open)
    return;
  end_open(now, events);
  state_ = PairState::paused;
  ++counters_.pauses;
  for (std::size_t i = 0; i < 2; ++i)
    bad_version_[i] = problems[i] ? std::optional{versions[i]} : std::nullopt;
  pause_ = PairPause{problems[0] ? *problems[0] : *problems[1], problems[0] ? 1 : 2};
  events.pause = PauseEvent{true, *pause_};
}

bool PairWatch::fresh(const DepthView& leg1, const DepthView& leg2) const noexcept {
  // A leg that was fine all along counts as fresh: its symbol may just be quiet.
  return (!bad_version_[0] || leg1.version > *bad_version_[0])
         && (!bad_version_[1] || leg2.version > *bad_version_[1]);
}

void PairWatch::measure(const DepthView& leg1, const DepthView& leg2) {
  spreads_ = {};
  for (const auto direction : {Direction::leg1_buy_leg2_sell, Direction::leg1_sell_leg2_buy}) {
    const auto wanted = affordable(direction, leg1, leg2);
    if (!wanted)
      continue;
    const auto quantity = executable_quantity(*wanted, leg1, leg2);
    if (!quantity)
      continue;
    auto spread = executable_spread(direction, leg1, leg2, *quantity, fees_);
    if (!spread)
      ++counters_.too_thin;
    spreads_[static_cast<std::size_t>(direction)] = spread;
  }
}

std::optional<Decimal> PairWatch::affordable(Direction direction, const DepthView& leg1,
                                             const DepthView& leg2) const {
  if (config_.total_amount.is_zero())
    return config_.quantity;
  const auto& buyer = direction == Direction::leg1_buy_leg2_sell ? leg1 : leg2;
  if (buyer.asks().empty())
    return config_.quantity;
  constexpr int decimals = 12; // what a checked amount has at most
  const auto total = config_.total_amount.at_scale(decimals);
  const auto executed = executed_.at_scale(decimals);
  if (!total || !executed || *executed >= *total)
    return std::nullopt;
  const int quantity_decimals = buyer.scale.quantity_decimals;
  const Int128 remaining = static_cast<Int128>(*total - *executed) * pow10(quantity_decimals)
                           / pow10(decimals) * pow10(buyer.scale.price_decimals);
  const Int128 units = remaining / buyer.asks().front().price.units;
  if (units <= 0)
    return std::nullopt;
  constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
  const Decimal cap{static_cast<std::int64_t>(std::min(units, limit)), quantity_decimals};
  return std::min(cap, config_.quantity);
}

void PairWatch::judge(MonoTime now, PairEvents& events) {
  const Spread* best = nullptr;
  for (const auto& spread : spreads_) {
    if (!spread || !allowed(config_.direction, spread->direction)
        || !spread->net_at_least(config_.threshold))
      continue;
    if (best == nullptr || spread->net_percent() > best->net_percent())
      best = &*spread;
  }
  if (open_ && (best == nullptr || best->direction != open_->spread.direction))
    end_open(now, events);
  if (best == nullptr)
    return;
  const auto percent = best->net_percent();
  if (!open_) {
    state_ = PairState::open;
    ++counters_.opportunities;
    opened_at_ = now;
    opened_venue_time_ = venue_time_;
    open_ = OpportunityEvent{.number = counters_.opportunities,
                             .phase = OpportunityPhase::opened,
                             .spread = *best,
                             .net_percent_best = percent,
                             .venue_time = venue_time_,
                             .decided_at = now};
    published_percent_ = percent;
    published_ = *best;
    events.opened_or_changed = open_;
    return;
  }
  open_->spread = *best;
  open_->net_percent_best = std::max(open_->net_percent_best, percent);
  if (same_quantity(published_, *best)
      && !apart_by(percent, published_percent_, config_.options.change_percent))
    return;
  published_percent_ = percent;
  published_ = *best;
  stamp(*open_, OpportunityPhase::changed, now);
  events.opened_or_changed = open_;
}

void PairWatch::end_open(MonoTime now, PairEvents& events) {
  if (!open_)
    return;
  stamp(*open_, OpportunityPhase::ended, now);
  events.ended = std::exchange(open_, std::nullopt);
  state_ = PairState::watching;
}

void PairWatch::stamp(OpportunityEvent& event, OpportunityPhase phase, MonoTime now) const {
  event.phase = phase;
  event.venue_time = venue_time_;
  event.decided_at = now;
  event.lifetime = now - opened_at_;
  event.venue_lifetime = std::chrono::milliseconds{venue_time_ - opened_venue_time_};
}

PairEvents PairWatch::set_enabled(bool enabled, MonoTime now) {
  PairEvents events;
  config_.enabled = enabled;
  if (!enabled) {
    end_open(now, events);
    state_ = PairState::disabled;
    pause_.reset();
  } else if (state_ == PairState::disabled) {
    state_ = PairState::waiting;
  }
  return events;
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
