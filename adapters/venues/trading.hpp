/// The private side of a venue's market: signed requests, replies, private streams. A venue folder
/// implements it beside Market (venue.hpp); nothing here knows a venue. All of it is pure: values
/// and bytes in, bytes and values out; no socket, no clock. Secrets stay inside Credentials and the
/// made requests; neither may be logged.
#pragma once

#include "adapters/venues/crypto.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/order_budget.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/order.hpp"
#include "core/result.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/ids.hpp"
#include "core/types/instrument.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::venues {

// ---- keys
// ---------------------------------------------------------------------------------------------------------

/// One account's key at one venue. Has no stream operator and no to_string on purpose.
struct Credentials {
  std::string api_key;
  std::string secret;     ///< HMAC secret, or a PKCS#8 PEM for Ed25519 or RSA
  std::string passphrase; ///< venues that want one; empty elsewhere
  /// `secret` made ready by prepare(). Null: every signature parses the secret anew, which is right
  /// but slow.
  std::shared_ptr<const SigningKey> prepared;

  [[nodiscard]] KeyKind kind() const noexcept; ///< by what `secret` looks like

  [[nodiscard]] bool complete() const noexcept {
    return !api_key.empty() && (prepared != nullptr || !secret.empty());
  }

  /// Makes `prepared` and wipes `secret`. Once for an account, before the copies that sign.
  /// Errors: as SigningKey::prepare; then nothing changed.
  [[nodiscard]] core::Status prepare();

  /// As SigningKey::sign; errors also as SigningKey::prepare.
  [[nodiscard]] core::Result<std::string> sign(std::string_view payload) const;
};

/// When a request is signed, by the venue's clock, and how long it is good for.
struct Stamp {
  core::UnixMillis at = 0;
  std::chrono::milliseconds recv_window{2'000};
};

// ---- requests
// -----------------------------------------------------------------------------------------------------

/// A request that is ready to leave. `target`, `headers` and `body` hold signatures and keys.
struct SignedRequest {
  std::string method = "GET"; ///< GET, POST, PUT, DELETE
  std::string target;         ///< path and query
  Headers headers;
  std::string body;
  int weight = 1;
};

/// A request in the parts of which a venue makes the text it wants signed. For the protocol
/// laboratory and signing tests: the calls below build theirs by themselves.
struct SigningParts {
  bool socket = false; ///< a request by WebSocket: `params` instead of query and body
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> params; ///< as given; without a signature
  std::string api_key, recv_window, timestamp;             ///< where the text begins with them
};

/// What no venue takes: no quantity, a limit without a price, a market order that must not take, a
/// reduce-only order on spot. Error: validation_error. @param source of the error
[[nodiscard]] core::Status check_terms(core::MarketType type, const core::orders::OrderDraft& draft,
                                       std::string source);

/// One order, by the ids that are known.
struct OrderRef {
  core::Symbol symbol;
  core::orders::ClientOrderId client_id; ///< may be empty when the venue's id is there
  std::string venue_order_id;            ///< may be empty when the client id is there
};

// ---- replies
// ------------------------------------------------------------------------------------------------------

/// What a reply to an order request proves.
struct PlaceReply {
  enum class Outcome : std::uint8_t {
    accepted,  ///< acknowledged; `order` where the reply tells more, `fills` where it lists them
    refused,   ///< evidence that it was not taken
    unknown,   ///< proves nothing: 5xx, the venue's "may have succeeded" codes
    duplicate, ///< the id was used before: the earlier send arrived; query
  };

