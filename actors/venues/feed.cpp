#include "actors/venues/feed.hpp"

#include "core/ensure.hpp"
#include "core/risk/breaker_panel.hpp"
#include "messages/events.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::FeedHandle::stateful_pointer<FeedState>;
using adapters::venues::Channel;
using adapters::venues::FeedLink;
using adapters::venues::Stream;
using core::market::BookCondition;
using messages::LinkNotice;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{50};
constexpr std::chrono::milliseconds count_interval{500};
/// A successor that is not live by then is given up; the old connection goes on.
constexpr std::chrono::seconds successor_timeout{60};

void alert(Self self, Severity severity, std::string code, const std::string& text) {
  const auto& state = self->state;
  const auto market = core::to_string(state.options.market->key());
  state.context->log->write(severity == Severity::info ? core::LogLevel::info
                                                       : core::LogLevel::warning,
                            code, {{"exchange", market}, {"message", text}});
  const auto bus
      = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    self->send(bus, messages::EngineAlert{.severity = severity,
                                          .code = std::move(code),
                                          .message = market + ": " + text,
                                          .pair = {},
                                          .source = market,
                                          .ts = core::to_millis(state.context->clocks.wall())});
}

/// Runs on the strand, for as long as the link lives; speaks to the actor by messages only.
adapters::venues::LinkEvents link_events(Self self, std::uint64_t id) {
  const messages::FeedHandle owner{self};
  const auto say = [owner, id](LinkNotice notice) {
    notice.link = id;
    caf::anon_send(owner, std::move(notice));
  };
  adapters::venues::LinkEvents events;
  events.opened = [say] { say({.kind = LinkNotice::Kind::opened}); };
  events.all_live = [say] { say({.kind = LinkNotice::Kind::all_live}); };
  events.down
      = [say](core::Error why) { say({.kind = LinkNotice::Kind::down, .error = std::move(why)}); };
  events.shutdown_soon = [say] { say({.kind = LinkNotice::Kind::shutdown_soon}); };
  events.refused = [say](const Stream& stream, core::Error why) {
    say({.kind = LinkNotice::Kind::refused,
         .symbol = stream.symbol.text(),
         .error = std::move(why)});
  };
  events.book_changed
      = [say](const core::Symbol& symbol, BookCondition condition, core::Error why) {
          say({.kind = LinkNotice::Kind::book_changed,
               .symbol = symbol.text(),
               .condition = condition,
               .error = std::move(why)});
        };
  const auto context = self->state.context;
  const auto market = core::to_string(self->state.options.market->key());
  events.top_differs = [context, market](const core::Symbol& symbol, const core::Error& why) {
    context->log->write(core::LogLevel::warning, "book_top_differs",
                        {{"exchange", market}, {"symbol", symbol.text()}, {"reason", why.detail}});
  };
  const auto gate = std::make_shared<core::BurstGate>(std::chrono::seconds{10});
  events.malformed = [context, market, gate](const std::string& frame, const core::Error& why) {
    if (const auto quiet = gate->pass(context->clocks.mono()); quiet >= 0)
      context->log->write(core::LogLevel::warning, "frame_malformed",
                          {{"exchange", market},
                           {"reason", why.detail},
                           {"frame", frame},
                           {"suppressed", std::to_string(quiet)}});
  };
  return events;
}

bool has_books(const FeedLane& lane) {
  return std::any_of(lane.streams.begin(), lane.streams.end(),
                     [](const Stream& stream) { return stream.channel == Channel::depth; });
}

std::shared_ptr<FeedLink> open_link(Self self, FeedLane& lane, std::uint64_t id, bool publishing) {
  auto& state = self->state;
  auto socket = state.options.socket;
  socket.url += lane.route;
  const adapters::venues::LinkTools tools{.market = state.options.market,
                                          .strand = state.options.strand,
                                          .connector = state.options.connector,
                                          .rest = state.options.rest,
                                          .sinks = state.sinks,
                                          .counters = state.counters,
                                          .clocks = state.context->clocks,
                                          .random = state.context->random};
  auto link = FeedLink::open(tools, std::move(socket), state.options.limits, publishing,
                             link_events(self, id));
  if (state.clock_bad)
    link->set_clock_bad(true);
  link->add({lane.streams.begin(), lane.streams.end()}, state.table);
  return link;
}

void plan_reconnect(Self self, FeedLane& lane, core::MonoTime now) {
  // Up to 5 % earlier, so that many connections made together do not change together.
  const auto span = std::chrono::nanoseconds{self->state.options.reconnect_after};
  const auto early = span * static_cast<std::int64_t>(self->state.context->random() % 50) / 1000;
  lane.reconnect_at = now + span - early;
}

