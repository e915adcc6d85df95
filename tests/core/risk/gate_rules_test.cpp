// Each rule of the gate just below, at and just above its limit, and what it does without facts.
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace tandem::core;
using namespace tandem::core::risk;
using namespace tandem::tests;
using orders::OrderPurpose;
using orders::OrderType;
using orders::Side;
using orders::TimeInForce;

namespace {

template <class Change>
MarketFacts with_listing(MarketFacts facts, Change change) {
  auto listing = *facts.instrument;
  change(listing);
  facts.instrument = std::make_shared<const Instrument>(std::move(listing));
  return facts;
}

MarketStatus open_market() {
  MarketStatus status;
  status.open = true;
  status.account = "binance";
  return status;
}

const MarketKey spot{VenueId{"binance"}, MarketType::spot};

} // namespace

TEST_CASE("an order that breaks no rule is approved with its instrument") {
  Gated desk;
  const auto intent = desk.buy();
  const auto judged = desk.judge({intent});
  REQUIRE(judged);
  REQUIRE(judged->size() == 1);
  CHECK(judged->front().intent() == intent);
  CHECK(judged->front().instrument()->key == Gated::key());
}

TEST_CASE("kill switch, journal, market, allow-list and pauses stop orders before all else") {
  Gated desk;
  SUBCASE("kill switch") {
    desk.gate.kills().kill(
        {.level = KillLevel::venue, .scope = "binance", .person = "ann", .reason = "drill"});
    CHECK(desk.ask(desk.buy()) == "kill_switch");
    CHECK(desk.ask(desk.buy(Gated::key("bybit"))) == "approved");
    for (const auto purpose : {OrderPurpose::complete, OrderPurpose::unwind, OrderPurpose::flatten})
      CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, purpose)) == "kill_switch");
  }
  SUBCASE("journal") {
    desk.gate.set_journal_down(true);
    CHECK(desk.ask(desk.buy()) == "journal");
    CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, OrderPurpose::flatten)) == "journal");
    desk.gate.set_journal_down(false);
    CHECK(desk.ask(desk.buy()) == "approved");
  }
  SUBCASE("a market nobody spoke of") {
    const auto other = Gated::key("okx");
    CHECK(desk.ask(desk.buy(other)) == "market_closed");
    CHECK(desk.gate.market(other.market()) == nullptr);
  }
  SUBCASE("a closed market") {
    auto status = open_market();
    status.open = false;
    status.reason = "reconciling";
    desk.gate.set_market(spot, status);
    const auto judged = desk.judge({desk.buy()});
    REQUIRE_FALSE(judged);
    CHECK(judged.error().rule == Rule::market_closed);
    CHECK(judged.error().value == "reconciling");
    CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, OrderPurpose::unwind)) == "market_closed");
  }
  SUBCASE("allow-list") {
    auto status = open_market();
    status.allowed = {Symbol{"ETHUSDT"}};
    desk.gate.set_market(spot, status);
    CHECK(desk.ask(desk.buy()) == "allow_list");
    status.allowed.insert(Symbol{"BTCUSDT"});
    desk.gate.set_market(spot, status);
    CHECK(desk.ask(desk.buy()) == "approved");
  }
  SUBCASE("several pauses hold until each is lifted") {
    desk.gate.set_pause("pair", "person", "lunch");
    desk.gate.set_pause("pair", "breaker.global", "loss");
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "strategy_paused");
    CHECK(desk.ask(desk.buy()) == "approved");
    desk.gate.set_pause("pair", "person", "");
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "strategy_paused");
    CHECK(desk.ask(Gated::of_pair(desk.sell(), 1, OrderPurpose::unwind)) == "approved");
    desk.gate.set_pause("pair", "breaker.global", "");
    desk.wait(1s);
    CHECK(desk.ask(Gated::of_pair(desk.buy())) == "approved");
  }
}

