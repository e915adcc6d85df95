#include "actors/supervisor/price_stream_tree.hpp"

#include "actors/supervisor/spawn.hpp"
#include "actors/supervisor/supervisor.hpp"

#include <utility>

namespace tandem::actors::supervisor {
namespace {

using core::supervision::BackoffLimits;
using core::supervision::Intensity;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Intensity root_intensity{.restarts_max = 5, .within = seconds{60}};
constexpr BackoffLimits leaf_backoff{.first = milliseconds{250}, .cap = milliseconds{30'000}};

template <class Body, class Options>
ChildSpec child(const PriceStreamParts& parts, std::string name, Body body, Options options,
                bool apart) {
  ChildSpec spec;
  spec.kind = name;
  spec.name = std::move(name);
  spec.backoff = leaf_backoff;
  spec.start = [context = parts.context, body, options = std::move(options),
                apart](caf::actor_system& system, const messages::CellPtr& cell) {
    return apart ? caf::actor_cast<caf::actor>(
               spawn_guarded<caf::detached>(system, body, context, cell, options))
                 : caf::actor_cast<caf::actor>(spawn_guarded(system, body, context, cell, options));
  };
  return spec;
}

} // namespace

caf::actor start_price_stream(caf::actor_system& system, const PriceStreamParts& parts) {
  SupervisorSpec root;
  root.path = "price_stream";
  root.intensity = root_intensity;
  if (parts.influx)
    root.children.push_back(child(parts, "influx", sink, *parts.influx, parts.own_threads));
  if (parts.fanout)
    root.children.push_back(
        child(parts, "fanout", price_stream::fanout, *parts.fanout, parts.own_threads));
  root.children.push_back(
      child(parts, "provider", price_stream::provider, parts.provider, parts.own_threads));
  root.children.push_back(child(parts, "listener", price_stream::listener, parts.listener, false));
  return spawn_guarded(system, supervisor, parts.context,
                       parts.context->cells->cell("price_stream", "supervisor"), std::move(root));
}

} // namespace tandem::actors::supervisor
