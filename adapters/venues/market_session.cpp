#include "adapters/venues/market_session.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::Errc;
using core::Error;
using core::MonoTime;
using core::market::BookCondition;
using std::chrono::milliseconds;

/// A quiet symbol sends no frame that would trigger its first snapshot: ask for one anyway after
/// this.
constexpr milliseconds snapshot_without_frame_after{2'000};
/// Two synchronisations of one book do not follow each other faster than this once one has failed.
constexpr milliseconds snapshot_retry_first{200};
constexpr milliseconds snapshot_retry_cap{10'000};
/// Frames a book may stay crossed before it is rebuilt.
constexpr std::uint32_t crossed_frames_max = 3;
/// Differences from the venue's best-price channel, within one synchronisation, that disprove a
/// book.
constexpr std::uint32_t top_differences_max = 3;
/// Gaps within one second that mean the link and not the books are at fault.
constexpr std::size_t storm_gaps = 5;

/// Subscribe requests remembered for their reply.
constexpr std::size_t in_flight_max = 256;
/// A subscription that stays silent is asked for ever less often, up to this many doublings.
constexpr std::uint32_t silent_doublings_max = 5;

constexpr bool must_deliver(Channel channel) {
  // Trades and bars come only when somebody trades; the others are promised.
  return channel == Channel::depth || channel == Channel::best || channel == Channel::ticker;
}

} // namespace

struct MarketSession::BookState {
  BookState(core::Symbol name, std::shared_ptr<const core::Instrument> rules,
            std::unique_ptr<BookSync> sync, MarketSinks::Book& consumers)
      : symbol{std::move(name)}, instrument{std::move(rules)},
        replica{std::move(sync), instrument->scale}, sinks{&consumers} {
    head.instrument = instrument;
  }

  core::Symbol symbol;
  std::shared_ptr<const core::Instrument> instrument;
  BookReplica replica;
  MarketSinks::Book* sinks;
  core::market::DepthView
      head; ///< condition, times and sequence of what is published; its levels are not used
  BookCondition condition = BookCondition::down;
  std::uint32_t generation
      = 0; ///< of this link's synchronisations, matches REST answers to requests
  bool snapshot_asked = false;
  bool stream_proved = false; ///< data came since this synchronisation began
  std::uint32_t snapshot_tries = 0;
  MonoTime sync_began_at{};
  MonoTime last_frame_at{};
  MonoTime crossed_since{};
  std::uint32_t crossed_frames = 0;
  TopCheck top_check;
  std::uint64_t sequence = 0;        ///< of the last frame applied, as best-price frames have it
  std::uint32_t top_differences = 0; ///< in this synchronisation
};

MarketSession::MarketSession(const Market& market, SessionLimits limits, SessionPort& port,
                             std::shared_ptr<MarketSinks> sinks,
                             std::shared_ptr<SessionCounters> counters, bool publishing)
    : market_{market}, limits_{limits}, port_{port}, sinks_{std::move(sinks)},
      counters_{std::move(counters)}, codec_{market.make_codec()}, publishing_{publishing} {}

MarketSession::~MarketSession() {
  // Counters are shared by all links of a feed: each takes its own part back.
  // any order: sums
  for (const auto& [symbol, book] : books_)
    count_live(book->condition, BookCondition::down);
  counters_->books.fetch_sub(books_.size(), std::memory_order_relaxed);
  counters_->streams.fetch_sub(streams_.size(), std::memory_order_relaxed);
}

void MarketSession::count_live(BookCondition before, BookCondition after) {
  if (before != BookCondition::live && after == BookCondition::live)
    counters_->books_live.fetch_add(1, std::memory_order_relaxed);
  if (before == BookCondition::live && after != BookCondition::live)
    counters_->books_live.fetch_sub(1, std::memory_order_relaxed);
}

// ---- subscriptions
// ------------------------------------------------------------------------------------------------

void MarketSession::add(const Stream& stream, std::shared_ptr<const core::Instrument> instrument,
                        MonoTime now) {
  auto [found, inserted] = streams_.try_emplace(stream);
  if (!inserted && found->second.wanted)
    return;
  found->second = StreamState{};
  symbol_state(stream.symbol).proved[static_cast<std::size_t>(stream.channel)] = false;
  std::erase(to_unsubscribe_, stream);
  ask_again(stream);
  counters_->streams.fetch_add(1, std::memory_order_relaxed);
  if (stream.channel == Channel::depth) {
    auto book = std::make_unique<BookState>(stream.symbol, std::move(instrument),
                                            market_.make_book_sync(), sinks_->book(stream.symbol));
    const std::string_view key = book->symbol.text(); // owned by the entry itself
    auto& state = *(books_[key] = std::move(book));
    counters_->books.fetch_add(1, std::memory_order_relaxed);
    state.condition = open_ ? BookCondition::syncing : BookCondition::down;
    if (publishing_)
      sinks_->publish_condition(*state.sinks, state.condition, state.instrument, now);
    said_all_live_ = false;
  }
  if (open_)
    send_controls(now);
}

/// Puts a stream into the queue of subscriptions, once.
void MarketSession::ask_again(const Stream& stream) {
  if (std::find(to_subscribe_.begin(), to_subscribe_.end(), stream) == to_subscribe_.end())
    to_subscribe_.push_back(stream);
}

/// The venue starts a stream anew only after it was given up.
void MarketSession::give_back_and_ask_again(const Stream& stream) {
  if (std::find(to_unsubscribe_.begin(), to_unsubscribe_.end(), stream) == to_unsubscribe_.end())
    to_unsubscribe_.push_back(stream);
  ask_again(stream);
}

void MarketSession::remove(const Stream& stream, MonoTime now) {
  const auto found = streams_.find(stream);
  if (found == streams_.end())
    return;
  const auto pending
      = std::find(to_unsubscribe_.begin(), to_unsubscribe_.end(), stream) != to_unsubscribe_.end();
  if (found->second.requested && !pending)
    to_unsubscribe_.push_back(stream);
  std::erase(to_subscribe_, stream);
  std::erase(to_subscribe_alone_, stream);
  streams_.erase(found);
  counters_->streams.fetch_sub(1, std::memory_order_relaxed);
  if (stream.channel != Channel::depth)
    return;
  const auto book = books_.find(stream.symbol.text());
  count_live(book->second->condition, BookCondition::down);
  // Nobody keeps this book from now on: what it showed last must not pass for a price.
  if (publishing_)
    sinks_->publish_condition(*book->second->sinks, BookCondition::down, book->second->instrument,
                              now);
  books_.erase(book);
  counters_->books.fetch_sub(1, std::memory_order_relaxed);
  say_all_live();
}

bool MarketSession::has(const Stream& stream) const {
  return streams_.contains(stream);
}

void MarketSession::send_controls(MonoTime now) {
  if (!open_ || now < next_control_at_)
    return;
  const auto batch_max = market_.traits().streams_per_request;
  if (!to_unsubscribe_.empty())
    send_batch(false, to_unsubscribe_, batch_max, now);
  else if (!to_subscribe_.empty())
    send_batch(true, to_subscribe_, batch_max, now);
  else if (!to_subscribe_alone_.empty())
    send_batch(true, to_subscribe_alone_, 1, now);
}

void MarketSession::send_batch(bool subscribing, std::deque<Stream>& queue, std::size_t batch_max,
                               MonoTime now) {
  const auto& traits = market_.traits();
  const auto id = next_request_++;
  std::vector<Stream> batch;
  std::size_t characters = 0;
  while (!queue.empty() && batch.size() < batch_max) {
    characters
        += queue.front().symbol.text().size() + 24; // the longest stream name around a symbol
    if (!batch.empty() && characters > traits.request_chars_max)
      break;
    batch.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  if (subscribing) {
    for (const auto& stream : batch) {
      auto& state = streams_[stream];
      state.requested = true;
      state.request_id = id;
      state.requested_at = now;
      if (stream.channel != Channel::depth)
        continue;
      if (auto* book = find_book(stream.symbol.text()))
        begin_sync(*book, now, Restart::needed);
    }
  }
  port_.send(subscribing ? codec_->subscribe(batch, id) : codec_->unsubscribe(batch, id));
  if (subscribing)
    in_flight_[id] = std::move(batch);
  if (in_flight_.size() > in_flight_max)
    in_flight_.erase(in_flight_.begin()); // the venue never answered it
  next_control_at_ = now + traits.request_spacing;
}

// ---- the link's life
// ----------------------------------------------------------------------------------------------

void MarketSession::on_open(MonoTime now) {
  open_ = true;
  last_inbound_ = pinged_at_ = app_pinged_at_ = now;
  for (auto* book : in_order())
    set_condition(*book, BookCondition::syncing, {}, now);
  send_controls(now);
}

void MarketSession::on_down(MonoTime now) {
  open_ = false;
  for (auto* book : in_order())
    set_condition(*book, BookCondition::down, {Errc::connection_lost, "the connection ended", {}},
                  now);
}

void MarketSession::give_up(Error why) {
  if (!std::exchange(gave_up_, true))
    port_.give_up(std::move(why));
}

void MarketSession::on_control(MonoTime received_at) {
  last_inbound_ = received_at;
}

void MarketSession::on_text(std::string_view text, MonoTime received_at) {
  last_inbound_ = received_at;
  counters_->frames.fetch_add(1, std::memory_order_relaxed);
  counters_->bytes.fetch_add(text.size(), std::memory_order_relaxed);
  auto frame = codec_->decode(text);
  if (!frame) {
    counters_->malformed.fetch_add(1, std::memory_order_relaxed);
    port_.malformed(text.substr(0, 200), frame.error());
    if (received_at - malformed_window_ > std::chrono::minutes{1}) {
      malformed_window_ = received_at;
      malformed_in_window_ = 0;
    }
    if (++malformed_in_window_ > limits_.malformed_per_minute_max)
      give_up({Errc::malformed, "too many frames that are not the venue's protocol", {}});
    return;
  }
  std::visit(
      [&](auto& content) {
        using Content = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, ShutdownNotice>)
          port_.shutdown_soon();
        else if constexpr (std::is_same_v<Content, PongFrame>
                           || std::is_same_v<Content, OtherFrame>)
          counters_->other.fetch_add(1, std::memory_order_relaxed);
        else
          on_frame(content, received_at);
      },
      *frame);
}

void MarketSession::on_timer(MonoTime now) {
  if (!open_ || gave_up_)
    return;
  send_controls(now);
  check_transport(now);
  check_streams(now);
  check_books(now);
}

// ---- frames
// -------------------------------------------------------------------------------------------------------

MarketSession::BookState* MarketSession::find_book(std::string_view symbol) {
  const auto found = books_.find(symbol);
  return found == books_.end() ? nullptr : found->second.get();
}

MarketSession::SymbolState& MarketSession::symbol_state(const core::Symbol& symbol) {
  const auto found = symbols_.find(symbol.text());
  if (found != symbols_.end())
    return *found->second;
  auto made = std::make_unique<SymbolState>(SymbolState{symbol, &sinks_->book(symbol), {}});
  const std::string_view key = made->symbol.text(); // owned by the entry itself
  return *(symbols_[key] = std::move(made));
}

/// Notes that a stream brings data. Null for a symbol that was never asked for.
MarketSession::SymbolState* MarketSession::saw(Channel channel, std::string_view symbol) {
  const auto known = symbols_.find(symbol);
  if (known == symbols_.end())
    return nullptr;
  auto* state = known->second.get();
  // Once data has come, a stream needs no further look-up: books have their own watchdog.
  if (std::exchange(state->proved[static_cast<std::size_t>(channel)], true))
    return state;
  for (auto found = streams_.lower_bound(Stream{channel, state->symbol, {}});
       found != streams_.end() && found->first.channel == channel
       && found->first.symbol == state->symbol;
       ++found)
    found->second.data_seen = true;
  return state;
}

void MarketSession::on_frame(const DepthFrame& frame, MonoTime received_at) {
  counters_->depth.fetch_add(1, std::memory_order_relaxed);
  auto* book = find_book(frame.symbol);
  if (book == nullptr)
    return; // the tail of an unsubscribed stream
  if (book->condition == BookCondition::down)
    return; // not asked for yet on this link
  // Where the stream brings the snapshot, nothing else proves the subscription: changes may be the
  // tail of the last one.
  const bool proof = market_.traits().snapshot_by_rest || frame.snapshot;
  if (proof && !std::exchange(book->stream_proved, true))
    saw(Channel::depth, frame.symbol);
  book->last_frame_at = received_at;
  const auto step = book->replica.on_frame(frame);
  if (step.action == SyncAction::apply)
    book->sequence = TopCheck::sequence_of(frame);
  after_step(*book, step, received_at);
  if (step.action == SyncAction::apply && book->replica.live())
    judge_top(*book, book->top_check.on_book(book->sequence, book->replica.book()), received_at);
}

/// A book whose chain is whole and whose top is not the venue's is wrong all the same.
void MarketSession::judge_top(BookState& state, TopCheck::Verdict verdict, MonoTime now) {
  if (verdict == TopCheck::Verdict::unknown)
    return;
  counters_->tops_compared.fetch_add(1, std::memory_order_relaxed);
  if (verdict == TopCheck::Verdict::equal)
    return;
  counters_->tops_differing.fetch_add(1, std::memory_order_relaxed);
  const Error why{Errc::book_gap,
                  "not the venue's best prices at " + std::to_string(state.sequence) + ": "
                      + TopCheck::describe(state.replica.book()),
                  {}};
  if (++state.top_differences == 1)
    port_.top_differs(state.symbol, why);
  if (state.top_differences >= top_differences_max)
    resync(state, BookCondition::gap, why, now, Restart::needed);
}

void MarketSession::after_step(BookState& state, const ReplicaStep& step, MonoTime now) {
  switch (step.action) {
  case SyncAction::buffer:
    counters_->buffered.fetch_add(1, std::memory_order_relaxed);
    if (!std::exchange(state.snapshot_asked, true))
      port_.fetch_snapshot(state.symbol, state.generation, milliseconds{0});
    return;
  case SyncAction::ignore:
    counters_->ignored.fetch_add(1, std::memory_order_relaxed);
    if (state.condition == BookCondition::stale && state.replica.live())
      set_condition(state, trusted(), {}, now);
    return;
  case SyncAction::resync:
    counters_->gaps.fetch_add(1, std::memory_order_relaxed);
    resync(state, BookCondition::gap,
           step.error.value_or(Error{Errc::book_gap, "sequence broken", {}}), now,
           Restart::done_by_replica);
    return;
  case SyncAction::apply:
    break;
  }
  counters_->applied.fetch_add(1, std::memory_order_relaxed);
  counters_->deleted_unknown.fetch_add(step.stats.deleted_unknown, std::memory_order_relaxed);
  if (!state.replica.live())
    return;
  if (step.became_live) {
    ++state.sinks->generation;
    state.snapshot_tries = 0;
  }
  if (state.replica.book().crossed()) {
    if (state.condition != BookCondition::crossed || step.became_live) {
      counters_->crossed.fetch_add(1, std::memory_order_relaxed);
      state.crossed_since = now;
      state.crossed_frames = 0;
      set_condition(state, BookCondition::crossed,
                    {Errc::book_crossed, "best bid at or above best ask", {}}, now);
    }
    if (++state.crossed_frames >= crossed_frames_max
        || now - state.crossed_since > limits_.crossed_max)
      resync(state, BookCondition::crossed, {Errc::book_crossed, "still crossed", {}}, now,
             Restart::needed);
    return;
  }
  if (state.condition != BookCondition::live)
    set_condition(state, trusted(), {}, now);
  else
    publish(state, now);
}

void MarketSession::on_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                                const core::Result<std::string>& body, MonoTime now) {
  auto* state = find_book(symbol.text());
  if (state == nullptr || state->generation != generation || !open_)
    return; // of a synchronisation given up since
  counters_->snapshots.fetch_add(1, std::memory_order_relaxed);
  const auto again = [&](const Error& why) {
    auto delay = snapshot_retry_first * (1U << std::min(state->snapshot_tries, 6U));
    delay = std::min<milliseconds>(delay, snapshot_retry_cap);
    if (++state->snapshot_tries >= limits_.snapshot_tries_max)
      set_condition(*state, BookCondition::syncing,
                    {Errc::exchange_unavailable, core::describe(why), {}}, now);
    const auto jitter = milliseconds{static_cast<std::int64_t>(port_.random() % 100)};
    port_.fetch_snapshot(symbol, generation, delay + jitter);
  };
  if (!body) {
    again(body.error());
    return;
  }
  const auto snapshot = market_.rest().parse_depth(*body);
  if (!snapshot) {
    again(snapshot.error());
    return;
  }
  const auto replica_generation = state->replica.generation();
  const auto step = state->replica.on_snapshot(*snapshot);
  if (step.action == SyncAction::resync && state->replica.generation() == replica_generation) {
    // Too old, or with a number that cannot be: what is buffered stays good for the next one.
    again(step.error.value_or(Error{Errc::book_gap, "snapshot older than the stream", {}}));
    return;
  }
  state->last_frame_at = now;
  state->sequence = state->replica.last_id();
  counters_->applied.fetch_add(step.replayed, std::memory_order_relaxed);
  after_step(*state, step, now);
}

