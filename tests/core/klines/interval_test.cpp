// Intervals of the price stream: S1-74.
#include "core/klines/interval.hpp"

#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace tandem;
using namespace tandem::core::klines;
using tests::interval;

TEST_CASE("S1-74: an interval is a count of minutes, hours, days, weeks, 30-day months or years") {
  for (const auto& [text, seconds] : {std::pair{"1m", 60},
                                      {"5m", 300},
                                      {"15m", 900},
                                      {"30m", 1'800},
                                      {"1h", 3'600},
                                      {"4h", 14'400},
                                      {"12h", 43'200},
                                      {"1d", 86'400},
                                      {"1w", 604'800},
                                      {"1M", 2'592'000},
                                      {"1y", 31'536'000}}) {
    CHECK(interval(text).seconds() == seconds);
    CHECK(interval(text).text() == text);
  }
  CHECK(interval("60m") == interval("1h"));
  CHECK(interval("100y").seconds() == 100LL * 31'536'000);
}

TEST_CASE("what is no interval is refused with its text") {
  for (const auto* text : {"", "m", "5", "0m", "05m", "-5m", "+5m", "5 m", " 5m", "5m ", "5s", "5D",
                           "5mm", "1.5h", "101y", "99999999999999999999m", "m5"}) {
    const auto parsed = Interval::parse(text);
    REQUIRE_FALSE_MESSAGE(parsed, text);
    CHECK(parsed.error().code == core::Errc::validation_error);
    CHECK(parsed.error().detail.find(std::string{text}.substr(0, 16)) != std::string::npos);
  }
}

TEST_CASE("S1-74: a bucket begins at the time minus the time modulo the interval") {
  CHECK(interval("5m").bucket(1'749'902'699'999) == 1'749'902'400'000);
  CHECK(interval("5m").bucket(1'749'902'700'000) == 1'749'902'700'000);
  CHECK(interval("1m").bucket(-1) == -60'000);
  SUBCASE("so a week begins on a Thursday") {
    // 2025-06-14 is a Saturday; 2025-06-12 a Thursday.
    CHECK(interval("1w").bucket(tests::noon) == 1'749'686'400'000);
  }
  SUBCASE("and a month is one of 30-day blocks since 1970") {
    CHECK(interval("1M").bucket(tests::noon) == 675LL * 30 * 86'400'000);
    CHECK(interval("1y").bucket(tests::noon) == 55LL * 365 * 86'400'000);
  }
}

TEST_CASE("a longer interval is made of a shorter one when it is a whole number of it") {
  CHECK(interval("1h").made_of(interval("15m")));
  CHECK_FALSE(interval("1h").made_of(interval("60m")));
  CHECK_FALSE(interval("5m").made_of(interval("1h")));
  CHECK_FALSE(interval("1M").made_of(interval("1w")));
  CHECK(offered(interval("3m"), interval("1m")));
  CHECK(offered(interval("1m"), interval("1m")));
  CHECK_FALSE(offered(interval("7m"), interval("5m")));
}

TEST_CASE("S1-74: the list of intervals keeps its order and drops what it says twice") {
  const auto list = parse_intervals(" 5m, 15m,1h ,60m,5m");
  REQUIRE(list);
  REQUIRE(list->size() == 3);
  CHECK((*list)[0].text() == "5m");
  CHECK((*list)[2].text() == "1h");
  CHECK(parse_intervals("5m,15m,30m,1h,4h,12h,1d,1w,1M,1y")->size() == 10);
  CHECK(parse_intervals("  ")->empty());
  for (const auto* text : {"5m,", ",5m", "5m,,1h", "5m;1h", "5m,x"})
    CHECK_FALSE_MESSAGE(parse_intervals(text), text);
}
