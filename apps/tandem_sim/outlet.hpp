/// What passes between the simulated venues and whatever carries their bytes: requests and answers,
/// sockets by number. Pure values and one interface; real listeners (server.hpp) and an in-memory
/// transport implement it alike.
#pragma once

#include "core/types/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

/// Nanoseconds of Unix time. Handed in with every call; never goes back.
using Time = core::WallTime;

enum class SurfaceId : std::uint8_t { binance_spot, binance_linear, bybit_spot, bybit_linear };

inline constexpr std::size_t surface_count = 4;
inline constexpr std::array<std::string_view, surface_count> surface_names{
    "binance_spot", "binance_linear", "bybit_spot", "bybit_linear"};

[[nodiscard]] constexpr std::string_view name_of(SurfaceId id) noexcept {
  return surface_names[static_cast<std::size_t>(id)];
}

[[nodiscard]] std::optional<SurfaceId> surface_of(std::string_view name) noexcept;

/// Unique over all surfaces and never used twice.
using SocketId = std::uint64_t;

struct HttpAsk {
  std::string method;                                       ///< upper case
  std::string path;                                         ///< percent-decoded, without query
  std::string query;                                        ///< raw, without '?'
  std::vector<std::pair<std::string, std::string>> headers; ///< names lower case
  std::string body;
  std::string peer; ///< "127.0.0.1:51234"
};

/// Decoded value of one query parameter; absent = nullopt.
[[nodiscard]] std::optional<std::string> query_value(const HttpAsk& ask, std::string_view name);

/// Address without the port: limits count per IP.
[[nodiscard]] std::string host_of(const HttpAsk& ask);

struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// To be called exactly once, now or later: an answer may be held back.
using Reply = std::function<void(HttpAnswer)>;

using Text = std::shared_ptr<const std::string>;

/// The outside world as the venues see it. Calls on a socket that has gone do nothing.
class Outlet {
public:
  virtual ~Outlet() = default;
  virtual void send(SocketId socket, Text text) = 0;
  virtual void ping(SocketId socket, std::string payload) = 0;
  virtual void close(SocketId socket, std::uint16_t code, std::string reason) = 0;
  /// Resets the connection without a close frame.
  virtual void abort(SocketId socket) = 0;
  /// Stops reading and answering pings: a half-open link.
  virtual void pause_reading(SocketId socket, bool paused) = 0;
  /// One line for whoever started the simulator.
  virtual void say(std::string line) = 0;
};

} // namespace tandem::sim
