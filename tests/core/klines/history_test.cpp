// Rows of /history and /historical: S1-07, S1-49; venues/pricestream.md section 7.
#include "core/klines/history.hpp"

#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tandem;
using namespace tandem::core::klines;
using tests::candle;
using tests::flat;
using tests::interval;
using tests::minute;
using tests::noon;
using tests::shown;

TEST_CASE("S1-49: rows of the base and of a listed interval are read as they are stored") {
  const auto base = interval("1m");
  const std::vector listed{interval("5m"), interval("15m"), interval("1h")};
  CHECK(history_source(base, base, listed)->stored.text() == "1m");
  CHECK(history_source(interval("15m"), base, listed) == HistorySource{interval("15m"), true});
  SUBCASE("by what is stored, however it was written") {
    CHECK(history_source(interval("60m"), base, listed)->stored.text() == "1h");
  }
  SUBCASE("others are summed up from the longest stored one that divides them") {
    CHECK(history_source(interval("45m"), base, listed) == HistorySource{interval("15m"), false});
    CHECK(history_source(interval("2h"), base, listed) == HistorySource{interval("1h"), false});
    CHECK(history_source(interval("7m"), base, listed) == HistorySource{base, false});
    const std::vector backwards{interval("1h"), interval("15m"), interval("5m")};
    CHECK(history_source(interval("2h"), base, backwards)->stored.text() == "1h");
  }
  SUBCASE("what is no multiple of the base is refused") {
    CHECK(history_source(interval("7m"), interval("5m"), listed).error().code
          == core::Errc::validation_error);
    CHECK_FALSE(history_source(interval("1m"), interval("5m"), {}));
  }
}

TEST_CASE("S1-49: rows are summed up: open first, high max, low min, close last, volume sum") {
  const std::vector rows{candle(noon + 4 * minute, {"100", "110", "95", "105", "1.5", 10}),
                         candle(noon + 5 * minute, {"105", "108", "101", "102", "2", 20}),
                         candle(noon + 6 * minute, {"102", "103", "90", "100", "0.5", 5}),
                         flat(noon + 30 * minute, "7", "1", false)};
  const auto sums = summed_up(rows, interval("5m"));
  REQUIRE(sums.size() == 3);
  CHECK(shown(sums[0]) == "+0m 100 110 95 105 v1.5 n10 closed");
  CHECK(shown(sums[1]) == "+5m 105 108 90 100 v2.5 n25 closed");
  CHECK(shown(sums[2]) == "+30m 7 7 7 7 v1 n1 open");
  CHECK(summed_up({}, interval("5m")).empty());
}

TEST_CASE("what is read for sums begins and ends with whole buckets") {
  CHECK(whole_buckets({noon + minute, noon + 6 * minute}, interval("5m"))
        == TimeRange{noon, noon + 10 * minute});
  CHECK(whole_buckets({noon, noon + 5 * minute}, interval("5m"))
        == TimeRange{noon, noon + 5 * minute});
}

TEST_CASE("S1-49: pages are cut from the rows by offset and limit") {
  std::vector<Candle> rows;
  for (int n = 0; n < 5; ++n)
    rows.push_back(flat(noon + n * minute, "1", "1"));
  CHECK(page(rows, 0, 2).size() == 2);
  CHECK(page(rows, 4, 2).size() == 1);
  CHECK(page(rows, 4, 2)[0].open_time == noon + 4 * minute);
  CHECK(page(rows, 9, 2).empty());
  CHECK(page(rows, 0, 0).empty());
}
