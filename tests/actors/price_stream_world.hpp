/// The price-stream tree in memory and virtual time: a venue that streams candles, a store, a
/// broker and a listener without a network, each of which a test can break.
#pragma once

#include "actors/supervisor/price_stream_tree.hpp"
#include "adapters/venues/venue.hpp"
#include "tests/actors/sim.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace tandem::tests {

/// Binance's candle streams, one connection at a time.
class CandleVenue final : public adapters::transport::WebSocketConnector,
                          public adapters::transport::HttpClient {
public:
  explicit CandleVenue(Sim& sim) : sim_{sim} {}

  std::unique_ptr<adapters::transport::WebSocket>
  open(adapters::transport::WebSocketOptions options,
       adapters::transport::WebSocketEvents events) override {
    ++connections;
    urls.push_back(options.url);
    link_ = std::make_shared<Link>();
    link_->events = std::move(events);
    sim_.strand.post_after(5ms, [weak = std::weak_ptr{link_}, refuse = refuse] {
      const auto link = weak.lock();
      if (!link || link->closed)
        return;
      link->up = !refuse;
      if (refuse)
        link->events.on_down({core::Errc::connection_lost, "connection refused", {}});
      else
        link->events.on_open();
    });
    return std::make_unique<Socket>(*this, link_);
  }

  void send(adapters::transport::HttpRequest request,
            adapters::transport::HttpCallback done) override {
    asked.push_back(request.url);
    sim_.strand.post_after(10ms, [done = std::move(done), body = history, status = status] {
      adapters::transport::HttpResponse reply;
      reply.status = status;
      reply.body = body;
      reply.body.reserve(body.size() + 64);
      done(std::move(reply));
    });
  }

  /// A frame on the connection, as it is.
  void says(const std::string& text) {
    REQUIRE(link_);
    if (!link_->up)
      return;
    const auto padded = text + std::string(64, '\0');
    link_->events.on_text(std::string_view{padded}.substr(0, text.size()), sim_.now());
    sim_.settle();
  }

  void candle(const std::string& symbol, std::int64_t minute, const std::string& close,
              bool closed = false) {
    const auto open_time = minute * 60'000;
    says(fmt::format(
        R"({{"stream":"s","data":{{"e":"kline","E":1,"s":"{0}","k":{{"t":{1},"T":{2},"s":"{0}","i":"1m","o":"100","h":"200","l":"50","c":"{3}","v":"2","n":3,"x":{4},"q":"1"}}}}}})",
        symbol, open_time, open_time + 59'999, close, closed));
  }

  void cut() {
    if (link_ && std::exchange(link_->up, false))
      link_->events.on_down({core::Errc::connection_lost, "reset by peer", {}});
    sim_.settle();
  }

  bool refuse = false;
  bool deaf = false; ///< answers no ping
  int status = 200;
  std::string history = "[]";
  std::vector<std::string> urls, asked;
  std::vector<std::string> controls; ///< "SUBSCRIBE btcusdt@kline_1m"
  std::set<std::string> streams;     ///< of the connection
  int connections = 0;

private:
  struct Link {
    adapters::transport::WebSocketEvents events;
    bool up = false, closed = false;
  };

  class Socket final : public adapters::transport::WebSocket {
  public:
    Socket(CandleVenue& venue, std::shared_ptr<Link> link)
        : venue_{venue}, link_{std::move(link)} {}

    ~Socket() override { close(); }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(std::string text) override {
      const auto request = boost::json::parse(text).as_object();
      const std::string method{request.at("method").as_string()};
      for (const auto& name : request.at("params").as_array()) {
        const std::string stream{name.as_string()};
        venue_.controls.push_back(method + " " + stream);
        if (method == "SUBSCRIBE")
          venue_.streams.insert(stream);
        else
          venue_.streams.erase(stream);
      }
    }

    void ping() override {
      venue_.sim_.strand.post([&venue = venue_, weak = std::weak_ptr{link_}] {
        if (const auto link = weak.lock(); link && link->up && !venue.deaf)
          link->events.on_control(venue.sim_.now());
      });
    }

    void close() override {
      link_->up = false;
      link_->closed = true;
      venue_.streams.clear();
    }

  private:
    CandleVenue& venue_;
    std::shared_ptr<Link> link_;
  };

  Sim& sim_;
  std::shared_ptr<Link> link_;
};

/// What is stored outlives the stores.
struct MemoryTable {
  std::vector<core::Symbol> rows;
  bool broken = false;

  class Access final : public adapters::subscriptions::Store {
  public:
    explicit Access(MemoryTable& table) : table_{table} {}

    core::Result<std::vector<core::Symbol>> load() const override {
      if (table_.broken)
        return refused();
      return table_.rows;
    }

    core::Status put(const core::Symbol& symbol) override {
      if (table_.broken)
        return refused();
      if (std::find(table_.rows.begin(), table_.rows.end(), symbol) == table_.rows.end())
        table_.rows.push_back(symbol);
      return {};
    }

    core::Status remove(const core::Symbol& symbol) override {
      if (table_.broken)
        return refused();
      std::erase(table_.rows, symbol);
      return {};
    }

  private:
    static tl::unexpected<core::Error> refused() {
      return core::fail(core::Errc::connection_lost, "the database does not answer", "db");
    }

    MemoryTable& table_;
  };
};

/// A broker with one member.
struct MemoryBroker {
  std::vector<std::string> published;
  adapters::fanout::Events events;
  bool full = false;

  class Way final : public adapters::fanout::Fanout {
  public:
    explicit Way(MemoryBroker& broker) : broker_{broker} {}

    bool publish(const std::string& frame) override {
      if (!broker_.full)
        broker_.published.push_back(frame);
      return !broker_.full;
    }

  private:
    MemoryBroker& broker_;
  };
};

class WebClient final : public adapters::transport::ServerSocket {
public:
  explicit WebClient(std::uint64_t id) : id_{id} {}

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    got.push_back(std::move(text));
    return true;
  }

  [[nodiscard]] std::size_t buffered() const override { return backlog; }

  void ping(std::string) override {}

  void close(std::uint16_t code, std::string reason) override {
    closed = code;
    why = std::move(reason);
  }

  void abort() override {}

  void pause_reading(bool) override {}

  std::vector<std::shared_ptr<const std::string>> got;
  std::size_t backlog = 0;
  std::uint16_t closed = 0;
  std::string why;

private:
  std::uint64_t id_;
};

struct PriceStreamOptions {
  std::vector<std::string> stored{};
  std::vector<std::string> targets{};
  bool kafka = false;
  adapters::price_stream::Edition edition = adapters::price_stream::Edition::enhanced;
};

class PriceStreamWorld {
  class Server final : public adapters::transport::HttpServer {
  public:
    [[nodiscard]] std::string address() const override { return "127.0.0.1:8000"; }

    [[nodiscard]] adapters::transport::ServerCounters counters() const override { return {}; }
  };

public:
  explicit PriceStreamWorld(PriceStreamOptions wish = {}) : venue{sim} {
    using core::klines::Interval;
    const auto base = Interval::parse("1m").value();
    std::vector<Interval> targets;
    for (const auto& text : wish.targets)
      targets.push_back(Interval::parse(text).value());
    for (const auto& text : wish.stored)
      table.rows.emplace_back(text);
    market = adapters::venues::make_market({core::VenueId{"binance"}, core::MarketType::linear},
                                           {.depth_stream = {}});
    adapters::venues::RestOptions rest;
    rest.base_url = "http://venue";
    actors::supervisor::PriceStreamParts parts{
        .context = sim.context(),
        .provider
        = {.market = market.get(),
           .connector = &venue,
           .rest = std::make_shared<adapters::venues::RestClient>(
               *market, rest, venue, sim.strand, sim.context()->clocks, sim.context()->random),
           .socket = {.url = "ws://venue"},
           .base = base,
           .targets = targets,
           .symbols = {},
           .open_store = [this]() -> core::Result<std::unique_ptr<adapters::subscriptions::Store>> {
             return std::make_unique<MemoryTable::Access>(table);
           },
           .backoff = {},
           .tape = tape,
           .influx = std::make_shared<actors::price_stream::InfluxCounts>(),
           .kafka = nullptr},
        .listener = {.serve = [this](const std::string&, adapters::transport::ServerLimits,
                                     adapters::transport::ServerEvents made)
                         -> core::Result<std::unique_ptr<adapters::transport::HttpServer>> {
                       events = std::move(made);
                       return std::make_unique<Server>();
                     },
                     .address = "127.0.0.1:8000",
                     .edition = wish.edition,
                     .cors_origins = {"*"},
                     .view = {},
                     .base = base,
                     .listed = targets,
                     .read_rows = [](const std::string&,
                                     actors::price_stream::RowsCallback done) { done({}); },
                     .version = "1",
                     .on_listening = [](const std::string&) {}},
        .influx = {},
        .fanout = {},
        .own_threads = false};
    if (wish.kafka)
      parts.fanout.emplace(actors::price_stream::FanoutOptions{
          .open = [this](adapters::fanout::Events made)
              -> core::Result<std::unique_ptr<adapters::fanout::Fanout>> {
            broker.events = std::move(made);
            return std::make_unique<MemoryBroker::Way>(broker);
          },
          .base = base});
    sim.own(actors::supervisor::start_price_stream(sim.system, parts));
    sim.advance(50ms);
  }

  ~PriceStreamWorld() { sim.finish(); }

  PriceStreamWorld(const PriceStreamWorld&) = delete;
  PriceStreamWorld& operator=(const PriceStreamWorld&) = delete;

  /// "200 {...}"
  std::string ask(const std::string& path, const std::string& method = "GET") {
    std::string answer;
    events.on_request({.method = method, .path = path, .headers = {}},
                      [&answer](const adapters::transport::ServerResponse& reply) {
                        answer = std::to_string(reply.status) + " " + reply.body;
                      });
    sim.advance(10ms);
    return answer;
  }

  std::shared_ptr<WebClient> client(const std::string& query = {}) {
    auto made = std::make_shared<WebClient>(next_++);
    events.on_socket_open(made, {.path = "/ws/price", .query = query, .headers = {}});
    sim.settle();
    return made;
  }

  void says(const std::shared_ptr<WebClient>& from, const std::string& text) {
    events.on_socket_text(from, text);
    sim.advance(10ms);
  }

  /// What the server logged under this word, how often.
  [[nodiscard]] std::ptrdiff_t logged(const std::string& word) const {
    return std::count(sim.log.events.begin(), sim.log.events.end(), word);
  }

  /// Of this moment.
  [[nodiscard]] std::int64_t minute() const {
    return core::to_millis(sim.context()->clocks.wall()) / 60'000;
  }

  Sim sim;
  CandleVenue venue;
  MemoryTable table;
  MemoryBroker broker;
  std::shared_ptr<core::sinks::Tape> tape = std::make_shared<core::sinks::Tape>();
  std::shared_ptr<core::sinks::TapeReader> stored = tape->add_reader({}, 10'000);
  std::unique_ptr<adapters::venues::Market> market;
  adapters::transport::ServerEvents events;

private:
  std::uint64_t next_ = 1;
};

} // namespace tandem::tests
