#include "apps/tandem/tree_run.hpp"

#include "actors/supervisor/scheduling.hpp"
#include "apps/tandem/engine.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <memory>

namespace tandem::apps {

int run_tree(const TreeRun& run, const messages::Context& context, const sigset_t& signals) {
  auto& log = *context.log;
  std::atomic<bool> gave_up{false};
  std::unique_ptr<StopWatchdog> watchdog;
  {
    caf::actor_system_config config;
    actors::supervisor::set_scheduling(config, run.workers, run.place);
    caf::actor_system system{config};
    auto root = run.start(system);
    root->attach_functor([&gave_up](const caf::error& reason) {
      if (reason && reason != caf::exit_reason::user_shutdown)
        gave_up = true;
    });
    const bool asked = wait_for_end(signals, gave_up, run.watches);
    if (asked && run.before_end)
      run.before_end(system);
    log.write(core::LogLevel::info, run.name + (asked ? "_stopping" : "_gave_up"), {});
    watchdog = std::make_unique<StopWatchdog>(run.stop_timeout);
    caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    // Held until it has closed its children in order: an actor that nobody refers to ends at once.
    caf::scoped_actor closing{system};
    closing->wait_for(root);
    root = nullptr;
    if (run.after_close)
      run.after_close();
    // The destructor of the system waits for every actor.
  }
  context.directory->clear();
  log.write(core::LogLevel::info, run.name + "_stopped", {});
  return gave_up ? exit_internal : exit_ok;
}

} // namespace tandem::apps
