#include "core/orders/desk.hpp"

#include "core/ensure.hpp"
#include "core/orders/desk_scope.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::orders {
namespace {

std::string venue_key(const InstrumentKey& instrument, const std::string& venue_order_id) {
  return to_string(instrument) + " " + venue_order_id;
}

const std::string& strategy_of(const OrderIntent& intent) {
  const auto& origin = intent.draft.origin;
  return origin.pair.empty() ? origin.plan : origin.pair.text();
}

bool in_scope(const risk::KillOrder& kill, const OrderIntent& intent) {
  switch (kill.level) {
  case risk::KillLevel::all:
    return true;
  case risk::KillLevel::venue:
    return intent.draft.instrument.venue.text() == kill.scope;
  case risk::KillLevel::strategy:
    return strategy_of(intent) == kill.scope;
  }
  return true;
}

/// A switch that was thrown since the gate approved it stands in the way.
bool is_killed(const risk::KillSwitches& kills, const OrderIntent& intent) {
  const auto& venue = intent.draft.instrument.venue;
  return (intent.draft.origin.purpose == OrderPurpose::flatten
              ? kills.blocks_flatten(strategy_of(intent), venue)
              : kills.blocks(strategy_of(intent), venue))
         != nullptr;
}

/// Ends at the venue by itself, at once: silence means that a message was lost.
bool ends_by_itself(const OrderDraft& draft) {
  return draft.type == OrderType::market || draft.tif == TimeInForce::ioc
         || draft.tif == TimeInForce::fok;
}

/// Bought minus sold, base units.
Money filled_of(const Order& order) noexcept {
  const auto& draft = order.intent().draft;
  const auto filled = to_money(order.filled(), draft.scale);
  return draft.side == Side::buy ? filled : -filled;
}

/// @param listed null: its assets are not known.
IntentRecord record_of(const OrderIntent& intent, const Instrument* listed) {
  if (listed == nullptr)
    return {intent, {}, {}};
  return {intent, listed->base, listed->quote};
}

/// As the venue lists it, or finer where the order is: what one order shows says little of what its
/// fills will.
Scale adopted_scale(const VenueOrder& shown, const Instrument* listed) {
  const Scale own{static_cast<std::int8_t>(shown.price.decimals()),
                  static_cast<std::int8_t>(shown.quantity.decimals())};
  const Scale usual = listed != nullptr ? listed->scale : Scale{8, 8};
  return {std::max(own.price_decimals, usual.price_decimals),
          std::max(own.quantity_decimals, usual.quantity_decimals)};
}

} // namespace

// ---- the lock and the listeners
// -----------------------------------------------------------------------------------

/// One thread at a time, so that everybody hears everything in one order.
void Desk::deliver() {
  std::unique_lock lock{mutex_};
  if (std::exchange(delivering_, true))
    return;
  while (!outbox_.empty()) {
    const auto update = std::move(outbox_.front());
    outbox_.pop_front();
    const auto listeners = listeners_;
    lock.unlock();
    for (const auto& listener : listeners)
      listener(update);
    lock.lock();
  }
  delivering_ = false;
}

Desk::Desk(DeskOptions options, risk::GateLimits limits, Journal& journal, Log& log)
    : options_{std::move(options)}, journal_{journal}, log_{log}, gate_{std::move(limits)} {}

void Desk::add_listener(Listener listener) {
  const Scope scope{*this};
  listeners_.push_back(std::move(listener));
}

void Desk::with_gate(const std::function<void(risk::Gate&)>& change) {
  const Scope scope{*this};
  change(gate_);
}

// ---- entries
// --------------------------------------------------------------------------------------------------------

