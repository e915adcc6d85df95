/// How the actors share the scheduler's threads: one place for the engine and for what measures it.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <cstddef>

namespace tandem::actors::supervisor {

/// An actor handles so many messages, then the next one has its turn. By itself CAF 0.17.6 knows no
/// bound: a flooded actor keeps its thread until its mailbox is empty, and two of them all threads.
inline constexpr std::size_t turn_messages_max = 50;

inline void set_scheduling(caf::actor_system_config& config, std::size_t workers) {
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.max-throughput", turn_messages_max);
  config.set("work-stealing.relaxed-sleep-duration", caf::timespan{std::chrono::microseconds{500}});
  config.set("logger.file-verbosity", caf::atom("quiet"));
}

} // namespace tandem::actors::supervisor
