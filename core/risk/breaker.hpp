/// A circuit breaker: counts what goes wrong in its scope (all, one venue, one pair) and trips on
/// the first limit that is passed. It pauses nothing itself: it says so, its actor acts. Its state
/// survives a restart by `Saved`.
///
///   closed --limit passed--> open --cool-down (or a person)--> trial --good trades--> closed
///                              ^------- one failure ------------'
#pragma once

#include "core/types/decimal.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::risk {

enum class BreakerState : std::uint8_t { closed, open, trial };
enum class BreakerAction : std::uint8_t { none, pause, resume };

/// What tripped it.
enum class BreakerCause : std::uint8_t {
  none,
  failures,   ///< in a row
  error_rate, ///< share of failed requests in the window
  loss,       ///< realised loss in the window
  drawdown,   ///< from the best profit of the day
  latency,    ///< order round trips above the limit, in a row
  stale_data, ///< book pauses in the window
  order_rate, ///< orders in the window
  reconcile,  ///< unexplained differences
  person,
};

[[nodiscard]] std::string_view to_string(BreakerState state) noexcept;
[[nodiscard]] std::string_view to_string(BreakerCause cause) noexcept;

/// Outcomes, and profits, remembered of one window. Beyond that the oldest outcome is dropped, and
/// the two oldest profits go on as one.
inline constexpr std::size_t breaker_entries_max = 10'000;

/// 0 or absent switches a cause off. Counts of what should not happen at all (failures, slow
/// answers, book pauses, differences) trip when they are reached; shares, sums and rates (errors,
/// loss, drawdown, orders) when they are passed. Something is within the window while it is younger
/// than the window is long.
struct BreakerLimits {
  std::uint32_t failures_max = 3;       ///< in a row
  std::uint32_t error_percent_max = 50; ///< of at least error_samples_min outcomes
  std::uint32_t error_samples_min = 10;
  std::chrono::milliseconds window{60'000};
  std::optional<Money> loss_max;     ///< quote units within `window`
  std::optional<Money> drawdown_max; ///< quote units from the day's best
  std::chrono::milliseconds latency_max{2'000};
  std::uint32_t latency_count = 5;
  std::uint32_t stale_max = 30;   ///< within `window`
  std::uint32_t orders_max = 600; ///< within `window`
  std::uint32_t differences_max = 1;
  std::chrono::milliseconds cooldown{30'000};
  bool manual_reset = false; ///< only a person ends an opening; no trial by itself
  std::uint32_t trial_successes = 1;
};

class Breaker {
public:
  /// What must survive a restart. Times are wall times: the monotonic clock does not.
  struct Saved {
    BreakerState state = BreakerState::closed;
    BreakerCause cause = BreakerCause::none;
    WallTime since{};
    std::uint64_t trips = 0;
    std::string detail;

    friend bool operator==(const Saved&, const Saved&) = default;
  };

  explicit Breaker(BreakerLimits limits);

  // Times never go back. Each answers what the caller must do next.
  BreakerAction on_trade(bool succeeded, MonoTime now, WallTime wall);
  BreakerAction on_request(bool succeeded, MonoTime now, WallTime wall);
  BreakerAction on_profit(Money realised_delta, MonoTime now, WallTime wall);
  BreakerAction on_round_trip(std::chrono::nanoseconds took, MonoTime now, WallTime wall);
  BreakerAction on_stale(MonoTime now, WallTime wall);
  BreakerAction on_orders(std::uint32_t count, MonoTime now, WallTime wall);
  BreakerAction on_difference(std::uint32_t rows, MonoTime now, WallTime wall);
  /// What a person opened only a person ends.
  BreakerAction trip(std::string_view person, MonoTime now, WallTime wall);
  /// A person: an open one goes on trial at once, one on trial closes.
  BreakerAction reset(MonoTime now, WallTime wall);
  BreakerAction on_tick(MonoTime now, WallTime wall);
  /// A day ended: drawdown begins anew. (So it does with each trial: what was lost before is what
  /// tripped it.)
  void on_new_day();

  [[nodiscard]] BreakerState state() const noexcept;
  [[nodiscard]] const Saved& saved() const noexcept;
  /// Goes on where a run before ended; an open one waits its whole cool-down again.
  [[nodiscard]] BreakerAction restore(const Saved& saved, MonoTime now);

private:
  struct Outcome {
    MonoTime at;
    bool failed = false;
  };

  struct Profit {
    MonoTime at;
    Money delta;
  };

  struct Orders {
    MonoTime at;
    std::uint32_t count = 0;
  };

  BreakerAction open(BreakerCause cause, std::string detail, MonoTime now, WallTime wall);
  BreakerAction begin_trial(WallTime wall);
  BreakerAction close(WallTime wall);
  void forget_counts();
  void forget_old(MonoTime now);

  BreakerLimits limits_;
  Saved saved_;
  MonoTime trial_at_{};               ///< while open
  std::uint32_t failures_ = 0;        ///< in a row
  std::uint32_t trial_successes_ = 0; ///< in this trial
  std::uint32_t slow_ = 0;            ///< in a row
  std::uint64_t differences_ = 0;     ///< since the last opening
  std::deque<Outcome> outcomes_;      ///< these four within the window
  std::deque<Profit> profits_;
  std::deque<MonoTime> stale_;
  std::deque<Orders> orders_;
  std::size_t failed_ = 0; ///< of the outcomes
  Money window_profit_;    ///< sum of the profits
  std::uint64_t orders_sum_ = 0;
  Money day_profit_, day_best_; ///< the best since the day or the last trial began
};

} // namespace tandem::core::risk
