/// The private side of one simulated Binance surface: signed requests over REST and the WebSocket
/// API, and the user data streams. What orders do is the exchange's business; here are Binance's
/// words for it. Sources: developers.binance.com, Spot "REST API", "WebSocket API", "User Data
/// Stream", "Errors"; USD-M "Trade", "Account", "User Data Streams", "Error Code".
#pragma once

#include "apps/tandem_sim/binance_signature.hpp"
#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/order_faults.hpp"
#include "apps/tandem_sim/windows.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

enum class BinanceAction : std::uint8_t {
  place,
  test,
  cancel,
  cancel_all,
  modify,
  query,
  open_order,
  open_orders,
  all_orders,
  trades,
  account,
  balance,
  positions,
  commission,
  order_counts,
  countdown,
  position_mode,
  set_position_mode,
  leverage,
  margin_type,
  leverage_tiers,
  open_stream,
  renew_stream,
  close_stream,
  key_rights
};

struct BinanceRoute {
  bool spot = true;
  std::string_view method;
  std::string_view path; ///< whole; a WebSocket method for the WebSocket API
  BinanceAction action = BinanceAction::place;
  std::int64_t weight = 1;
  std::int64_t weight_all = 1; ///< without a symbol
};

/// One request that has passed the gate.
struct BinanceCall {
  Time now{};
  AccountId account = 0;
  const ApiKey* key = nullptr;
  BinanceParams params;

  /// Nullopt when it was not sent or is empty.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::string text_or(std::string_view name, std::string_view fallback) const;
};

/// What the surface lends: its sockets, its timer, its weight counters.
struct BinanceLinks {
  std::function<void(SocketId, std::string)> send;
  std::function<void(Time, std::function<void(Time)>)> later;
  /// Counts weight for a host; an answer when it is over its limit. `used`: the count.
  std::function<std::optional<HttpAnswer>(const std::string& host, std::int64_t weight, Time now,
                                          std::int64_t& used)>
      throttle;
};

class BinancePrivate {
public:
  BinancePrivate(SurfaceId id, const Scenario& scenario, Exchange& exchange, Faults& faults,
                 BinanceLinks links);

  /// Null when the path and method are no private route of this surface.
  [[nodiscard]] const BinanceRoute* route(std::string_view method, std::string_view path) const;
  /// The weight has been counted.
  void on_http(const BinanceRoute& route, const HttpAsk& ask, const Reply& reply, Time now);

  [[nodiscard]] bool is_api_path(std::string_view path) const noexcept;
  void open_api(SocketId socket, const HttpAsk& ask, Time now);

  [[nodiscard]] bool is_api(SocketId socket) const { return sessions_.contains(socket); }

  void on_api_text(SocketId socket, std::string_view text, Time now);

  /// USD-M: a socket on /private. @param events "ORDER_TRADE_UPDATE/...", empty: all
  void open_stream(SocketId socket, const std::string& listen_key, std::string_view events,
                   bool combined);
  void on_closed(SocketId socket);

  void on_order(const OrderEvent& event);
  void on_transfer(const TransferEvent& event);
  void on_tick(Time now);

private:
  /// A connection of the WebSocket API.
  struct Session {
    std::string host;
    core::UnixMillis opened_at = 0;
    core::UnixMillis authorized_at = 0;
    std::optional<AccountId> account; ///< after session.logon
    const ApiKey* key = nullptr;
    bool rate_limits = true;
    std::map<int, AccountId> subscriptions;
    int next_subscription = 0;
  };

  struct ListenKey {
    AccountId account = 0;
    Time until{};
  };

  struct UserSocket {
    std::string listen_key;
    std::set<std::string, std::less<>> events; ///< empty: all
    bool combined = false;
  };

  struct Counts {
    Window fast, slow;
  };

  /// A request on the WebSocket API.
  struct Asked {
    std::string id;
    std::string method;
    BinanceParams params;
    bool rate_limits = true;
  };

  /// An answer that waits for its turn, or not.
  using Answer = std::function<void(HttpAnswer)>;

