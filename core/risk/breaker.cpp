#include "core/risk/breaker.hpp"

#include "core/types/decimal.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

std::string two_numbers(const std::string& value, const std::string& limit, const char* what) {
  return value + " " + what + ", limit " + limit;
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
  constexpr int decimals = 6;
  return format_scaled(time.count(), decimals) + " ms";
}

bool is_set(const std::optional<Money>& limit) noexcept {
  return limit && *limit > Money{};
}

} // namespace

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
  case BreakerState::closed:
    return "closed";
  case BreakerState::open:
    return "open";
  case BreakerState::trial:
    return "trial";
  }
  return "open"; // the one that lets nobody trade
}

std::string_view to_string(BreakerCause cause) noexcept {
  switch (cause) {
  case BreakerCause::none:
    return "none";
  case BreakerCause::failures:
    return "failures";
  case BreakerCause::error_rate:
    return "error_rate";
  case BreakerCause::loss:
    return "loss";
  case BreakerCause::drawdown:
    return "drawdown";
  case BreakerCause::latency:
    return "latency";
  case BreakerCause::stale_data:
    return "stale_data";
  case BreakerCause::order_rate:
    return "order_rate";
  case BreakerCause::reconcile:
    return "reconcile";
  case BreakerCause::person:
    return "person";
  }
  return "none";
}

Breaker::Breaker(BreakerLimits limits) : limits_{std::move(limits)} {}

BreakerAction Breaker::on_trade(bool succeeded, MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open)
    return BreakerAction::none; // sent before it opened
  if (!succeeded) {
    ++failures_;
    if (saved_.state == BreakerState::trial)
      return open(BreakerCause::failures, "a failure on trial", now, wall);
    if (limits_.failures_max == 0 || failures_ < limits_.failures_max)
      return BreakerAction::none;
    return open(BreakerCause::failures,
                two_numbers(std::to_string(failures_), std::to_string(limits_.failures_max),
                            "failures in a row"),
                now, wall);
  }
  failures_ = 0;
  if (saved_.state == BreakerState::trial && ++trial_successes_ >= limits_.trial_successes)
    return close(wall);
  return BreakerAction::none;
}

BreakerAction Breaker::on_request(bool succeeded, MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open || limits_.error_percent_max == 0)
    return BreakerAction::none;
  forget_old(now);
  if (outcomes_.size() == breaker_entries_max) {
    failed_ -= outcomes_.front().failed ? 1 : 0;
    outcomes_.pop_front();
  }
  outcomes_.push_back({now, !succeeded});
  failed_ += succeeded ? 0 : 1;
  if (outcomes_.size() < limits_.error_samples_min
      || failed_ * 100 <= outcomes_.size() * limits_.error_percent_max)
    return BreakerAction::none;
  return open(BreakerCause::error_rate,
              two_numbers(std::to_string(failed_) + " of " + std::to_string(outcomes_.size()),
                          std::to_string(limits_.error_percent_max) + " %", "requests failed"),
              now, wall);
}

BreakerAction Breaker::on_profit(Money realised_delta, MonoTime now, WallTime wall) {
  day_profit_ += realised_delta;
  day_best_ = std::max(day_best_, day_profit_);
  if (saved_.state == BreakerState::open)
    return BreakerAction::none;
  if (is_set(limits_.loss_max)) {
    forget_old(now);
    if (profits_.size() == breaker_entries_max) { // the two oldest go on as one
      profits_[1].delta += profits_.front().delta;
      profits_.pop_front();
    }
    profits_.push_back({now, realised_delta});
    window_profit_ += realised_delta;
    if (-window_profit_ > *limits_.loss_max)
      return open(BreakerCause::loss,
                  two_numbers(to_string(-window_profit_), to_string(*limits_.loss_max),
                              "lost in the window"),
                  now, wall);
  }
  const auto drawdown = day_best_ - day_profit_;
  if (!is_set(limits_.drawdown_max) || drawdown <= *limits_.drawdown_max)
    return BreakerAction::none;
  return open(BreakerCause::drawdown,
              two_numbers(to_string(drawdown), to_string(*limits_.drawdown_max),
                          "below the best of the day"),
              now, wall);
}

BreakerAction Breaker::on_round_trip(std::chrono::nanoseconds took, MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open || limits_.latency_count == 0
      || limits_.latency_max.count() == 0)
    return BreakerAction::none;
  slow_ = took > limits_.latency_max ? slow_ + 1 : 0;
  if (slow_ < limits_.latency_count)
    return BreakerAction::none;
  return open(BreakerCause::latency,
              two_numbers(milliseconds_text(took), milliseconds_text(limits_.latency_max),
                          ("took the last of " + std::to_string(slow_) + " slow answers").c_str()),
              now, wall);
}

