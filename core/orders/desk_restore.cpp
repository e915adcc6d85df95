// The desk's way back from the journal.
#include "core/orders/desk.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::core::orders {
namespace {

/// What the gate needs of an instrument to count a fill; the list of the venue is not there yet.
std::shared_ptr<const Instrument> remembered(const IntentRecord& record) {
  Instrument instrument;
  instrument.key = record.intent.draft.instrument;
  instrument.base = record.base;
  instrument.quote = record.quote;
  instrument.scale = record.intent.draft.scale;
  return std::make_shared<const Instrument>(std::move(instrument));
}

void note_execution(const strategy::ExecutionState& execution, Restored& restored) {
  const auto [last, first] = restored.executions.try_emplace(execution.pair, execution);
  if (first || execution.number < last->second.number)
    return;
  if (execution.number > last->second.number)
    restored.totals[execution.pair].add(last->second);
  last->second = execution;
}

void note_plan(const PlanRecord& record, Restored& restored) {
  const auto& id = record.plan.id;
  if (record.deleted) {
    restored.plans.erase(id);
    restored.plans_deleted.insert(id);
  } else {
    restored.plans[id].plan = record.plan;
  }
}

} // namespace

void Desk::replay_intent(const IntentRecord& record, bool adopted,
                         const std::string& venue_order_id) {
  if (auto* known = entry_of(record.intent.id)) {
    known->order.widen(record.intent.draft.quantity); // adopted once more, with its real size
    return;
  }
  auto& entry = enter(Order{record.intent}, record.base.empty() ? nullptr : remembered(record));
  entry.adopted = adopted;
  if (!adopted)
    return;
  adopted_.insert(record.intent.id);
  entry.order.on_accepted(venue_order_id, 0);
}

void Desk::replay_fill(const FillRecord& record, const risk::Now& now) {
  if (auto* entry = entry_of(record.id)) {
    if (entry->order.on_fill(record.fill).filled_more)
      gate_.on_fill(entry->order.intent(), record.fill, entry->instrument, now);
    return;
  }
  if (!record.order)
    return;
  // The order is folded away: what it had filled before is in the sums.
  const auto& intent = record.order->intent;
  gate_.on_fill(intent, record.fill,
                record.order->base.empty() ? nullptr : remembered(*record.order), now);
  const auto& origin = intent.draft.origin;
  if (!origin.pair.empty() && origin.purpose != OrderPurpose::flatten)
    gate_.set_pause(origin.pair.text(), "residual",
                    "order " + record.id.text() + " of execution "
                        + std::to_string(origin.execution) + " filled late");
}

void Desk::replay_baseline(const BaselineRecord& record, Restored& restored) {
  if (!record.what.starts_with(accepted_order)) {
    restored.baselines.push_back(record);
    return;
  }
  if (auto* entry = entry_of(ClientOrderId{record.what.substr(accepted_order.size())}))
    entry->accepted = record.amount;
}

void Desk::replay(const Record& record, Restored& restored, const risk::Now& now) {
  const auto with = [&](const ClientOrderId& id, auto change) {
    if (auto* entry = entry_of(id))
      change(*entry);
  };
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, IntentRecord>) {
          replay_intent(what, false, {});
        } else if constexpr (std::is_same_v<What, AdoptedRecord>) {
          replay_intent(what.intent, true, what.venue_order_id);
        } else if constexpr (std::is_same_v<What, SentRecord>) {
          with(what.id, [&](Entry& entry) { entry.order.on_sent(now.mono); });
        } else if constexpr (std::is_same_v<What, AcceptedRecord>) {
          with(what.id, [&](Entry& entry) {
            entry.order.on_accepted(what.venue_order_id, what.venue_time);
          });
        } else if constexpr (std::is_same_v<What, RefusedRecord>) {
          with(what.id, [&](Entry& entry) {
            entry.order.on_refused({what.code, what.detail, {}});
          });
        } else if constexpr (std::is_same_v<What, UnknownRecord>) {
          with(what.id, [&](Entry& entry) {
            entry.order.on_no_answer({Errc::timed_out, what.detail, {}});
          });
        } else if constexpr (std::is_same_v<What, ReportRecord>) {
          with(what.id, [&](Entry& entry) { entry.order.on_report(what.report); });
        } else if constexpr (std::is_same_v<What, FillRecord>) {
          replay_fill(what, now);
        } else if constexpr (std::is_same_v<What, ResolvedRecord>) {
          with(what.id, [&](Entry& entry) { entry.order.on_decided(what.status, what.by); });
        } else if constexpr (std::is_same_v<What, ExecutionRecord>) {
          note_execution(what.execution, restored);
          if (strategy::is_over(what.execution.phase))
            restored.history.push_back(what.execution);
        } else if constexpr (std::is_same_v<What, BreakerRecord>) {
          restored.breakers[what.breaker] = what.saved;
        } else if constexpr (std::is_same_v<What, KillRecord>) {
          if (what.released)
            gate_.kills().release(what.order.level, what.order.scope);
          else
            gate_.kills().kill(what.order);
        } else if constexpr (std::is_same_v<What, RestatedRecord>) {
          gate_.restate_position(what.instrument, what.quantity);
        } else if constexpr (std::is_same_v<What, PausedRecord>) {
          gate_.set_pause(what.strategy, what.by, what.reason);
        } else if constexpr (std::is_same_v<What, BaselineRecord>) {
          replay_baseline(what, restored);
        } else if constexpr (std::is_same_v<What, CheckpointRecord>) {
          folded_through_ = parse_client_id(what.folded_through.text());
          gate_.set_sums(what.sums);
          restored.totals.clear();
          for (const auto& row : what.executions)
            restored.totals[row.pair] = {row.notional, row.profit};
        } else if constexpr (std::is_same_v<What, ExecutionsResetRecord>) {
          gate_.reset_executions(what.strategy, what.through);
        } else if constexpr (std::is_same_v<What, PlanRecord>) {
          note_plan(what, restored);
        } else if constexpr (std::is_same_v<What, PlanMovedRecord>) {
          if (const auto known = restored.plans.find(what.state.id); known != restored.plans.end())
            known->second.state = what.state;
        } else {
          static_assert(std::is_same_v<What, RunRecord>);
        }
      },
      record);
}

Restored Desk::restore(std::span<const Record> records, const risk::Now& now) {
  const std::lock_guard lock{mutex_};
  Restored restored;
  for (const auto& record : records)
    replay(record, restored, now);
  for (const auto& id :
       order_of_entry_) { // the gate counts executions in the order of their numbers
    auto& entry = *entry_of(id);
    auto& order = entry.order;
    const bool in_flight = order.state() == OrderState::intent || order.state() == OrderState::sent;
    if (in_flight) {
      // The crash may have come before or after the bytes: only the venue knows.
      order.on_sent(now.mono);
      order.on_no_answer({Errc::timed_out, "the engine was restarted", {}});
    }
    gate_.on_order(order);
    note_venue_id(order);
    entry.snapshot = std::make_shared<const Order>(order);
    entry.was_settled = order.settled();
    if (entry.was_settled)
      unsettled_.erase(id);
  }
  forget_old();
  restored.unsettled = unsettled();
  if (restored.history.size() > history_max)
    restored.history.erase(restored.history.begin(),
                           restored.history.end() - static_cast<std::ptrdiff_t>(history_max));
  return restored;
}

} // namespace tandem::core::orders
