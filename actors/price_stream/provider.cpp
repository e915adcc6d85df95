#include "actors/price_stream/provider.hpp"

#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tandem::actors::price_stream {
namespace {

using Self = ProviderHandle::stateful_pointer<ProviderState>;
using adapters::venues::Channel;
using adapters::venues::Stream;
using core::LogLevel;
using core::Symbol;
using core::klines::Sums;

constexpr std::chrono::milliseconds tick_interval{100};

Stream stream_of(const ProviderState& state, const Symbol& symbol) {
  return {Channel::klines, symbol, state.options->base.text()};
}

// ---- the connection ----

/// Turns one frame into a message; on the I/O thread.
FrameArrived read_frame(adapters::venues::Codec& codec, std::string_view text) {
  using namespace adapters::venues;
  FrameArrived arrived;
  auto frame = codec.decode(text);
  if (!frame) {
    arrived.kind = FrameArrived::Kind::malformed;
    arrived.why = frame.error();
  } else if (auto* klines = std::get_if<KlinesFrame>(&*frame)) {
    arrived.kind = FrameArrived::Kind::candles;
    arrived.symbol = Symbol{std::string{klines->symbol}};
    arrived.klines = std::move(klines->klines);
  } else if (const auto* reply = std::get_if<ControlReply>(&*frame);
             reply != nullptr && !reply->accepted) {
    arrived.why = {core::Errc::upstream_error, reply->message, {}};
  }
  return arrived;
}

adapters::transport::WebSocketEvents events_of(Self self, std::uint64_t id) {
  // The actor is reached, not kept alive, by its own connection.
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(ProviderHandle{self});
  const auto say = [weak](auto message) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<ProviderHandle>(strong), std::move(message));
  };
  const std::shared_ptr<adapters::venues::Codec> codec{self->state.options->market->make_codec()};
  adapters::transport::WebSocketEvents events;
  events.on_open = [say, id] { say(ConnectionOpened{id}); };
  events.on_text = [say, id, codec](std::string_view text, core::MonoTime) {
    auto arrived = read_frame(*codec, text);
    arrived.connection = id;
    say(std::move(arrived));
  };
  events.on_control = [say, id](core::MonoTime) { say(SignOfLife{id}); };
  events.on_down = [say, id](core::Error why) { say(ConnectionDown{id, std::move(why)}); };
  return events;
}

void connect(Self self) {
  auto& state = self->state;
  auto socket = state.options->socket;
  socket.url += state.options->market->route(Channel::klines);
  const auto now = state.context->clocks.mono();
  state.open = false;
  state.opened_at = state.last_life = state.pinged_at = now;
  state.connection
      = state.options->connector->open(std::move(socket), events_of(self, ++state.connection_id));
}

void lost(ProviderState& state, const core::Error& why) {
  const auto now = state.context->clocks.mono();
  state.connection = nullptr;
  const auto ran
      = std::exchange(state.open, false) ? now - state.opened_at : std::chrono::nanoseconds{0};
  const auto wait = state.backoff.next(state.context->random(), ran);
  state.retry_at = now + wait;
  state.controls.clear();
  state.cell->set_state("down");
  state.cell->set_last_error(core::describe(why));
  state.context->log->write(
      LogLevel::warning, "stream_down",
      {{"reason", core::describe(why)}, {"retry_ms", std::to_string(wait.count())}});
}

/// As many as one request may hold, and no request before the venue allows it.
void send_controls(ProviderState& state) {
  const auto& traits = state.options->market->traits();
  const auto now = state.context->clocks.mono();
  if (!state.open || state.controls.empty() || now < state.next_control_at)
    return;
  const bool subscribing = state.controls.front().first;
  std::vector<Stream> streams;
  while (!state.controls.empty() && state.controls.front().first == subscribing
         && streams.size() < traits.streams_per_request) {
    streams.push_back(stream_of(state, state.controls.front().second));
    state.controls.pop_front();
  }
  const auto id = state.next_request++;
  state.connection->send(subscribing ? state.codec->subscribe(streams, id)
                                     : state.codec->unsubscribe(streams, id));
  state.next_control_at = now + traits.request_spacing;
}

void on_open(ProviderState& state) {
  state.open = true;
  state.opened_at = state.last_life = state.context->clocks.mono();
  state.controls.clear();
  for (auto& [symbol, line] : state.lines) {
    line.sums.on_connected();
    state.controls.emplace_back(true, symbol);
  }
  state.cell->set_state("live");
  state.context->log->write(LogLevel::info, "stream_connected",
                            {{"symbols", std::to_string(state.lines.size())}});
  send_controls(state);
}

