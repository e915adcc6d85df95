/// The conversation with streaming clients (WebSocket now, gRPC later): they come, say what they
/// want to hear, and go. The broadcast actor knows them by this port only.
#pragma once

#include "core/supervision/places.hpp"
#include "messages/events.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/typed_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tandem::messages {

/// One connected client. Thread safe; calls after it has gone do nothing.
class Client {
public:
  virtual ~Client() = default;
  [[nodiscard]] virtual std::uint64_t id() const = 0;
  /// Queues one message; shared, so that a broadcast is serialised once. False when the client is
  /// gone or was cut for being slow.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  /// Bytes queued and not yet written.
  [[nodiscard]] virtual std::size_t buffered() const = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

struct ClientOpened {
  std::shared_ptr<Client> client;
  std::size_t price_updates_per_second = 10;
};

struct ClientText {
  std::uint64_t client = 0;
  std::string text;
  core::supervision::Place place{}; ///< one of those that bound how many wait to be read
};

struct ClientClosed {
  std::uint64_t client = 0;
};

/// The board has entries that changed since the last look.
struct BoardChanged {};

/// Sends events and conflated prices to every client that wants them.
using BroadcastHandle
    = EventListenerHandle::extend<caf::reacts_to<ClientOpened>, caf::reacts_to<ClientText>,
                                  caf::reacts_to<ClientClosed>, caf::reacts_to<BoardChanged>,
                                  caf::reacts_to<Tick>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::ClientOpened)
TANDEM_LOCAL_MESSAGE(tandem::messages::ClientText)
TANDEM_LOCAL_MESSAGE(tandem::messages::ClientClosed)
TANDEM_LOCAL_MESSAGE(tandem::messages::BoardChanged)
