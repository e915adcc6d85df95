/// One in a thousand book changes is lost, doubled or swapped between the simulated venues and the
/// engine's own session, codec, sync and book: every accident that leaves a mark is noticed at once
/// on that book alone, the book is rebuilt, and what a consumer is shown is never anything but the
/// venue's own book.
#include "adapters/venues/market_session.hpp"
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using namespace std::chrono_literals;
using core::market::BookCondition;
using core::market::DepthView;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t messages_wanted = 50'000;
#else
constexpr std::size_t messages_wanted = 1'000'000;
#endif
constexpr std::size_t one_in = 1'000;  ///< changes of one book; one of them has an accident
constexpr std::size_t depth_each = 64; ///< every so many frames all 50 levels are compared
constexpr auto step = 10ms;            ///< the venues' clock
constexpr auto rest_takes = 50ms;      ///< from the request for a snapshot to its answer
constexpr auto rebuild_max = 1s;
constexpr auto run_max = 3h; ///< of virtual time

const std::array<std::string, 10> symbols{"BTCUSDT", "ETHUSDT", "SOLUSDT",  "XRPUSDT", "DOGEUSDT",
                                          "ADAUSDT", "BNBUSDT", "LINKUSDT", "LTCUSDT", "AVAXUSDT"};

/// Levels as numbers, best first: what can be compared between two kinds of book.
struct Truth {
  std::vector<sim::Level> bids, asks;
};

struct Venue {
  sim::SurfaceId surface;
  core::MarketKey market;
  std::string depth_stream;
  std::string_view mark; ///< in every change of a book and in nothing else
};

const std::array<Venue, 4> venues{{
    {sim::SurfaceId::binance_spot,
     {core::VenueId{"binance"}, core::MarketType::spot},
     "100ms",
     "\"e\":\"depthUpdate\""},
    {sim::SurfaceId::binance_linear,
     {core::VenueId{"binance"}, core::MarketType::linear},
     "0ms",
     "\"e\":\"depthUpdate\""},
    {sim::SurfaceId::bybit_spot,
     {core::VenueId{"bybit"}, core::MarketType::spot},
     "50",
     "\"type\":\"delta\""},
    {sim::SurfaceId::bybit_linear,
     {core::VenueId{"bybit"}, core::MarketType::linear},
     "50",
     "\"type\":\"delta\""},
}};

enum class Accident : std::uint8_t { lost, doubled, swapped };

struct Counts {
  std::size_t messages = 0;
  std::size_t snapshots = 0;
  std::array<std::size_t, 3> accidents{};
  std::size_t detected = 0;  ///< of the lost and the swapped
  std::size_t ignored = 0;   ///< of the doubled
  std::size_t missed = 0;    ///< a lost or swapped one after which the book was still live
  std::size_t disturbed = 0; ///< a doubled one after which the book was not live
  std::size_t strangers = 0; ///< a book that lost its trust without an accident
  std::size_t compared = 0, compared_deep = 0, wrong = 0;
  std::chrono::nanoseconds rebuild_longest{0};
};

/// Keeps what the simulator sends, with the venue's book of that moment.
class Wires final : public sim::Outlet {
public:
  struct Sent {
    sim::SocketId socket;
    sim::Text text;
    std::string symbol; ///< of a change of a book; empty otherwise
    Truth truth;
  };

  void send(sim::SocketId socket, sim::Text text) override {
    Sent sent{socket, text, {}, {}};
    const auto& venue = venues[socket - 1];
    if (text->find(venue.mark) != std::string::npos) {
      sent.symbol = symbol_of(*text);
      const auto& book = simulator->market(venue.surface, sent.symbol)->book();
      const auto levels = ++frames_ % depth_each == 0 ? core::market::depth_view_levels_max : 1;
      sent.truth = {book.top(sim::Side::bid, levels), book.top(sim::Side::ask, levels)};
    }
    queue.push_back(std::move(sent));
  }

  void ping(sim::SocketId socket, std::string payload) override {
    pings.emplace_back(socket, std::move(payload));
  }

  void close(sim::SocketId, std::uint16_t, std::string) override { ++ended; }

  void abort(sim::SocketId) override { ++ended; }

  void pause_reading(sim::SocketId, bool) override {}

  void say(std::string) override {}

