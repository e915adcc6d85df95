#include "core/orders/fold.hpp"

#include "tests/core/orders/folding.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <random>

namespace tandem::tests {
namespace {

using core::PairId;
using core::UnixMillis;
using core::orders::AcceptedRecord;
using core::orders::CheckpointRecord;
using core::orders::ClientOrderId;
using core::orders::ExecutionRecord;
using core::orders::FillRecord;
using core::orders::IntentRecord;
using core::orders::KillRecord;
using core::orders::PausedRecord;
using core::orders::Record;
using core::orders::Side;
using core::orders::VenueStatus;
using core::strategy::ExecutionPhase;

IntentRecord intent_of(std::uint64_t n, PairId pair, Side side, const std::string& venue) {
  IntentRecord record;
  record.intent.id = core::orders::make_client_id({engine, 1 + n / 50, n});
  record.intent.created_at = static_cast<UnixMillis>(n);
  auto& draft = record.intent.draft;
  draft.instrument = Gated::key(venue);
  draft.side = side;
  draft.scale = cents;
  draft.price = {100'00};
  draft.quantity = {5};
  draft.origin.pair = std::move(pair);
  draft.origin.execution = n / 2 + 1;
  draft.origin.purpose = core::orders::OrderPurpose::open;
  record.base = "BTC";
  record.quote = "USDT";
  return record;
}

core::strategy::ExecutionState execution_of(const IntentRecord& leg) {
  core::strategy::ExecutionState state;
  state.pair = leg.intent.draft.origin.pair;
  state.number = leg.intent.draft.origin.execution;
  state.phase = ExecutionPhase::done;
  state.legs[0].ids = {leg.intent.id};
  state.notional = core::Money{static_cast<core::Int128>(state.number) * 1'000};
  state.profit = core::Money{7};
  return state;
}

/// A history that any sequence of numbers means: orders that are begun, accepted, filled in parts,
/// ended or left open, and all else that is written down between them.
std::vector<Record> history_of(const std::vector<std::uint32_t>& choices) {
  std::vector<Record> records{core::orders::RunRecord{1, engine, "mock", "1", 1}};
  std::vector<IntentRecord> intents;
  std::uint64_t trades = 0;
  for (const auto choice : choices) {
    const auto pick = choice / 16;
    const auto* some
        = intents.empty()
              ? nullptr
              : &intents[intents.size() - 1 - pick % std::min<std::size_t>(intents.size(), 6)];
    switch (choice % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
      intents.push_back(intent_of(intents.size() + 1, PairId{pick % 3 == 0 ? "one" : "two"},
                                  pick % 2 == 0 ? Side::buy : Side::sell,
                                  pick % 5 < 3 ? "binance" : "bybit"));
      records.emplace_back(intents.back());
      records.emplace_back(core::orders::SentRecord{intents.back().intent.id, 1});
      break;
    case 4:
      records.emplace_back(KillRecord{{.level = core::risk::KillLevel::venue,
                                       .scope = "bybit",
                                       .flatten = pick % 2 == 0,
                                       .person = "ann",
                                       .reason = "r",
                                       .ts = 3},
                                      pick % 3 == 0});
      break;
    case 5:
      records.emplace_back(PausedRecord{"one", pick % 2 == 0 ? "residual" : "person",
                                        pick % 3 == 0 ? "" : "why", 4});
      break;
    case 6:
      records.emplace_back(core::orders::BreakerRecord{"global",
                                                       {.state = core::risk::BreakerState::open,
                                                        .cause = core::risk::BreakerCause::loss,
                                                        .since = {},
                                                        .trips = pick,
                                                        .detail = "d"}});
      break;
    case 7:
      records.emplace_back(core::orders::BaselineRecord{
          Gated::key().market(), pick % 2 == 0 ? "BTC" : "", core::Money{pick}, {}, 5});
      break;
    case 8:
      records.emplace_back(core::orders::RestatedRecord{
          Gated::key(), core::Money{static_cast<core::Int128>(pick) * 1'000'000'000}, "ann", 6});
      break;
    case 9:
      if (some != nullptr)
        records.emplace_back(ExecutionRecord{execution_of(*some)});
      break;
    case 10:
      if (some != nullptr)
        records.emplace_back(core::orders::ReportRecord{
            some->intent.id,
            {"v" + some->intent.id.text(),
             pick % 2 == 0 ? VenueStatus::cancelled : VenueStatus::filled,
             core::Quantity{pick % 6},
             {},
             7}});
      break;
    case 11:
      if (some != nullptr)
        records.emplace_back(AcceptedRecord{some->intent.id, "v" + some->intent.id.text(), 8});
      break;
    case 12:
      if (some != nullptr)
        records.emplace_back(
            core::orders::RefusedRecord{some->intent.id, core::Errc::rate_limited, "no"});
      break;
    default:
      if (some != nullptr) {
        core::orders::Fill fill;
        fill.trade_id = std::to_string(++trades);
        fill.price = {100'00 + static_cast<std::int64_t>(pick % 300)};
        fill.quantity = {1 + static_cast<std::int64_t>(pick % 3)};
        fill.fee = core::Money{static_cast<core::Int128>(pick)};
        fill.fee_asset = pick % 4 == 0 ? "BTC" : pick % 4 == 1 ? "BNB" : "USDT";
        fill.venue_time = 9;
        records.emplace_back(FillRecord{some->intent.id, fill});
      }
    }
  }
  return records;
}

void require_same(const std::vector<Record>& whole, const std::vector<Record>& folded) {
  Stand one{whole};
  Stand other{folded};
  RC_ASSERT(one.sums == other.sums);
  RC_ASSERT(one.unsettled() == other.unsettled());
  RC_ASSERT(one.desk.kills() == other.desk.kills());
  RC_ASSERT(one.restored.executions == other.restored.executions);
  RC_ASSERT(one.restored.totals.size() == other.restored.totals.size());
  for (const auto& [pair, totals] : one.restored.totals) {
    RC_ASSERT(totals.notional == other.restored.totals.at(pair).notional);
    RC_ASSERT(totals.profit == other.restored.totals.at(pair).profit);
  }
  RC_ASSERT(one.restored.breakers == other.restored.breakers);
  // Of an order that is folded away nobody can say what its late fill leaves open: a person looks.
  const auto filled_late = [&](const std::string& pair) {
    return std::ranges::any_of(folded, [&](const Record& record) {
      const auto* fill = std::get_if<FillRecord>(&record);
      return fill != nullptr && fill->order && fill->order->intent.draft.origin.pair.text() == pair;
    });
  };
  for (const auto* strategy : {"one", "two"})
    RC_ASSERT(one.held(strategy) == other.held(strategy)
              || (other.held(strategy) && filled_late(strategy)));
}

} // namespace

TEST_CASE("a desk restored from folded records stands where it would with all of them") {
  const bool held = rc::check([](const std::vector<std::uint32_t>& choices) {
    const auto all = history_of(choices);
    const auto at = all.size() * (choices.empty() ? 0 : choices.front() % 100) / 100;
    const auto records = as_written(all, at);
    const auto folded = folded_at(records, at);
    require_same(records, folded);
    // Folding what was folded before changes nothing either.
    const auto again = folded.size() - records.size() + at;
    require_same(records, folded_at(folded, std::max(again, std::size_t{1})));
  });
  CHECK(held);
}

TEST_CASE("folding leaves the orders that still matter and one checkpoint") {
  std::vector<std::uint32_t> choices;
  std::mt19937 random{7};
  for (int n = 0; n < 20'000; ++n)
    choices.push_back(static_cast<std::uint32_t>(random()));
  // Every second order or so is left without an end by chance: end them all.
  auto records = history_of(choices);
  std::vector<ClientOrderId> ids;
  for (const auto& record : records)
    if (const auto* intent = std::get_if<IntentRecord>(&record))
      ids.push_back(intent->intent.id);
  const auto folded_open = core::orders::fold(records, engine, records.size());
  for (const auto& id : ids)
    records.emplace_back(core::orders::ResolvedRecord{id, VenueStatus::cancelled, "ann"});
  const auto folded = core::orders::fold(records, engine, records.size());
  CHECK(folded.size() < 40);
  CHECK(folded.size() < folded_open.size());
  const auto& checkpoint = std::get<CheckpointRecord>(folded.back());
  CHECK(checkpoint.through == records.size());
  CHECK(checkpoint.orders_folded + 2 >= ids.size()); // but for those of the last executions
  CHECK_FALSE(checkpoint.sums.instruments.empty());
}

TEST_CASE("a fill that comes when its order was folded away is counted once") {
  DeskWorld world;
  const auto id = world.submit();
  world.desk.on_order(DeskWorld::shown(id, VenueStatus::expired, "0"), world.now);
  REQUIRE(world.desk.find(id)->settled());
  const auto at = world.journal.records.size();
  world.desk.on_order(DeskWorld::shown(id, VenueStatus::filled, "0.4"), world.now);
  world.desk.on_fill(DeskWorld::fill(id, "t1", "0.4"), world.now);
  auto folded = core::orders::fold(std::span{world.journal.records}.first(at), engine, at);
  folded.insert(folded.end(), world.journal.records.begin() + static_cast<std::ptrdiff_t>(at),
                world.journal.records.end());
  Stand stand{folded};
  CHECK(stand.desk.find(id) == nullptr);
  CHECK(to_string(stand.desk.position(Gated::key())) == "0.4");
  stand.desk.with_gate([](const core::risk::Gate& gate) {
    CHECK(gate.pause_of("pair", "residual").find("filled late") != std::string::npos);
  });
  stand.desk.on_fill(DeskWorld::fill(id, "t1", "0.4"), later());
  CHECK(to_string(stand.desk.position(Gated::key())) == "0.4");
}

TEST_CASE("an order that was folded away is not adopted when the venue shows it again") {
  const std::vector<std::uint32_t> choices(64, 0);
  auto records = history_of(choices);
  std::vector<ClientOrderId> ids;
  for (const auto& record : records)
    if (const auto* intent = std::get_if<IntentRecord>(&record))
      ids.push_back(intent->intent.id);
  for (const auto& id : ids)
    records.emplace_back(core::orders::ResolvedRecord{id, VenueStatus::cancelled, "ann"});
  const auto folded = core::orders::fold(records, engine, records.size());
  Stand stand{folded};
  auto shown = DeskWorld::shown(ids.front(), VenueStatus::open, "0");
  CHECK(stand.desk.on_order(shown, later()));
  CHECK(stand.desk.find(ids.front()) == nullptr);
  CHECK(stand.desk.unsettled().empty());
  // One of a later run that nobody knows is.
  shown.client_id = core::orders::make_client_id({engine, 8, 1}).text();
  CHECK(stand.desk.on_order(shown, later()));
  CHECK(stand.desk.unsettled().size() == 1);
}

} // namespace tandem::tests