TEST_CASE("past a switch thrown with flatten go only orders that bring a position down") {
  Gated desk;
  const auto key = Gated::key("binance", MarketType::linear);
  const auto first = desk.buy(key);
  REQUIRE(desk.ask(first) == "approved");
  desk.fill(first, {101'00});
  auto flatten = desk.sell(key);
  flatten.draft.origin.purpose = OrderPurpose::flatten;
  KillOrder kill{
      .level = KillLevel::all, .scope = {}, .flatten = true, .person = "ann", .reason = "drill"};
  desk.gate.kills().kill(kill);
  SUBCASE("the whole position, once") {
    CHECK(desk.ask(flatten) == "approved");
    auto again = desk.sell(key);
    again.draft.origin.purpose = OrderPurpose::flatten;
    CHECK(desk.ask(again) == "kill_switch"); // the first one may fill yet
  }
  SUBCASE("one lot too many") {
    flatten.draft.quantity = {1'001};
    CHECK(desk.ask(flatten) == "kill_switch");
  }
  SUBCASE("the wrong side") {
    flatten.draft.side = Side::buy;
    CHECK(desk.ask(flatten) == "kill_switch");
  }
  SUBCASE("another purpose") {
    flatten.draft.origin.purpose = OrderPurpose::unwind;
    CHECK(desk.ask(flatten) == "kill_switch");
  }
  SUBCASE("a second switch without flatten") {
    kill.level = KillLevel::venue;
    kill.scope = "binance";
    kill.flatten = false;
    desk.gate.kills().kill(kill);
    CHECK(desk.ask(flatten) == "kill_switch");
  }
}

TEST_CASE("an unlisted, foreign or halted instrument is refused for every purpose") {
  Gated desk;
  auto intent = desk.buy();
  auto facts = desk.facts(Gated::key());
  std::string expected = "instrument";
  SUBCASE("unlisted") {
    facts.instrument = nullptr;
  }
  SUBCASE("of another venue") {
    facts = desk.facts(Gated::key("bybit"));
  }
  SUBCASE("halted") {
    facts = with_listing(facts, [](auto& listing) { listing.status = InstrumentStatus::halted; });
  }
  SUBCASE("before its opening") {
    facts = with_listing(facts, [](auto& listing) { listing.status = InstrumentStatus::pre_open; });
  }
  SUBCASE("closed") {
    facts = with_listing(facts, [](auto& listing) { listing.status = InstrumentStatus::closed; });
  }
  SUBCASE("a scale that means nothing") {
    intent.draft.scale.price_decimals = 19;
  }
  SUBCASE("a negative scale") {
    intent.draft.scale.quantity_decimals = -1;
  }
  CHECK(desk.ask(intent, facts) == expected);
  intent.draft.origin.purpose = OrderPurpose::unwind;
  CHECK(desk.ask(intent, facts) == expected);
}

TEST_CASE("only a live book with two sides is traded on") {
  Gated desk;
  auto facts = desk.facts(Gated::key());
  SUBCASE("gap") {
    facts.condition = market::BookCondition::gap;
  }
  SUBCASE("clock") {
    facts.condition = market::BookCondition::clock;
  }
  SUBCASE("no bids") {
    facts.bid.reset();
  }
  SUBCASE("no asks") {
    facts.ask.reset();
  }
  SUBCASE("crossed") {
    facts.bid = facts.ask;
  }
  SUBCASE("a price of zero") {
    facts.bid = Price{0};
  }
  SUBCASE("a scale that means nothing") {
    facts.scale.price_decimals = 19;
  }
  CHECK(desk.ask(desk.buy(), facts) == "book");
  CHECK(desk.ask(Gated::of_pair(desk.buy(), 1, OrderPurpose::unwind), facts) == "book");
}

TEST_CASE("a book may be as old as the limit and no older") {
  Gated desk;
  auto facts = desk.facts(Gated::key());
  facts.received_at = desk.now.mono - 300ms;
  CHECK(desk.ask(desk.buy(), facts) == "approved");
  facts.received_at -= 1ns;
  const auto judged = desk.judge(desk.buy(Gated::key()), facts);
  REQUIRE_FALSE(judged);
  CHECK(judged.error().rule == Rule::book_age);
  CHECK(judged.error().value == "300.000001 ms");
  CHECK(judged.error().limit == "300 ms");
}

TEST_CASE("clocks may differ by the limit and no more, either way") {
  Gated desk;
  for (const auto sign : {1, -1}) {
    auto status = open_market();
    status.clock_offset = sign * 500ms;
    desk.gate.set_market(spot, status);
    desk.wait(1s);
    CHECK(desk.ask(desk.buy()) == "approved");
    status.clock_offset = sign * 501ms;
    desk.gate.set_market(spot, status);
    CHECK(desk.ask(desk.buy()) == "clock_offset");
  }
}

TEST_CASE("a mid more than the limit from its recent median is an outlier") {
  Gated desk;
  const auto key = Gated::key();
  const auto observe = [&](int count) {
    for (int n = 0; n < count; ++n) {
      desk.wait(100ms);
      desk.gate.observe_mid(key, desk.facts(key), desk.now.mono);
    }
  };
  // The median is 100.5; ten percent above it is 110.55.
  auto facts = desk.facts(key);
  const auto ask_at = [&](std::int64_t doubled_mid) {
    desk.wait(200ms);
    facts.received_at = desk.now.mono;
    facts.bid = Price{doubled_mid / 2 - 10};
    facts.ask = Price{doubled_mid - doubled_mid / 2 + 10};
    auto intent = desk.buy(key);
    intent.draft.price = *facts.ask;
    return desk.ask(intent, facts);
  };
  observe(4);
  CHECK(ask_at(2'100'00) == "approved"); // four mids have no median
  desk.wait(60s);
  observe(5);
  CHECK(ask_at(221'10 - 1) == "approved");
  CHECK(ask_at(221'10) == "approved");
  CHECK(ask_at(221'10 + 1) == "price_outlier");
  CHECK(ask_at(180'90) == "approved");
  CHECK(ask_at(180'90 - 1) == "price_outlier");
  CHECK(ask_at(2'010'00) == "price_outlier"); // ten times
  desk.wait(60s);
  CHECK(ask_at(2'010'00) == "approved"); // nothing to compare with
}

TEST_CASE("prices stand on the tick and within the venue's range") {
  Gated desk;
  auto intent = desk.buy();
  auto facts = with_listing(desk.facts(Gated::key()), [](auto& listing) {
    listing.tick = {5};
    listing.price_min = Price{100'00};
    listing.price_max = Price{102'00};
  });
  const auto at = [&](std::int64_t price) {
    desk.wait(1s);
    facts.received_at = desk.now.mono;
    intent.id = desk.buy().id;
    intent.draft.price = {price};
    return desk.ask(intent, facts);
  };
  CHECK(at(101'00) == "approved");
  CHECK(at(101'05) == "approved");
  CHECK(at(101'01) == "tick");
  CHECK(at(101'04) == "tick");
  CHECK(at(102'00) == "approved");
  CHECK(at(102'05) == "tick");
  CHECK(at(100'00) == "approved");
  CHECK(at(99'95) == "tick");
  CHECK(at(0) == "tick");
  CHECK(at(-1) == "tick");
  intent.draft.type = OrderType::market; // its price is not sent
  CHECK(at(101'01) == "approved");
  CHECK(at(0) == "tick");
}

TEST_CASE("quantities stand on the lot and between the venue's smallest and largest") {
  Gated desk;
  auto intent = desk.buy();
  auto facts = with_listing(desk.facts(Gated::key()), [](auto& listing) {
    listing.lot = {10};
    listing.quantity_min = {100};
    listing.quantity_max = Quantity{2'000};
    listing.notional_min = decimal("20.2");
  });
  const auto of = [&](std::int64_t quantity) {
    desk.wait(1s);
    facts.received_at = desk.now.mono;
    intent.id = desk.buy().id;
    intent.draft.quantity = {quantity};
    return desk.ask(intent, facts);
  };
  CHECK(of(1'000) == "approved");
  CHECK(of(1'001) == "lot");
  CHECK(of(1'009) == "lot");
  CHECK(of(90) == "quantity_min");
  CHECK(of(0) == "quantity_min");
  CHECK(of(-10) == "quantity_min");
  CHECK(of(2'000) == "approved");
  CHECK(of(2'010) == "quantity_max");
  CHECK(of(190) == "notional_min"); // 19.19
  CHECK(of(200) == "approved");     // 20.2
  CHECK(of(210) == "approved");
  intent.draft.origin.purpose = OrderPurpose::unwind;
  CHECK(of(190) == "notional_min");
}

TEST_CASE("an order written at a finer scale than the instrument is judged by its value") {
  Gated desk;
  auto intent = desk.buy();
  intent.draft.scale = {4, 5};
  intent.draft.price = {101'0000};
  intent.draft.quantity = {100'000};
  CHECK(desk.ask(intent) == "approved");
  intent = desk.buy();
  intent.draft.scale = {4, 5};
  intent.draft.price = {100'9999};
  intent.draft.quantity = {100'000};
  CHECK(desk.ask(intent) == "tick");
}

TEST_CASE("one order may be as large as our limits and no larger") {
  GateLimits limits;
  limits.order_quantity_max = decimal("2.5");
  limits.order_notional_max = money("202");
  limits.orders_per_second_max = 100;
  Gated desk{limits};
  auto intent = desk.buy();
  const auto of = [&](std::int64_t quantity) {
    intent.id = desk.buy().id;
    intent.draft.quantity = {quantity};
    return desk.ask(intent);
  };
  CHECK(of(1'999) == "approved");
  CHECK(of(2'000) == "approved");
  CHECK(of(2'001) == "order_notional_max");
  CHECK(of(2'500) == "order_notional_max");
  CHECK(of(2'501) == "order_quantity_max");
  CHECK(of(std::numeric_limits<std::int64_t>::max()) == "order_quantity_max");
  SUBCASE("a strategy's own limit is the tighter one") {
    desk.gate.set_strategy("", {.order_notional_max = money("101")});
    CHECK(of(1'001) == "order_notional_max");
    desk.wait(1s);
    CHECK(of(1'000) == "approved");
  }
  SUBCASE("or it is not: the engine's holds") {
    desk.gate.set_strategy("", {.order_notional_max = money("1000")});
    CHECK(of(2'001) == "order_notional_max");
  }
  SUBCASE("a marketable sell counts at the bid") {
    auto sell = desk.sell();
    sell.draft.price = {99'00};
    sell.draft.quantity = {2'021}; // 200.079 at its limit, 202.1 at the bid
    CHECK(desk.ask(sell) == "order_notional_max");
  }
}

TEST_CASE("numbers beyond all meaning are refused, not wrapped around") {
  GateLimits limits;
  limits.order_notional_max = Money{std::numeric_limits<std::int64_t>::max()};
  limits.order_notional_max.units *= 1'000'000'000;
  limits.price_band_percent = decimal("100000000000");
  limits.order_notional_max.units *= 1'000'000'000;
  Gated desk{limits};
  auto intent = desk.buy();
  intent.draft.scale = {0, 0};
  intent.draft.price = {std::numeric_limits<std::int64_t>::max()};
  intent.draft.quantity = {std::numeric_limits<std::int64_t>::max()};
  CHECK(desk.ask(intent) == "order_notional_max");
}

TEST_CASE("a limit price stays within the band around the mid") {
  Gated desk; // 2 % of 100.5 is 2.01
  const auto at = [&](Side side, std::int64_t price) {
    desk.wait(1s);
    auto intent = desk.order(side);
    intent.draft.price = {price};
    return desk.ask(intent);
  };
  CHECK(at(Side::buy, 102'50) == "approved");
  CHECK(at(Side::buy, 102'51) == "approved");
  CHECK(at(Side::buy, 102'52) == "price_band");
  CHECK(at(Side::sell, 98'50) == "approved");
  CHECK(at(Side::sell, 98'49) == "approved");
  CHECK(at(Side::sell, 98'48) == "price_band");
  auto unwind = desk.buy();
  unwind.draft.origin.purpose = OrderPurpose::unwind;
  unwind.draft.price = {102'52};
  const auto judged = desk.judge({unwind});
  REQUIRE_FALSE(judged);
  CHECK(judged.error().rule == Rule::price_band);
  CHECK(judged.error().value == "2.00995025 %");
  CHECK(judged.error().limit == "2 %");
}

TEST_CASE("a limit price stays within the slippage of the decided one") {
  Gated desk; // 0.1 % of 101 is 0.101, of 100 it is 0.1
  const auto at = [&](Side side, std::int64_t price, std::int64_t decided) {
    desk.wait(1s);
    auto intent = desk.order(side);
    intent.draft.price = {price};
    intent.draft.decided = {decided};
    return desk.ask(intent);
  };
  CHECK(at(Side::sell, 99'91, 100'00) == "approved");
  CHECK(at(Side::sell, 99'90, 100'00) == "approved");
  CHECK(at(Side::sell, 99'89, 100'00) == "slippage");
  CHECK(at(Side::buy, 101'10, 101'00) == "approved");
  CHECK(at(Side::buy, 101'11, 101'00) == "slippage");
  CHECK(at(Side::buy, 101'11, 0) == "approved"); // no decision behind it
  SUBCASE("the strategy's own limit") {
    desk.gate.set_strategy("", {.slippage_percent = decimal("0.2")});
    CHECK(at(Side::buy, 101'20, 101'00) == "approved");
    CHECK(at(Side::buy, 101'21, 101'00) == "slippage");
  }
  SUBCASE("a book that moved away since the decision") {
    CHECK(at(Side::buy, 100'90, 100'90) == "approved"); // the ask is 0.099 % away
    CHECK(at(Side::buy, 100'89, 100'89) == "slippage"); // 0.109 %
    CHECK(at(Side::sell, 100'10, 100'10) == "approved");
    CHECK(at(Side::sell, 100'11, 100'11) == "slippage");
  }
}

TEST_CASE("without a known fee nothing new is opened") {
  Gated desk;
  const auto other = Gated::key("binance", MarketType::spot, "ETHUSDT");
  CHECK(desk.ask(desk.buy(other)) == "fee_unknown");
  desk.gate.set_fee(spot, Symbol{"ETHUSDT"}, {0});
  CHECK(desk.gate.fee(spot, Symbol{"ETHUSDT"}) == strategy::FeeRate{0});
  CHECK(desk.ask(desk.buy(other)) == "approved");
}

TEST_CASE("an order never meets a working one of our own") {
  Gated desk;
  auto resting = desk.sell();
  resting.draft.tif = TimeInForce::gtc;
  resting.draft.price = {101'00};
  REQUIRE(desk.ask(resting) == "approved");
  auto intent = desk.buy();
  SUBCASE("just below") {
    intent.draft.price = {100'99};
    CHECK(desk.ask(intent) == "approved");
  }
  SUBCASE("at its price") {
    CHECK(desk.ask(intent) == "self_cross");
  }
  SUBCASE("a market order meets every price") {
    intent.draft.type = OrderType::market;
    intent.draft.price = {100'50};
    CHECK(desk.ask(intent) == "self_cross");
  }
  SUBCASE("of another strategy too, and when it closes") {
    CHECK(desk.ask(Gated::of_pair(intent, 1, OrderPurpose::unwind)) == "self_cross");
  }
  SUBCASE("elsewhere is elsewhere") {
    CHECK(desk.ask(desk.buy(Gated::key("bybit"))) == "approved");
    CHECK(desk.ask(desk.buy(Gated::key("binance", MarketType::linear))) == "approved");
  }
  SUBCASE("it is gone") {
    desk.refuse(resting);
    CHECK(desk.ask(intent) == "approved");
  }
  SUBCASE("within one batch") {
    desk.refuse(resting);
    auto other = desk.sell();
    other.draft.tif = TimeInForce::post_only;
    other.draft.price = {101'00};
    const auto judged = desk.judge({intent, other});
    REQUIRE_FALSE(judged);
    CHECK(judged.error().rule == Rule::self_cross);
    CHECK(judged.error().draft == 1);
  }
}

TEST_CASE("two orders that never rest do not meet") {
  Gated desk;
  CHECK(desk.ask(desk.buy()) == "approved");
  auto sell = desk.sell();
  CHECK(desk.ask(sell) == "approved");
}

TEST_CASE("the same order again within a moment is a duplicate") {
  Gated desk;
  REQUIRE(desk.ask(desk.buy()) == "approved");
  CHECK(desk.ask(desk.buy()) == "duplicate");
  auto other = desk.buy();
  SUBCASE("another price") {
    other.draft.price = {100'99};
  }
  SUBCASE("another quantity") {
    other.draft.quantity = {1'001};
  }
  SUBCASE("another side") {
    other = desk.sell();
  }
  SUBCASE("another instrument") {
    other = desk.buy(Gated::key("bybit"));
  }
  SUBCASE("to close") {
    other.draft.origin.purpose = OrderPurpose::complete;
  }
  SUBCASE("at the end of the window") {
    desk.wait(50ms);
  }
  CHECK(desk.ask(other) == "approved");
  desk.wait(50ms - 1ns);
  other.id = desk.buy().id;
  CHECK(desk.ask(other)
        == (spares(other.draft.origin.purpose, Rule::duplicate) ? "approved" : "duplicate"));
}

TEST_CASE("a client order id counts once") {
  Gated desk;
  auto intent = desk.buy();
  REQUIRE(desk.ask(intent) == "approved");
  desk.wait(1s);
  CHECK(desk.ask(intent) == "duplicate");
  CHECK(desk.gate.exposure(desk.now).open_orders == 1);
}

TEST_CASE("rules have the words that clients see, and closing orders are spared the right ones") {
  CHECK(to_string(Rule::kill_switch) == "kill_switch");
  CHECK(to_string(Rule::order_notional_max) == "order_notional_max");
  CHECK(to_string(Rule::executions_max) == "executions_max");
  for (const auto rule :
       {Rule::kill_switch, Rule::journal, Rule::market_closed, Rule::allow_list, Rule::instrument,
        Rule::book, Rule::book_age, Rule::tick, Rule::lot, Rule::quantity_min, Rule::notional_min,
        Rule::price_band, Rule::order_notional_max, Rule::self_cross})
    for (const auto purpose : {OrderPurpose::complete, OrderPurpose::unwind, OrderPurpose::flatten})
      CHECK_FALSE(spares(purpose, rule));
  for (const auto rule :
       {Rule::strategy_paused, Rule::duplicate, Rule::position_max, Rule::gross_exposure_max,
        Rule::strategy_total, Rule::daily_loss_max, Rule::order_rate, Rule::executions_max}) {
    CHECK(spares(OrderPurpose::unwind, rule));
    for (const auto purpose : {OrderPurpose::open, OrderPurpose::slice, OrderPurpose::manual})
      CHECK_FALSE(spares(purpose, rule));
  }
}
