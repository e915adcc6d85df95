/// What all simulated venue surfaces share: sockets and their subscriptions, keep-alive and limits,
/// and the one gate through which every market frame leaves and where the faults sit. The protocol
/// itself is in binance_*.cpp and bybit_*.cpp.
#pragma once

#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/faults.hpp"
#include "apps/tandem_sim/flow.hpp"
#include "apps/tandem_sim/outlet.hpp"
#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_sim/replay_books.hpp"
#include "apps/tandem_sim/scenario.hpp"
#include "apps/tandem_sim/windows.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

/// One subscribed stream (Binance) or topic (Bybit) and who listens. Subclasses hang what they need
/// to know on it.
struct Stream {
  virtual ~Stream() = default;
  std::string name;
  std::string symbol; ///< upper case
  std::string kind; ///< as a recording has it: "depth", "bookTicker", "orderbook.50", "publicTrade"
  bool book = false;        ///< carries a sequence chain
  Market* market = nullptr; ///< null: replayed or unknown here
  std::vector<SocketId> sockets;
};

struct Socket {
  SocketId id = 0;
  std::string host;
  std::string path;
  bool combined = false;          ///< Binance: payloads wrapped in {"stream","data"}
  std::vector<std::string> names; ///< what it subscribed, in order, known or not
  Time opened_at{};
  Time heard_at{};
  Window messages{1'000};
  std::optional<std::string> ping; ///< sent and not answered
  Time ping_at{};
  bool notified = false; ///< of the end of its life
  bool half_open = false;
  std::optional<Time> half_open_until;
};

struct SurfaceCounters {
  std::int64_t requests = 0, refused_requests = 0;
  std::int64_t sockets_opened = 0, sockets_refused = 0, sockets_cut = 0;
  std::int64_t messages_in = 0, frames_sent = 0, bytes_sent = 0;
};

class Surface : public ExchangeListener {
public:
  Surface(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults, ReplayBooks& replay,
          Exchange& exchange, Outlet& outlet);
  ~Surface() override = default;
  Surface(const Surface&) = delete;
  Surface& operator=(const Surface&) = delete;

  virtual void on_http(const HttpAsk& ask, Reply reply, Time now) = 0;
  /// Nullopt accepts the socket.
  [[nodiscard]] std::optional<HttpAnswer> on_upgrade(const HttpAsk& ask, Time now);
  void on_open(SocketId socket, const HttpAsk& ask, Time now);
  void on_text(SocketId socket, std::string_view text, Time now);
  void on_pong(SocketId socket, std::string_view payload, Time now);
  void on_closed(SocketId socket);

  /// After each step of a generated market of this surface.
  virtual void on_step(Market& market, const Step& step, Time now) = 0;
  /// Timers; often, at least every few milliseconds.
  void tick(Time now);
  /// A recorded frame for every socket that has its stream. @returns the sockets it was sent to.
  virtual std::vector<SocketId> play(const RecordedFrame& frame, Time now) = 0;
  /// Whether somebody would get frames of this recorded kind.
  [[nodiscard]] virtual bool has_listener(std::string_view symbol, std::string_view kind) const = 0;
  /// Answers what was held for this snapshot. @returns whether anybody had asked who still waits.
  virtual bool release_snapshot(const std::string& symbol, Time now);

  void on_order(const OrderEvent&) override {}

  void on_transfer(const TransferEvent&) override {}

  /// One-shot faults act at once; the others are armed.
  void apply(const FaultOrder& order, Time now);

  [[nodiscard]] SurfaceId id() const noexcept { return id_; }

  [[nodiscard]] const SurfaceCounters& counters() const noexcept { return counters_; }

  [[nodiscard]] std::size_t socket_count() const noexcept { return sockets_.size(); }

  [[nodiscard]] std::size_t subscription_count() const noexcept;
  [[nodiscard]] std::vector<std::string> stream_names() const;

protected:
  struct Held {
    HttpAsk ask;
    Reply reply;
    Time since{};
  };

  /// Path and limits of the venue. Nullopt accepts.
  [[nodiscard]] virtual std::optional<HttpAnswer> check_upgrade(const HttpAsk& ask) = 0;
  virtual void opened(Socket& socket, const HttpAsk& ask, Time now) = 0;
  virtual void handle(Socket& socket, std::string_view text, Time now) = 0;

  /// The socket has gone.
  virtual void closed(SocketId) {}

  /// Whether `messages_max` bounds what this socket may say.
  [[nodiscard]] virtual bool counts_messages(const Socket&) const { return true; }

  virtual void on_tick(Time now) = 0;
  /// The frame for a socket of this kind, given the data of a stream.
  [[nodiscard]] virtual std::string wrap(const Stream& stream, const std::string& data,
                                         bool combined) const
      = 0;
  virtual void say_shutdown(Socket& socket, Time now) = 0;
  /// Keeps today's snapshots, to be handed out as stale ones.
  virtual void keep_snapshots(std::string_view symbol) = 0;
  /// Called again for an ask that had been held.
  virtual void answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) = 0;

  /// Calls `act` in the tick at or after `due`: what a fault put off.
  void later(Time due, std::function<void(Time)> act);

  /// The venue's list says so, and takes no order of it.
  [[nodiscard]] bool halted(std::string_view symbol, Time now) const noexcept {
    return faults_.armed(id_, FaultKind::halt, symbol, now);
  }

  [[nodiscard]] Socket* find(SocketId socket) noexcept;
  /// The stream of this name; null when nobody has it.
  [[nodiscard]] Stream* stream(const std::string& name) noexcept;
  void attach(std::unique_ptr<Stream> made, Socket& socket);
  void detach(const std::string& name, Socket& socket);
  /// Every market frame passes here. @returns the sockets reached.
  std::vector<SocketId> publish(Stream& stream, std::string data, Time now);
  /// Straight to one socket: replies and the first snapshot of a topic.
  void send(const Socket& socket, std::string text);
  void cut(SocketId socket, std::uint16_t code, std::string reason);
  void hold(const std::string& symbol, HttpAsk ask, Reply reply, Time now);
  [[nodiscard]] const std::vector<Stream*>& streams_of(const std::string& symbol);

  SurfaceId id_;
  SurfaceOptions options_;
  Flow& flow_;
  Faults& faults_;
  ReplayBooks& replay_;
  Exchange& exchange_;
  Outlet& outlet_;
  Random random_;
  SurfaceCounters counters_;
  std::map<SocketId, Socket> sockets_;
  std::map<std::string, std::unique_ptr<Stream>, std::less<>> streams_;

private:
  struct Delayed {
    Time due{};
    std::string stream;
    std::string data;
  };

  void deliver(Stream& stream, const std::string& data, std::vector<SocketId>& reached);
  void flush_delayed(Time now);
  void keep_alive(Socket& socket, Time now);
  void apply_to_sockets(const FaultOrder& order, Time now);

  std::map<std::string, std::vector<Stream*>> by_symbol_;
  std::map<std::string, std::string> swapped_; ///< stream -> frame that waits for its successor
  std::deque<Delayed> delayed_;
  std::map<std::string, Window> connections_; ///< by host
  std::map<std::string, std::vector<Held>> held_;
  std::multimap<Time, std::function<void(Time)>> later_;
  std::vector<Stream*> none_;
};

} // namespace tandem::sim
