#include "adapters/venues/bybit/trading.hpp"

#include "adapters/venues/bybit/order_wire.hpp"
#include "adapters/venues/bybit/private_codec.hpp"
#include "adapters/venues/bybit/replies.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::adapters::venues::bybit {
namespace {

using namespace std::chrono_literals;
using core::Errc;
using core::MarketType;
using core::Result;
using core::orders::OrderIntent;

constexpr int orders_per_page = 50;
constexpr int fills_per_page = 100;
constexpr int positions_per_page = 200;
/// A socket's signature is good until then; the page asks for a moment in the future.
constexpr std::chrono::seconds auth_expires{10};
/// Linear lists of a whole account are asked for by settlement coin.
constexpr std::string_view settlement = "settleCoin=USDT";

/// Sources: "Connect" (ping every 20 s, cut after 10 minutes of silence), "Rate Limit".
TradingTraits traits_of(MarketType type) {
  TradingTraits traits;
  traits.account = "bybit"; // unified: spot and linear share balances
  traits.order_socket = true;
  traits.acks_only = true;
  traits.stream_ping = 20s;
  traits.stream_silence_max = 50s;                                   // two pings without a pong
  traits.order_rates = {{type == MarketType::spot ? 20U : 10U, 1s}}; // without VIP level
  return traits;
}

core::Status check_keys(const Credentials& keys) {
  if (!keys.complete())
    return core::fail(Errc::unauthenticated, "no API key", std::string{wire::source});
  return {};
}

class BybitTrading final : public Trading {
public:
  explicit BybitTrading(MarketType type) : type_{type}, traits_{traits_of(type)} {}

  const TradingTraits& traits() const override { return traits_; }

  /// REST: time, key, window, then the query of a GET or the body of a POST. A private socket's
  /// logon: "GET/realtime" and the moment until which it is good.
  Result<std::string> prehash(const SigningParts& request) const override {
    if (request.socket)
      return "GET/realtime" + request.timestamp;
    if (!request.query.empty() && !request.body.empty())
      return core::fail(Errc::validation_error, "a request has a query or a body, not both",
                        std::string{wire::source});
    return request.timestamp + request.api_key + request.recv_window + request.query + request.body;
  }

  // ---- requests
  Result<SignedRequest> place(const OrderIntent& order, const Credentials& keys,
                              const Stamp& stamp) const override {
    return post("/v5/order/create", place_body(type_, order), keys, stamp);
  }

  Result<SignedRequest> cancel(const OrderRef& order, const Credentials& keys,
                               const Stamp& stamp) const override {
    return post("/v5/order/cancel", cancel_body(type_, order), keys, stamp);
  }

  Result<SignedRequest> cancel_all(const core::Symbol& symbol, const Credentials& keys,
                                   const Stamp& stamp) const override {
    return post(
        "/v5/order/cancel-all",
        fmt::format(R"({{"category":"{}","symbol":"{}"}})", category_of(type_), symbol.text()),
        keys, stamp);
  }

  /// Open and just closed orders first; what a restart of the service has moved is in the history.
  std::optional<Result<SignedRequest>> query(const OrderRef& order, int attempt,
                                             const Credentials& keys,
                                             const Stamp& stamp) const override {
    if (attempt > 1)
      return std::nullopt;
    auto text = query_of(type_, order);
    if (!text)
      return Result<SignedRequest>{tl::unexpected{text.error()}};
    return get(attempt == 0 ? "/v5/order/realtime" : "/v5/order/history", *std::move(text), keys,
               stamp);
  }

  Result<SignedRequest> open_orders(std::string_view cursor, const Credentials& keys,
                                    const Stamp& stamp) const override {
    auto text = fmt::format("category={}&openOnly=0&limit={}", category_of(type_), orders_per_page);
    if (type_ == MarketType::linear)
      text += fmt::format("&{}", settlement);
    return get("/v5/order/realtime", with_cursor(std::move(text), cursor), keys, stamp);
  }

  /// An order known by client id alone cannot be asked for: its symbol since `since` is.
  Result<SignedRequest> fills(const OrderRef& order, core::UnixMillis since,
                              std::string_view cursor, const Credentials& keys,
                              const Stamp& stamp) const override {
    if (order.symbol.empty())
      return core::fail(Errc::validation_error, "fills are asked for by symbol",
                        std::string{wire::source});
    auto text = fmt::format("category={}&symbol={}", category_of(type_), order.symbol.text());
    if (!order.venue_order_id.empty())
      text += "&orderId=" + percent_encoded(order.venue_order_id);
    else if (since > 0)
      text += fmt::format("&startTime={}", since);
    text += fmt::format("&execType=Trade&limit={}", fills_per_page);
    return get("/v5/execution/list", with_cursor(std::move(text), cursor), keys, stamp);
  }