void watch_connection(Self self) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  if (!state.connection) {
    if (now >= state.retry_at)
      connect(self);
    return;
  }
  if (!state.open)
    return; // the connector has a time limit of its own
  const auto silence_max = state.options->market->traits().transport_silence_max;
  if (now - state.last_life > silence_max) {
    lost(state, {core::Errc::timed_out, "nothing was heard of the venue", {}});
    return;
  }
  if (now - std::max(state.last_life, state.pinged_at) > silence_max / 3) {
    state.pinged_at = now;
    state.connection->ping();
  }
}

// ---- candles ----

void store(const ProviderState& state, const Symbol& symbol,
           const adapters::price_stream::Point& point) {
  const auto& options = *state.options;
  if (!options.tape)
    return;
  const auto market = options.market->key();
  options.tape->write(record_of({market.venue, market.type, symbol}, point));
  options.influx->writes.fetch_add(1, std::memory_order_relaxed);
}

/// By the broker where there is one: the fan-out decides.
void publish(Self self, core::klines::PriceRecord record, const core::klines::Interval& interval) {
  const auto& state = self->state;
  if (state.options->log_prices)
    state.context->log->write(LogLevel::debug, "price",
                              {{"symbol", record.symbol.text()},
                               {"interval", interval.text()},
                               {"price", record.candle.close.to_string()}});
  const auto& directory = *state.context->directory;
  if (const auto fanout = directory.get<FanoutHandle>(paths::fanout))
    self->send(fanout, Published{std::move(record), interval});
  else if (const auto listener = directory.get<ListenerHandle>(paths::listener))
    self->send(listener, Published{std::move(record), interval});
}

void ask_history(Self self, const Symbol& symbol, std::uint64_t line,
                 const Sums::Question& question) {
  auto& options = *self->state.options;
  const auto count = (question.range.until - question.range.from) / question.interval.millis();
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(ProviderHandle{self});
  options.rest->get(options.market->rest().klines_between(symbol, question.interval.text(),
                                                          question.range.from, question.range.until,
                                                          static_cast<int>(count)),
                    false,
                    [weak, market = options.market, symbol, line,
                     question](const core::Result<adapters::transport::HttpResponse>& reply) {
                      HistoryArrived arrived{symbol, line, question, std::nullopt};
                      auto klines = reply.and_then([&](const auto& response) {
                        return market->rest().parse_klines(response.body);
                      });
                      if (klines)
                        arrived.klines = std::move(*klines);
                      else
                        arrived.why = core::describe(klines.error());
                      if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
                        caf::anon_send(caf::actor_cast<ProviderHandle>(strong), std::move(arrived));
                    });
}

void take(Self self, const Symbol& symbol, std::uint64_t line, Sums::Step step) {
  const auto now = core::to_millis(self->state.context->clocks.wall());
  for (const auto& sum : step.ended) {
    store(self->state, symbol, adapters::price_stream::aggregate_point(symbol, sum));
    // Older ones come from the history after a start: stored, and no news to a client.
    if (sum.candle.open_time + 2 * sum.interval.millis() > now)
      publish(self, {symbol, sum.candle, std::nullopt, std::nullopt}, sum.interval);
  }
  if (step.ask)
    ask_history(self, symbol, line, *step.ask);
}

void on_candles(Self self, const FrameArrived& frame) {
  auto& state = self->state;
  const auto found = state.lines.find(frame.symbol);
  if (found == state.lines.end())
    return; // still under way when it was left
  for (const auto& kline : frame.klines) {
    const auto candle = core::klines::to_candle(kline);
    auto record = state.latest.on_update(frame.symbol, candle);
    store(state, frame.symbol, adapters::price_stream::price_point(record));
    publish(self, std::move(record), state.options->base);
    take(self, frame.symbol, found->second.number, found->second.sums.on_live(candle));
  }
}

void on_frame(Self self, const FrameArrived& frame) {
  auto& state = self->state;
  if (frame.connection != state.connection_id)
    return;
  state.last_life = state.context->clocks.mono();
  auto& counts = *state.options->counts;
  ++counts.received;
  switch (frame.kind) {
  case FrameArrived::Kind::candles:
    ++counts.processed;
    on_candles(self, frame);
    break;
  case FrameArrived::Kind::malformed:
    ++counts.failed;
    state.cell->set_last_error(core::describe(frame.why));
    break;
  case FrameArrived::Kind::ignored:
    ++counts.ignored;
    if (!frame.why.detail.empty())
      state.context->log->write(LogLevel::warning, "subscription_refused",
                                {{"reason", frame.why.detail}});
    break;
  }
}

