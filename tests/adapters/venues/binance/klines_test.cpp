// Candles from Binance's streams: S1-01, S1-38, S1-74. The six frames are those of
// samples-pricestream/aggregation_case.json, which have neither q nor f and L.
#include "adapters/venues/binance/klines.hpp"

#include "core/klines/aggregator.hpp"
#include "tests/adapters/venues/binance/fixture.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::venues;
using namespace tandem::adapters::venues::binance;
using core::Errc;
using tests::Padded;

namespace {

core::Result<std::optional<KlineEvent>> read(KlineReader& reader, std::string_view text) {
  const Padded bytes{text};
  return reader.read(bytes.view());
}

/// As sent: the symbol stands beside the candle and in it.
std::string frame(std::string_view bar) {
  return std::string{R"({"e":"kline","E":1749902459000,"s":"BTCUSDT","k":{)"}.append(bar) + "}}";
}

constexpr std::string_view full
    = R"("t":1749902400000,"T":1749902459999,"s":"BTCUSDT","i":"1m","f":1,"L":10,"o":"100","c":"105","h":"110","l":"95","v":"1.5","n":10,"x":true,"q":"155.25","V":"1","Q":"100","B":"0")";

const std::array<std::string, 6> sample{
    frame(
        R"("t":1749902400000,"T":1749902459999,"s":"BTCUSDT","i":"1m","o":"100","c":"105","h":"110","l":"95","v":"1.5","n":10,"x":true)"),
    frame(
        R"("t":1749902460000,"T":1749902519999,"s":"BTCUSDT","i":"1m","o":"105","c":"102","h":"108","l":"101","v":"2.0","n":20,"x":true)"),
    frame(
        R"("t":1749902520000,"T":1749902579999,"s":"BTCUSDT","i":"1m","o":"102","c":"100","h":"103","l":"99","v":"0.5","n":5,"x":true)"),
    frame(
        R"("t":1749902580000,"T":1749902639999,"s":"BTCUSDT","i":"1m","o":"100","c":"118","h":"120","l":"100","v":"4.0","n":40,"x":true)"),
    frame(
        R"("t":1749902640000,"T":1749902699999,"s":"BTCUSDT","i":"1m","o":"118","c":"118.5","h":"119","l":"117","v":"1.0","n":8,"x":true)"),
    frame(
        R"("t":1749902700000,"T":1749902759999,"s":"BTCUSDT","i":"1m","o":"118.5","c":"124","h":"125","l":"118","v":"2.5","n":25,"x":true)")};

} // namespace

TEST_CASE("S1-01: a candle is read raw and combined") {
  KlineReader reader;
  for (const auto& text :
       {frame(full), R"({"stream":"btcusdt@kline_1m","data":)" + frame(full) + "}"}) {
    const auto event = read(reader, text);
    REQUIRE(event);
    REQUIRE(*event);
    CHECK((*event)->symbol == "BTCUSDT");
    const auto& bar = (*event)->kline;
    CHECK(bar.interval == "1m");
    CHECK(bar.open_time == 1749902400000);
    CHECK(bar.close_time == 1749902459999);
    CHECK(bar.close == core::Decimal{105, 0});
    CHECK(bar.quote_volume == core::Decimal{15525, 2});
    CHECK(bar.trade_count == 10);
    CHECK(bar.closed);
  }
}

TEST_CASE("S1-01: a candle needs t, o, h, l, c, v, n and a symbol, and no more") {
  KlineReader reader;
  const auto event = read(
      reader, R"({"k":{"t":1,"s":"BTCUSDT","o":"1","h":"3","l":"0.5","c":"2","v":"7","n":4}})");
  REQUIRE(event);
  REQUIRE(*event);
  CHECK((*event)->symbol == "BTCUSDT");
  CHECK((*event)->kline.volume == core::Decimal{7, 0});
  CHECK_FALSE((*event)->kline.closed);
  SUBCASE("the stream codec of the feeds reads the same") {
    const auto codec = tests::binance_market(core::MarketType::linear)->make_codec();
    auto inner = sample[1];
    inner.replace(inner.find(R"("s":"BTCUSDT",)"), 14, R"("z":"BTCUSDT",)");
    for (const auto& text : {sample[1], inner}) {
      const Padded bytes{text};
      const auto decoded = codec->decode(bytes.view());
      REQUIRE(decoded);
      REQUIRE(std::holds_alternative<KlinesFrame>(*decoded));
      CHECK(std::get<KlinesFrame>(*decoded).symbol == "BTCUSDT");
      CHECK(std::get<KlinesFrame>(*decoded).klines[0].trade_count == 20);
    }
  }
}

