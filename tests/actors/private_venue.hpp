/// Bybit's private spot side in memory, as far as one account needs it: rights, balances, open
/// orders, fills, fees, orders by REST and the private stream. Runs on the virtual strand; a test
/// moves the account, cuts the stream, refuses keys and keeps answers back.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/reading.hpp"
#include "adapters/transport/websocket.hpp"
#include "tests/actors/sim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

class PrivateVenue final : public adapters::transport::WebSocketConnector,
                           public adapters::transport::HttpClient {
public:
  explicit PrivateVenue(Sim& sim) : sim_{sim} {}

  std::map<std::string, std::string> coins{{"BTC", "10"}, {"USDT", "1000000"}}; ///< what it holds
  std::vector<std::string> open_orders, closed_orders, fills; ///< as order() and fill() write them
  bool may_withdraw = false, refuses_keys = false, refuses_sockets = false;
  bool mute = false;                          ///< a new order gets no answer
  std::string limit = "20";                   ///< "X-Bapi-Limit"
  std::vector<std::string> asked;             ///< "GET /v5/order/realtime", in order
  std::vector<std::string> queries;           ///< their urls
  std::vector<std::string> said;              ///< by us on the stream
  std::size_t stamped = 0, stamped_wrong = 0; ///< requests; beyond the window that they name

  [[nodiscard]] static std::string order(const std::string& client_id, const std::string& status,
                                         const std::string& filled) {
    return fmt::format(
        R"({{"symbol":"BTCUSDT","orderId":"v{0}","orderLinkId":"{0}","side":"Buy","orderType":"Limit","timeInForce":"IOC","orderStatus":"{1}","price":"101.00","qty":"1.000","cumExecQty":"{2}","updatedTime":"1"}})",
        client_id, status, filled);
  }

  [[nodiscard]] static std::string fill(const std::string& client_id, const std::string& trade,
                                        const std::string& quantity) {
    return fmt::format(
        R"({{"symbol":"BTCUSDT","orderId":"v{0}","orderLinkId":"{0}","side":"Buy","execType":"Trade","execId":"{1}","execPrice":"101.00","execQty":"{2}","execFee":"0","feeCurrency":"USDT","execTime":"1"}})",
        client_id, trade, quantity);
  }

  [[nodiscard]] std::size_t times_asked(const std::string& what) const {
    return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), what));
  }

  [[nodiscard]] std::size_t times_said(const std::string& word) const {
    return static_cast<std::size_t>(std::count_if(said.begin(), said.end(), [&](const auto& text) {
      return text.find(word) != std::string::npos;
    }));
  }

  /// The stream ends now.
  void cut() {
    if (const auto link = link_.lock(); link && std::exchange(link->up, false))
      link->events.on_down({core::Errc::connection_lost, "reset by peer", {}});
  }

  [[nodiscard]] bool connected() const {
    const auto link = link_.lock();
    return link && link->up;
  }

  /// A word on the stream: "order.spot" or "execution.spot", with one item.
  void tell(const std::string& topic, const std::string& item) {
    if (const auto link = link_.lock(); link && link->up)
      deliver(*link, fmt::format(R"({{"topic":"{}","data":[{}]}})", topic, item));
  }

  /// The stream lives, and we do not read from it.
  [[nodiscard]] bool paused() const {
    const auto link = link_.lock();
    return link && link->up && link->paused;
  }

  // WebSocketConnector
  std::unique_ptr<adapters::transport::WebSocket>
  open(adapters::transport::WebSocketOptions,
       adapters::transport::WebSocketEvents events) override {
    auto link = std::make_shared<Link>();
    link->events = std::move(events);
    link_ = link;
    sim_.strand.post_after(5ms, [this, weak = std::weak_ptr{link}] {
      const auto self = weak.lock();
      if (!self)
        return;
      if (refuses_sockets)
        return self->events.on_down({core::Errc::connection_lost, "connection refused", {}});
      self->up = true;
      self->events.on_open();
    });
    return std::make_unique<Socket>(*this, link);
  }

  // HttpClient
  void send(adapters::transport::HttpRequest request,
            adapters::transport::HttpCallback done) override {
    const auto path = request.url.substr(0, request.url.find('?'));
    const auto route = request.method + path.substr(path.find("/v5"));
    asked.push_back(request.method + " " + path.substr(path.find("/v5")));
    queries.push_back(request.url);
    const auto sent_at = sim_.now();
    look_at_stamp(request);
    sim_.strand.post_after(
        10ms, [this, request = std::move(request), sent_at, route, done = std::move(done)] {
          if (mute && route == "POST/v5/order/create")
            return done(core::fail(core::Errc::timed_out, "no answer"));
          adapters::transport::HttpResponse reply;
          reply.body = answer(route, request);
          reply.body.reserve(reply.body.size() + 64);
          reply.headers = {{"X-Bapi-Limit", limit}};
          reply.sent_at = sent_at;
          reply.received_at = sim_.now();
          reply.status = 200;
          done(std::move(reply));
        });
  }

