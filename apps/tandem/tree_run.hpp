/// The life of a tree of actors in a process: started, held until somebody ends it or it gives up,
/// ended in order and in time.
#pragma once

#include "adapters/transport/thread_place.hpp"
#include "apps/tandem/process.hpp"
#include "core/log.hpp"
#include "messages/context.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

namespace tandem::apps {

struct TreeRun {
  std::string name; ///< begins its words in the log: "engine" says engine_stopping
  std::size_t workers = 2;
  adapters::transport::ThreadPlace place; ///< of the workers and of actors with their own threads
  std::chrono::milliseconds stop_timeout{10'000};      ///< then the process is ended
  std::function<caf::actor(caf::actor_system&)> start; ///< the root
  Watches watches;                                     ///< while it runs
  /// Somebody asked for the end, and all still run. Unset: nothing is done.
  std::function<void(caf::actor_system&)> before_end;
  /// The tree is closed; still within stop_timeout. Unset: nothing is done.
  std::function<void()> after_close;
};

/// @return the exit code: whether it was ended or gave up.
[[nodiscard]] int run_tree(const TreeRun& run, const messages::Context& context,
                           const sigset_t& signals);

} // namespace tandem::apps
