/// What every actor is born with: where time, ids and randomness come from, where it looks up its
/// peers and where it is seen. Made once by apps/ (or by a test) and passed down; there is no
/// global.
#pragma once

#include "core/log.hpp"
#include "core/market/board.hpp"
#include "core/types/time.hpp"
#include "messages/actor_cell.hpp"
#include "messages/directory.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tandem::messages {

struct Context {
  core::Clocks clocks;
  std::function<std::uint64_t()> random; ///< 64 uniformly random bits; thread safe
  core::Log* log = nullptr;              ///< outlives the actors
  std::shared_ptr<core::market::Board> board;
  std::shared_ptr<Directory> directory;
  std::shared_ptr<CellRegistry> cells;
  std::string mode; ///< "mock", "dev" or "prod": every label says it
};

using ContextPtr = std::shared_ptr<const Context>;

/// Paths of the actors that others look up.
namespace paths {
inline const std::string market_bus = "engine/market_bus";
inline const std::string journal = "engine/services/journal";
inline const std::string strategies = "engine/services/strategies";
inline const std::string pairs = "engine/services/strategies/pairs";
inline const std::string event_log = "engine/services/sinks/event_log";
inline const std::string broadcast = "engine/services/sinks/broadcast";
inline const std::string http = "engine/services/api/http";
inline const std::string risk_group = "engine/services/risk";
inline const std::string risk = "engine/services/risk/desk";

[[nodiscard]] inline std::string pair_monitor(const std::string& id) {
  return strategies + "/pair." + id;
}

inline const std::string plans = "engine/services/strategies/plans";

[[nodiscard]] inline std::string twap_plan(const std::string& id) {
  return strategies + "/twap." + id;
}

[[nodiscard]] inline std::string market(const core::MarketKey& key) {
  return "engine/services/venues/" + key.venue.text() + "/"
         + std::string{core::to_string(key.type)};
}

[[nodiscard]] inline std::string feed(const core::MarketKey& key) {
  return market(key) + "/feed";
}

[[nodiscard]] inline std::string private_feed(const core::MarketKey& key) {
  return market(key) + "/private_feed";
}

[[nodiscard]] inline std::string order_gateway(const core::MarketKey& key) {
  return market(key) + "/order_gateway";
}

[[nodiscard]] inline std::string breaker(const std::string& scope) {
  return "engine/services/risk/breaker." + scope;
}

[[nodiscard]] inline std::string instruments(const core::MarketKey& key) {
  return market(key) + "/instruments";
}
} // namespace paths

} // namespace tandem::messages
