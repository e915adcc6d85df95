// P31: a TWAP plan under drift, faults and crashes, judged by the venue's ledger.
#include "tests/core/twap/twap_world.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::core::twap;
using namespace tandem::tests;

namespace {

template <class Number>
Number pick(std::mt19937_64& random, Number least, Number most) {
  return least
         + static_cast<Number>(random() % static_cast<std::uint64_t>(most - least + Number{1}));
}

PlanConfig random_plan(std::mt19937_64& random) {
  const auto slice = pick<std::int64_t>(random, 2, 40);
  const auto total = pick<std::int64_t>(random, slice, slice * 12);
  auto plan = twap_plan(core::Decimal{total, 3}.to_string(), core::Decimal{slice, 3}.to_string(),
                        std::chrono::milliseconds{pick(random, 200, 3'000)},
                        pick<std::size_t>(random, 1, 2));
  for (auto& leg : plan.legs) {
    leg.type = static_cast<SliceType>(random() % 3);
    leg.side = static_cast<core::orders::Side>(random() % 2);
  }
  auto& options = plan.options;
  options.catch_up = static_cast<CatchUp>(random() % 3);
  options.catch_up_slices = pick<std::uint32_t>(random, 1, 4);
  options.remainder = static_cast<Remainder>(random() % 2);
  options.leg_down = static_cast<LegDown>(random() % 2);
  options.sweep = random() % 4 != 0;
  options.seed = random();
  options.reprice = std::chrono::milliseconds{pick(random, 100, 1'500)};
  if (random() % 2 == 0)
    options.time_jitter = plan.interval / pick(random, 2, 8);
  if (random() % 2 == 0 && slice >= 8)
    options.size_jitter_percent = core::Decimal{pick<std::int64_t>(random, 1, 50), 0};
  if (random() % 3 == 0)
    options.end_at = core::to_millis(core::WallTime{20'000 * 24h + 12h})
                     + plan.interval.count() * pick<std::int64_t>(random, 1, 40);
  options.failures_max = 100;
  return plan;
}

TwapFaults random_faults(std::mt19937_64& random) {
  TwapFaults faults;
  const auto some = [&](unsigned most) {
    return random() % 2 == 0 ? 0U : static_cast<unsigned>(random() % most);
  };
  faults.refuse = some(100);
  faults.lose_reply = some(200);
  faults.lose_order = some(100);
  faults.partial = some(500);
  faults.lose_cancel = some(300);
  faults.late_fill = some(300);
  faults.away = some(30);
  faults.crash = some(40);
  faults.delay_max = std::chrono::milliseconds{random() % 2 == 0 ? 0 : random() % 1'500};
  return faults;
}

/// What a person may do meanwhile.
void meddle(TwapWorld& world, std::mt19937_64& random) {
  auto& runner = *world.runner;
  const auto mortal = std::exchange(world.may_fail, false);
  switch (random() % 400) {
  case 0:
    (void)runner.pause("ann");
    break;
  case 1:
  case 2:
  case 3:
  case 4:
    (void)runner.resume();
    break;
  case 5:
    if (random() % 5 == 0)
      (void)runner.cancel("ann");
    break;
  default:
    break;
  }
  world.may_fail = mortal;
}

} // namespace

TEST_CASE("P31: whatever is late, partial, lost or killed, no plan overshoots or changes side") {
  const auto wanted = plays(10'000, 1'000'000);
  std::size_t ends[4]{};
  std::size_t crashes = 0;
  std::size_t orders = 0;
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    auto plan = random_plan(random);
    REQUIRE(check_plan(plan).empty());
    TwapWorld world{std::move(plan), random_faults(random), seed};
    const auto step_max = std::chrono::milliseconds{20 + random() % 400};
    for (int turn = 0; turn < 400 && !is_final(world.plan().state().phase); ++turn) {
      world.step(std::chrono::milliseconds{1 + random() % static_cast<unsigned>(step_max.count())});
      meddle(world, random);
    }
    // Faults end; a person lets it go on: then it comes to its end.
    world.may_fail = false;
    (void)world.runner->resume();
    const bool over = world.run(10min, step_max);
    REQUIRE_MESSAGE(over, "still ", to_string(world.plan().state().phase), " held by ",
                    world.plan().held_by(), world.plan().state().risk);
    REQUIRE(world.broken() == "");
    const auto phase = world.plan().state().phase;
    ++ends[static_cast<std::size_t>(phase) - static_cast<std::size_t>(PlanPhase::completed)];
    crashes += world.crashes;
    orders += world.sent.size();
  }
  MESSAGE("P31: ", wanted, " plans, ", orders, " orders, ", crashes, " crashes: ", ends[0],
          " completed, ", ends[1], " cancelled, ", ends[2], " expired, ", ends[3],
          " failed; 0 overshoot, 0 wrong side, 0 sent twice, every residual below the minimum or "
          "reported");
  CHECK(ends[0] > wanted / 4);
  CHECK(crashes > wanted / 10);
}

TEST_CASE("P31: a plan of 100 slices under faults ends with the right totals") {
  for (std::uint64_t seed = 1; seed <= plays(20, 20); ++seed) {
    CAPTURE(seed);
    auto plan = twap_plan("10", "0.1", 30s);
    plan.options.failures_max = 100;
    TwapWorld world{plan,
                    {.refuse = 50,
                     .lose_reply = 100,
                     .lose_order = 50,
                     .partial = 300,
                     .lose_cancel = 100,
                     .late_fill = 100,
                     .away = 1,
                     .crash = 2,
                     .delay_max = 500ms},
                    seed};
    REQUIRE(world.run(4h, 200ms));
    CHECK(world.broken() == "");
    CHECK(world.plan().state().phase == PlanPhase::completed);
    CHECK(world.filled(0) == money("10"));
    CHECK(world.filled(1) == money("10"));
    CHECK(world.plan().slices_done() == 100);
  }
}

TEST_CASE("P12: a wall clock that jumps sends no slice too many, too few or at another time") {
  const auto times =
      [](const std::vector<std::pair<std::chrono::milliseconds, std::chrono::nanoseconds>>& jumps) {
        TwapWorld world{twap_plan("1", "0.1", 10s, 1), {}, 1};
        std::vector<std::chrono::nanoseconds> result;
        std::size_t next = 0;
        const auto began = world.now.mono;
        while (!is_final(world.plan().state().phase)) {
          if (next < jumps.size() && world.now.mono - began >= jumps[next].first)
            world.wall_shift += jumps[next++].second;
          world.step(10ms);
          REQUIRE(world.now.mono - began < 1h);
        }
        for (const auto& [at, intent] : world.sent)
          result.push_back(at - began);
        return result;
      };
  const auto undisturbed = times({});
  REQUIRE(undisturbed.size() == 10);
  for (std::size_t n = 1; n < undisturbed.size(); ++n)
    CHECK(undisturbed[n] - undisturbed[n - 1] == 10s);
  for (const auto jump :
       {std::chrono::nanoseconds{1s}, std::chrono::nanoseconds{-1s}, std::chrono::nanoseconds{1h},
        std::chrono::nanoseconds{-1h}, std::chrono::nanoseconds{24h * 365}})
    CHECK(times({{15s, jump}, {47s, -jump}, {63s, jump}}) == undisturbed);
}
