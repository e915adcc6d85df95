/// Measures the way of an order: an opportunity in a pair monitor's hand goes through the
/// executor's checks, the risk gate and the journal, is signed and written to a WebSocket on
/// loopback; a venue in this process reads it and fills it. Executor, desk, gate, journal on the
/// disk, order link, sockets: all real; no actor is in the way, since the pair monitor calls the
/// desk itself.
///
/// usage: bench_order_path [--executions 1000] [--orders 20000] [--window 64] [--rounds 5]
///                         [--dir DIR] [--sinks 0] [--rate 5000] [--kafka|influx1|mongodb ADDRESS]
///   --executions  of two legs, per round and journal mode
///   --orders      for the sustained rate, per journal mode; --window of them are on the way at
///   once
///   --dir         where the journal is made: the disk that is measured
/// Journal modes take turns within a round: none (a journal that says yes), os, fsync.
///   --sinks       rounds of another comparison, with the journal `os`: with no sink, beside three
///                 sinks that carry --rate trades a second each, and beside the same with one of
///                 them away; in turn, the order changes. The trades come on the thread of the
///                 engine's connections in each. It says by how many percent p50 and p99 change
///   --kafka ...   host:port of real destinations of these sinks; one without has a destination
///                 that takes everything at once. Kafka is the one that is away
#include "adapters/files/posix_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/transport/thread_place.hpp"
#include "adapters/venues/order_link.hpp"
#include "adapters/venues/private_market.hpp"
#include "bench/loopback.hpp"
#include "bench/sink_load.hpp"
#include "core/orders/no_journal.hpp"
#include "core/strategy/executor.hpp"

#include <deque>

namespace tandem::bench {
namespace {

using core::orders::ClientOrderId;
using core::orders::OrderDraft;
using core::orders::Side;

const core::MarketKey market_key{core::VenueId{"binance"}, core::MarketType::spot};
constexpr core::Scale scale{2, 3};
constexpr std::array<const char*, 2> symbols{"AAAUSDT", "BBBUSDT"};
constexpr std::array<std::int64_t, 2> bids{100'40, 99'90}; ///< AAA pays more than BBB asks
constexpr std::array<std::int64_t, 2> asks{100'50, 100'00};

core::InstrumentKey instrument_key(std::size_t n) {
  return {market_key.venue, market_key.type, core::Symbol{symbols.at(n)}};
}

core::market::DepthView book(std::size_t n) {
  auto instrument = std::make_shared<core::Instrument>();
  instrument->key = instrument_key(n);
  instrument->base = std::string{symbols.at(n)}.substr(0, 3);
  instrument->quote = "USDT";
  instrument->status = core::InstrumentStatus::trading;
  instrument->scale = scale;
  instrument->tick = {1};
  instrument->lot = {1};
  core::market::DepthView view;
  view.condition = core::market::BookCondition::live;
  view.scale = scale;
  view.version = view.generation = 1;
  view.instrument = std::move(instrument);
  constexpr std::int64_t levels = 20;
  constexpr std::int64_t quantity = 5'000;
  for (std::int64_t i = 0; i < levels; ++i) {
    view.bids_store[view.bid_count++] = {{bids.at(n) - i}, {quantity}};
    view.asks_store[view.ask_count++] = {{asks.at(n) + i}, {quantity}};
  }
  return view;
}

/// The text value of a field of a flat JSON object.
std::string_view field(std::string_view text, std::string_view name) {
  const auto key = fmt::format("\"{}\":\"", name);
  const auto at = text.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto begin = at + key.size();
  return text.substr(begin, text.find('"', begin) - begin);
}

/// Reads orders on its WebSocket API and fills each at its limit. Source of the shapes: Binance
/// Spot WebSocket API, "Place new order".
class FillingVenue {
public:
  explicit FillingVenue(adapters::transport::Io& io) {
    server_ = serve(
        io,
        [](const adapters::transport::ServerRequest&) {
          return adapters::transport::ServerResponse{.status = 404, .headers = {}, .body = "{}"};
        },
        [this](const adapters::transport::ServerSocketPtr& socket, std::string_view text) {
          on_text(socket, text);
        });
  }

