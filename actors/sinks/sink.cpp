#include "actors/sinks/sink.hpp"

#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::SinkHandle::stateful_pointer<SinkState>;
using adapters::sinks::CourierNotice;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{50};
constexpr std::chrono::seconds frames_tell_interval{5};

struct AlertForm {
  Severity severity = Severity::warning;
  const char* code = "";
};

AlertForm form_of(CourierNotice::Kind kind) {
  using enum CourierNotice::Kind;
  switch (kind) {
  case down:
    return {Severity::warning, "SINK_DOWN"};
  case back:
    return {Severity::info, "SINK_BACK"};
  case refused:
    return {Severity::warning, "SINK_RECORD_REFUSED"};
  case spool_failed:
    return {Severity::critical, "SINK_SPOOL_FAILED"};
  case spool_back:
    return {Severity::info, "SINK_SPOOL_BACK"};
  case lost:
    return {Severity::critical, "SINK_LOST"};
  }
  return {};
}

void show(SinkState& state) {
  const auto stats = state.courier->stats();
  auto& cell = *state.cell;
  cell.set_state(std::string{stats.state});
  const auto count = [&](const char* name, std::uint64_t value) {
    cell.set_counter(name, static_cast<std::int64_t>(value));
  };
  count("records", stats.records);
  count("delivered", stats.delivered);
  count("refused", stats.refused);
  count("lost", stats.lost);
  count("batches", stats.batches);
  count("failures", stats.failures);
  count("waiting", stats.waiting);
  count("spool_bytes", stats.spool_bytes);
  cell.set_counter("lag_ms", stats.lag_ms);
}

/// What is lost of the markets' frames is told every few seconds, not with each.
void tell_frames(SinkState& state) {
  if (!state.options.frames)
    return;
  const auto frames = state.options.frames();
  auto& cell = *state.cell;
  cell.set_counter("frames", static_cast<std::int64_t>(frames.taken));
  cell.set_counter("frames_written", static_cast<std::int64_t>(frames.written));
  cell.set_counter("frames_lost", static_cast<std::int64_t>(frames.lost));
  const auto now = state.context->clocks.mono();
  if (frames.lost == state.frames_lost_told || now < state.frames_tell_at)
    return;
  const auto text = std::to_string(frames.lost - state.frames_lost_told)
                    + " frames are not captured: "
                    + (frames.trouble.empty() ? "the disk is too slow" : frames.trouble);
  state.frames_lost_told = frames.lost;
  state.frames_tell_at = now + frames_tell_interval;
  cell.set_last_error(text);
  messages::publish_alert(*state.context, Severity::critical, "SINK_LOST", cell.path(), text);
}

void tell(SinkState& state) {
  for (const auto& notice : state.courier->take_notices()) {
    const auto form = form_of(notice.kind);
    if (form.severity != Severity::info)
      state.cell->set_last_error(notice.text);
    messages::publish_alert(*state.context, form.severity, form.code, state.cell->path(),
                            notice.text);
  }
}

} // namespace

SinkState::~SinkState() {
  if (options.reader)
    options.reader->on_news({});
}

messages::SinkHandle::behavior_type sink(Self self, messages::ContextPtr context,
                                         messages::CellPtr cell, SinkOptions options) {
  auto& state = self->state;
  state.options = std::move(options);
  state.context = context;
  state.cell = cell;
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(messages::SinkHandle{self});
  const auto to_self = [weak](auto message) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<messages::SinkHandle>(strong), std::move(message));
  };
  state.courier = std::make_unique<adapters::sinks::Courier>(
      state.options.courier,
      adapters::sinks::CourierPorts{
          context->clocks, context->random, state.options.files, state.options.writer,
          [to_self](auto task) { to_self(messages::Continue{std::move(task)}); }});
  state.options.reader->on_news([to_self] { to_self(messages::SinkNews{}); });
  tell(state);
  show(state);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::SinkNews&) {
        auto& mine = self->state;
        mine.options.reader->take(mine.news);
        mine.courier->on_news(mine.news, mine.options.reader->dropped());
        tell(mine);
      }),
      observe([self](const messages::Continue& answer) {
        answer.run();
        tell(self->state);
      }),
      observe([self](const messages::Tick&) {
        self->state.courier->on_tick();
        tell(self->state);
        tell_frames(self->state);
        show(self->state); // not with every record: it costs a dozen locks
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