void on_history(Self self, const HistoryArrived& answer) {
  auto& state = self->state;
  const auto found = state.lines.find(answer.symbol);
  if (found == state.lines.end() || found->second.number != answer.subscription)
    return;
  auto& sums = found->second.sums;
  if (!answer.klines) {
    state.context->log->write(LogLevel::warning, "history_missing",
                              {{"symbol", answer.symbol.text()}, {"reason", answer.why}});
    take(self, answer.symbol, answer.subscription, sums.on_no_answer());
    return;
  }
  const auto candles = core::klines::to_candles(*answer.klines, answer.question.interval.millis(),
                                                core::to_millis(state.context->clocks.wall()));
  take(self, answer.symbol, answer.subscription, sums.on_answer(candles));
}

// ---- subscriptions ----

void add_line(ProviderState& state, const Symbol& symbol) {
  if (state.lines.contains(symbol))
    return;
  const auto& options = *state.options;
  state.lines.emplace(
      symbol, ProviderState::Line{state.next_line++, Sums{{options.base, options.targets}}});
  if (state.open)
    state.controls.emplace_back(true, symbol);
}

void remove_line(ProviderState& state, const Symbol& symbol) {
  if (state.lines.erase(symbol) == 0)
    return;
  state.latest.forget(symbol);
  if (state.open)
    state.controls.emplace_back(false, symbol);
}

SubscriptionChanged change(ProviderState& state, const ChangeSubscription& wish) {
  const auto room = state.options->market->traits().streams_per_connection;
  if (wish.wanted && !state.lines.contains(wish.symbol) && state.lines.size() >= room)
    return {core::Error{
        core::Errc::rate_limited, "no more than " + std::to_string(room) + " symbols", {}}};
  const auto stored
      = wish.wanted ? state.store->put(wish.symbol) : state.store->remove(wish.symbol);
  if (!stored) {
    state.context->log->write(LogLevel::error, "subscription_not_stored",
                              {{"reason", core::describe(stored.error())}});
    return {stored.error()};
  }
  if (wish.wanted)
    add_line(state, wish.symbol);
  else
    remove_line(state, wish.symbol);
  state.context->log->write(LogLevel::info, wish.wanted ? "subscribed" : "unsubscribed",
                            {{"symbol", wish.symbol.text()}});
  send_controls(state);
  return {};
}

void open_store(ProviderState& state) {
  auto store = state.options->open_store();
  if (!store)
    throw std::runtime_error{core::describe(store.error())};
  state.store = std::move(*store);
  const auto stored = state.store->load();
  if (!stored)
    throw std::runtime_error{core::describe(stored.error())};
  for (const auto& symbol : *stored)
    add_line(state, symbol);
  for (const auto& symbol : state.options->symbols)
    add_line(state, symbol);
}

ProviderView view(const ProviderState& state) {
  ProviderView view;
  const auto& counts = *state.options->counts;
  auto& stats = view.stats;
  stats.running = true;
  stats.interval = state.options->base.text();
  stats.received = counts.received;
  stats.processed = counts.processed;
  stats.failed = counts.failed;
  stats.ignored = counts.ignored;
  stats.started = counts.started;
  if (state.options->influx)
    stats.influx = shown(*state.options->influx);
  if (state.options->kafka)
    stats.kafka_sent = state.options->kafka->sent;
  for (const auto& [symbol, line] : state.lines)
    stats.subscribed.push_back(symbol);
  view.prices = state.latest.all();
  for (const auto& [symbol, record] : view.prices)
    stats.cached.push_back(symbol);
  return view;
}

void count(const ProviderState& state) {
  const auto& counts = *state.options->counts;
  const auto show = [&](const char* name, std::uint64_t value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value));
  };
  show("received", counts.received);
  show("processed", counts.processed);
  show("failed", counts.failed);
  show("symbols", state.lines.size());
}

} // namespace

ProviderHandle::behavior_type provider(Self self, messages::ContextPtr context,
                                       messages::CellPtr cell, ProviderOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.backoff = core::supervision::Backoff{options.backoff};
  state.codec = options.market->make_codec();
  state.options.emplace(std::move(options));
  state.options->counts->started = context->clocks.wall();
  open_store(state);
  connect(self);
  cell->set_state("connecting");
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const ConnectionOpened& opened) {
        if (opened.connection == self->state.connection_id)
          on_open(self->state);
      }),
      observe([self](const ConnectionDown& down) {
        if (down.connection == self->state.connection_id && self->state.connection)
          lost(self->state, down.why);
      }),
      observe([self](const FrameArrived& frame) { on_frame(self, frame); }),
      observe([self](const SignOfLife& life) {
        if (life.connection == self->state.connection_id)
          self->state.last_life = self->state.context->clocks.mono();
      }),
      observe([self](const HistoryArrived& answer) { on_history(self, answer); }),
      observe([self](const ChangeSubscription& wish) { return change(self->state, wish); }),
      observe([self](const GetProvider&) { return view(self->state); }),
      observe([self](const messages::Tick&) {
        watch_connection(self);
        send_controls(self->state);
        count(self->state);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors::price_stream
