/// A pair's hands: drives one execution at a time (two_leg.hpp) through the desk, writes every
/// state into the journal before it acts on it, and says what moved. Pure but for the desk; its
/// owner tells it of books, orders and time.
#pragma once

#include "core/orders/desk.hpp"
#include "core/risk/gate.hpp"
#include "core/strategy/execution_book.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/two_leg.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tandem::core::strategy {

struct ExecutorLimits {
  TwoLegLimits legs;
  /// From the end of one execution to the next automatic one.
  std::chrono::milliseconds gap{1'000};
  /// After a refusal by the gate; doubled up to `refusal_gap_max` while refusals follow each other.
  std::chrono::milliseconds refusal_gap{500};
  std::chrono::milliseconds refusal_gap_max{30'000};
};

/// What a call brought.
struct ExecutorNews {
  std::vector<ExecutionState> moved;      ///< states as they were written down, oldest first
  std::optional<ExecutionState> finished; ///< the execution ended (again, after a late fill)
  /// One before the last, which was over, got a fill: the pair is paused as by a stranded one.
  std::optional<ExecutionState> stranded_late;
  std::optional<risk::Refusal> refusal; ///< the gate said no to its first orders
};

class Executor {
public:
  /// @param desk,book outlive it.
  Executor(PairConfig pair, ExecutorLimits limits, orders::Desk& desk, ExecutionBook& book);

  /// Takes up what a predecessor (of this run or of one before) left unfinished. A fill that came
  /// for an earlier execution while nobody listened pauses the pair.
  ExecutorNews resume(const risk::Now& now);

  [[nodiscard]] bool idle() const noexcept;

  /// An automatic execution may begin: idle and the gap is over.
  [[nodiscard]] bool ready(MonoTime now) const noexcept { return idle() && now >= next_at_; }

  /// @param spread what to take. @param person empty = automatic. @param opportunity the number
  /// that the spread was published under.
  ExecutorNews execute(const Spread& spread, const LegBooks& books, std::string person,
                       const risk::Now& now, std::uint64_t opportunity = 0);
  /// Orders of other pairs are ignored.
  ExecutorNews on_order(const orders::Order& order, const LegBooks& books, const risk::Now& now);
  ExecutorNews on_tick(const LegBooks& books, const risk::Now& now);

private:
  [[nodiscard]] Decimal carried() const;
  void look_back(const orders::Order& order, const risk::Now& now, ExecutorNews& news);
  [[nodiscard]] std::optional<ExecutionState> moved_since(const ExecutionState& known,
                                                          std::vector<orders::Order> orders,
                                                          bool filled, MonoTime now) const;
  void strand(const ExecutionState& state, const risk::Now& now, ExecutorNews& news);
  void perform(std::vector<TwoLegAction> actions, const LegBooks& books, const risk::Now& now,
               ExecutorNews& news);
  void note(ExecutorNews& news);
  void place(const PlaceOrders& request, const LegBooks& books, const risk::Now& now,
             ExecutorNews& news);
  void finish(const risk::Now& now, ExecutorNews& news);
  void pause_stranded(const std::vector<TwoLegAction>& actions, const risk::Now& now);

  PairConfig pair_;
  ExecutorLimits limits_;
  orders::Desk& desk_;
  ExecutionBook& book_;
  std::optional<TwoLeg> run_; ///< stays after its end: a late fill may open it again
  ExecutionState noted_;      ///< as last written down
  MonoTime next_at_{};
  std::chrono::milliseconds refusal_wait_;
};

} // namespace tandem::core::strategy
