/// Binance and Bybit spot in memory, as far as a feed needs them: server time, instruments, REST
/// depth, subscriptions and depth streams. Runs on the virtual strand; a test turns prices, cuts
/// connections, holds back frames and breaks chains.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/websocket.hpp"
#include "tests/actors/sim.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <set>

namespace tandem::tests {

class FakeVenues final : public adapters::transport::WebSocketConnector,
                         public adapters::transport::HttpClient {
public:
  /// Prices in whole cents, so that a test reads "10'000 / 10'010".
  struct Book {
    std::int64_t bid = 10'000, ask = 10'010;
    std::uint64_t id = 1'000;
  };

  struct Venue {
    std::map<std::string, Book> books;
    std::chrono::milliseconds clock_ahead{0};
    bool refuse_connections = false;
    bool silent = false;             ///< connected, pongs, no data
    bool deaf = false;               ///< not even pongs
    std::set<std::string> skip_next; ///< symbols whose next frame is lost
    int connections_made = 0, http_requests = 0;
  };

  explicit FakeVenues(Sim& sim) : sim_{sim} { beat(); }

  Venue& venue(const std::string& name) { return venues_[name]; }

  /// @param seconds the price moves for all, at the next beat.
  void quote(const std::string& name, const std::string& symbol, std::int64_t bid,
             std::int64_t ask) {
    auto& book = venues_[name].books[symbol];
    book.bid = bid;
    book.ask = ask;
  }

  /// Every connection to this venue ends now.
  void cut(const std::string& name) {
    for (const auto& link : links())
      if (link->venue == name && std::exchange(link->up, false))
        link->events.on_down({core::Errc::connection_lost, "reset by peer", {}});
  }

  [[nodiscard]] std::size_t open_links(const std::string& name) {
    const auto all = links();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& link) { return link->up && link->venue == name; }));
  }

  // WebSocketConnector
  std::unique_ptr<adapters::transport::WebSocket>
  open(adapters::transport::WebSocketOptions options,
       adapters::transport::WebSocketEvents events) override {
    auto link = std::make_shared<Link>();
    link->venue = options.url.find("bybit") != std::string::npos ? "bybit" : "binance";
    link->events = std::move(events);
    links_.push_back(link);
    ++venues_[link->venue].connections_made;
    sim_.strand.post_after(5ms, [this, weak = std::weak_ptr{link}] {
      const auto self = weak.lock();
      if (!self || self->closed)
        return;
      if (venues_[self->venue].refuse_connections) {
        self->events.on_down({core::Errc::connection_lost, "connection refused", {}});
        return;
      }
      self->up = true;
      self->events.on_open();
    });
    return std::make_unique<Socket>(*this, link);
  }

  // HttpClient
  void send(adapters::transport::HttpRequest request,
            adapters::transport::HttpCallback done) override {
    const std::string name = request.url.find("bybit") != std::string::npos ? "bybit" : "binance";
    ++venues_[name].http_requests;
    const auto sent_at = sim_.now();
    sim_.strand.post_after(10ms, [this, url = request.url, name, sent_at, done = std::move(done)] {
      adapters::transport::HttpResponse reply;
      reply.status = 200;
      reply.body = name == "binance" ? binance_answer(url) : bybit_answer(url);
      if (reply.body.empty())
        reply.status = 404;
      reply.body.reserve(reply.body.size() + 64);
      reply.sent_at = sent_at;
      reply.received_at = sim_.now();
      done(std::move(reply));
    });
  }

