// What the gate counts: balances, positions, totals, days and rates, with orders in flight.
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

using namespace tandem::core;
using namespace tandem::core::risk;
using namespace tandem::tests;
using orders::OrderPurpose;
using orders::Side;
using orders::TimeInForce;

namespace {

const InstrumentKey spot = Gated::key();
const InstrumentKey perp = Gated::key("binance", MarketType::linear);

/// Rates out of the way.
GateLimits quick() {
  GateLimits limits;
  limits.orders_per_second_max = 1'000'000;
  limits.open_orders_max = 1'000'000;
  limits.duplicate_window = 0ms;
  return limits;
}

orders::OrderIntent of(orders::OrderIntent intent, std::int64_t quantity) {
  intent.draft.quantity = {quantity};
  return intent;
}

} // namespace

TEST_CASE("a spot buy needs the quote asset with its fee, a sell the base asset") {
  Gated desk{quick()};
  desk.gate.set_balance("binance", "USDT", money("101.101")); // 101 and 0.1 %
  desk.gate.set_balance("binance", "BTC", money("1"));
  CHECK(desk.ask(of(desk.buy(), 1'001)) == "balance");
  CHECK(desk.ask(of(desk.sell(), 1'001)) == "balance");
  SUBCASE("at") {
    CHECK(desk.ask(desk.buy()) == "approved");
    CHECK(desk.ask(desk.sell()) == "approved");
    CHECK(desk.ask(of(desk.buy(), 1)) == "balance"); // reserved
    CHECK(desk.ask(of(desk.sell(), 1)) == "balance");
  }
  SUBCASE("just below") {
    CHECK(desk.ask(of(desk.buy(), 999)) == "approved");
    CHECK(desk.ask(of(desk.buy(), 1)) == "approved");
    CHECK(desk.ask(of(desk.buy(), 1)) == "balance");
  }
  SUBCASE("a hair too little") {
    desk.gate.set_balance("binance", "USDT", money("101.100999999999999999"));
    const auto judged = desk.judge({desk.buy()});
    REQUIRE_FALSE(judged);
    CHECK(judged.error().value == "101.101");
    CHECK(judged.error().limit == "101.100999999999999999");
  }
  SUBCASE("another account's balance is not this one's") {
    desk.gate.set_balance("bybit", "USDT", money("0"));
    CHECK(desk.ask(desk.buy(Gated::key("bybit"))) == "balance");
    CHECK(desk.ask(desk.buy()) == "approved");
  }
}

TEST_CASE("a balance nobody reported refuses, but not what closes") {
  Gated desk{quick()};
  MarketStatus status;
  status.open = true;
  status.account = "new";
  desk.gate.set_market(spot.market(), status);
  CHECK(desk.ask(desk.buy()) == "balance");
  CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, OrderPurpose::complete)) == "approved");
  desk.gate.set_balance("new", "USDT", money("1000"));
  CHECK(desk.ask(desk.buy()) == "approved");
}

TEST_CASE("a linear order needs margin unless it lessens the position") {
  auto limits = quick();
  limits.margin_leverage = decimal("2");
  Gated desk{limits};
  desk.gate.set_balance("binance", "USDT", money("50.5"));
  CHECK(desk.ask(of(desk.buy(perp), 1'001)) == "balance");
  const auto first = desk.buy(perp);
  REQUIRE(desk.ask(first) == "approved");
  CHECK(desk.ask(of(desk.buy(perp), 1)) == "balance");
  desk.fill(first, {101'00});
  CHECK(desk.ask(of(desk.buy(perp), 1)) == "balance"); // spent now, not given back
  CHECK(desk.ask(of(desk.sell(perp), 1'001)) == "balance");
  CHECK(desk.ask(of(desk.sell(perp), 600)) == "approved");
  CHECK(desk.ask(of(desk.sell(perp), 401)) == "balance"); // 1.001 with the one in flight
  CHECK(desk.ask(of(desk.sell(perp), 400)) == "approved");
  auto reduce = desk.sell(perp);
  reduce.draft.reduce_only = true; // the venue cannot let it open anything
  CHECK(desk.ask(reduce) == "approved");
}

TEST_CASE("a reservation ends with its order, and what it spent stays spent") {
  Gated desk{quick()};
  desk.gate.set_balance("binance", "USDT", money("150"));
  const auto first = desk.buy();
  REQUIRE(desk.ask(first) == "approved");
  CHECK(desk.ask(desk.buy()) == "balance");
  SUBCASE("refused") {
    desk.refuse(first);
    CHECK(desk.ask(desk.buy()) == "approved");
  }
  SUBCASE("filled: 150 - 100.5 - 0.1 are left until the venue reports") {
    desk.fill(first, {100'50}, "0.1");
    CHECK(desk.ask(of(desk.buy(), 489)) == "balance"); // 49.438389
    CHECK(desk.ask(of(desk.buy(), 488)) == "approved");
    desk.gate.set_balance("binance", "USDT", money("150"));
    // Its own 49.337288 was not seen at the venue yet.
    CHECK(desk.ask(of(desk.buy(), 996)) == "balance");
    CHECK(desk.ask(of(desk.buy(), 995)) == "approved");
  }
}

TEST_CASE("a report that knows the order is not counted twice") {
  Gated desk{quick()};
  desk.gate.set_balance("binance", "USDT", money("250"));
  auto intent = desk.buy();
  intent.draft.tif = TimeInForce::gtc;
  intent.draft.price = {100'00};
  REQUIRE(desk.ask(intent) == "approved"); // reserves 100.1
  orders::Order order{intent};
  order.on_sent(desk.now.mono);
  desk.gate.on_order(order);
  auto other = desk.buy();
  other.draft.price = {100'00};
  SUBCASE("a report before the venue spoke of the order: kept on top") {
    desk.gate.set_balance("binance", "USDT", money("150"));
    CHECK(desk.ask(other) == "balance");
  }
  SUBCASE("unknown: kept on top") {
    order.on_no_answer({Errc::timed_out, "no answer", {}});
    desk.gate.on_order(order);
    desk.gate.set_balance("binance", "USDT", money("150"));
    CHECK(desk.ask(other) != "approved");
  }
  SUBCASE("accepted, then reported with the lock taken off") {
    order.on_accepted("v1", 1);
    desk.gate.on_order(order);
    CHECK(desk.ask(of(other, 1'498)) == "balance"); // 149.9498 of 149.9
    desk.gate.set_balance("binance", "USDT", money("149.9"));
    CHECK(desk.ask(of(other, 1'498)) == "balance");
    CHECK(desk.ask(of(other, 1'497)) == "approved");
    SUBCASE("and its fill takes from the lock") {
      desk.refuse(other);
      desk.gate.set_balance("binance", "USDT", money("149.9"));
      desk.fill(intent, {100'00});
      auto third = desk.buy();
      third.draft.price = {100'00};
      CHECK(desk.ask(of(third, 1'497)) == "approved");
    }
  }
}

TEST_CASE("a position counts all that is in flight on the worse side") {
  auto limits = quick();
  limits.position_notional_max = money("201"); // 2 at the mid of 100.5
  Gated desk{limits};
  const auto first = desk.buy(perp);
  REQUIRE(desk.ask(first) == "approved");
  REQUIRE(desk.ask(desk.sell(perp)) == "approved"); // lets no more be bought: it may not fill
  CHECK(desk.ask(of(desk.buy(perp), 1'001)) == "position_max");
  CHECK(desk.ask(of(desk.buy(perp), 1'000)) == "approved");
  CHECK(desk.ask(of(desk.buy(perp), 1)) == "position_max");
  CHECK(desk.ask(of(desk.sell(perp), 1'001)) == "position_max"); // nor may the buys
  CHECK(desk.ask(of(desk.sell(perp), 1'000)) == "approved");
  desk.fill(first, {101'00});
  CHECK(desk.ask(of(desk.buy(perp), 1)) == "position_max");
  CHECK(desk.ask(of(desk.sell(perp), 1'000)) == "approved");
  CHECK(desk.gate.position(perp) == money("1"));
}

TEST_CASE("a position above its limit may still be brought down") {
  auto limits = quick();
  limits.position_notional_max = money("201");
  limits.venue_exposure_max = money("301.5");
  limits.gross_exposure_max = money("301.5");
  Gated desk{limits};
  desk.gate.restate_position(perp, money("10"));
  CHECK(desk.ask(of(desk.buy(perp), 1)) == "position_max");
  CHECK(desk.ask(of(desk.sell(perp), 12'000)) == "approved");
  CHECK(desk.ask(of(desk.sell(perp), 1)) == "position_max");
  CHECK(desk.ask(of(desk.buy(spot), 1)) == "venue_exposure_max");
}

TEST_CASE("a strategy's position is its own") {
  Gated desk{quick()};
  desk.gate.set_strategy("pair", {.position_max = decimal("1.5")});
  REQUIRE(desk.ask(of(desk.buy(perp), 5'000)) == "approved"); // manual
  const auto first = Gated::of_pair(desk.buy(perp));
  CHECK(desk.ask(first) == "approved");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(perp), 501))) == "position_max");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(perp), 500))) == "approved");
  CHECK(desk.ask(Gated::of_pair(desk.buy(Gated::key("bybit")))) == "approved");
  desk.fill(first, {101'00});
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(perp), 1))) == "position_max");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(perp), 1), 1, OrderPurpose::complete)) == "approved");
}

TEST_CASE("exposure adds up absolute values by venue and over all") {
  auto limits = quick();
  limits.venue_exposure_max = money("201");
  limits.gross_exposure_max = money("301.5");
  Gated desk{limits};
  CHECK(desk.ask(desk.buy(spot)) == "approved");
  CHECK(desk.ask(of(desk.sell(perp), 1'001)) == "venue_exposure_max");
  CHECK(desk.ask(desk.sell(perp)) == "approved"); // 201, no netting
  CHECK(desk.ask(of(desk.sell(perp), 1)) == "venue_exposure_max");
  const auto bybit = Gated::key("bybit");
  CHECK(desk.ask(of(desk.buy(bybit), 1'001)) == "gross_exposure_max");
  CHECK(desk.ask(desk.buy(bybit)) == "approved");
  CHECK(desk.ask(of(desk.buy(bybit), 1)) == "gross_exposure_max");
}

TEST_CASE("a position without any price refuses what would add exposure") {
  auto limits = quick();
  limits.gross_exposure_max = money("1000");
  Gated desk{limits};
  const auto other = Gated::key("bybit", MarketType::linear, "ETHUSDT");
  desk.gate.restate_position(other, money("-1"));
  CHECK(desk.ask(desk.buy()) == "gross_exposure_max");
  desk.gate.observe_mid(other, desk.facts(other), desk.now.mono);
  CHECK(desk.ask(desk.buy()) == "approved");
}

TEST_CASE("a pair's total amount counts first orders, traded and in flight") {
  Gated desk{quick()};
  desk.gate.set_strategy("pair", {.total_notional_max = money("303")});
  const auto first = Gated::of_pair(desk.buy());
  REQUIRE(desk.ask(first) == "approved");
  const auto second = Gated::of_pair(desk.buy());
  REQUIRE(desk.ask(second) == "approved");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(), 1'001))) == "strategy_total");
  desk.fill(first, {101'00});
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(), 1'001))) == "strategy_total");
  SUBCASE("what closes is not counted") {
    const auto closing = Gated::of_pair(of(desk.sell(), 5'000), 1, OrderPurpose::unwind);
    REQUIRE(desk.ask(closing) == "approved");
    desk.fill(closing, {100'00});
  }
  SUBCASE("what did not trade is given back") {
    desk.refuse(second);
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
  }
  SUBCASE("another day changes nothing") {
    desk.wait(48h);
  }
  CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(), 1))) == "strategy_total");
  desk.gate.set_strategy("pair", {.total_notional_max = money("404")});
  CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
}

TEST_CASE("the day's amount is given anew when the day begins, and not before") {
  auto limits = quick();
  limits.daily_notional_max = money("202");
  limits.day_begins = std::chrono::minutes{13 * 60}; // an hour ahead
  Gated desk{limits};
  desk.gate.set_strategy("pair", {.daily_notional_max = money("101")});
  const auto first = Gated::of_pair(desk.buy());
  REQUIRE(desk.ask(first) == "approved");
  CHECK(desk.ask(Gated::of_pair(of(desk.buy(), 1))) == "daily_notional_max");
  desk.fill(first, {101'00});
  CHECK(desk.ask(of(desk.buy(), 1'001)) == "daily_notional_max");
  const auto second = desk.buy();
  CHECK(desk.ask(second) == "approved");
  CHECK(desk.gate.exposure(desk.now).day_notional == money("202"));
  desk.wait(1h - 1ns);
  CHECK(desk.ask(of(desk.buy(), 1)) == "daily_notional_max");
  desk.wait(1ns);
  CHECK(desk.gate.exposure(desk.now).day_notional == money("101")); // still in flight
  CHECK(desk.ask(of(desk.buy(), 1'001)) == "daily_notional_max");
  CHECK(desk.ask(desk.buy()) == "approved");
  desk.now.wall -= 2h; // a clock set back gives no day twice
  CHECK(desk.ask(of(desk.buy(), 1)) == "daily_notional_max");
}

TEST_CASE("a fill that the venue stamped yesterday is not today's") {
  Gated desk{quick()};
  const auto intent = desk.buy();
  REQUIRE(desk.ask(intent) == "approved");
  orders::Fill fill;
  fill.trade_id = "t";
  fill.price = {101'00};
  fill.quantity = {1'000};
  fill.fee_asset = "USDT";
  fill.venue_time = to_millis(desk.now.wall - 24h);
  desk.gate.on_fill(intent, fill, nullptr, desk.now);
  desk.refuse(intent);
  CHECK(desk.gate.exposure(desk.now).day_notional == Money{});
  CHECK(desk.gate.position(spot) == money("1"));
}

TEST_CASE("a loss above the day's limit stops what opens until the next day") {
  auto limits = quick();
  limits.daily_loss_max = money("2");
  Gated desk{limits};
  const auto lose = [&](Price sold, std::string_view fee) {
    const auto buy = Gated::of_pair(desk.buy(spot));
    const auto sell = Gated::of_pair(desk.sell(Gated::key("bybit"))); // the other leg
    REQUIRE(desk.ask({buy, sell}) == "approved");
    desk.fill(buy, {101'00});
    desk.fill(sell, sold, fee);
  };
  lose({99'00}, "0"); // exactly 2
  CHECK(desk.gate.day_realised("pair", desk.now) == money("-2"));
  CHECK(desk.gate.day_realised("", desk.now) == money("-2"));
  CHECK(desk.gate.day_realised("nobody", desk.now) == Money{});
  CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
  SUBCASE("by a fee") {
    lose({101'00}, "0.000000000000000001");
    CHECK(desk.ask(desk.buy()) == "daily_loss_max");
    CHECK(desk.ask(Gated::of_pair(desk.sell(), 1, OrderPurpose::unwind)) == "approved");
    desk.wait(12h - 1ns);
    CHECK(desk.ask(desk.buy()) == "daily_loss_max");
    desk.wait(1ns);
    CHECK(desk.ask(desk.buy()) == "approved");
    CHECK(desk.gate.day_realised("pair", desk.now) == Money{});
  }
  SUBCASE("the strategy's own limit") {
    desk.gate.set_strategy("pair", {.daily_loss_max = money("1.9")});
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "daily_loss_max");
    CHECK(desk.ask(desk.buy()) == "approved");
  }
}

TEST_CASE("as many orders may be open as the limit says") {
  auto limits = quick();
  limits.open_orders_max = 2;
  Gated desk{limits};
  const auto first = desk.buy();
  CHECK(desk.ask(first) == "approved");
  CHECK(desk.ask(desk.buy()) == "approved");
  CHECK(desk.ask(desk.buy()) == "open_orders_max");
  CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, OrderPurpose::unwind)) == "approved");
  desk.refuse(first);
  CHECK(desk.ask(desk.buy()) == "open_orders_max"); // the unwinding one counts
}

TEST_CASE("a venue gets no more new orders in any second than the limit") {
  auto limits = quick();
  limits.orders_per_second_max = 3;
  Gated desk{limits};
  CHECK(desk.ask(desk.buy()) == "approved");
  desk.wait(500ms);
  CHECK(desk.ask({desk.buy(), desk.buy(perp)}) == "approved");
  CHECK(desk.ask(desk.buy()) == "order_rate");
  CHECK(desk.ask(desk.buy(Gated::key("bybit"))) == "approved");
  desk.wait(500ms - 1ns);
  CHECK(desk.ask(desk.buy()) == "order_rate");
  desk.wait(1ns);
  CHECK(desk.ask({desk.buy(), desk.buy()}) == "order_rate");
  CHECK(desk.ask(desk.buy()) == "approved");
  CHECK(desk.ask(desk.buy()) == "order_rate");
}

TEST_CASE("after executions_max a person must let the strategy go on") {
  auto limits = quick();
  limits.executions_max = 2;
  Gated desk{limits};
  const auto leg = [&](std::uint64_t execution) { return Gated::of_pair(desk.buy(), execution); };
  CHECK(desk.ask({leg(1), Gated::of_pair(desk.sell(Gated::key("bybit")), 1)}) == "approved");
  CHECK(desk.ask(leg(1)) == "approved"); // the second leg later on
  CHECK(desk.ask({leg(2), leg(3)}) == "executions_max");
  CHECK(desk.ask(leg(2)) == "approved"); // the refused batch counted nothing
  CHECK(desk.ask(leg(3)) == "executions_max");
  CHECK(desk.ask(leg(2)) == "approved");
  auto by_hand = leg(3);
  by_hand.draft.origin.person = "ann";
  CHECK(desk.ask(by_hand) == "approved");
  CHECK(desk.ask(Gated::of_pair(desk.sell(), 2, OrderPurpose::unwind)) == "approved");
  desk.gate.reset_executions("pair");
  CHECK(desk.ask(leg(3)) == "approved");
  CHECK(desk.ask(leg(4)) == "approved");
  CHECK(desk.ask(leg(5)) == "executions_max");
}

TEST_CASE("executions read back from the journal count") {
  auto limits = quick();
  limits.executions_max = 2;
  Gated desk{limits};
  for (std::uint64_t execution = 1; execution <= 2; ++execution)
    for (int twice = 0; twice < 2; ++twice)
      desk.refuse(Gated::of_pair(desk.buy(), execution));
  CHECK(desk.ask(Gated::of_pair(desk.buy(), 3)) == "executions_max");
}

TEST_CASE("an unknown order stops its strategy and counts as filled") {
  auto limits = quick();
  limits.position_notional_max = money("201");
  Gated desk{limits};
  const auto intent = Gated::of_pair(desk.buy(perp));
  REQUIRE(desk.ask(intent) == "approved");
  orders::Order order{intent};
  order.on_sent(desk.now.mono);
  order.on_no_answer({Errc::timed_out, "no answer", {}});
  desk.gate.on_order(order);
  CHECK(desk.gate.exposure(desk.now).unknown_orders == 1);
  CHECK(desk.ask(Gated::of_pair(desk.buy(perp))) == "unknown_order");
  CHECK(desk.ask(Gated::of_pair(desk.sell(perp), 1, OrderPurpose::unwind)) == "unknown_order");
  CHECK(desk.ask(Gated::of_pair(desk.sell(perp), 1, OrderPurpose::flatten)) == "approved");
  CHECK(desk.ask(of(desk.buy(perp), 1'001)) == "position_max"); // somebody else's
  CHECK(desk.ask(of(desk.buy(perp), 1'000)) == "approved");
  order.on_decided(orders::VenueStatus::rejected, "ann");
  desk.gate.on_order(order);
  CHECK(desk.gate.exposure(desk.now).unknown_orders == 0);
  CHECK(desk.ask(Gated::of_pair(desk.buy(perp))) == "approved");
}

TEST_CASE("an unknown manual order stops manual orders of its instrument only") {
  Gated desk{quick()};
  const auto intent = desk.buy(perp);
  REQUIRE(desk.ask(intent) == "approved");
  orders::Order order{intent};
  order.on_sent(desk.now.mono);
  order.on_no_answer({Errc::timed_out, "no answer", {}});
  desk.gate.on_order(order);
  CHECK(desk.ask(desk.buy(perp)) == "unknown_order");
  CHECK(desk.ask(desk.buy(spot)) == "approved");
}

TEST_CASE("a restored order counts before anything is approved") {
  auto limits = quick();
  limits.position_notional_max = money("201");
  Gated desk{limits};
  orders::Order order{Gated::of_pair(desk.buy(perp))};
  order.on_sent(desk.now.mono);
  order.on_no_answer({Errc::timed_out, "restart", {}});
  desk.gate.on_order(order);
  const auto view = desk.gate.exposure(desk.now);
  CHECK(view.open_orders == 1);
  CHECK(view.unknown_orders == 1);
  REQUIRE(view.positions.size() == 1);
  CHECK(view.positions.front().in_flight_buy == money("1"));
  CHECK(view.day_notional == money("101"));
  CHECK(desk.ask(of(desk.buy(perp), 1'001)) == "position_max");
  CHECK(desk.ask(Gated::of_pair(desk.buy(perp))) == "unknown_order");
}

TEST_CASE("of several orders all are approved or none is counted") {
  auto limits = quick();
  limits.orders_per_second_max = 2;
  limits.duplicate_window = 50ms;
  limits.executions_max = 1;
  Gated desk{limits};
  desk.gate.set_balance("binance", "USDT", money("250"));
  const auto before = desk.gate.exposure(desk.now);
  const auto last = of(desk.buy(Gated::key("bybit")), 1'000'000'000);
  const auto judged
      = desk.judge({Gated::of_pair(desk.buy()), Gated::of_pair(desk.buy(perp)), last});
  REQUIRE_FALSE(judged);
  CHECK(judged.error().rule == Rule::order_notional_max);
  CHECK(judged.error().draft == 2);
  const auto after = desk.gate.exposure(desk.now);
  CHECK(after.open_orders == before.open_orders);
  CHECK(after.day_notional == before.day_notional);
  CHECK(after.positions.empty());
  // Not the balance, nor the rate, nor the duplicate window, nor the execution was used up.
  CHECK(desk.ask({Gated::of_pair(desk.buy()), Gated::of_pair(desk.buy(perp))}) == "approved");
  CHECK(desk.gate.exposure(desk.now).open_orders == 2);
}

TEST_CASE("those of a batch are judged with the earlier ones counted") {
  Gated desk{quick()};
  desk.gate.set_balance("binance", "USDT", money("202.201"));
  const auto judged = desk.judge({desk.buy(), desk.buy()});
  REQUIRE_FALSE(judged);
  CHECK(judged.error().rule == Rule::balance);
  CHECK(judged.error().draft == 1);
  desk.gate.set_balance("binance", "USDT", money("202.202"));
  CHECK(desk.ask({desk.buy(), desk.buy()}) == "approved");
}

TEST_CASE("a burst of a thousand orders in one instant passes no limit") {
  struct Case {
    const char* rule;
    void (*set)(GateLimits&);
  };

  for (const auto& one : {
           Case{"position_max", [](auto& l) { l.position_notional_max = money("1005"); }},
           Case{"venue_exposure_max", [](auto& l) { l.venue_exposure_max = money("1005"); }},
           Case{"gross_exposure_max", [](auto& l) { l.gross_exposure_max = money("1005"); }},
           Case{"daily_notional_max", [](auto& l) { l.daily_notional_max = money("1010"); }},
           Case{"open_orders_max", [](auto& l) { l.open_orders_max = 10; }},
           Case{"order_rate", [](auto& l) { l.orders_per_second_max = 10; }},
       }) {
    auto limits = quick();
    one.set(limits);
    Gated desk{limits};
    int approved = 0;
    for (int n = 0; n < 1'000; ++n) {
      const auto word = desk.ask(desk.buy(perp));
      approved += word == "approved" ? 1 : 0;
      if (word != "approved")
        CHECK(word == one.rule);
    }
    CHECK_MESSAGE(approved == 10, one.rule);
  }
}

TEST_CASE(
    "the venue's own order rates hold for its market, both legs or none, not for closing orders") {
  auto limits = quick();
  limits.duplicate_window = std::chrono::milliseconds{0};
  Gated desk{limits};
  const auto rated = [&](std::vector<market::OrderRate> rates) {
    desk.gate.set_market(spot.market(), {.open = true,
                                         .reason = {},
                                         .account = "binance",
                                         .clock_offset = 0ms,
                                         .allowed = {},
                                         .order_rates = std::move(rates)});
  };
  rated({{3, 1s}, {4, 10s}});
  CHECK(desk.ask({desk.buy(), desk.buy()}) == "approved");
  CHECK(desk.ask({desk.buy(), desk.buy()}) == "order_rate");
  CHECK(desk.ask(desk.buy()) == "approved"); // the pair that was refused counts nothing
  CHECK(desk.ask(desk.buy()) == "order_rate");
  CHECK(desk.ask(desk.buy(perp)) == "approved");
  const auto held = Gated::of_pair(desk.buy());
  desk.wait(1s);
  CHECK(desk.ask(held) == "approved");
  desk.fill(held, {101'00});
  desk.wait(5s);
  CHECK(desk.ask(desk.buy()) == "order_rate"); // 4 within 10 s
  CHECK(desk.ask(Gated::of_pair(desk.sell(), 1, OrderPurpose::unwind)) == "approved");
  rated({{1'000, 1s}}); // what was sent goes on counting, by the new rates
  CHECK(desk.ask(desk.buy()) == "approved");
}

TEST_CASE("what a strategy introduces is known to its market") {
  Gated desk;
  CHECK(desk.gate.introduced(spot.market()).empty());
  desk.gate.introduce(spot);
  desk.gate.introduce(perp);
  CHECK(desk.gate.introduced(spot.market()) == std::set{spot.symbol});
}