void MarketSession::on_frame(const BestFrame& frame, MonoTime received_at) {
  counters_->best.fetch_add(1, std::memory_order_relaxed);
  saw(Channel::best, frame.symbol);
  auto* book = find_book(frame.symbol);
  if (book == nullptr)
    return;
  const auto sequence = book->replica.live() ? book->sequence : 0;
  judge_top(*book, book->top_check.on_best(frame, sequence, book->replica.book()), received_at);
}

void MarketSession::on_frame(TradesFrame& frame, MonoTime /*received_at*/) {
  counters_->trades.fetch_add(frame.trades.size(), std::memory_order_relaxed);
  auto* symbol = saw(Channel::trades, frame.symbol);
  if (!publishing_ || symbol == nullptr || frame.trades.empty())
    return;
  for (const auto& trade : frame.trades)
    sinks_->keep(symbol->symbol, trade);
  symbol->sinks->board->change_extras([&](auto& extras) {
    for (const auto& trade : frame.trades)
      extras.traded += core::to_money(trade.quantity);
    extras.trade = std::move(frame.trades.back());
  });
}

void MarketSession::on_frame(KlinesFrame& frame, MonoTime /*received_at*/) {
  counters_->klines.fetch_add(frame.klines.size(), std::memory_order_relaxed);
  auto* symbol = saw(Channel::klines, frame.symbol);
  if (!publishing_ || symbol == nullptr || frame.klines.empty())
    return;
  for (const auto& kline : frame.klines)
    sinks_->keep(symbol->symbol, kline);
  symbol->sinks->board->change_extras(
      [&](auto& extras) { extras.kline = std::move(frame.klines.back()); });
}

