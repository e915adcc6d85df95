/// Numbers everything by which one process of the engine touches the world outside, and ends it
/// before, within or after one of these operations. A dead process does nothing any more: whoever
/// acts for it asks here.
#pragma once

#include <cstdint>
#include <optional>

namespace tandem::world {

enum class Moment : std::uint8_t { before, within, after };

struct CrashPlan {
  std::uint64_t operation = 0; ///< from 1, of this process; 0 = none
  Moment moment = Moment::before;
};

class Operations {
public:
  explicit Operations(CrashPlan plan) noexcept : plan_{plan} {}

  /// The next operation is about to happen. Nullopt: it is not the one.
  [[nodiscard]] std::optional<Moment> arrive() noexcept {
    return ++count_ == plan_.operation ? std::optional{plan_.moment} : std::nullopt;
  }

  /// Performs it as far as the process lives.
  template <class Work>
  void pass(Work&& work) {
    if (dead_)
      return;
    const auto fate = arrive();
    if (fate == Moment::before) {
      dead_ = true;
      return;
    }
    work();
    if (fate)
      dead_ = true;
  }

  void die() noexcept { dead_ = true; }

  /// Another one from now on: the `plan.operation`-th from here.
  void plan(CrashPlan plan) noexcept {
    plan_ = plan;
    plan_.operation += plan.operation == 0 ? 0 : count_;
  }

  [[nodiscard]] bool dead() const noexcept { return dead_; }

private:
  CrashPlan plan_;
  std::uint64_t count_ = 0;
  bool dead_ = false;
};

} // namespace tandem::world