private:
  struct Link {
    std::string venue;
    adapters::transport::WebSocketEvents events;
    std::set<std::string> symbols; ///< depth
    bool up = false, closed = false;
  };

  class Socket final : public adapters::transport::WebSocket {
  public:
    Socket(FakeVenues& net, std::shared_ptr<Link> link) : net_{net}, link_{std::move(link)} {}

    ~Socket() override { close(); }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(std::string text) override {
      net_.sim_.strand.post([&net = net_, weak = std::weak_ptr{link_}, text = std::move(text)] {
        if (const auto link = weak.lock(); link && link->up)
          net.on_request(*link, text);
      });
    }

    void ping() override {
      net_.sim_.strand.post([&net = net_, weak = std::weak_ptr{link_}] {
        if (const auto link = weak.lock(); link && link->up && !net.venues_[link->venue].deaf)
          link->events.on_control(net.sim_.now());
      });
    }

    void close() override { link_->up = false, link_->closed = true; }

  private:
    FakeVenues& net_;
    std::shared_ptr<Link> link_;
  };

  std::vector<std::shared_ptr<Link>> links() {
    std::vector<std::shared_ptr<Link>> alive;
    std::erase_if(links_, [&](const auto& weak) {
      const auto link = weak.lock();
      if (link)
        alive.push_back(link);
      return !link;
    });
    return alive;
  }

  core::UnixMillis venue_time(const std::string& name) {
    return core::to_millis(sim_.context()->clocks.wall()) + venues_[name].clock_ahead.count();
  }

  static std::string money(std::int64_t cents) {
    return fmt::format("{}.{:02}", cents / 100, cents % 100);
  }

  static std::string level(std::int64_t cents, const char* size) {
    return fmt::format(R"(["{}","{}"])", money(cents), size);
  }

  void deliver(Link& link, const std::string& text) {
    if (!link.up || venues_[link.venue].deaf)
      return;
    const auto padded = text + std::string(64, '\0');
    link.events.on_text(std::string_view{padded}.substr(0, text.size()), sim_.now());
  }

  static std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
  }

  void on_request(Link& link, const std::string& text) {
    const auto request = boost::json::parse(text).as_object();
    if (link.venue == "binance") {
      for (const auto& name : request.at("params").as_array()) {
        const std::string stream{name.as_string()};
        const auto symbol = upper(stream.substr(0, stream.find('@')));
        if (request.at("method").as_string() == "SUBSCRIBE")
          link.symbols.insert(symbol);
        else
          link.symbols.erase(symbol);
      }
      deliver(link, fmt::format(R"({{"result":null,"id":{}}})", request.at("id").as_int64()));
      return;
    }
    const auto op = request.at("op").as_string();
    const std::string id{request.at("req_id").as_string()};
    deliver(link,
            fmt::format(R"({{"success":true,"ret_msg":"","conn_id":"c","req_id":"{}","op":"{}"}})",
                        id, std::string_view{op}));
    if (op == "ping")
      return;
    for (const auto& topic : request.at("args").as_array()) {
      const std::string name{topic.as_string()};
      const auto symbol = name.substr(name.rfind('.') + 1);
      if (op == "subscribe") {
        link.symbols.insert(symbol);
        if (!venues_[link.venue].silent)
          deliver(link, bybit_frame(symbol, true));
      } else {
        link.symbols.erase(symbol);
      }
    }
  }

  std::string bybit_frame(const std::string& symbol, bool snapshot) {
    auto& book = venues_["bybit"].books[symbol];
    return fmt::format(
        R"({{"topic":"orderbook.50.{0}","type":"{1}","ts":{2},"data":{{"s":"{0}","b":[{3}],"a":[{4}],"u":{5},"seq":9}},"cts":{2}}})",
        symbol, snapshot ? "snapshot" : "delta", venue_time("bybit"), changes(book, true, snapshot),
        changes(book, false, snapshot), book.id);
  }

  /// All levels between 90 and 110: the quoted one has size 5, the others none.
  static std::string changes(const Book& book, bool bids, bool snapshot) {
    const auto best = bids ? book.bid : book.ask;
    std::string text = level(best, "5");
    if (snapshot)
      return text;
    for (auto cents = std::int64_t{9'900}; cents <= 10'200; cents += 10)
      if (cents != best)
        text += "," + level(cents, "0");
    return text;
  }

  std::string binance_frame(const std::string& symbol) {
    const auto& book = venues_["binance"].books[symbol];
    return fmt::format(
        R"({{"stream":"s@depth@100ms","data":{{"e":"depthUpdate","E":{},"s":"{}","U":{},"u":{},"b":[{}],"a":[{}]}}}})",
        venue_time("binance"), symbol, book.id, book.id, changes(book, true, false),
        changes(book, false, false));
  }

  std::string binance_answer(const std::string& url) {
    if (url.find("/time") != std::string::npos)
      return fmt::format(R"({{"serverTime":{}}})", venue_time("binance"));
    std::string list;
    for (const auto& [symbol, book] : venues_["binance"].books) {
      if (url.find("/depth?symbol=" + symbol) != std::string::npos)
        return fmt::format(R"({{"lastUpdateId":{},"bids":[{}],"asks":[{}]}})", book.id,
                           level(book.bid, "5"), level(book.ask, "5"));
      list += fmt::format(
          R"({}{{"symbol":"{}","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[{{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000.00","tickSize":"0.01"}},{{"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"9000.000","stepSize":"0.001"}}]}})",
          list.empty() ? "" : ",", symbol);
    }
    return url.find("/exchangeInfo") == std::string::npos
               ? std::string{}
               : R"({"rateLimits":[],"symbols":[)" + list + "]}";
  }

  std::string bybit_answer(const std::string& url) {
    const auto reply = [&](const std::string& result) {
      return R"({"retCode":0,"retMsg":"OK","result":)" + result
             + fmt::format(R"(,"retExtInfo":{{}},"time":{}}})", venue_time("bybit"));
    };
    if (url.find("/time") != std::string::npos)
      return reply(
          fmt::format(R"({{"timeSecond":"1","timeNano":"{}000000"}})", venue_time("bybit")));
    if (url.find("/instruments-info") == std::string::npos)
      return {};
    std::string list;
    for (const auto& [symbol, book] : venues_["bybit"].books)
      list += fmt::format(
          R"({}{{"symbol":"{}","baseCoin":"BTC","quoteCoin":"USDT","status":"Trading","lotSizeFilter":{{"basePrecision":"0.001","minOrderQty":"0.001","maxOrderQty":"83","minOrderAmt":"5"}},"priceFilter":{{"tickSize":"0.01"}}}})",
          list.empty() ? "" : ",", symbol);
    return reply(R"({"category":"spot","list":[)" + list + "]}");
  }

  /// Every 100 ms a frame of every book on every connection.
  void beat() {
    sim_.strand.post_after(100ms, [this] {
      for (auto& [name, venue] : venues_)
        for (auto& [symbol, book] : venue.books)
          ++book.id;
      for (const auto& link : links()) {
        auto& venue = venues_[link->venue];
        if (venue.silent)
          continue;
        for (const auto& symbol : std::set{link->symbols})
          if (!venue.skip_next.contains(symbol))
            deliver(*link,
                    link->venue == "binance" ? binance_frame(symbol) : bybit_frame(symbol, false));
      }
      for (auto& [name, venue] : venues_)
        venue.skip_next.clear();
      beat();
    });
  }

  Sim& sim_;
  std::map<std::string, Venue> venues_;
  std::vector<std::weak_ptr<Link>> links_;
};

} // namespace tandem::tests