void MarketSession::on_frame(TickerFrame& frame, MonoTime /*received_at*/) {
  counters_->tickers.fetch_add(1, std::memory_order_relaxed);
  auto* symbol = saw(Channel::ticker, frame.symbol);
  if (!publishing_ || symbol == nullptr)
    return;
  sinks_->keep(symbol->symbol, frame.ticker);
  symbol->sinks->board->change_extras([&](auto& extras) {
    if (!frame.delta || !extras.ticker) {
      extras.ticker = frame.ticker;
      return;
    }
    auto& known = *extras.ticker;
    const auto take = [](auto& to, auto& from) {
      if (from)
        to = std::move(from);
    };
    auto& news = frame.ticker;
    take(known.last, news.last);
    take(known.best_bid, news.best_bid);
    take(known.best_bid_size, news.best_bid_size);
    take(known.best_ask, news.best_ask);
    take(known.best_ask_size, news.best_ask_size);
    take(known.volume, news.volume);
    take(known.quote_volume, news.quote_volume);
    take(known.high, news.high);
    take(known.low, news.low);
    take(known.change_percent, news.change_percent);
    take(known.mark_price, news.mark_price);
    take(known.index_price, news.index_price);
    take(known.funding_rate, news.funding_rate);
    known.venue_time = news.venue_time;
  });
}

