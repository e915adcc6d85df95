/// Somebody who trades at the simulated Bybit: signs requests, logs in to sockets, reads what
/// comes.
#pragma once

#include "apps/tandem_sim/bybit_signature.hpp"
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::sim::testing {

inline constexpr auto bybit_spot = SurfaceId::bybit_spot;
inline constexpr auto bybit_linear = SurfaceId::bybit_linear;

/// Two accounts and markets that stand still, so that a test alone decides what trades.
inline const std::string bybit_accounts = R"(
symbols: [BTCUSDT, ETHUSDT]
flow: {events_per_second: 0, history_minutes: 2}
accounts:
  - name: alice
    venue: bybit
    keys: [{key: alice-key, secret: alice-secret}, {key: alice-eyes, secret: looks, trade: false}, {key: alice-purse, secret: open, withdraw: true}]
    deposits: {unified: {USDT: "1000000", BTC: "10", ETH: "20"}}
  - name: bob
    venue: bybit
    keys: [{key: bob-key, secret: bob-secret}]
    deposits: {unified: {USDT: "1000000", BTC: "10"}}
)";

struct BybitReply {
  HttpAnswer http;
  json::object body;

  [[nodiscard]] std::int64_t code() const { return body.at("retCode").as_int64(); }

  [[nodiscard]] const json::object& result() const { return body.at("result").as_object(); }

  [[nodiscard]] const json::array& list() const { return result().at("list").as_array(); }

  [[nodiscard]] std::string text(const std::string& field) const {
    return text_of(result().at(field));
  }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct BybitTrader {
  BybitTrader(World& use_world, std::string use_key, std::string use_secret)
      : world{use_world}, key{std::move(use_key)}, secret{std::move(use_secret)} {}

  [[nodiscard]] std::int64_t now() const { return core::to_millis(world.now); }

  [[nodiscard]] Headers signed_headers(const std::string& payload, std::int64_t at) const {
    const auto stamp = std::to_string(at);
    return {{"x-bapi-api-key", key},
            {"x-bapi-timestamp", stamp},
            {"x-bapi-recv-window", "5000"},
            {"x-bapi-sign", bybit_signature(secret, stamp + key + "5000" + payload)}};
  }

  /// Nullopt inside: no answer yet.
  [[nodiscard]] std::shared_ptr<std::optional<HttpAnswer>>
  ask(SurfaceId surface, const std::string& method, const std::string& path,
      const std::string& payload, const Headers& headers) const {
    auto slot = std::make_shared<std::optional<HttpAnswer>>();
    const bool get = method == "GET";
    world.simulator.on_http(
        surface, {method, path, get ? payload : "", headers, get ? "" : payload, "10.0.0.1:5000"},
        [slot](HttpAnswer answer) { *slot = std::move(answer); }, world.now);
    return slot;
  }

  [[nodiscard]] std::shared_ptr<std::optional<HttpAnswer>>
  post_later(const std::string& path, const std::string& body) const {
    return ask(bybit_linear, "POST", path, body, signed_headers(body, now()));
  }

  [[nodiscard]] static BybitReply read(const HttpAnswer& answer) {
    return {answer, object_of(answer.body)};
  }

  BybitReply post(const std::string& path, const std::string& body,
                  SurfaceId surface = bybit_linear) const {
    return read(ask(surface, "POST", path, body, signed_headers(body, now()))->value());
  }

  BybitReply get(const std::string& path, const std::string& query = {},
                 SurfaceId surface = bybit_linear) const {
    return read(ask(surface, "GET", path, query, signed_headers(query, now()))->value());
  }

  BybitReply create(const std::string& fields) const {
    return post("/v5/order/create", "{" + fields + "}");
  }

  BybitReply cancel(const std::string& fields) const {
    return post("/v5/order/cancel", "{" + fields + "}");
  }

  [[nodiscard]] std::string login() const {
    const auto expires = now() + 5'000;
    return fmt::format(R"({{"req_id":"in","op":"auth","args":["{}",{},"{}"]}})", key, expires,
                       bybit_signature(secret, fmt::format("GET/realtime{}", expires)));
  }

  /// A private socket that has logged in and subscribed. @param topics quoted, with commas.
  SocketId listen(const std::string& topics, SurfaceId surface = bybit_linear,
                  const std::string& query = {}) const {
    const auto socket = world.open(surface, "/v5/private", query);
    world.text(socket, login());
    if (!topics.empty())
      world.text(socket, R"({"op":"subscribe","args":[)" + topics + "]}");
    for (const auto& text : world.texts(socket))
      REQUIRE(object_of(text).at("success").as_bool());
    world.texts(socket).clear();
    return socket;
  }

  SocketId trade_socket(SurfaceId surface = bybit_linear) const {
    const auto socket = world.open(surface, "/v5/trade");
    world.text(socket, login());
    world.texts(socket).clear();
    return socket;
  }

  /// Sends one request on the trade socket and reads the last frame.
  json::object trade(SocketId socket, const std::string& op, const std::string& req_id,
                     const std::string& fields) const {
    world.text(socket, fmt::format(R"({{"reqId":"{}","header":{{"X-BAPI-TIMESTAMP":"{}"}},)"
                                   R"("op":"{}","args":[{{{}}}]}})",
                                   req_id, now(), op, fields));
    return object_of(world.texts(socket).back());
  }

  World& world;
  std::string key;
  std::string secret;
};

struct BybitWorld : World {
  explicit BybitWorld(const std::string& yaml = bybit_accounts) : World{yaml} {}