  Outcome outcome = Outcome::unknown;
  std::optional<core::orders::VenueOrder> order;
  std::vector<core::orders::VenueFill> fills;
  core::Error error; ///< refused, unknown, duplicate
  /// New orders that this account may send here, where the reply itself says so.
  std::optional<core::market::OrderRate> rate;
};

struct CancelReply {
  bool accepted = false;
  bool already_final = false; ///< too late: filled, cancelled or never there: query
  bool unknown = false;
  std::optional<core::orders::VenueOrder> order; ///< where the reply shows its end
  core::Error error;
};

struct Balance {
  std::string asset;
  core::Money free, locked;
};

struct VenuePosition {
  core::InstrumentKey instrument;
  core::Money quantity; ///< base units, negative = short
  core::Money entry_price;
  core::Money unrealised;
};

struct AccountFees {
  core::strategy::FeeRate maker, taker;
};

/// What a key may do, where the venue tells.
struct KeyRights {
  std::optional<bool> trade, withdraw;
};

struct FillPage {
  std::vector<core::orders::VenueFill> fills;
  std::string next_cursor; ///< empty = last page
};

struct OrderPage {
  std::vector<core::orders::VenueOrder> orders;
  std::string next_cursor;
};

struct PositionPage {
  std::vector<VenuePosition> positions;
  std::string next_cursor; ///< empty = last page
};

// ---- private stream
// -------------------------------------------------------------------------------------------------

struct AuthReply {
  bool accepted = false;
  core::Error error;
};

/// The reply to a request sent on the socket (subscription, order entry), matched by the id it was
/// sent with.
struct SocketReply {
  std::string request_id;
  /// For order entry the reply is read by Trading::parse_socket_place / _cancel; here only whose it
  /// is, with its bytes (valid until the next decode).
  std::string_view body;
  bool accepted = false; ///< for subscriptions
  core::Error error;
};

/// The stream's key ran out: open a new one (Binance USD-M listenKey).
struct KeyExpired {};

using PrivateEvent
    = std::variant<core::orders::VenueOrder, core::orders::VenueFill, Balance, VenuePosition,
                   AuthReply, SocketReply, KeyExpired, PongFrame, ShutdownNotice, OtherFrame>;

/// One per connection (it owns parser scratch). Not thread safe.
class PrivateCodec {
public:
  virtual ~PrivateCodec() = default;

