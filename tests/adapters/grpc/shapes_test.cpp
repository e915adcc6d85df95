/// What the writers of the REST interface say at their emptiest and their fullest has a place in
/// the messages, and comes back the same: cases that a running engine shows rarely.
#include "adapters/grpc/message_json.hpp"
#include "adapters/traders/events.hpp"
#include "adapters/traders/orders.hpp"
#include "adapters/traders/pairs.hpp"
#include "adapters/traders/plans.hpp"
#include "adapters/traders/replies.hpp"
#include "adapters/traders/risk.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/message.h>
#include <tandem/v1/orders.pb.h>
#include <tandem/v1/pairs.pb.h>
#include <tandem/v1/plans.pb.h>
#include <tandem/v1/prices.pb.h>
#include <tandem/v1/risk.pb.h>
#include <tandem/v1/streams.pb.h>

#include <algorithm>
#include <functional>
#include <string>

namespace {

using namespace tandem;
using namespace tandem::adapters::traders;
namespace rpc = tandem::adapters::grpc;
using core::Decimal;
using core::Errc;

/// The same for documents that differ in the order of members alone.
std::string sorted(const Json& json) {
  if (const auto* list = json.array()) {
    std::string text = "[";
    for (const auto& item : *list)
      text += sorted(item) + ",";
    return text + "]";
  }
  if (const auto* object = json.object()) {
    std::vector<std::string> members;
    for (const auto& [name, value] : *object)
      members.push_back(name + ":" + sorted(value));
    std::ranges::sort(members);
    std::string text = "{";
    for (const auto& member : members)
      text += member + ",";
    return text + "}";
  }
  if (json.null())
    return "null";
  if (const auto* number = json.number())
    return number->text;
  return json.boolean() != nullptr ? (*json.boolean() ? "true" : "false")
                                   : '"' + *json.string() + '"';
}

std::string sorted(const std::string& text) {
  return sorted(parse_json(text).value());
}

void fits(const std::string& json, google::protobuf::Message& message) {
  CAPTURE(json);
  const auto read = rpc::read_message(json, message);
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : core::describe(read.error())));
  JsonWriter out;
  rpc::write_message(out, message, rpc::Plain::always);
  CHECK(sorted(out.text()) == sorted(json));
}

template <class Message>
void fits(const std::function<void(JsonWriter&)>& write) {
  JsonWriter out;
  write(out);
  Message message;
  fits(out.text(), message);
}

template <class Message>
void frame_fits(const std::string& frame) {
  Message message;
  const auto* data = parse_json(frame).value().find("data");
  REQUIRE(data != nullptr);
  const auto read = rpc::read_envelope(frame, {"data", &message});
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : core::describe(read.error())));
  JsonWriter out;
  rpc::write_message(out, message, rpc::Plain::always);
  CHECK(sorted(out.text()) == sorted(*parse_json(frame).value().find("data")));
}

core::InstrumentKey btc(const char* venue) {
  return {core::VenueId{venue}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
}

core::Money money(std::string_view text) {
  return core::parse_money(text).value();
}

core::twap::PlanConfig some_plan() {
  core::twap::PlanConfig plan;
  plan.id = core::twap::PlanId{"twap_1"};
  plan.total_quantity = {1, 2};
  plan.slice_quantity = {1, 3};
  plan.legs.resize(2);
  plan.legs[0].instrument = btc("bybit");
  plan.legs[1].instrument = btc("binance");
  return plan;
}

} // namespace

