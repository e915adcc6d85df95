#include "actors/risk/flattener.hpp"

#include "messages/alert.hpp"
#include "messages/events.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::FlattenerHandle::stateful_pointer<FlattenerState>;
using core::risk::Flattening;
using core::risk::HeldPosition;
using core::risk::KillOrder;
using messages::now_of;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{100};
/// Deep enough to price an order by; what lies beyond is priced at the limit.
constexpr std::size_t book_levels = 20;

bool is_same(const KillOrder& one, const KillOrder& other) {
  return one.level == other.level && one.scope == other.scope && one.ts == other.ts;
}

/// The switches that ask for flattening are worked on, and no others.
void follow_switches(FlattenerState& state) {
  const auto thrown = state.desk->kills();
  std::erase_if(state.work, [&](const FlattenerState::Work& work) {
    return std::ranges::none_of(
        thrown, [&](const KillOrder& order) { return is_same(order, work.flattening.order()); });
  });
  for (const auto& order : thrown) {
    const bool known = std::ranges::any_of(state.work, [&](const FlattenerState::Work& work) {
      return is_same(order, work.flattening.order());
    });
    if (!order.flatten || known)
      continue;
    core::risk::GateLimits bounds;
    state.desk->with_gate([&](const core::risk::Gate& gate) { bounds = gate.limits(); });
    state.work.push_back({Flattening{order, {}, bounds, state.context->clocks.mono()}});
  }
}

void unsubscribe(const FlattenerState& state) {
  const auto bus
      = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (!bus)
    return;
  for (const auto& [instrument, slot] : state.slots)
    caf::anon_send(bus, messages::UnsubscribeBook{instrument, slot});
}

/// Null until the feed has shown one.
const core::market::DepthView* book_of(Self self, const core::InstrumentKey& instrument) {
  auto& state = self->state;
  auto& slot = state.slots[instrument];
  if (!slot) {
    // Nobody is woken: the next tick looks.
    slot = std::make_shared<core::market::DepthSlot>(
        book_levels, core::Quantity{0}, std::make_shared<core::market::WakeFlag>([] {}));
    if (const auto bus
        = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus))
      self->send(bus, messages::SubscribeBook{instrument, slot});
  }
  bool changed = false;
  return &slot->read(changed);
}

void place(FlattenerState& state, Flattening& flattening, const core::orders::OrderDraft& draft,
           const core::market::DepthView& book) {
  const auto now = now_of(state);
  const auto facts = core::risk::facts_of(book);
  const auto ids = state.desk->submit(std::span{&draft, 1}, std::span{&facts, 1}, now);
  if (ids)
    flattening.placed(draft.instrument, ids->front());
  else
    flattening.refused(draft.instrument, ids.error(), now.mono);
}

void report(FlattenerState& state, const Flattening& flattening,
            const std::vector<HeldPosition>& positions) {
  const auto left = flattening.left(positions);
  std::string text = std::to_string(flattening.orders()) + " orders";
  bool dust_only = true;
  for (const auto& one : left) {
    text += "; left: " + core::to_string(one.quantity) + " of " + core::to_string(one.instrument)
            + " (" + one.why + ")";
    dust_only = dust_only && one.dust;
  }
  const auto& order = flattening.order();
  messages::publish_alert(*state.context, dust_only ? Severity::info : Severity::critical,
                          dust_only ? "FLATTENED" : "FLATTEN_FAILED",
                          core::risk::place_of(order.level, order.scope), text);
}

/// Where an order that flattens is not settled yet. It may be a predecessor's, or another switch's
/// over the same position; and what it filled may not be in the position yet.
std::set<core::InstrumentKey> being_flattened(const FlattenerState& state) {
  std::set<core::InstrumentKey> found;
  for (const auto& order : state.desk->unsettled())
    if (const auto& draft = order->intent().draft;
        draft.origin.purpose == core::orders::OrderPurpose::flatten)
      found.insert(draft.instrument);
  return found;
}

void work_on(Self self, FlattenerState::Work& work) {
  auto& state = self->state;
  auto& flattening = work.flattening;
  const auto& order = flattening.order();
  const auto positions = state.desk->held_positions(order.level, order.scope);
  const auto now = state.context->clocks.mono();
  const auto busy = being_flattened(state);
  for (const auto& position : positions) {
    const auto* book = book_of(self, position.instrument);
    if (busy.contains(position.instrument))
      continue;
    if (const auto draft = flattening.next(position, book, now))
      place(state, flattening, *draft, *book);
  }
  for (const auto& [instrument, id] : flattening.under_way()) {
    const auto sent = state.desk->find(id);
    if (!sent || core::orders::is_final(sent->state()))
      flattening.ended(instrument, now);
  }
  work.reported = flattening.is_over(positions, now);
  if (work.reported)
    report(state, flattening, positions);
}

void show(FlattenerState& state) {
  std::int64_t orders = 0;
  bool working = false;
  for (const auto& work : state.work) {
    orders += static_cast<std::int64_t>(work.flattening.orders());
    working = working || !work.reported;
  }
  state.cell->set_counter("orders", orders);
  state.cell->set_state(working ? "flattening" : state.work.empty() ? "idle" : "done");
}

} // namespace

FlattenerState::~FlattenerState() {
  if (context)
    unsubscribe(*this);
}

messages::FlattenerHandle::behavior_type flattener(Self self, messages::ContextPtr context,
                                                   messages::CellPtr cell,
                                                   core::orders::Desk* desk) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.desk = desk;
  show(state);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::Tick&) {
        auto& own = self->state;
        follow_switches(own);
        for (auto& work : own.work)
          if (!work.reported)
            work_on(self, work);
        if (std::ranges::all_of(own.work, &FlattenerState::Work::reported)) {
          unsubscribe(own);
          own.slots.clear();
        }
        show(own);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