  BybitTrader alice{*this, "alice-key", "alice-secret"};
  BybitTrader bob{*this, "bob-key", "bob-secret"};

  /// Prices of the generated book. @param n 0: the best.
  std::string bid(const std::string& category, const std::string& symbol = "BTCUSDT",
                  std::size_t n = 0) {
    return level(category, symbol, "b", n).first;
  }

  std::string ask_price(const std::string& category, const std::string& symbol = "BTCUSDT",
                        std::size_t n = 0) {
    return level(category, symbol, "a", n).first;
  }

  std::pair<std::string, std::string> level(const std::string& category, const std::string& symbol,
                                            const std::string& side, std::size_t n) {
    const auto answer
        = World::get(category == "spot" ? bybit_spot : bybit_linear, "/v5/market/orderbook",
                     fmt::format("category={}&symbol={}&limit=200", category, symbol));
    const auto body = object_of(answer.body);
    const auto& row = body.at("result").at(side).as_array().at(n);
    return {text_of(row.at(0)), text_of(row.at(1))};
  }

  /// Frames of a topic, oldest first; what was read is forgotten.
  std::vector<json::object> take(SocketId socket, const std::string& topic = {}) {
    std::vector<json::object> out;
    for (const auto& text : texts(socket)) {
      auto frame = object_of(text);
      if (frame.contains("topic") && (topic.empty() || text_of(frame.at("topic")) == topic))
        out.push_back(std::move(frame));
    }
    texts(socket).clear();
    return out;
  }
};

/// The only item of a private frame.
inline json::object item_of(const json::object& frame) {
  const auto& data = frame.at("data").as_array();
  REQUIRE(data.size() == 1);
  return data[0].as_object();
}

inline std::string word(const json::object& item, const std::string& field) {
  return text_of(item.at(field));
}

inline std::string limit_order(const std::string& category, const std::string& side,
                               const std::string& quantity, const std::string& price,
                               const std::string& more = {}) {
  return fmt::format(
      R"("category":"{}","symbol":"BTCUSDT","side":"{}","orderType":"Limit","qty":"{}","price":"{}"{}{})",
      category, side, quantity, price, more.empty() ? "" : ",", more);
}

inline std::string market_order(const std::string& category, const std::string& side,
                                const std::string& quantity, const std::string& more = {}) {
  return fmt::format(
      R"("category":"{}","symbol":"BTCUSDT","side":"{}","orderType":"Market","qty":"{}"{}{})",
      category, side, quantity, more.empty() ? "" : ",", more);
}

} // namespace tandem::sim::testing
