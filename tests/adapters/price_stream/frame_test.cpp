// Records, frames, text commands and the names of symbols: S1-04, S1-51 to S1-54, S1-67, S1-70.
#include "adapters/price_stream/frame.hpp"

#include "adapters/price_stream/commands.hpp"
#include "adapters/price_stream/numbers.hpp"
#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"
#include "tests/adapters/price_stream/fixture.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

using namespace tandem;
using namespace tandem::adapters::price_stream;
using tests::decimal;
using tests::noon;
using tests::sample_record;
using tests::wall;

TEST_CASE("S1-54: a frame is JSON with type, data and timestamp, the record in its order") {
  CHECK(
      price_frame(sample_record(), wall(noon + 59'250))
      == R"({"type":"price_update","data":{"symbol":"BTCUSDT","price":105.0,"timestamp":"2025-06-14T12:00:00+00:00","open_price":100.0,"high_price":110.0,"low_price":95.0,"close_price":105.0,"volume":1.5,"price_change":null,"price_change_percent":null,"trade_count":10},"timestamp":"2025-06-14T12:00:59.250000+00:00"})");
  SUBCASE("S1-62: on Kafka the interval stands in it as well") {
    const auto frame = price_frame(sample_record(), wall(noon), "1m");
    CHECK(frame.ends_with(
        R"("trade_count":10},"timestamp":"2025-06-14T12:00:00.000000+00:00","interval":"1m"})"));
  }
}

TEST_CASE("S1-54: numbers are exact JSON numbers, floats with a point") {
  auto record = sample_record();
  record.candle.close = decimal("0.00000001");
  record.candle.volume = core::parse_money("123456789012.123456789").value();
  record.change = decimal("-3");
  record.change_percent = decimal("-2.857142857142857");
  const auto frame = price_frame(record, wall(noon));
  CHECK(frame.find(R"("price":0.00000001,)") != std::string::npos);
  CHECK(frame.find(R"("volume":123456789012.123456789,)") != std::string::npos);
  CHECK(frame.find(R"("price_change":-3.0,"price_change_percent":-2.857142857142857,)")
        != std::string::npos);
}

TEST_CASE("S1-62: what a frame says is read back the same") {
  auto record = sample_record();
  for (const auto& interval : {std::string{}, std::string{"5m"}}) {
    const auto read = parse_frame(price_frame(record, wall(noon), interval));
    REQUIRE(read);
    CHECK(read->record == record);
    CHECK(read->interval == interval);
    record.change = decimal("-3.25");
    record.change_percent = decimal("0.000000000000001");
    record.candle.open_time += 1;
  }
}

TEST_CASE("frames of other writers are understood") {
  const auto read = parse_frame(
      R"({"extra":[1],"data":{"symbol":"ethusdt","price":1e-05,"timestamp":"2025-06-14T14:00:00+02:00","open_price":1,"high_price":2.5E0,"low_price":0.30000000000000004,"close_price":1e-05,"volume":1.5e3},"type":"price_update"})");
  REQUIRE(read);
  CHECK(read->record.symbol.text() == "ETHUSDT");
  CHECK(read->record.candle.open_time == noon);
  CHECK(read->record.candle.close == decimal("0.00001"));
  CHECK(core::to_string(read->record.candle.volume) == "1500");
  CHECK(read->record.candle.trade_count == 0);
  CHECK_FALSE(read->record.change);
}

TEST_CASE("what is no price frame is malformed, and says why") {
  const auto good = price_frame(sample_record(), wall(noon), "1m");
  REQUIRE(parse_frame(good));
  for (const auto* text :
       {"", "1", "[]", "{}", R"({"type":"price_update"})", R"({"type":"other","data":{}})",
        R"({"type":"price_update","data":[]})", R"({"type":1,"data":{}})"})
    CHECK_MESSAGE(parse_frame(text).error().code == core::Errc::malformed, text);
  for (const auto& [from, to] :
       {std::pair{R"("symbol":"BTCUSDT")", R"("symbol":"../x")"},
        {R"("symbol":"BTCUSDT")", R"("symbol":1)"},
        {R"("timestamp":"2025-06-14T12:00:00+00:00")", R"("timestamp":"yesterday")"},
        {R"("open_price":100.0)", R"("open_price":"100.0")"},
        {R"("low_price":95.0)", R"("low":95.0)"},
        {R"("volume":1.5)", R"("volume":null)"},
        {R"("close_price":105.0)", R"("close_price":1e300)"},
        {R"("trade_count":10)", R"("trade_count":1.5)"},
        {R"("trade_count":10)", R"("trade_count":-1)"},
        {R"("price_change":null)", R"("price_change":true)"},
        {R"("interval":"1m")", R"("interval":1)"}}) {
    auto text = good;
    text.replace(text.find(from), std::string_view{from}.size(), to);
    const auto read = parse_frame(text);
    REQUIRE_FALSE_MESSAGE(read, text);
    CHECK(read.error().source == "price frame");
  }
}

TEST_CASE("10,000 mangled frames are read or refused, never more") {
  const auto good = price_frame(sample_record(), wall(noon), "1m");
  std::mt19937 random{11};
  for (int n = 0; n < 10'000; ++n) {
    auto text = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      text[random() % text.size()] = static_cast<char>(random() % 256);
    if (const auto read = parse_frame(text); !read)
      CHECK(read.error().code == core::Errc::malformed);
  }
}

TEST_CASE("S1-52, S1-53: text commands in and their answers") {
  const auto in = parse_command("subscribe:ETHUSDT");
  REQUIRE(in);
  REQUIRE(*in);
  CHECK((*in)->verb == Verb::subscribe);
  CHECK((*in)->symbol.text() == "ETHUSDT");
  CHECK(done_text(**in) == "已訂閱 ETHUSDT");
  const auto out = parse_command("unsubscribe: ethusdt \r\n");
  REQUIRE(out);
  REQUIRE(*out);
  CHECK(done_text(**out) == "已取消訂閱 ETHUSDT");
  CHECK(error_text("x") == "錯誤: x");
  SUBCASE("anything else is ignored") {
    for (const auto* text :
         {"", "ping", "SUBSCRIBE:ETHUSDT", " subscribe:ETHUSDT", "{}", "subscribe"}) {
      const auto command = parse_command(text);
      REQUIRE(command);
      CHECK_FALSE(*command);
    }
  }
  SUBCASE("S1-67: a symbol that is none is an error") {
    for (const auto* text : {"subscribe:", "subscribe:../x", "unsubscribe:A B"})
      CHECK(parse_command(text).error().code == core::Errc::validation_error);
  }
}

TEST_CASE("S1-67, S1-70: a symbol is 2 to 30 letters, digits and underscores, in any case") {
  CHECK(parse_symbol("ethusdt")->text() == "ETHUSDT");
  CHECK(parse_symbol("btcusdt_260327")->text() == "BTCUSDT_260327");
  for (const auto& text : {std::string{}, std::string{"A"}, std::string{"../x"}, std::string{"A-B"},
                           std::string{"A B"}, std::string{"ÄÖ"}, std::string(31, 'A'),
                           std::string(300, 'A'), std::string{"AB\n"}, std::string{"AB\0", 3}})
    CHECK_FALSE(parse_symbol(text));
  CHECK(parse_symbol(std::string(30, 'a')));
}

TEST_CASE("S1-47, S1-37: a stream's name is lower case, a listed subscription upper case") {
  CHECK(stream_name(core::Symbol{"ETHUSDT"}, "1m") == "ethusdt@kline_1m");
  CHECK(listed_name(core::Symbol{"BNBUSDT"}, "1m") == "BNBUSDT@kline_1m");
}

TEST_CASE("S1-33: times are ISO 8601 in UTC") {
  CHECK(iso_time(noon) == "2025-06-14T12:00:00+00:00");
  CHECK(iso_time(noon + 5) == "2025-06-14T12:00:00.005000+00:00");
  CHECK(iso_stamp(wall(noon)) == "2025-06-14T12:00:00.000000+00:00");
  CHECK(file_stamp(wall(noon)) == "20250614_120000");
}

TEST_CASE("times are taken as Unix seconds or ISO 8601") {
  for (const auto* text :
       {"1749902400", "1749902400.0", "2025-06-14T12:00:00+00:00", "2025-06-14T12:00:00Z",
        "2025-06-14 12:00", "2025-06-14T12:00:00", "2025-06-14T20:00:00.000+08:00",
        "2025-06-14T07:00:00-0500", "2025-06-14T12:00:00 00:00"})
    CHECK_MESSAGE(parse_time(text) == noon, text);
  CHECK(parse_time("2025-06-14") == noon - 12 * 60 * 60'000);
  CHECK(parse_time("1749902400.5") == noon + 500);
  CHECK(parse_time("2025-06-14T12:00:00.123456+00:00") == noon + 123);
  CHECK(parse_time("2024-02-29") == 1'709'164'800'000);
  for (const auto* text :
       {"", "x", "-1", "2025-02-29", "2025-13-01", "2025-06-14T", "2025-06-14T12",
        "2025-06-14T24:00", "2025-06-14T12:60", "2025-06-14T12:00:00.", "2025-06-14T12:00:00+25:00",
        "2025-06-14T12:00:00+", "2025-06-14X12:00", "1e300", "253402300800", "1969-12-31",
        "2025-06-14T12:00:00+00:00x"})
    CHECK_FALSE_MESSAGE(parse_time(text), text);
}

TEST_CASE("floats keep their point") {
  CHECK(float_text(0.1) == "0.1");
  CHECK(float_text(3600.0) == "3600.0");
  CHECK(float_text(1e300) == "1e+300");
  CHECK(float_text(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(to_double(decimal("0.1")) == 0.1);
}
