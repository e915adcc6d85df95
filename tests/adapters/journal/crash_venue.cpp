#include "tests/adapters/journal/crash_venue.hpp"

#include "core/types/money.hpp"

#include <algorithm>

namespace tandem::tests {
namespace {

using core::orders::ClientOrderId;
using core::orders::OrderIntent;
using core::orders::OrderPurpose;
using core::orders::Side;
using core::orders::VenueFill;
using core::orders::VenueStatus;
using namespace std::chrono_literals;

/// From an order on the wire to its first answer; the other leg's is later.
constexpr auto quick = 10ms, slow = 40ms;
constexpr auto no_answer_after = 1'000ms;
/// A request that nobody answered may still arrive as long as the venue accepts its stamp.
constexpr auto arrives_late_after = 1'500ms;
constexpr auto late_fill_after = 1'000ms;
constexpr auto query_takes = 10ms;

/// Of a leg: as the instruments of crash_world.cpp have it.
constexpr std::array<std::int64_t, 2> lots{1, 10};

core::Decimal price_of(const OrderIntent& intent) {
  return {intent.draft.price.units, intent.draft.scale.price_decimals};
}

core::Decimal quantity_of(const OrderIntent& intent, std::int64_t units) {
  return {units, intent.draft.scale.quantity_decimals};
}

} // namespace

std::string_view name_of(Reply reply) noexcept {
  switch (reply) {
  case Reply::filled:
    return "filled";
  case Reply::rejected:
    return "rejected";
  case Reply::timeout_filled:
    return "timeout, filled";
  case Reply::timeout_not:
    return "timeout, not there";
  case Reply::partial:
    return "partial";
  case Reply::late_fill:
    return "late fill after cancel";
  }
  return "";
}

// ---- time

void CrashVenue::connect(core::orders::Desk* desk) {
  desk_ = desk;
  ++connection_;
}

void CrashVenue::at(std::chrono::milliseconds after, Action action) {
  events_.emplace(now_.mono + after, Event{std::move(action), std::nullopt});
}

/// To the engine that is there now, if it still is then.
void CrashVenue::tell(std::chrono::milliseconds after, Action action) {
  if (desk_ != nullptr)
    events_.emplace(now_.mono + after, Event{std::move(action), connection_});
}

std::optional<core::MonoTime> CrashVenue::next() const {
  return events_.empty() ? std::nullopt : std::optional{events_.begin()->first};
}

bool CrashVenue::step() {
  if (events_.empty() || events_.begin()->first > now_.mono)
    return false;
  const auto event = std::move(events_.begin()->second);
  events_.erase(events_.begin());
  if (!event.connection || *event.connection == connection_)
    event.action();
  return true;
}

bool CrashVenue::quiet() const {
  return events_.empty() && std::ranges::none_of(orders_, [](const auto& order) {
           return order.second.status == VenueStatus::open;
         });
}

// ---- requests

Reply CrashVenue::reply_to(const OrderIntent& intent, std::size_t leg) {
  if (intent.draft.origin.purpose == OrderPurpose::open)
    return leg == 0 ? script_.leg1 : script_.leg2;
  const bool first = closings_++ == 0;
  return script_.closing == Reply::late_fill && !first ? Reply::filled : script_.closing;
}

void CrashVenue::send(const OrderIntent& intent) {
  const auto id = intent.id;
  const std::size_t leg = intent.draft.instrument.venue.text() == "one" ? 0 : 1;
  sent_.push_back(id.text());
  sent_twice_ += ids_.insert(id.text()).second ? 0 : 1;
  const auto reply = reply_to(intent, leg);
  const auto delay = (leg == 1) == script_.leg2_first ? quick : slow;
  switch (reply) {
  case Reply::rejected: // no trace of it remains: a query finds nothing
    tell(delay, [this, id] {
      desk_->on_refused(id, {core::Errc::insufficient_funds, "too little", "venue"}, now_);
    });
    return;
  case Reply::timeout_filled:
    at(arrives_late_after, [this, intent, leg] {
      auto& order = arrive(intent, leg, Reply::timeout_filled);
      execute(order, intent.draft.quantity.units, VenueStatus::filled);
    });
    [[fallthrough]];
  case Reply::timeout_not:
    tell(no_answer_after, [this, id] {
      desk_->on_no_answer(id, {core::Errc::timed_out, "no answer", "venue"}, now_);
    });
    return;
  case Reply::filled:
  case Reply::partial:
  case Reply::late_fill:
    arrive(intent, leg, reply);
    at(delay, [this, text = id.text()] { answer(text); });
  }
}

CrashVenue::Held& CrashVenue::arrive(const OrderIntent& intent, std::size_t leg, Reply reply) {
  auto& order = orders_[intent.id.text()];
  order.intent = intent;
  order.leg = leg;
  order.reply = reply;
  order.venue_id = "v" + std::to_string(orders_.size());
  return order;
}

void CrashVenue::answer(const std::string& id) {
  auto& order = orders_.at(id);
  tell(0ms, [this, &order] {
    desk_->on_accepted(order.intent.id, order.venue_id, core::to_millis(now_.wall), now_);
  });
  const auto whole = order.intent.draft.quantity.units;
  if (order.reply == Reply::filled)
    execute(order, whole, VenueStatus::filled);
  if (order.reply == Reply::partial) {
    const auto part = whole * 403 / 1'000;
    execute(order, part - part % lots.at(order.leg), VenueStatus::expired);
  }
  if (order.reply == Reply::late_fill)
    tell(1ms, [this, &order] { desk_->on_order(shown(order), now_); });
}

void CrashVenue::cancel(const ClientOrderId& id) {
  const auto found = orders_.find(id.text());
  if (found == orders_.end())
    return;
  auto& order = found->second;
  if (order.reply != Reply::late_fill || std::exchange(order.cancelling, true))
    return;
  at(quick, [this, &order] {
    order.status = VenueStatus::cancelled;
    tell(0ms, [this, &order, as_it_is = shown(order)] { desk_->on_order(as_it_is, now_); });
  });
  at(quick + late_fill_after,
     [this, &order] { execute(order, order.intent.draft.quantity.units, VenueStatus::cancelled); });
}

void CrashVenue::query(const ClientOrderId& id) {
  tell(query_takes, [this, id, asked_at = now_.mono] {
    const auto found = orders_.find(id.text());
    if (found == orders_.end()) {
      desk_->on_not_found(id, asked_at, now_);
      return;
    }
    desk_->on_order(shown(found->second), now_);
    for (const auto& one : found->second.fills)
      desk_->on_fill(one, now_);
  });
}

void CrashVenue::tell_account(std::size_t leg) {
  for (const auto& [id, order] : orders_) {
    if (order.leg != leg)
      continue;
    for (const auto& one : order.fills)
      desk_->on_fill(one, now_);
    if (order.status == VenueStatus::open)
      desk_->on_order(shown(order), now_);
  }
}

// ---- executions

core::orders::VenueOrder CrashVenue::shown(const Held& order) const {
  const auto& draft = order.intent.draft;
  return {.instrument = draft.instrument,
          .client_id = order.intent.id.text(),
          .side = draft.side,
          .type = draft.type,
          .tif = draft.tif,
          .price = price_of(order.intent),
          .quantity = quantity_of(order.intent, draft.quantity.units),
          .venue_order_id = order.venue_id,
          .status = order.status,
          .cumulative = quantity_of(order.intent, order.filled),
          .reason = {},
          .venue_time = core::to_millis(now_.wall)};
}

/// In two parts where there is enough for two; all of it is in the ledger before any of it is told.
/// A late fill comes in one: after it nothing more comes that could remind a restarted engine.
void CrashVenue::execute(Held& order, std::int64_t units, VenueStatus end) {
  const auto lot = lots.at(order.leg);
  const auto half = order.reply == Reply::late_fill ? 0 : units / 2 - units / 2 % lot;
  const auto first = order.fills.size();
  for (const auto part : {half, units - half})
    if (part > 0)
      fill(order, part);
  order.status = end;
  if (order.reply != Reply::timeout_filled)
    tell_end(order, first);
}

/// At the limit: nothing the engine allowed could be worse.
void CrashVenue::fill(Held& order, std::int64_t units) {
  const auto& draft = order.intent.draft;
  auto& leg = legs_.at(order.leg);
  const auto value = core::to_money(draft.price * core::Quantity{units}, draft.scale);
  const core::Money fee{value.units / 1'000};
  (draft.side == Side::buy ? leg.bought : leg.sold) += units;
  (draft.side == Side::buy ? leg.paid : leg.earned) += value;
  leg.fees += fee;
  order.filled += units;
  order.fills.push_back(VenueFill{.instrument = draft.instrument,
                                  .client_id = order.intent.id.text(),
                                  .venue_order_id = order.venue_id,
                                  .side = draft.side,
                                  .trade_id = "t" + std::to_string(++trades_),
                                  .price = price_of(order.intent),
                                  .quantity = quantity_of(order.intent, units),
                                  .fee = fee,
                                  .fee_asset = "USDT",
                                  .venue_time = core::to_millis(now_.wall)});
}

void CrashVenue::tell_end(const Held& order, std::size_t first_fill) {
  auto after = 1ms;
  const auto report = [&] {
    tell(after++, [this, as_it_is = shown(order)] { desk_->on_order(as_it_is, now_); });
  };
  if (script_.leg2_first)
    report();
  for (auto n = first_fill; n < order.fills.size(); ++n)
    tell(after++, [this, one = order.fills[n]] { desk_->on_fill(one, now_); });
  if (!script_.leg2_first)
    report();
}

// ---- the ledger

core::Money CrashVenue::cash() const {
  core::Money sum;
  for (const auto& leg : legs_)
    sum += leg.earned - leg.paid - leg.fees;
  return sum;
}

core::Money CrashVenue::realised() const {
  Leg both;
  for (const auto& leg : legs_) {
    both.bought += leg.bought;
    both.sold += leg.sold;
    both.paid += leg.paid;
    both.earned += leg.earned;
    both.fees += leg.fees;
  }
  const auto matched = std::min(both.bought, both.sold);
  if (matched == 0)
    return -both.fees;
  const auto share = [&](core::Money whole, std::int64_t of) {
    return core::Money{core::divide(whole.units * matched, of, core::Rounding::half_even)};
  };
  return share(both.earned, both.sold) - share(both.paid, both.bought) - both.fees;
}

} // namespace tandem::tests
