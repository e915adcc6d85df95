// The frames of the traders' WebSocket with the documented names and JSON types.
#include "adapters/traders/events.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters::traders;
using namespace std::chrono_literals;
using core::strategy::Direction;
using core::strategy::OpportunityEvent;
using core::strategy::OpportunityPhase;

namespace {

core::InstrumentKey btc(const char* venue) {
  return {core::VenueId{venue}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
}

/// Half a bitcoin bought at 68000.1 and sold at 68000.5, fees of 0.01.
OpportunityEvent some_event() {
  OpportunityEvent event;
  event.number = 3;
  event.spread.scale = {1, 2};
  event.spread.quantity = core::Quantity{50};
  event.spread.buy = core::Notional{680'001 * 50};
  event.spread.sell = core::Notional{680'005 * 50};
  event.spread.buy_fee = core::Notional{10};
  event.net_percent_best = core::Decimal{6, 4};
  return event;
}

core::market::DepthView live_view() {
  core::market::DepthView view;
  view.condition = core::market::BookCondition::live;
  view.scale = {2, 3};
  view.bid_count = view.ask_count = 1;
  view.bids_store[0] = {core::Price{6'800'010}, core::Quantity{1}};
  view.asks_store[0] = {core::Price{6'800'050}, core::Quantity{1}};
  return view;
}

} // namespace

TEST_CASE("an opportunity frame has the documented names, all numbers as JSON numbers") {
  const auto event = some_event();
  CHECK(opportunity_frame({core::PairId{"a"}, btc("bybit"), btc("binance"), event, 17}, "mock")
        == R"({"event":"opportunity","mode":"mock","data":{"pairId":"a","spread":0.4,)"
           R"("spreadPercent":0.00058823,"spreadPct":0.00058823,"leg1Price":68000.1,)"
           R"("leg2Price":68000.5,"direction":"leg1_buy_leg2_sell","netPercent":0.00055882,)"
           R"("bestNetPercent":0.0006,"qty":0.5,"number":3,"phase":"opened","lifetimeMs":0,)"
           R"("ts":17}})");
}

TEST_CASE("an opportunity the other way round names the legs' prices, not the sides'") {
  auto event = some_event();
  event.spread.direction = Direction::leg1_sell_leg2_buy;
  event.phase = OpportunityPhase::ended;
  event.lifetime = 1'999'999ns;
  const auto json = parse_json(
      opportunity_frame({core::PairId{"a"}, btc("bybit"), btc("binance"), event, 17}, "mock"));
  const auto* data = json->find("data");
  CHECK(data->find("leg1Price")->number()->text == "68000.5");
  CHECK(data->find("leg2Price")->number()->text == "68000.1");
  CHECK(*data->find("direction")->string() == "leg1_sell_leg2_buy");
  CHECK(data->find("spread")->number()->text == "0.4");
  CHECK(*data->find("phase")->string() == "ended");
  CHECK(data->find("lifetimeMs")->number()->text == "1");
}

TEST_CASE("an alert frame has the documented names, and a null where it is about no pair") {
  CHECK(alert_frame({"warning", "PAIR_PAUSED", "a \"paused\"", core::PairId{"a"}, "bybit.spot", 9},
                    "live")
        == R"({"event":"engine_alert","mode":"live","data":{"severity":"warning",)"
           R"("code":"PAIR_PAUSED","message":"a \"paused\"","pairId":"a","source":"bybit.spot",)"
           R"("ts":9}})");
  CHECK(alert_frame({"info", "X", "", {}, "", 9}, "live").find(R"("pairId":null)")
        != std::string::npos);
}

TEST_CASE("a price frame has the documented names and numbers") {
  CHECK(price_frame(btc("bybit"), live_view(), 21, "mock")
        == R"({"event":"price_update","mode":"mock","data":{"exchange":"bybit",)"
           R"("symbol":"BTCUSDT","type":"spot","bid":68000.1,"ask":68000.5,"ts":21}})");
}

TEST_CASE("there is no price frame without a live top on both sides") {
  auto view = live_view();
  view.bid_count = 0;
  CHECK(price_frame(btc("bybit"), view, 21, "mock").empty());
  view = live_view();
  view.ask_count = 0;
  CHECK(price_frame(btc("bybit"), view, 21, "mock").empty());
  for (const auto condition :
       {core::market::BookCondition::down, core::market::BookCondition::syncing,
        core::market::BookCondition::gap, core::market::BookCondition::stale,
        core::market::BookCondition::crossed, core::market::BookCondition::clock}) {
    view = live_view();
    view.condition = condition;
    CHECK(price_frame(btc("bybit"), view, 21, "mock").empty());
  }
}
