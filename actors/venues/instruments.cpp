#include "actors/venues/instruments.hpp"

#include "messages/events.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::InstrumentsHandle::stateful_pointer<InstrumentsState>;
using adapters::transport::HttpResponse;
using adapters::venues::RestClient;

constexpr std::chrono::milliseconds tick_interval{100};
/// The first offsets come quickly, so that the median means something soon.
constexpr std::chrono::milliseconds clock_interval_at_start{2'000};
constexpr std::size_t pages_max = 50;
/// A slower answer says too little about the clock: its error is half the round trip.
constexpr std::chrono::seconds round_trip_max{2};

/// Fetches page after page on the strand, then tells the actor once.
struct PageLoader : std::enable_shared_from_this<PageLoader> {
  std::shared_ptr<RestClient> rest;
  const adapters::venues::Market* market = nullptr;
  messages::InstrumentsHandle owner;
  std::vector<core::Instrument> found;
  std::size_t pages = 0;

  void next(const std::string& cursor) {
    rest->get(market->rest().instruments(cursor), false,
              [self = shared_from_this()](core::Result<HttpResponse> reply) {
                if (!reply) {
                  caf::anon_send(self->owner, reply.error());
                  return;
                }
                auto page = self->market->rest().parse_instruments(reply->body);
                if (!page) {
                  caf::anon_send(self->owner, page.error());
                  return;
                }
                self->take(std::move(*page));
              });
  }

  void take(adapters::venues::InstrumentPage page) {
    for (auto& instrument : page.instruments)
      found.push_back(std::move(instrument));
    if (page.weight_per_minute)
      rest->set_limit(*page.weight_per_minute);
    if (!page.next_cursor.empty() && ++pages < pages_max) {
      next(page.next_cursor);
      return;
    }
    caf::anon_send(owner,
                   messages::InstrumentsLoaded{
                       market->key(), std::make_shared<core::InstrumentTable>(std::move(found))});
  }
};

void refresh(Self self) {
  auto& state = self->state;
  state.refreshing = true;
  auto loader = std::make_shared<PageLoader>();
  loader->rest = state.options.rest;
  loader->market = state.options.market;
  loader->owner = messages::InstrumentsHandle{self};
  loader->next({});
}

void ask_time(Self self) {
  auto& state = self->state;
  state.asking_time = true;
  state.options.rest->get(
      state.options.market->rest().time(), false,
      [owner = messages::InstrumentsHandle{self}, market = state.options.market,
       steady = state.steady](core::Result<HttpResponse> reply) {
        if (!reply || reply->received_at - reply->sent_at > round_trip_max) {
          caf::anon_send(owner, messages::ClockMeasured{market->key(),
                                                        std::chrono::milliseconds::max(), false});
          return;
        }
        const auto server = market->rest().parse_time(reply->body);
        // The middle of the exchange is when the server stamped it, give or take half the round
        // trip.
        const auto middle = steady() - (reply->received_at - reply->sent_at) / 2;
        caf::anon_send(owner,
                       messages::ClockMeasured{
                           market->key(),
                           server ? std::chrono::milliseconds{*server - core::to_millis(middle)}
                                  : std::chrono::milliseconds::max(),
                           false});
      });
}

void tell_bus(Self self, auto message) {
  const auto bus
      = self->state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    self->send(bus, std::move(message));
}

void alert(Self self, messages::Severity severity, std::string code, std::string text) {
  const auto& state = self->state;
  state.context->log->write(
      core::LogLevel::warning, code,
      {{"exchange", core::to_string(state.options.market->key())}, {"message", text}});
  tell_bus(self, messages::EngineAlert{.severity = severity,
                                       .code = std::move(code),
                                       .message = std::move(text),
                                       .pair = {},
                                       .source = core::to_string(state.options.market->key()),
                                       .ts = core::to_millis(state.context->clocks.wall())});
}

void on_loaded(Self self, const messages::InstrumentsLoaded& loaded) {
  auto& state = self->state;
  state.refreshing = false;
  state.loaded = true;
  state.retry.reset();
  state.next_refresh = state.context->clocks.mono() + state.options.refresh_interval;
  state.cell->set_state("loaded");
  state.cell->set_counter("instruments", static_cast<std::int64_t>(loaded.table->size()));
  state.context->board->set_instruments(loaded.market, loaded.table);
  tell_bus(self, loaded);
}

void on_failed(Self self, const core::Error& why) {
  auto& state = self->state;
  state.refreshing = false;
  const auto wait = state.retry.next(state.context->random(), std::chrono::nanoseconds{0});
  state.next_refresh = state.context->clocks.mono() + wait;
  state.cell->set_last_error(core::describe(why));
  state.cell->set_state(state.loaded ? "refresh_failing" : "loading");
  if (state.retry.failures() == 3)
    alert(self, messages::Severity::warning, "INSTRUMENTS_UNAVAILABLE", core::describe(why));
}

/// @param tell also when nothing changed.
void judge_clock(Self self, bool tell) {
  auto& state = self->state;
  const auto& clocks = state.context->clocks;
  const auto market = state.options.market->key();
  const auto offset = state.context->board->clock_offset(market, clocks.mono(), clocks.wall());
  if (!offset)
    return;
  const auto limit = state.options.clock_offset_max;
  const bool bad = core::market::beyond(offset, limit);
  state.cell->set_counter("clock_offset_ms", offset->count());
  const bool changed = bad != std::exchange(state.clock_bad, bad);
  if (changed)
    alert(self, bad ? messages::Severity::critical : messages::Severity::info,
          bad ? "CLOCK_OFFSET" : "CLOCK_OK",
          "venue clock minus ours: " + std::to_string(offset->count()) + " ms, limit "
              + std::to_string(limit.count()) + " ms");
  if (changed || tell)
    tell_bus(self, messages::ClockMeasured{market, *offset, bad});
}

void on_clock(Self self, const messages::ClockMeasured& measured) {
  auto& state = self->state;
  state.asking_time = false;
  const auto now = state.context->clocks.mono();
  if (measured.offset == std::chrono::milliseconds::max()) {
    state.next_clock = now + clock_interval_at_start;
    return;
  }
  const auto count = state.cell->counters()["clock_samples"] + 1;
  const auto steady = state.steady();
  state.offset.add(core::to_millis(steady + measured.offset), steady, steady);
  state.next_clock = now
                     + (count < static_cast<std::int64_t>(core::market::ClockOffset::samples_max)
                            ? std::min(clock_interval_at_start, state.options.clock_interval)
                            : state.options.clock_interval);
  state.cell->set_counter("clock_samples", count);
  if (const auto median = state.offset.median()) {
    state.context->board->set_clock_offset(measured.market, *median, now, steady);
    judge_clock(self, true);
  }
}

void on_tick(Self self) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  if (!state.refreshing && now >= state.next_refresh)
    refresh(self);
  if (!state.asking_time && now >= state.next_clock)
    ask_time(self);
  judge_clock(self, false); // somebody may have set ours
  self->delayed_send(self, tick_interval, messages::Tick{});
}

} // namespace

messages::InstrumentsHandle::behavior_type instruments(Self self, messages::ContextPtr context,
                                                       messages::CellPtr cell,
                                                       InstrumentsOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.retry = core::supervision::Backoff{options.retry};
  state.options = std::move(options);
  state.steady = [mono = context->clocks.mono, mono_then = context->clocks.mono(),
                  wall_then = context->clocks.wall()] { return wall_then + (mono() - mono_then); };
  cell->set_state("loading");
  cell->set_counter("clock_samples", 0);
  self->send(self, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::Tick&) { on_tick(self); }),
      observe([self](const messages::InstrumentsLoaded& loaded) { on_loaded(self, loaded); }),
      observe([self](const messages::ClockMeasured& measured) { on_clock(self, measured); }),
      observe([self](const core::Error& why) { on_failed(self, why); }),
  };
}

} // namespace tandem::actors