void open_lane(Self self, FeedLane& lane) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  lane.link_id = state.next_link++;
  lane.open = lane.live = false;
  lane.opened_at = now;
  plan_reconnect(self, lane, now);
  lane.link = open_link(self, lane, lane.link_id, true);
}

void show_state(Self self) {
  auto& state = self->state;
  if (!state.table) {
    state.cell->set_state("waiting_for_instruments");
    return;
  }
  const auto all = [&](auto test) {
    return std::all_of(state.lanes.begin(), state.lanes.end(),
                       [&](const auto& lane) { return test(*lane); });
  };
  if (state.lanes.empty())
    state.cell->set_state("idle");
  else if (all([](const FeedLane& lane) { return lane.open && (lane.live || !has_books(lane)); }))
    state.cell->set_state("live");
  else if (all([](const FeedLane& lane) { return lane.open; }))
    state.cell->set_state("syncing");
  else
    state.cell->set_state("down");
}

// ---- streams
// ------------------------------------------------------------------------------------------------------

void add_stream(Self self, const Stream& stream) {
  auto& state = self->state;
  const auto route = state.options.market->route(stream.channel);
  FeedLane* room = nullptr;
  for (const auto& lane : state.lanes) {
    if (lane->streams.contains(stream))
      return;
    if (room == nullptr && lane->route == route
        && lane->streams.size() < state.options.market->traits().streams_per_connection)
      room = lane.get();
  }
  if (room == nullptr) {
    auto& lane = state.lanes.emplace_back(std::make_unique<FeedLane>());
    lane->route = route;
    lane->backoff = core::supervision::Backoff{state.options.backoff};
    room = lane.get();
  }
  room->streams.insert(stream);
  // A lane without a link yet opens in the next turn, when all that was asked for together is in
  // it.
  for (const auto& link : {room->link, room->successor})
    if (link)
      link->add({stream}, state.table);
}

void remove_stream(Self self, const Stream& stream) {
  auto& lanes = self->state.lanes;
  for (auto lane = lanes.begin(); lane != lanes.end(); ++lane) {
    if ((*lane)->streams.erase(stream) == 0)
      continue;
    for (const auto& link : {(*lane)->link, (*lane)->successor})
      if (link)
        (*lane)->streams.empty() ? link->stop(true) : link->remove(stream);
    if ((*lane)->streams.empty())
      lanes.erase(lane);
    return;
  }
}

/// Every wanted stream that the venue knows.
void add_wanted(Self self) {
  auto& state = self->state;
  if (!state.table)
    return;
  const auto add_known = [&](const Stream& stream) {
    if (state.table->find(stream.symbol))
      add_stream(self, stream);
  };
  for (const auto& symbol : state.options.symbols)
    add_known({Channel::depth, symbol, {}});
  for (const auto& [symbol, slots] : state.consumers)
    add_known({Channel::depth, symbol, {}});
  for (const auto& stream : state.options.streams)
    add_known(stream);
}

void on_subscribe(Self self, const messages::SubscribeBook& request) {
  auto& state = self->state;
  const auto& symbol = request.instrument.symbol;
  state.consumers[symbol].push_back(request.slot);
  state.options.strand->post(
      [sinks = state.sinks, symbol, slot = request.slot] { sinks->add_slot(symbol, slot); });
  add_wanted(self);
  for (const auto& lane : state.lanes)
    if (lane->link && lane->streams.contains({Channel::depth, symbol, {}}))
      lane->link->republish(symbol);
}

void on_unsubscribe(Self self, const messages::UnsubscribeBook& request) {
  auto& state = self->state;
  const auto& symbol = request.instrument.symbol;
  const auto found = state.consumers.find(symbol);
  if (found == state.consumers.end())
    return;
  state.options.strand->post(
      [sinks = state.sinks, symbol, slot = request.slot] { sinks->remove_slot(symbol, slot); });
  std::erase(found->second, request.slot);
  if (!found->second.empty())
    return;
  state.consumers.erase(found);
  if (!state.options.symbols.contains(symbol))
    remove_stream(self, {Channel::depth, symbol, {}});
}

void on_instruments(Self self, const messages::InstrumentsLoaded& loaded) {
  auto& state = self->state;
  state.table = loaded.table;
  for (const auto& lane : state.lanes)
    for (const auto& link : {lane->link, lane->successor})
      if (link)
        link->set_instruments(loaded.table);
  add_wanted(self);
  for (const auto& symbol : state.options.symbols)
    if (!loaded.table->find(symbol))
      alert(self, Severity::warning, "UNKNOWN_INSTRUMENT",
            "the venue does not list " + symbol.text());
}

// ---- links
// --------------------------------------------------------------------------------------------------------

