/// The supervision rule as a pure decision: which children to stop and start when one ends, and
/// when to give up. Follows OTP: more than restarts_max restarts within the window stop the whole
/// group and escalate.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace tandem::core::supervision {

enum class Strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };
/// transient: restarted only after an abnormal end; temporary: never.
enum class Permanence : std::uint8_t { permanent, transient, temporary };

[[nodiscard]] std::string_view to_string(Strategy strategy) noexcept;

struct Intensity {
  std::size_t restarts_max = 1;   ///< MaxR
  std::chrono::seconds within{5}; ///< MaxT
};

enum class Verdict : std::uint8_t {
  leave,    ///< the child stays gone
  restart,  ///< stop `stop` (in that order), then start `start` (in that order)
  escalate, ///< stop everything, then the supervisor itself ends
};

struct Decision {
  Verdict verdict = Verdict::leave;
  std::vector<std::size_t> stop;  ///< indices of still running children, last started first
  std::vector<std::size_t> start; ///< indices, in start order, the one that ended among them
};

/// Children are known by index in start order. Not a clock, not an actor.
///
/// As in OTP: a restart counts while `within` has not passed since, its last moment included; a
/// restart is one however many siblings it concerns; one_for_all starts all, rest_for_one the
/// failed one and all later ones, whether they still ran or had ended on purpose, but for temporary
/// ones: those are stopped and stay gone.
class RestartPolicy {
public:
  RestartPolicy(Strategy strategy, Intensity intensity) noexcept
      : strategy_{strategy}, intensity_{intensity} {}

  /// @param child index of the one that ended. @param children permanence of all, in start order.
  /// @param running whether each still runs (the ended one: false). @param abnormal it did not end
  /// on purpose.
  /// @param now never earlier than in the call before.
  [[nodiscard]] Decision on_exit(std::size_t child, const std::vector<Permanence>& children,
                                 const std::vector<bool>& running, bool abnormal, MonoTime now);

  /// Which children start again when this one is restarted on purpose, in start order, it among
  /// them. Counts nothing.
  [[nodiscard]] std::vector<std::size_t>
  restarted_with(std::size_t child, const std::vector<Permanence>& children) const;

  /// Restarts counted within the window that ends now.
  [[nodiscard]] std::size_t recent(MonoTime now) const noexcept;

  [[nodiscard]] const Intensity& intensity() const noexcept { return intensity_; }

  [[nodiscard]] Strategy strategy() const noexcept { return strategy_; }

private:
  [[nodiscard]] bool concerns(std::size_t child, std::size_t other) const noexcept;

  Strategy strategy_;
  Intensity intensity_;
  std::deque<MonoTime> restarts_;
};

} // namespace tandem::core::supervision