void MarketSession::on_frame(const ControlReply& reply, MonoTime now) {
  const auto found = in_flight_.find(reply.request_id);
  if (found == in_flight_.end()) {
    if (!reply.accepted)
      counters_->refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  auto batch = std::move(found->second);
  in_flight_.erase(found);
  if (reply.accepted)
    return;
  counters_->refused.fetch_add(1, std::memory_order_relaxed);
  const Error why{Errc::upstream_error, reply.message, core::to_string(market_.key())};
  if (batch.size() == 1) {
    port_.refused(batch.front(), why);
    return;
  }
  // One bad name may have spoiled the rest: ask for each alone, at the venue's pace.
  for (auto& stream : batch)
    if (streams_.contains(stream))
      to_subscribe_alone_.push_back(std::move(stream));
  send_controls(now);
}

// ---- synchronisation
// ----------------------------------------------------------------------------------------------

void MarketSession::begin_sync(BookState& state, MonoTime now, Restart restart) {
  ++state.generation;
  state.snapshot_asked = state.stream_proved = false;
  state.sync_began_at = now;
  state.crossed_frames = 0;
  state.top_differences = 0;
  state.sequence = 0;
  if (restart == Restart::needed)
    state.replica.restart();
  // From here on the published levels are not kept up any more.
  if (state.condition == BookCondition::down || state.condition == BookCondition::live)
    set_condition(state, BookCondition::syncing, {}, now);
}

void MarketSession::resync(BookState& state, BookCondition condition, const Error& why,
                           MonoTime now, Restart restart) {
  counters_->resyncs.fetch_add(1, std::memory_order_relaxed);
  set_condition(state, condition, why, now);
  resyncs_.push_back(now);
  while (now - resyncs_.front() > std::chrono::hours{1})
    resyncs_.pop_front();
  const auto recent = std::count_if(resyncs_.begin(), resyncs_.end(), [&](MonoTime at) {
    return now - at < std::chrono::seconds{1};
  });
  const auto storm = std::max(storm_gaps, books_.size() / 2);
  if (static_cast<std::size_t>(recent) > storm || resyncs_.size() > limits_.resyncs_per_hour_max) {
    give_up({Errc::book_gap,
             "resync storm: " + std::to_string(resyncs_.size()) + " within the hour",
             {}});
    return;
  }
  begin_sync(state, now, restart);
  if (market_.traits().snapshot_by_rest) {
    // The stream goes on and is buffered. Asked for at once: a quiet symbol may send no frame soon.
    state.snapshot_asked = true;
    port_.fetch_snapshot(state.symbol, state.generation, milliseconds{0});
    return;
  }
  const Stream stream{Channel::depth, state.symbol, {}};
  auto& subscription = streams_[stream];
  subscription.requested_at = now;
  subscription.data_seen = false;
  symbol_state(state.symbol).proved[static_cast<std::size_t>(Channel::depth)] = false;
  give_back_and_ask_again(stream);
  send_controls(now);
}

/// What a synchronised book is, as far as the clocks allow.
BookCondition MarketSession::trusted() const noexcept {
  return clock_bad_ ? BookCondition::clock : BookCondition::live;
}

void MarketSession::set_condition(BookState& state, BookCondition condition, const Error& why,
                                  MonoTime now) {
  if (state.condition == condition && why.detail.empty())
    return;
  const bool changed = state.condition != condition;
  count_live(state.condition, condition);
  state.condition = condition;
  state.head.condition = condition;
  if (condition == BookCondition::live)
    publish(state, now);
  else if (publishing_ && changed)
    sinks_->publish_condition(*state.sinks, condition, state.instrument, now);
  port_.book_changed(state.symbol, condition, why);
  if (condition != BookCondition::live)
    said_all_live_ = false;
  else
    say_all_live();
}

void MarketSession::say_all_live() {
  if (said_all_live_ || books_.empty() || !all_books_live())
    return;
  said_all_live_ = true;
  port_.all_live();
}

void MarketSession::publish(BookState& state, MonoTime now) {
  if (!publishing_)
    return;
  state.head.venue_sequence = state.replica.last_id();
  state.head.venue_time = state.replica.venue_time();
  state.head.received_at = state.last_frame_at;
  state.sinks->instrument = state.instrument;
  sinks_->publish(*state.sinks, state.replica.book(), state.head, now);
}

void MarketSession::set_publishing(bool publishing, MonoTime now) {
  publishing_ = publishing;
  if (!publishing)
    return;
  for (auto* book : in_order()) {
    ++book->sinks->generation;
    if (book->condition == BookCondition::live)
      publish(*book, now);
    else
      sinks_->publish_condition(*book->sinks, book->condition, book->instrument, now);
  }
}

void MarketSession::republish(const core::Symbol& symbol, MonoTime now) {
  auto* book = find_book(symbol.text());
  if (book == nullptr || !publishing_)
    return;
  if (book->condition == BookCondition::live)
    publish(*book, now);
  else
    sinks_->publish_condition(*book->sinks, book->condition, book->instrument, now);
}

void MarketSession::set_clock_bad(bool bad, MonoTime now) {
  clock_bad_ = bad;
  for (auto* book : in_order()) {
    if (bad && book->condition == BookCondition::live)
      set_condition(*book, BookCondition::clock,
                    {Errc::upstream_error, "venue and local clock disagree", {}}, now);
    else if (!bad && book->condition == BookCondition::clock)
      set_condition(*book, book->replica.live() ? BookCondition::live : BookCondition::syncing, {},
                    now);
  }
}

void MarketSession::set_instrument(const std::shared_ptr<const core::Instrument>& instrument,
                                   MonoTime now) {
  auto* state = find_book(instrument->key.symbol.text());
  if (state == nullptr)
    return;
  const bool rebuild = !(state->instrument->scale == instrument->scale);
  state->instrument = instrument;
  state->head.instrument = instrument;
  state->sinks->instrument = instrument;
  if (!rebuild) {
    if (state->condition == BookCondition::live)
      publish(*state, now);
    return;
  }
  state->replica = BookReplica{market_.make_book_sync(), instrument->scale};
  if (open_ && state->condition != BookCondition::down)
    resync(*state, BookCondition::gap, {Errc::book_gap, "the venue changed the tick or lot", {}},
           now, Restart::needed);
}

bool MarketSession::all_books_live() const noexcept {
  return std::all_of(books_.begin(), books_.end(), [](const auto& entry) {
    return entry.second->condition == BookCondition::live;
  });
}

const BookReplica* MarketSession::replica(const core::Symbol& symbol) const {
  const auto found = books_.find(symbol.text());
  return found == books_.end() ? nullptr : &found->second->replica;
}

// ---- watchdogs
// ----------------------------------------------------------------------------------------------------

void MarketSession::check_transport(MonoTime now) {
  const auto& traits = market_.traits();
  if (traits.ping_interval && now - app_pinged_at_ >= *traits.ping_interval) {
    app_pinged_at_ = now;
    if (auto text = codec_->ping(next_request_))
      port_.send(std::move(*text));
  }
  const auto silence = now - last_inbound_;
  if (silence > std::min(limits_.silence_max, traits.transport_silence_max)) {
    give_up({Errc::timed_out, "nothing received, not even a pong", core::to_string(market_.key())});
    return;
  }
  if (silence > limits_.ping_after && now - pinged_at_ > limits_.ping_after) {
    pinged_at_ = now;
    port_.ping();
  }
}

void MarketSession::check_streams(MonoTime now) {
  for (auto& [stream, state] : streams_) {
    if (!state.requested || state.data_seen || !must_deliver(stream.channel))
      continue;
    auto* book = stream.channel == Channel::depth ? find_book(stream.symbol.text()) : nullptr;
    const auto waited = now - state.requested_at;
    if (book != nullptr && market_.traits().snapshot_by_rest && !book->snapshot_asked
        && waited > snapshot_without_frame_after) {
      book->snapshot_asked = true;
      port_.fetch_snapshot(book->symbol, book->generation, milliseconds{0});
    }
    const auto extra = state.tries - std::min(state.tries, limits_.first_data_tries - 1);
    if (waited <= limits_.first_data_timeout * (1U << std::min(extra, silent_doublings_max)))
      continue;
    // Acknowledged and silent: a wrong route or name is acknowledged just the same. A quiet symbol
    // looks like this too, so it is said once and asked for ever less often.
    counters_->resubscribed.fetch_add(1, std::memory_order_relaxed);
    if (++state.tries == limits_.first_data_tries)
      port_.refused(stream, {Errc::timed_out, "subscribed, but nothing ever came",
                             core::to_string(market_.key())});
    state.requested_at = now;
    state.requested = false;
    give_back_and_ask_again(stream);
  }
}

std::vector<MarketSession::BookState*> MarketSession::in_order() const {
  std::vector<BookState*> books;
  books.reserve(books_.size());
  // any order: sorted below
  for (const auto& [symbol, book] : books_)
    books.push_back(book.get());
  std::ranges::sort(books, {}, [](const BookState* book) { return book->symbol; });
  return books;
}

void MarketSession::check_books(MonoTime now) {
  for (auto* book : in_order()) {
    if (book->condition == BookCondition::live
        && now - book->last_frame_at > limits_.book_silence_max) {
      counters_->stale.fetch_add(1, std::memory_order_relaxed);
      set_condition(
          *book, BookCondition::stale,
          {Errc::timed_out,
           "no frame for "
               + std::to_string(
                   std::chrono::duration_cast<milliseconds>(now - book->last_frame_at).count())
               + " ms",
           {}},
          now);
    } else if (book->condition == BookCondition::crossed
               && now - book->crossed_since > limits_.crossed_max && book->replica.live()) {
      resync(*book, BookCondition::crossed, {Errc::book_crossed, "crossed for too long", {}}, now,
             Restart::needed);
    } else if (publishing_ && book->condition == BookCondition::live && book->sinks->board_behind) {
      sinks_->publish_board(*book->sinks, book->replica.book(), book->head, now);
    }
  }
}

} // namespace tandem::adapters::venues
