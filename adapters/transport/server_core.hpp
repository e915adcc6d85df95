/// What the listener, the HTTP sessions and the WebSocket sessions of one server share. Private to
/// adapters/transport.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io_impl.hpp"
#include "adapters/transport/server_stream.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tandem::adapters::transport {

using ParsedRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// How long a WebSocket's last bytes and its close frame may take to get through to a slow peer.
inline constexpr std::chrono::milliseconds close_grace{5'000};

/// How long a peer is listened to after our side has ended. Together with the request timeout it
/// bounds what a slow client can hold.
inline constexpr std::chrono::milliseconds linger_grace{1'000};

/// The way to the server's thread for handles that may outlive the server: closed with it, then
/// posting does nothing.
class Postbox {
public:
  explicit Postbox(Io::Impl& io) : io_{&io} {}

  /// Thread safe.
  template <class Task>
  void post(Task&& task) {
    const std::lock_guard lock{mutex_};
    if (io_ != nullptr)
      boost::asio::post(io_->context, std::forward<Task>(task));
  }

  /// As post, but on the server's own thread the task runs inside the call.
  template <class Task>
  void run(Task&& task) {
    {
      const std::lock_guard lock{mutex_};
      if (io_ == nullptr)
        return;
      if (!io_->on_thread()) {
        boost::asio::post(io_->context, std::forward<Task>(task));
        return;
      }
    }
    task();
  }

  void close() {
    const std::lock_guard lock{mutex_};
    io_ = nullptr;
  }

private:
  std::mutex mutex_;
  Io::Impl* io_;
};

/// A connection in any phase. It lives while it stands in ServerCore::sessions or an operation on
/// it is pending.
class Session {
public:
  virtual ~Session() = default;
  /// Closes at once, without events.
  virtual void cut() = 0;
  /// The server's clock has moved: see to deadlines.
  virtual void on_tick() = 0;

  /// Since which tick the peer keeps us waiting for a handshake or a request; absent: it does not.
  [[nodiscard]] virtual std::optional<std::uint64_t> waited_for_since() const {
    return std::nullopt;
  }
};

/// ServerCounters as they are counted: written on the Io's thread, read from any.
struct LiveCounters {
  std::atomic<std::uint64_t> connections{0}, connections_refused{0}, requests{0}, malformed{0},
      timed_out{0}, handshakes_failed{0}, websockets_open{0}, websockets_total{0},
      websockets_cut_slow{0}, messages_sent{0}, bytes_sent{0};
};

/// Used on the Io's thread, but for counters and postbox.
class ServerCore {
public:
  ServerCore(Io::Impl& network, const ServerLimits& bounds, ServerEvents handlers);

  Io::Impl& io;
  const ServerLimits limits;
  const ServerEvents events;
  const std::shared_ptr<Postbox> postbox;
  LiveCounters counters;
  std::shared_ptr<boost::asio::ssl::context> tls; ///< null = plain
  std::uint64_t socket_ids = 0;

  void enter(std::shared_ptr<Session> session);

  void leave(Session& session) { sessions_.erase(&session); }

  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

  /// One timer serves all sessions: deadlines are counted in ticks, so a request costs no timer. A
  /// deadline is late by at most two ticks.
  [[nodiscard]] std::uint64_t deadline(std::chrono::milliseconds from_now) const;

  [[nodiscard]] bool reached(std::uint64_t deadline) const { return tick_ >= deadline; }

  [[nodiscard]] std::chrono::milliseconds tick_length() const { return tick_length_; }

  [[nodiscard]] std::uint64_t now() const { return tick_; }

  void tick();
  void cut_all();

  /// At the cap: cuts the peer that has kept us waiting the longest, when that is an eighth of the
  /// request's time and more, so that silent clients cannot keep the others out. False: none has.
  [[nodiscard]] bool make_room();

  /// The user's body for a refusal, or a plain one.
  [[nodiscard]] ServerResponse refusal(int status, std::string_view reason) noexcept;

  /// Status line and headers up to the empty line. Absent when a header would break the message (a
  /// line break in it).
  [[nodiscard]] std::optional<std::string> response_head(const ServerResponse& response,
                                                         bool keep_alive);

private:
  const std::string& date();
  [[nodiscard]] bool is_slow(const Session& session) const;

  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  std::chrono::milliseconds tick_length_;
  std::uint64_t tick_ = 0;
  std::uint64_t looked_at_ = 0;                ///< tick at which slow_ was made
  std::vector<std::shared_ptr<Session>> slow_; ///< the slowest last; as of looked_at_
  std::int64_t date_second_ = -1;
  std::string date_;
};

/// Serves requests; beyond the server's cap it only says 503.
void start_http_session(std::shared_ptr<ServerCore> core, ServerStream stream, bool refused);

/// Takes an accepted upgrade over. @param leftover bytes that came behind the request.
void start_socket_session(std::shared_ptr<ServerCore> core, ServerStream stream,
                          ParsedRequest upgrade, ServerRequest request, std::string leftover);

} // namespace tandem::adapters::transport
