#include "actors/venues/private_feed.hpp"

#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <atomic>
#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::actors {
namespace {

using Self = messages::PrivateFeedHandle::stateful_pointer<PrivateFeedState>;
using messages::LinkNotice;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{100};

const core::MarketKey& market_of(const PrivateFeedState& state) {
  return state.options.parts.market->key();
}

template <class Message>
void tell_gateway(Self self, Message message) {
  const auto gateway = self->state.context->directory->get<messages::OrderGatewayHandle>(
      messages::paths::order_gateway(market_of(self->state)));
  if (gateway)
    self->send(gateway, std::move(message));
}

void alert(Self self, Severity severity, std::string code, const std::string& text) {
  const auto& state = self->state;
  messages::publish_alert(*state.context, severity, std::move(code),
                          core::to_string(market_of(state)), text);
}

/// The venue's words, on the strand.
void hear(core::orders::Desk& desk, const core::MarketKey& market,
          const adapters::venues::PrivateEvent& event, const core::risk::Now& now) {
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, core::orders::VenueOrder>)
          desk.on_order(what, now);
        else if constexpr (std::is_same_v<What, core::orders::VenueFill>)
          desk.on_fill(what, now);
        else if constexpr (std::is_same_v<What, adapters::venues::Balance>)
          desk.with_gate([&](core::risk::Gate& gate) {
            if (const auto* status = gate.market(market))
              gate.set_balance(status->account, what.asset, what.free);
          });
      },
      event);
}

/// A venue that says more than the engine works off is not read for that time.
void tell_held(const messages::Context& context, const core::MarketKey& market,
               messages::ActorCell& cell, core::BurstGate& told, bool held) {
  cell.set_counter("reading_held", held ? 1 : 0);
  if (!held)
    return;
  cell.set_counter("times_held", cell.counters()["times_held"] + 1);
  if (told.pass(context.clocks.mono()) < 0)
    return;
  messages::publish_alert(
      context, Severity::warning, "PRIVATE_FEED_HELD", core::to_string(market),
      std::to_string(adapters::venues::updates_waiting_max)
          + " order updates wait to be worked off: the stream is not read until half of them are");
}

void open(Self self) {
  auto& state = self->state;
  const auto& parts = state.options.parts;
  const auto now = state.context->clocks.mono();
  const auto id = ++state.link_id;
  state.opened_at = now;
  state.ready = false;
  state.cell->set_state("connecting");
  const messages::PrivateFeedHandle owner{self};
  const auto say = [owner, id](LinkNotice::Kind kind, core::Error why) {
    caf::anon_send(owner, LinkNotice{.link = id, .kind = kind, .error = std::move(why)});
  };
  const auto context = state.context;
  const auto market = parts.market->key();
  auto* desk = parts.desk;
  adapters::venues::PrivateEvents events;
  events.ready = [say] { say(LinkNotice::Kind::all_live, {}); };
  events.down = [say](core::Error why) { say(LinkNotice::Kind::down, std::move(why)); };
  events.event = [context, market, desk](const adapters::venues::PrivateEvent& event) {
    hear(*desk, market, event, {context->clocks.mono(), context->clocks.wall()});
  };
  const auto gate = std::make_shared<core::BurstGate>(std::chrono::seconds{10});
  const auto cell = state.cell;
  const auto count = std::make_shared<std::int64_t>(0);
  events.malformed = [context, market, gate, cell, count](const core::Error& why) {
    cell->set_counter("malformed", ++*count);
    if (const auto quiet = gate->pass(context->clocks.mono()); quiet >= 0)
      context->log->write(core::LogLevel::warning, "private_frame_malformed",
                          {{"exchange", core::to_string(market)},
                           {"reason", why.detail},
                           {"suppressed", std::to_string(quiet)}});
  };
  state.cell->set_counter("reading_held", 0);
  events.held
      = [context, market, cell, told = std::make_shared<core::BurstGate>(std::chrono::seconds{10})](
            bool held) { tell_held(*context, market, *cell, *told, held); };
  state.link = adapters::venues::PrivateLink::open(parts.tools(parts.make_client()),
                                                   state.options.socket, std::move(events));
}

void close(Self self, const core::Error& why) {
  auto& state = self->state;
  if (state.link)
    std::exchange(state.link, nullptr)->stop();
  ++state.link_id; // notices of the old one are not heard any more
  if (std::exchange(state.ready, false))
    tell_gateway(self, messages::PrivateDown{why});
}

/// Opens the stream, once it is known what the market trades: an order of which nobody knows the
/// assets could be counted under no name.
void begin(Self self) {
  auto& state = self->state;
  if (!state.options.parts.keys->has(market_of(state).venue))
    state.cell->set_state("public_only");
  else if (!state.context->board->instruments(market_of(state)))
    state.cell->set_state("waiting");
  else
    open(self);
}

void on_down(Self self, const core::Error& why) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  const auto ran = state.ready ? now - state.opened_at : std::chrono::nanoseconds{0};
  const auto wait = state.backoff.next(state.context->random(), ran);
  close(self, why);
  state.retry_at = now + wait;
  state.cell->set_state("down");
  state.cell->set_last_error(core::describe(why));
  state.cell->set_counter("reconnects", ++state.reconnects);
  if (!std::exchange(state.alerted, true))
    alert(self, Severity::warning, "PRIVATE_FEED_DOWN",
          core::describe(why) + "; orders wait until it is back and reconciled");
}

void on_notice(Self self, const LinkNotice& notice) {
  auto& state = self->state;
  if (notice.link != state.link_id)
    return;
  if (notice.kind == LinkNotice::Kind::down) {
    on_down(self, notice.error);
    return;
  }
  state.ready = true;
  state.cell->set_state("live");
  if (std::exchange(state.alerted, false))
    alert(self, Severity::info, "PRIVATE_FEED_RESTORED", "authenticated and subscribed again");
  tell_gateway(self, messages::PrivateReady{});
}

void on_tick(Self self) {
  auto& state = self->state;
  if (!state.link && state.context->clocks.mono() >= state.retry_at)
    begin(self);
  // The gateway may have been restarted since: it knows nothing until it is told.
  if (state.ready)
    tell_gateway(self, messages::PrivateReady{});
}

} // namespace

PrivateFeedState::~PrivateFeedState() {
  if (link)
    link->stop();
  if (!ready || !context)
    return;
  const auto gateway = context->directory->get<messages::OrderGatewayHandle>(
      messages::paths::order_gateway(options.parts.market->key()));
  if (gateway)
    caf::anon_send(gateway, messages::PrivateDown{
                                {core::Errc::connection_lost, "the private feed ended", {}}});
}

messages::PrivateFeedHandle::behavior_type private_feed(Self self, messages::ContextPtr context,
                                                        messages::CellPtr cell,
                                                        PrivateFeedOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  state.backoff = core::supervision::Backoff{state.options.parts.backoff};
  begin(self);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const LinkNotice& notice) { on_notice(self, notice); }),
      observe([self](const messages::KeysChanged&) {
        close(self, {core::Errc::unauthenticated, "the keys were changed", {}});
        self->state.retry_at = {};
        begin(self);
      }),
      observe([self](const messages::Tick&) {
        on_tick(self);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
