/// The real sockets of a captured run, and the queue in which all that they hear waits for the
/// loop.
#pragma once

#include "adapters/transport/io.hpp"
#include "apps/tandem/capture/ports.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace tandem::apps::capture {

/// Many put, one takes.
class Queue {
public:
  void put(Item item);
  /// Nullopt when `deadline` came first; without one it waits as long as it takes.
  [[nodiscard]] std::optional<Item> wait_until(std::optional<core::MonoTime> deadline);
  /// More waits than a client may add to.
  [[nodiscard]] bool crowded() const;

private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> items_;
};

class Sockets final : public Machine {
public:
  /// All three outlive it.
  Sockets(adapters::transport::Io& venues, adapters::transport::Io& interfaces, Queue& queue);
  ~Sockets() override;
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  void connect(std::uint64_t id, const adapters::transport::WebSocketOptions& options) override;
  [[nodiscard]] adapters::transport::WebSocket* socket(std::uint64_t id) override;
  void close(std::uint64_t id) override;
  void ask(std::uint64_t id, const adapters::transport::HttpRequest& request) override;
  [[nodiscard]] core::Result<std::string>
  listen(std::uint64_t id, const std::string& address, adapters::transport::ServerLimits limits,
         const adapters::transport::ServerEvents& events) override;
  void unlisten(std::uint64_t id) override;
  [[nodiscard]] adapters::transport::ServerCounters counters(std::uint64_t id) override;
  void respond(std::uint64_t id, adapters::transport::ServerResponse response) override;
  [[nodiscard]] adapters::transport::ServerSocketPtr client(std::uint64_t id) override;

private:
  class Clients;

  Queue& queue_;
  std::unique_ptr<adapters::transport::WebSocketConnector> connector_;
  std::unique_ptr<adapters::transport::HttpClient> http_;
  adapters::transport::Serve serve_;
  std::map<std::uint64_t, std::unique_ptr<adapters::transport::WebSocket>> sockets_;
  std::shared_ptr<Clients> clients_; ///< shared with the callbacks of the listeners
  std::map<std::uint64_t, std::unique_ptr<adapters::transport::HttpServer>> listeners_;
};

} // namespace tandem::apps::capture
