/// The price stream's HTTP and WebSocket listener: answers by the table of routes, hands every
/// price to the clients that want it and drops a client that does not keep up. Shapes are
/// adapters/price_stream's business.
#pragma once

#include "actors/price_stream/history.hpp"
#include "actors/price_stream/messages.hpp"
#include "adapters/price_stream/queries.hpp"
#include "messages/context.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tandem::actors::price_stream {

struct ListenerOptions {
  adapters::transport::Serve serve; ///< on a thread of its own, which outlives the actor
  std::string address;
  adapters::price_stream::Edition edition = adapters::price_stream::Edition::enhanced;
  std::vector<std::string> cors_origins;
  adapters::price_stream::ConfigView view;
  core::klines::Interval base;
  std::vector<core::klines::Interval> listed; ///< longer intervals that are summed up
  ReadRows read_rows;
  std::string version;
  /// The address as bound, kept over restarts of the actor.
  std::shared_ptr<std::string> bound = std::make_shared<std::string>();
  std::function<void(const std::string& address)> on_listening;
};

struct ListenerState {
  explicit ListenerState(caf::scheduled_actor*) {}

  struct Client {
    adapters::transport::ServerSocketPtr socket;
    adapters::price_stream::Listening listening;
  };

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::shared_ptr<const ListenerOptions> options;
  core::WallTime started{};
  std::map<std::uint64_t, Client> clients;
  adapters::price_stream::ConnectionStats connections;
  std::unique_ptr<adapters::transport::HttpServer> server; ///< last: its events use the others
};

ListenerHandle::behavior_type listener(ListenerHandle::stateful_pointer<ListenerState> self,
                                       messages::ContextPtr context, messages::CellPtr cell,
                                       ListenerOptions options);

} // namespace tandem::actors::price_stream
