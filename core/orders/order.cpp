#include "core/orders/order.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::orders {
namespace {

constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
constexpr int average_decimals_more = 8;

Quantity plus(Quantity a, Quantity b) noexcept {
  std::int64_t sum = 0;
  return {__builtin_add_overflow(a.units, b.units, &sum) ? int64_max : sum};
}

OrderState final_state(VenueStatus status) noexcept {
  switch (status) {
  case VenueStatus::open:
    return OrderState::working;
  case VenueStatus::filled:
    return OrderState::filled;
  case VenueStatus::cancelled:
    return OrderState::cancelled;
  case VenueStatus::expired:
    return OrderState::expired;
  case VenueStatus::rejected:
    return OrderState::rejected;
  }
  return OrderState::working;
}

} // namespace

Order::Order(OrderIntent intent) : intent_{std::move(intent)} {}

OrderChange Order::on_sent(MonoTime now) {
  if (sent_)
    return {};
  sent_ = true;
  sent_at_ = now;
  return derive(true);
}

OrderChange Order::on_accepted(const std::string& venue_order_id, UnixMillis venue_time) {
  const bool learned = learn_venue_id(venue_order_id);
  const bool first = !std::exchange(accepted_, true);
  const bool overruled = decided_ == VenueStatus::rejected;
  if (overruled)
    decided_.reset();
  venue_time_ = std::max(venue_time_, venue_time);
  return derive(first || learned || overruled);
}

OrderChange Order::on_refused(const Error& why) {
  if (refused_)
    return {};
  refused_ = why;
  return derive(false);
}

OrderChange Order::on_no_answer(const Error& why) {
  if (!sent_ || no_answer_)
    return {};
  no_answer_ = why;
  return derive(false);
}

OrderChange Order::on_report(const VenueReport& report) {
  bool news = learn_venue_id(report.venue_order_id);
  venue_time_ = std::max(venue_time_, report.venue_time);
  if (report.status != VenueStatus::rejected)
    news = !std::exchange(accepted_, true) || news;
  auto cumulative = report.cumulative.value_or(Quantity{});
  if (report.status == VenueStatus::filled)
    cumulative = std::max(cumulative, intent_.draft.quantity);
  if (cumulative > reported_) {
    reported_ = cumulative;
    news = true;
  }
  if (report.status == VenueStatus::open) {
    // The venue shows it at work: whoever ended it was wrong. News in itself: what the decision
    // said need not be waited for is waited for again, though the state may stay as it is.
    news = news || decided_;
    decided_.reset();
    return derive(news);
  }
  if (!ended_ || report.status < *ended_) {
    ended_ = report.status;
    ended_reason_ = report.reason;
    news = true;
  }
  return derive(news);
}

OrderChange Order::on_fill(const Fill& fill) {
  if (fill.quantity.units <= 0)
    return {};
  if (knows(fill))
    return {};
  const bool late = settled();
  fills_.push_back(fill);
  filled_ = plus(filled_, fill.quantity);
  notional_ = notional_ + fill.price * fill.quantity;
  venue_time_ = std::max(venue_time_, fill.venue_time);
  auto change = derive(true);
  change.filled_more = true;
  change.late = late;
  return change;
}

OrderChange Order::on_not_found(MonoTime asked_at, const NotFoundRule& rule) {
  if (!sent_ || exists() || asked_at < sent_at_ + rule.after)
    return {};
  if (!not_found_) {
    not_found_ = Polls{asked_at, asked_at};
    return derive(true);
  }
  const auto before = *not_found_;
  not_found_->first = std::min(before.first, asked_at);
  not_found_->last = std::max(before.last, asked_at);
  missing_ = not_found_->last - not_found_->first >= rule.between;
  return derive(before.first != not_found_->first || before.last != not_found_->last);
}

OrderChange Order::on_decided(VenueStatus status, const std::string& person) {
  if (status == VenueStatus::open || settled())
    return {};
  decided_ = status;
  decided_by_ = person;
  return derive(true);
}

OrderChange Order::widen(Quantity quantity) {
  if (quantity <= intent_.draft.quantity)
    return {};
  intent_.draft.quantity = quantity;
  return derive(true);
}

bool Order::lacks_fills() const noexcept {
  return !decided_ && reported_ > filled_;
}

bool Order::settled() const noexcept {
  return is_final(state_) && !lacks_fills();
}

Quantity Order::open_quantity() const noexcept {
  if (settled())
    return {};
  // What ended can fill no further than the venue said; anything else may fill whole.
  const bool ended = state_ == OrderState::cancelled || state_ == OrderState::expired;
  const auto most = ended ? reported_ : std::max(reported_, intent_.draft.quantity);
  return std::max(Quantity{}, most - filled_);
}

bool Order::knows(const Fill& fill) const noexcept {
  return std::ranges::any_of(fills_,
                             [&](const Fill& known) { return known.trade_id == fill.trade_id; });
}

