/// What the interface shows of the engine itself: exchanges, health, the tree, metrics. Reads
/// cells, board and counters (all thread safe); decides nothing.
#pragma once

#include "actors/api/http_options.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/venues/price_source.hpp"
#include "messages/context.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::actors {

/// One row for each venue: {name, connected, publicOnly}.
[[nodiscard]] std::string exchanges_json(const messages::Context& context,
                                         const std::vector<HttpMarket>& markets);

/// The same with markets, feeds, clock offset and REST budget; empty text when the venue is not
/// configured.
[[nodiscard]] std::string exchange_json(const messages::Context& context,
                                        const std::vector<HttpMarket>& markets,
                                        std::string_view venue);

struct HealthView {
  bool ready = false;
  std::string json; ///< data object
};

/// ready: every market's instruments are loaded and its feed is connected.
[[nodiscard]] HealthView health_json(const messages::Context& context, const HttpOptions& options,
                                     core::MonoTime started_at);

/// Request figures of the interface itself.
struct HttpFigures {
  std::uint64_t requests = 0, errors = 0;
  const messages::HandlingHistogram* response_time = nullptr;
  adapters::transport::ServerCounters server; ///< of HTTP
  adapters::transport::ServerCounters grpc;
};

/// Prometheus text format.
[[nodiscard]] std::string metrics_text(const messages::Context& context, const HttpOptions& options,
                                       const adapters::venues::PriceCounters& prices,
                                       const HttpFigures& figures);

} // namespace tandem::actors
