#include "adapters/venues/binance/trading.hpp"

#include "adapters/venues/binance/order_wire.hpp"
#include "adapters/venues/binance/private_codec.hpp"
#include "adapters/venues/binance/replies.hpp"
#include "adapters/venues/binance/signer.hpp"

#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

using namespace std::chrono_literals;
using core::Errc;
using core::MarketType;
using core::Result;
using core::orders::OrderIntent;

/// Sources: Spot "WebSocket API" and USD-M "Websocket API General Info" (pings, 24 h), exchangeInfo
/// (ORDERS: those without a fill count longest, we count all), USD-M "Start User Data Stream" (60
/// min, so renewed at half of it).
TradingTraits traits_of(MarketType type) {
  TradingTraits traits;
  traits.account = core::to_string(core::MarketKey{core::VenueId{"binance"}, type});
  traits.order_socket = true;
  traits.stream_lifetime = 24h;
  if (type == MarketType::spot) {
    traits.stream_silence_max = 45s; // the server pings every 20 s
    traits.order_rates = {{50, 10s}};
    return traits;
  }
  traits.dead_man_switch = true;
  traits.stream_key = true;
  traits.stream_key_refresh = 30min;
  traits.stream_silence_max = 200s; // the server pings every 3 min
  traits.order_rates = {{300, 10s}, {1'200, 60s}};
  return traits;
}

class BinanceTrading final : public Trading {
public:
  explicit BinanceTrading(MarketType type) : type_{type}, traits_{traits_of(type)} {}

  const TradingTraits& traits() const override { return traits_; }

  Result<std::string> prehash(const SigningParts& request) const override {
    return binance::prehash(request);
  }

  // ---- requests
  Result<SignedRequest> place(const OrderIntent& order, const Credentials& keys,
                              const Stamp& stamp) const override {
    auto params = place_params(type_, order);
    if (!params)
      return tl::unexpected{params.error()};
    // Weight 0 on success, 1 on failure (spot); reckoned at its worse.
    return request("POST", path("order"), *std::move(params), 1, keys, stamp);
  }

  Result<SignedRequest> cancel(const OrderRef& order, const Credentials& keys,
                               const Stamp& stamp) const override {
    auto params = ref_params(order);
    if (!params)
      return tl::unexpected{params.error()};
    return request("DELETE", path("order"), *std::move(params), 1, keys, stamp);
  }

  Result<SignedRequest> cancel_all(const core::Symbol& symbol, const Credentials& keys,
                                   const Stamp& stamp) const override {
    return request("DELETE", path(spot() ? "openOrders" : "allOpenOrders"), of(symbol), 1, keys,
                   stamp);
  }

  /// One answer covers open and closed orders of 90 days: there is no second place to look.
  std::optional<Result<SignedRequest>> query(const OrderRef& order, int attempt,
                                             const Credentials& keys,
                                             const Stamp& stamp) const override {
    if (attempt > 0)
      return std::nullopt;
    auto params = ref_params(order);
    if (!params)
      return Result<SignedRequest>{tl::unexpected{params.error()}};
    return request("GET", path("order"), *std::move(params), spot() ? 4 : 1, keys, stamp);
  }

  Result<SignedRequest> open_orders(std::string_view /*cursor*/, const Credentials& keys,
                                    const Stamp& stamp) const override {
    return request("GET", path("openOrders"), {}, spot() ? 80 : 40, keys, stamp); // one page
  }

  Result<SignedRequest> fills(const OrderRef& order, core::UnixMillis since,
                              std::string_view cursor, const Credentials& keys,
                              const Stamp& stamp) const override;

  Result<SignedRequest> balances(const Credentials& keys, const Stamp& stamp) const override {
    if (!spot())
      return request("GET", "/fapi/v3/balance", {}, 5, keys, stamp);
    return request("GET", path("account"), Params{}.text("omitZeroBalances", "true"), 20, keys,
                   stamp);
  }

  std::optional<Result<SignedRequest>> positions(std::string_view /*cursor*/,
                                                 const Credentials& keys,
                                                 const Stamp& stamp) const override {
    if (spot())
      return std::nullopt;
    return request("GET", "/fapi/v3/positionRisk", {}, 5, keys, stamp);
  }

  Result<SignedRequest> fees(const core::Symbol& symbol, const Credentials& keys,
                             const Stamp& stamp) const override {
    return request("GET", path(spot() ? "account/commission" : "commissionRate"), of(symbol), 20,
                   keys, stamp);
  }

  std::optional<Result<SignedRequest>> key_rights(const Credentials& keys,
                                                  const Stamp& stamp) const override {
    if (spot())
      return request("GET", "/sapi/v1/account/apiRestrictions", {}, 1, keys, stamp);
    return request("GET", path("accountConfig"), {}, 5, keys, stamp);
  }

  std::optional<Result<SignedRequest>> arm_dead_man(const core::Symbol& symbol,
                                                    std::chrono::milliseconds window,
                                                    const Credentials& keys,
                                                    const Stamp& stamp) const override {
    if (spot())
      return std::nullopt;
    if (window.count() < 0)
      return Result<SignedRequest>{
          core::fail(Errc::validation_error, "a countdown below 0", "binance")};
    auto params = of(symbol);
    params.number("countdownTime", window.count());
    return request("POST", path("countdownCancelAll"), std::move(params), 10, keys, stamp);
  }

  // ---- answers
  PlaceReply parse_place(int status, std::string_view body) const override {
    return binance::parse_place(type_, status, body);
  }

  CancelReply parse_cancel(int status, std::string_view body) const override {
    return binance::parse_cancel(type_, status, body);
  }

  Result<std::optional<core::orders::VenueOrder>>
  parse_query(int status, std::string_view body) const override {
    return binance::parse_query(type_, status, body);
  }

  Result<OrderPage> parse_open_orders(int status, std::string_view body) const override {
    return binance::parse_open_orders(type_, status, body);
  }

  Result<FillPage> parse_fills(int status, std::string_view body) const override {
    return binance::parse_fills(type_, status, body);
  }

  Result<std::vector<Balance>> parse_balances(int status, std::string_view body) const override {
    return binance::parse_balances(type_, status, body);
  }

  Result<PositionPage> parse_positions(int status, std::string_view body) const override {
    return binance::parse_positions(type_, status, body);
  }

  Result<AccountFees> parse_fees(int status, std::string_view body) const override {
    return binance::parse_fees(type_, status, body);
  }

  Result<KeyRights> parse_key_rights(int status, std::string_view body) const override {
    return binance::parse_key_rights(type_, status, body);
  }

  Failure classify(int status, std::string_view body) const override {
    return binance::classify(type_, status, body);
  }

  // ---- private stream
  std::optional<Result<SignedRequest>> stream_key(std::string_view key,
                                                  const Credentials& keys) const override {
    if (spot())
      return std::nullopt; // gone since February 2026: HTTP 410
    if (keys.api_key.empty())
      return Result<SignedRequest>{core::fail(Errc::unauthenticated, "no API key", "binance")};
    // The account has one key: extending it names none.
    return SignedRequest{
        key.empty() ? "POST" : "PUT", path("listenKey"), {{"X-MBX-APIKEY", keys.api_key}}, {}, 1};
  }

  Result<std::string> parse_stream_key(int status, std::string_view body) const override {
    return binance::parse_stream_key(type_, status, body);
  }

  Result<StreamOpening> open_stream(std::string_view stream_key, const Credentials& keys,
                                    const Stamp& stamp) const override;

  std::optional<std::string> stream_ping() const override {
    return std::nullopt; // Binance pings with WebSocket control frames
  }

  std::unique_ptr<PrivateCodec> make_private_codec() const override {
    return binance::make_private_codec(type_);
  }

  // ---- order entry by WebSocket
  Result<StreamOpening> open_order_socket(const Credentials& keys,
                                          const Stamp& stamp) const override;

  Result<std::string> socket_place(const OrderIntent& order, std::string_view request_id,
                                   const Credentials& keys, const Stamp& stamp) const override {
    auto params = place_params(type_, order);
    if (!params)
      return tl::unexpected{params.error()};
    return socket_request(request_id, "order.place", *std::move(params), proof(keys), keys, stamp);
  }

  Result<std::string> socket_cancel(const OrderRef& order, std::string_view request_id,
                                    const Credentials& keys, const Stamp& stamp) const override {
    auto params = ref_params(order);
    if (!params)
      return tl::unexpected{params.error()};
    return socket_request(request_id, "order.cancel", *std::move(params), proof(keys), keys, stamp);
  }

  PlaceReply parse_socket_place(std::string_view body) const override {
    return binance::parse_socket_place(type_, body);
  }

  CancelReply parse_socket_cancel(std::string_view body) const override {
    return binance::parse_socket_cancel(type_, body);
  }

private:
  bool spot() const noexcept { return type_ == MarketType::spot; }

  std::string path(std::string_view name) const {
    return std::string{spot() ? "/api/v3/" : "/fapi/v1/"}.append(name);
  }

  /// Where the WebSocket API lives. Its rate-limit rows are not read, so not asked for.
  std::string socket_route() const {
    return std::string{spot() ? "/ws-api/v3" : "/ws-fapi/v1"} + "?returnRateLimits=false";
  }

  static Params of(const core::Symbol& symbol) { return Params{}.text("symbol", symbol.text()); }

  /// Only Ed25519 keys can log a connection on, which saves their slow signature on each order.
  static SocketProof proof(const Credentials& keys) noexcept {
    return keys.kind() == KeyKind::ed25519 ? SocketProof::session : SocketProof::signature;
  }

  static Result<std::string> logon(const Credentials& keys, const Stamp& stamp) {
    return socket_request(logon_id, "session.logon", {}, SocketProof::signature, keys, stamp);
  }

  static Result<SignedRequest> request(std::string method, std::string path, Params params,
                                       int weight, const Credentials& keys, const Stamp& stamp) {
    auto text = signed_form(std::move(params), keys, stamp);
    if (!text)
      return tl::unexpected{text.error()};
    SignedRequest request{
        std::move(method), std::move(path), {{"X-MBX-APIKEY", keys.api_key}}, {}, weight};
    if (request.method != "POST") {
      request.target.append("?").append(*text);
      return request;
    }
    // A body keeps the order out of the access logs between here and the venue.
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = *std::move(text);
    return request;
  }

  MarketType type_;
  TradingTraits traits_;
};

/// `fromId` goes with neither a start time (both markets) nor, on USD-M, with an order id: a later
/// page there is of the whole symbol. An order known by client id alone cannot be asked for: its
/// symbol since `since` is.
Result<SignedRequest> BinanceTrading::fills(const OrderRef& order, core::UnixMillis since,
                                            std::string_view cursor, const Credentials& keys,
                                            const Stamp& stamp) const {
  if (order.symbol.empty())
    return core::fail(Errc::validation_error, "fills are asked for by symbol", "binance");
  auto params = of(order.symbol);
  const bool by_order = !order.venue_order_id.empty();
  if (by_order && (spot() || cursor.empty())) {
    auto named = ref_params(order);
    if (!named)
      return tl::unexpected{named.error()};
    params = *std::move(named);
  }
  if (!cursor.empty())
    params.digits("fromId", std::string{cursor});
  else if (!by_order && since > 0)
    params.number("startTime", since);
  params.number("limit", fills_per_page);
  const int weight = spot() ? (by_order ? 5 : 20) : 5;
  return request("GET", path(spot() ? "myTrades" : "userTrades"), std::move(params), weight, keys,
                 stamp);
}

Result<StreamOpening> BinanceTrading::open_stream(std::string_view stream_key,
                                                  const Credentials& keys,
                                                  const Stamp& stamp) const {
  if (!spot()) {
    if (stream_key.empty())
      return core::fail(Errc::validation_error, "a USD-M stream is opened with a listenKey",
                        "binance");
    return StreamOpening{"/private/ws/" + percent_encoded(stream_key), {}};
  }
  StreamOpening opening{socket_route(), {}};
  const bool session = proof(keys) == SocketProof::session;
  if (session) {
    auto frame = logon(keys, stamp);
    if (!frame)
      return tl::unexpected{frame.error()};
    opening.frames.push_back(*std::move(frame));
  }
  auto frame = session ? socket_request(subscribe_id, "userDataStream.subscribe", {},
                                        SocketProof::none, keys, stamp)
                       : socket_request(subscribe_id, "userDataStream.subscribe.signature", {},
                                        SocketProof::signature, keys, stamp);
  if (!frame)
    return tl::unexpected{frame.error()};
  opening.frames.push_back(*std::move(frame));
  return opening;
}

Result<StreamOpening> BinanceTrading::open_order_socket(const Credentials& keys,
                                                        const Stamp& stamp) const {
  StreamOpening opening{socket_route(), {}};
  if (!keys.complete())
    return core::fail(Errc::unauthenticated, "no API key", "binance");
  if (proof(keys) == SocketProof::session) {
    auto frame = logon(keys, stamp);
    if (!frame)
      return tl::unexpected{frame.error()};
    opening.frames.push_back(*std::move(frame));
  }
  return opening;
}

} // namespace

std::unique_ptr<Trading> make_binance_trading(MarketType type) {
  return std::make_unique<BinanceTrading>(type);
}

} // namespace tandem::adapters::venues::binance
