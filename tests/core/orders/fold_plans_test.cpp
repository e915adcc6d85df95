// What folding keeps of TWAP plans and of a person's resets, and that a restart from it goes on
// where it would with all records.
#include "core/twap/run.hpp"
#include "tests/core/orders/folding.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tandem::tests {
namespace {

using namespace core::orders;
using core::Money;
using core::UnixMillis;
using core::twap::KnownPlan;
using core::twap::PlanConfig;
using core::twap::PlanId;
using core::twap::PlanPhase;
using core::twap::PlanState;

ClientOrderId id_of(std::uint64_t n) {
  return make_client_id({engine, 1 + n / 50, n});
}

PlanConfig plan_of(const std::string& id, std::string_view total = "2") {
  PlanConfig plan;
  plan.id = PlanId{id};
  plan.name = id;
  plan.total_quantity = decimal(total);
  plan.slice_quantity = decimal("0.1");
  plan.interval = 1s;
  plan.legs.resize(2);
  plan.legs[0].instrument = Gated::key("binance");
  plan.legs[1].instrument = Gated::key("bybit");
  plan.legs[1].side = Side::sell;
  return plan;
}

/// @param last the newest order that it counts, of leg 1 and of leg 2; 0 = none yet.
PlanState state_of(const std::string& id, std::uint64_t last1, std::uint64_t last2 = 0,
                   std::uint32_t released = 1) {
  PlanState state;
  state.id = PlanId{id};
  state.phase = PlanPhase::running;
  state.started_at = 1;
  state.next_slice = released;
  if (last1 != 0)
    state.legs[0].last_order = id_of(last1);
  if (last2 != 0)
    state.legs[1].last_order = id_of(last2);
  return state;
}

IntentRecord order_of(std::uint64_t n, const std::string& plan, std::uint8_t leg) {
  IntentRecord record;
  record.intent.id = id_of(n);
  record.intent.created_at = static_cast<UnixMillis>(n);
  auto& draft = record.intent.draft;
  draft.instrument = Gated::key(leg == 2 ? "bybit" : "binance");
  draft.side = leg == 2 ? Side::sell : Side::buy;
  draft.scale = cents;
  draft.price = {100'00};
  draft.quantity = {5};
  draft.origin.plan = plan;
  draft.origin.execution = n;
  draft.origin.leg = leg;
  draft.origin.purpose = OrderPurpose::slice;
  record.base = "BTC";
  record.quote = "USDT";
  return record;
}

FillRecord fill_of(std::uint64_t n, std::int64_t quantity) {
  static std::uint64_t trades = 0;
  Fill fill;
  fill.trade_id = "fold" + std::to_string(++trades);
  fill.price = {100'00};
  fill.quantity = {quantity};
  fill.fee_asset = "USDT";
  fill.venue_time = 9;
  return {id_of(n), fill};
}

/// The order, filled whole and over.
void add_filled(std::vector<Record>& records, std::uint64_t n, const std::string& plan,
                std::uint8_t leg) {
  records.emplace_back(order_of(n, plan, leg));
  records.emplace_back(SentRecord{id_of(n), 1});
  records.emplace_back(fill_of(n, 5));
  records.emplace_back(
      ReportRecord{id_of(n), {"v", VenueStatus::filled, core::Quantity{5}, {}, 7}});
}

std::vector<Record> fold_all(const std::vector<Record>& records) {
  return fold(records, engine, records.size());
}

/// The numbers of the orders whose records are there.
std::vector<std::uint64_t> orders_in(const std::vector<Record>& records) {
  std::vector<std::uint64_t> numbers;
  for (const auto& record : records)
    if (const auto* intent = std::get_if<IntentRecord>(&record))
      numbers.push_back(static_cast<std::uint64_t>(intent->intent.created_at));
  return numbers;
}

template <class What>
std::size_t count_of(const std::vector<Record>& records) {
  return static_cast<std::size_t>(std::ranges::count_if(
      records, [](const Record& record) { return std::holds_alternative<What>(record); }));
}

using Numbers = std::vector<std::uint64_t>;

/// Executions that count against executions_max after a start from these records.
std::uint64_t executions_after(std::span<const Record> records, const std::string& plan = "a") {
  core::risk::GateLimits limits;
  limits.executions_max = 1;
  Stand stand{records, limits};
  DeskWorld::open(stand.desk, "binance");
  Gated gated;
  auto next = order_of(1'000, plan, 1).intent;
  std::uint64_t count = 0;
  stand.desk.with_gate([&](core::risk::Gate& gate) {
    for (const auto& refusal : gate.objections(next, gated.facts(Gated::key()), gated.now))
      if (refusal.rule == core::risk::Rule::executions_max)
        count = std::stoull(refusal.value) - 1;
  });
  return count;
}

} // namespace

TEST_CASE("folding keeps each plan as it was last written, and how far it came") {
  std::vector<Record> records{
      PlanRecord{plan_of("a"), false, "ann", 1}, PlanRecord{plan_of("b"), false, {}, 2},
      PlanMovedRecord{state_of("a", 0)},         PlanRecord{plan_of("a", "3"), false, "bob", 3},
      PlanMovedRecord{state_of("a", 0, 0, 2)},   PlanMovedRecord{state_of("a", 0, 0, 3)}};
  const auto folded = fold_all(records);
  CHECK(count_of<PlanRecord>(folded) == 2);
  CHECK(count_of<PlanMovedRecord>(folded) == 1);
  CHECK(std::ranges::find(folded, Record{records[3]}) != folded.end()); // with its person and time
  const Stand stand{folded};
  CHECK(stand.restored.plans
        == std::map<PlanId, KnownPlan>{
            {PlanId{"a"}, {plan_of("a", "3"), state_of("a", 0, 0, 3)}},
            {PlanId{"b"}, {plan_of("b"), std::nullopt}},
        });
  CHECK(stand.restored.plans == Stand{records}.restored.plans);
  CHECK(stand.restored.plans_deleted.empty());
  CHECK(std::holds_alternative<CheckpointRecord>(folded.back()));
}

TEST_CASE("settled orders that a plan's state has are dropped, the others stay") {
  std::vector<Record> records{PlanRecord{plan_of("a"), false, {}, 1}};
  for (std::uint64_t n = 1; n <= 4; ++n)
    add_filled(records, n, "a", 1);
  SUBCASE("the latest that it counts stays: it may have moved since") {
    records.emplace_back(PlanMovedRecord{state_of("a", 3)});
    const auto folded = fold_all(records);
    CHECK(orders_in(folded) == Numbers{3, 4});
    const auto& checkpoint = std::get<CheckpointRecord>(folded.back());
    CHECK(checkpoint.orders_folded == 2);
    CHECK(checkpoint.folded_through == id_of(2));
  }
  SUBCASE("without a state none is counted") {
    CHECK(orders_in(fold_all(records)) == Numbers{1, 2, 3, 4});
  }
  SUBCASE("each leg by its own order") {
    add_filled(records, 5, "a", 2);
    add_filled(records, 6, "a", 2);
    records.emplace_back(PlanMovedRecord{state_of("a", 4, 5)});
    CHECK(orders_in(fold_all(records)) == Numbers{4, 5, 6});
  }
  SUBCASE("one that is not settled stays, however old") {
    records.erase(records.begin() + 3, records.begin() + 5); // the fill and the end of order 1
    records.emplace_back(PlanMovedRecord{state_of("a", 4)});
    CHECK(orders_in(fold_all(records)) == Numbers{1, 4});
  }
  SUBCASE("one that belongs to no leg stays") {
    add_filled(records, 5, "a", 0);
    records.emplace_back(PlanMovedRecord{state_of("a", 6)});
    CHECK(orders_in(fold_all(records)) == Numbers{5});
  }
  SUBCASE("another plan's state counts none of them") {
    records.emplace_back(PlanRecord{plan_of("b"), false, {}, 1});
    records.emplace_back(PlanMovedRecord{state_of("b", 9, 9)});
    CHECK(orders_in(fold_all(records)) == Numbers{1, 2, 3, 4});
  }
  SUBCASE("of an ended plan too") {
    auto state = state_of("a", 4);
    state.phase = PlanPhase::completed;
    records.emplace_back(PlanMovedRecord{state});
    const auto folded = fold_all(records);
    CHECK(orders_in(folded) == Numbers{4});
    CHECK(Stand{folded}.restored.plans.at(PlanId{"a"}).state == state);
  }
  SUBCASE("and what they traded goes on counting against the plan's quantity") {
    records.emplace_back(PlanMovedRecord{state_of("a", 4)});
    Stand stand{fold_all(records)};
    REQUIRE(stand.sums.strategies.size() == 1);
    CHECK(stand.sums.strategies[0].strategy == "a");
    CHECK(stand.sums.strategies[0].holdings.at(0).traded == money("0.02"));
    CHECK(stand.sums == Stand{records}.sums);
  }
}

TEST_CASE("of a deleted plan the id stays, and nothing else") {
  std::vector<Record> records{PlanRecord{plan_of("a"), false, {}, 1}};
  add_filled(records, 1, "a", 1);
  records.emplace_back(PlanMovedRecord{state_of("a", 1)});
  records.emplace_back(PlanRecord{plan_of("a"), true, "ann", 2});
  records.emplace_back(PlanMovedRecord{state_of("a", 1, 0, 7)}); // of an actor that had not heard
  auto folded = fold_all(records);
  CHECK(orders_in(folded).empty());
  CHECK(count_of<PlanMovedRecord>(folded) == 0);
  for (int again = 0; again < 2; ++again) {
    const Stand stand{folded};
    CHECK(stand.restored.plans.empty());
    CHECK(stand.restored.plans_deleted == std::set{PlanId{"a"}});
    CHECK(stand.sums == Stand{records}.sums);
    folded = fold_all(folded);
  }
}

TEST_CASE("after a reset and a restart executions count anew") {
  std::vector<Record> records;
  const auto refused = [&](std::uint64_t n, const std::string& plan = "a") {
    records.emplace_back(order_of(n, plan, 1));
    records.emplace_back(RefusedRecord{id_of(n), core::Errc::upstream_error, "no"});
  };
  const auto reset = [&](const std::string& plan, std::uint64_t through) {
    records.emplace_back(ExecutionsResetRecord{plan, through, "ann", 9});
  };
  const auto add = [&](std::uint64_t n) { add_filled(records, n, "a", 1); };
  bool fills = false;
  SUBCASE("of executions that filled") {
    fills = true;
  }
  SUBCASE("of executions that came to nothing") {}
  for (std::uint64_t n = 1; n <= 3; ++n)
    fills ? add(n) : refused(n);
  CHECK(executions_after(records) == 3);
  CHECK(executions_after(fold_all(records)) == 3);
  reset("b", 3);
  CHECK(executions_after(records) == 3);
  reset("a", 3);
  CHECK(executions_after(records) == 0);
  const auto at = records.size();
  CHECK(executions_after(fold_all(records)) == 0);
  CHECK(executions_after(fold_all(fold_all(records))) == 0);
  refused(4);
  refused(5);
  refused(6, "b");
  CHECK(executions_after(records) == 2);
  CHECK(executions_after(records, "b") == 1);
  CHECK(executions_after(folded_at(records, at)) == 2);
  CHECK(executions_after(fold_all(records)) == 2);
  CHECK(executions_after(fold_all(folded_at(records, at))) == 2);
  for (std::size_t n = 0; n <= records.size(); ++n)
    CHECK_MESSAGE(executions_after(folded_at(records, n)) == 2, "folded at " << n);
}

TEST_CASE("a plan whose only order is still open does not count it again after a reset") {
  // Nothing filled: the sums hold no more than how far the reset went.
  std::vector<Record> records{order_of(7, "a", 1), SentRecord{id_of(7), 1},
                              ExecutionsResetRecord{"a", 7, "ann", 9}};
  CHECK(executions_after(records) == 0);
  CHECK(executions_after(fold_all(records)) == 0);
}

TEST_CASE("the desk writes a reset down, and a restart from its journal knows it") {
  DeskWorld world;
  REQUIRE(world.submit_pair().has_value());
  CHECK(executions_after(world.journal.records, "pair") == 1);
  world.desk.reset_executions("pair", "ann", world.now);
  REQUIRE(std::holds_alternative<ExecutionsResetRecord>(world.journal.records.back()));
  const auto& written = std::get<ExecutionsResetRecord>(world.journal.records.back());
  CHECK(written == ExecutionsResetRecord{"pair", 1, "ann", core::to_millis(world.now.wall)});
  CHECK(executions_after(world.journal.records, "pair") == 0);
  CHECK(executions_after(fold_all(world.journal.records), "pair") == 0);
}

namespace {

/// Plans that are made, changed, moved and deleted, and orders of theirs in all states.
std::vector<Record> plans_of(const std::vector<std::uint32_t>& choices) {
  std::vector<Record> records{RunRecord{1, engine, "mock", "1", 1}};
  const std::vector<std::string> names{"a", "b", "c"};
  std::set<std::string> deleted;
  std::map<std::string, std::uint64_t> last; ///< of the plans there were: the newest order counted
  std::uint64_t made = 0;
  for (const auto choice : choices) {
    const auto pick = choice / 16;
    const auto& name = names[pick % names.size()];
    const auto write = [&](const PlanConfig& plan, bool remove) {
      if (!deleted.contains(name)) // an id is never given again
        records.emplace_back(PlanRecord{plan, remove, "ann", 2});
      last.try_emplace(name);
      if (remove)
        deleted.insert(name);
    };
    const auto some = made == 0 ? 0 : made - pick % std::min<std::uint64_t>(made, 6);
    switch (choice % 16) {
    case 0:
    case 1:
      write(plan_of(name, std::to_string(1 + pick % 9)), false);
      break;
    case 2:
      write(plan_of(name), pick % 4 == 0);
      break;
    case 3:
    case 4:
      if (const auto known = last.find(name); known != last.end()) {
        known->second = std::max(known->second, some);
        records.emplace_back(
            PlanMovedRecord{state_of(name, known->second, made, static_cast<std::uint32_t>(made))});
      }
      break;
    case 5:
      records.emplace_back(ExecutionsResetRecord{name, made, "ann", 4});
      break;
    case 6:
    case 7:
      if (some != 0)
        records.emplace_back(fill_of(some, 1 + pick % 3));
      break;
    case 8:
    case 9:
    case 10:
      if (some != 0)
        records.emplace_back(ReportRecord{id_of(some),
                                          {"v",
                                           VenueStatus::cancelled,
                                           core::Quantity{static_cast<std::int64_t>(pick % 4)},
                                           {},
                                           7}});
      break;
    case 11:
      if (some != 0)
        records.emplace_back(RefusedRecord{id_of(some), core::Errc::rate_limited, "no"});
      break;
    default:
      if (!last.contains(name))
        break; // a plan is written down before its orders
      ++made;
      records.emplace_back(order_of(made, name, static_cast<std::uint8_t>(1 + pick % 2)));
      records.emplace_back(SentRecord{id_of(made), 1});
    }
  }
  return records;
}

/// What each plan's machine would go on from.
std::map<PlanId, PlanState> states_of(const Stand& stand) {
  std::map<PlanId, PlanState> states;
  for (const auto& [id, known] : stand.restored.plans)
    if (known.state)
      states[id]
          = core::twap::PlanRun::restore(known.plan, *known.state, stand.desk.of_plan(id), later())
                .state();
  return states;
}

void require_same_plans(const std::vector<Record>& whole, const std::vector<Record>& folded) {
  const Stand one{whole};
  const Stand other{folded};
  RC_ASSERT(one.restored.plans == other.restored.plans);
  RC_ASSERT(one.restored.plans_deleted == other.restored.plans_deleted);
  RC_ASSERT(one.sums == other.sums);
  RC_ASSERT(one.unsettled() == other.unsettled());
  RC_ASSERT(states_of(one) == states_of(other));
  for (const auto* plan : {"a", "b", "c"})
    RC_ASSERT(executions_after(whole, plan) == executions_after(folded, plan));
}

} // namespace

TEST_CASE("plans restored from folded records go on where they would with all of them") {
  const bool held = rc::check([](const std::vector<std::uint32_t>& choices) {
    const auto all = plans_of(choices);
    const auto at = all.size() * (choices.empty() ? 0 : choices.front() % 100) / 100;
    const auto records = as_written(all, at);
    const auto folded = folded_at(records, at);
    require_same_plans(records, folded);
    const auto again = folded.size() - records.size() + at;
    require_same_plans(records, folded_at(folded, std::max(again, std::size_t{1})));
  });
  CHECK(held);
}

} // namespace tandem::tests