TEST_CASE("an execution at its emptiest and at its fullest has a message") {
  core::strategy::ExecutionState execution;
  fits<v1::Execution>([&](JsonWriter& out) { write_execution(out, execution); });
  execution.pair = core::PairId{"btc"};
  execution.phase = core::strategy::ExecutionPhase::stranded;
  execution.person = "a person";
  execution.opportunity = 0xFFFF'FFFF'FFFF'FFFF;
  execution.reason = "a \"reason\"";
  execution.residual = {-5, 3};
  execution.other_fees["BNB"] = money("-0.01");
  execution.other_fees["OKB"] = money("0.00000001");
  execution.legs[0].price = Decimal{600'005, 1};
  execution.legs[0].filled = core::Quantity{7};
  execution.legs[1].error = "refused";
  execution.legs[1].code = Errc::insufficient_funds;
  fits<v1::Execution>([&](JsonWriter& out) { write_execution(out, execution); });
  frame_fits<v1::Execution>(execution_frame(execution, "mock"));
}

TEST_CASE("a plan at its emptiest and at its fullest has a message") {
  core::twap::PlanView view;
  view.plan = some_plan();
  const auto all = [&] {
    fits<v1::Plan>([&](JsonWriter& out) { write_plan(out, view); });
    fits<v1::PlanStatus>([&](JsonWriter& out) { write_plan_status(out, view); });
    frame_fits<v1::PlanUpdate>(plan_frame(view, 17, "mock"));
  };
  all();
  auto& options = view.plan.options;
  options.start_at = 1;
  options.end_at = 2;
  options.seed = 0xFFFF'FFFF'FFFF'FFFF;
  options.calendar.sessions.push_back({});
  options.calendar.sessions.back().days = 0x7F;
  view.plan.legs[0].limit_price = Decimal{5, 1};
  view.state.started_at = 3;
  view.state.ended_at = 4;
  view.state.last_execution_at = 5;
  view.next_due = 6;
  view.state.paused_by = "a person";
  view.state.risk = "breaker";
  view.state.cancelled_by = "another";
  view.held_by = "kill switch";
  view.state.reason = "why";
  view.state.skipped = money("0.0005");
  auto& leg = view.state.legs[0];
  leg.filled = money("0.003");
  leg.notional = money("180.3");
  leg.fees["BTC"] = money("0.000003");
  leg.fees["BNB"] = money("-0.01");
  leg.arrival = Decimal{60'000, 0};
  leg.benchmark_sum = money("6005000");
  leg.benchmark_ms = 100;
  all();
}

TEST_CASE("a forecast without prices and one with every refusal have a message") {
  core::twap::Forecast forecast;
  fits<v1::CreatePlanResponse>(
      [&](JsonWriter& out) { write_forecast(out, some_plan(), forecast); });
  forecast.slices = {{1, 1'000, 15}, {2, 31'000, 9}};
  forecast.grid = {{1, 4}, {5, 4}, {}};
  auto& leg = forecast.legs[0];
  leg.mid = Decimal{600'005, 1};
  leg.average_price = Decimal{60'100, 0};
  leg.fees = money("0.14424");
  leg.slice_refusals = {{core::risk::Rule::notional_min, 0, "4.9", "5", "too \"small\""}};
  leg.plan_refusals = {{core::risk::Rule::daily_notional_max, 0, "144", "100", "used up"}};
  auto plan = some_plan();
  plan.legs[0].limit_price = Decimal{1, 0};
  fits<v1::CreatePlanResponse>([&](JsonWriter& out) { write_forecast(out, plan, forecast); });
}

TEST_CASE("a market with nothing seen of it and one with everything have a message") {
  core::Instrument instrument;
  instrument.key = btc("bybit");
  fits<v1::Market>([&](JsonWriter& out) { write_market(out, instrument, nullptr); });
  instrument.quantity_max = core::Quantity{900'000};
  instrument.notional_min = Decimal{5, 0};
  core::market::Board board;
  const auto entry = board.entry(instrument.key);
  entry->change_extras([](core::market::BoardEntry::Extras& extras) {
    extras.trade
        = core::market::Trade{"t1", Decimal{1, 0}, Decimal{2, 0}, core::market::TakerSide::sell, 7};
    core::market::Ticker ticker;
    ticker.last = ticker.high = ticker.low = ticker.volume = ticker.quote_volume
        = ticker.change_percent = ticker.mark_price = ticker.index_price = ticker.funding_rate
        = Decimal{-15, 1};
    extras.ticker = ticker;
    extras.kline = core::market::Kline{};
  });
  fits<v1::Market>([&](JsonWriter& out) { write_market(out, instrument, entry.get()); });
}

TEST_CASE("prices, whole books and a failed item of a batch have messages") {
  core::market::DepthView view;
  view.condition = core::market::BookCondition::live;
  view.bid_count = view.ask_count = 1;
  view.bids_store[0] = {core::Price{6'800'010}, core::Quantity{1}};
  view.asks_store[0] = {core::Price{6'800'050}, core::Quantity{1}};
  fits<v1::Price>([&](JsonWriter& out) { write_price(out, btc("bybit"), view, 5, 17); });
  fits<v1::PriceOrError>([&](JsonWriter& out) { write_price(out, btc("bybit"), view, 5, 17); });
  for (const auto code : {Errc::not_found, Errc::upstream_error})
    for (const auto* source : {"", "symbol"})
      fits<v1::PriceOrError>([&](JsonWriter& out) {
        write_failed_price(out, "bybit", "X", core::Error{code, "none", source});
      });
  fits<v1::Book>([&](JsonWriter& out) {
    write_book(out, btc("bybit"), view.condition, view.scale, 0xFFFF'FFFF'FFFF'FFFF, view.bids(),
               view.asks());
  });
  frame_fits<v1::PriceUpdate>(price_frame(btc("bybit"), view, 17, "mock"));
}

TEST_CASE("pairs, spreads, opportunities and alerts have messages") {
  core::strategy::PairConfig pair;
  fits<v1::Pair>([&](JsonWriter& out) { write_pair(out, pair); });
  pair.options.leg1_fee = core::strategy::FeeRate{-1'000};
  pair.options.leg2_fee = core::strategy::FeeRate{0};
  fits<v1::Pair>([&](JsonWriter& out) { write_pair(out, pair); });
  core::strategy::OpportunityEvent event;
  event.spread.scale = {1, 2};
  event.spread.quantity = core::Quantity{50};
  event.spread.buy = core::Notional{680'001 * 50};
  event.spread.sell = core::Notional{680'005 * 50};
  fits<v1::PairSpread>([&](JsonWriter& out) { write_spread(out, event.spread); });
  frame_fits<v1::Opportunity>(
      opportunity_frame({core::PairId{"a"}, btc("bybit"), btc("binance"), event, 17}, "mock"));
  for (const auto* about : {"", "btc"})
    frame_fits<v1::Alert>(
        alert_frame({"critical", "A", "text", core::PairId{about}, "source", 17}, "mock"));
}

TEST_CASE("exposure, breakers and kill switches have messages") {
  core::risk::ExposureView exposure;
  fits<v1::Exposure>([&](JsonWriter& out) { write_exposure(out, exposure); });
  exposure.positions.push_back(
      {btc("bybit"), money("-1.5"), money("1"), money("2"), money("-3"), money("4"), {}});
  exposure.positions[0].fees["BNB"] = money("-0.5");
  exposure.positions[0].fees["USDT"] = money("0.5");
  fits<v1::Exposure>([&](JsonWriter& out) { write_exposure(out, exposure); });
  fits<v1::Breaker>([&](JsonWriter& out) { write_breaker(out, "global", {}); });
  fits<v1::Kill>([&](JsonWriter& out) { write_kill(out, {}); });
}

TEST_CASE("a refusal of the risk gate has its message, with rule and numbers") {
  v1::Error error;
  const auto body = refusal({core::risk::Rule::price_outlier, 1, "10", "5", "too far"}, "", "mock");
  const auto read = rpc::read_envelope(body, {"error", &error});
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : core::describe(read.error())));
  CHECK(error.code() == "RISK_REJECTED");
  CHECK(error.details().rule() == "price_outlier");
  CHECK(error.details().value() == "10");
  CHECK(error.details().limit() == "5");
  CHECK(error.details().leg() == 2);
}
