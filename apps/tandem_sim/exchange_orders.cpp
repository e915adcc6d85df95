// The life of an order at the simulated venues: placed, cancelled, amended, looked up, forgotten.
#include "apps/tandem_sim/exchange.hpp"

#include <algorithm>
#include <utility>

namespace tandem::sim {
namespace {

constexpr std::size_t orders_kept = 200'000; // closed ones beyond are forgotten, oldest first
constexpr std::size_t refused_kept = 10'000;

OrderEventKind kind_of_end(OrderState state) noexcept {
  return state == OrderState::cancelled  ? OrderEventKind::cancelled
         : state == OrderState::rejected ? OrderEventKind::rejected
                                         : OrderEventKind::expired;
}

} // namespace

OrderEvent Exchange::event_of(const Entry& entry, OrderEventKind kind, Time now) {
  OrderEvent event;
  event.kind = kind;
  event.order = entry.order;
  event.execution_id = ++last_execution_;
  event.at = now;
  return event;
}

void Exchange::tell(const OrderEvent& event) {
  for (auto* listener : listeners_)
    listener->on_order(event);
}

Refusal Exchange::check(const OrderAsk& ask, const PlaceOptions& options) const {
  return inspect(ask, options).refusal;
}

Exchange::Entry& Exchange::book(const OrderAsk& ask, const Checked& checked, Time now) {
  Order order;
  order.id = ++last_order_;
  order.account = ask.account;
  order.surface = ask.surface;
  order.symbol = ask.symbol;
  order.client_id = ask.client_id;
  order.side = ask.side;
  order.type = ask.type;
  order.lifetime = ask.lifetime;
  order.post_only = ask.post_only;
  order.reduce_only = ask.reduce_only;
  order.self_trade = ask.self_trade;
  order.tag = ask.tag;
  order.manual = ask.manual;
  order.price = checked.price;
  order.quantity = checked.quantity;
  // One that rests may not ask for more than there is to reduce; others just stop there.
  if (ask.reduce_only && ask.type == OrderType::limit && ask.lifetime == Lifetime::gtc)
    order.quantity = std::min(order.quantity, std::abs(position(ask.account, ask.symbol).quantity));
  order.quote_quantity = checked.quote_quantity;
  order.created_at = core::to_millis(now);
  order.updated_at = order.created_at;
  const auto id = order.id;
  by_client_id_[{order.account, order.client_id}].push_back(id);
  by_account_[{order.account, order.surface}].push_back(id);
  open_[order.account].push_back(id);
  return orders_.emplace(id, Entry{std::move(order), {}}).first->second;
}

PlaceResult Exchange::place(const OrderAsk& ask, const PlaceOptions& options, Time now) {
  const auto checked = inspect(ask, options);
  if (checked.refusal != Refusal::none) {
    refused_.push_back({ask, checked.refusal, core::to_millis(now)});
    if (refused_.size() > refused_kept)
      refused_.pop_front();
    return {checked.refusal, std::nullopt};
  }
  auto& entry = book(ask, checked, now);
  adjust_lock(entry.order);
  auto accepted = event_of(entry, OrderEventKind::accepted, now);
  if (entry.order.locked > 0)
    accepted.assets
        = {ask.side == Side::bid ? checked.instrument->quote : checked.instrument->base};
  tell(accepted);
  PlaceResult result{Refusal::none, match(entry, *checked.market, options, now)};
  forget_old();
  return result;
}

void Exchange::withdraw(const Order& order, Time now) {
  auto* market = find_market(order.surface, order.symbol);
  if (market == nullptr)
    return;
  Step step;
  market->withdraw(order.id, core::to_millis(now), step);
  if (on_step_ && !step.changes.empty())
    on_step_(*market, step, now);
}

void Exchange::close(Entry& entry, OrderState state, Refusal reason, const std::string& request_id,
                     Time now) {
  auto& order = entry.order;
  withdraw(order, now);
  order.state = state;
  order.reason = reason;
  order.updated_at = core::to_millis(now);
  const bool frees = order.locked > 0;
  adjust_lock(order);
  std::erase(open_[order.account], order.id);
  auto event = event_of(entry, kind_of_end(state), now);
  event.request_id = request_id;
  if (const auto* of = instrument(order.surface, order.symbol); frees)
    event.assets = {order.side == Side::bid ? of->quote : of->base};
  tell(event);
}

void Exchange::hold(Time due, OrderEvent event) {
  const auto later = std::ranges::upper_bound(held_, due, {}, &Held::due);
  held_.insert(later, {due, std::move(event)});
}

Order Exchange::fill_unheard(Entry& entry, Millis told_after, Time now) {
  auto before = entry.order;
  auto* market = find_market(before.surface, before.symbol);
  if (market == nullptr)
    return before;
  const auto lot = market->instrument().lot;
  const auto half = std::max(before.left() / 2 / lot * lot, lot);
  Step step;
  const auto execution = market->hit(before.id, half, core::to_millis(now), step);
  if (!execution)
    return before;
  hold(now + told_after, book_fill(entry, *execution, true, now));
  if (on_step_)
    on_step_(*market, step, now);
  return before;
}

PlaceResult Exchange::cancel(AccountId account, SurfaceId surface, const std::string& symbol,
                             const OrderName& name, const CancelOptions& options, Time now) {
  auto* entry = locate(account, surface, symbol, name);
  if (entry == nullptr)
    return {Refusal::unknown_order, std::nullopt};
  if (!is_open(entry->order.state))
    return {Refusal::unknown_order, entry->order};
  if (!options.fill_late_by) {
    close(*entry, OrderState::cancelled, Refusal::by_request, options.request_id, now);
    return {Refusal::none, entry->order};
  }
  // The client hears of the cancel as if the fill had not been.
  return {Refusal::none,
          close_unheard(*entry, fill_unheard(*entry, *options.fill_late_by, now),
                        OrderState::cancelled, Refusal::by_request, options.request_id, now)};
}

Order Exchange::close_unheard(Entry& entry, Order seen, OrderState state, Refusal reason,
                              const std::string& request_id, Time now) {
  auto& order = entry.order;
  withdraw(order, now);
  if (is_open(order.state))
    order.state = state;
  order.reason = reason;
  order.updated_at = core::to_millis(now);
  adjust_lock(order);
  std::erase(open_[order.account], order.id);
  seen.state = state;
  seen.reason = reason;
  seen.updated_at = order.updated_at;
  auto event = event_of(entry, kind_of_end(state), now);
  event.order = seen;
  event.request_id = request_id;
  tell(event);
  return seen;
}

std::vector<Order> Exchange::cancel_all(AccountId account, SurfaceId surface,
                                        const std::string& symbol, Refusal reason, Time now) {
  std::vector<Order> gone;
  for (const Order* order : orders(account, surface, symbol, true)) {
    auto& entry = orders_.at(order->id);
    close(entry, OrderState::cancelled, reason, {}, now);
    gone.push_back(entry.order);
  }
  return gone;
}

PlaceResult Exchange::amend(AccountId account, SurfaceId surface, const std::string& symbol,
                            const OrderName& name, std::optional<core::Decimal> price,
                            std::optional<core::Decimal> quantity, Time now) {
  auto* entry = locate(account, surface, symbol, name);
  if (entry == nullptr || !is_open(entry->order.state))
    return {Refusal::unknown_order, entry == nullptr ? std::nullopt : std::optional{entry->order}};
  auto& order = entry->order;
  const auto& of = *instrument(surface, order.symbol);
  OrderAsk ask;
  ask.account = account;
  ask.surface = surface;
  ask.symbol = order.symbol;
  ask.side = order.side;
  ask.reduce_only = order.reduce_only;
  ask.price = price.value_or(core::Decimal{order.price, of.price_decimals});
  ask.quantity = quantity.value_or(core::Decimal{order.quantity, of.quantity_decimals});
  Checked checked;
  checked.instrument = &of;
  checked.market = find_market(surface, order.symbol);
  auto wrong = inspect_numbers(ask, checked);
  if (wrong == Refusal::none)
    wrong = inspect_value(ask, checked);
  if (wrong == Refusal::none && checked.quantity <= order.filled)
    wrong = Refusal::quantity_range;
  const auto opposite = order.side == Side::bid ? Side::ask : Side::bid;
  if (wrong == Refusal::none && order.post_only
      && checked.market->available(opposite, checked.price) > 0)
    wrong = Refusal::would_take;
  // Only what it needs beyond what it already holds must be there.
  const auto before = order;
  order.price = checked.price;
  order.quantity = checked.quantity;
  const auto more = lock_for(order) - order.locked;
  const auto& asset = order.side == Side::bid ? of.quote : of.base;
  if (wrong == Refusal::none && more > 0 && more > spendable(account, surface, asset))
    wrong = Refusal::balance;
  if (wrong == Refusal::none && !is_spot(surface) && !order.reduce_only
      && margin(account, surface, of.quote).available() < 0)
    wrong = Refusal::margin;
  if (wrong != Refusal::none) {
    order = before;
    return {wrong, order};
  }
  order.updated_at = core::to_millis(now);
  adjust_lock(order);
  Step step;
  const bool keeps_place = checked.price == before.price && order.quantity < before.quantity;
  if (keeps_place)
    checked.market->shrink(order.id, order.left(), core::to_millis(now), step);
  else
    checked.market->withdraw(order.id, core::to_millis(now), step);
  auto event = event_of(*entry, OrderEventKind::amended, now);
  if (more != 0)
    event.assets = {asset};
  tell(event);
  if (on_step_ && !step.changes.empty())
    on_step_(*checked.market, step, now);
  if (!keeps_place)
    match(*entry, *checked.market, {}, now);
  return {Refusal::none, order};
}

Exchange::Entry* Exchange::locate(AccountId account, SurfaceId surface, std::string_view symbol,
                                  const OrderName& name) {
  const auto* order = find(account, surface, symbol, name);
  return order == nullptr ? nullptr : &orders_.at(order->id);
}

const Order* Exchange::find(AccountId account, SurfaceId surface, std::string_view symbol,
                            const OrderName& name) const {
  const auto fits = [&](const Order& order) {
    return order.account == account && order.surface == surface
           && (symbol.empty() || order.symbol == symbol);
  };
  if (name.id != 0) {
    const auto found = orders_.find(name.id);
    return found == orders_.end() || !fits(found->second.order) ? nullptr : &found->second.order;
  }
  const auto found = by_client_id_.find({account, name.client_id});
  if (found == by_client_id_.end())
    return nullptr;
  const Order* latest = nullptr;
  for (const auto id : found->second) {
    const auto& order = orders_.at(id).order;
    if (fits(order) && (latest == nullptr || !is_open(latest->state)))
      latest = &order;
  }
  return latest;
}

std::vector<const Order*> Exchange::orders(AccountId account, SurfaceId surface,
                                           std::string_view symbol, bool open_only) const {
  std::vector<const Order*> out;
  const auto add = [&](OrderId id) {
    const auto& order = orders_.at(id).order;
    if (order.surface == surface && (symbol.empty() || order.symbol == symbol))
      out.push_back(&order);
  };
  if (open_only) {
    if (const auto found = open_.find(account); found != open_.end())
      std::ranges::for_each(found->second, add);
    return out;
  }
  if (const auto found = by_account_.find({account, surface}); found != by_account_.end())
    std::ranges::for_each(found->second, add);
  return out;
}

std::size_t Exchange::open_count(AccountId account, SurfaceId surface,
                                 std::string_view symbol) const {
  return orders(account, surface, symbol, true).size();
}

std::vector<const Fill*> Exchange::fills(AccountId account, SurfaceId surface,
                                         std::string_view symbol) const {
  std::vector<const Fill*> out;
  for (const Order* order : orders(account, surface, symbol, false)) {
    for (const Fill& fill : orders_.at(order->id).fills)
      out.push_back(&fill);
  }
  std::ranges::sort(out, {}, [](const Fill* fill) { return fill->execution_id; });
  return out;
}

std::vector<const Fill*> Exchange::fills_of(const Order& order) const {
  std::vector<const Fill*> out;
  if (const auto found = orders_.find(order.id); found != orders_.end()) {
    for (const Fill& fill : found->second.fills)
      out.push_back(&fill);
  }
  return out;
}

void Exchange::set_countdown(AccountId account, SurfaceId surface, const std::string& symbol,
                             std::optional<Time> due) {
  const CountdownKey key{account, {surface, symbol}};
  if (due)
    countdowns_[key] = *due;
  else
    countdowns_.erase(key);
}

void Exchange::tick(Time now) {
  while (!held_.empty() && held_.front().due <= now) {
    const auto event = held_.front().event;
    held_.erase(held_.begin());
    tell(event);
  }
  for (auto each = countdowns_.begin(); each != countdowns_.end();) {
    if (each->second > now) {
      ++each;
      continue;
    }
    const auto [account, what] = each->first;
    each = countdowns_.erase(each);
    cancel_all(account, what.first, what.second, Refusal::countdown, now);
  }
}

void Exchange::forget_old() {
  if (orders_.size() <= orders_kept + orders_kept / 10)
    return;
  for (auto each = orders_.begin(); each != orders_.end() && orders_.size() > orders_kept;) {
    const auto& order = each->second.order;
    if (is_open(order.state)) {
      ++each;
      continue;
    }
    const auto by_client = by_client_id_.find({order.account, order.client_id});
    std::erase(by_client->second, order.id);
    if (by_client->second.empty())
      by_client_id_.erase(by_client);
    auto& of_account = by_account_[{order.account, order.surface}];
    of_account.erase(std::ranges::lower_bound(of_account, order.id));
    each = orders_.erase(each);
    ++forgotten_;
  }
}

} // namespace tandem::sim