  // The gate (binance_gate.cpp).
  [[nodiscard]] std::optional<HttpAnswer> check_key(std::string_view key, BinanceCall& call) const;
  [[nodiscard]] std::optional<HttpAnswer> check_time(const BinanceCall& call) const;
  [[nodiscard]] std::optional<HttpAnswer> check_signature(const BinanceCall& call,
                                                          const std::string& payload) const;
  [[nodiscard]] std::optional<HttpAnswer> authenticate(const BinanceRoute& route,
                                                       const HttpAsk& ask, BinanceCall& call) const;
  /// Time, signature and rights of a request whose key is known. @param payload what was signed;
  /// empty: a connection that has logged on, only the time counts
  [[nodiscard]] std::optional<HttpAnswer> admit_signed(const BinanceRoute& route,
                                                       const BinanceCall& call,
                                                       const std::string& payload) const;
  void perform(const BinanceRoute& route, const BinanceCall& call, const Answer& answer);
  void place_by_fate(const BinanceCall& call, const Answer& answer);
  [[nodiscard]] HttpAnswer act(const BinanceRoute& route, const BinanceCall& call);
  /// Counts an order; an answer when there were too many.
  [[nodiscard]] std::optional<HttpAnswer> count_order(const BinanceCall& call);
  void add_counts(HttpAnswer& answer, const BinanceCall& call);
  [[nodiscard]] Counts& counts_of(AccountId account);
  /// Runs `act`; what it has to tell on streams leaves after it has answered.
  void answering_first(const std::function<void()>& act);

  // Orders (binance_orders.cpp).
  [[nodiscard]] std::optional<HttpAnswer> read_order(const BinanceCall& call, OrderAsk& ask);
  [[nodiscard]] std::optional<HttpAnswer> read_kind(const BinanceCall& call, OrderAsk& ask) const;
  [[nodiscard]] std::optional<HttpAnswer> read_amounts(const BinanceCall& call,
                                                       OrderAsk& ask) const;
  [[nodiscard]] std::optional<HttpAnswer> read_contract_terms(const BinanceCall& call,
                                                              OrderAsk& ask) const;
  [[nodiscard]] std::optional<HttpAnswer> read_symbol(const BinanceCall& call, std::string& symbol,
                                                      bool must) const;
  [[nodiscard]] std::optional<HttpAnswer> read_name(const BinanceCall& call, OrderName& name) const;
  [[nodiscard]] PlaceOptions place_options() const noexcept;
  [[nodiscard]] HttpAnswer place(const BinanceCall& call, const OrderAsk& ask,
                                 const OrderFate& fate);
  [[nodiscard]] HttpAnswer test(const BinanceCall& call);
  [[nodiscard]] HttpAnswer cancel(const BinanceCall& call);
  [[nodiscard]] HttpAnswer cancel_all(const BinanceCall& call);
  [[nodiscard]] HttpAnswer modify(const BinanceCall& call);
  [[nodiscard]] HttpAnswer query(const BinanceCall& call, bool open_only) const;
  [[nodiscard]] HttpAnswer list_orders(const BinanceCall& call, bool open_only) const;
  [[nodiscard]] HttpAnswer list_trades(const BinanceCall& call) const;

