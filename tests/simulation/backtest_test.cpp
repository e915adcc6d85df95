// Back-tests: what the report reckons from the journal, and a whole run.
#include "apps/tandem_world/backtest.hpp"

#include "apps/tandem_world/running_world.hpp"
#include "config/load.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::world;
using namespace std::chrono_literals;
using core::strategy::ExecutionPhase;

namespace {

core::Money money(const char* text) {
  return core::parse_money(text).value();
}

core::Decimal decimal(const char* text) {
  return core::Decimal::parse(text).value();
}

core::orders::Record execution(std::uint64_t number, ExecutionPhase phase, const char* profit,
                               core::UnixMillis ended) {
  core::strategy::ExecutionState state;
  state.pair = core::PairId{"pair"};
  state.number = number;
  state.phase = phase;
  state.decided_buy_price = decimal("100");
  state.decided_sell_price = decimal("101");
  for (auto& leg : state.legs) {
    leg.scale = {2, 3};
    leg.filled = {2'000}; // 2
  }
  state.legs[1].side = core::orders::Side::sell;
  state.legs[0].price = decimal("100.01");
  state.legs[1].price = decimal("100.98");
  state.profit = money(profit);
  state.notional = money("400");
  state.started_at = ended - 250;
  state.ended_at = ended;
  return core::orders::ExecutionRecord{state};
}

std::optional<std::string> nothing(const std::string&) {
  return std::nullopt;
}

BacktestOptions short_run() {
  BacktestOptions options;
  options.title = "short";
  options.config = config::load_file("config/examples/mock.yaml", nothing).config;
  options.scenario
      = sim::load_scenario("config/scenarios/mock.yaml",
                           {{"flow.levels", "20"}, {"flow.history_minutes", "2"}}, nothing)
            .scenario;
  options.length = 30s;
  return options;
}

} // namespace

TEST_CASE("the last word on an execution counts, in the order in which they ended") {
  const std::vector records{execution(1, ExecutionPhase::legs, "0", 0),
                            execution(1, ExecutionPhase::done, "2", 1'000),
                            execution(3, ExecutionPhase::stranded, "-3", 3'000),
                            execution(2, ExecutionPhase::done, "1", 2'000),
                            execution(4, ExecutionPhase::refused, "0", 4'000),
                            execution(5, ExecutionPhase::done, "0.5", 5'000),
                            execution(6, ExecutionPhase::legs, "9", 0)};
  const auto report = report_of("title", 0, 6'000, records);
  REQUIRE(report.pairs.size() == 1);
  const auto& pair = report.pairs.front();
  CHECK(pair.executions == 4);
  CHECK(pair.won == 3);
  CHECK(pair.refused == 1);
  CHECK(pair.stranded == 1);
  CHECK(pair.profit == money("0.5"));
  CHECK(pair.best == money("2"));
  CHECK(pair.worst == money("-3"));
  CHECK(pair.drawdown == money("3"));
  CHECK(pair.in_market == 1'000ms);
  CHECK(pair.notional == money("1600"));
  // Bought 0.01 dearer and sold 0.02 cheaper than decided, 2 of it, four times.
  CHECK(pair.slippage == money("0.24"));
  REQUIRE(report.course.size() == 4);
  CHECK(report.course[1].profit == money("3"));
  CHECK(report.course[3].profit == money("0.5"));
}

TEST_CASE("a fill that was told twice is one fill and one fee") {
  core::orders::FillRecord fill;
  fill.id = core::orders::ClientOrderId{"tdtest0000100000001"};
  fill.fill.trade_id = "7";
  fill.fill.fee = money("0.1");
  fill.fill.fee_asset = "BNB";
  const std::vector<core::orders::Record> records{fill, fill};
  const auto report = report_of("title", 0, 1, records);
  CHECK(report.fills == 1);
  CHECK(report.fees.at("BNB") == money("0.1"));
}

TEST_CASE("text, JSON and page say the same, and the page needs nothing besides itself") {
  const std::vector records{execution(1, ExecutionPhase::done, "2.25", 1'000),
                            execution(2, ExecutionPhase::done, "-1", 2'000)};
  const auto report = report_of("a <title> & more", 0, 3'000, records);
  CHECK(as_text(report).find("profit 1.25") != std::string::npos);
  const auto parsed = boost::json::parse(as_json(report)).as_object();
  CHECK(parsed.at("profit").as_string() == "1.25");
  CHECK(parsed.at("mode").as_string() == "mock");
  CHECK(parsed.at("pairs").at(0).at("won").to_number<int>() == 1);
  const auto page = as_html(report);
  CHECK(page.find("a &lt;title> &amp; more") != std::string::npos);
  CHECK(page.find("<polyline") != std::string::npos);
  CHECK(page.find("1.25") != std::string::npos);
  for (const auto* word : {"src=", "href=", "http:", "https:", "@import", "url("})
    CHECK_MESSAGE(page.find(word) == std::string::npos, word);
}

TEST_CASE("the shipped configuration trades its scenario; the same seed is the same test") {
  const auto first = run_backtest(short_run());
  REQUIRE(first.has_value());
  CHECK(first->broken.empty());
  CHECK(first->report.orders > 10);
  CHECK(first->report.fills > 10);
  CHECK(first->report.pairs.size() >= 3);
  CHECK(first->report.plans.size() == 2);
  CHECK(first->report.to - first->report.from == 30'000);
  const auto again = run_backtest(short_run());
  CHECK(again->digest == first->digest);
  CHECK(as_json(again->report) == as_json(first->report));
  auto slow = short_run();
  slow.latency = 50ms;
  CHECK(run_backtest(slow)->report.profit() < first->report.profit());
}

TEST_CASE("a recording is traded at its own time, and the journal agrees with the venues") {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  const auto recorded = [&] {
    BacktestOptions options;
    options.title = "recorded";
    options.config = config::load_file("config/examples/replay.yaml", environment).config;
    options.scenario = sim::load_scenario("config/scenarios/replay.yaml", {}, environment).scenario;
    options.length = 10min;
    return options;
  };
  const auto first = run_backtest(recorded());
  if (!first.has_value() && environment("CI") == std::nullopt) {
    MESSAGE("not run: " << core::describe(first.error()));
    return;
  }
  REQUIRE(first.has_value());
  CHECK(first->broken == std::vector<std::string>{}); // equal to the ledger, to the smallest unit
  CHECK(first->report.orders > 10);
  CHECK(first->report.fills > 10);
  CHECK(first->report.from > 1'723'161'000'000); // the recording's day, not today
  CHECK(first->report.from < 1'723'162'000'000);
  CHECK(run_backtest(recorded())->digest == first->digest);
}

TEST_CASE("a recorded market without a book is named before anything runs") {
  const StateDirectory folder;
  const auto file = folder.path() + "/best-prices.rec";
  std::ofstream{file}
      << R"(1723161600000000000 {"stream":"btcusdt@bookTicker","data":{"u":6,"s":"BTCUSDT","b":"10","B":"1","a":"11","A":"3"}})"
      << '\n';
  auto options = short_run();
  options.scenario.replay.emplace();
  options.scenario.replay->sources.push_back({sim::SurfaceId::binance_spot, "BTCUSDT", {file}, {}});
  const auto result = run_backtest(options);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == core::Errc::validation_error);
  CHECK(core::describe(result.error()).find("binance_spot BTCUSDT") != std::string::npos);
}

TEST_CASE("a recording that is not there is named") {
  auto options = short_run();
  options.scenario.replay.emplace();
  options.scenario.replay->sources.push_back(
      {sim::SurfaceId::binance_spot, "BTCUSDT", {"/nowhere/day.rec.gz"}, {}});
  const auto result = run_backtest(options);
  REQUIRE_FALSE(result.has_value());
  CHECK(core::describe(result.error()).find("/nowhere/day.rec.gz") != std::string::npos);
}
