/// Bybit v5, private side: signed REST, /v5/private and /v5/trade. A unified account trades spot
/// and linear on one host with one set of limits, so one object stands behind both surfaces: either
/// listener takes requests of both categories, and a private socket on either one gets the events
/// of both. What orders do is the Exchange's business; this is its face. Sources:
/// bybit-exchange.github.io/docs/v5, "Authentication", "Trade", "Position", "Account", "WebSocket
/// Stream: Private", "Websocket Trade Guideline", "Rate Limit Rules", read 2026-07-24.
#pragma once

#include "apps/tandem_sim/bybit_limits.hpp"
#include "apps/tandem_sim/bybit_values.hpp"
#include "apps/tandem_sim/order_faults.hpp"
#include "apps/tandem_sim/random.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

/// One answer, before it has the shape of REST or of the trade socket.
struct BybitAnswer {
  int code = 0;
  std::string message = "OK";
  std::string result = "{}"; ///< a JSON object
  std::string extra = "{}";  ///< retExtInfo
};

/// One request of whoever holds the key; fields are the body of a POST or the query of a GET.
struct BybitCall {
  AccountId account = 0;
  const ApiKey* key = nullptr;
  SurfaceId surface = SurfaceId::bybit_spot; ///< by its category, else the listener's
  bool category_known = false;
  bool by_socket = false; ///< /v5/trade
  boost::json::object fields;
  OrderFate fate;
  std::optional<Millis> fill_late_by; ///< of a cancel
  Time now{};

  /// Empty when absent or no text.
  [[nodiscard]] std::string text(std::string_view name) const;
};

class BybitPrivate final : public ExchangeListener {
public:
  /// How one socket of a surface is reached. Both do nothing once it has gone.
  struct Wire {
    std::function<void(std::string)> send;
    std::function<void(std::uint16_t, std::string)> close;
  };

  /// Listens to the exchange. All arguments must outlive it.
  BybitPrivate(const Scenario& scenario, Exchange& exchange, Faults& faults);

  /// Whether a REST path is one that wants a signature.
  [[nodiscard]] static bool is_signed(std::string_view path) noexcept;
  [[nodiscard]] static bool is_socket(std::string_view path) noexcept;

  void on_http(SurfaceId listener, const HttpAsk& ask, const Reply& reply, Time now);
  void opened(SurfaceId listener, SocketId socket, const HttpAsk& ask, Wire wire, Time now);
  void on_text(SocketId socket, std::string_view text, Time now);
  void closed(SocketId socket, Time now);
  /// Events, answers that were held back, timers. Both surfaces call it; once is enough.
  void tick(Time now);

  [[nodiscard]] bool has_socket(SocketId socket) const { return sessions_.contains(socket); }

  /// Sockets that were opened through this listener.
  [[nodiscard]] std::vector<SocketId> sockets_of(SurfaceId listener) const;

  void on_order(const OrderEvent& event) override;
  void on_transfer(const TransferEvent& event) override;

private:
  enum class Door : std::uint8_t { user, trade };
  enum class Product : std::uint8_t { spot, derivatives };

  struct Session {
    SocketId id = 0;
    SurfaceId listener = SurfaceId::bybit_spot;
    Door door = Door::user;
    Wire wire;
    std::string name;
    std::optional<AccountId> account;
    const ApiKey* key = nullptr;
    std::vector<std::string> topics;
    std::optional<Millis> idle_max; ///< max_active_time
    Time active_at{};
    Time scanned_at{};
    std::set<std::string> request_ids;
    std::deque<std::string> request_order; ///< the same, oldest first
  };

  /// Who signed, or why not.
  struct Signer {
    int code = 0;
    std::string message;
    AccountId account = 0;
    const ApiKey* key = nullptr;
  };

  /// An event that waits to be told.
  struct Told {
    Time due{};
    OrderEvent event;
    BybitTally tally;        ///< after the event
    std::int64_t closed = 0; ///< how much of the position its fill closed
    bool lost_race = false;  ///< the second Filled of a cancel that came too late
    bool again = false;      ///< a fault: its fill is told twice
  };

  /// All events of one order at one moment: a state and what led to it.
  using Batch = std::vector<const Told*>;

  /// What the venue knows of a position beyond the exchange's own account of it.
  struct Holding {
    std::int64_t quantity = 0;
    Amount net = 0; ///< realised profit less fees
    std::int64_t sequence = -1;
    core::UnixMillis created_at = 0;
    core::UnixMillis updated_at = 0;
  };

  /// Disconnection protection of one product.
  struct Guard {
    Millis window;
    std::optional<Time> dead_since; ///< all sockets with the dcp topic have gone
  };

  struct Allowance {
    std::int64_t limit = 0;
    std::int64_t left = 0;
    core::UnixMillis resets_at = 0;
    bool exceeded = false;
  };

  using Respond = std::function<void(const BybitAnswer&, const Allowance&, Time)>;

  // The gate: signatures, limits, faults (bybit_gate.cpp).
  [[nodiscard]] std::optional<HttpAnswer> authenticate(const HttpAsk& ask, BybitCall& call);
  [[nodiscard]] Signer check_login(const boost::json::object& request, Time now) const;
  [[nodiscard]] Allowance allow(BybitOperation operation, const BybitCall& call);
  void perform(BybitOperation operation, BybitCall call, const Respond& respond);
  void carry_out(BybitOperation operation, const BybitCall& call, const Allowance& allowance,
                 const Respond& respond);
  /// What an armed fault says instead of looking at the request at all.
  [[nodiscard]] std::optional<BybitAnswer> stopped(const BybitCall& call, Allowance& allowance);
  [[nodiscard]] BybitAnswer act(BybitOperation operation, const BybitCall& call);
  [[nodiscard]] BybitAnswer nobody_knows();