void change_over(FeedLane& lane) {
  lane.successor->take_over(std::exchange(lane.link, nullptr));
  lane.link = std::exchange(lane.successor, nullptr);
  lane.link_id = std::exchange(lane.successor_id, 0);
  lane.open = std::exchange(lane.successor_open, false);
}

void on_link_down(Self self, FeedLane& lane, bool is_successor, const core::Error& why) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  if (is_successor) {
    lane.successor = nullptr;
    lane.successor_id = 0;
    lane.successor_open = false;
    lane.reconnect_at = now + successor_timeout;
    alert(self, Severity::info, "FEED_HANDOVER_FAILED", core::describe(why));
    return;
  }
  ++state.reconnects;
  state.cell->set_last_error(core::describe(why));
  if (lane.successor) {
    // The replacement was on its way: it takes the place at once and goes on from where it is.
    change_over(lane);
    lane.live = false;
    lane.opened_at = now;
    plan_reconnect(self, lane, now);
    return;
  }
  lane.link = nullptr;
  const auto was_open = std::exchange(lane.open, false);
  lane.live = false;
  const auto ran = was_open ? now - lane.opened_at : std::chrono::nanoseconds{0};
  const auto wait = lane.backoff.next(state.context->random(), ran);
  lane.retry_at = now + wait;
  if (!std::exchange(lane.alerted, true) || was_open)
    alert(self, Severity::warning, "FEED_DOWN",
          core::describe(why) + "; next try in " + std::to_string(wait.count()) + " ms");
}

void on_link_ready(Self self, FeedLane& lane, bool is_successor) {
  const auto now = self->state.context->clocks.mono();
  if (is_successor) {
    change_over(lane);
    lane.open = lane.live = true;
    lane.opened_at = now;
    plan_reconnect(self, lane, now);
    alert(self, Severity::info, "FEED_RENEWED", "connection replaced before the venue's cut");
    return;
  }
  lane.live = true;
  if (std::exchange(lane.alerted, false))
    alert(self, Severity::info, "FEED_RESTORED", "connected and synchronised again");
}

void on_notice(Self self, const LinkNotice& notice) {
  auto& state = self->state;
  const auto found = std::find_if(state.lanes.begin(), state.lanes.end(), [&](const auto& lane) {
    return lane->link_id == notice.link || lane->successor_id == notice.link;
  });
  if (found == state.lanes.end())
    return; // a link stopped since
  auto& lane = **found;
  const bool is_successor = lane.successor_id == notice.link;
  switch (notice.kind) {
  case LinkNotice::Kind::opened:
    (is_successor ? lane.successor_open : lane.open) = true;
    if (!has_books(lane))
      on_link_ready(self, lane, is_successor);
    break;
  case LinkNotice::Kind::all_live:
    on_link_ready(self, lane, is_successor);
    break;
  case LinkNotice::Kind::down:
    on_link_down(self, lane, is_successor, notice.error);
    break;
  case LinkNotice::Kind::shutdown_soon:
    lane.reconnect_at = state.context->clocks.mono();
    break;
  case LinkNotice::Kind::refused:
    alert(self, Severity::warning, "STREAM_REFUSED",
          notice.symbol + ": " + core::describe(notice.error));
    break;
  case LinkNotice::Kind::book_changed:
    if (!is_successor && notice.condition != BookCondition::live)
      lane.live = false;
    state.context->log->write(
        core::LogLevel::info, "book_condition",
        {{"exchange", core::to_string(state.options.market->key())},
         {"symbol", notice.symbol},
         {"condition", std::string{core::market::to_string(notice.condition)}},
         {"reason", notice.error.detail}});
    break;
  }
  show_state(self);
}

messages::WholeBook whole(const adapters::venues::BookReplica& replica) {
  const auto& book = replica.book();
  messages::WholeBook result;
  result.condition = replica.live() ? BookCondition::live : BookCondition::syncing;
  result.scale = book.scale();
  result.last_id = replica.last_id();
  const auto copy = [&](core::market::Side side, std::vector<core::market::Level>& levels) {
    for (std::size_t n = 0; n < book.depth(side); ++n)
      levels.push_back(book.level(side, n));
  };
  copy(core::market::Side::bid, result.bids);
  copy(core::market::Side::ask, result.asks);
  return result;
}

void on_read_book(Self self, const messages::ReadBook& request) {
  for (const auto& lane : self->state.lanes) {
    if (!lane->link || !lane->streams.contains({Channel::depth, request.symbol, {}}))
      continue;
    lane->link->read(request.symbol,
                     [done = request.done](const adapters::venues::BookReplica* replica) {
                       done(replica == nullptr ? std::nullopt : std::optional{whole(*replica)});
                     });
    return;
  }
  request.done(std::nullopt);
}

