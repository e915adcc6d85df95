/// The engine's ways out when a capture is made or played again: sockets to venues, requests,
/// listeners. Each call becomes an item that is told to the Outside, and what comes in comes as
/// items. The machine behind it is there only while a capture is made.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/websocket.hpp"
#include "apps/tandem/capture/item.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace tandem::apps::capture {

/// The real sockets. On the loop's thread; what they hear goes into the loop's queue as items.
class Machine {
public:
  virtual ~Machine() = default;
  virtual void connect(std::uint64_t id, const adapters::transport::WebSocketOptions& options) = 0;
  /// Null: it has closed.
  [[nodiscard]] virtual adapters::transport::WebSocket* socket(std::uint64_t id) = 0;
  virtual void close(std::uint64_t id) = 0;
  virtual void ask(std::uint64_t id, const adapters::transport::HttpRequest& request) = 0;
  /// @param events their decisions (on_upgrade, on_refusal) are taken on the server's own thread.
  [[nodiscard]] virtual core::Result<std::string>
  listen(std::uint64_t id, const std::string& address, adapters::transport::ServerLimits limits,
         const adapters::transport::ServerEvents& events)
      = 0;
  virtual void unlisten(std::uint64_t id) = 0;
  [[nodiscard]] virtual adapters::transport::ServerCounters counters(std::uint64_t id) = 0;
  virtual void respond(std::uint64_t id, adapters::transport::ServerResponse response) = 0;
  /// Null: it has gone.
  [[nodiscard]] virtual adapters::transport::ServerSocketPtr client(std::uint64_t id) = 0;
};

/// Who hears what the engine sends.
class Outside {
public:
  virtual ~Outside() = default;
  /// @param perform does it, where there is a machine.
  virtual void leaves(Item item, const std::function<void(Machine&)>& perform) = 0;
  /// The same with an answer, in `number` (and `texts`, for some kinds).
  [[nodiscard]] virtual Item answer(Item question, const std::function<void(Machine&, Item&)>& ask)
      = 0;
};

/// All calls on the loop's thread.
class Ports {
public:
  explicit Ports(Outside& outside);
  ~Ports();
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  [[nodiscard]] adapters::transport::WebSocketConnector& connector() noexcept;
  [[nodiscard]] adapters::transport::HttpClient& http() noexcept;
  [[nodiscard]] adapters::transport::Serve serve();

  /// Hands something that came in to whom it is for. Nobody: it is dropped, as a socket does that
  /// was closed meanwhile.
  void deliver(const Item& item);

private:
  struct State;
  class Connector;
  class Socket;
  class Http;
  class Server;
  class Client;

  std::shared_ptr<State> state_;
};

} // namespace tandem::apps::capture
