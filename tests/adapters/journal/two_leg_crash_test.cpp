// Promise P2: the engine is killed in every state of a two-leg execution, at every word to its
// journal and to its venues, whatever these answer; and by the venues' own books nothing is left
// open that is not flagged.
#include "tests/adapters/journal/crash_world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

using namespace tandem::core::strategy;
using namespace tandem::tests;

namespace {

constexpr std::array phases{ExecutionPhase::legs,      ExecutionPhase::completing,
                            ExecutionPhase::unwinding, ExecutionPhase::waiting,
                            ExecutionPhase::done,      ExecutionPhase::stranded,
                            ExecutionPhase::refused};

/// Sums over all plays, and the first few that broke a rule, each with what repeats it.
class Tally {
public:
  /// @param all of the product, or what a commit has the time for.
  explicit Tally(bool all = false) : whole{all} {}

  void add(const CrashCase& one, const std::vector<Kill>& kills, const CrashOutcome& outcome) {
    for (const auto phase : outcome.crashed_in)
      ++crashed_in_[phase];
    ++ends_[outcome.end];
    silent += outcome.silent ? 1 : 0;
    beyond_cap += outcome.beyond_cap ? 1 : 0;
    sent_twice += outcome.sent_twice;
    if (outcome.faults.empty())
      return;
    constexpr std::size_t told_max = 20;
    if (++broken > told_max)
      return;
    std::string text = describe(one);
    for (const auto& kill : kills)
      text += "; " + describe(kill);
    for (const auto& fault : outcome.faults)
      text += "\n    " + fault;
    MESSAGE(text);
  }

  [[nodiscard]] std::size_t crashed_in(ExecutionPhase phase) const {
    const auto found = crashed_in_.find(phase);
    return found == crashed_in_.end() ? 0 : found->second;
  }

  [[nodiscard]] std::size_t crashes() const {
    std::size_t sum = 0;
    for (const auto& [phase, count] : crashed_in_)
      sum += count;
    return sum;
  }

  void print(const char* what) const {
    const auto list = [](const std::map<ExecutionPhase, std::size_t>& counts) {
      std::string text;
      for (const auto& [phase, count] : counts)
        text += (text.empty() ? "" : ", ") + std::string{to_string(phase)} + " "
                + std::to_string(count);
      return text;
    };
    std::printf("P2: %zu %s in %zu cases (%s): %zu silent residuals, %zu sent twice, %zu beyond "
                "the cap; ended %s\n",
                crashes(), what, cases, list(crashed_in_).c_str(), silent, sent_twice, beyond_cap,
                list(ends_).c_str());
  }

  void check() const {
    CHECK(broken == 0);
    CHECK(silent == 0);
    CHECK(sent_twice == 0);
    CHECK(beyond_cap == 0);
  }

  const bool whole;
  std::size_t cases = 0, broken = 0, silent = 0, sent_twice = 0, beyond_cap = 0;

private:
  std::map<ExecutionPhase, std::size_t> crashed_in_, ends_;
};

/// Behind one operation and before the next is nearly the same moment: on a commit one of the two
/// comes back at once and the other slowly.
std::vector<Restart> restarts_for(std::uint64_t at, Moment moment, bool whole = false) {
  if (whole)
    return {Restart::at_once, Restart::slowly};
  const bool slowly = (at + static_cast<std::uint64_t>(moment)) % 2 == 0;
  return {slowly ? Restart::slowly : Restart::at_once};
}

/// One run to its end, then a kill before, within (writes only) and after each of its operations.
CrashOutcome crash_everywhere(const CrashCase& one, Tally& tally) {
  const auto whole = play(one, {});
  tally.add(one, {}, whole);
  ++tally.cases;
  for (std::size_t at = 1; at <= whole.writes.size(); ++at)
    for (const auto moment : {Moment::before, Moment::within, Moment::after}) {
      if (moment == Moment::within && !whole.writes[at - 1])
        continue;
      for (const auto restart : restarts_for(at, moment, tally.whole)) {
        const std::vector kills{Kill{at, moment, restart}};
        const auto outcome = play(one, kills);
        REQUIRE(outcome.crashed_in.size() == 1);
        tally.add(one, kills, outcome);
      }
    }
  return whole;
}

/// Every reply to closing orders and every market, where there is something to close.
void crash_closing(CrashCase one, bool closes, Tally& tally) {
  for (const auto closing : replies) {
    one.script.closing = closing;
    if (closes && closing != Reply::filled)
      crash_everywhere(one, tally);
  }
  one.script.closing = Reply::filled;
  for (const auto market : {Market::dear, Market::run_away}) {
    one.market = market;
    // A second leg that follows the first meets the market that moved.
    if (closes || one.order != LegOrder::concurrent)
      crash_everywhere(one, tally);
  }
}

/// On a commit the two directions share what else there is to vary.
Direction direction_for(LegOrder order, const Script& script) {
  const bool turned = order == LegOrder::concurrent
                          ? (script.leg1 == Reply::filled) != script.leg2_first
                          : order == LegOrder::leg2_first;
  return turned ? Direction::leg1_sell_leg2_buy : Direction::leg1_buy_leg2_sell;
}

/// @param closing as well as the two legs everything that may come when a residual is closed.
void crash_case(const CrashCase& one, bool closing, Tally& tally) {
  const auto whole = crash_everywhere(one, tally);
  CAPTURE(describe(one));
  CHECK(whole.end == ExecutionPhase::done); // where nothing is in the way, it is closed
  if (closing)
    crash_closing(one, whole.closed, tally);
}

void crash_legs(LegOrder order, Reply leg1, Reply leg2, Tally& tally) {
  const bool concurrent = order == LegOrder::concurrent;
  const bool plain = leg1 == Reply::filled || leg2 == Reply::filled;
  for (const bool leg2_first : {false, true}) {
    if (leg2_first && !concurrent)
      continue; // their order is given
    const Script script{.leg1 = leg1, .leg2 = leg2, .leg2_first = leg2_first};
    crash_case({.order = order, .script = script, .direction = direction_for(order, script)},
               plain && concurrent && !leg2_first, tally);
  }
}

/// All of the product for one way to send the legs.
void crash_all(LegOrder order, Direction direction) {
  Tally tally{true};
  for (const auto leg1 : replies)
    for (const auto leg2 : replies)
      for (const bool leg2_first : {false, true})
        crash_case({.order = order,
                    .script = {.leg1 = leg1, .leg2 = leg2, .leg2_first = leg2_first},
                    .direction = direction},
                   true, tally);
  tally.print("crash points");
  tally.check();
}

} // namespace

