/// Records folded at some point and a desk restored from them, for the tests of this folder.
#pragma once

#include "core/orders/fold.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tandem::tests {

inline const core::orders::EngineId engine{"test"};

/// Ten days after whatever the histories below hold.
inline core::risk::Now later() {
  return {core::MonoTime{1h}, core::WallTime{20'000 * 24h}};
}

/// What a run that begins with these records stands on.
struct Stand {
  explicit Stand(std::span<const core::orders::Record> records,
                 const core::risk::GateLimits& limited = {})
      : limits{limited}, restored{desk.restore(records, later())} {
    desk.with_gate([&](const core::risk::Gate& gate) { sums = gate.sums(); });
  }

  [[nodiscard]] std::map<std::string, core::orders::OrderState> unsettled() const {
    std::map<std::string, core::orders::OrderState> states;
    for (const auto& order : restored.unsettled)
      states[order->id().text() + " " + std::to_string(order->filled().units)] = order->state();
    return states;
  }

  [[nodiscard]] bool held(const std::string& strategy) {
    bool held = false;
    desk.with_gate([&](const core::risk::Gate& gate) {
      held = !gate.held(strategy, core::VenueId{"binance"}).empty();
    });
    return held;
  }

  static core::orders::DeskOptions options() {
    auto made = DeskWorld::options(9);
    made.settled_kept = 1'000'000;
    return made;
  }

  core::risk::GateLimits limits;
  SilentLog log;
  MemoryJournal journal;
  core::orders::Desk desk{options(), limits, journal, log};
  core::orders::Restored restored;
  core::risk::Sums sums;
};

/// As the desk writes on when all before `at` was folded: nothing more of orders that were over and
/// dropped there but fills, and these name their order.
inline std::vector<core::orders::Record> as_written(std::vector<core::orders::Record> records,
                                                    std::size_t at) {
  std::set<core::orders::ClientOrderId> known;
  for (const auto& record : core::orders::fold(std::span{records}.first(at), engine, at))
    if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record))
      known.insert(intent->intent.id);
  std::map<core::orders::ClientOrderId, core::orders::IntentRecord> folded;
  for (const auto& record : std::span{records}.first(at))
    if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record);
        intent != nullptr && !known.contains(intent->intent.id))
      folded.emplace(intent->intent.id, *intent);
  for (auto& record : std::span{records}.subspan(at))
    if (auto* fill = std::get_if<core::orders::FillRecord>(&record))
      if (const auto order = folded.find(fill->id); order != folded.end())
        fill->order = order->second;
  // No venue fills a week later what it has refused.
  std::set<core::orders::ClientOrderId> refused;
  for (const auto& record : std::span{records}.first(at))
    if (const auto* why = std::get_if<core::orders::RefusedRecord>(&record))
      refused.insert(why->id);
  std::size_t n = 0;
  std::erase_if(records, [&](const core::orders::Record& record) {
    if (n++ < at)
      return false;
    if (const auto* fill = std::get_if<core::orders::FillRecord>(&record))
      return fill->order && refused.contains(fill->id);
    return std::visit(
        [&](const auto& what) {
          if constexpr (requires { what.id; })
            return folded.contains(what.id);
          else
            return false;
        },
        record);
  });
  return records;
}

inline std::vector<core::orders::Record> folded_at(const std::vector<core::orders::Record>& records,
                                                   std::size_t at) {
  auto result = core::orders::fold(std::span{records}.first(at), engine, at);
  result.insert(result.end(), records.begin() + static_cast<std::ptrdiff_t>(at), records.end());
  return result;
}

} // namespace tandem::tests