private:
  struct Link {
    adapters::transport::WebSocketEvents events;
    bool up = false, paused = false;
    std::vector<std::string> unread; ///< what came while we did not read
  };

  class Socket final : public adapters::transport::WebSocket,
                       public adapters::transport::HeldReading {
  public:
    Socket(PrivateVenue& venue, std::shared_ptr<Link> link)
        : venue_{venue}, link_{std::move(link)} {}

    ~Socket() override { close(); }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(std::string text) override {
      venue_.sim_.strand.post([&venue = venue_, weak = std::weak_ptr{link_}, text] {
        if (const auto link = weak.lock(); link && link->up)
          venue.on_request(*link, text);
      });
    }

    void ping() override {}

    void pause_reading(bool paused) override {
      link_->paused = paused;
      if (!paused)
        venue_.sim_.strand.post([&venue = venue_, weak = std::weak_ptr{link_}] {
          if (const auto link = weak.lock())
            for (const auto& text : std::exchange(link->unread, {}))
              venue.deliver(*link, text);
        });
    }

    void close() override { link_->up = false; }

  private:
    PrivateVenue& venue_;
    std::shared_ptr<Link> link_;
  };

  /// Bybit's rule: time - window <= stamp < time + 1 s.
  void look_at_stamp(const adapters::transport::HttpRequest& request) {
    const auto number = [&](const char* name) {
      for (const auto& [key, value] : request.headers)
        if (key == name)
          return std::stoll(value);
      return 0LL;
    };
    const auto now = core::to_millis(sim_.true_time());
    const auto stamp = number("X-BAPI-TIMESTAMP");
    ++stamped;
    if (stamp < now - number("X-BAPI-RECV-WINDOW") || stamp >= now + 1'000)
      ++stamped_wrong;
  }

  void deliver(Link& link, const std::string& text) {
    if (link.paused) {
      link.unread.push_back(text);
      return;
    }
    const auto padded = text + std::string(64, '\0');
    link.events.on_text(std::string_view{padded}.substr(0, text.size()), sim_.now());
  }

  void on_request(Link& link, const std::string& text) {
    said.push_back(text);
    const auto has = [&](const char* op) {
      return text.find(fmt::format(R"("op":"{}")", op)) != std::string::npos;
    };
    if (has("ping"))
      return deliver(link, R"({"success":true,"ret_msg":"pong","op":"ping","conn_id":"c"})");
    deliver(link,
            fmt::format(R"({{"success":{},"ret_msg":"{}","op":"{}","conn_id":"c"}})", !refuses_keys,
                        refuses_keys ? "invalid key" : "", has("auth") ? "auth" : "subscribe"));
  }

  static std::string list(const std::vector<std::string>& items) {
    return fmt::format(R"({{"list":[{}],"nextPageCursor":""}})", fmt::join(items, ","));
  }

  std::string answer(const std::string& route, const adapters::transport::HttpRequest& request) {
    if (refuses_keys)
      return R"({"retCode":10003,"retMsg":"API key is invalid.","result":{},"retExtInfo":{},"time":1})";
    return fmt::format(R"({{"retCode":0,"retMsg":"OK","result":{},"retExtInfo":{{}},"time":1}})",
                       result(route, request));
  }

  std::string result(const std::string& route, const adapters::transport::HttpRequest& request) {
    if (route == "GET/v5/user/query-api")
      return fmt::format(R"({{"readOnly":0,"permissions":{{"Spot":["SpotTrade"],"Wallet":[{}]}}}})",
                         may_withdraw ? R"("Withdraw")" : "");
    if (route == "GET/v5/account/wallet-balance") {
      std::vector<std::string> rows;
      for (const auto& [coin, amount] : coins)
        rows.push_back(
            fmt::format(R"({{"coin":"{}","walletBalance":"{}","locked":"0"}})", coin, amount));
      return fmt::format(R"({{"list":[{{"coin":[{}]}}]}})", fmt::join(rows, ","));
    }
    if (route == "GET/v5/account/fee-rate")
      return list({R"({"symbol":"BTCUSDT","makerFeeRate":"0.001","takerFeeRate":"0.001"})"});
    if (route == "GET/v5/execution/list")
      return list(fills);
    if (route == "GET/v5/order/history")
      return list(of(closed_orders, request.url));
    if (route == "GET/v5/order/realtime") {
      auto all = of(open_orders, request.url);
      if (request.url.find("orderLinkId=") != std::string::npos)
        for (const auto& order : of(closed_orders, request.url))
          all.push_back(order);
      return list(all);
    }
    return R"({"orderId":"v","orderLinkId":""})";
  }

  /// Those that the request asks for.
  static std::vector<std::string> of(const std::vector<std::string>& orders,
                                     const std::string& url) {
    const std::string key = "orderLinkId=";
    const auto at = url.find(key);
    if (at == std::string::npos)
      return orders;
    const auto id = url.substr(at + key.size(), url.find('&', at) - at - key.size());
    std::vector<std::string> found;
    std::copy_if(orders.begin(), orders.end(), std::back_inserter(found), [&](const auto& order) {
      return order.find("\"" + id + "\"") != std::string::npos;
    });
    return found;
  }

  Sim& sim_;
  std::weak_ptr<Link> link_;
};

} // namespace tandem::tests