  // Accounts (binance_account.cpp).
  [[nodiscard]] HttpAnswer account(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer spot_account(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer balance(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer positions(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer commission(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer key_rights(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer order_counts(const BinanceCall& call);
  [[nodiscard]] std::string order_count_rows(AccountId account, Time now);
  [[nodiscard]] HttpAnswer countdown(const BinanceCall& call);
  [[nodiscard]] static HttpAnswer set_position_mode(const BinanceCall& call);
  [[nodiscard]] HttpAnswer set_leverage(const BinanceCall& call);
  [[nodiscard]] HttpAnswer set_margin_type(const BinanceCall& call) const;
  [[nodiscard]] HttpAnswer leverage_tiers(const BinanceCall& call) const;
  [[nodiscard]] std::string position_text(AccountId account, const std::string& symbol) const;
  [[nodiscard]] std::string position_rows(const BinanceCall& call, const std::string& only) const;
  [[nodiscard]] std::set<std::string> settle_coins() const;

  // Texts (binance_values.cpp).
  [[nodiscard]] HttpAnswer refusal(Refusal reason, const OrderAsk& ask) const;
  [[nodiscard]] static HttpAnswer spot_refusal(Refusal reason, const OrderAsk& ask);
  [[nodiscard]] HttpAnswer linear_refusal(Refusal reason, const OrderAsk& ask) const;
  [[nodiscard]] std::string order_text(const Order& order, bool with_times) const;
  /// @param answer "ACK", "RESULT", "FULL"
  [[nodiscard]] std::string spot_placed(const Order& order, std::string_view answer) const;
  [[nodiscard]] std::string spot_cancelled(const Order& order, const std::string& request_id) const;
  [[nodiscard]] std::string fill_text(const Fill& fill) const;
  [[nodiscard]] std::string price_text(const Instrument& of, std::int64_t price) const;
  [[nodiscard]] std::string quantity_text(const Instrument& of, std::int64_t quantity) const;
  [[nodiscard]] static std::string value_text(Amount value);
  [[nodiscard]] std::string average_text(const Order& order) const;
  [[nodiscard]] const Instrument& instrument(const std::string& symbol) const;

  // Streams (binance_user.cpp).
  [[nodiscard]] HttpAnswer open_stream(const BinanceCall& call);
  [[nodiscard]] HttpAnswer renew_stream(const BinanceCall& call);
  [[nodiscard]] HttpAnswer close_stream(const BinanceCall& call);
  void emit(AccountId account, std::string_view type, std::string event);
  void emit_now(AccountId account, std::string_view type, const std::string& event);
  void tell_sockets(const std::string& listen_key, std::string_view type, const std::string& event);
  [[nodiscard]] std::string execution_report(const OrderEvent& event) const;
  [[nodiscard]] std::string account_position(AccountId account,
                                             const std::vector<std::string>& assets, Time at) const;
  [[nodiscard]] std::string order_update(const OrderEvent& event) const;
  [[nodiscard]] std::string account_update(AccountId account, std::string_view reason,
                                           const std::string& asset, const std::string& symbol,
                                           Amount change, Time at) const;
  [[nodiscard]] std::string trade_lite(const OrderEvent& event) const;

  // WebSocket API (binance_api_socket.cpp).
  [[nodiscard]] std::optional<HttpAnswer> admit(const Session& session, const BinanceRoute& route,
                                                BinanceCall& call) const;
  /// @param account whose order counts stand beside the answer; null: nobody's
  void answer_api(SocketId socket, const Asked& asked, const HttpAnswer& answer,
                  const AccountId* account, Time now);
  [[nodiscard]] std::optional<HttpAnswer> session_call(Session& session, const Asked& asked,
                                                       Time now);
  [[nodiscard]] HttpAnswer log_on(Session& session, const Asked& asked, Time now);
  [[nodiscard]] static HttpAnswer subscribe(Session& session, AccountId account);
  [[nodiscard]] HttpAnswer subscribe_signed(Session& session, const Asked& asked, Time now);
  [[nodiscard]] static std::string session_text(const Session& session, Time now);

  [[nodiscard]] bool spot() const noexcept { return id_ == SurfaceId::binance_spot; }

  [[nodiscard]] std::string made_up_id(std::size_t length);

  SurfaceId id_;
  SurfaceOptions options_;
  std::vector<Instrument> instruments_;
  Exchange& exchange_;
  Faults& faults_;
  BinanceLinks links_;
  Random random_;
  std::map<AccountId, Counts> counts_;
  std::map<SocketId, Session> sessions_;
  std::map<std::string, ListenKey> listen_keys_;
  std::map<SocketId, UserSocket> user_sockets_;
  Time now_{}; ///< of the last call from outside
  bool answering_ = false;
  std::vector<std::function<void()>> untold_; ///< while answering
};

// The venue's words for what the exchange knows (binance_values.cpp).
[[nodiscard]] std::string_view binance_side(Side side) noexcept;
[[nodiscard]] std::string_view binance_status(const Order& order) noexcept;
[[nodiscard]] std::string_view binance_type(const Order& order) noexcept;
[[nodiscard]] std::string_view binance_lifetime(const Order& order) noexcept;
[[nodiscard]] std::string_view binance_self_trade(SelfTrade mode) noexcept;
/// Why an order expired; empty: it did not, or for no reason that has a word.
[[nodiscard]] std::string_view binance_expiry(const Order& order) noexcept;

} // namespace tandem::sim