void count(Self self) {
  auto& state = self->state;
  const auto& counters = *state.counters;
  const auto show = [&](const char* name, const std::atomic<std::uint64_t>& value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value.load(std::memory_order_relaxed)));
  };
  show("frames", counters.frames);
  show("bytes", counters.bytes);
  show("malformed", counters.malformed);
  show("depth_frames", counters.depth);
  show("best_frames", counters.best);
  show("trades", counters.trades);
  show("klines", counters.klines);
  show("tickers", counters.tickers);
  show("applied", counters.applied);
  show("ignored", counters.ignored);
  show("buffered", counters.buffered);
  show("gaps", counters.gaps);
  show("crossed", counters.crossed);
  show("stale", counters.stale);
  show("resyncs", counters.resyncs);
  show("snapshots", counters.snapshots);
  show("tops_compared", counters.tops_compared);
  show("tops_differing", counters.tops_differing);
  show("refused", counters.refused);
  show("resubscribed", counters.resubscribed);
  show("books", counters.books);
  show("books_live", counters.books_live);
  state.cell->set_counter("connections", static_cast<std::int64_t>(state.lanes.size()));
  state.cell->set_counter("reconnects", static_cast<std::int64_t>(state.reconnects));
}

/// However many books fell silent together: it is one silence of this market.
void tell_breakers(FeedState& state) {
  const auto stale = state.counters->stale.load(std::memory_order_relaxed);
  if (state.options.breakers == nullptr || std::exchange(state.stale_told, stale) == stale)
    return;
  const auto& clocks = state.context->clocks;
  state.options.breakers->tell(core::risk::breakers_of(state.options.market->key().venue),
                               {.kind = core::risk::BreakerNews::Kind::stale}, clocks.mono(),
                               clocks.wall());
}

void on_tick(Self self) {
  auto& state = self->state;
  tell_breakers(state);
  const auto now = state.context->clocks.mono();
  for (const auto& lane : state.lanes) {
    if (!lane->link && now >= lane->retry_at) {
      open_lane(self, *lane);
    } else if (lane->live && !lane->successor && now >= lane->reconnect_at) {
      lane->successor_id = state.next_link++;
      lane->successor_deadline = now + successor_timeout;
      lane->successor = open_link(self, *lane, lane->successor_id, false);
    } else if (lane->successor && now >= lane->successor_deadline) {
      lane->successor->stop(false);
      on_link_down(self, *lane, true,
                   {core::Errc::timed_out, "the new connection did not come alive", {}});
    }
  }
  if (now - state.counted_at >= count_interval) {
    state.counted_at = now;
    count(self);
    show_state(self);
  }
  self->delayed_send(self, tick_interval, messages::Tick{});
}

} // namespace

FeedState::~FeedState() {
  for (const auto& lane : lanes)
    for (const auto& link : {lane->successor, lane->link})
      if (link)
        link->stop(false);
  // After the links' last frames, in order on the strand: nobody may trade on these books any more.
  if (sinks)
    options.strand->post([sinks = sinks, now = context->clocks.mono] { sinks->all_down(now()); });
}

messages::FeedHandle::behavior_type feed(Self self, messages::ContextPtr context,
                                         messages::CellPtr cell, FeedOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.sinks = std::make_shared<adapters::venues::MarketSinks>(
      *context->board, options.market->key(), options.before_publish,
      adapters::venues::Keeping{options.tape, context->clocks.wall});
  state.counters = std::make_shared<adapters::venues::SessionCounters>();
  state.options = std::move(options);
  show_state(self);
  const auto bus = context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  TANDEM_ENSURE(static_cast<bool>(bus));
  self->send(bus, messages::FeedStarted{state.options.market->key(), messages::FeedHandle{self}});
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::SubscribeBook& request) { on_subscribe(self, request); }),
      observe([self](const messages::UnsubscribeBook& request) { on_unsubscribe(self, request); }),
      observe([self](const messages::InstrumentsLoaded& loaded) { on_instruments(self, loaded); }),
      observe([self](const messages::ClockMeasured& measured) {
        if (measured.beyond == std::exchange(self->state.clock_bad, measured.beyond))
          return;
        for (const auto& lane : self->state.lanes)
          for (const auto& link : {lane->link, lane->successor})
            if (link)
              link->set_clock_bad(measured.beyond);
      }),
      observe([self](const LinkNotice& notice) { on_notice(self, notice); }),
      observe([self](const messages::ReadBook& request) { on_read_book(self, request); }),
      observe([self](const messages::Tick&) { on_tick(self); }),
  };
}

} // namespace tandem::actors
