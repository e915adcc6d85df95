#include "actors/venues/paper_gateway.hpp"

#include "actors/venues/market_ready.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::OrderGatewayHandle::stateful_pointer<PaperGatewayState>;
using messages::now_of;

constexpr std::chrono::milliseconds tick_interval{100};

/// Every market has an account of its own on paper.
std::string account_of(const PaperGatewayState& state) {
  return "paper." + core::to_string(state.options.market);
}

/// Why the gate is closed; empty = it is open.
std::string closed_because(const PaperGatewayState& state) {
  if (!state.link)
    return "no keys: public only";
  return not_ready_because(*state.context->board, state.options.market, state.context->clocks,
                           state.options.clock_offset_max);
}

void set_gate(PaperGatewayState& state) {
  const auto reason = closed_because(state);
  const auto& market = state.options.market;
  const auto account = account_of(state);
  const auto offset
      = state.context->board->clock_offset(market, now_of(state).mono, now_of(state).wall)
            .value_or(std::chrono::milliseconds{0});
  const auto held = state.link ? state.link->account() : adapters::venues::PaperLink::Account{};
  state.options.desk->with_gate([&](core::risk::Gate& gate) {
    gate.set_market(market, {.open = reason.empty(),
                             .reason = reason,
                             .account = account,
                             .clock_offset = offset,
                             .allowed = state.options.allowed});
    for (const auto& [asset, row] : held.assets)
      gate.set_balance(account, asset, row.free);
    for (const auto& symbol : gate.introduced(market))
      gate.set_fee(market, symbol, state.options.taker_fee);
    if (reason.empty()) // what is on paper cannot have moved meanwhile
      gate.standstill().compared(market, gate.standstill().count());
  });
  state.cell->set_state(reason.empty() ? "paper" : state.link ? "closed" : "public_only");
  if (reason == std::exchange(state.said, reason))
    return;
  state.context->log->write(core::LogLevel::info, reason.empty() ? "gate_opened" : "gate_closed",
                            {{"exchange", core::to_string(market)},
                             {"reason", reason.empty() ? "orders are filled on paper" : reason}});
}

void close_link(PaperGatewayState& state) {
  if (!state.link)
    return;
  state.options.desk->set_port(state.options.market, nullptr, now_of(state));
  state.link->stop();
  state.link = nullptr;
}

void begin(PaperGatewayState& state) {
  close_link(state);
  const auto& options = state.options;
  if (options.tools.keys->has(options.market.venue)) {
    state.link = adapters::venues::PaperLink::open(options.market, options.tools, options.paper,
                                                   *options.desk);
    options.desk->set_port(options.market, state.link.get(), now_of(state));
  }
  set_gate(state);
}

messages::AccountSnapshot account(const PaperGatewayState& state) {
  messages::AccountSnapshot shown;
  shown.market = state.options.market;
  shown.public_only = !state.link;
  shown.reason = closed_because(state);
  shown.connected = shown.reason.empty();
  shown.read_at = core::to_millis(state.context->clocks.wall());
  if (!state.link)
    return shown;
  const auto held = state.link->account();
  for (const auto& [asset, row] : held.assets)
    shown.balances.push_back({asset, row.free, row.locked});
  for (const auto& [instrument, position] : held.positions)
    shown.positions.push_back({instrument, position.quantity(), {}, {}});
  return shown;
}

} // namespace

PaperGatewayState::~PaperGatewayState() {
  if (!context)
    return;
  options.desk->with_gate([&](core::risk::Gate& gate) {
    gate.set_market(options.market,
                    {.reason = "the order gateway ended", .account = account_of(*this)});
  });
  close_link(*this);
}

messages::OrderGatewayHandle::behavior_type paper_gateway(Self self, messages::ContextPtr context,
                                                          messages::CellPtr cell,
                                                          PaperGatewayOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  begin(state);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      // There is no private stream in this mode.
      observe([](const messages::PrivateReady&) {}),
      observe([](const messages::PrivateDown&) {}),
      observe([self](const messages::KeysChanged&) { begin(self->state); }),
      observe([](const messages::Continue& next) { next.run(); }),
      observe([self](const messages::Tick&) {
        set_gate(self->state);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
      observe([self](const messages::GetAccount&) -> messages::AccountSnapshot {
        return account(self->state);
      }),
      observe([self](const messages::AcceptDifferences&) -> messages::Done {
        return {core::Error{core::Errc::conflict, "an account on paper has nothing to differ from",
                            core::to_string(self->state.options.market)}};
      }),
  };
}

} // namespace tandem::actors
