/// One pair's judgement: is there an opportunity, did it change, did it end, and may the pair be
/// trusted at all. Pure: books and time come in, events go out. Executing is somebody else's
/// decision.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/spread.hpp"
#include "core/types/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tandem::core::strategy {

enum class PairState : std::uint8_t {
  disabled, ///< by a person
  waiting,  ///< never yet seen both books live
  watching, ///< both books live, no opportunity
  open,     ///< an opportunity is open
  paused,   ///< a book it depends on may not be trusted; resumes by itself on fresh books on both
            ///< legs
};

[[nodiscard]] std::string_view to_string(PairState state) noexcept;

/// Why a pair is paused, and on which leg (1 or 2).
struct PairPause {
  market::BookCondition reason = market::BookCondition::down; ///< never live
  int leg = 1;

  friend bool operator==(const PairPause&, const PairPause&) = default;
};

enum class OpportunityPhase : std::uint8_t { opened, changed, ended };

[[nodiscard]] std::string_view to_string(OpportunityPhase phase) noexcept;

struct OpportunityEvent {
  std::uint64_t number = 0; ///< of this pair, counted from 1
  OpportunityPhase phase = OpportunityPhase::opened;
  Spread spread;            ///< at this event; when ended by a pause, the last good one
  Decimal net_percent_best; ///< the best seen while open
  UnixMillis venue_time
      = 0; ///< the later venue time of the two books that caused this event; 0 when no venue stamps
  MonoTime decided_at{};
  std::chrono::nanoseconds lifetime{0}; ///< from opened to ended by the local clock; 0 before
  std::chrono::milliseconds venue_lifetime{0}; ///< the same by the venues' stamps
};

struct PauseEvent {
  bool paused = false; ///< false = resumed
  PairPause why;
};

struct PairEvents {
  std::optional<PauseEvent> pause;
  std::optional<OpportunityEvent>
      ended; ///< comes before `opened_or_changed` (a direction flip ends one and opens another)
  std::optional<OpportunityEvent> opened_or_changed;

  [[nodiscard]] bool empty() const noexcept { return !pause && !ended && !opened_or_changed; }
};

struct PairCounters {
  std::uint64_t evaluations = 0, opportunities = 0, pauses = 0, too_thin = 0;
};

class PairWatch {
public:
  PairWatch(PairConfig config, SpreadFees fees);

  /// A book changed, or time passed (same views again: only ages count then).
  /// @param now never earlier than in the call before.
  [[nodiscard]] PairEvents evaluate(const market::DepthView& leg1, const market::DepthView& leg2,
                                    MonoTime now);

  /// Switched by a person. Disabling ends an open opportunity.
  [[nodiscard]] PairEvents set_enabled(bool enabled, MonoTime now);

  /// Quote notional already executed; caps sizes by total_amount.
  void set_executed(Decimal executed_amount) { executed_ = executed_amount; }

  [[nodiscard]] PairState state() const noexcept;
  [[nodiscard]] std::optional<PairPause> pause() const noexcept;
  [[nodiscard]] const PairCounters& counters() const noexcept;

  [[nodiscard]] const PairConfig& config() const noexcept { return config_; }

  /// Both ways as of the last evaluation, [0] = leg1_buy_leg2_sell; absent when not executable.
  /// Shown even when the rule excludes a way.
  [[nodiscard]] const std::array<std::optional<Spread>, 2>& spreads() const noexcept;

private:
  void on_untrusted(const market::DepthView& leg1, const market::DepthView& leg2,
                    const std::array<std::optional<market::BookCondition>, 2>& problems,
                    MonoTime now, PairEvents& events);
  [[nodiscard]] bool fresh(const market::DepthView& leg1,
                           const market::DepthView& leg2) const noexcept;
  void measure(const market::DepthView& leg1, const market::DepthView& leg2);
  /// The size that total_amount still allows; nullopt when it is used up.
  [[nodiscard]] std::optional<Decimal> affordable(Direction direction,
                                                  const market::DepthView& leg1,
                                                  const market::DepthView& leg2) const;
  void judge(MonoTime now, PairEvents& events);
  void end_open(MonoTime now, PairEvents& events);
  void stamp(OpportunityEvent& event, OpportunityPhase phase, MonoTime now) const;

  PairConfig config_;
  SpreadFees fees_;
  Decimal executed_;
  PairState state_ = PairState::waiting;
  std::optional<PairPause> pause_;
  /// Version of a leg's view when it was last seen untrusted during this pause: a newer one is
  /// fresh. Nullopt: it was fine all along.
  std::array<std::optional<std::uint64_t>, 2> bad_version_;
  std::array<std::optional<Spread>, 2> spreads_;
  std::optional<OpportunityEvent> open_;
  Spread published_; ///< of the open opportunity
  Decimal published_percent_;
  MonoTime opened_at_{};
  UnixMillis opened_venue_time_ = 0;
  UnixMillis venue_time_ = 0; ///< the latest seen on a live book
  PairCounters counters_;
};

} // namespace tandem::core::strategy
