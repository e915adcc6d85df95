// Analysis: S1-08, S1-23, S1-75 to S1-78. Expected figures were computed independently, with
// Python's statistics module.
#include "adapters/price_stream/analysis.hpp"

#include "adapters/transport/json.hpp"
#include "tests/adapters/price_stream/fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::price_stream;
using core::klines::Candle;
using doctest::Approx;
using tests::candle;
using tests::decimal;
using tests::minute;
using tests::noon;

namespace {

const core::Symbol btc{"BTCUSDT"};

std::vector<Candle> sample() {
  return {candle(noon, {"100", "110", "95", "105", "1.5", 10}),
          candle(noon + minute, {"105", "108", "101", "102", "2", 20}),
          candle(noon + 2 * minute, {"102", "103", "99", "100", "0.5", 5}),
          candle(noon + 3 * minute, {"100", "120", "100", "118", "4", 40}),
          candle(noon + 4 * minute, {"118", "119", "117", "118.5", "1", 8})};
}

std::vector<Candle> closes(const std::vector<const char*>& prices) {
  std::vector<Candle> rows;
  for (const auto* price : prices)
    rows.push_back(candle(noon + static_cast<core::UnixMillis>(rows.size()) * minute,
                          {price, price, price, price, "1"}));
  return rows;
}

} // namespace

TEST_CASE("S1-75: the market summary") {
  const auto rows = sample();
  const auto summary = market_summary(rows);
  REQUIRE(summary);
  CHECK(summary->current_price == 118.5);
  CHECK(summary->price_change == 18.5);
  CHECK(summary->price_change_percent == 18.5);
  CHECK(summary->high == 120);
  CHECK(summary->low == 95);
  CHECK(summary->volume == 9);
  CHECK(summary->avg_price == Approx(108.7));
  CHECK(summary->volatility == Approx(9.83036158971194).epsilon(1e-12));
  CHECK_FALSE(market_summary({}));
  SUBCASE("one row has neither a change nor a deviation") {
    const auto one = market_summary(closes({"7"}));
    CHECK(one->price_change_percent == 0);
    CHECK(one->volatility == 0);
  }
}

TEST_CASE("S1-76: the trend is beyond 2 percent from the first to the last close") {
  const auto trend = [](const char* last) {
    return to_string(trading_stats(closes({"100", "50", last}))->trend);
  };
  CHECK(trend("102.01") == "bullish");
  CHECK(trend("102") == "sideways");
  CHECK(trend("100") == "sideways");
  CHECK(trend("98") == "sideways");
  CHECK(trend("97.99") == "bearish");
  SUBCASE("and the other figures are of the rows") {
    const auto stats = trading_stats(sample());
    REQUIRE(stats);
    CHECK(stats->rows == 5);
    CHECK(stats->avg_volume == Approx(1.8));
    CHECK(stats->max_price == 118.5);
    CHECK(stats->min_price == 100);
    CHECK(stats->price_range == 18.5);
    CHECK_FALSE(trading_stats({}));
  }
}

TEST_CASE("S1-77: an alert is beyond the threshold, and high beyond twice of it") {
  // Each from 100: exact borders, which binary floating point would miss (110 / 100 - 1 > 0.1).
  const auto alerts = price_alerts(
      closes({"100", "105", "100", "105.01", "100", "110", "100", "110.01", "100", "89"}),
      decimal("5"));
  std::string found;
  for (const auto& alert : alerts)
    found += alert.change_percent.to_string().substr(0, 6) + (alert.spike ? " spike" : " drop")
             + (alert.high ? " high; " : " medium; ");
  CHECK(found
        == "5.01 spike medium; 10 spike medium; -9.090 drop medium; 10.01 spike high; "
           "-9.099 drop medium; -11 drop high; ");
  CHECK(alerts[0].time == noon + 3 * minute);
  CHECK(alerts[0].price == decimal("105.01"));
  CHECK(price_alerts({}, decimal("5")).empty());
  CHECK(price_alerts(closes({"0", "5"}), decimal("5")).empty());
}

TEST_CASE("S1-78: the volume analysis uses the sample deviation") {
  const auto volume = volume_analysis(sample());
  REQUIRE(volume);
  CHECK(volume->total == 9);
  CHECK(volume->avg == Approx(1.8));
  CHECK(volume->max == 4);
  CHECK(volume->min == 0.5);
  CHECK(volume->std == Approx(1.3509256086106296));
  CHECK(volume->high_periods == 1);
  CHECK(volume->low_periods == 0);
  CHECK(volume->price_correlation == Approx(0.4928268143996252).epsilon(1e-12));
  CHECK_FALSE(volume_analysis({}));
  SUBCASE("a correlation without variation is 0") {
    CHECK(volume_analysis(closes({"1", "2"}))->price_correlation == 0);
    CHECK(volume_analysis(closes({"1"}))->std == 0);
  }
}

TEST_CASE("S1-08, S1-23: a report has all of it") {
  const auto report = make_report(btc, 24, sample(), tests::wall(noon + 5 * minute));
  const auto json = adapters::transport::parse_json(report_json(report));
  REQUIRE(json);
  CHECK(*json->find("symbol")->string() == "BTCUSDT");
  CHECK(json->find("analysis_period_hours")->number()->text == "24");
  CHECK(*json->find("generated_at")->string() == "2025-06-14T12:05:00.000000+00:00");
  for (const auto* key : {"symbol", "current_price", "price_change_24h", "price_change_percent_24h",
                          "high_24h", "low_24h", "volume_24h", "avg_price_24h", "volatility"})
    CHECK_MESSAGE(json->find("market_summary")->find(key) != nullptr, key);
  CHECK(json->find("data_availability")->find("total_records")->number()->text == "5");
  CHECK(*json->find("trading_stats")->find("trend_direction")->string() == "bullish");
  CHECK(json->find("volume_analysis")->find("volume_std") != nullptr);
  // 100 -> 118 is the only change beyond 3 %.
  REQUIRE(json->find("price_alerts")->array()->size() == 1);
  const auto& alert = (*json->find("price_alerts")->array())[0];
  CHECK(*alert.find("alert_type")->string() == "price_spike");
  CHECK(*alert.find("severity")->string() == "high");
  CHECK(alert.find("change_percent")->number()->text == "18.0");
  CHECK(*alert.find("timestamp")->string() == "2025-06-14T12:03:00+00:00");
  const auto text = report_text(report);
  CHECK(text.find("BTCUSDT, the last 24 h") != std::string::npos);
  CHECK(text.find("trend        bullish") != std::string::npos);
  SUBCASE("also when there is nothing") {
    const auto none = make_report(btc, 24, {}, tests::wall(noon));
    CHECK(adapters::transport::parse_json(report_json(none)));
    CHECK(report_text(none).ends_with("no data in this time\n"));
    CHECK(volume_json(btc, std::nullopt) == "{}");
    CHECK(alerts_json(btc, {}) == "[]");
  }
}

TEST_CASE("the export is CSV with exact numbers") {
  const auto rows = sample();
  CHECK(csv(btc, std::span{rows}.first(1))
        == "time,symbol,price,open,high,low,close,volume,trade_count\n"
           "2025-06-14T12:00:00+00:00,BTCUSDT,105,100,110,95,105,1.5,10\n");
  CHECK(csv_name(btc, tests::wall(noon)) == "BTCUSDT_data_20250614_120000.csv");
}
