#include "core/twap/runner.hpp"

#include <utility>
#include <vector>

namespace tandem::core::twap {
namespace {

PlanRun taken_up(KnownPlan known, const orders::Desk& desk, const risk::Now& now) {
  if (!known.state)
    return {std::move(known.plan), now};
  auto orders = desk.of_plan(known.plan.id);
  return PlanRun::restore(std::move(known.plan), *std::move(known.state), std::move(orders), now);
}

} // namespace

PlanRunner::PlanRunner(KnownPlan known, orders::Desk& desk, PlanBook& book, const risk::Now& now)
    : desk_{desk}, book_{book}, run_{taken_up(std::move(known), desk, now)} {
  introduce();
}

/// What the gate must know of this plan: its parent quantity is a limit outside of the algorithm.
void PlanRunner::introduce() {
  const auto& plan = run_.plan();
  desk_.with_gate([&](risk::Gate& gate) {
    for (const auto& leg : plan.legs)
      gate.introduce(leg.instrument);
    risk::StrategyLimits limits;
    limits.parent_quantity = plan.total_quantity;
    limits.slippage_percent = plan.options.slippage_percent;
    gate.set_strategy(plan.id.text(), std::move(limits));
  });
}

PlanNews PlanRunner::on_tick(const PlanFacts& facts, const risk::Now& now) {
  PlanNews news;
  perform(run_.on_tick(facts, now), facts, now, news);
  return news;
}

PlanNews PlanRunner::on_order(const orders::Order& order, const PlanFacts& facts,
                              const risk::Now& now) {
  PlanNews news;
  perform(run_.on_order(order, facts, now), facts, now, news);
  return news;
}

Status PlanRunner::noted(Status status) {
  if (status)
    note();
  return status;
}

Status PlanRunner::pause(std::string person) {
  return noted(run_.pause(std::move(person)));
}

Status PlanRunner::resume() {
  return noted(run_.resume());
}

Status PlanRunner::cancel(std::string person) {
  return noted(run_.cancel(std::move(person)));
}

Status PlanRunner::change(PlanConfig plan, const std::string& person, const risk::Now& now) {
  if (auto status = run_.change(std::move(plan), now); !status)
    return status;
  book_.put(run_.plan());
  desk_.record(orders::PlanRecord{run_.plan(), false, person, to_millis(now.wall)}, {});
  note();
  introduce();
  return {};
}

/// Written down before anything follows from it.
void PlanRunner::note() {
  book_.put(run_.state());
  desk_.record(orders::PlanMovedRecord{run_.state()}, {});
  run_.noted();
}

void PlanRunner::submit(std::span<const orders::OrderDraft> drafts, const PlanFacts& facts,
                        const risk::Now& now, PlanNews& news) {
  std::vector<risk::MarketFacts> books;
  for (const auto& draft : drafts) {
    const auto* book = facts.legs.at(draft.origin.leg - 1U).book;
    books.push_back(book == nullptr ? risk::MarketFacts{} : risk::facts_of(*book));
  }
  const auto ids = desk_.submit(drafts, books, now);
  if (!ids) {
    run_.on_refusal(ids.error(), drafts.size(), now);
    news.refusal = ids.error();
    return;
  }
  run_.on_placed(*ids, now);
  note();
}

void PlanRunner::perform(PlanStep step, const PlanFacts& facts, const risk::Now& now,
                         PlanNews& news) {
  news.moved = step.moved;
  news.finished = step.finished;
  if (step.moved)
    note();
  for (const auto& id : step.cancels)
    (void)desk_.cancel(id, now); // already over is no failure here: its end is on the way
  const std::span<const orders::OrderDraft> drafts{step.drafts};
  if (step.together && !drafts.empty())
    submit(drafts, facts, now, news);
  else
    for (std::size_t n = 0; n < drafts.size(); ++n)
      submit(drafts.subspan(n, 1), facts, now, news);
}

} // namespace tandem::core::twap
