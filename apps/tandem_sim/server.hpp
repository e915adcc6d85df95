/// Binds the simulated venues to real listeners: one per surface, REST and WebSocket on the same
/// port, and one for the admin routes.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "apps/tandem_sim/simulator.hpp"
#include "core/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace tandem::sim {

/// The current moment for the venues: wall time that never goes back.
using Now = std::function<Time()>;

class Server {
public:
  virtual ~Server() = default; ///< closes all listeners; call it while the Io still runs
  /// "binance_spot=127.0.0.1:7101 ... admin=127.0.0.1:7100"
  [[nodiscard]] virtual std::string addresses() const = 0;
};

/// @param say receives the lines for standard output, on the Io's thread. Errors as serve_http.
[[nodiscard]] core::Result<std::unique_ptr<Server>>
serve(adapters::transport::Io& io, const Scenario& scenario, std::unique_ptr<LineSource> recording,
      Now now, std::function<void(std::string)> say);

} // namespace tandem::sim
