/// Somebody who trades at the simulated Binance: signs requests, listens to what comes.
#pragma once

#include "apps/tandem_sim/binance_signature.hpp"
#include "tests/sim/world.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::sim::testing {

inline constexpr auto binance_spot = SurfaceId::binance_spot;
inline constexpr auto binance_linear = SurfaceId::binance_linear;

/// Two accounts and markets that stand still, so that a test alone decides what trades.
inline const std::string binance_accounts = R"(
symbols: [BTCUSDT, ETHUSDT]
flow: {events_per_second: 0, history_minutes: 2}
accounts:
  - name: alice
    venue: binance
    keys: [{key: alice-key, secret: alice-secret}, {key: alice-eyes, secret: looks, trade: false}, {key: alice-purse, secret: open, withdraw: true}]
    deposits: {spot: {USDT: "1000000", BTC: "10"}, linear: {USDT: "1000000"}}
  - name: bob
    venue: binance
    keys: [{key: bob-key, secret: bob-secret}]
    deposits: {spot: {USDT: "1000", BTC: "1"}}
)";

struct BinanceReply {
  int status = 0;
  json::value body;

  [[nodiscard]] std::int64_t code() const { return body.at("code").as_int64(); }

  [[nodiscard]] std::string text(const std::string& field) const { return text_of(body.at(field)); }
};

struct BinanceWorld : World {
  explicit BinanceWorld(const std::string& yaml = binance_accounts) : World{yaml} {}

  BinanceWorld(const Scenario& scenario, std::unique_ptr<LineSource> lines)
      : World{scenario, std::move(lines)} {}

  [[nodiscard]] std::string stamp(std::int64_t late_ms = 0) const {
    return std::to_string(core::to_millis(now) - late_ms);
  }

  /// The query with its time and signature.
  [[nodiscard]] std::string signed_query(const std::string& query, const std::string& secret,
                                         std::int64_t late_ms = 0) const {
    auto text = query + (query.empty() ? "" : "&") + "timestamp=" + stamp(late_ms);
    return text + "&signature=" + binance_hmac(secret, text);
  }

  std::shared_ptr<std::optional<HttpAnswer>> ask_signed(SurfaceId surface,
                                                        const std::string& method,
                                                        const std::string& path,
                                                        const std::string& query) {
    auto slot = std::make_shared<std::optional<HttpAnswer>>();
    simulator.on_http(
        surface,
        {method,
         path,
         signed_query(query, "alice-secret"),
         {{"x-mbx-apikey", "alice-key"}},
         {},
         "10.0.0.1:5000"},
        [slot](HttpAnswer answer) { *slot = std::move(answer); }, now);
    return slot;
  }

  BinanceReply raw(SurfaceId surface, const std::string& method, const std::string& path,
                   const std::string& query, const std::string& key) {
    std::optional<HttpAnswer> got;
    simulator.on_http(
        surface, {method, path, query, {{"x-mbx-apikey", key}}, {}, "10.0.0.1:5000"},
        [&](HttpAnswer answer) { got = std::move(answer); }, now);
    return {got.value().status, json::parse(got->body)};
  }

  BinanceReply call(SurfaceId surface, const std::string& method, const std::string& path,
                    const std::string& query = {}) {
    const auto got = ask_signed(surface, method, path, query)->value();
    return {got.status, json::parse(got.body)};
  }

  BinanceReply place(SurfaceId surface, const std::string& fields) {
    return call(surface, "POST", surface == binance_spot ? "/api/v3/order" : "/fapi/v1/order",
                "symbol=BTCUSDT&" + fields);
  }

  /// Best price of the generated book. @param side "bids" or "asks"
  std::string best(SurfaceId surface, const std::string& side) {
    const auto path = surface == binance_spot ? "/api/v3/depth" : "/fapi/v1/depth";
    const auto body = object_of(get(surface, path, "symbol=BTCUSDT&limit=5").body);
    return text_of(body.at(side).as_array().at(0).as_array().at(0));
  }

  /// A request on the WebSocket API; the params as "name":"value" pairs, signed when `secret` is
  /// not empty.
  void request(SocketId socket, const std::string& id, const std::string& method,
               BinanceParams params, const std::string& secret = "alice-secret") {
    if (!secret.empty()) {
      params.emplace_back("apiKey", "alice-key");
      params.emplace_back("timestamp", stamp());
      params.emplace_back("signature", binance_hmac(secret, socket_payload(params)));
    }
    json::object fields;
    for (const auto& [name, value] : params)
      fields[name] = value;
    text(socket, fmt::format(R"({{"id":"{}","method":"{}","params":{}}})", id, method,
                             json::serialize(fields)));
  }

  /// What a socket got since it was last read.
  std::vector<json::object> take(SocketId socket) {
    std::vector<json::object> out;
    for (const auto& each : texts(socket))
      out.push_back(object_of(each));
    texts(socket).clear();
    return out;
  }

  /// A spot connection that hears alice's events.
  SocketId listen() {
    const auto socket = open(binance_spot, "/ws-api/v3", "returnRateLimits=false");
    request(socket, "in", "userDataStream.subscribe.signature", {});
    const auto reply = take(socket);
    REQUIRE(reply.size() == 1);
    REQUIRE(reply[0].at("status").as_int64() == 200);
    return socket;
  }
};

} // namespace tandem::sim::testing
