#include "core/orders/fold.hpp"

#include "core/orders/desk.hpp"
#include "core/orders/no_journal.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::core::orders {
namespace {

class NoLog final : public Log {
public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

/// The order that a record is about; null when it is about none.
const ClientOrderId* order_of(const Record& record) noexcept {
  return std::visit(
      [](const auto& what) -> const ClientOrderId* {
        using What = std::decay_t<decltype(what)>;
        if constexpr (requires { what.id; })
          return &what.id;
        else if constexpr (std::is_same_v<What, IntentRecord>)
          return &what.intent.id;
        else if constexpr (std::is_same_v<What, AdoptedRecord>)
          return &what.intent.intent.id;
        else
          return nullptr;
      },
      record);
}

/// Records of which only the last one of the same key matters; nullopt for others.
std::optional<std::string> replaceable(const Record& record) {
  if (std::holds_alternative<RunRecord>(record))
    return "run";
  if (const auto* breaker = std::get_if<BreakerRecord>(&record))
    return "breaker " + breaker->breaker;
  if (const auto* paused = std::get_if<PausedRecord>(&record))
    return "pause " + paused->strategy + " " + paused->by;
  if (const auto* baseline = std::get_if<BaselineRecord>(&record))
    return "baseline " + to_string(baseline->market) + " " + baseline->what;
  if (const auto* plan = std::get_if<PlanRecord>(&record))
    return "plan " + plan->plan.id.text();
  return std::nullopt;
}

bool is_resumption(const Record& record) {
  const auto* paused = std::get_if<PausedRecord>(&record);
  return paused != nullptr && paused->reason.empty();
}

/// The plan's state, as it was last written down, has all of this order. The latest one of a leg
/// may have moved since.
bool is_counted(const Order& order, const twap::KnownPlan& known) {
  const auto leg = order.intent().draft.origin.leg;
  return known.state && leg >= 1 && leg <= twap::legs_max
         && order.id() < known.state->legs[leg - 1U].last_order;
}

/// Orders whose records stay.
std::set<ClientOrderId> kept_orders(const Desk& desk, const Restored& restored) {
  std::set<ClientOrderId> kept;
  for (const auto& order : restored.unsettled)
    kept.insert(order->id());
  for (const auto& adopted : desk.unaccepted(nullptr))
    kept.insert(adopted.id);
  for (const auto& [pair, execution] : restored.executions)
    for (const auto& leg : execution.legs)
      kept.insert(leg.ids.begin(), leg.ids.end());
  for (const auto& [id, known] : restored.plans)
    for (const auto& order : desk.of_plan(id))
      if (!is_counted(order, known))
        kept.insert(order.id());
  return kept;
}

/// The orders whose records are dropped, those of an earlier folding among them.
struct Folded {
  std::optional<ClientIdParts> through;
  std::set<ClientOrderId> orders;
  std::uint64_t earlier = 0;

  void add(const ClientOrderId& id) {
    if (const auto parts = parse_client_id(id.text()))
      through = std::max(through, parts); // none is less than any
  }
};

} // namespace

std::vector<Record> fold(std::span<const Record> records, const EngineId& engine,
                         std::uint64_t through) {
  NoJournal journal;
  NoLog log;
  DeskOptions options;
  options.engine = engine;
  options.settled_kept = records.size(); // all: their end must be known
  Desk desk{std::move(options), {}, journal, log};
  const auto restored = desk.restore(records, {});

  const auto kept = kept_orders(desk, restored);
  std::map<std::string, std::size_t> last;
  for (std::size_t n = 0; n < records.size(); ++n)
    if (auto key = replaceable(records[n]))
      last[*std::move(key)] = n;

  std::vector<Record> result;
  Folded folded;
  for (std::size_t n = 0; n < records.size(); ++n) {
    const auto& record = records[n];
    if (const auto* id = order_of(record)) {
      if (kept.contains(*id))
        result.push_back(record);
      else if (folded.orders.insert(*id).second)
        folded.add(*id);
    } else if (const auto key = replaceable(record)) {
      if (last[*key] == n && !is_resumption(record))
        result.push_back(record);
    } else if (const auto* checkpoint = std::get_if<CheckpointRecord>(&record)) {
      folded.earlier = checkpoint->orders_folded;
      folded.add(checkpoint->folded_through);
    }
  }
  for (const auto& [pair, execution] : restored.executions)
    result.emplace_back(ExecutionRecord{execution});
  for (const auto& [id, known] : restored.plans)
    if (known.state)
      result.emplace_back(PlanMovedRecord{*known.state});
  for (const auto& thrown : desk.kills())
    result.emplace_back(KillRecord{thrown, false});

  CheckpointRecord checkpoint;
  checkpoint.through = through;
  if (folded.through)
    checkpoint.folded_through = make_client_id(*folded.through);
  checkpoint.orders_folded = folded.earlier + folded.orders.size();
  desk.with_gate([&](const risk::Gate& gate) { checkpoint.sums = gate.sums(); });
  for (const auto& [pair, totals] : restored.totals)
    checkpoint.executions.push_back({pair, totals.notional, totals.profit});
  result.emplace_back(std::move(checkpoint));
  return result;
}

UnixMillis time_of(const Record& record) noexcept {
  return std::visit(
      [](const auto& what) -> UnixMillis {
        using What = std::decay_t<decltype(what)>;
        if constexpr (requires { what.ts; })
          return what.ts;
        else if constexpr (std::is_same_v<What, IntentRecord>)
          return what.intent.created_at;
        else if constexpr (std::is_same_v<What, KillRecord>)
          return what.order.ts;
        else if constexpr (std::is_same_v<What, ExecutionRecord>)
          return std::max(what.execution.started_at, what.execution.ended_at);
        else if constexpr (std::is_same_v<What, PlanMovedRecord>)
          return std::max(what.state.last_execution_at, what.state.ended_at);
        else
          return 0;
      },
      record);
}

} // namespace tandem::core::orders
