/// A plan's hands: drives its machine (run.hpp) through the desk and writes every state into the
/// journal before it acts on it. Pure but for the desk; its owner tells it of books, orders and
/// time.
#pragma once

#include "core/orders/desk.hpp"
#include "core/result.hpp"
#include "core/risk/gate.hpp"
#include "core/twap/plan.hpp"
#include "core/twap/plan_book.hpp"
#include "core/twap/run.hpp"

#include <optional>
#include <string>

namespace tandem::core::twap {

/// What a call brought.
struct PlanNews {
  bool moved = false;    ///< the state was written down anew
  bool finished = false; ///< and is final now
  std::optional<risk::Refusal> refusal;
};

/// What plans trade with; outlives their actors.
struct PlanTrading {
  orders::Desk* desk = nullptr;
  PlanBook* book = nullptr;
};

class PlanRunner {
public:
  /// Takes up the plan where the book has it. @param known from `book`. @param desk,book outlive
  /// it.
  PlanRunner(KnownPlan known, orders::Desk& desk, PlanBook& book, const risk::Now& now);

  PlanNews on_tick(const PlanFacts& facts, const risk::Now& now);
  /// Orders of others are ignored.
  PlanNews on_order(const orders::Order& order, const PlanFacts& facts, const risk::Now& now);

  // A person; errors as PlanRun. What follows from it follows on the next tick.
  Status pause(std::string person);
  Status resume();
  Status cancel(std::string person);
  Status change(PlanConfig plan, const std::string& person, const risk::Now& now);

  [[nodiscard]] const PlanRun& run() const noexcept { return run_; }

private:
  void introduce();
  Status noted(Status status);
  void note();
  void perform(PlanStep step, const PlanFacts& facts, const risk::Now& now, PlanNews& news);
  void submit(std::span<const orders::OrderDraft> drafts, const PlanFacts& facts,
              const risk::Now& now, PlanNews& news);

  orders::Desk& desk_;
  PlanBook& book_;
  PlanRun run_;
};

} // namespace tandem::core::twap