  /// One frame may say several things, in order. @param frame as Codec::decode.
  /// Errors: malformed.
  [[nodiscard]] virtual core::Result<std::vector<PrivateEvent>> decode(std::string_view frame) = 0;
};

/// How a private socket is opened: what to fetch first, where to connect, what to say.
struct StreamOpening {
  std::string route; ///< behind the base URL; may hold a secret key: never logged
  std::vector<std::string>
      frames; ///< to send after opening, each after the reply to the one before
};

struct TradingTraits {
  std::string account;       ///< markets of one account share balances: "binance.spot", "bybit"
  bool order_socket = false; ///< order entry by WebSocket is offered
  bool acks_only = false;    ///< a reply to an order is an acknowledgement; truth is on the stream
  bool dead_man_switch = false; ///< arm_dead_man works
  bool stream_key
      = false; ///< the stream needs a key from REST (StreamKey*) that must be kept alive
  bool shared_stream = false; ///< one private stream carries all markets of the account
  std::chrono::milliseconds stream_key_refresh{1'800'000};
  std::chrono::milliseconds stream_ping{20'000};
  std::chrono::milliseconds stream_silence_max{60'000};
  std::optional<std::chrono::milliseconds> stream_lifetime;
  std::vector<core::market::OrderRate> order_rates; ///< new orders that an account may send here
};

/// One market's private side. Stateless and thread safe.
class Trading {
public:
  virtual ~Trading() = default;

  [[nodiscard]] virtual const TradingTraits& traits() const = 0;

  /// The text that the venue wants signed. Errors: validation_error (parts that make none).
  [[nodiscard]] virtual core::Result<std::string> prehash(const SigningParts& request) const;

  // REST requests
  [[nodiscard]] virtual core::Result<SignedRequest>
  place(const core::orders::OrderIntent& order, const Credentials& keys, const Stamp& stamp) const
      = 0;
  [[nodiscard]] virtual core::Result<SignedRequest>
  cancel(const OrderRef& order, const Credentials& keys, const Stamp& stamp) const = 0;
  [[nodiscard]] virtual core::Result<SignedRequest>
  cancel_all(const core::Symbol& symbol, const Credentials& keys, const Stamp& stamp) const = 0;
  /// Tries in this order prove "not found": attempts 0, 1, ... until nullopt (Bybit: realtime, then
  /// history).
  [[nodiscard]] virtual std::optional<core::Result<SignedRequest>>
  query(const OrderRef& order, int attempt, const Credentials& keys, const Stamp& stamp) const = 0;
  [[nodiscard]] virtual core::Result<SignedRequest>
  open_orders(std::string_view cursor, const Credentials& keys, const Stamp& stamp) const = 0;
  /// Fills of one order (id set), or of a symbol since a time.
  [[nodiscard]] virtual core::Result<SignedRequest>
  fills(const OrderRef& order, core::UnixMillis since, std::string_view cursor,
        const Credentials& keys, const Stamp& stamp) const
      = 0;
  [[nodiscard]] virtual core::Result<SignedRequest> balances(const Credentials& keys,
                                                             const Stamp& stamp) const
      = 0;
  /// Nullopt on spot.
  [[nodiscard]] virtual std::optional<core::Result<SignedRequest>>
  positions(std::string_view cursor, const Credentials& keys, const Stamp& stamp) const = 0;
  [[nodiscard]] virtual core::Result<SignedRequest>
  fees(const core::Symbol& symbol, const Credentials& keys, const Stamp& stamp) const = 0;
  /// What the key may do; nullopt where the venue has no such route.
  [[nodiscard]] virtual std::optional<core::Result<SignedRequest>>
  key_rights(const Credentials& keys, const Stamp& stamp) const = 0;
  /// Arms (or with 0 disarms) the venue's own dead man's switch for a symbol; nullopt where there
  /// is none.
  [[nodiscard]] virtual std::optional<core::Result<SignedRequest>>
  arm_dead_man(const core::Symbol& symbol, std::chrono::milliseconds window,
               const Credentials& keys, const Stamp& stamp) const
      = 0;

  // REST replies. Business errors inside a 200 count as errors here.
  [[nodiscard]] virtual PlaceReply parse_place(int status, std::string_view body) const = 0;
  [[nodiscard]] virtual CancelReply parse_cancel(int status, std::string_view body) const = 0;
  /// Nullopt in the value: not found.
  [[nodiscard]] virtual core::Result<std::optional<core::orders::VenueOrder>>
  parse_query(int status, std::string_view body) const = 0;
  [[nodiscard]] virtual core::Result<OrderPage> parse_open_orders(int status,
                                                                  std::string_view body) const
      = 0;
  [[nodiscard]] virtual core::Result<FillPage> parse_fills(int status, std::string_view body) const
      = 0;
  [[nodiscard]] virtual core::Result<std::vector<Balance>>
  parse_balances(int status, std::string_view body) const = 0;
  [[nodiscard]] virtual core::Result<PositionPage> parse_positions(int status,
                                                                   std::string_view body) const
      = 0;
  [[nodiscard]] virtual core::Result<AccountFees> parse_fees(int status,
                                                             std::string_view body) const
      = 0;
  [[nodiscard]] virtual core::Result<KeyRights> parse_key_rights(int status,
                                                                 std::string_view body) const
      = 0;

  /// A trade request's failure in the engine's words, with the question that decides everything.
  struct Failure {
    core::Error error;
    bool unknown_outcome = false;
  };

  [[nodiscard]] virtual Failure classify(int status, std::string_view body) const = 0;

  /// New orders that this account may send here, by the headers of a reply to one; nullopt: they
  /// say nothing of it.
  [[nodiscard]] virtual std::optional<core::market::OrderRate>
  read_order_rate(const Headers& headers) const;

  // private stream
  /// Stream key routes (TradingTraits::stream_key): create, keep alive. @param key empty = create.
  [[nodiscard]] virtual std::optional<core::Result<SignedRequest>>
  stream_key(std::string_view key, const Credentials& keys) const = 0;
  [[nodiscard]] virtual core::Result<std::string> parse_stream_key(int status,
                                                                   std::string_view body) const
      = 0;
  [[nodiscard]] virtual core::Result<StreamOpening>
  open_stream(std::string_view stream_key, const Credentials& keys, const Stamp& stamp) const = 0;
  [[nodiscard]] virtual std::optional<std::string> stream_ping() const = 0;
  [[nodiscard]] virtual std::unique_ptr<PrivateCodec> make_private_codec() const = 0;

  // order entry by WebSocket (TradingTraits::order_socket)
  [[nodiscard]] virtual core::Result<StreamOpening> open_order_socket(const Credentials& keys,
                                                                      const Stamp& stamp) const
      = 0;
  [[nodiscard]] virtual core::Result<std::string>
  socket_place(const core::orders::OrderIntent& order, std::string_view request_id,
               const Credentials& keys, const Stamp& stamp) const
      = 0;
  [[nodiscard]] virtual core::Result<std::string>
  socket_cancel(const OrderRef& order, std::string_view request_id, const Credentials& keys,
                const Stamp& stamp) const
      = 0;
  [[nodiscard]] virtual PlaceReply parse_socket_place(std::string_view body) const = 0;
  [[nodiscard]] virtual CancelReply parse_socket_cancel(std::string_view body) const = 0;
};

/// Null for a market whose private side is not built in. The one place where venues register their
/// trading side (trading.cpp).
[[nodiscard]] std::unique_ptr<Trading> make_trading(const core::MarketKey& key);

} // namespace tandem::adapters::venues