TEST_CASE(
    "P2: killed at any operation in any state, a two-leg execution ends balanced or flagged") {
  Tally tally;
  for (const auto order : {LegOrder::concurrent, LegOrder::leg1_first, LegOrder::leg2_first}) {
    for (const auto leg1 : replies)
      for (const auto leg2 : replies)
        crash_legs(order, leg1, leg2, tally);
    for (const auto begin : {Begin::refused_by_gate, Begin::without_book})
      crash_everywhere({.order = order, .script = {}, .begin = begin}, tally);
  }
  tally.print("crash points");
  tally.check();
  for (const auto phase : phases) {
    CAPTURE(to_string(phase));
    CHECK(tally.crashed_in(phase) > 0);
  }
}

TEST_CASE("P2: killed once more while it comes back, it ends balanced or flagged all the same") {
  Tally tally;
  constexpr std::size_t stride = 3; // of the first crash; the second comes everywhere
  const std::vector<Script> scripts{{.leg2 = Reply::rejected},
                                    {.leg2 = Reply::timeout_filled},
                                    {.leg1 = Reply::timeout_not},
                                    {.leg1 = Reply::partial, .leg2 = Reply::late_fill},
                                    {.leg2 = Reply::rejected, .closing = Reply::rejected}};
  for (const auto& script : scripts) {
    const CrashCase one{.script = script};
    ++tally.cases;
    const auto operations = play(one, {}).writes.size();
    for (std::size_t at = 1; at <= operations; at += stride) {
      const Kill first{at, Moment::after, restarts_for(at, Moment::after).front()};
      const auto later = play(one, {first}).writes;
      for (std::size_t again = 1; again <= later.size(); ++again)
        for (const auto moment : {Moment::before, Moment::within, Moment::after}) {
          if (moment == Moment::within && !later[again - 1])
            continue;
          const std::vector kills{first, Kill{again, moment, restarts_for(again, moment).front()}};
          const auto outcome = play(one, kills);
          REQUIRE(outcome.crashed_in.size() == 2);
          tally.add(one, kills, outcome);
        }
    }
  }
  tally.print("crashes, two of each execution,");
  tally.check();
}

// A few hundred thousand crash points; a case for each way, so that each ends in time.
TEST_SUITE("nightly") {
  TEST_CASE("P2, whole: both legs at once, buying at leg 1") {
    crash_all(LegOrder::concurrent, Direction::leg1_buy_leg2_sell);
  }

  TEST_CASE("P2, whole: both legs at once, buying at leg 2") {
    crash_all(LegOrder::concurrent, Direction::leg1_sell_leg2_buy);
  }

  TEST_CASE("P2, whole: leg 1 first, buying at leg 1") {
    crash_all(LegOrder::leg1_first, Direction::leg1_buy_leg2_sell);
  }

  TEST_CASE("P2, whole: leg 1 first, buying at leg 2") {
    crash_all(LegOrder::leg1_first, Direction::leg1_sell_leg2_buy);
  }

  TEST_CASE("P2, whole: leg 2 first, buying at leg 1") {
    crash_all(LegOrder::leg2_first, Direction::leg1_buy_leg2_sell);
  }

  TEST_CASE("P2, whole: leg 2 first, buying at leg 2") {
    crash_all(LegOrder::leg2_first, Direction::leg1_sell_leg2_buy);
  }
}