  [[nodiscard]] std::string address() const { return server_->address(); }

  std::atomic<std::int64_t> arrived_ns{0}; ///< the last order
  std::atomic<std::uint64_t> orders{0};

private:
  void on_text(const adapters::transport::ServerSocketPtr& socket, std::string_view text) {
    arrived_ns = now_ns();
    const auto number = ++orders;
    const auto quantity = field(text, "quantity");
    const auto price = field(text, "price");
    socket->send(std::make_shared<const std::string>(fmt::format(
        R"({{"id":"{}","status":200,"result":{{"symbol":"{}","orderId":{},"orderListId":-1,"clientOrderId":"{}","transactTime":1,"price":"{}","origQty":"{}","executedQty":"{}","cummulativeQuoteQty":"0.00000000","status":"FILLED","timeInForce":"IOC","type":"LIMIT","side":"{}","fills":[{{"price":"{}","qty":"{}","commission":"0.00000000","commissionAsset":"USDT","tradeId":{}}}]}},"rateLimits":[]}})",
        field(text, "id"), field(text, "symbol"), number, field(text, "newClientOrderId"), price,
        quantity, quantity, field(text, "side"), price, quantity, number)));
  }

  std::unique_ptr<adapters::transport::HttpServer> server_; ///< last: its events use the rest
};

/// Notes when the engine handed signed bytes to a socket.
class NotingConnector final : public adapters::transport::WebSocketConnector {
public:
  explicit NotingConnector(adapters::transport::WebSocketConnector& real) : real_{real} {}

  std::unique_ptr<adapters::transport::WebSocket>
  open(adapters::transport::WebSocketOptions options,
       adapters::transport::WebSocketEvents events) override {
    return std::make_unique<Socket>(*this, real_.open(std::move(options), std::move(events)));
  }

  std::atomic<std::int64_t> first_ns{0}, last_ns{0};
  std::atomic<std::uint64_t> written{0};

private:
  class Socket final : public adapters::transport::WebSocket {
  public:
    Socket(NotingConnector& owner, std::unique_ptr<adapters::transport::WebSocket> real)
        : owner_{owner}, real_{std::move(real)} {}

    void send(std::string text) override {
      real_->send(std::move(text));
      const auto now = now_ns();
      if (owner_.first_ns == 0)
        owner_.first_ns = now;
      owner_.last_ns = now;
      ++owner_.written;
    }

    void ping() override { real_->ping(); }

    void close() override { real_->close(); }

  private:
    NotingConnector& owner_;
    std::unique_ptr<adapters::transport::WebSocket> real_;
  };