  Result<SignedRequest> balances(const Credentials& keys, const Stamp& stamp) const override {
    return get("/v5/account/wallet-balance", "accountType=UNIFIED", keys, stamp);
  }

  std::optional<Result<SignedRequest>> positions(std::string_view cursor, const Credentials& keys,
                                                 const Stamp& stamp) const override {
    if (type_ == MarketType::spot)
      return std::nullopt;
    auto text = fmt::format("category=linear&{}&limit={}", settlement, positions_per_page);
    return get("/v5/position/list", with_cursor(std::move(text), cursor), keys, stamp);
  }

  Result<SignedRequest> fees(const core::Symbol& symbol, const Credentials& keys,
                             const Stamp& stamp) const override {
    return get("/v5/account/fee-rate",
               fmt::format("category={}&symbol={}", category_of(type_), symbol.text()), keys,
               stamp);
  }

  std::optional<Result<SignedRequest>> key_rights(const Credentials& keys,
                                                  const Stamp& stamp) const override {
    return get("/v5/user/query-api", {}, keys, stamp);
  }

  /// Its switch (DCP) is for institutional accounts and acts on the loss of private sockets, not by
  /// symbol: it is set up with the venue, not by an engine.
  std::optional<Result<SignedRequest>> arm_dead_man(const core::Symbol& /*symbol*/,
                                                    std::chrono::milliseconds /*window*/,
                                                    const Credentials& /*keys*/,
                                                    const Stamp& /*stamp*/) const override {
    return std::nullopt;
  }

  // ---- answers
  PlaceReply parse_place(int status, std::string_view body) const override {
    return bybit::parse_place(type_, status, body);
  }

  CancelReply parse_cancel(int status, std::string_view body) const override {
    return bybit::parse_cancel(status, body);
  }

  Result<std::optional<core::orders::VenueOrder>>
  parse_query(int status, std::string_view body) const override {
    return bybit::parse_query(type_, status, body);
  }

  Result<OrderPage> parse_open_orders(int status, std::string_view body) const override {
    return bybit::parse_open_orders(type_, status, body);
  }

  Result<FillPage> parse_fills(int status, std::string_view body) const override {
    return bybit::parse_fills(type_, status, body);
  }

  Result<std::vector<Balance>> parse_balances(int status, std::string_view body) const override {
    return bybit::parse_balances(status, body);
  }

  Result<PositionPage> parse_positions(int status, std::string_view body) const override {
    return bybit::parse_positions(status, body);
  }

  Result<AccountFees> parse_fees(int status, std::string_view body) const override {
    return bybit::parse_fees(status, body);
  }

  Result<KeyRights> parse_key_rights(int status, std::string_view body) const override {
    return bybit::parse_key_rights(status, body);
  }

  Failure classify(int status, std::string_view body) const override {
    return bybit::classify(status, body);
  }

  // ---- private stream
  std::optional<Result<SignedRequest>> stream_key(std::string_view /*key*/,
                                                  const Credentials& /*keys*/) const override {
    return std::nullopt;
  }

  Result<std::string> parse_stream_key(int /*status*/, std::string_view /*body*/) const override {
    return core::fail(Errc::validation_error, "its streams need no key of their own",
                      std::string{wire::source});
  }

  Result<StreamOpening> open_stream(std::string_view /*stream_key*/, const Credentials& keys,
                                    const Stamp& stamp) const override {
    auto logon = auth_frame("req_id", keys, stamp);
    if (!logon)
      return tl::unexpected{logon.error()};
    const auto category = category_of(type_);
    auto topics = fmt::format(R"("order.{0}","execution.{0}","wallet")", category);
    if (type_ == MarketType::linear)
      topics += R"(,"position.linear")";
    return StreamOpening{
        "/v5/private",
        {*std::move(logon),
         fmt::format(R"({{"req_id":"subscribe","op":"subscribe","args":[{}]}})", topics)}};
  }

  std::optional<std::string> stream_ping() const override { return R"({"op":"ping"})"; }

  std::unique_ptr<PrivateCodec> make_private_codec() const override {
    return bybit::make_private_codec(type_);
  }

  // ---- order entry by WebSocket
  Result<StreamOpening> open_order_socket(const Credentials& keys,
                                          const Stamp& stamp) const override {
    auto logon = auth_frame("reqId", keys, stamp);
    if (!logon)
      return tl::unexpected{logon.error()};
    return StreamOpening{"/v5/trade", {*std::move(logon)}};
  }

