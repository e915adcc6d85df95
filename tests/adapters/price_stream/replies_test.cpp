// The REST answers: S1-29, S1-31 to S1-50, S1-67; the shape of /health is that of
// samples-pricestream/health.json, written out below.
#include "adapters/price_stream/replies.hpp"

#include "adapters/transport/json.hpp"
#include "tests/adapters/price_stream/fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace tandem;
using namespace tandem::adapters::price_stream;
using namespace std::chrono_literals;
using adapters::transport::Json;
using tests::noon;
using tests::wall;

namespace {

core::Symbol symbol(const char* text) {
  return core::Symbol{text};
}

/// The numbers of the sample.
ServerState sample() {
  ServerState state;
  state.now = wall(noon);
  state.server_started = wall(noon) - 2h;
  state.connections = {.active = 2, .total = 5, .sent = 120, .failed_sends = 0};
  state.provider = {.running = true,
                    .interval = "1m",
                    .received = 150,
                    .processed = 145,
                    .failed = 5,
                    .ignored = 0,
                    .kafka_sent = 145,
                    .started = wall(noon) - 1h,
                    .subscribed = {symbol("BNBUSDT"), symbol("ETHUSDT")},
                    .cached = {symbol("BNBUSDT"), symbol("ETHUSDT")},
                    .influx = {.writes = 145,
                               .successful = 140,
                               .failed = 5,
                               .retries = 2,
                               .last_write = wall(noon) - 10s,
                               .queued = 0,
                               .batches_written = 3,
                               .batches_failed = 1}};
  return state;
}

constexpr std::string_view health_sample
    = R"({"status":"healthy","timestamp":"2025-06-14T12:00:00.000000+00:00","crypto_provider":"running","active_websocket_connections":2,"connection_stats":{"total_connections":5,"messages_sent":120,"failed_sends":0},"subscribed_symbols":["BNBUSDT@kline_1m","ETHUSDT@kline_1m"],"provider_stats":{"messages_received":150,"messages_processed":145,"messages_failed":5,"kafka_messages_sent":145,"start_time":"2025-06-14T11:00:00.000000+00:00","uptime_seconds":3600.0,"subscribed_symbols":["bnbusdt@kline_1m","ethusdt@kline_1m"],"cached_symbols":["BNBUSDT","ETHUSDT"],"influxdb_stats":{"total_writes":145,"successful_writes":140,"failed_writes":5,"retry_count":2,"last_write_time":"2025-06-14T11:59:50.000000+00:00","queue_size":0}}})";

bool equal(const Json& expected, const Json& found, const std::string& place) {
  INFO(place);
  if (const auto* members = expected.object()) {
    REQUIRE(found.object() != nullptr);
    for (const auto& [key, value] : *members) {
      const auto* other = found.find(key);
      REQUIRE_MESSAGE(other != nullptr, key);
      if (!equal(value, *other, place + "." + key))
        return false;
    }
    return true;
  }
  if (const auto* items = expected.array()) {
    REQUIRE(found.array() != nullptr);
    REQUIRE(found.array()->size() == items->size());
    for (std::size_t n = 0; n < items->size(); ++n)
      if (!equal((*items)[n], (*found.array())[n], place))
        return false;
    return true;
  }
  if (expected.number() != nullptr) {
    REQUIRE(found.number() != nullptr);
    CHECK(expected.number()->text == found.number()->text);
    return expected.number()->text == found.number()->text;
  }
  REQUIRE(expected.string() != nullptr);
  REQUIRE(found.string() != nullptr);
  CHECK(*expected.string() == *found.string());
  return *expected.string() == *found.string();
}

Json parsed(const std::string& text) {
  auto json = adapters::transport::parse_json(text);
  REQUIRE_MESSAGE(json, text);
  return std::move(*json);
}

} // namespace

TEST_CASE("S1-31 to S1-43: /health has every member of the documented example, with its values") {
  const auto found = parsed(health_json(sample()));
  CHECK(equal(parsed(std::string{health_sample}), found, "health"));
  SUBCASE("and what other versions had") {
    CHECK(found.find("crypto_provider_status") != nullptr);
    CHECK(found.find("provider_stats")->find("messages_ignored") != nullptr);
  }
  SUBCASE("S1-34: a feed that is down shows in it, the answer stays healthy") {
    auto state = sample();
    state.provider.running = false;
    state.provider.influx.last_write.reset();
    const auto down = parsed(health_json(state));
    CHECK(*down.find("crypto_provider")->string() == "stopped");
    CHECK(*down.find("status")->string() == "healthy");
    CHECK(down.find("provider_stats")->find("uptime_seconds")->number()->text == "0.0");
    CHECK(down.find("provider_stats")->find("influxdb_stats")->find("last_write_time")->null());
  }
}

