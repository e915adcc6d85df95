// Sums over base candles: S1-74, S1-61; venues/pricestream.md sections 1, 5 and 7.
#include "core/klines/aggregator.hpp"

#include "core/ensure.hpp"
#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::core::klines;
using tests::candle;
using tests::flat;
using tests::interval;
using tests::minute;
using tests::noon;
using tests::shown;

namespace {

Aggregator five_minutes(bool legacy = false) {
  return Aggregator{{.base = interval("1m"), .targets = {interval("5m")}, .legacy_sum = legacy}};
}

/// The six candles of samples-pricestream/aggregation_case.json.
std::vector<Candle> sample() {
  return {candle(noon, {"100", "110", "95", "105", "1.5", 10}),
          candle(noon + 1 * minute, {"105", "108", "101", "102", "2.0", 20}),
          candle(noon + 2 * minute, {"102", "103", "99", "100", "0.5", 5}),
          candle(noon + 3 * minute, {"100", "120", "100", "118", "4.0", 40}),
          candle(noon + 4 * minute, {"118", "119", "117", "118.5", "1.0", 8}),
          candle(noon + 5 * minute, {"118.5", "125", "118", "124", "2.5", 25})};
}

} // namespace

TEST_CASE("S1-74: a bucket is emitted with the first update of the next one") {
  auto aggregator = five_minutes();
  const auto candles = sample();
  for (std::size_t n = 0; n < 5; ++n)
    CHECK(aggregator.on_candle(candles[n]).empty());
  const auto ended = aggregator.on_candle(candles[5]);
  REQUIRE(ended.size() == 1);
  CHECK(shown(ended[0].candle) == "+0m 100 120 95 118.5 v9 n83 closed");
  CHECK(ended[0].interval.text() == "5m");
  CHECK(ended[0].parts == 5);
  CHECK(ended[0].complete);
  SUBCASE("once: the next updates of that bucket emit nothing") {
    CHECK(aggregator.on_candle(candles[5]).empty());
    CHECK(aggregator.on_candle(flat(noon + 6 * minute, "1", "1")).empty());
    CHECK(shown(aggregator.current(interval("5m"))->candle) == "+5m 118.5 125 1 1 v3.5 n26 open");
  }
}

TEST_CASE("S1-74: an open candle that is sent again replaces its earlier state") {
  auto aggregator = five_minutes();
  for (const auto* volume : {"0.5", "0.9", "1.5"})
    CHECK(aggregator.on_candle(flat(noon, "100", volume, false)).empty());
  CHECK(aggregator.on_candle(candle(noon, {"100", "110", "95", "105", "2", 12})).empty());
  CHECK(aggregator.on_candle(flat(noon + minute, "104", "0.25", false)).empty());
  CHECK(shown(aggregator.current(interval("5m"))->candle) == "+0m 100 110 95 104 v2.25 n13 open");
  CHECK(aggregator.counts().applied == 2);
  CHECK(aggregator.counts().replaced == 3);
  SUBCASE("also when a final one is sent again: its last state counts") {
    CHECK(aggregator.on_candle(flat(noon, "100", "3")).empty());
    CHECK(shown(aggregator.current(interval("5m"))->candle) == "+0m 100 104 100 104 v3.25 n2 open");
  }
}

TEST_CASE("S1-74: legacy_sum adds every update, as the earlier system did") {
  auto aggregator = five_minutes(true);
  for (const auto* volume : {"0.5", "0.9", "1.5"})
    CHECK(aggregator.on_candle(flat(noon, "100", volume, false)).empty());
  const auto ended = aggregator.on_candle(flat(noon + 5 * minute, "101", "1", false));
  REQUIRE(ended.size() == 1);
  CHECK(shown(ended[0].candle) == "+0m 100 100 100 100 v2.9 n3 closed");
  CHECK_FALSE(ended[0].complete);
}

TEST_CASE("candles out of order make the same sums") {
  auto candles = sample();
  candles.pop_back();
  std::mt19937 random{7};
  for (int round = 0; round < 20; ++round) {
    std::shuffle(candles.begin(), candles.end(), random);
    auto aggregator = five_minutes();
    for (const auto& one : candles)
      CHECK(aggregator.on_candle(one).empty());
    CHECK(shown(aggregator.current(interval("5m"))->candle) == "+0m 100 120 95 118.5 v9 n83 open");
  }
}

TEST_CASE("a late candle does not open its bucket again, but still counts for longer intervals") {
  Aggregator aggregator{{.base = interval("1m"), .targets = {interval("5m"), interval("1h")}}};
  CHECK(aggregator.on_candle(flat(noon, "100", "1")).empty());
  CHECK(aggregator.on_candle(flat(noon + 5 * minute, "101", "1")).size() == 1);
  CHECK(aggregator.on_candle(flat(noon + 2 * minute, "90", "4")).empty());
  CHECK(aggregator.counts().late_for_interval == 1);
  CHECK(shown(aggregator.current(interval("5m"))->candle) == "+5m 101 101 101 101 v1 n1 open");
  CHECK(shown(aggregator.current(interval("1h"))->candle) == "+0m 100 101 90 101 v6 n3 open");
}

TEST_CASE("S1-74: every interval closes at its own time, in the order of the list") {
  Aggregator aggregator{
      {.base = interval("1m"), .targets = {interval("5m"), interval("15m"), interval("1h")}}};
  std::vector<std::string> ended;
  for (int n = 0; n <= 60; ++n)
    for (const auto& one : aggregator.on_candle(flat(noon + n * minute, "1", "1")))
      ended.push_back(one.interval.text() + " " + shown(one.candle));
  CHECK(ended.size() == 12 + 4 + 1);
  CHECK(ended[2] == "5m +10m 1 1 1 1 v5 n5 closed");
  CHECK(ended[3] == "15m +0m 1 1 1 1 v15 n15 closed");
  CHECK(ended.back() == "1h +0m 1 1 1 1 v60 n60 closed");
  CHECK(ended[ended.size() - 2] == "15m +45m 1 1 1 1 v15 n15 closed");
}

