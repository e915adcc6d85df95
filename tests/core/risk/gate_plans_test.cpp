// What the gate holds against a TWAP plan: its own quantity, counted outside of the plan, and what
// a dry run is told.
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::risk;
using namespace tandem::tests;
using orders::OrderPurpose;
using orders::Side;

namespace {

const std::string plan = "twap_001";
const InstrumentKey spot = Gated::key();

/// Rates out of the way.
GateLimits quick() {
  GateLimits limits;
  limits.orders_per_second_max = 1'000'000;
  limits.open_orders_max = 1'000'000;
  limits.duplicate_window = 0ms;
  return limits;
}

/// One of the plan's orders, in thousandths.
orders::OrderIntent slice(orders::OrderIntent intent, std::int64_t quantity,
                          OrderPurpose purpose = OrderPurpose::slice) {
  intent.draft.quantity = {quantity};
  intent.draft.origin.plan = plan;
  intent.draft.origin.execution = 1;
  intent.draft.origin.leg = 1;
  intent.draft.origin.purpose = purpose;
  return intent;
}

/// A gate that knows a plan of 2.
struct Planned : Gated {
  explicit Planned(GateLimits limits = quick()) : Gated{std::move(limits)} { limit(gate); }

  static void limit(Gate& gate) {
    gate.set_strategy(plan, {.parent_quantity = tandem::tests::decimal("2")});
  }

  std::string ask_buy(std::int64_t quantity) { return ask(slice(buy(), quantity)); }

  std::vector<Refusal> object(const orders::OrderIntent& intent) {
    return gate.objections(intent, facts(intent.draft.instrument), now);
  }

  std::vector<std::string> words(const orders::OrderIntent& intent, const MarketFacts& as_seen) {
    std::vector<std::string> result;
    for (const auto& refusal : gate.objections(intent, as_seen, now)) {
      CHECK_FALSE(refusal.value.empty());
      CHECK_FALSE(refusal.limit.empty());
      CHECK_FALSE(refusal.detail.empty());
      result.emplace_back(to_string(refusal.rule));
    }
    return result;
  }

  std::vector<std::string> words(const orders::OrderIntent& intent) {
    return words(intent, facts(intent.draft.instrument));
  }
};

using Words = std::vector<std::string>;

} // namespace

