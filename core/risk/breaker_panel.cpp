#include "core/risk/breaker_panel.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

BreakerAction judge(Breaker& breaker, const BreakerNews& news, MonoTime now, WallTime wall) {
  using Kind = BreakerNews::Kind;
  switch (news.kind) {
  case Kind::trade:
    return breaker.on_trade(news.succeeded, now, wall);
  case Kind::request:
    return breaker.on_request(news.succeeded, now, wall);
  case Kind::profit:
    return breaker.on_profit(news.profit, now, wall);
  case Kind::round_trip:
    return breaker.on_round_trip(news.took, now, wall);
  case Kind::stale:
    return breaker.on_stale(now, wall);
  case Kind::orders:
    return breaker.on_orders(news.count, now, wall);
  case Kind::difference:
    return breaker.on_difference(news.count, now, wall);
  }
  return BreakerAction::none;
}

} // namespace

std::string breaker_of(const VenueId& venue) {
  return "venue." + venue.text();
}

std::string breaker_of(const PairId& pair) {
  return "pair." + pair.text();
}

std::vector<std::string> breakers_of(const VenueId& venue) {
  return {std::string{global_breaker}, breaker_of(venue)};
}

BreakerSeat::BreakerSeat(Breaker::Saved saved) : taken_{std::move(saved)} {}

void BreakerSeat::note(BreakerAction action) {
  if (action != BreakerAction::none)
    action_ = action;
}

void BreakerSeat::sit(const BreakerLimits& limits, MonoTime now, Wake wake) {
  const std::lock_guard lock{mutex_};
  wake_ = std::move(wake);
  woken_ = true; // takes its first verdict unasked
  last_ = std::max(last_, now);
  if (!breaker_) {
    breaker_.emplace(limits);
    note(breaker_->restore(taken_, now));
  } else if (breaker_->state() == BreakerState::open) {
    note(BreakerAction::pause);
  }
}

void BreakerSeat::tell(const BreakerNews& news, MonoTime now, WallTime wall) {
  Wake wake;
  {
    const std::lock_guard lock{mutex_};
    if (!breaker_)
      return;
    last_ = std::max(last_, now);
    note(judge(*breaker_, news, last_, wall));
    const bool something = action_ != BreakerAction::none || breaker_->saved() != taken_;
    if (something && !std::exchange(woken_, true))
      wake = wake_;
  }
  if (wake)
    wake();
}

void BreakerSeat::change(const std::function<BreakerAction(Breaker&)>& how) {
  const std::lock_guard lock{mutex_};
  TANDEM_ENSURE(breaker_.has_value());
  note(how(*breaker_));
}

BreakerVerdict BreakerSeat::take() {
  const std::lock_guard lock{mutex_};
  woken_ = false;
  BreakerVerdict verdict{std::exchange(action_, BreakerAction::none),
                         breaker_ ? breaker_->saved() : taken_, false};
  verdict.changed = verdict.saved != taken_;
  taken_ = verdict.saved;
  return verdict;
}

std::shared_ptr<BreakerSeat> BreakerPanel::seat(const std::string& breaker) {
  const std::lock_guard lock{mutex_};
  auto& seat = seats_[breaker];
  if (!seat)
    seat = std::make_shared<BreakerSeat>();
  return seat;
}

void BreakerPanel::restore(const std::string& breaker, const Breaker::Saved& saved) {
  const std::lock_guard lock{mutex_};
  seats_[breaker] = std::make_shared<BreakerSeat>(saved);
}

void BreakerPanel::tell(const std::vector<std::string>& breakers, const BreakerNews& news,
                        MonoTime now, WallTime wall) {
  for (const auto& name : breakers) {
    std::shared_ptr<BreakerSeat> seat;
    {
      const std::lock_guard lock{mutex_};
      if (const auto found = seats_.find(name); found != seats_.end())
        seat = found->second;
    }
    if (seat)
      seat->tell(news, now, wall);
  }
}

void BreakerPanel::order_left(const VenueId& venue, const PairId& pair, MonoTime now,
                              WallTime wall) {
  auto breakers = breakers_of(venue);
  if (!pair.empty())
    breakers.push_back(breaker_of(pair));
  tell(breakers, {.kind = BreakerNews::Kind::orders, .count = 1}, now, wall);
}

} // namespace tandem::core::risk
