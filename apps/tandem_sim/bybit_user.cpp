// What Bybit's private topics say: the exchange's events, held for a moment and told per order.
// Topics have no order among each other: a seeded coin decides whether fills or states come first.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::size_t tallies_max = 20'000; // of orders that are over: a late fill may still come
constexpr std::size_t closed_max = 100'000; // fills that closed a part of a position
constexpr std::int64_t user_base = 386'825'804; // what the venue calls its first account

} // namespace

void BybitPrivate::note_fill(const OrderEvent& event, Told& told) {
  const auto& fill = *event.fill;
  auto& tally = tallies_[event.order.id];
  tally.fees[fill.fee_asset] += fill.fee;
  tally.realised += fill.realised;
  if (is_spot(event.order.surface))
    return;
  auto& holding = holdings_[{event.order.account, event.order.symbol}];
  const auto change = fill.side == Side::bid ? fill.quantity : -fill.quantity;
  const bool closes = (holding.quantity > 0 && change < 0) || (holding.quantity < 0 && change > 0);
  told.closed = closes ? std::min(std::abs(holding.quantity), std::abs(change)) : 0;
  holding.quantity += change;
  holding.net += fill.realised - fill.fee;
  holding.sequence = fill.trade_id;
  holding.updated_at = fill.at;
  if (holding.created_at == 0)
    holding.created_at = fill.at;
  if (told.closed == 0)
    return;
  closed_sizes_[fill.execution_id] = told.closed;
  if (closed_sizes_.size() > closed_max)
    closed_sizes_.erase(closed_sizes_.begin());
}

void BybitPrivate::on_order(const OrderEvent& event) {
  if (venue_of(event.order.surface) != VenueName::bybit)
    return;
  const auto& name = event.order;
  const auto* now = exchange_.find(name.account, name.surface, name.symbol, {name.id, {}});
  // A cancel that a fill was quicker than: the venue does not say Cancelled, it says Filled twice.
  if (event.kind == OrderEventKind::cancelled && now != nullptr
      && now->state == OrderState::filled) {
    races_.insert(name.id);
    return;
  }
  Told told;
  told.due = event.at;
  told.event = event;
  if (event.fill)
    note_fill(event, told);
  // A fill from before a cancel, heard of after it: the order stays what it is by now.
  if (now != nullptr && now->state == OrderState::cancelled && is_open(event.order.state)
      && event.fill) {
    told.event.order.state = now->state;
    told.event.order.reason = now->reason;
  }
  told.tally = tallies_[event.order.id];
  if (!is_open(event.order.state)) {
    closed_orders_.push_back(event.order.id);
    if (closed_orders_.size() > tallies_max) {
      tallies_.erase(closed_orders_.front());
      closed_orders_.pop_front();
    }
  }
  told.again = event.fill
               && faults_.hit(name.surface, FaultKind::duplicate_fill_event, name.symbol, event.at);
  const bool raced = event.order.state == OrderState::filled && races_.erase(name.id) > 0;
  told_.push_back(std::move(told));
  if (raced)
    add_lost_race(told_.back(), event.at);
}

void BybitPrivate::add_lost_race(const Told& first, Time now) {
  auto again = first;
  again.lost_race = true;
  again.again = false;
  again.event.fill.reset();
  again.event.assets.clear();
  again.event.at = now;
  again.due = std::max(first.due, now);
  told_.push_back(std::move(again));
}

void BybitPrivate::on_transfer(const TransferEvent& event) {
  if (venue_of(event.surface) == VenueName::bybit)
    transfers_[event.account].insert(event.asset);
}

void BybitPrivate::flush(Time now) {
  std::vector<Told> due;
  for (auto each = told_.begin(); each != told_.end();) {
    if (each->due > now) {
      ++each;
      continue;
    }
    due.push_back(std::move(*each));
    each = told_.erase(each);
  }
  std::map<AccountId, std::vector<const Told*>> by_account;
  for (const auto& each : due)
    by_account[each.event.order.account].push_back(&each);
  for (const auto& [account, coins] : transfers_)
    by_account.try_emplace(account);
  for (const auto& [account, events] : by_account)
    tell(account, events, now);
  transfers_.clear();
}