TEST_CASE("S1-38: a candle that is none is an error, counted and never thrown") {
  KlineReader reader;
  std::uint64_t failed = 0;
  std::vector<std::string> broken{
      "",
      "x",
      "{",
      "null",
      R"({"e":"kline"})",
      R"({"e":"kline","k":[]})",
      R"({"k":{}})",
      frame(R"("t":1)"),
      R"({"e":"kline","s":"btcusdt","k":{"t":1,"o":"1","h":"1","l":"1","c":"1","v":"1","n":1}})",
      R"({"e":"kline","s":"A","k":{"s":"B","t":1,"o":"1","h":"1","l":"1","c":"1","v":"1","n":1}})"};
  // Each member of a good one in turn: gone, of another type, or no number.
  const std::string text = frame(full);
  for (const char* key : {"\"t\":", "\"o\":", "\"h\":", "\"l\":", "\"c\":", "\"v\":", "\"n\":"}) {
    auto gone = text;
    gone.replace(gone.find(key, gone.find("\"k\":{")), 4, "\"z\":");
    broken.push_back(gone);
  }
  for (const char* key : {"\"t\":", "\"T\":", "\"o\":", "\"h\":", "\"l\":", "\"c\":", "\"v\":",
                          "\"n\":", "\"x\":", "\"q\":", "\"i\":"}) {
    const auto at = text.find(key, text.find("\"k\":{")) + 4;
    for (const char* value : {"{}", "null", "\"-1\"", "-1", "1.5"}) {
      if (std::string_view{key} == "\"i\":" && *value == '"')
        continue; // any text is an interval here
      auto other = text;
      other.replace(at, other.find_first_of(",}", at) - at, value);
      broken.push_back(other);
    }
  }
  for (const auto& one : broken) {
    const auto event = read(reader, one);
    REQUIRE_FALSE_MESSAGE(event, one);
    CHECK(event.error().code == Errc::malformed);
    CHECK(event.error().source == "binance klines");
    CHECK(reader.counts().failed == ++failed);
  }
  CHECK(reader.counts().received == failed);
}

TEST_CASE("S1-38: every frame counts once: processed, failed or ignored") {
  KlineReader reader;
  for (int n = 0; n < 10; ++n)
    REQUIRE(read(reader, frame(full)));
  for (int n = 0; n < 2; ++n)
    REQUIRE_FALSE(read(reader, R"({"e":"kline","s":"BTCUSDT","k":{"t":"x"}})"));
  for (const auto* text :
       {R"({"result":null,"id":1})", "{}", "[]", R"({"e":"aggTrade","s":"A"})"}) {
    const auto event = read(reader, text);
    REQUIRE(event);
    CHECK_FALSE(*event);
  }
  CHECK(reader.counts().received == 16);
  CHECK(reader.counts().processed == 10);
  CHECK(reader.counts().failed == 2);
  CHECK(reader.counts().ignored == 4);
}

TEST_CASE("S1-74: the sample's six candles make its five minutes") {
  KlineReader reader;
  core::klines::Aggregator aggregator{{.base = core::klines::Interval::parse("1m").value(),
                                       .targets = {core::klines::Interval::parse("5m").value()}}};
  std::vector<core::klines::Aggregate> ended;
  for (const auto& text : sample) {
    const auto event = read(reader, text);
    REQUIRE(event);
    REQUIRE(*event);
    CHECK(ended.empty());
    ended = aggregator.on_candle(core::klines::to_candle((*event)->kline));
  }
  REQUIRE(ended.size() == 1);
  const auto& sum = ended[0].candle;
  CHECK(sum.open_time == 1749902400000);
  CHECK(sum.open == core::Decimal{100, 0});
  CHECK(sum.high == core::Decimal{120, 0});
  CHECK(sum.low == core::Decimal{95, 0});
  CHECK(sum.close == core::Decimal{1185, 1});
  CHECK(core::to_string(sum.volume) == "9");
  CHECK(sum.trade_count == 83);
}

TEST_CASE("history rows become candles, and those that are over are closed") {
  const auto market = tests::binance_market(core::MarketType::linear);
  const auto rows = market->rest().parse_klines(
      R"([[1749902400000,"100","110","95","105","1.5",1749902459999,"155.25",10,"1","100","0"],
          [1749902460000,"105","108","101","102","2.0",1749902519999,"200",20,"1","100","0"]])");
  REQUIRE(rows);
  const auto candles = core::klines::to_candles(*rows, 60'000, 1749902460000);
  REQUIRE(candles.size() == 2);
  CHECK(candles[0].closed);
  CHECK_FALSE(candles[1].closed);
  CHECK(core::to_string(candles[0].volume) == "1.5");
}
