/// What the transport tests share: real clocks, waiting with a deadline, a plain TCP peer that may
/// misbehave. No Boost: these are the other side of the wire, and must not share its mistakes.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tandem::adapters::transport::testing {

using namespace std::chrono_literals;

/// Long enough for a loaded machine under a sanitizer; a passing test never waits for it.
inline constexpr std::chrono::seconds patience{20};

inline core::Clocks real_clocks() {
  return {[] {
            return std::chrono::time_point_cast<std::chrono::nanoseconds>(
                std::chrono::steady_clock::now());
          },
          [] {
            return std::chrono::time_point_cast<std::chrono::nanoseconds>(
                std::chrono::system_clock::now());
          }};
}

/// What arrived from other threads, in order.
template <class T>
class Inbox {
public:
  void push(T value) {
    // Notified under the lock: the waiting test may destroy this as soon as it is let go.
    const std::lock_guard lock{mutex_};
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  /// The next one; absent when the deadline passed first.
  std::optional<T> next(std::chrono::milliseconds wait = patience) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, wait, [&] { return !values_.empty(); }))
      return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

/// Asks again and again, for figures that only counters show.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

/// A blocking IPv4 socket with a deadline on everything.
class Wire {
public:
  explicit Wire(int descriptor) : fd_{descriptor} {
    const timeval wait{.tv_sec = patience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  static Wire to(std::uint16_t port, int receive_buffer = 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0)
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(port);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) {
      ::close(fd);
      throw std::runtime_error{"cannot connect to port " + std::to_string(port)};
    }
    return Wire{fd};
  }

  Wire(Wire&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

  Wire& operator=(Wire&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  ~Wire() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  [[nodiscard]] int fd() const { return fd_; }

  /// False = the peer is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// What is there, waiting for the first byte; empty = end, error or deadline.
  std::string receive() {
    std::array<char, 16'384> chunk{};
    const auto got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    return got <= 0 ? std::string{} : std::string{chunk.data(), static_cast<std::size_t>(got)};
  }

  std::string receive_until(std::string_view mark) {
    std::string text;
    while (text.find(mark) == std::string::npos) {
      const auto more = receive();
      if (more.empty())
        break;
      text += more;
    }
    return text;
  }

  std::string receive_all() {
    std::string text;
    for (auto more = receive(); !more.empty(); more = receive())
      text += more;
    return text;
  }

  /// Closes with a reset instead of an end.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(fd_, -1));
  }

private:
  int fd_;
};

/// A listener whose connections the test serves by hand.
class WireListener {
public:
  WireListener() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&here), size) != 0 || ::listen(fd_, 64) != 0)
      throw std::runtime_error{"cannot listen"};
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size);
    port_ = ntohs(here.sin_port);
  }

  ~WireListener() { stop(); }

  WireListener(const WireListener&) = delete;
  WireListener& operator=(const WireListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Absent after stop().
  std::optional<Wire> accept() {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0)
      return std::nullopt;
    return Wire{fd};
  }

  /// Wakes an accept() in another thread.
  void stop() {
    if (fd_ < 0)
      return;
    ::shutdown(fd_, SHUT_RDWR);
    ::close(std::exchange(fd_, -1));
  }

  /// Wakes it and leaves the closing to the destructor, after the thread was joined.
  void wake() const { ::shutdown(fd_, SHUT_RDWR); }

private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Serves each connection of a listener by a function, one after the other, on an own thread.
/// Destroying it ends the connection that is being served.
class WireServer {
public:
  explicit WireServer(std::function<void(Wire&)> serve)
      : serve_{std::move(serve)}, thread_{[this] { run(); }} {}

  ~WireServer() {
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
      if (served_ != nullptr)
        ::shutdown(served_->fd(), SHUT_RDWR);
    }
    listener_.wake();
    thread_.join();
  }

  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  [[nodiscard]] std::string address() const { return listener_.address(); }

  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

private:
  void run() {
    while (auto wire = listener_.accept()) {
      {
        const std::lock_guard lock{mutex_};
        if (stopped_)
          return;
        served_ = &*wire;
      }
      serve_(*wire);
      const std::lock_guard lock{mutex_};
      served_ = nullptr;
    }
  }

  WireListener listener_;
  const std::function<void(Wire&)> serve_;
  std::mutex mutex_;
  Wire* served_ = nullptr;
  bool stopped_ = false;
  std::thread thread_;
};

/// A WebSocket client whose events a test waits for.
struct Caller {
  Inbox<bool> opened;
  Inbox<std::string> texts;
  Inbox<core::MonoTime> controls;
  Inbox<core::Error> down;
  std::unique_ptr<WebSocket> socket;

  WebSocketEvents events() {
    return {.on_open = [this] { opened.push(true); },
            .on_text
            = [this](std::string_view text, core::MonoTime) { texts.push(std::string{text}); },
            .on_control = [this](core::MonoTime at) { controls.push(at); },
            .on_down = [this](core::Error error) { down.push(std::move(error)); }};
  }
};

/// An HTTP client as a test wants it: one call, one result.
inline core::Result<HttpResponse> fetch(HttpClient& client, HttpRequest request) {
  const auto inbox = std::make_shared<Inbox<core::Result<HttpResponse>>>();
  client.send(std::move(request),
              [inbox](core::Result<HttpResponse> result) { inbox->push(std::move(result)); });
  auto result = inbox->next();
  REQUIRE_MESSAGE(result.has_value(), "the HTTP client did not call back");
  return std::move(*result);
}

/// Accepts every upgrade and echoes texts; the routes are the test's.
inline ServerEvents echo_events() {
  ServerEvents events;
  events.on_upgrade = [](const ServerRequest&) -> std::optional<ServerResponse> { return {}; };
  events.on_socket_text = [](const ServerSocketPtr& socket, std::string_view text) {
    socket->send(std::make_shared<const std::string>(text));
  };
  events.on_request = [](ServerRequest request, const Respond& respond) {
    respond({.status = 200,
             .headers = {},
             .body = request.method + " " + request.path + " " + request.body});
  };
  return events;
}

/// A server on an own Io on a free port.
class Host {
public:
  explicit Host(ServerEvents events, const ServerLimits& limits = {},
                const std::string& address = "127.0.0.1:0")
      : io_{"test-server", real_clocks()} {
    io_.on_fault([](std::string_view) {}); // tests throw on purpose
    auto server = serve_http(io_, address, limits, std::move(events));
    const std::string trouble = server ? std::string{} : server.error().detail;
    REQUIRE_MESSAGE(server.has_value(), trouble);
    server_ = std::move(*server);
  }

  [[nodiscard]] std::string address() const { return server_->address(); }

  [[nodiscard]] std::uint16_t port() const { return port_of(address()); }

  [[nodiscard]] ServerCounters counters() const { return server_->counters(); }

  void stop() { server_.reset(); }

  [[nodiscard]] Io& io() { return io_; }

private:
  Io io_;
  std::unique_ptr<HttpServer> server_;
};

} // namespace tandem::adapters::transport::testing
