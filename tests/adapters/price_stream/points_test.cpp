// What is stored: S1-55 to S1-61, and the questions to the store: S1-60.
#include "adapters/price_stream/points.hpp"

#include "tests/adapters/price_stream/fixture.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters::price_stream;
using tests::decimal;
using tests::interval;
using tests::noon;

namespace {

/// "name=1.0 name=5i".
std::string fields(const Point& point) {
  std::string result;
  for (const auto& [name, value] : point.fields) {
    result += (result.empty() ? "" : " ") + name + "=";
    if (const auto* text = std::get_if<FloatField>(&value))
      result += text->text;
    else
      result += std::to_string(std::get<std::int64_t>(value)) + "i";
  }
  return result;
}

} // namespace

TEST_CASE("S1-55 to S1-59: an update is a point of crypto_price at its candle's open time in ms") {
  auto record = tests::sample_record();
  const auto point = price_point(record);
  CHECK(point.measurement == "crypto_price");
  CHECK(point.tags == std::vector<std::pair<std::string, std::string>>{{"symbol", "BTCUSDT"}});
  CHECK(fields(point)
        == "price=105.0 open=100.0 high=110.0 low=95.0 close=105.0 volume=1.5 trade_count=10i");
  CHECK(point.time == noon);
  CHECK(to_string(point.precision) == "ms");
  SUBCASE("S1-58: with its change from the second update on") {
    record.change = decimal("-3");
    record.change_percent = decimal("-2.5");
    CHECK(fields(price_point(record))
          == "price=105.0 open=100.0 high=110.0 low=95.0 close=105.0 volume=1.5 price_change=-3.0 "
             "price_change_percent=-2.5 trade_count=10i");
  }
}

TEST_CASE("S1-61, S1-74: a sum is a point of its interval's measurement in s") {
  const core::klines::Aggregate aggregate{
      interval("5m"), tests::candle(noon, {"100", "120", "95", "118.5", "9", 83}), 5, true};
  const auto point = aggregate_point(core::Symbol{"BTCUSDT"}, aggregate);
  CHECK(point.measurement == "crypto_price_5m");
  CHECK(fields(point) == "open=100.0 high=120.0 low=95.0 close=118.5 volume=9.0 trade_count=83i");
  CHECK(point.time == 1'749'902'400);
  CHECK(to_string(point.precision) == "s");
}

TEST_CASE("S1-55: the base interval is stored without its name") {
  CHECK(measurement(interval("1m"), interval("1m")) == "crypto_price");
  CHECK(measurement(interval("1M"), interval("1m")) == "crypto_price_1M");
}

TEST_CASE("S1-19: --test-db writes a point of its own measurement") {
  const auto point = test_point(tests::wall(noon));
  CHECK(point.measurement == "test_measurement");
  CHECK(fields(point) == "value=1.0");
  CHECK(point.time == noon);
}

TEST_CASE("S1-60: rows are asked for in SQL, in order and by pages") {
  CHECK(history_sql("crypto_price_5m", core::Symbol{"BTCUSDT"}, {noon, noon + 300'001}, 10, 20)
        == "SELECT time, open, high, low, close, volume, trade_count FROM \"crypto_price_5m\" "
           "WHERE symbol = 'BTCUSDT' AND time >= '2025-06-14T12:00:00Z' AND time < "
           "'2025-06-14T12:05:00.001000Z' ORDER BY time ASC LIMIT 10 OFFSET 20");
  CHECK(symbols_sql(noon)
        == "SELECT DISTINCT symbol FROM \"crypto_price\" WHERE time >= '2025-06-14T12:00:00Z' "
           "ORDER BY symbol");
}
