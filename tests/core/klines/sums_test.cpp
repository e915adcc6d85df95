// Longer candles of one symbol with what was missed: S1-74; the pages of a history question are
// ours.
#include "core/klines/sums.hpp"

#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::core::klines;
using tests::flat;
using tests::interval;
using tests::minute;
using tests::noon;

namespace {

Candle at(int n, bool closed = true) {
  return flat(noon + n * minute, "1", "1", closed);
}

Sums sums(std::vector<Interval> targets, std::size_t rows_max = 1'500) {
  return Sums{{.base = interval("1m"), .targets = std::move(targets), .rows_max = rows_max}};
}

std::vector<Candle> minutes(int from, int until) {
  std::vector<Candle> result;
  for (int n = from; n < until; ++n)
    result.push_back(at(n));
  return result;
}

} // namespace

TEST_CASE("S1-74: what was traded before the first candle is asked for and counts") {
  auto five = sums({interval("5m")});
  const auto first = five.on_live(at(3, false));
  REQUIRE(first.ask);
  CHECK(first.ask->range == TimeRange{noon, noon + 3 * minute});
  CHECK(five.on_answer(minutes(0, 3)).ended.empty());
  const auto ended = five.on_live(at(5, false)).ended;
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].interval == interval("5m"));
  CHECK(ended[0].candle.volume == core::parse_money("4").value());
}

TEST_CASE("a question larger than an answer is asked page by page, one at a time") {
  auto hour = sums({interval("1h")}, 10);
  auto step = hour.on_live(at(25, false));
  std::vector<TimeRange> pages;
  for (int page = 0; page < 3; ++page) {
    REQUIRE(step.ask);
    pages.push_back(step.ask->range);
    CHECK_FALSE(hour.on_live(at(25, false)).ask);
    step = hour.on_answer(minutes(page * 10, std::min(25, page * 10 + 10)));
  }
  CHECK_FALSE(step.ask);
  CHECK(pages
        == std::vector<TimeRange>{{noon, noon + 10 * minute},
                                  {noon + 10 * minute, noon + 20 * minute},
                                  {noon + 20 * minute, noon + 25 * minute}});
  CHECK(hour.aggregator().current(interval("1h"))->parts == 26);
}

TEST_CASE("without an answer the rest of its pages is not asked for and sums go on") {
  auto hour = sums({interval("1h")}, 10);
  REQUIRE(hour.on_live(at(25, false)).ask);
  CHECK_FALSE(hour.on_no_answer().ask);
  CHECK(hour.counts().not_filled == 1);
  CHECK(hour.aggregator().current(interval("1h"))->parts == 1);
  CHECK_FALSE(hour.on_no_answer().ask); // nobody asked
}
