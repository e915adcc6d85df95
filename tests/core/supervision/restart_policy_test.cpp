// The supervision rule, by examples and against a model that knows it in other words.
#include "core/supervision/restart_policy.hpp"

#include "core/ensure.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <set>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::supervision;
using namespace std::chrono_literals;
using enum Permanence;

namespace {

using Indices = std::vector<std::size_t>;

constexpr MonoTime t0{1h};

/// Three permanent children, of which `child` has just ended.
Decision crash(RestartPolicy& policy, std::size_t child, MonoTime now) {
  std::vector<bool> running(3, true);
  running[child] = false;
  return policy.on_exit(child, {permanent, permanent, permanent}, running, true, now);
}

} // namespace

TEST_CASE("the MaxR-th restart within MaxT restarts, the one after it escalates") {
  for (const std::size_t restarts_max : {0U, 1U, 3U, 10U}) {
    CAPTURE(restarts_max);
    RestartPolicy policy{Strategy::one_for_one, {.restarts_max = restarts_max, .within = 5s}};
    for (std::size_t n = 0; n < restarts_max; ++n)
      CHECK(crash(policy, 0, t0).verdict == Verdict::restart);
    CHECK(policy.recent(t0) == restarts_max);
    const auto last = crash(policy, 1, t0 + 5s);
    CHECK(last.verdict == Verdict::escalate);
    CHECK(last.stop == Indices{2, 0}); // all that run, last started first
    CHECK(last.start.empty());
  }
}