Desk::Entry* Desk::entry_of(const ClientOrderId& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

Desk::Entry* Desk::entry_of(const InstrumentKey& instrument, const std::string& client_id,
                            const std::string& venue_order_id) {
  if (!client_id.empty())
    return entry_of(ClientOrderId{client_id});
  const auto found = by_venue_id_.find(venue_key(instrument, venue_order_id));
  return found == by_venue_id_.end() ? nullptr : entry_of(found->second);
}

Desk::Entry& Desk::enter(Order order, std::shared_ptr<const Instrument> instrument) {
  const auto id = order.id();
  order_of_entry_.push_back(id);
  unsettled_.insert(id);
  auto snapshot = std::make_shared<const Order>(order);
  Entry entry{.order = std::move(order),
              .instrument = std::move(instrument),
              .snapshot = std::move(snapshot),
              .heard_at = {},
              .asked_at = std::nullopt,
              .cancelled_at = std::nullopt};
  return entries_.insert_or_assign(id, std::move(entry)).first->second;
}

/// Fills of some venues name no other.
void Desk::note_venue_id(const Order& order) {
  if (!order.venue_order_id().empty())
    by_venue_id_[venue_key(order.intent().draft.instrument, order.venue_order_id())] = order.id();
}

void Desk::forget_old() {
  while (order_of_entry_.size() > options_.settled_kept + unsettled_.size()) {
    const auto id = order_of_entry_.front();
    if (unsettled_.contains(id))
      return; // an old one still matters: nothing behind it is forgotten before it
    order_of_entry_.pop_front();
    if (const auto parts = parse_client_id(id.text());
        parts && !is_forgotten(*parts) && parts->epoch < options_.epoch)
      folded_through_ = parts;
    const auto* entry = entry_of(id);
    if (entry != nullptr && !entry->order.venue_order_id().empty())
      by_venue_id_.erase(
          venue_key(entry->order.intent().draft.instrument, entry->order.venue_order_id()));
    entries_.erase(id);
    adopted_.erase(id);
  }
}

/// Ours, settled long ago, and no longer kept in memory.
bool Desk::is_forgotten(const ClientIdParts& id) const {
  if (id.epoch == options_.epoch)
    return id.sequence <= sequence_;
  return folded_through_ && id <= *folded_through_;
}

/// What follows every change: books of the gate, memory, and news for the listeners. The record was
/// written before.
void Desk::after(Entry& entry, const OrderChange& change, const std::optional<Fill>& fill,
                 const risk::Now& now) {
  if (!change.news && !change.state_changed && !change.filled_more)
    return;
  entry.heard_at = now.mono;
  const auto& order = entry.order;
  const auto& intent = order.intent();
  note_venue_id(order);
  if (fill && change.filled_more)
    gate_.on_fill(intent, *fill, entry.instrument, now);
  gate_.on_order(order);
  if (order.settled()) {
    entry.was_settled = true;
    unsettled_.erase(order.id());
    lost_.erase(order.id());
  } else {
    unsettled_.insert(order.id());
  }
  ++updates_of_[intent.draft.instrument.market()];
  const auto before = entry.snapshot->state();
  entry.snapshot = std::make_shared<const Order>(order);
  outbox_.push_back({.number = ++updates_,
                     .order = entry.snapshot,
                     .before = before,
                     .change = change,
                     .fill = change.filled_more ? fill : std::nullopt});
  forget_old();
}

// ---- sending
// --------------------------------------------------------------------------------------------------------

OrderPort* Desk::port_of(const MarketKey& market) const {
  const auto found = ports_.find(market);
  return found == ports_.end() ? nullptr : found->second;
}

void Desk::set_port(const MarketKey& market, OrderPort* port, const risk::Now& now) {
  const Scope scope{*this};
  ports_[market] = port;
  if (port != nullptr)
    return;
  const Error why{Errc::connection_lost, "the order gateway is gone", to_string(market)};
  for (const auto& id : std::set{unsettled_}) {
    auto& entry = *entry_of(id);
    if (entry.order.state() != OrderState::sent
        || entry.order.intent().draft.instrument.market() != market)
      continue;
    write(UnknownRecord{id, why.detail});
    after(entry, entry.order.on_no_answer(why), std::nullopt, now);
  }
}

tl::expected<std::vector<ClientOrderId>, risk::Refusal>
Desk::submit(std::span<const OrderDraft> drafts, std::span<const risk::MarketFacts> facts,
             const risk::Now& now) {
  TANDEM_ENSURE(drafts.size() == facts.size());
  const Scope scope{*this};
  std::vector<OrderIntent> intents;
  for (const auto& draft : drafts)
    intents.push_back({make_client_id({options_.engine, options_.epoch, ++sequence_}), draft,
                       to_millis(now.wall)});
  auto approved = gate_.approve(intents, facts, now);
  if (!approved)
    return tl::unexpected{std::move(approved).error()};
  const auto batch = std::make_shared<Batch>();
  batch->orders = *std::move(approved);
  batch->now = now;
  std::vector<ClientOrderId> ids;
  for (std::size_t i = 0; i < intents.size(); ++i) {
    ids.push_back(intents[i].id);
    gate_.on_order(enter(Order{intents[i]}, facts[i].instrument).order);
  }
  std::vector<Record> records;
  for (std::size_t i = 0; i < intents.size(); ++i)
    records.emplace_back(record_of(intents[i], facts[i].instrument.get()));
  journal_.append_first(records,
                        [this, batch](const Status& status) { on_durable(*batch, status); });
  return ids;
}

/// All intents of a batch are on disk before the first byte of any of its orders leaves.
void Desk::on_durable(Batch& batch, const Status& status) {
  const Scope scope{*this};
  on_written(status);
  if (!status)
    batch.failure = status.error();
  send(batch);
}

void Desk::send(Batch& batch) {
  struct Ready {
    OrderPort* port;
    const risk::ApprovedOrder* order;
  };

  std::vector<Ready> ready;
  for (const auto& approved : batch.orders) {
    const auto& intent = approved.intent();
    auto& entry = *entry_of(intent.id);
    auto* port = port_of(intent.draft.instrument.market());
    std::optional<Error> stopped;
    if (batch.failure)
      stopped = Error{Errc::risk_rejected, "the intent could not be journalled", "journal"};
    else if (is_killed(gate_.kills(), intent))
      stopped
          = Error{Errc::risk_rejected, "a kill switch was thrown before it left", "kill_switch"};
    else if (port == nullptr)
      stopped = Error{Errc::exchange_unavailable, "no order gateway", "market_closed"};
    if (stopped) {
      // Nothing left the house: that is evidence.
      write(RefusedRecord{intent.id, stopped->code, stopped->detail});
      after(entry, entry.order.on_refused(*stopped), std::nullopt, batch.now);
      continue;
    }
    ready.push_back({port, &approved});
  }
  for (const auto& [port, order] : ready)
    port->send(*order);
  // Behind the bytes: after a crash an intent alone counts as sent, too.
  for (const auto& [port, order] : ready) {
    auto& entry = *entry_of(order->intent().id);
    write(SentRecord{order->intent().id, to_millis(batch.now.wall)});
    after(entry, entry.order.on_sent(batch.now.mono), std::nullopt, batch.now);
  }
}

void Desk::ask_cancel(Entry& entry, const risk::Now& now) {
  entry.cancel_wanted = true;
  auto* port = port_of(entry.order.intent().draft.instrument.market());
  if (port == nullptr || entry.order.state() == OrderState::intent)
    return;
  entry.cancelled_at = now.mono;
  port->cancel(entry.order.intent(), entry.order.venue_order_id());
}

Status Desk::cancel(const ClientOrderId& id, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return fail(Errc::not_found, "no order '" + id.text() + "'");
  if (is_final(entry->order.state()))
    return fail(Errc::conflict,
                "order '" + id.text() + "' is " + std::string{to_string(entry->order.state())});
  ask_cancel(*entry, now);
  return {};
}

// ---- the venues' words
// ----------------------------------------------------------------------------------------------

void Desk::on_accepted(const ClientOrderId& id, const std::string& venue_order_id,
                       UnixMillis venue_time, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return;
  const auto change = entry->order.on_accepted(venue_order_id, venue_time);
  if (change.news || change.state_changed)
    write(AcceptedRecord{id, venue_order_id, venue_time});
  after(*entry, change, std::nullopt, now);
}

void Desk::on_refused(const ClientOrderId& id, const Error& why, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return;
  const auto change = entry->order.on_refused(why);
  if (change.news || change.state_changed)
    write(RefusedRecord{id, why.code, why.detail});
  after(*entry, change, std::nullopt, now);
}

void Desk::on_no_answer(const ClientOrderId& id, const Error& why, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return;
  const auto change = entry->order.on_no_answer(why);
  if (change.news || change.state_changed)
    write(UnknownRecord{id, why.detail});
  after(*entry, change, std::nullopt, now);
}

/// Takes an order into the books that carries our engine's id and is not there: a crash came
/// between its journal and its bytes (power loss), or the journal is an older copy.
Desk::Entry* Desk::adopt(const VenueOrder& shown) {
  const auto parts = parse_client_id(shown.client_id);
  if (!parts || parts->engine != options_.engine || is_forgotten(*parts))
    return nullptr;
  OrderIntent intent;
  intent.id = ClientOrderId{shown.client_id};
  intent.created_at = shown.venue_time;
  auto& draft = intent.draft;
  draft.instrument = shown.instrument;
  draft.side = shown.side;
  draft.type = shown.type;
  draft.tif = shown.tif;
  auto listed = options_.listed ? options_.listed(shown.instrument) : nullptr;
  draft.scale = adopted_scale(shown, listed.get());
  const auto price = shown.price.at_scale(draft.scale.price_decimals);
  const auto quantity = shown.quantity.at_scale(draft.scale.quantity_decimals);
  if (!price || !quantity) {
    log_.write(
        LogLevel::error, "order_scale",
        {{"orderId", shown.client_id}, {"reason", describe((price ? quantity : price).error())}});
    return nullptr;
  }
  draft.price = {*price};
  draft.quantity = {*quantity};
  log_.write(LogLevel::warning, "order_adopted",
             {{"exchange", to_string(shown.instrument)}, {"orderId", shown.client_id}});
  write(AdoptedRecord{record_of(intent, listed.get()), shown.venue_order_id});
  auto& entry = enter(Order{std::move(intent)}, std::move(listed));
  entry.adopted = true;
  adopted_.insert(entry.order.id());
  return &entry;
}

std::vector<AdoptedFill> Desk::unaccepted(const MarketKey* market) const {
  const std::lock_guard lock{mutex_};
  std::vector<AdoptedFill> found;
  for (const auto& id : adopted_) {
    const auto& entry = entries_.at(id);
    const auto& instrument = entry.order.intent().draft.instrument;
    const auto filled = filled_of(entry.order);
    if (filled != entry.accepted && (market == nullptr || instrument.market() == *market))
      found.push_back({id, instrument, filled});
  }
  return found;
}

void Desk::accept_adopted(const MarketKey& market, const std::string& person,
                          const risk::Now& now) {
  const Scope scope{*this};
  for (const auto& one : unaccepted(&market)) {
    entries_.at(one.id).accepted = one.filled;
    write(BaselineRecord{.market = market,
                         .what = std::string{accepted_order} + one.id.text(),
                         .amount = one.filled,
                         .person = person,
                         .ts = to_millis(now.wall)});
  }
}

/// An order adopted from a fill alone learns its size from the order itself.
void Desk::widen(Entry& entry, Quantity quantity, const risk::Now& now) {
  const auto change = entry.order.widen(quantity);
  if (change.news || change.state_changed)
    write(AdoptedRecord{record_of(entry.order.intent(), entry.instrument.get()),
                        entry.order.venue_order_id()});
  after(entry, change, std::nullopt, now);
}

bool Desk::on_order(const VenueOrder& shown, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(shown.instrument, shown.client_id, shown.venue_order_id);
  if (entry == nullptr)
    entry = adopt(shown);
  if (entry == nullptr) {
    const auto parts = parse_client_id(shown.client_id);
    return parts && parts->engine == options_.engine; // settled and forgotten: ours all the same
  }
  lost_.erase(entry->order.id());
  const auto decimals = entry->order.intent().draft.scale.quantity_decimals;
  if (entry->adopted)
    if (const auto size = shown.quantity.at_scale(decimals))
      widen(*entry, {*size}, now);
  VenueReport report{.venue_order_id = shown.venue_order_id,
                     .status = shown.status,
                     .cumulative = std::nullopt,
                     .reason = shown.reason,
                     .venue_time = shown.venue_time};
  if (shown.cumulative) {
    const auto cumulative = shown.cumulative->at_scale(decimals);
    if (!cumulative) {
      // Never rounded: without its quantity a report proves nothing, so the order is asked for.
      log_.write(LogLevel::error, "order_scale",
                 {{"orderId", entry->order.id().text()}, {"reason", describe(cumulative.error())}});
      return true;
    }
    report.cumulative = Quantity{*cumulative};
  }
  const auto change = entry->order.on_report(report);
  if (change.news || change.state_changed)
    write(ReportRecord{entry->order.id(), report});
  after(*entry, change, std::nullopt, now);
  return true;
}

bool Desk::on_fill(const VenueFill& shown, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(shown.instrument, shown.client_id, shown.venue_order_id);
  if (entry == nullptr)
    entry = adopt({.instrument = shown.instrument,
                   .client_id = shown.client_id,
                   .side = shown.side,
                   .price = shown.price,
                   .quantity = shown.quantity,
                   .venue_order_id = shown.venue_order_id,
                   .cumulative = std::nullopt,
                   .reason = {},
                   .venue_time = shown.venue_time});
  if (entry == nullptr) {
    const auto parts = parse_client_id(shown.client_id);
    return parts && parts->engine == options_.engine;
  }
  lost_.erase(entry->order.id());
  const auto& scale = entry->order.intent().draft.scale;
  const auto price = shown.price.at_scale(scale.price_decimals);
  const auto quantity = shown.quantity.at_scale(scale.quantity_decimals);
  if (!price || !quantity) {
    log_.write(LogLevel::error, "fill_scale",
               {{"orderId", entry->order.id().text()}, {"tradeId", shown.trade_id}});
    return true;
  }
  const Fill fill{.trade_id = shown.trade_id,
                  .price = {*price},
                  .quantity = {*quantity},
                  .fee = shown.fee,
                  .fee_asset = shown.fee_asset,
                  .maker = shown.maker,
                  .venue_time = shown.venue_time};
  if (!shown.venue_order_id.empty() && entry->order.venue_order_id().empty())
    on_accepted(entry->order.id(), shown.venue_order_id, shown.venue_time, now);
  if (entry->adopted && !entry->order.knows(fill))
    widen(*entry, {entry->order.filled().units + fill.quantity.units}, now);
  const auto change = entry->order.on_fill(fill);
  if (change.filled_more)
    write(FillRecord{entry->order.id(), fill,
                     entry->was_settled
                         ? std::optional{record_of(entry->order.intent(), entry->instrument.get())}
                         : std::nullopt});
  after(*entry, change, fill, now);
  return true;
}

void Desk::on_not_found(const ClientOrderId& id, MonoTime asked_at, const risk::Now& now) {
  const Scope scope{*this};
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return;
  const auto change = entry->order.on_not_found(asked_at, options_.not_found);
  if (change.state_changed)
    write(ResolvedRecord{id, VenueStatus::rejected, "not_found"});
  after(*entry, change, std::nullopt, now);
  // An answer that is older than the venue's last word says nothing.
  if (entry->order.state() == OrderState::working && asked_at >= entry->heard_at)
    lost_.insert(id);
}

// ---- time
// ----------------------------------------------------------------------------------------------------------

/// Whether the venue must be asked how it stands.
bool Desk::is_due(const Entry& entry, MonoTime now) const {
  const auto& order = entry.order;
  if (order.state() == OrderState::intent)
    return false; // waits for the disk
  const bool asked_lately = entry.asked_at && now - *entry.asked_at < options_.query_again;
  if (asked_lately)
    return false;
  if (order.state() == OrderState::unknown)
    return true;
  const auto silent_since = std::max(order.sent_at(), entry.heard_at);
  if (now - silent_since < options_.query_after)
    return false;
  return order.state() == OrderState::sent || order.lacks_fills()
         || ends_by_itself(order.intent().draft);
}

void Desk::on_tick(const risk::Now& now) {
  const Scope scope{*this};
  write_again(vital_);
  write_again(other_);
  for (const auto& id : std::set{unsettled_}) {
    auto& entry = *entry_of(id);
    const auto& order = entry.order;
    auto* port = port_of(order.intent().draft.instrument.market());
    if (port == nullptr)
      continue;
    if (is_due(entry, now.mono)) {
      entry.asked_at = now.mono;
      port->query(order.intent(), order.venue_order_id(), true);
    }
    const bool still_works = order.state() == OrderState::working;
    if (entry.cancel_wanted && still_works
        && (!entry.cancelled_at || now.mono - *entry.cancelled_at >= options_.query_after))
      ask_cancel(entry, now);
  }
}

// ---- a person's word
// -------------------------------------------------------------------------------------------------

Status Desk::decide(const ClientOrderId& id, VenueStatus status, const std::string& person,
                    const risk::Now& now, Noted noted) {
  const Scope scope{*this};
  if (status == VenueStatus::open)
    return fail(Errc::validation_error, "an order that goes on has not ended", "status");
  auto* entry = entry_of(id);
  if (entry == nullptr)
    return fail(Errc::not_found, "no order '" + id.text() + "'", "id");
  const auto& order = entry->order;
  if (order.state() != OrderState::unknown && !order.lacks_fills() && !lost_.contains(id))
    return fail(Errc::conflict,
                "the order is " + std::string{to_string(order.state())}
                    + ": a person decides only where the exchange does not tell how one ended",
                "id");
  const auto change = entry->order.on_decided(status, person);
  write_word(ResolvedRecord{id, status, person});
  after(*entry, change, std::nullopt, now);
  if (noted)
    noted_.push_back(std::move(noted));
  tell_noted();
  return {};
}

std::vector<ClientOrderId> Desk::kill(const risk::KillOrder& order, const risk::Now& now,
                                      Noted noted) {
  const Scope scope{*this};
  if (gate_.kills().kill(order))
    write_word(KillRecord{order, false});
  std::vector<ClientOrderId> asked;
  for (const auto& id : std::set{unsettled_}) {
    auto& entry = *entry_of(id);
    if (is_final(entry.order.state()) || !in_scope(order, entry.order.intent()))
      continue;
    ask_cancel(entry, now);
    asked.push_back(id);
  }
  if (noted)
    noted_.push_back(std::move(noted));
  tell_noted();
  return asked;
}

std::vector<risk::KillOrder> Desk::kills() const {
  const std::lock_guard lock{mutex_};
  return gate_.kills().thrown();
}

bool Desk::release(risk::KillLevel level, const std::string& scope_name, const std::string& person,
                   const risk::Now& now, Noted noted) {
  const Scope scope{*this};
  const bool lifted = gate_.kills().release(level, scope_name);
  if (lifted)
    write_word(KillRecord{{.level = level,
                           .scope = scope_name,
                           .person = person,
                           .reason = {},
                           .ts = to_millis(now.wall)},
                          true});
  if (noted)
    noted_.push_back(std::move(noted));
  tell_noted();
  return lifted;
}

// ---- looking
// -------------------------------------------------------------------------------------------------------

risk::ExposureView Desk::exposure(const risk::Now& now) const {
  const std::lock_guard lock{mutex_};
  return gate_.exposure(now);
}

std::vector<risk::HeldPosition> Desk::held_positions(risk::KillLevel level,
                                                     const std::string& scope_name) const {
  const std::lock_guard lock{mutex_};
  return gate_.held_positions(level, scope_name);
}

Money Desk::position(const InstrumentKey& instrument) const {
  const std::lock_guard lock{mutex_};
  return gate_.position(instrument);
}

std::uint64_t Desk::updates() const {
  const std::lock_guard lock{mutex_};
  return updates_;
}

std::uint64_t Desk::updates(const MarketKey& market) const {
  const std::lock_guard lock{mutex_};
  const auto found = updates_of_.find(market);
  return found == updates_of_.end() ? 0 : found->second;
}

std::shared_ptr<const Order> Desk::find(const ClientOrderId& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.snapshot;
}

std::vector<std::shared_ptr<const Order>> Desk::latest(std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<const Order>> result;
  for (auto id = order_of_entry_.rbegin(); id != order_of_entry_.rend() && result.size() < limit;
       ++id)
    result.push_back(entries_.at(*id).snapshot);
  return result;
}

std::set<ClientOrderId> Desk::lost() const {
  const std::lock_guard lock{mutex_};
  return lost_;
}

std::vector<Order> Desk::of_pair(const PairId& pair) const {
  return with_origin([&](const OrderOrigin& origin) { return origin.pair == pair; });
}

std::vector<Order> Desk::of_execution(const PairId& pair, std::uint64_t execution) const {
  return with_origin([&](const OrderOrigin& origin) {
    return origin.pair == pair && origin.execution == execution;
  });
}

std::vector<Order> Desk::of_plan(const twap::PlanId& plan) const {
  return with_origin([&](const OrderOrigin& origin) { return origin.plan == plan.text(); });
}

std::vector<Order> Desk::with_origin(const std::function<bool(const OrderOrigin&)>& wanted) const {
  const std::lock_guard lock{mutex_};
  std::vector<Order> result;
  for (const auto& id : order_of_entry_)
    if (const auto& order = entries_.at(id).order; wanted(order.intent().draft.origin))
      result.push_back(order);
  return result;
}

std::vector<std::shared_ptr<const Order>> Desk::unsettled() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<const Order>> result;
  for (const auto& id : unsettled_)
    result.push_back(entries_.at(id).snapshot);
  return result;
}

std::vector<std::shared_ptr<const Order>> Desk::unsettled(const MarketKey& market) const {
  auto result = unsettled();
  std::erase_if(result, [&](const auto& order) {
    return order->intent().draft.instrument.market() != market;
  });
  return result;
}

} // namespace tandem::core::orders