TEST_CASE("a plan's orders come to its own quantity and not to a lot more") {
  Planned desk;
  SUBCASE("just above") {
    const auto judged = desk.judge({slice(desk.buy(), 2'001)});
    REQUIRE_FALSE(judged);
    CHECK(judged.error().rule == Rule::parent_quantity);
    CHECK(judged.error().value == "2.001");
    CHECK(judged.error().limit == "2");
  }
  SUBCASE("at") {
    CHECK(desk.ask_buy(2'000) == "approved");
    CHECK(desk.ask_buy(1) == "parent_quantity");
  }
  SUBCASE("just below") {
    CHECK(desk.ask_buy(1'999) == "approved");
    CHECK(desk.ask_buy(2) == "parent_quantity");
    CHECK(desk.ask_buy(1) == "approved");
    CHECK(desk.ask_buy(1) == "parent_quantity");
  }
  SUBCASE("several at once, each with those before it") {
    CHECK(desk.ask({slice(desk.buy(), 1'500), slice(desk.buy(), 501)}) == "parent_quantity");
    CHECK(desk.ask({slice(desk.buy(), 1'500), slice(desk.buy(), 500)}) == "approved");
  }
  SUBCASE("one that is written at a finer scale") {
    auto fine = slice(desk.buy(), 1);
    fine.draft.scale = {2, 6};
    fine.draft.quantity = {2'000'001};
    CHECK(desk.object(fine).back().rule == Rule::parent_quantity);
  }
}

TEST_CASE("what is in flight, unknown or filled is a part of the plan's quantity") {
  Planned desk;
  const auto first = slice(desk.buy(), 1'500);
  REQUIRE(desk.ask(first) == "approved");
  CHECK(desk.ask_buy(501) == "parent_quantity");
  SUBCASE("filled") {
    desk.fill(first, {101'00}, "0.0015", "BTC"); // gross: the fee is not given back
    CHECK(desk.ask_buy(501) == "parent_quantity");
    CHECK(desk.ask_buy(500) == "approved");
  }
  SUBCASE("refused: it is free again") {
    desk.refuse(first);
    CHECK(desk.ask_buy(2'001) == "parent_quantity");
    CHECK(desk.ask_buy(2'000) == "approved");
  }
  SUBCASE("unknown: as if it was filled") {
    orders::Order order{first};
    order.on_sent(desk.now.mono);
    order.on_no_answer({Errc::timed_out, "no answer", {}});
    desk.gate.on_order(order);
    CHECK(desk.words(slice(desk.buy(), 501)) == Words{"unknown_order", "parent_quantity"});
    CHECK(desk.words(slice(desk.buy(), 500)) == Words{"unknown_order"});
  }
  SUBCASE("filled in part, then over: the rest is free again") {
    orders::Order order{first};
    order.on_sent(desk.now.mono);
    orders::Fill part;
    part.trade_id = "t1";
    part.price = {101'00};
    part.quantity = {400};
    order.on_fill(part);
    desk.gate.on_fill(first, part, std::make_shared<const Instrument>(Gated::listed(spot)),
                      desk.now);
    desk.gate.on_order(order);
    CHECK(desk.ask_buy(501) == "parent_quantity");
    orders::VenueReport report;
    report.status = orders::VenueStatus::expired;
    report.cumulative = Quantity{400};
    order.on_report(report);
    REQUIRE(order.settled());
    desk.gate.on_order(order);
    CHECK(desk.ask_buy(1'601) == "parent_quantity");
    CHECK(desk.ask_buy(1'600) == "approved");
  }
}

TEST_CASE("a plan's quantity is that of each instrument, and of this plan only") {
  Planned desk;
  REQUIRE(desk.ask_buy(2'000) == "approved");
  const auto bybit = Gated::key("bybit");
  CHECK(desk.ask(slice(desk.sell(bybit), 2'001)) == "parent_quantity");
  CHECK(desk.ask(slice(desk.sell(bybit), 2'000)) == "approved");
  CHECK(desk.ask(slice(desk.sell(bybit), 1)) == "parent_quantity");
  SUBCASE("others trade the instrument freely") {
    CHECK(desk.ask(desk.buy()) == "approved");
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
    auto other = slice(desk.buy(), 5'000);
    other.draft.origin.plan = "twap_002";
    CHECK(desk.ask(other) == "approved");
  }
  SUBCASE("a buy and a sell of one instrument do not make room for each other") {
    Planned both;
    REQUIRE(both.ask_buy(1'500) == "approved");
    CHECK(both.ask(slice(both.sell(), 501)) == "parent_quantity");
  }
  SUBCASE("a larger plan has more room, a smaller one none") {
    desk.gate.set_strategy(plan, {.parent_quantity = tandem::tests::decimal("2.5")});
    CHECK(desk.ask_buy(501) == "parent_quantity");
    desk.gate.set_strategy(plan, {.parent_quantity = tandem::tests::decimal("1")});
    CHECK(desk.ask_buy(1) == "parent_quantity");
    desk.gate.set_strategy(plan, {});
    CHECK(desk.ask_buy(10'000) == "approved");
  }
}

TEST_CASE("orders that close are spared the plan's quantity") {
  Planned desk;
  const auto first = slice(desk.buy(), 2'000);
  REQUIRE(desk.ask(first) == "approved");
  desk.fill(first, {101'00});
  CHECK(desk.ask_buy(1) == "parent_quantity");
  for (const auto purpose : {OrderPurpose::complete, OrderPurpose::unwind, OrderPurpose::flatten}) {
    CHECK(spares(purpose, Rule::parent_quantity));
    CHECK(desk.ask(slice(desk.sell(), 2'000, purpose)) == "approved");
  }
  for (const auto purpose : {OrderPurpose::manual, OrderPurpose::open, OrderPurpose::slice})
    CHECK_FALSE(spares(purpose, Rule::parent_quantity));
}

TEST_CASE("the plan's quantity survives when its orders are folded into sums") {
  Planned desk;
  const auto bought = slice(desk.buy(), 1'500);
  const auto sold = slice(desk.sell(), 300);
  for (const auto& intent : {bought, sold}) {
    REQUIRE(desk.ask(intent) == "approved");
    desk.fill(intent, intent.draft.price);
  }
  const auto sums = desk.gate.sums();
  REQUIRE(sums.strategies.size() == 1);
  REQUIRE(sums.strategies[0].holdings.size() == 1);
  CHECK(sums.strategies[0].holdings[0].quantity == money("1.2"));
  CHECK(sums.strategies[0].holdings[0].traded == money("1.8"));
  SUBCASE("taken over by a new gate") {
    Planned next;
    next.gate.set_sums(sums);
    CHECK(next.gate.sums() == sums);
    CHECK(next.ask_buy(201) == "parent_quantity");
    CHECK(next.ask_buy(200) == "approved");
  }
  SUBCASE("replacing what the gate had, with what is in flight on top") {
    REQUIRE(desk.ask_buy(100) == "approved");
    desk.gate.set_sums(sums);
    CHECK(desk.ask_buy(101) == "parent_quantity");
    CHECK(desk.ask_buy(100) == "approved");
  }
  SUBCASE("also when buys and sells came to nothing") {
    const auto rest = slice(desk.sell(), 200, OrderPurpose::unwind);
    const auto more = slice(desk.sell(), 1'000, OrderPurpose::unwind);
    for (const auto& intent : {rest, more}) {
      REQUIRE(desk.ask(intent) == "approved");
      desk.fill(intent, {100'00});
    }
    Planned next;
    next.gate.set_sums(desk.gate.sums());
    CHECK(next.ask_buy(1) == "parent_quantity");
  }
}

TEST_CASE("a person's reset of the executions survives in the sums, with or without fills") {
  auto limits = quick();
  limits.executions_max = 2;
  Gated desk{limits};
  for (std::uint64_t number = 1; number <= 2; ++number) {
    const auto intent = Gated::of_pair(desk.buy(), number);
    REQUIRE(desk.ask(intent) == "approved");
    desk.refuse(intent);
  }
  CHECK(desk.ask(Gated::of_pair(desk.buy(), 3)) == "executions_max");
  CHECK(desk.gate.reset_executions("pair") == 2);
  Gated next{limits};
  next.gate.set_sums(desk.gate.sums());
  CHECK(next.gate.sums() == desk.gate.sums());
  next.refuse(Gated::of_pair(next.buy(), 2)); // read back from the journal: it does not count
  CHECK(next.ask(Gated::of_pair(next.buy(), 3)) == "approved");
  CHECK(next.ask(Gated::of_pair(next.buy(), 4)) == "approved");
  CHECK(next.ask(Gated::of_pair(next.buy(), 5)) == "executions_max");
}

TEST_CASE("objections are all the rules that would refuse, in their order") {
  auto limits = quick();
  limits.order_quantity_max = tandem::tests::decimal("1");
  limits.daily_notional_max = money("100");
  Planned desk{limits};
  CHECK(desk.words(slice(desk.buy(), 500)) == Words{});
  desk.gate.set_balance("binance", "USDT", money("1"));
  desk.gate.set_pause(plan, "person", "a break");
  auto dear = slice(desk.buy(), 3'000);
  dear.draft.price = {110'00};
  const Words all{"strategy_paused", "order_quantity_max", "price_band",
                  "balance",         "parent_quantity",    "daily_notional_max"};
  CHECK(desk.words(dear) == all);
  SUBCASE("the first of them is what approve says") {
    CHECK(desk.ask(dear) == all.front());
  }
  SUBCASE("with a switch and a stopped journal in front") {
    desk.gate.kills().kill({.level = KillLevel::all, .scope = {}, .person = "ann", .reason = "r"});
    desk.gate.set_journal_down(true);
    auto more = all;
    more.insert(more.begin(), {"kill_switch", "journal"});
    CHECK(desk.words(dear) == more);
  }
  SUBCASE("the two numbers are those of each rule") {
    const auto found = desk.object(dear);
    const auto parent = std::ranges::find(found, Rule::parent_quantity, &Refusal::rule);
    REQUIRE(parent != found.end());
    CHECK(parent->value == "3");
    CHECK(parent->limit == "2");
  }
}

TEST_CASE("where there is no instrument or no book, the rules behind are not asked") {
  Planned desk;
  const auto much = slice(desk.buy(), 3'000);
  auto facts = desk.facts(spot);
  facts.received_at -= 10s;
  CHECK(desk.words(much, facts) == Words{"book_age", "parent_quantity"});
  facts.condition = market::BookCondition::stale;
  CHECK(desk.words(much, facts) == Words{"book"});
  facts.instrument = nullptr;
  CHECK(desk.words(much, facts) == Words{"instrument", "book"});
  facts.condition = market::BookCondition::live;
  CHECK(desk.words(much, facts) == Words{"instrument"});
  SUBCASE("a market that nobody spoke of is closed, and the rest is asked") {
    const auto unheard = Gated::key("okx");
    auto intent = slice(desk.buy(unheard), 3'000);
    CHECK(desk.words(intent, facts) == Words{"market_closed", "instrument"});
    CHECK(desk.words(intent)
          == Words{"market_closed", "fee_unknown", "balance", "parent_quantity"});
    CHECK(desk.words(intent, facts) == Words{"market_closed", "instrument"});
  }
}

TEST_CASE("an amount beyond all meaning has objections, and nothing overflows") {
  auto limits = quick();
  limits.position_notional_max = money("1000");
  limits.gross_exposure_max = money("1000");
  Planned desk{limits};
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  auto intent = slice(desk.buy(), most);
  intent.draft.scale = {0, 0};
  intent.draft.price = {most};
  const auto words = desk.words(intent);
  for (const auto* rule : {"order_notional_max", "price_band", "balance", "position_max",
                           "gross_exposure_max", "parent_quantity"})
    CHECK_MESSAGE(std::ranges::find(words, rule) != words.end(), rule);
}

TEST_CASE("objections count nothing") {
  auto limits = quick();
  limits.duplicate_window = 50ms;
  limits.orders_per_second_max = 1;
  limits.open_orders_max = 1;
  limits.executions_max = 1;
  limits.daily_notional_max = money("202");
  Planned desk{limits};
  desk.gate.set_balance("binance", "USDT", money("202.202"));
  const auto intent = slice(desk.buy(), 2'000);
  for (int n = 0; n < 100; ++n)
    CHECK(desk.words(intent) == Words{});
  const auto view = desk.gate.exposure(desk.now);
  CHECK(view.open_orders == 0);
  CHECK(view.day_notional == Money{});
  CHECK(view.positions.empty());
  CHECK(desk.gate.sums() == Sums{});
  CHECK(desk.ask(intent) == "approved");
  CHECK(desk.words(intent)
        == Words{"duplicate", "balance", "parent_quantity", "daily_notional_max", "open_orders_max",
                 "order_rate"});
}