  sim::Simulator* simulator = nullptr;
  std::deque<Sent> queue;
  std::vector<std::pair<sim::SocketId, std::string>> pings;
  std::size_t ended = 0;

private:
  static std::string symbol_of(const std::string& text) {
    const auto begin = text.find("\"s\":\"") + 5;
    return text.substr(begin, text.find('"', begin) - begin);
  }

  std::size_t frames_ = 0;
};

/// One book on its way: what happens to it next, and what it has to show.
struct Watched {
  std::size_t changes = 0;
  std::size_t accident_at = 0;     ///< number of the change
  std::optional<Accident> pending; ///< happened, and the next frame has to show it
  std::optional<Wires::Sent> held; ///< swapped: waits for its successor
  std::optional<core::MonoTime> distrusted_at;
  BookCondition condition = BookCondition::down;
  bool was_live = false;
  std::shared_ptr<core::market::WakeFlag> wake = std::make_shared<core::market::WakeFlag>([] {});
  std::shared_ptr<core::market::DepthSlot> slot = std::make_shared<core::market::DepthSlot>(
      core::market::depth_view_levels_max, core::Quantity{0}, wake);

  const DepthView& view() {
    bool changed = false;
    wake->begin();
    wake->end();
    return slot->read(changed);
  }
};

std::shared_ptr<const core::Instrument> instrument_of(const Venue& venue,
                                                      const sim::Instrument& listed) {
  core::Instrument made;
  made.key = {venue.market.venue, venue.market.type, core::Symbol{listed.symbol}};
  made.base = listed.base;
  made.quote = listed.quote;
  made.status = core::InstrumentStatus::trading;
  made.scale = {static_cast<std::int8_t>(listed.price_decimals),
                static_cast<std::int8_t>(listed.quantity_decimals)};
  return std::make_shared<const core::Instrument>(std::move(made));
}

/// One market: the engine's session on one side, a socket of the simulator on the other.
class Link final : public SessionPort {
public:
  Link(const Venue& venue, sim::Simulator& simulator, sim::Time now, Counts& counts,
       std::uint64_t seed)
      : venue_{venue}, simulator_{simulator}, now_{now}, counts_{counts}, random_{seed},
        market_{make_market(venue.market, {venue.depth_stream})},
        sinks_{std::make_shared<MarketSinks>(board_, venue.market)},
        session_{*market_, limits(), *this, sinks_, counters_, true} {
    const auto route = market_->route(Channel::depth);
    const auto query = std::min(route.find('?'), route.size());
    const sim::HttpAsk ask{"GET", route.substr(0, query), {}, {}, {}, "10.0.0.1:5000"};
    REQUIRE_FALSE(simulator_.on_upgrade(venue.surface, ask, now_).has_value());
    simulator_.on_open(venue.surface, socket(), ask, now_);
    for (const auto& symbol : symbols) {
      auto& watched = books_[symbol];
      watched.accident_at = draw(0);
      sinks_->add_slot(core::Symbol{symbol}, watched.slot);
      const auto* generated = simulator_.market(venue.surface, symbol);
      REQUIRE(generated != nullptr);
      session_.add({Channel::depth, core::Symbol{symbol}, {}},
                   instrument_of(venue, generated->instrument()), mono());
    }
    session_.on_open(mono());
  }

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] sim::SocketId socket() const {
    return static_cast<sim::SocketId>(venue_.surface) + 1;
  }

  /// Before the simulator goes on: what the session asked for is done.
  void act(sim::Time now) {
    now_ = now;
    for (auto& text : std::exchange(to_send_, {}))
      simulator_.on_text(venue_.surface, socket(), text, now_);
    while (!fetches_.empty() && fetches_.front().due <= now_) {
      const auto fetch = fetches_.front();
      fetches_.pop_front();
      answer(fetch);
    }
    session_.on_timer(mono());
  }

  void deliver(const Wires::Sent& sent) {
    if (sent.symbol.empty()) {
      pass_on(*sent.text);
      return;
    }
    auto& book = books_.at(sent.symbol);
    ++counts_.messages;
    ++book.changes;
    if (book.held) { // the second of a swapped pair comes first
      const auto first = *std::exchange(book.held, std::nullopt);
      show(book, sent);
      show(book, first);
      return;
    }
    if (book.changes >= book.accident_at && book.condition == BookCondition::live
        && !book.pending) {
      book.accident_at = (book.changes / one_in + 1) * one_in + draw(0);
      have_accident(book, sent);
      return;
    }
    show(book, sent);
  }

  // SessionPort
  void send(std::string text) override { to_send_.push_back(std::move(text)); }

  void ping() override { session_.on_control(mono()); }

  void give_up(core::Error why) override { FAIL(core::describe(why)); }

  void fetch_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                      std::chrono::milliseconds delay) override {
    fetches_.push_back({symbol, generation, now_ + delay + rest_takes});
    std::ranges::stable_sort(fetches_, {}, &Fetch::due);
  }

  void book_changed(const core::Symbol& symbol, BookCondition condition,
                    const core::Error&) override {
    auto& book = books_.at(symbol.text());
    book.condition = condition;
    if (condition == BookCondition::live) {
      book.was_live = true;
      if (book.distrusted_at)
        counts_.rebuild_longest = std::max(
            counts_.rebuild_longest, mono() - *std::exchange(book.distrusted_at, std::nullopt));
    } else if (book.was_live && !book.distrusted_at) {
      book.distrusted_at = mono();
      counts_.strangers += book.pending ? 0 : 1;
    }
  }

  void all_live() override { ++all_live_count; }

  void refused(const Stream& stream, const core::Error& why) override {
    FAIL(stream.symbol.text() << ": " << core::describe(why));
  }

  void malformed(std::string_view frame, const core::Error&) override { FAIL(std::string{frame}); }

  void shutdown_soon() override {}

  std::uint64_t random() override { return random_(); }

  [[nodiscard]] bool all_books_live() const { return session_.all_books_live(); }

  [[nodiscard]] const SessionCounters& counters() const { return *counters_; }

  std::size_t all_live_count = 0;

