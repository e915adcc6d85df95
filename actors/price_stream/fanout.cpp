#include "actors/price_stream/fanout.hpp"

#include "adapters/price_stream/frame.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace tandem::actors::price_stream {
namespace {

namespace wire = adapters::price_stream;
using Self = FanoutHandle::stateful_pointer<FanoutState>;
using core::LogLevel;
using core::klines::Interval;
using core::klines::Relay;

constexpr std::chrono::milliseconds tick_interval{500};
/// Frames of the broker that wait to be read; beyond it they are passed over and counted.
constexpr std::size_t frames_max = 10'000;

void to_clients(Self self, Published price) {
  const auto listener = self->state.context->directory->get<ListenerHandle>(paths::listener);
  if (listener)
    self->send(listener, std::move(price));
}

void on_price(Self self, const Published& price) {
  auto& state = self->state;
  const auto& symbol = price.record.symbol;
  const auto stamp
      = state.relay.stamp(symbol, price.interval, core::to_millis(state.context->clocks.wall()));
  if (state.relay.way() == Relay::Way::broker
      && state.broker->publish(wire::price_frame(
          price.record, core::WallTime{std::chrono::milliseconds{stamp}}, price.interval.text())))
    return;
  // Remembered, so that what the broker still passes on later is no news.
  static_cast<void>(state.relay.is_news(symbol, price.interval, stamp));
  to_clients(self, price);
}

void on_frame(Self self, const FrameHeard& heard) {
  auto& state = self->state;
  auto frame = wire::parse_frame(heard.frame);
  const auto interval
      = frame && !frame->interval.empty() ? Interval::parse(frame->interval) : state.options->base;
  if (!frame || !interval) {
    ++state.malformed;
    state.cell->set_last_error(core::describe(frame ? interval.error() : frame.error()));
    return;
  }
  if (frame->stamp != 0 && !state.relay.is_news(frame->record.symbol, *interval, frame->stamp)) {
    ++state.late;
    return;
  }
  to_clients(self, {std::move(frame->record), *interval});
}

void on_broker(FanoutState& state, const BrokerChanged& changed) {
  state.relay.on_broker(changed.ready);
  state.cell->set_state(changed.ready ? "live" : "down");
  if (changed.ready) {
    state.context->log->write(LogLevel::info, "kafka_ready", {});
    return;
  }
  state.cell->set_last_error(changed.why);
  state.context->log->write(LogLevel::warning, "kafka_absent",
                            {{"reason", changed.why}, {"so", "prices go to the clients directly"}});
}

adapters::fanout::Events events_of(Self self) {
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(FanoutHandle{self});
  const auto say = [weak](auto message) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<FanoutHandle>(strong), std::move(message));
  };
  const auto pass_on = [say, places = self->state.places](std::string frame) {
    if (auto place = places->take())
      say(FrameHeard{std::move(frame), std::move(place)});
  };
  return {.on_frame = pass_on,
          .on_undelivered = pass_on,
          .on_ready = [say](bool ready, std::string why) {
            say(BrokerChanged{ready, std::move(why)});
          }};
}

void count(const FanoutState& state) {
  const auto& counts = *state.options->counts;
  const auto show = [&](const char* name, std::uint64_t value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value));
  };
  show("sent", counts.sent);
  show("undelivered", counts.undelivered);
  show("heard", counts.heard);
  show("foreign", counts.foreign);
  show("malformed", state.malformed);
  show("late", state.late);
  show("passed_over", state.places->refused());
}

} // namespace

FanoutHandle::behavior_type fanout(Self self, messages::ContextPtr context, messages::CellPtr cell,
                                   FanoutOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options.emplace(std::move(options));
  state.places = std::make_shared<core::supervision::Places>(frames_max);
  auto broker = state.options->open(events_of(self));
  if (!broker)
    throw std::runtime_error{core::describe(broker.error())};
  state.broker = std::move(*broker);
  cell->set_state("connecting");
  context->log->write(
      LogLevel::warning, "kafka_absent",
      {{"reason", "not connected yet"}, {"so", "prices go to the clients directly"}});
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const Published& price) { on_price(self, price); }),
      observe([self](const FrameHeard& heard) { on_frame(self, heard); }),
      observe([self](const BrokerChanged& changed) { on_broker(self->state, changed); }),
      observe([self](const messages::Tick&) {
        count(self->state);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors::price_stream