BreakerAction Breaker::on_stale(MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open || limits_.stale_max == 0)
    return BreakerAction::none;
  forget_old(now);
  stale_.push_back(now);
  if (stale_.size() < limits_.stale_max)
    return BreakerAction::none;
  return open(BreakerCause::stale_data,
              two_numbers(std::to_string(stale_.size()), std::to_string(limits_.stale_max),
                          "book pauses in the window"),
              now, wall);
}

BreakerAction Breaker::on_orders(std::uint32_t count, MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open || limits_.orders_max == 0 || count == 0)
    return BreakerAction::none;
  forget_old(now);
  orders_.push_back({now, count});
  orders_sum_ += count;
  if (orders_sum_ <= limits_.orders_max)
    return BreakerAction::none;
  return open(BreakerCause::order_rate,
              two_numbers(std::to_string(orders_sum_), std::to_string(limits_.orders_max),
                          "orders in the window"),
              now, wall);
}

BreakerAction Breaker::on_difference(std::uint32_t rows, MonoTime now, WallTime wall) {
  if (saved_.state == BreakerState::open || limits_.differences_max == 0)
    return BreakerAction::none;
  differences_ += rows;
  if (differences_ < limits_.differences_max)
    return BreakerAction::none;
  return open(BreakerCause::reconcile,
              two_numbers(std::to_string(differences_), std::to_string(limits_.differences_max),
                          "unexplained differences"),
              now, wall);
}

BreakerAction Breaker::trip(std::string_view person, MonoTime now, WallTime wall) {
  const auto detail = "opened by " + std::string{person};
  if (saved_.state != BreakerState::open)
    return open(BreakerCause::person, detail, now, wall);
  // Open already: from now on it takes a person to end it.
  saved_.cause = BreakerCause::person;
  saved_.detail = detail;
  return BreakerAction::none;
}

BreakerAction Breaker::reset(MonoTime /*now*/, WallTime wall) {
  switch (saved_.state) {
  case BreakerState::closed:
    return BreakerAction::none;
  case BreakerState::trial:
    return close(wall);
  case BreakerState::open:
    return begin_trial(wall);
  }
  return BreakerAction::none;
}

BreakerAction Breaker::on_tick(MonoTime now, WallTime wall) {
  if (saved_.state != BreakerState::open || limits_.manual_reset
      || saved_.cause == BreakerCause::person || now < trial_at_)
    return BreakerAction::none;
  return begin_trial(wall);
}

void Breaker::on_new_day() {
  day_profit_ = {};
  day_best_ = {};
}

BreakerState Breaker::state() const noexcept {
  return saved_.state;
}

const Breaker::Saved& Breaker::saved() const noexcept {
  return saved_;
}

BreakerAction Breaker::restore(const Saved& saved, MonoTime now) {
  saved_ = saved;
  forget_counts();
  trial_at_ = now + limits_.cooldown;
  return saved_.state == BreakerState::open ? BreakerAction::pause : BreakerAction::none;
}

BreakerAction Breaker::open(BreakerCause cause, std::string detail, MonoTime now, WallTime wall) {
  saved_.state = BreakerState::open;
  saved_.cause = cause;
  saved_.since = wall;
  saved_.detail = std::move(detail);
  ++saved_.trips;
  trial_at_ = now + limits_.cooldown;
  return BreakerAction::pause;
}

BreakerAction Breaker::begin_trial(WallTime wall) {
  // What tripped it is over and must not trip it again by itself.
  forget_counts();
  saved_.state = BreakerState::trial;
  saved_.since = wall;
  return BreakerAction::resume;
}

BreakerAction Breaker::close(WallTime wall) {
  saved_.state = BreakerState::closed;
  saved_.cause = BreakerCause::none;
  saved_.since = wall;
  saved_.detail.clear();
  return BreakerAction::none; // trading went on with the trial
}

void Breaker::forget_counts() {
  failures_ = 0;
  trial_successes_ = 0;
  slow_ = 0;
  differences_ = 0;
  outcomes_.clear();
  failed_ = 0;
  profits_.clear();
  window_profit_ = {};
  day_best_ = day_profit_;
  stale_.clear();
  orders_.clear();
  orders_sum_ = 0;
}

void Breaker::forget_old(MonoTime now) {
  const auto is_old = [&](MonoTime at) { return now - at >= limits_.window; };
  for (; !outcomes_.empty() && is_old(outcomes_.front().at); outcomes_.pop_front())
    failed_ -= outcomes_.front().failed ? 1 : 0;
  for (; !profits_.empty() && is_old(profits_.front().at); profits_.pop_front())
    window_profit_ -= profits_.front().delta;
  for (; !orders_.empty() && is_old(orders_.front().at); orders_.pop_front())
    orders_sum_ -= orders_.front().count;
  while (!stale_.empty() && is_old(stale_.front()))
    stale_.pop_front();
}

} // namespace tandem::core::risk
