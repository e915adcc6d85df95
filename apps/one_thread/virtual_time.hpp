/// Runs the engine's actors and the tasks of its strand on the caller's thread, by a clock that its
/// owner moves: CAF's deterministic coordinator beneath. Either what runs next is drawn from a
/// seed, so that other seeds are other interleavings of the same actors, or all take turns. The
/// same input is the same run, to the byte.
#pragma once

#include "adapters/transport/io.hpp"
#include "core/types/time.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tandem::one_thread {

/// Steps of an actor or task, as they are about to run.
struct StepAbout {
  std::uint64_t actor = 0; ///< CAF's id; 0 = a task of the strand
};

/// Actors in the order in which they became ready, tasks only while no actor is: whoever is told of
/// something has dealt with it before the next thing happens.
struct InTurn {};

class VirtualTime {
public:
  /// @param start what now() begins with. @param seed of the order in which ready work runs.
  VirtualTime(core::MonoTime start, std::uint64_t seed);
  VirtualTime(core::MonoTime start, InTurn order);
  /// Every actor must have ended before.
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  [[nodiscard]] caf::actor_system& system();
  [[nodiscard]] adapters::transport::Strand& strand();
  [[nodiscard]] core::MonoTime now() const;

  /// When the next timer of an actor or of the strand is due; nullopt without any. May be now.
  [[nodiscard]] std::optional<core::MonoTime> next_timer() const;

  /// Timers that are due become ready work. @param to not before now().
  void move_to(core::MonoTime to);

  /// Runs one piece of ready work: one message of an actor, or one task. False when there was none
  /// (but for actors that are held).
  bool run_one();

  /// This actor does not run before `until`, as if its thread had stopped: what it is sent waits.
  void hold(std::uint64_t actor, core::MonoTime until);

  /// Hears of every step right before it runs; may be empty.
  void before_step(std::function<void(const StepAbout&)> hook);

  /// The message of the actor that is about to run, for people. Only within the hook, and not for
  /// tasks.
  [[nodiscard]] std::string message() const;

  /// Drops the strand's tasks and timers.
  void forget_tasks();

  [[nodiscard]] std::uint64_t steps() const noexcept;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace tandem::one_thread
