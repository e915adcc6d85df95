/// One pair's judgement: is there an opportunity, did it change, did it end, and may the pair be
/// trusted at all. Pure: books and time come in, events go out. Executing is somebody else's
/// decision.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/spread.hpp"
#include "core/types/time.hpp"

#include <algorithm>
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
  std::uint64_t number = 0; ///< of this pair, larger than any of before
  OpportunityPhase phase = OpportunityPhase::opened;
  /// At this event; when it ended because nothing could be measured any more, the last good one.
  Spread spread;
  Decimal net_percent_best; ///< the best seen while open
  /// The later stamp of the two books last trusted; 0 when no venue stamps.
  UnixMillis venue_time = 0;
  MonoTime decided_at{};
  std::chrono::nanoseconds lifetime{0}; ///< from opened to ended by the local clock; 0 before
  /// The same by the venues' stamps; 0 when either end has none, or they run backwards.
  std::chrono::milliseconds venue_lifetime{0};
};

struct PauseEvent {
  bool paused = false; ///< false = resumed
  PairPause why;
};

struct PairEvents {
  std::optional<PauseEvent> pause;
  /// Comes before `opened_or_changed`: a direction flip ends one and opens another.
  std::optional<OpportunityEvent> ended;
  std::optional<OpportunityEvent> opened_or_changed;

  [[nodiscard]] bool empty() const noexcept { return !pause && !ended && !opened_or_changed; }
};

struct PairCounters {
  std::uint64_t evaluations = 0;
  std::uint64_t opportunities = 0;
  std::uint64_t pauses = 0;
  std::uint64_t too_thin = 0; ///< evaluations in which an executable size met too little depth
};

/// waiting --both legs good--> watching <--> open
///                              |  ^         |
///                     leg lost v  | fresh   v leg lost
///                             paused <------'
/// A leg is good when its book is live, was received at most book_age_max ago, and its instrument
/// is known and trading (else the reason is `down`).
///
/// A pause ends when both legs are good and fresh. A leg that was lost at any time since the pause
/// began is fresh again with a view that is another one than it was lost with and was received
/// after the loss: the same levels called live again are not enough. (Another, not a later one: a
/// restarted feed counts its versions anew.) A leg that was never lost is
/// fresh as it is, however quiet its symbol, unless it was synchronised anew in between; then it
/// needs a view received after the pause began, too.
class PairWatch {
public:
  PairWatch(PairConfig config, SpreadFees fees);

  /// A book changed, or time passed (same views again: only ages count then). Does not allocate.
  /// @param now never earlier than in the call before.
  [[nodiscard]] PairEvents evaluate(const market::DepthView& leg1, const market::DepthView& leg2,
                                    MonoTime now);

  /// Switched by a person. Disabling ends an open opportunity, and a pause without an event of its
  /// own; enabling begins with `waiting`.
  [[nodiscard]] PairEvents set_enabled(bool enabled, MonoTime now);

  /// What the account really pays at each leg, where the venue has told it: spreads are measured
  /// with it from the next evaluation on, except where the pair's options name a rate of their own.
  void set_account_fees(std::optional<FeeRate> leg1, std::optional<FeeRate> leg2) noexcept;

  /// Quote notional already executed; caps sizes by total_amount from the next evaluation on.
  void set_executed(Decimal executed_amount) { executed_ = executed_amount; }

  [[nodiscard]] PairState state() const noexcept;

  /// What holds the pair: the reason it began with, until that leg is good while the other is not.
  [[nodiscard]] std::optional<PairPause> pause() const noexcept;
  [[nodiscard]] const PairCounters& counters() const noexcept;

  [[nodiscard]] const PairConfig& config() const noexcept { return config_; }

  /// The open opportunity as of the last evaluation: what an execution would take. Null when none
  /// is open.
  [[nodiscard]] const Spread* paying() const noexcept { return open_ ? &open_->spread : nullptr; }

  /// Of the open opportunity; 0: none is open.
  [[nodiscard]] std::uint64_t opportunity() const noexcept { return open_ ? open_->number : 0; }

  /// The next opportunity's number comes after this one: an execution of before a restart keeps its
  /// opportunity's number for itself.
  void number_after(std::uint64_t last) noexcept { last_number_ = std::max(last_number_, last); }

  /// Both ways as of the last evaluation, [0] = leg1_buy_leg2_sell; absent when not executable or
  /// the books are not to be trusted. Shown even when the rule excludes a way.
  [[nodiscard]] const std::array<std::optional<Spread>, 2>& spreads() const noexcept;

private:
  using Legs = std::array<const market::DepthView*, 2>;
  using Problems = std::array<std::optional<market::BookCondition>, 2>;

  /// One leg during a pause.
  struct LegPause {
    bool good = true;             ///< when last looked at
    bool lost = false;            ///< at any time since the pause began
    MonoTime since{};             ///< when last lost; the begin of the pause when never
    std::uint64_t version = 0;    ///< last one not to be trusted; that at the begin when never lost
    std::uint32_t generation = 0; ///< at the begin
  };

  void begin_pause(const Legs& legs, const Problems& problems, MonoTime now, PairEvents& events);
  void follow_pause(const Legs& legs, const Problems& problems, MonoTime now);
  [[nodiscard]] bool fresh(const Legs& legs) const noexcept;
  void measure(const Legs& legs);
  [[nodiscard]] const Spread* best_way() const noexcept;
  void judge(MonoTime now, PairEvents& events);
  void open(const Spread& spread, MonoTime now, PairEvents& events);
  void keep_open(const Spread& spread, MonoTime now, PairEvents& events);
  void end_open(MonoTime now, PairEvents& events);

  PairConfig config_;
  SpreadFees fees_;
  Decimal executed_;
  PairState state_ = PairState::waiting;
  std::optional<PairPause> pause_;
  std::array<LegPause, 2> leg_pauses_;
  std::array<std::optional<Spread>, 2> spreads_;
  UnixMillis venue_time_ = 0; ///< later stamp of the two books when both were last good
  std::optional<OpportunityEvent> open_;
  Spread published_; ///< of the open opportunity
  Decimal published_percent_;
  MonoTime opened_at_{};
  UnixMillis opened_venue_time_ = 0;
  PairCounters counters_;
  std::uint64_t last_number_ = 0; ///< of an opportunity
};

} // namespace tandem::core::strategy