TEST_CASE("S1-44: /config has both versions' members and room for no secret") {
  const ConfigView config{.symbols = {symbol("BNBUSDT"), symbol("ETHUSDT")},
                          .base_interval = "1m",
                          .aggregation_intervals = {"5m", "1h"},
                          .api_host = "127.0.0.1",
                          .api_port = 8'000,
                          .influxdb_host = "http://localhost:8086",
                          .influxdb_database = "crypto_data",
                          .kafka_enabled = false,
                          .kafka_topic = "crypto-prices",
                          .db_type = "sqlite",
                          .mode = "mock"};
  CHECK(
      config_json(config)
      == R"({"binance_symbol":"BNBUSDT,ETHUSDT","binance_interval":"1m","api_host":"127.0.0.1","api_port":8000,"influxdb_host":"http://localhost:8086","influxdb_database":"crypto_data","binance_base_interval":"1m","binance_aggregation_intervals":["5m","1h"],"kafka_enabled":false,"kafka_topic":"crypto-prices","db_type":"sqlite","mode":"mock"})");
}

TEST_CASE("S1-14, S1-45: /stats has the system, the provider with its database, the symbols") {
  const auto json = parsed(stats_json(sample()));
  CHECK(json.find("system")->find("uptime")->number()->text == "7200.0");
  CHECK(json.find("system")->find("active_websocket_connections")->number()->text == "2");
  CHECK(json.find("system")->find("connection_stats")->find("messages_sent") != nullptr);
  CHECK(json.find("crypto_provider")->find("influxdb_stats")->find("queue_size") != nullptr);
  CHECK(*(*json.find("subscribed_symbols")->array())[0].string() == "BNBUSDT@kline_1m");
}

TEST_CASE("/status is the provider's statistics with the members of all versions") {
  const auto json = parsed(status_json(sample()));
  CHECK(*json.find("crypto_provider_status")->string() == "running");
  CHECK(*(*json.find("subscribed_streams")->array())[0].string() == "bnbusdt@kline_1m");
  CHECK(json.find("cached_symbols_count")->number()->text == "2");
  for (const auto* where : {&json, json.find("influxdb_stats")}) {
    CHECK(where->find("total_points_written")->number()->text == "140");
    CHECK(where->find("successful_batches")->number()->text == "3");
    CHECK(where->find("failed_batches")->number()->text == "1");
  }
  CHECK(json.find("messages_received")->number()->text == "150");
}

TEST_CASE("S1-46: /prices maps symbols to records") {
  CHECK(prices_json({}) == "{}");
  const auto json = parsed(prices_json({{symbol("BTCUSDT"), tests::sample_record()}}));
  CHECK(json.find("BTCUSDT")->find("close_price")->number()->text == "105.0");
}

TEST_CASE("S1-50: /symbols lists what is subscribed and what has a price") {
  CHECK(
      symbols_json(sample())
      == R"({"subscribed_symbols":["BNBUSDT@kline_1m","ETHUSDT@kline_1m"],"subscribed_streams":["bnbusdt@kline_1m","ethusdt@kline_1m"],"cached_symbols":["BNBUSDT","ETHUSDT"],"timestamp":"2025-06-14T12:00:00.000000+00:00"})");
}

TEST_CASE("S1-49: history rows") {
  const std::vector rows{tests::candle(noon, {"100", "110.5", "95", "105", "1.5"})};
  CHECK(
      history_json(rows)
      == R"([{"time":1749902400,"open":100.0,"high":110.5,"low":95.0,"close":105.0,"volume":1.5}])");
  CHECK(history_json({}) == "[]");
}

TEST_CASE("S1-47, S1-48: subscriptions are acknowledged in the edition's words") {
  const auto eth = symbol("ETHUSDT");
  CHECK(
      subscribed_json(Edition::basic, eth, wall(noon))
      == R"({"status":"成功","message":"已訂閱 ETHUSDT","timestamp":"2025-06-14T12:00:00.000000+00:00"})");
  CHECK(
      unsubscribed_json(Edition::basic, eth, wall(noon))
      == R"({"status":"成功","message":"已取消訂閱 ETHUSDT","timestamp":"2025-06-14T12:00:00.000000+00:00"})");
  CHECK(
      subscribed_json(Edition::enhanced, eth, wall(noon))
      == R"({"status":"success","message":"Subscribed to ETHUSDT","timestamp":"2025-06-14T12:00:00.000000+00:00"})");
  CHECK(
      unsubscribed_json(Edition::enhanced, eth, wall(noon))
      == R"({"status":"success","message":"Unsubscribed from ETHUSDT","timestamp":"2025-06-14T12:00:00.000000+00:00"})");
}

TEST_CASE("S1-29: the basic root says what this is") {
  CHECK(
      root_json("0.1.0")
      == R"({"message":"Tandem price stream","version":"0.1.0","status":"running","websocket_endpoint":"/ws/price","endpoints":{"websocket":"/ws/price","health":"/health","config":"/config"}})");
}

TEST_CASE("errors are a detail text, or the list of what is wrong with a request") {
  CHECK(error_json(not_running(Edition::enhanced))
        == R"({"detail":"Crypto provider is not running"})");
  CHECK(
      faults_json(std::vector{missing_parameter("symbol"), wrong_symbol("path", "../x")})
      == R"({"detail":[{"type":"missing","loc":["query","symbol"],"msg":"Field required","input":null},{"type":"string_pattern_mismatch","loc":["path","symbol"],"msg":"String should match pattern '^[A-Za-z0-9_]{2,30}$'","input":"../x"}]})");
  CHECK(faults_json(std::vector{wrong_symbol("path", std::string(300, 'A'))}).size() < 300);
}
