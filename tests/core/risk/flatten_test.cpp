#include "core/risk/flatten.hpp"

#include "tests/core/orders/desk_world.hpp"
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

#include <tuple>

namespace tandem::tests {
namespace {

using core::Errc;
using core::MarketType;
using core::MonoTime;
using core::orders::ClientOrderId;
using core::orders::OrderPurpose;
using core::orders::Side;
using core::risk::Flattening;
using core::risk::GateLimits;
using core::risk::HeldPosition;
using core::risk::KillLevel;
using core::risk::KillOrder;
using core::risk::Rule;

const MonoTime begin{1h};

KillOrder with_flatten(KillLevel level = KillLevel::all, std::string scope = {}) {
  return {.level = level,
          .scope = std::move(scope),
          .flatten = true,
          .person = "ann",
          .reason = "drill",
          .ts = 1};
}

/// 100 / 101.
core::market::DepthView shown(const Rules& rules = {}) {
  return book(cents, {{"100", "5"}}, {{"101", "5"}}, rules);
}

HeldPosition held(std::string_view quantity, MarketType type = MarketType::spot) {
  return {Gated::key("binance", type), money(quantity), "pair"};
}

} // namespace

TEST_CASE("a long position is sold and a short one bought, at most the guard beyond the touch") {
  Flattening work{with_flatten(), {}, {}, begin};
  const auto view = shown();
  const auto sell = work.next(held("1.2345"), &view, begin);
  REQUIRE(sell);
  CHECK(sell->side == Side::sell);
  CHECK(sell->quantity == core::Quantity{1'234});
  CHECK(sell->price == core::Price{99'00});
  CHECK(sell->tif == core::orders::TimeInForce::ioc);
  CHECK_FALSE(sell->reduce_only);
  CHECK(sell->origin.purpose == OrderPurpose::flatten);
  CHECK(sell->origin.pair.text() == "pair");
  CHECK(sell->origin.person == "ann");
  const auto buy = work.next(held("-2", MarketType::linear), &view, begin);
  REQUIRE(buy);
  CHECK(buy->side == Side::buy);
  CHECK(buy->price == core::Price{102'01});
  CHECK(buy->reduce_only);
}

TEST_CASE("one order at a time for a position, the next one a moment after the last is over") {
  Flattening work{with_flatten(), {}, {}, begin};
  const auto view = shown();
  const auto position = held("1");
  REQUIRE(work.next(position, &view, begin));
  work.placed(position.instrument, ClientOrderId{"one"});
  CHECK_FALSE(work.next(position, &view, begin + 10s));
  CHECK_FALSE(work.is_over({position}, begin + 10s));
  REQUIRE(work.under_way().size() == 1);
  CHECK(work.under_way().front().second == ClientOrderId{"one"});
  work.ended(position.instrument, begin + 10s);
  CHECK(work.under_way().empty());
  CHECK_FALSE(work.next(position, &view, begin + 10'499ms));
  CHECK(work.next(position, &view, begin + 10'500ms));
  CHECK(work.is_over({}, begin + 11s));
  CHECK(work.orders() == 1);
}

TEST_CASE("what is too much for one order goes in several, each as big as the gate allows") {
  GateLimits bounds;
  bounds.order_notional_max = money("250");
  Gated gated{bounds};
  Flattening work{with_flatten(), {}, bounds, begin};
  const auto view = shown();
  for (const auto* quantity : {"10", "-10"}) {
    const auto draft = work.next(held(quantity), &view, begin);
    REQUIRE(draft);
    // 250 / 100 when selling at the bid, 250 / 102.01 when buying up to the limit.
    CHECK(draft->quantity == core::Quantity{draft->side == Side::sell ? 2'500 : 2'450});
    auto intent = gated.order(draft->side);
    intent.draft.price = draft->price;
    intent.draft.quantity = draft->quantity;
    CHECK(gated.ask(intent) == "approved");
    intent.draft.quantity.units += 1;
    CHECK(gated.ask(intent) == "order_notional_max");
  }
}

// Found by the simulated worlds, seed 6790: a gate with a narrower band than the guard refused
// every order that was to flatten.
TEST_CASE("a limit goes no further from the mid than the gate's own band") {
  GateLimits bounds;
  for (const auto& [band, sold_at, bought_at] : {std::tuple{core::Decimal{2, 0}, 99'00, 102'01},
                                                 {core::Decimal{1, 0}, 99'50, 101'50},
                                                 {core::Decimal{75, 2}, 99'75, 101'25},
                                                 {core::Decimal{6'000'001, 7}, 99'90, 101'10}}) {
    CAPTURE(band);
    bounds.price_band_percent = band;
    Gated gated{bounds};
    Flattening work{with_flatten(), {}, bounds, begin};
    const auto view = shown();
    for (const auto* quantity : {"1", "-1"}) {
      const auto draft = work.next(held(quantity), &view, begin);
      REQUIRE(draft);
      const bool sells = draft->side == Side::sell;
      CHECK(draft->price == core::Price{sells ? sold_at : bought_at});
      auto intent = gated.order(draft->side);
      intent.draft.price = draft->price;
      intent.draft.quantity = draft->quantity;
      CHECK(gated.ask(intent) == "approved");
    }
  }
}

TEST_CASE("where the touch itself is beyond the band the gate says so") {
  GateLimits bounds;
  bounds.price_band_percent = {1, 1};
  Flattening work{with_flatten(), {}, bounds, begin};
  const auto view = shown();
  const auto draft = work.next(held("1"), &view, begin);
  REQUIRE(draft);
  CHECK(draft->price == core::Price{100'00});
}

TEST_CASE("what no order can close is dust, told as such, and no reason to go on") {
  Flattening work{with_flatten(), {}, {}, begin};
  const auto view = shown({.notional_min = "10"});
  const auto position = held("0.09");
  CHECK_FALSE(work.is_over({position}, begin));
  CHECK_FALSE(work.next(position, &view, begin));
  CHECK(work.is_over({position}, begin));
  const auto left = work.left({position});
  REQUIRE(left.size() == 1);
  CHECK(left.front().dust);
  CHECK(left.front().quantity == money("0.09"));
  CHECK(left.front().why == "below the venue's minimum");
}

TEST_CASE("without a book, or refused by the gate, it tries again until it gives up and says what "
          "is left") {
  Flattening work{with_flatten(), {}, {}, begin};
  const auto position = held("1");
  CHECK_FALSE(work.next(position, nullptr, begin));
  CHECK_FALSE(work.is_over({position}, begin + 1s));
  CHECK(work.left({position}).front().why == "no live book");
  const auto view = shown();
  REQUIRE(work.next(position, &view, begin + 1s));
  work.refused(position.instrument, {Rule::market_closed, 0, "closed", "open", "reconciling"},
               begin + 1s);
  CHECK_FALSE(work.next(position, &view, begin + 1'499ms));
  CHECK(work.next(position, &view, begin + 1'500ms));
  CHECK_FALSE(work.next(position, &view, begin + 60s));
  CHECK(work.is_over({position}, begin + 60s));
  const auto left = work.left({position});
  REQUIRE(left.size() == 1);
  CHECK_FALSE(left.front().dust);
  CHECK(left.front().why == "market_closed: reconciling");
}

TEST_CASE("held positions are those of the scope; a strategy's part is never more than the whole") {
  Gated gated;
  const auto bought = Gated::of_pair(gated.buy());
  REQUIRE(gated.ask(bought) == "approved");
  gated.fill(bought, {101'00});
  const auto sold = gated.sell(Gated::key("bybit"));
  REQUIRE(gated.ask(sold) == "approved");
  gated.fill(sold, {100'00});
  const auto all = gated.gate.held_positions(KillLevel::all, {});
  REQUIRE(all.size() == 2);
  CHECK(all[0].instrument == Gated::key());
  CHECK(all[0].quantity == money("1"));
  CHECK(all[0].strategy == "pair");
  CHECK(all[1].quantity == money("-1"));
  CHECK(all[1].strategy.empty());
  CHECK(gated.gate.held_positions(KillLevel::venue, "bybit").size() == 1);
  CHECK(gated.gate.held_positions(KillLevel::strategy, "other").empty());
  CHECK(gated.gate.held_positions(KillLevel::strategy, "pair").size() == 1);
  gated.gate.restate_position(Gated::key(), money("0.4"));
  CHECK(gated.gate.held_positions(KillLevel::strategy, "pair").front().quantity == money("0.4"));
  gated.gate.restate_position(Gated::key(), money("-1"));
  CHECK(gated.gate.held_positions(KillLevel::strategy, "pair").empty());
}

TEST_CASE("under a switch with flatten an order leaves that lessens the position, and no other") {
  DeskWorld world;
  const auto id = world.submit();
  world.desk.on_fill(DeskWorld::fill(id, "t1", "1"), world.now);
  world.desk.on_order(DeskWorld::shown(id, core::orders::VenueStatus::filled, "1"), world.now);
  world.journal.delayed = true;
  bool flatten = true;
  SUBCASE("thrown with it") {
    world.desk.kill(with_flatten(), world.now);
  }
  SUBCASE("asked for later") {
    world.desk.kill({}, world.now);
    world.desk.kill(with_flatten(), world.now);
  }
  SUBCASE("not asked for") {
    world.desk.kill({}, world.now);
    flatten = false;
  }
  const auto facts = world.fresh("binance");
  const auto submit = [&](Side side, std::int64_t quantity) {
    auto draft = world.draft(side);
    draft.origin.purpose = OrderPurpose::flatten;
    draft.price = {side == Side::buy ? 101'00 : 100'00};
    draft.quantity = {quantity};
    return world.desk.submit({&draft, 1}, {&facts, 1}, world.now).has_value();
  };
  CHECK_FALSE(submit(Side::buy, 1'000));
  CHECK_FALSE(submit(Side::sell, 1'001));
  const auto sent = world.ports["binance"].sent.size();
  CHECK(submit(Side::sell, 1'000) == flatten);
  world.journal.sync();
  CHECK(world.ports["binance"].sent.size() == sent + (flatten ? 1U : 0U));
  CHECK_FALSE(submit(Side::sell, 1)); // the one on its way counts
}

} // namespace tandem::tests
