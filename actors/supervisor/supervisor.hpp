/// Starts its children in order, restarts what fails by core/supervision/restart_policy, stops them
/// in reverse order. It knows children by name and never what they do.
#pragma once

#include "core/supervision/backoff.hpp"
#include "core/supervision/restart_policy.hpp"
#include "core/types/time.hpp"
#include "messages/context.hpp"
#include "messages/local.hpp"

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <any>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::actors::supervisor {

struct ChildSpec {
  std::string name; ///< last part of its path
  std::string kind; ///< "feed", "pair_monitor", ...
  /// Makes one incarnation. The cell stays the same over restarts.
  std::function<caf::actor(caf::actor_system&, const messages::CellPtr&)> start;
  core::supervision::Permanence permanence = core::supervision::Permanence::permanent;
  core::supervision::BackoffLimits backoff;
  /// A supervisor: it ends when all below it ended, so nobody hurries it.
  bool is_supervisor = false;
  /// What it is made from, where that can be compared.
  std::any made_from{};
  bool (*same)(const std::any&, const std::any&) = nullptr;
};

struct SupervisorSpec {
  std::string path;
  core::supervision::Strategy strategy = core::supervision::Strategy::one_for_one;
  core::supervision::Intensity intensity;
  std::vector<ChildSpec> children;
  /// Then a child that was asked to stop is killed; as long again, and it is given up. Supervisors
  /// get all the time they need.
  std::chrono::milliseconds stop_timeout{2'000};
};

/// Adds and starts a child; one of the same name is stopped and replaced, unless it runs and is
/// made from the same.
struct StartChild {
  ChildSpec child;
};

/// Stops a child and forgets it.
struct StopChild {
  std::string name;
};

struct SupervisorState {
  struct Slot {
    ChildSpec spec;
    messages::CellPtr cell;
    caf::actor handle;
    core::supervision::Backoff backoff;
    core::MonoTime started_at{};
    core::MonoTime not_before{};  ///< end of the back-off
    std::uint64_t stop_round = 0; ///< counts stop requests, so that an old deadline is ignored
    bool stopping = false;
    bool killed = false;
    bool to_start = false;                ///< when nothing is stopping any more
    bool forget = false;                  ///< removed by StopChild
    std::optional<ChildSpec> replacement; ///< start this instead once stopped
  };

  explicit SupervisorState(caf::event_based_actor* actor);
  ~SupervisorState();
  SupervisorState(const SupervisorState&) = delete;
  SupervisorState& operator=(const SupervisorState&) = delete;

  caf::event_based_actor* self;
  messages::ContextPtr context;
  messages::CellPtr cell;
  SupervisorSpec spec;
  std::optional<core::supervision::RestartPolicy> policy;
  std::vector<Slot> children;
  bool closing = false;
  caf::error close_reason;
};

/// @param cell of the supervisor itself.
caf::behavior supervisor(caf::stateful_actor<SupervisorState>* self, messages::ContextPtr context,
                         messages::CellPtr cell, SupervisorSpec spec);

/// A child that is a supervisor itself.
[[nodiscard]] ChildSpec supervisor_child(const messages::ContextPtr& context, std::string name,
                                         SupervisorSpec spec);

} // namespace tandem::actors::supervisor

TANDEM_LOCAL_MESSAGE(tandem::actors::supervisor::StartChild)
TANDEM_LOCAL_MESSAGE(tandem::actors::supervisor::StopChild)