  Result<std::string> socket_place(const OrderIntent& order, std::string_view request_id,
                                   const Credentials& /*keys*/, const Stamp& stamp) const override {
    return socket_request(request_id, "order.create", place_body(type_, order), stamp);
  }

  Result<std::string> socket_cancel(const OrderRef& order, std::string_view request_id,
                                    const Credentials& /*keys*/,
                                    const Stamp& stamp) const override {
    return socket_request(request_id, "order.cancel", cancel_body(type_, order), stamp);
  }

  PlaceReply parse_socket_place(std::string_view body) const override {
    auto reply = bybit::parse_place(type_, 200, body);
    reply.rate = bybit::order_rate_of(body);
    return reply;
  }

  /// "X-Bapi-Limit" of a reply to a new order: the endpoint's whole allowance for this account, in
  /// a second; it grows with the account's VIP level.
  std::optional<core::market::OrderRate> read_order_rate(const Headers& headers) const override {
    const auto* limit = find_header(headers, "X-Bapi-Limit");
    return limit == nullptr ? std::nullopt : bybit::order_rate(*limit);
  }

  CancelReply parse_socket_cancel(std::string_view body) const override {
    return bybit::parse_cancel(200, body);
  }

private:
  static std::string with_cursor(std::string text, std::string_view cursor) {
    if (!cursor.empty())
      text.append("&cursor=").append(percent_encoded(cursor));
    return text;
  }

  static Result<SignedRequest> sign(SignedRequest request, std::string_view payload,
                                    const Credentials& keys, const Stamp& stamp) {
    if (const auto status = check_keys(keys); !status)
      return tl::unexpected{status.error()};
    auto signature = keys.sign(rest_payload(keys, stamp, payload));
    if (!signature)
      return tl::unexpected{signature.error()};
    request.headers = {{"X-BAPI-API-KEY", keys.api_key},
                       {"X-BAPI-TIMESTAMP", std::to_string(stamp.at)},
                       {"X-BAPI-RECV-WINDOW", std::to_string(stamp.recv_window.count())},
                       {"X-BAPI-SIGN", *std::move(signature)}};
    return request;
  }

  static Result<SignedRequest> get(std::string path, std::string query, const Credentials& keys,
                                   const Stamp& stamp) {
    SignedRequest request;
    request.target = std::move(path);
    if (!query.empty())
      request.target.append("?").append(query);
    return sign(std::move(request), query, keys, stamp);
  }

  static Result<SignedRequest> post(std::string path, Result<std::string> body,
                                    const Credentials& keys, const Stamp& stamp) {
    if (!body)
      return tl::unexpected{body.error()};
    SignedRequest request;
    request.method = "POST";
    request.target = std::move(path);
    request.body = *std::move(body);
    const auto payload = request.body;
    auto made = sign(std::move(request), payload, keys, stamp);
    if (made)
      made->headers.emplace_back("Content-Type", "application/json");
    return made;
  }

  /// @param id_name private socket and trade socket spell it differently.
  static Result<std::string> auth_frame(std::string_view id_name, const Credentials& keys,
                                        const Stamp& stamp) {
    if (const auto status = check_keys(keys); !status)
      return tl::unexpected{status.error()};
    const auto expires
        = stamp.at + std::chrono::duration_cast<std::chrono::milliseconds>(auth_expires).count();
    const auto signature = keys.sign(fmt::format("GET/realtime{}", expires));
    if (!signature)
      return tl::unexpected{signature.error()};
    return fmt::format(R"({{"{}":"auth","op":"auth","args":["{}",{},"{}"]}})", id_name,
                       keys.api_key, expires, *signature);
  }

  static Result<std::string> socket_request(std::string_view id, std::string_view op,
                                            Result<std::string> body, const Stamp& stamp) {
    if (!body)
      return tl::unexpected{body.error()};
    return fmt::format(
        R"({{"reqId":"{}","header":{{"X-BAPI-TIMESTAMP":"{}","X-BAPI-RECV-WINDOW":"{}"}},"op":"{}","args":[{}]}})",
        id, stamp.at, stamp.recv_window.count(), op, *body);
  }

  MarketType type_;
  TradingTraits traits_;
};

} // namespace

std::string rest_payload(const Credentials& keys, const Stamp& stamp,
                         std::string_view query_or_body) {
  return fmt::format("{}{}{}{}", stamp.at, keys.api_key, stamp.recv_window.count(), query_or_body);
}

std::unique_ptr<Trading> make_bybit_trading(MarketType type) {
  return std::make_unique<BybitTrading>(type);
}

} // namespace tandem::adapters::venues::bybit
