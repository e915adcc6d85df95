// What an outage swallowed is asked for before sums go on: S1-74, S1-02; the gap rules are ours.
#include "core/klines/intake.hpp"

#include "core/klines/aggregator.hpp"
#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::core::klines;
using tests::flat;
using tests::interval;
using tests::minute;
using tests::noon;

namespace {

TimeRange minutes(int from, int until) {
  return {noon + from * minute, noon + until * minute};
}

Intake intake(std::vector<Interval> targets = {interval("5m")}) {
  return Intake{{.base = interval("1m"), .targets = std::move(targets)}};
}

/// Minutes after noon, in the order passed on.
std::string passed(const Intake::Step& step) {
  std::string result;
  for (const auto& one : step.pass)
    result += std::to_string((one.open_time - noon) / minute) + (one.closed ? "" : "?") + " ";
  return result;
}

Candle at(int n, bool closed = true) {
  return flat(noon + n * minute, "1", "1", closed);
}

} // namespace

TEST_CASE("a new symbol is asked back to where its open buckets begin") {
  auto one = intake({interval("5m"), interval("15m")});
  const auto step = one.on_live(at(18, false));
  CHECK(step.ask == minutes(15, 18));
  CHECK(step.pass.empty());
  SUBCASE("the answer goes first, in order, then what was held, each in its last state") {
    CHECK(one.on_live(at(18)).pass.empty());
    CHECK(one.on_live(at(19, false)).pass.empty());
    const auto answer = std::vector{at(17), at(15), at(16), at(14), at(18)};
    CHECK(passed(one.on_history(answer)) == "15 16 17 18 19? ");
    CHECK(passed(one.on_live(at(19))) == "19 ");
    CHECK(one.counts().filled == 3);
  }
  SUBCASE("no answer lets the held ones go, and is counted") {
    CHECK(passed(one.on_no_history()) == "18? ");
    CHECK(one.counts().not_filled == 1);
    CHECK(passed(one.on_live(at(19))) == "19 ");
  }
}

TEST_CASE("nothing is asked at the begin of every bucket") {
  auto one = intake();
  const auto step = one.on_live(at(5, false));
  CHECK_FALSE(step.ask);
  CHECK(passed(step) == "5? ");
}

TEST_CASE("no more is asked than one question may hold, and whole coarse candles of it") {
  Intake one{{.base = interval("1m"),
              .targets = {interval("5m"), interval("1d")},
              .history_max = 100,
              .coarse = interval("1h")}};
  // 100 minutes before 13:30 it was 11:50: the first whole hour after that begins at noon.
  CHECK(one.on_live(at(90)).ask == minutes(0, 90));
  CHECK(one.counts().cut == 1);
  SUBCASE("what is older is asked for in coarse candles, for the intervals that lack it") {
    const std::vector targets{interval("5m"), interval("1d"), interval("90m"), interval("1w")};
    const auto parts = older_parts(targets, interval("1h"), noon);
    REQUIRE(parts.size() == 2);
    CHECK(parts[0] == OlderPart{interval("1d"), minutes(-720, 0)});
    CHECK(parts[1].target == interval("1w"));
    CHECK(parts[1].range.until == noon);
    CHECK(older_parts(targets, interval("1h"), interval("1w").bucket(noon)).empty());
  }
}

TEST_CASE("with its defaults a new symbol is asked back to midnight, and to days before it") {
  Intake one{{.base = interval("1m"), .targets = {interval("1h"), interval("1y")}}};
  CHECK(one.on_live(at(0)).ask == minutes(-720, 0));
}

TEST_CASE("after an outage the missing candles are asked for") {
  auto one = intake();
  CHECK(passed(one.on_live(at(5))) == "5 ");
  one.on_connected();
  SUBCASE("none, when the next one follows") {
    CHECK(passed(one.on_live(at(6, false))) == "6? ");
  }
  SUBCASE("those between") {
    CHECK(one.on_live(at(9, false)).ask == minutes(6, 9));
  }
  SUBCASE("also the one that was open when the stream broke") {
    CHECK(passed(one.on_live(at(6, false))) == "6? ");
    one.on_connected();
    CHECK(one.on_live(at(9, false)).ask == minutes(6, 9));
  }
  SUBCASE("none, when the open one goes on") {
    CHECK(passed(one.on_live(at(6, false))) == "6? ");
    one.on_connected();
    CHECK(passed(one.on_live(at(6, false))) == "6? ");
    CHECK(passed(one.on_live(at(8, false))) == "8? ");
  }
}

TEST_CASE("within a connection a minute without a candle is one without trades") {
  auto one = intake();
  CHECK(passed(one.on_live(at(5))) == "5 ");
  CHECK(passed(one.on_live(at(9))) == "9 ");
  CHECK(passed(one.on_live(at(7))) == "7 ");
}

TEST_CASE("a second outage while an answer is awaited is asked for after it") {
  auto one = intake();
  CHECK(one.on_live(at(3, false)).ask == minutes(0, 3));
  CHECK(one.on_live(at(4)).pass.empty());
  one.on_connected();
  CHECK(one.on_live(at(8, false)).pass.empty());
  const auto step = one.on_history(std::vector{at(0), at(1), at(2)});
  CHECK(passed(step) == "0 1 2 ");
  CHECK(step.ask == minutes(3, 8));
  CHECK(passed(one.on_history(std::vector{at(3), at(4), at(5), at(6), at(7)})) == "3 4 5 6 7 8? ");
}

TEST_CASE("what is held has a bound; beyond it the answer is given up") {
  Intake one{{.base = interval("1m"), .targets = {interval("5m")}, .held_max = 2}};
  CHECK(one.on_live(at(1)).ask.has_value());
  CHECK(one.on_live(at(2)).pass.empty());
  CHECK(passed(one.on_live(at(3))) == "1 2 3 ");
  CHECK_FALSE(one.awaited());
  CHECK(one.on_history(std::vector{at(0)}).pass.empty());
}

TEST_CASE("an outage over the end of a bucket changes no sum") {
  auto gate = intake();
  Aggregator aggregator{{.base = interval("1m"), .targets = {interval("5m")}}};
  std::vector<std::string> ended;
  const auto feed = [&](const Intake::Step& step) {
    for (const auto& one : step.pass)
      for (const auto& aggregate : aggregator.on_candle(one))
        ended.push_back(tests::shown(aggregate.candle));
  };
  for (int n = 0; n < 3; ++n)
    feed(gate.on_live(at(n)));
  gate.on_connected();
  feed(gate.on_live(at(7, false)));
  CHECK(ended.empty());
  feed(gate.on_history(std::vector{at(3), at(4), at(5), at(6)}));
  CHECK(ended == std::vector<std::string>{"+0m 1 1 1 1 v5 n5 closed"});
}

TEST_CASE("the holes in what is stored are found, and cut into what one answer holds") {
  const std::vector<core::UnixMillis> have{noon + minute, noon + 2 * minute, noon + 5 * minute};
  CHECK(missing(have, minutes(0, 8), interval("1m"))
        == std::vector{minutes(0, 1), minutes(3, 5), minutes(6, 8)});
  CHECK(missing({}, minutes(2, 2), interval("1m")).empty());
  CHECK(missing({}, {noon - 1, noon + minute + 1}, interval("1m")) == std::vector{minutes(0, 1)});
  CHECK(in_pages(minutes(0, 7), interval("1m"), 3)
        == std::vector{minutes(0, 3), minutes(3, 6), minutes(6, 7)});
  CHECK(in_pages(minutes(3, 3), interval("1m"), 3).empty());
}
