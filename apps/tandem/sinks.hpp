/// The sinks of a configuration with their destinations and secrets: what the tree spawns them
/// with.
#pragma once

#include "actors/sinks/sink.hpp"
#include "adapters/sinks/capture/taps.hpp"
#include "adapters/sinks/courier_thread.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/thread_place.hpp"
#include "apps/tandem/trading.hpp"
#include "config/schema.hpp"
#include "core/log.hpp"
#include "core/result.hpp"
#include "core/sinks/tape.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::apps {

struct Sinks {
  std::shared_ptr<core::sinks::Tape> tape; ///< null: there are no sinks
  std::vector<actors::SinkOptions> sinks;
  /// For the markets' connections; null: no sink captures frames.
  std::shared_ptr<const adapters::sinks::capture::Tap> tap;
};

/// @param clocks stamp what is captured. @param http outlives the sinks. Each has the directory
/// `state_dir`/sinks/<id>. Errors: configuration (a variable that is named and not set, a setting
/// that a client library refuses), with the sink's id.
[[nodiscard]] core::Result<Sinks>
make_sinks(const config::Config& config, const Environment& environment, const core::Clocks& clocks,
           adapters::transport::HttpClient& http,
           const std::function<std::string(const std::string& url)>& proxy_for);

/// Runs sinks without actors, each on a thread of its own at `place`, until what is returned is
/// destroyed. What an alert would say stands in the log.
[[nodiscard]] std::vector<std::unique_ptr<adapters::sinks::CourierThread>>
start_sinks(const std::vector<actors::SinkOptions>& sinks,
            const adapters::transport::ThreadPlace& place, const core::Clocks& clocks,
            core::Log& log);

} // namespace tandem::apps