private:
  struct Fetch {
    core::Symbol symbol;
    std::uint32_t generation;
    sim::Time due;
  };

  static SessionLimits limits() {
    SessionLimits made;
    made.resyncs_per_hour_max = 1'000'000; // the budget has its own test
    return made;
  }

  [[nodiscard]] core::MonoTime mono() const {
    return core::MonoTime{now_ - sim::testing::start + 1h};
  }

  std::size_t draw(std::size_t from) {
    return std::uniform_int_distribution<std::size_t>{from, one_in - 1}(random_);
  }

  void have_accident(Watched& book, const Wires::Sent& sent) {
    const auto kind = static_cast<Accident>(random_() % 3);
    ++counts_.accidents[static_cast<std::size_t>(kind)];
    switch (kind) {
    case Accident::lost:
      book.pending = kind;
      return;
    case Accident::swapped:
      book.pending = kind;
      book.held = sent;
      return;
    case Accident::doubled:
      show(book, sent);
      const auto before = counters_->ignored.load();
      show(book, sent);
      const bool still
          = counters_->ignored.load() == before + 1 && book.condition == BookCondition::live;
      ++(still ? counts_.ignored : counts_.disturbed);
      return;
    }
  }

  void show(Watched& book, const Wires::Sent& sent) {
    pass_on(*sent.text);
    if (book.pending) {
      ++(book.condition == BookCondition::live ? counts_.missed : counts_.detected);
      book.pending.reset();
    }
    compare(book, sent.truth);
  }

  /// Where the consumer may trade, it sees the venue's book of the last frame.
  void compare(Watched& book, const Truth& truth) {
    const auto& view = book.view();
    if (view.condition != BookCondition::live)
      return;
    const auto same = [](std::span<const core::market::Level> shown,
                         const std::vector<sim::Level>& own) {
      return shown.size() >= own.size()
             && std::equal(own.begin(), own.end(), shown.begin(), [](const auto& a, const auto& b) {
                  return a.price == b.price.units && a.quantity == b.quantity.units;
                });
    };
    ++counts_.compared;
    counts_.compared_deep += truth.bids.size() > 1 ? 1 : 0;
    if (same(view.bids(), truth.bids) && same(view.asks(), truth.asks))
      return;
    if (++counts_.wrong <= 5)
      FAIL_CHECK(core::to_string(venue_.market) << ": a wrong book at " << view.venue_sequence);
  }

  void pass_on(const std::string& text) {
    padded_.assign(text).append(64, '\0');
    session_.on_text(std::string_view{padded_}.substr(0, text.size()), mono());
  }

  void answer(const Fetch& fetch) {
    const auto target
        = market_->rest().depth(fetch.symbol, market_->traits().snapshot_levels).target;
    const auto query = target.find('?');
    const sim::HttpAsk ask{"GET", target.substr(0, query), target.substr(query + 1), {},
                           {},    "10.0.0.1:5000"};
    core::Result<std::string> body = std::string{};
    simulator_.on_http(
        venue_.surface, ask,
        [&](sim::HttpAnswer answer) {
          REQUIRE(answer.status == 200);
          *body = std::move(answer.body);
        },
        now_);
    ++counts_.snapshots;
    body->reserve(body->size() + 64);
    session_.on_snapshot(fetch.symbol, fetch.generation, body, mono());
  }

  const Venue& venue_;
  sim::Simulator& simulator_;
  sim::Time now_;
  Counts& counts_;
  std::mt19937_64 random_;
  std::unique_ptr<Market> market_;
  core::market::Board board_;
  std::shared_ptr<MarketSinks> sinks_;
  std::shared_ptr<SessionCounters> counters_ = std::make_shared<SessionCounters>();
  std::vector<std::string> to_send_;
  std::deque<Fetch> fetches_;
  std::unordered_map<std::string, Watched> books_;
  std::string padded_;
  MarketSession session_;
};

