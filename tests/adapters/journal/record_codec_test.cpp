#include "adapters/journal/record_codec.hpp"

#include "tests/adapters/journal/journal_world.hpp"

#include <random>

using namespace tandem;
using namespace tandem::adapters::journal;
using namespace tandem::tests;
using namespace tandem::core::orders;

namespace {

core::twap::PlanConfig plan_of(const core::InstrumentKey& instrument) {
  using namespace core::twap;
  PlanConfig plan;
  plan.id = PlanId{"twap_001"};
  plan.name = "定期";
  plan.total_quantity = core::Decimal{15, 1};
  plan.slice_quantity = core::Decimal{25, 2};
  plan.interval = std::chrono::milliseconds{30'000};
  plan.legs
      = {{instrument, Side::sell, SliceType::pegged, core::Decimal{2'000, 0}, core::Decimal{1, 2}}};
  plan.options.start_at = 1;
  plan.options.calendar
      = {{{std::chrono::minutes{540}, std::chrono::minutes{825}, 0x1f}}, std::chrono::minutes{480}};
  plan.options.catch_up = CatchUp::skip;
  plan.options.remainder = Remainder::leave;
  plan.options.leg_down = LegDown::pause_leg;
  plan.options.sweep = false;
  return plan;
}

core::twap::PlanState state_of_plan(const ClientOrderId& order) {
  core::twap::PlanState state;
  state.id = core::twap::PlanId{"twap_001"};
  state.phase = core::twap::PlanPhase::paused;
  state.paused_by = "ann";
  state.risk = "book down";
  state.grid = {core::Decimal{1, 3}, core::Decimal{1, 2}, core::Decimal{9, 0}};
  state.last_slot = 4;
  state.next_slice = 5;
  state.released_before = core::Money{6};
  state.legs[1].filled = core::Money{7};
  state.legs[1].fees = {{"BNB", core::Money{8}}};
  state.legs[1].arrival = core::Decimal{2'001, 0};
  state.legs[1].last_order = order;
  return state;
}

/// One of every kind, each field set to something that is not its default.
std::vector<Record> one_of_each() {
  const ClientOrderId id{"tdtest0000100000001"};
  const core::InstrumentKey perpetual{core::VenueId{"bybit"}, core::MarketType::linear,
                                      core::Symbol{"ETHUSDT"}};
  core::strategy::ExecutionState execution;
  execution.pair = core::PairId{"a_b"};
  execution.number = 7;
  execution.phase = core::strategy::ExecutionPhase::unwinding;
  execution.legs[0].instrument = perpetual;
  execution.legs[0].ids = {id, ClientOrderId{"second"}};
  execution.legs[0].price = core::Decimal{123'456, 2};
  execution.legs[1].error = "no";
  execution.legs[1].code = core::Errc::insufficient_funds;
  execution.carried = core::Decimal{-4, 4};
  execution.residual = core::Decimal{-5, 3};
  execution.profit = core::Money{-123'456'789};
  execution.other_fees = {{"BNB", core::Money{5}}, {"XYZ", core::Money{-6}}};
  CheckpointRecord checkpoint;
  checkpoint.through = 99;
  checkpoint.folded_through = id;
  const core::risk::PositionSum position{
      core::Money{1}, core::Money{-2}, core::Money{3}, {{"USDT", core::Money{4}}}};
  checkpoint.sums.instruments.push_back({perpetual, position});
  checkpoint.sums.strategies.push_back({"a_b",
                                        core::Money{1},
                                        2,
                                        3,
                                        {{perpetual, core::Money{5}, core::Money{6}}},
                                        {{"ETH", position}}});
  checkpoint.executions.push_back({core::PairId{"a_b"}, core::Money{6}, core::Money{-7}});
  const VenueReport report{"v9", VenueStatus::cancelled, core::Quantity{5}, "by user", 8};
  core::risk::KillOrder kill;
  kill.level = core::risk::KillLevel::venue;
  kill.scope = "bybit";
  kill.flatten = true;
  kill.person = "ann";
  core::risk::Breaker::Saved saved;
  saved.state = core::risk::BreakerState::trial;
  saved.cause = core::risk::BreakerCause::drawdown;
  saved.trips = 4;
  saved.since = core::WallTime{std::chrono::nanoseconds{123}};
  const auto intent = std::get<IntentRecord>(intent_record(3));
  return {RunRecord{2, EngineId{"test"}, "prod", "1.0", 5},
          intent,
          SentRecord{id, 6},
          AcceptedRecord{id, "v1", 7},
          RefusedRecord{id, core::Errc::rate_limited, "slow down"},
          UnknownRecord{id, "no answer"},
          ReportRecord{id, report},
          fill_record(4),
          ResolvedRecord{id, VenueStatus::expired, "ann"},
          AdoptedRecord{intent, "v2"},
          ExecutionRecord{execution},
          BreakerRecord{"global", saved},
          KillRecord{kill, true},
          RestatedRecord{perpetual, core::Money{-1}, "ann", 9},
          PausedRecord{"a_b", "residual", "0.5 open", 10},
          checkpoint,
          BaselineRecord{perpetual.market(), "bybit.linear.ETHUSDT", core::Money{11}, "ann", 12},
          ExecutionsResetRecord{"a_b", 41, "ann", 13},
          PlanRecord{plan_of(perpetual), true, "ann", 14},
          PlanMovedRecord{state_of_plan(id)}};
}

} // namespace

TEST_CASE("every kind of record comes back as it went") {
  const auto records = one_of_each();
  CHECK(records.size() == std::variant_size_v<Record>);
  for (std::size_t kind = 0; kind < records.size(); ++kind) {
    CAPTURE(kind);
    CHECK(records[kind].index() == kind);
    const auto bytes = encode(records[kind]);
    REQUIRE(bytes);
    const auto back = decode(*bytes);
    REQUIRE(back);
    CHECK(*back == records[kind]);
  }
}

TEST_CASE("a record cut off at any byte, or with a byte too many, is refused by name") {
  for (const auto& record : one_of_each()) {
    const auto bytes = encode(record).value();
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK(decode(bytes.substr(0, size)).error().code == core::Errc::malformed);
    const auto longer = decode(bytes + '\0');
    REQUIRE_FALSE(longer);
    CHECK(longer.error().detail.find(std::string{name_of(record)}) != std::string::npos);
  }
}

TEST_CASE("altered bytes never decode to a record that encodes differently") {
  const auto seed = std::random_device{}();
  std::mt19937_64 random{seed};
  const auto records = one_of_each();
  int accepted = 0;
  for (int n = 0; n < 10'000; ++n) {
    auto bytes = encode(records[random() % records.size()]).value();
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto back = decode(bytes);
    if (!back)
      continue;
    ++accepted;
    const auto again = encode(*back);
    if (again && (*again)[0] == bytes[0] && (*again)[1] != bytes[1])
      continue; // of an older version, and written anew as the newest
    CHECK_MESSAGE((again && *again == bytes), "seed ", seed);
  }
  MESSAGE("10000 mangled records, ", accepted, " still records, none ambiguous; seed ", seed);
}

TEST_CASE("an unknown kind and a newer version are told from damage") {
  CHECK(decode(std::string{"\xC8\x01", 2}).error().detail.find("unknown record type 200")
        != std::string::npos);
  auto bytes = encode(fill_record(1)).value();
  bytes[1] = 9;
  CHECK(decode(bytes).error().detail.find("version 9") != std::string::npos);
}

TEST_CASE(
    "an execution of version 1, before anything was carried, is read as one that carried nothing") {
  core::strategy::ExecutionState execution;
  execution.pair = core::PairId{"a_b"};
  execution.residual = core::Decimal{-5, 3};
  execution.reason = "as it was";
  const Record record = ExecutionRecord{execution};
  auto bytes = encode(record).value();
  REQUIRE(bytes[1] == 3);
  bytes[1] = 1;
  bytes.resize(bytes.size() - 3); // carried: no mantissa, no decimals; no opportunity
  CHECK(decode(bytes).value() == record);
}

TEST_CASE("a fill of version 1, before late ones named their order, is read as one that does not") {
  auto bytes = encode(fill_record(1)).value();
  REQUIRE(bytes[1] == 2);
  bytes[1] = 1;
  bytes.pop_back();
  CHECK(decode(bytes).value() == fill_record(1));
  auto late = std::get<core::orders::FillRecord>(fill_record(1));
  late.order = std::get<IntentRecord>(intent_record(1));
  CHECK(decode(encode(Record{late}).value()).value() == Record{late});
}

TEST_CASE("an execution of version 2, before its opportunity was written, is read as one without") {
  core::strategy::ExecutionState execution;
  execution.pair = core::PairId{"a_b"};
  execution.carried = core::Decimal{7, 4};
  execution.reason = "as it was";
  const Record record = ExecutionRecord{execution};
  auto bytes = encode(record).value();
  bytes[1] = 2;
  bytes.pop_back();
  CHECK(decode(bytes).value() == record);
  execution.opportunity = 300;
  const Record joined = ExecutionRecord{execution};
  CHECK(decode(encode(joined).value()).value() == joined);
}