bool Order::overfilled() const noexcept {
  return filled_ > intent_.draft.quantity;
}

std::optional<Decimal> Order::average_price() const {
  if (filled_.units <= 0)
    return std::nullopt;
  const Int128 whole = notional_.units / filled_.units;
  const Int128 rest = notional_.units % filled_.units;
  const int decimals = intent_.draft.scale.price_decimals;
  for (int more = std::min(average_decimals_more, decimals_max - decimals); more >= 0; --more) {
    // What is odd in the whole part goes with the rest: there half to even must know it.
    const Int128 shifted = whole * pow10(more);
    const Int128 odd = shifted % 2;
    Int128 units
        = shifted - odd
          + divide(rest * pow10(more) + odd * filled_.units, filled_.units, Rounding::half_even);
    int places = decimals + more;
    for (; places > 0 && units % 10 == 0; --places)
      units /= 10;
    if (units <= int64_max && units >= -int64_max)
      return Decimal{static_cast<std::int64_t>(units), places};
  }
  return std::nullopt;
}

bool Order::learn_venue_id(const std::string& venue_order_id) {
  if (venue_order_id.empty() || !venue_order_id_.empty())
    return false;
  venue_order_id_ = venue_order_id;
  return true;
}

bool Order::exists() const noexcept {
  return accepted_ || reported_ > Quantity{} || !fills_.empty();
}

OrderState Order::state_by_evidence() const noexcept {
  const bool traded = reported_ > Quantity{} || !fills_.empty();
  if (filled_ >= intent_.draft.quantity && filled_ > Quantity{})
    return OrderState::filled;
  if (const auto& end = ended_ ? ended_ : decided_) {
    const auto state = final_state(*end);
    return state == OrderState::rejected && traded ? OrderState::cancelled : state;
  }
  if (exists())
    return OrderState::working;
  if (refused_ || missing_)
    return OrderState::rejected;
  if (no_answer_)
    return OrderState::unknown;
  return sent_ ? OrderState::sent : OrderState::intent;
}

OrderChange Order::derive(bool news) {
  const auto before = std::exchange(state_, state_by_evidence());
  reason_.clear();
  error_.reset();
  if (ended_) {
    reason_ = ended_reason_;
    if (state_ == OrderState::rejected)
      error_ = Error{Errc::upstream_error, ended_reason_, intent_.draft.instrument.venue.text()};
  } else if (decided_ && is_final(state_)) {
    reason_ = "decided by " + decided_by_;
  } else if (state_ == OrderState::rejected) {
    error_ = refused_ ? *refused_ : Error{Errc::not_found, "not found at the venue twice", {}};
    reason_ = error_->detail;
  } else if (state_ == OrderState::unknown) {
    error_ = no_answer_;
    reason_ = no_answer_->detail;
  }
  OrderChange change;
  change.state_changed = before != state_;
  change.news = news || change.state_changed;
  return change;
}

std::string_view to_string(Side side) noexcept {
  return side == Side::buy ? "buy" : "sell";
}

std::string_view to_string(OrderType type) noexcept {
  return type == OrderType::market ? "market" : "limit";
}

std::string_view to_string(TimeInForce tif) noexcept {
  switch (tif) {
  case TimeInForce::gtc:
    return "gtc";
  case TimeInForce::ioc:
    return "ioc";
  case TimeInForce::fok:
    return "fok";
  case TimeInForce::post_only:
    return "post_only";
  }
  return "gtc";
}

std::string_view to_string(OrderPurpose purpose) noexcept {
  switch (purpose) {
  case OrderPurpose::open:
    return "open";
  case OrderPurpose::complete:
    return "complete";
  case OrderPurpose::unwind:
    return "unwind";
  case OrderPurpose::slice:
    return "slice";
  case OrderPurpose::manual:
    return "manual";
  case OrderPurpose::flatten:
    return "flatten";
  }
  return "manual";
}

std::string_view to_string(OrderState state) noexcept {
  switch (state) {
  case OrderState::intent:
    return "intent";
  case OrderState::sent:
    return "sent";
  case OrderState::working:
    return "working";
  case OrderState::unknown:
    return "unknown";
  case OrderState::filled:
    return "filled";
  case OrderState::cancelled:
    return "cancelled";
  case OrderState::expired:
    return "expired";
  case OrderState::rejected:
    return "rejected";
  }
  return "unknown"; // the one that is looked at again
}

std::string_view to_string(VenueStatus status) noexcept {
  switch (status) {
  case VenueStatus::open:
    return "open";
  case VenueStatus::filled:
    return "filled";
  case VenueStatus::cancelled:
    return "cancelled";
  case VenueStatus::expired:
    return "expired";
  case VenueStatus::rejected:
    return "rejected";
  }
  return "open";
}

} // namespace tandem::core::orders