TEST_CASE("a restart counts until MaxT has passed, its last moment included") {
  RestartPolicy policy{Strategy::one_for_one, {.restarts_max = 1, .within = 5s}};
  CHECK(crash(policy, 0, t0).verdict == Verdict::restart);
  SUBCASE("in the last moment") {
    CHECK(policy.recent(t0 + 5s) == 1);
    CHECK(crash(policy, 0, t0 + 5s).verdict == Verdict::escalate);
  }
  SUBCASE("just after it") {
    CHECK(policy.recent(t0 + 5s + 1ns) == 0);
    CHECK(crash(policy, 0, t0 + 5s + 1ns).verdict == Verdict::restart);
  }
  SUBCASE("one crash a window goes on for ever") {
    for (int n = 1; n < 1'000; ++n)
      CHECK(crash(policy, 0, t0 + n * (5s + 1ns)).verdict == Verdict::restart);
  }
}

TEST_CASE("one_for_one restarts the failed child only") {
  RestartPolicy policy{Strategy::one_for_one, {.restarts_max = 3, .within = 5s}};
  const auto decision = crash(policy, 1, t0);
  CHECK(decision.verdict == Verdict::restart);
  CHECK(decision.stop.empty());
  CHECK(decision.start == Indices{1});
}

TEST_CASE("one_for_all stops the others in reverse order and starts all in order") {
  RestartPolicy policy{Strategy::one_for_all, {.restarts_max = 3, .within = 5s}};
  const auto decision = crash(policy, 1, t0);
  CHECK(decision.stop == Indices{2, 0});
  CHECK(decision.start == Indices{0, 1, 2});
  CHECK(policy.recent(t0) == 1); // one restart, however many children
}

TEST_CASE("rest_for_one restarts the failed child and those started after it") {
  RestartPolicy policy{Strategy::rest_for_one, {.restarts_max = 9, .within = 5s}};
  const auto middle = crash(policy, 1, t0);
  CHECK(middle.stop == Indices{2});
  CHECK(middle.start == Indices{1, 2});
  const auto first = crash(policy, 0, t0);
  CHECK(first.stop == Indices{2, 1});
  CHECK(first.start == Indices{0, 1, 2});
  const auto last = crash(policy, 2, t0);
  CHECK(last.stop.empty());
  CHECK(last.start == Indices{2});
}

TEST_CASE("a transient child is restarted only after an abnormal end, a temporary one never") {
  RestartPolicy policy{Strategy::one_for_all, {.restarts_max = 9, .within = 5s}};
  const auto end = [&](Permanence permanence, bool abnormal) {
    return policy.on_exit(0, {permanence, permanent}, {false, true}, abnormal, t0);
  };
  CHECK(end(permanent, false).verdict == Verdict::restart);
  CHECK(end(permanent, true).verdict == Verdict::restart);
  CHECK(end(transient, true).verdict == Verdict::restart);
  const auto counted = policy.recent(t0);
  for (const auto& left : {end(transient, false), end(temporary, false), end(temporary, true)}) {
    CHECK(left.verdict == Verdict::leave);
    CHECK(left.stop.empty());
    CHECK(left.start.empty());
  }
  CHECK(policy.recent(t0) == counted); // what is left alone is no restart
}

TEST_CASE("a temporary sibling is stopped with its group and stays gone") {
  RestartPolicy policy{Strategy::rest_for_one, {.restarts_max = 9, .within = 5s}};
  const std::vector children{permanent, temporary, permanent};
  const auto decision = policy.on_exit(0, children, {false, true, true}, true, t0);
  CHECK(decision.stop == Indices{2, 1});
  CHECK(decision.start == Indices{0, 2});
}

TEST_CASE("a sibling that had ended on purpose starts again with its group") {
  RestartPolicy policy{Strategy::rest_for_one, {.restarts_max = 9, .within = 5s}};
  const std::vector children{permanent, transient, temporary, permanent};
  const auto decision = policy.on_exit(0, children, {false, false, false, true}, true, t0);
  CHECK(decision.stop == Indices{3});
  CHECK(decision.start == Indices{0, 1, 3});
}

TEST_CASE("a restart on purpose concerns the same children and counts nothing") {
  const std::vector<Permanence> four{Permanence::permanent, Permanence::permanent,
                                     Permanence::temporary, Permanence::transient};
  using Indices = std::vector<std::size_t>;
  for (int i = 0; i < 10; ++i) {
    CHECK(RestartPolicy{Strategy::one_for_one, {}}.restarted_with(1, four) == Indices{1});
    CHECK(RestartPolicy{Strategy::rest_for_one, {}}.restarted_with(1, four) == Indices{1, 3});
    CHECK(RestartPolicy{Strategy::one_for_all, {}}.restarted_with(1, four) == Indices{0, 1, 3});
  }
  RestartPolicy policy{Strategy::rest_for_one, {}};
  (void)policy.restarted_with(0, four);
  CHECK(policy.recent(MonoTime{}) == 0);
}

TEST_CASE("a child that the supervisor does not have is a broken promise") {
  RestartPolicy policy{Strategy::one_for_one, {}};
  CHECK_THROWS_AS((void)policy.on_exit(1, {permanent}, {false}, true, t0), BrokenPromise);
  CHECK_THROWS_AS((void)policy.on_exit(0, {permanent}, {}, true, t0), BrokenPromise);
}

TEST_CASE("strategies have the names of the documentation") {
  CHECK(to_string(Strategy::one_for_one) == "one_for_one");
  CHECK(to_string(Strategy::one_for_all) == "one_for_all");
  CHECK(to_string(Strategy::rest_for_one) == "rest_for_one");
}

namespace {

/// The rule once more: keeps every restart for ever, and describes groups instead of making lists.
struct Model {
  Strategy strategy;
  Intensity intensity;
  std::vector<Permanence> children;
  std::set<std::size_t> alive;
  std::vector<MonoTime> all_restarts;

  Verdict on_exit(std::size_t child, bool abnormal, MonoTime now) {
    alive.erase(child);
    const bool wanted = children[child] == permanent || (children[child] == transient && abnormal);
    if (!wanted)
      return Verdict::leave;
    all_restarts.push_back(now);
    std::size_t counted = 0;
    for (const auto at : all_restarts)
      counted += at + intensity.within >= now ? 1 : 0;
    if (counted > intensity.restarts_max) {
      alive.clear();
      return Verdict::escalate;
    }
    for (std::size_t other = 0; other < children.size(); ++other)
      if (other == child || in_group(child, other))
        children[other] == temporary ? (void)alive.erase(other) : (void)alive.insert(other);
    return Verdict::restart;
  }

  [[nodiscard]] bool in_group(std::size_t child, std::size_t other) const {
    return strategy == Strategy::one_for_all
           || (strategy == Strategy::rest_for_one && other >= child);
  }
};

/// Carries out a decision. False when it stops what does not run or starts what does, or when an
/// order is wrong.
bool perform(const Decision& decision, std::set<std::size_t>& alive) {
  if (!std::ranges::is_sorted(decision.stop, std::greater{})
      || !std::ranges::is_sorted(decision.start))
    return false;
  for (const auto child : decision.stop)
    if (alive.erase(child) != 1)
      return false;
  for (const auto child : decision.start)
    if (!alive.insert(child).second)
      return false;
  return true;
}

} // namespace

TEST_CASE("ten thousand random crash schedules end as an independent model says") {
  std::mt19937_64 random{20'240'808};
  const auto below
      = [&](std::uint64_t limit) { return static_cast<std::size_t>(random() % limit); };
  std::size_t differences = 0, escalations = 0, left = 0, restarts = 0;
  for (int schedule = 0; schedule < 10'000; ++schedule) {
    const auto strategy = static_cast<Strategy>(below(3));
    const Intensity intensity{.restarts_max = below(6),
                              .within = std::chrono::seconds{1 + below(10)}};
    std::vector<Permanence> children(1 + below(6));
    std::set<std::size_t> alive;
    for (auto& child : children)
      child = static_cast<Permanence>(below(3));
    for (std::size_t child = 0; child < children.size(); ++child)
      alive.insert(child);
    RestartPolicy policy{strategy, intensity};
    Model model{strategy, intensity, children, alive, {}};
    auto now = t0;
    for (std::size_t crashes = below(30); crashes > 0 && !alive.empty(); --crashes) {
      // Whole seconds, so that many a crash comes in the very last moment of a window.
      now += std::chrono::seconds{below(4)};
      const auto child
          = *std::next(alive.begin(), static_cast<std::ptrdiff_t>(below(alive.size())));
      const bool abnormal = below(3) != 0;
      alive.erase(child);
      std::vector<bool> running(children.size());
      for (const auto other : alive)
        running[other] = true;
      const auto decision = policy.on_exit(child, children, running, abnormal, now);
      const auto expected = model.on_exit(child, abnormal, now);
      const bool same
          = decision.verdict == expected && perform(decision, alive) && alive == model.alive;
      differences += same ? 0 : 1;
      escalations += expected == Verdict::escalate ? 1 : 0;
      left += expected == Verdict::leave ? 1 : 0;
      restarts += expected == Verdict::restart ? 1 : 0;
      if (!same || expected == Verdict::escalate)
        break;
    }
  }
  CHECK(differences == 0);
  CHECK(escalations > 1'000); // all three outcomes were seen often
  CHECK(left > 1'000);
  CHECK(restarts > 1'000);
}
