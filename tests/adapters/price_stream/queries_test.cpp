// What clients ask with: S1-07, S1-49, S1-51, S1-67; venues/pricestream.md sections 4 and 5.
#include "adapters/price_stream/queries.hpp"

#include "tests/adapters/price_stream/fixture.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace tandem;
using namespace tandem::adapters::price_stream;
using tests::interval;
using tests::noon;

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

Query query(Values values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

const Values good{
    {"symbol", "btcusdt"}, {"interval", "5m"}, {"start", "1749902400"}, {"end", "1749906000"}};

Values with(Values values, const std::string& name, const std::string& value) {
  values[name] = value;
  return values;
}

template <class Value>
std::string faults(const Asked<Value>& asked) {
  std::string result;
  if (!asked)
    for (const auto& fault : asked.error())
      result += fault.place + "." + fault.name + ":" + fault.type + " ";
  return result;
}

} // namespace

TEST_CASE("/history needs symbol, interval, start and end") {
  const auto base = interval("1m");
  const auto asked = parse_history(query(good), base);
  REQUIRE(asked);
  REQUIRE(*asked);
  CHECK((*asked)->symbol.text() == "BTCUSDT");
  CHECK((*asked)->interval.text() == "5m");
  CHECK((*asked)->range.from == noon);
  CHECK((*asked)->range.until == noon + 3'600'001);
  CHECK((*asked)->limit == 1'000);
  CHECK((*asked)->offset == 0);
  CHECK(faults(parse_history(query({}), base))
        == "query.symbol:missing query.interval:missing query.start:missing query.end:missing ");
  SUBCASE("an interval that is none, or no multiple of the base, is answered with no rows") {
    for (const auto* text : {"x", "", "7s"}) {
      const auto none = parse_history(query(with(good, "interval", text)), base);
      REQUIRE(none);
      CHECK_FALSE(*none);
    }
    CHECK_FALSE(*parse_history(query(good), interval("3m")));
  }
  SUBCASE("pages are numbers in their bounds") {
    CHECK((*parse_history(query(with(good, "limit", "7")), base))->limit == 7);
    CHECK(faults(parse_history(query(with(with(good, "limit", "x"), "offset", "-1")), base))
          == "query.limit:int_parsing query.offset:value_error ");
    for (const auto* text : {"0", "10001", "99999999999999999999"})
      CHECK(faults(parse_history(query(with(good, "limit", text)), base))
            == "query.limit:value_error ");
    CHECK(faults(parse_history(query(with(good, "limit", "")), base))
          == "query.limit:int_parsing ");
  }
  SUBCASE("S1-67: symbols and times are checked") {
    CHECK(faults(parse_history(query(with(with(good, "symbol", "../x"), "start", "x")), base))
          == "query.start:value_error query.symbol:string_pattern_mismatch ");
  }
}

TEST_CASE("S1-49: /historical/{symbol} asks for the base candles of the last day by itself") {
  const auto base = interval("1m");
  const auto asked = parse_historical("ethusdt", query({}), base, noon);
  REQUIRE(asked);
  CHECK(asked->symbol.text() == "ETHUSDT");
  CHECK(asked->interval == base);
  CHECK(asked->range.from == noon - 86'400'000);
  CHECK(asked->range.until == noon + 1);
  SUBCASE("times also in ISO 8601") {
    const auto iso = parse_historical("ETHUSDT",
                                      query({{"start", "2025-06-14T11:00:00+00:00"},
                                             {"end", "2025-06-14T12:00:00Z"},
                                             {"interval", "15m"},
                                             {"limit", "5"},
                                             {"offset", "2"}}),
                                      base, noon * 2);
    REQUIRE(iso);
    CHECK(iso->range.from == noon - 3'600'000);
    CHECK(iso->range.until == noon + 1);
    CHECK(iso->interval.text() == "15m");
    CHECK(iso->limit == 5);
    CHECK(iso->offset == 2);
  }
  SUBCASE("an end alone is the end of a day") {
    CHECK(parse_historical("ETHUSDT", query({{"end", "86400"}}), base, noon)->range.from == 0);
  }
  SUBCASE("S1-67: what is wrong is told at once") {
    CHECK(
        faults(parse_historical("../x", query({{"interval", "7s"}, {"end", "x"}}), base, noon))
        == "path.symbol:string_pattern_mismatch query.interval:value_error query.end:value_error ");
  }
}

TEST_CASE("analysis has hours and a threshold") {
  const auto asked = parse_analysis("btcusdt", query({}), 24);
  REQUIRE(asked);
  CHECK(asked->hours == 24);
  CHECK(asked->threshold == tests::decimal("5"));
  const auto other = parse_analysis("btcusdt", query({{"hours", "2"}, {"threshold", "0.5"}}), 1);
  REQUIRE(other);
  CHECK(other->hours == 2);
  CHECK(other->threshold == tests::decimal("0.5"));
  CHECK(faults(parse_analysis("x", query({{"hours", "0"}, {"threshold", "-1"}}), 1))
        == "path.symbol:string_pattern_mismatch query.hours:value_error "
           "query.threshold:value_error ");
}

TEST_CASE("S1-51: a client without a query hears every symbol at the base interval") {
  const auto base = interval("1m");
  const auto all = parse_listening(query({}), base, base);
  REQUIRE(all);
  CHECK_FALSE(all->symbol);
  CHECK(all->wants(core::Symbol{"ETHUSDT"}, base));
  CHECK_FALSE(all->wants(core::Symbol{"ETHUSDT"}, interval("5m")));
  SUBCASE("one with a symbol and an interval hears those") {
    const auto one
        = parse_listening(query({{"symbol", "ethusdt"}, {"interval", "60m"}}), base, base);
    REQUIRE(one);
    CHECK(one->wants(core::Symbol{"ETHUSDT"}, interval("1h")));
    CHECK_FALSE(one->wants(core::Symbol{"BTCUSDT"}, interval("1h")));
    CHECK_FALSE(one->wants(core::Symbol{"ETHUSDT"}, base));
  }
  SUBCASE("an interval that is not offered closes with a reason") {
    for (const auto* text : {"1m", "7m", "x"}) {
      const auto none
          = parse_listening(query({{"interval", text}}), interval("5m"), interval("5m"));
      REQUIRE_FALSE(none);
      CHECK(none.error().detail == "Invalid interval");
    }
    CHECK(parse_listening(query({{"symbol", "../x"}}), base, base).error().detail
          == "Invalid symbol");
    CHECK(close_invalid == 1008);
  }
  SUBCASE("where the standard interval is not offered the base is heard") {
    CHECK(parse_listening(query({}), interval("5m"), interval("1m"))->interval == interval("5m"));
  }
}
