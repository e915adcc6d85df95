/// What the interface needs to know of the engine it serves: listeners, markets, labels. Plain
/// values, made by the supervisor.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/key_vault.hpp"
#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/venue.hpp"
#include "config/schema.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/statistics.hpp"
#include "core/strategy/execution_book.hpp"
#include "core/twap/plan_book.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::security {
class Guard;
}

namespace tandem::actors {

/// A market as the interface shows it.
struct HttpMarket {
  const adapters::venues::Market* market = nullptr; ///< outlives the actor
  std::shared_ptr<adapters::venues::RestClient> rest;
  /// Null: the market has no private side here.
  std::shared_ptr<adapters::venues::KeyRing> keys;

  [[nodiscard]] bool public_only() const { return !keys || !keys->has(market->key().venue); }
};

/// What the trading routes look at and steer; all of it outlives the actor.
struct HttpTrading {
  core::orders::Desk* desk = nullptr;
  const core::strategy::ExecutionBook* book = nullptr;
  const core::twap::PlanBook* plans = nullptr;
  const core::orders::Statistics* statistics = nullptr;
  std::shared_ptr<adapters::venues::KeyRing> keys;
  std::shared_ptr<adapters::venues::KeyVault> vault; ///< where keys given by interface are kept
};

/// What a configuration would change.
struct ConfigReport {
  std::vector<std::string> mistakes;     ///< then nothing else is said
  std::vector<std::string> changes;      ///< taken over while the engine runs
  std::vector<std::string> need_restart; ///< only a new start reads it
  bool staged = false;                   ///< a new one waits to be applied
};

/// The configuration file, looked after by apps/. Thread safe; reads and writes a small file.
class ConfigControl {
public:
  virtual ~ConfigControl() = default;
  /// The file as it is now against what runs.
  [[nodiscard]] virtual ConfigReport diff() const = 0;
  /// Looks at a new text; one without mistakes is kept until it is applied or another is staged.
  [[nodiscard]] virtual ConfigReport stage(const std::string& yaml) = 0;
  /// Error: conflict (nothing is staged), internal (the file cannot be written).
  [[nodiscard]] virtual core::Result<ConfigReport> apply() = 0;
};

struct HttpOptions {
  adapters::transport::Serve serve; ///< on the interface's own thread, which outlives the actor
  /// The same for listeners of surface grpc; unset: they are left out (no network).
  adapters::transport::Serve serve_grpc;
  std::vector<config::ListenerConfig> listeners;
  std::vector<HttpMarket> markets;
  std::shared_ptr<const HttpTrading> trading; ///< null: the engine only watches
  std::string engine_name;
  std::string version;
  /// Keys, idempotency and the audit log. Null: nothing is recorded, and listeners with keys refuse
  /// everybody.
  std::shared_ptr<adapters::security::Guard> guard;
  bool kill_allowed = false; ///< POST /api/engine/actors/kill, for fault drills in mode mock
  /// Of the simulated venues, for drills in mode mock; empty: not known.
  std::string simulator;
  adapters::transport::HttpClient* http = nullptr; ///< outlives the actor
  std::shared_ptr<ConfigControl> config;           ///< null: there is no file
  /// Addresses as bound, kept over restarts of the actor. Made by the supervisor.
  std::shared_ptr<std::vector<std::string>> bound;
  /// Called once per listener after it is bound, with the address as bound. A restarted actor binds
  /// the same addresses.
  std::function<void(config::Surface, const std::string& address)> on_listening;
};

} // namespace tandem::actors