void BybitPrivate::tell(AccountId account, const std::vector<const Told*>& events, Time now) {
  std::vector<Batch> batches;
  for (const auto* each : events) {
    // What one moment did to one order is one message; the second Filled of a lost race is another.
    const auto same = std::ranges::find_if(batches, [&](const Batch& batch) {
      return batch.front()->event.order.id == each->event.order.id
             && batch.front()->event.at == each->event.at && !each->lost_race;
    });
    if (same == batches.end())
      batches.push_back({each});
    else
      same->push_back(each);
  }
  auto coins = transfers_.contains(account) ? transfers_.at(account) : std::set<std::string>{};
  std::set<std::string> contracts;
  for (const auto& batch : batches) {
    const auto& order = batch.front()->event.order;
    if (faults_.hit(order.surface, FaultKind::user_stream_drop, order.symbol, now))
      continue; // nothing of it is heard, on no topic
    const bool fills_first = random_.chance(500'000);
    if (fills_first)
      tell_executions(account, batch, now);
    tell_order(account, batch, now);
    if (!fills_first)
      tell_executions(account, batch, now);
    for (const auto* each : batch) {
      coins.insert(each->event.assets.begin(), each->event.assets.end());
      if (!is_spot(each->event.order.surface) && !each->lost_race)
        contracts.insert(each->event.order.symbol);
    }
  }
  for (const auto& symbol : contracts) {
    const auto* listed = instrument(SurfaceId::bybit_linear, symbol);
    if (listed != nullptr && heard(account, "position", SurfaceId::bybit_linear))
      publish(account, "position", SurfaceId::bybit_linear, message_id(),
              position_item(account, *listed, true), now);
  }
  if (!coins.empty() && heard(account, "wallet", SurfaceId::bybit_spot))
    publish(account, "wallet", std::nullopt, message_id(), wallet_item(account, coins), now);
}

void BybitPrivate::tell_order(AccountId account, const Batch& batch, Time now) {
  const auto& last = *batch.back();
  const auto& order = last.event.order;
  const auto* listed = instrument(order.surface, order.symbol);
  if (listed == nullptr || !heard(account, "order", order.surface))
    return;
  const auto cancel_type
      = last.lost_race ? std::string_view{"CancelByUser"} : bybit_cancel_type(order);
  const auto reason = last.lost_race ? std::string_view{"EC_OrigClOrdIDDoesNotExist"}
                                     : bybit_reject_reason(order);
  publish(account, "order", order.surface, message_id(),
          bybit_order({order, *listed, last.tally, cancel_type, reason, true}), now);
}

void BybitPrivate::tell_executions(AccountId account, const Batch& batch, Time now) {
  const auto& order = batch.front()->event.order;
  const auto* listed = instrument(order.surface, order.symbol);
  const bool full = heard(account, "execution", order.surface);
  const bool fast = heard(account, "execution.fast", order.surface);
  if (listed == nullptr || (!full && !fast))
    return;
  const auto rates = exchange_.fees(account, order.surface);
  const auto mark = exchange_.market_price(order.surface, order.symbol).value_or(0);
  std::string items;
  std::string fast_items;
  std::int64_t sequence = 0;
  for (const auto* each : batch) {
    if (!each->event.fill)
      continue;
    const auto& fill = *each->event.fill;
    const BybitExecutionView view{each->event.order,
                                  fill,
                                  *listed,
                                  std::max<std::int64_t>(each->event.order.left(), 0),
                                  each->closed,
                                  fill.maker ? rates.maker_e8 : rates.taker_e8,
                                  mark,
                                  true};
    items += (items.empty() ? "" : ",") + bybit_execution(view);
    fast_items += (fast_items.empty() ? "" : ",") + bybit_fast_execution(view);
    sequence = fill.trade_id;
  }
  if (items.empty())
    return;
  const bool again = std::ranges::any_of(batch, [](const Told* each) { return each->again; });
  for (int time = 0; time < (again ? 2 : 1); ++time) {
    if (fast)
      publish(account, "execution.fast", order.surface, {}, fast_items, now);
    if (full)
      publish(account, "execution", order.surface,
              fmt::format("{}_{}_{}", user_base + static_cast<std::int64_t>(account), order.symbol,
                          sequence),
              items, now);
  }
}

bool BybitPrivate::heard(AccountId account, std::string_view topic, SurfaceId surface) const {
  const auto categorised = fmt::format("{}.{}", topic, bybit_category(surface));
  return std::ranges::any_of(sessions_, [&](const auto& entry) {
    const auto& topics = entry.second.topics;
    return entry.second.account == account
           && (std::ranges::find(topics, topic) != topics.end()
               || std::ranges::find(topics, categorised) != topics.end());
  });
}

void BybitPrivate::publish(AccountId account, std::string_view topic,
                           std::optional<SurfaceId> surface, std::string_view id,
                           const std::string& items, Time now) {
  const auto categorised
      = surface ? fmt::format("{}.{}", topic, bybit_category(*surface)) : std::string{};
  const auto front = id.empty() ? std::string{} : fmt::format(R"("id":"{}",)", id);
  for (auto& [socket, session] : sessions_) {
    if (session.account != account)
      continue;
    for (const auto& wanted : session.topics) {
      if (wanted == topic || (!categorised.empty() && wanted == categorised))
        send(session,
             fmt::format(R"({{{}"topic":"{}","creationTime":{},"data":[{}]}})", front, wanted,
                         core::to_millis(now), items),
             now);
    }
  }
}

std::string BybitPrivate::message_id() {
  const auto high = random_.next();
  const auto low = random_.next();
  return fmt::format("{:014x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 8U, high & 0xffffU, low >> 48U,
                     (low >> 32U) & 0xffffU, low & 0xffffffffffffU);
}

} // namespace tandem::sim