TEST_CASE("buckets without a candle do not exist, and one with holes says so") {
  auto aggregator = five_minutes();
  CHECK(aggregator.on_candle(flat(noon + 3 * minute, "1", "1")).empty());
  const auto ended = aggregator.on_candle(flat(noon + 33 * minute, "2", "1"));
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].candle.open_time == noon);
  CHECK(ended[0].parts == 1);
  CHECK_FALSE(ended[0].complete);
}

TEST_CASE("what is older than the candles kept apart changes nothing and is counted") {
  Aggregator aggregator{{.base = interval("1m"), .targets = {interval("1h")}, .recent_max = 3}};
  for (int n = 0; n < 10; ++n)
    CHECK(aggregator.on_candle(flat(noon + n * minute, "1", "1")).empty());
  CHECK(shown(aggregator.current(interval("1h"))->candle) == "+0m 1 1 1 1 v10 n10 open");
  CHECK(aggregator.on_candle(flat(noon + 6 * minute, "9", "5")).empty());
  CHECK(aggregator.counts().late == 1);
  CHECK(aggregator.on_candle(flat(noon + 7 * minute, "9", "5")).empty());
  CHECK(shown(aggregator.current(interval("1h"))->candle) == "+0m 1 9 1 1 v14 n10 open");
}

TEST_CASE("S1-74: what the history knows of a long bucket in longer candles goes before its base "
          "candles") {
  Aggregator aggregator{
      {.base = interval("1m"), .targets = {interval("5m"), interval("1h")}, .recent_max = 2}};
  const auto hour = interval("1h");
  const auto five = interval("5m");
  const std::vector older{candle(noon, {"100", "130", "99", "110", "10", 50}),
                          candle(noon + 5 * minute, {"110", "111", "80", "90", "20", 60})};
  CHECK_FALSE(aggregator.add_older(hour, older, five));
  for (int n = 10; n < 15; ++n)
    CHECK(aggregator.on_candle(flat(noon + n * minute, "95", "1")).empty());
  CHECK(aggregator.add_older(hour, older, five));
  CHECK(shown(aggregator.current(hour)->candle) == "+0m 100 130 80 95 v35 n115 open");
  CHECK(aggregator.current(hour)->parts == 15);
  CHECK(shown(aggregator.current(five)->candle) == "+10m 95 95 95 95 v5 n5 open");
  SUBCASE("once") {
    CHECK_FALSE(aggregator.add_older(hour, older, five));
  }
  SUBCASE("and it ends whole") {
    std::vector<Aggregate> ended;
    for (int n = 15; n <= 60; ++n)
      ended = aggregator.on_candle(flat(noon + n * minute, "95", "1"));
    REQUIRE(ended.size() == 2);
    CHECK(shown(ended[1].candle) == "+0m 100 130 80 95 v80 n160 closed");
    CHECK(ended[1].complete);
    CHECK_FALSE(aggregator.add_older(hour, older, five));
  }
  SUBCASE("what overlaps the base candles, each other or another bucket is not taken") {
    for (const auto& wrong : std::vector<std::vector<Candle>>{
             {},
             {flat(noon + 6 * minute, "1", "1")},
             {flat(noon - 5 * minute, "1", "1")},
             {flat(noon + minute, "1", "1"), flat(noon + minute, "1", "1")}})
      CHECK_FALSE(aggregator.add_older(hour, wrong, five));
    CHECK_FALSE(aggregator.add_older(interval("4h"), older, five));
    CHECK(aggregator.current(hour)->parts == 15);
  }
}

TEST_CASE("an aggregator refuses intervals that are not made of its base") {
  CHECK_THROWS_AS((Aggregator{{.base = interval("5m"), .targets = {interval("7m")}}}),
                  core::BrokenPromise);
  CHECK_THROWS_AS((Aggregator{{.base = interval("5m"), .targets = {interval("5m")}}}),
                  core::BrokenPromise);
  CHECK_FALSE(five_minutes().current(interval("5m")));
  CHECK_FALSE(five_minutes().current(interval("1h")));
}

TEST_CASE(
    "whatever is repeated and however it is shuffled within a bucket, its last states count") {
  rc::check([](std::uint32_t seed) {
    std::mt19937 random{seed};
    Aggregator aggregator{{.base = interval("1m"), .targets = {interval("5m"), interval("30m")}}};
    std::map<core::UnixMillis, Candle> last;
    const auto emitted = [&](const std::vector<Aggregate>& ended) {
      for (const auto& one : ended) {
        std::optional<Candle> expected;
        for (const auto& [time, part] : last)
          if (one.interval.bucket(time) == one.candle.open_time)
            expected = expected ? followed_by(*expected, part) : part;
        RC_ASSERT(expected.has_value());
        expected->open_time = one.candle.open_time;
        expected->closed = true;
        RC_ASSERT(*expected == one.candle);
      }
    };
    for (int bucket = 0; bucket < 14; ++bucket)
      for (int n = 0; n < 12; ++n) {
        const auto time
            = noon + (bucket * 5 + static_cast<core::UnixMillis>(random() % 5)) * minute;
        const auto price = std::to_string(90 + random() % 20);
        const auto next = flat(time, price, std::to_string(1 + random() % 9), random() % 2 == 0);
        emitted(aggregator.on_candle(next));
        last.insert_or_assign(time, next);
      }
  });
}