  adapters::transport::WebSocketConnector& real_;
};

struct Silence final : core::Log {
  void write(core::LogLevel, std::string_view, std::initializer_list<core::LogField>) override {}
};

std::unique_ptr<core::orders::Journal> make_journal(const std::string& mode,
                                                    const std::string& folder) {
  if (mode == "none")
    return std::make_unique<core::orders::NoJournal>();
  adapters::journal::FileJournalOptions options;
  options.mode
      = mode == "os" ? adapters::journal::SyncMode::os : adapters::journal::SyncMode::fsync;
  options.engine = core::orders::EngineId{"bnch"};
  auto opened = adapters::journal::FileJournal::open(
      adapters::files::posix_files(folder + "/" + mode), std::move(options));
  if (!opened)
    throw std::runtime_error{core::describe(opened.error())};
  return std::move(opened->journal);
}

core::risk::GateLimits wide_limits() {
  core::risk::GateLimits limits;
  limits.orders_per_second_max = 1'000'000;
  limits.open_orders_max = 1'000'000;
  limits.duplicate_window = 0ms;
  limits.order_notional_max = core::to_money(core::Decimal{1'000'000, 0});
  return limits;
}

/// One engine's order side on one journal, with its connection to the venue.
class OrderSide {
public:
  OrderSide(const std::string& mode, const std::string& folder, adapters::transport::Io& io,
            adapters::transport::WebSocketConnector& real, adapters::transport::HttpClient& http,
            const std::string& address)
      : io_{io}, journal_{make_journal(mode, folder)}, connector{real},
        desk{desk_options(*journal_), wide_limits(), *journal_, log_} {
    parts_.market = market_.get();
    parts_.trading = trading_.get();
    parts_.strand = &io;
    parts_.connector = &connector;
    parts_.http = &http;
    parts_.desk = &desk;
    parts_.keys = std::make_shared<adapters::venues::KeyRing>();
    parts_.keys->put(market_key.venue, {"key", "secret", {}, nullptr});
    parts_.board = std::make_shared<core::market::Board>();
    parts_.clocks = machine_clocks();
    parts_.random = [] { return std::uint64_t{1}; };
    parts_.rest.base_url = "http://" + address;
    adapters::venues::OrderLinkOptions options;
    options.entry = adapters::venues::OrderEntry::socket;
    options.socket.url = "ws://" + address;
    link_ = adapters::venues::OrderLink::open(market_key, parts_.tools(parts_.make_client()),
                                              options, desk, {});
    desk.set_port(market_key, link_.get(), now());
    desk.with_gate([](core::risk::Gate& gate) {
      gate.set_market(
          market_key,
          {.open = true, .reason = {}, .account = "binance", .clock_offset = 0ms, .allowed = {}});
      for (const auto* symbol : symbols)
        gate.set_fee(market_key, core::Symbol{symbol}, {0});
      for (const auto* asset : {"USDT", "AAA", "BBB"})
        gate.set_balance("binance", asset, core::to_money(core::Decimal{1'000'000'000'000, 0}));
    });
    // The socket opens on the I/O thread; until then an order would go by REST, to nobody.
    std::this_thread::sleep_for(300ms);
  }

  ~OrderSide() {
    link_->stop();
    desk.set_port(market_key, nullptr, now());
    link_.reset();
    // What the I/O thread still has to do for the link is done when this comes round, twice.
    for (int turn = 0; turn < 2; ++turn) {
      std::atomic<bool> round{false};
      io_.post([&round] { round = true; });
      wait_until("the order link has ended", [&round] { return round.load(); });
    }
  }

  OrderSide(const OrderSide&) = delete;
  OrderSide& operator=(const OrderSide&) = delete;

  [[nodiscard]] static core::risk::Now now() {
    const auto clocks = machine_clocks();
    return {clocks.mono(), clocks.wall()};
  }

private:
  static core::orders::DeskOptions desk_options(const core::orders::Journal& journal) {
    core::orders::DeskOptions options;
    options.engine = core::orders::EngineId{"bnch"};
    options.epoch = journal.epoch();
    return options;
  }

