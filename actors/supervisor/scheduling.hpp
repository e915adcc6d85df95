/// How the actors share the scheduler's threads: one place for the engine and for what measures it.
#pragma once

#include "adapters/transport/thread_place.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/thread_hook.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace tandem::actors::supervisor {

/// An actor handles so many messages, then the next one has its turn. By itself CAF 0.17.6 knows no
/// bound: a flooded actor keeps its thread until its mailbox is empty, and two of them all threads.
inline constexpr std::size_t turn_messages_max = 50;

/// Puts every thread that CAF starts into its place.
class TakePlace final : public caf::thread_hook {
public:
  explicit TakePlace(adapters::transport::ThreadPlace place) : place_{std::move(place)} {}

  void init(caf::actor_system&) override {}

  void thread_started() override { take(place_); }

  void thread_terminates() override {}

private:
  adapters::transport::ThreadPlace place_;
};

inline void set_scheduling(caf::actor_system_config& config, std::size_t workers,
                           adapters::transport::ThreadPlace place = {}) {
  config.add_thread_hook<TakePlace>(std::move(place));
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.max-throughput", turn_messages_max);
  config.set("work-stealing.relaxed-sleep-duration", caf::timespan{std::chrono::microseconds{500}});
  config.set("logger.file-verbosity", caf::atom("quiet"));
}

} // namespace tandem::actors::supervisor
