/// The conversations of the price-stream server: its provider owns the candles, its listener the
/// clients, and the fan-out the way between them where there is a broker.
#pragma once

#include "adapters/price_stream/replies.hpp"
#include "adapters/transport/http_server.hpp"
#include "core/error.hpp"
#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"
#include "core/klines/sums.hpp"
#include "core/market/events.hpp"
#include "core/supervision/places.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tandem::actors::price_stream {

namespace paths {
inline const std::string provider = "price_stream/provider";
inline const std::string listener = "price_stream/listener";
inline const std::string fanout = "price_stream/fanout"; ///< only where there is a broker
} // namespace paths

// ---- to the provider ----

/// From its connection, on the I/O thread.
struct ConnectionOpened {
  std::uint64_t connection = 0;
};

struct ConnectionDown {
  std::uint64_t connection = 0;
  core::Error why{};
};

/// One frame of the connection, whatever was in it.
struct FrameArrived {
  enum class Kind : std::uint8_t { candles, ignored, malformed };

  std::uint64_t connection = 0;
  Kind kind = Kind::ignored;
  core::Symbol symbol{};
  std::vector<core::market::Kline> klines{};
  core::Error why{}; ///< of what is malformed, or of a subscription that was refused
};

/// Any frame is a sign of life, also a ping.
struct SignOfLife {
  std::uint64_t connection = 0;
};

/// The venue's answer to a question of the sums.
struct HistoryArrived {
  core::Symbol symbol;
  std::uint64_t subscription = 0; ///< a symbol that was left and taken again asks anew
  core::klines::Sums::Question question;
  std::optional<std::vector<core::market::Kline>> klines; ///< absent: there is no answer
  std::string why{};
};

struct ChangeSubscription {
  core::Symbol symbol;
  bool wanted = true; ///< false: no longer
};

struct SubscriptionChanged {
  std::optional<core::Error> error; ///< the store refused; nothing has changed
};

struct GetProvider {};

struct ProviderView {
  adapters::price_stream::ProviderStats stats;
  std::map<core::Symbol, core::klines::PriceRecord> prices;
};

using ProviderHandle = caf::typed_actor<
    caf::reacts_to<ConnectionOpened>, caf::reacts_to<ConnectionDown>, caf::reacts_to<FrameArrived>,
    caf::reacts_to<SignOfLife>, caf::reacts_to<HistoryArrived>,
    caf::replies_to<ChangeSubscription>::with<SubscriptionChanged>,
    caf::replies_to<GetProvider>::with<ProviderView>, caf::reacts_to<messages::Tick>>;

// ---- to the listener ----

/// A price, or a sum that is over.
struct Published {
  core::klines::PriceRecord record;
  core::klines::Interval interval;
};

/// A request; answered through its Respond.
struct Called {
  adapters::transport::ServerRequest request;
  adapters::transport::Respond respond;
};

struct ClientCame {
  adapters::transport::ServerSocketPtr socket;
  adapters::transport::ServerRequest request;
};

struct ClientSaid {
  adapters::transport::ServerSocketPtr socket;
  std::string text;
  core::supervision::Place place{}; ///< one of those that bound how many wait to be read
};

struct ClientLeft {
  std::uint64_t id = 0;
};

using ListenerHandle = caf::typed_actor<caf::reacts_to<Published>, caf::reacts_to<Called>,
                                        caf::reacts_to<ClientCame>, caf::reacts_to<ClientSaid>,
                                        caf::reacts_to<ClientLeft>, caf::reacts_to<messages::Tick>>;

// ---- to the fan-out ----

/// A frame that the broker passed on, or gave back. From its thread.
struct FrameHeard {
  std::string frame;
  core::supervision::Place place{}; ///< one of those that bound how many wait to be read
};

struct BrokerChanged {
  bool ready = false;
  std::string why{}; ///< it is not
};

using FanoutHandle
    = caf::typed_actor<caf::reacts_to<Published>, caf::reacts_to<FrameHeard>,
                       caf::reacts_to<BrokerChanged>, caf::reacts_to<messages::Tick>>;

} // namespace tandem::actors::price_stream

TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ConnectionOpened)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ConnectionDown)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::FrameArrived)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::SignOfLife)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::HistoryArrived)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ChangeSubscription)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::SubscriptionChanged)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::GetProvider)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ProviderView)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::Published)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::Called)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ClientCame)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ClientSaid)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::ClientLeft)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::FrameHeard)
TANDEM_LOCAL_MESSAGE(tandem::actors::price_stream::BrokerChanged)