  adapters::transport::Io& io_;
  Silence log_;
  std::unique_ptr<core::orders::Journal> journal_;
  std::unique_ptr<adapters::venues::Market> market_ = adapters::venues::make_market(market_key, {});
  std::unique_ptr<adapters::venues::Trading> trading_ = adapters::venues::make_trading(market_key);
  adapters::venues::PrivateMarket parts_;

public:
  NotingConnector connector;
  core::orders::Desk desk;

private:
  std::shared_ptr<adapters::venues::OrderLink> link_;
};

struct Samples {
  std::vector<std::int64_t> call, first, both, arrived;
};

/// @param nap between two looks; none: spins.
void spin_until(const std::string& what, const std::function<bool()>& condition,
                std::chrono::microseconds nap = 0us) {
  const auto deadline = now_ns() + 5'000'000'000;
  while (!condition()) {
    if (now_ns() > deadline)
      throw std::runtime_error{"not within 5 s: " + what};
    if (nap > 0us)
      std::this_thread::sleep_for(nap);
  }
}

/// How the thread that executes spends the time between its turns.
struct Pace {
  std::chrono::microseconds pause{0}; ///< between two executions
  std::chrono::microseconds nap{0};   ///< of spin_until
};

core::strategy::PairConfig the_pair() {
  core::strategy::PairConfig pair;
  pair.id = core::PairId{"bench"};
  pair.leg1 = instrument_key(0);
  pair.leg2 = instrument_key(1);
  pair.threshold = core::Decimal{5, 2};
  pair.quantity = core::Decimal{1, 0};
  return pair;
}

void run_executions(OrderSide& side, FillingVenue& venue, std::int64_t executions, Samples& samples,
                    Pace pace = {}) {
  core::strategy::ExecutorLimits limits;
  limits.gap = 0ms;
  core::strategy::ExecutionBook executed;
  core::strategy::Executor executor{the_pair(), limits, side.desk, executed};
  auto leg1 = book(0);
  auto leg2 = book(1);
  const core::strategy::LegBooks books{&leg1, &leg2};
  const auto spread = core::strategy::executable_spread(
      core::strategy::Direction::leg1_sell_leg2_buy, leg1, leg2, core::Quantity{1'000}, {{0}, {0}});
  if (!spread)
    throw std::runtime_error{"the books do not pay"};
  for (std::int64_t n = 0; n < executions; ++n) {
    if (pace.pause > 0us)
      std::this_thread::sleep_for(pace.pause);
    auto& connector = side.connector;
    const auto written = connector.written.load();
    const auto arrived = venue.orders.load();
    connector.first_ns = 0;
    const auto now = OrderSide::now();
    leg1.received_at = leg2.received_at = now.mono;
    const auto begin = now_ns();
    const auto news = executor.execute(*spread, books, {}, now);
    samples.call.push_back(now_ns() - begin);
    if (news.refusal)
      throw std::runtime_error{"refused: " + news.refusal->detail};
    const auto wait = [&pace](const std::string& what, const std::function<bool()>& condition) {
      spin_until(what, condition, pace.nap);
    };
    wait("both legs are written", [&] { return connector.written == written + 2; });
    samples.first.push_back(connector.first_ns - begin);
    samples.both.push_back(connector.last_ns - begin);
    wait("both arrive", [&] { return venue.orders == arrived + 2; });
    samples.arrived.push_back(venue.arrived_ns - begin);
    wait("both are settled", [&] { return side.desk.unsettled().empty(); });
    for (const auto& order : side.desk.of_execution(
             core::PairId{"bench"}, executed.next_number(core::PairId{"bench"}) - 1))
      (void)executor.on_order(order, books, OrderSide::now());
    if (!executor.idle())
      throw std::runtime_error{"an execution did not end"};
  }
}

/// Orders a second with `window` of them on the way. @returns orders/s
double run_sustained(OrderSide& side, std::int64_t orders, std::int64_t window) {
  const auto view = book(0);
  auto facts = core::risk::facts_of(view);
  OrderDraft draft;
  draft.instrument = instrument_key(0);
  draft.scale = scale;
  draft.quantity = {1'000};
  std::atomic<std::int64_t> ended{0};
  side.desk.add_listener([&ended](const core::orders::OrderUpdate& update) {
    if (update.order->settled() && update.change.state_changed)
      ++ended;
  });
  const auto begin = now_ns();
  for (std::int64_t sent = 0; sent < orders; ++sent) {
    spin_until("room for one more", [&] { return sent - ended < window; });
    const auto now = OrderSide::now();
    facts.received_at = now.mono;
    draft.side = sent % 2 == 0 ? Side::buy : Side::sell;
    draft.price = {draft.side == Side::buy ? asks[0] : bids[0]};
    if (const auto ids = side.desk.submit({&draft, 1}, {&facts, 1}, now); !ids)
      throw std::runtime_error{"refused: " + ids.error().detail};
  }
  spin_until("the last ones end", [&] { return ended == orders; });
  constexpr double ns_per_second = 1e9;
  return static_cast<double>(orders) / (static_cast<double>(now_ns() - begin) / ns_per_second);
}

void print(const std::string& mode, std::string_view what, std::vector<std::int64_t>& samples) {
  Figure{"order_path"}
      .add("journal", mode)
      .add("from_decision_to", what)
      .add_latency(samples)
      .print();
}

/// What runs beside the order path.
enum class Beside : std::uint8_t { nothing, sinks, sinks_one_away };

constexpr std::array<const char*, 3> beside_words{"nothing", "sinks", "sinks, one away"};

/// A market's trades on the connections' thread and, unless it is nothing, three sinks that carry
/// them, for as long as it lives.
class TradesAndSinks {
public:
  TradesAndSinks(const Options& options, const std::string& folder, Beside beside,
                 adapters::transport::Io& io) {
    std::filesystem::remove_all(folder + "/sinks");
    if (beside != Beside::nothing)
      for (const std::string to : {"kafka", "influx1", "mongodb"})
        sinks_.push_back(std::make_unique<LoadedSink>(
            place_of(to, options.text(to), folder,
                     beside == Beside::sinks_one_away && to == "kafka"),
            tape_));
    trades_.emplace(tape_, static_cast<std::uint64_t>(options.number("rate")),
                    [&io](std::function<void()> task) { io.post(std::move(task)); });
    std::this_thread::sleep_for(settling);
  }

  ~TradesAndSinks() { trades_.reset(); }

  TradesAndSinks(const TradesAndSinks&) = delete;
  TradesAndSinks& operator=(const TradesAndSinks&) = delete;

  [[nodiscard]] std::uint64_t records() const {
    return sum([](const auto& stats) { return stats.records; });
  }

  [[nodiscard]] std::uint64_t waiting() const {
    return sum([](const auto& stats) { return stats.waiting; });
  }

private:
  static constexpr auto settling = 1s; ///< until the destinations are open

  static SinkPlace place_of(const std::string& to, const std::string& at, const std::string& folder,
                            bool away) {
    constexpr std::size_t batch = 5'000;
    constexpr std::size_t mongodb_batch = 90; // what the stand-ins take
    const auto directory = folder + "/sinks/" + to;
    if (away) // a port at which nobody listens, where the client library is to find that out
      return at.empty() ? SinkPlace{"away", {}, directory, batch}
                        : SinkPlace{to, "127.0.0.1:1", directory, batch};
    return {at.empty() ? "spool" : to, at, directory, to == "mongodb" ? mongodb_batch : batch};
  }

  template <class Count>
  [[nodiscard]] std::uint64_t sum(Count count) const {
    std::uint64_t all = 0;
    for (const auto& sink : sinks_)
      all += count(sink->stats());
    return all;
  }

  core::sinks::Tape tape_;
  std::vector<std::unique_ptr<LoadedSink>> sinks_;
  std::optional<TradesAtARate> trades_;
};

/// By how much each round's figure changes.
std::vector<double> changes(const std::vector<double>& from, const std::vector<double>& to) {
  std::vector<double> percent;
  for (std::size_t round = 0; round < from.size(); ++round)
    percent.push_back((to[round] / from[round] - 1) * 100);
  return percent;
}

int run_beside_sinks(const Options& options, const std::string& folder, adapters::transport::Io& io,
                     const std::function<void(std::int64_t executions, Samples&)>& measure) {
  std::array<Samples, beside_words.size()> all;
  std::array<std::vector<double>, beside_words.size()> p50s, p99s;
  std::array<std::uint64_t, beside_words.size()> records{}, waiting{};
  const auto rounds = options.number("sinks");
  for (std::int64_t round = 0; round < rounds; ++round)
    for (std::size_t n = 0; n < beside_words.size(); ++n) {
      const auto which = (n + static_cast<std::size_t>(round)) % beside_words.size();
      const TradesAndSinks beside{options, folder, static_cast<Beside>(which), io};
      Samples here;
      measure(options.number("executions"), here);
      records.at(which) += beside.records();
      waiting.at(which) = std::max(waiting.at(which), beside.waiting());
      auto& pooled = all.at(which).both;
      pooled.insert(pooled.end(), here.both.begin(), here.both.end());
      std::ranges::sort(here.both);
      p50s.at(which).push_back(static_cast<double>(quantile(here.both, 500)));
      p99s.at(which).push_back(static_cast<double>(quantile(here.both, 990)));
    }
  for (std::size_t which = 0; which < beside_words.size(); ++which)
    Figure{"order_path_beside"}
        .add("beside", beside_words.at(which))
        .add("from_decision_to", "both_legs_written")
        .add_latency(all.at(which).both)
        .add("records", records.at(which))
        .add("waiting_max", waiting.at(which))
        .print();
  for (const auto& [word, from, to] :
       {std::tuple{"nothing to sinks", 0U, 1U}, std::tuple{"nothing to sinks, one away", 0U, 2U},
        std::tuple{"sinks to sinks, one away", 1U, 2U}})
    for (const auto& [name, figures, per_mille] :
         {std::tuple{"p50", &p50s, 500U}, std::tuple{"p99", &p99s, 990U}}) {
      auto percent = changes(figures->at(from), figures->at(to));
      const auto pooled = [&](std::size_t which) {
        return std::vector{static_cast<double>(quantile(all.at(which).both, per_mille))};
      };
      Figure{fmt::format("order_path_{}_change", name)}
          .add("from", word)
          .add("of_all", changes(pooled(from), pooled(to)).front())
          .add("rounds", rounds)
          .add_rounds("percent", percent)
          .print();
    }
  return 0;
}

int run(const Options& options) {
  const auto folder = scratch_folder(options, "tandem-order-path");
  adapters::transport::Io venue_io{"venue", machine_clocks()};
  adapters::transport::Io engine_io{"engine", machine_clocks()};
  const auto connector = adapters::transport::make_websocket_connector(engine_io);
  const auto http = adapters::transport::make_http_client(engine_io);
  FillingVenue venue{venue_io};
  if (options.text("sinks") != "0") {
    adapters::transport::take({}); // as the threads of those who trade
    // As in an engine, nobody spins: on few processors it would hold up who writes.
    constexpr Pace pace{.pause = 1'000us, .nap = 50us};
    const int result = run_beside_sinks(
        options, folder, engine_io, [&](std::int64_t executions, Samples& samples) {
          OrderSide side{"os", folder, engine_io, *connector, *http, venue.address()};
          run_executions(side, venue, executions, samples, pace);
        });
    std::filesystem::remove_all(folder);
    return result;
  }
  const std::array<std::string, 3> modes{"none", "os", "fsync"};
  std::map<std::string, Samples> samples;
  std::map<std::string, std::vector<double>> rates;
  const auto rounds = options.number("rounds");
  for (std::int64_t round = 0; round < rounds; ++round)
    for (const auto& mode : modes) {
      OrderSide side{mode, folder, engine_io, *connector, *http, venue.address()};
      run_executions(side, venue, options.number("executions") / rounds, samples[mode]);
      rates[mode].push_back(
          run_sustained(side, options.number("orders") / rounds, options.number("window")));
    }
  for (const auto& mode : modes) {
    auto& one = samples[mode];
    print(mode, "submit_returned", one.call);
    print(mode, "first_leg_written", one.first);
    print(mode, "both_legs_written", one.both);
    print(mode, "both_legs_at_the_venue", one.arrived);
    Figure{"order_path"}
        .add("journal", mode)
        .add_rounds("orders_per_second", rates[mode])
        .add("on_the_way", options.number("window"))
        .print();
  }
  std::filesystem::remove_all(folder);
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench("order_path", count, arguments,
                                  {{"executions", "1000"},
                                   {"orders", "20000"},
                                   {"window", "64"},
                                   {"rounds", "5"},
                                   {"dir", ""},
                                   {"sinks", "0"},
                                   {"rate", "5000"},
                                   {"kafka", ""},
                                   {"influx1", ""},
                                   {"mongodb", ""}},
                                  tandem::bench::run);
}