  void later(Time due, std::function<void(Time)> what) { later_.emplace(due, std::move(what)); }

  // Orders (bybit_orders.cpp).
  [[nodiscard]] BybitAnswer create(const BybitCall& call);
  [[nodiscard]] std::optional<BybitCode> read_order(const BybitCall& call, OrderAsk& ask) const;
  [[nodiscard]] std::optional<BybitCode> read_size(const BybitCall& call, OrderAsk& ask) const;
  void price_market(const BybitCall& call, OrderAsk& ask) const;
  [[nodiscard]] BybitAnswer cancel(const BybitCall& call);
  [[nodiscard]] BybitAnswer amend(const BybitCall& call);
  [[nodiscard]] BybitAnswer cancel_all(const BybitCall& call);
  [[nodiscard]] BybitAnswer batch(BybitOperation each, const BybitCall& call);
  [[nodiscard]] std::optional<OrderName> name_in(const BybitCall& call) const;
  [[nodiscard]] bool lost_race(const Order* order, Time now);

  // Lists (bybit_lists.cpp).
  [[nodiscard]] BybitAnswer realtime(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer history(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer executions(const BybitCall& call) const;
  [[nodiscard]] std::vector<const Order*> orders_of(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer order_page(const BybitCall& call,
                                       const std::vector<const Order*>& orders) const;
  [[nodiscard]] bool selects(const BybitCall& call, const std::string& symbol) const;
  [[nodiscard]] BybitTally tally_of(const Order& order) const;

  // The account (bybit_account.cpp).
  [[nodiscard]] BybitAnswer wallet(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer account_info(const BybitCall& call);
  [[nodiscard]] BybitAnswer positions(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer fee_rate(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer coins(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer set_leverage(const BybitCall& call);
  [[nodiscard]] BybitAnswer switch_mode(const BybitCall& call) const;
  [[nodiscard]] BybitAnswer set_guard(const BybitCall& call);
  [[nodiscard]] BybitAnswer guard_info(const BybitCall& call);
  [[nodiscard]] BybitAnswer key_info(const BybitCall& call) const;
  /// @param coins empty: all that are not zero.
  [[nodiscard]] std::string wallet_item(AccountId account,
                                        const std::set<std::string>& coins) const;
  [[nodiscard]] std::string position_item(AccountId account, const Instrument& instrument,
                                          bool stream) const;
  [[nodiscard]] Amount usd_value(const std::string& coin, Amount amount) const;

  // /v5/private (bybit_private_socket.cpp).
  void on_user_request(Session& session, const boost::json::object& request, Time now);
  void login(Session& session, const boost::json::object& request, Time now);
  void subscribe(Session& session, const boost::json::object& request, Time now);
  void reply(Session& session, bool success, std::string_view message, std::string_view op,
             const std::string& req_id, Time now);
  void send(Session& session, std::string text, Time now);
  void scan(Time now);
  [[nodiscard]] Guard& guard(AccountId account, Product product);
  void watch_guards(Time now);
  [[nodiscard]] bool watched(AccountId account, Product product) const;

  // What the streams say (bybit_user.cpp).
  void flush(Time now);
  void tell(AccountId account, const std::vector<const Told*>& events, Time now);
  void tell_order(AccountId account, const Batch& batch, Time now);
  void tell_executions(AccountId account, const Batch& batch, Time now);
  [[nodiscard]] bool heard(AccountId account, std::string_view topic, SurfaceId surface) const;
  void publish(AccountId account, std::string_view topic, std::optional<SurfaceId> surface,
               std::string_view id, const std::string& items, Time now);
  void note_fill(const OrderEvent& event, Told& told);
  /// Puts the second Filled of a cancel that came too late behind the first. @param first is copied
  /// before the queue grows.
  void add_lost_race(const Told& first, Time now);
  [[nodiscard]] std::string message_id();

  // /v5/trade (bybit_trade_socket.cpp).
  void on_trade_request(Session& session, const boost::json::object& request, Time now);
  void trade_login(Session& session, const boost::json::object& request, const std::string& req_id,
                   Time now);
  [[nodiscard]] std::optional<BybitCode> trade_refusal(Session& session,
                                                       const boost::json::object& request,
                                                       const std::string& req_id, Time now);
  void trade_reply(Session& session, std::string_view op, const std::string& req_id,
                   const BybitAnswer& answer, const Allowance& allowance, Time now);

  [[nodiscard]] const Instrument* instrument(SurfaceId surface, std::string_view symbol) const {
    return exchange_.instrument(surface, symbol);
  }

  Exchange& exchange_;
  Faults& faults_;
  Random random_;
  std::vector<Instrument> instruments_;                   ///< of both categories
  std::array<std::int64_t, surface_count> order_rates_{}; ///< per second; 0: without limits
  std::map<SocketId, Session> sessions_;
  std::multimap<Time, std::function<void(Time)>> later_;
  std::deque<Told> told_;
  std::map<AccountId, std::set<std::string>> transfers_; ///< coins to be told of
  std::set<OrderId> races_; ///< cancelled orders whose last fill is still to be told
  BybitLimits limits_;
  std::map<OrderId, BybitTally> tallies_; ///< of the orders that still have something to tell
  std::deque<OrderId> closed_orders_;     ///< oldest first
  std::map<std::int64_t, std::int64_t> closed_sizes_; ///< by execution
  std::map<std::pair<AccountId, std::string>, Holding> holdings_;
  std::map<std::pair<AccountId, Product>, Guard> guards_;
  std::int64_t made_up_ = 0; ///< names of orders that came without one
};

} // namespace tandem::sim
