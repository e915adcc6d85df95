/// One market's way out for orders: sends what the risk gate approved (by WebSocket where it is
/// open and wanted, else by REST), cancels, queries, and turns every reply, or its absence, into a
/// word to the desk. Decides nothing and repeats nothing that may have acted.
#pragma once

#include "adapters/transport/websocket.hpp"
#include "adapters/venues/private_link.hpp"
#include "adapters/venues/signed_client.hpp"
#include "adapters/venues/trading.hpp"
#include "core/orders/desk.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace tandem::adapters::venues {

/// How orders enter.
enum class OrderEntry : std::uint8_t { rest, socket };

struct OrderLinkOptions {
  OrderEntry entry = OrderEntry::rest; ///< socket falls back to REST while it is not open
  transport::WebSocketOptions socket;  ///< url = the base of the order socket
  std::chrono::milliseconds reply_timeout{5'000}; ///< no reply on the socket by then: unknown
  /// As GateLimits::send_delay_max.
  std::chrono::milliseconds send_delay_max{300};
  /// The venue's dead man's switch, where it has one: it cancels when we were silent for so long.
  /// 0 = not armed.
  std::chrono::milliseconds dead_man_window{0};
};

/// Read by anyone at any time.
struct OrderLinkCounters {
  std::atomic<std::uint64_t> orders{0}, cancels{0}, queries{0}, refused{0}, unknown{0};
  std::atomic<std::int64_t> last_ack_us{0}; ///< from the send to the venue's acknowledgement
};

/// What the owner hears, on the strand.
struct OrderLinkEvents {
  std::function<void(bool succeeded, std::chrono::nanoseconds took)> request_done;
  std::function<void(const core::PairId& pair)> order_left{}; ///< it is out; empty: of a plan
  std::function<void(core::Error)> socket_down; ///< the order socket; it is opened again by itself
  /// The venue told another rate of new orders than before.
  std::function<void(core::market::OrderRate)> order_rate;
};

class OrderLink final : public core::orders::OrderPort,
                        public std::enable_shared_from_this<OrderLink> {
public:
  /// @param desk outlives it, as do the tools.
  [[nodiscard]] static std::shared_ptr<OrderLink> open(core::MarketKey market, PrivateTools tools,
                                                       OrderLinkOptions options,
                                                       core::orders::Desk& desk,
                                                       OrderLinkEvents events);

  // OrderPort; thread safe, called by the desk.
  void send(const core::risk::ApprovedOrder& order) override;
  void cancel(const core::orders::OrderIntent& intent, const std::string& venue_order_id) override;
  void query(const core::orders::OrderIntent& intent, const std::string& venue_order_id,
             bool fills_too) override;
  void cancel_all() override;

  /// An order known only by the venue's id (from a fill list that names no client id): asks whose
  /// it is; the desk adopts it when it is ours.
  void look_up(OrderRef ref);

  /// Nothing leaves any more; replies under way still reach the desk.
  void stop();

  [[nodiscard]] const OrderLinkCounters& counters() const noexcept { return counters_; }

private:
  using Intent = core::orders::OrderIntent;

  /// A request on the order socket that waits for its reply.
  struct Pending {
    Intent intent;
    bool cancel = false;
    core::MonoTime sent_at{};
  };

  OrderLink(core::MarketKey market, PrivateTools tools, OrderLinkOptions options,
            core::orders::Desk& desk, OrderLinkEvents events);

  [[nodiscard]] core::risk::Now now() const;
  void start();
  void arm_timer();
  void on_timer();
  void arm_dead_man(core::MonoTime at);

  /// Approved so long ago that what it was decided on may be gone: why it must not leave any more.
  [[nodiscard]] std::optional<core::Error> lateness(const Intent& intent,
                                                    core::MonoTime approved_at) const;
  void send_by_rest(const Intent& intent, core::MonoTime approved_at);
  [[nodiscard]] bool send_by_socket(const Intent& intent);
  void on_place_reply(const Intent& intent, const PlaceReply& reply, core::MonoTime sent_at);
  void heed_rate(const std::optional<core::market::OrderRate>& rate);
  void on_cancel_reply(const Intent& intent, const CancelReply& reply);
  void ask(const Intent& intent, OrderRef ref, int attempt, bool fills_too,
           core::MonoTime asked_at);
  void ask_fills(const OrderRef& ref, std::string cursor, int page);

  void open_socket();
  void on_socket_text(std::string_view text);
  void on_socket_down(core::Error why);

  const core::MarketKey market_;
  PrivateTools tools_;
  const OrderLinkOptions options_;
  core::orders::Desk& desk_;
  OrderLinkEvents events_;
  OrderLinkCounters counters_;

  // the order socket, on the strand
  std::unique_ptr<PrivateCodec> codec_;
  std::unique_ptr<PrivateSession> session_;
  std::unique_ptr<transport::WebSocket> socket_;
  bool socket_open_ = false;
  core::MonoTime socket_retry_at_{}, socket_pinged_at_{}, socket_heard_at_{};
  std::map<std::string, Pending> pending_; ///< by request id
  std::uint64_t next_request_ = 1;

  std::set<core::Symbol> armed_; ///< symbols under the dead man's switch
  std::set<std::string> asking_; ///< client ids with a query under way
  core::MonoTime armed_at_{};
  std::optional<core::market::OrderRate> order_rate_; ///< as the venue told it last
  bool over_ = false;
};

} // namespace tandem::adapters::venues