sim::Scenario scenario() {
  std::string list;
  for (const auto& symbol : symbols)
    list += (list.empty() ? "" : ", ") + symbol;
  auto made = sim::testing::scenario_of(
      fmt::format("symbols: [{}]\nflow: {{history_minutes: 2, events_per_second: 100, levels: 100, "
                  "excursion_gap: [1s, 5s]}}",
                  list));
  for (auto& surface : made.surfaces) {
    surface.weight_max = 1'000'000'000; // budgets have tests of their own
    surface.lifetime = 0ms;
  }
  return made;
}

} // namespace

TEST_CASE("of a million book changes every lost or swapped one is noticed and none is shown") {
  constexpr std::uint64_t seed = 20'240'809;
  Counts counts;
  Wires wires;
  sim::Simulator simulator{scenario(), nullptr, wires, sim::testing::start};
  wires.simulator = &simulator;
  auto now = sim::testing::start;
  std::vector<std::unique_ptr<Link>> links;
  for (const auto& venue : venues)
    links.push_back(std::make_unique<Link>(venue, simulator, now, counts,
                                           seed + static_cast<std::uint64_t>(venue.surface)));
  const auto begun = std::chrono::steady_clock::now();
  const auto advance = [&] {
    now += step;
    simulator.advance(now);
    for (auto& link : links)
      link->act(now);
    while (!wires.queue.empty()) {
      const auto sent = std::move(wires.queue.front());
      wires.queue.pop_front();
      links[sent.socket - 1]->deliver(sent);
    }
    for (auto& [socket, payload] : std::exchange(wires.pings, {}))
      simulator.on_pong(venues[socket - 1].surface, socket, payload, now);
  };
  while (counts.messages < messages_wanted && now - sim::testing::start < run_max)
    advance();
  const auto last_accidents = now + rebuild_max;
  while (now < last_accidents) // what is still being rebuilt
    advance();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);

  const auto [lost, doubled, swapped] = counts.accidents;
  MESSAGE(counts.messages << " changes of " << venues.size() * symbols.size() << " books in "
                          << took.count() << " ms, seed " << seed << ": " << lost << " lost, "
                          << doubled << " doubled, " << swapped << " swapped; " << counts.detected
                          << " of " << lost + swapped << " noticed at the next frame, "
                          << counts.ignored << " of " << doubled << " ignored; " << counts.compared
                          << " tops compared (" << counts.compared_deep << " with 50 levels), "
                          << counts.wrong << " wrong; longest rebuild "
                          << counts.rebuild_longest / 1ms << " ms, " << counts.snapshots
                          << " snapshots asked");
  CHECK(counts.messages >= messages_wanted);
  CHECK(lost + doubled + swapped > counts.messages / one_in / 2);
  CHECK(counts.detected == lost + swapped);
  CHECK(counts.missed == 0);
  CHECK(counts.ignored == doubled);
  CHECK(counts.disturbed == 0);
  CHECK(counts.strangers == 0);
  CHECK(counts.compared > counts.messages / 2);
  CHECK(counts.wrong == 0);
  CHECK(counts.rebuild_longest <= rebuild_max);
  CHECK(wires.ended == 0);
}
