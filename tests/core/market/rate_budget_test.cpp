// How much of a venue's REST allowance may be used, and when.
#include "core/market/rate_budget.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace tandem::core;
using namespace tandem::core::market;
using namespace std::chrono_literals;
using enum RateVerdict;

namespace {

/// 12:00:00 of some day: the begin of a minute.
constexpr WallTime noon{std::chrono::hours{480'012}};
constexpr RateLimits limits{.weight_per_window = 100,
                            .window = 60'000ms,
                            .cancel_reserve_percent = 30,
                            .query_reserve_percent = 0};

constexpr auto urgent = RateUse::cancel;
constexpr auto ordinary = RateUse::ordinary;

} // namespace

TEST_CASE("ordinary requests leave the reserve to urgent ones") {
  RateBudget budget{limits};
  CHECK(budget.take(69, ordinary, noon) == go);
  CHECK(budget.take(2, ordinary, noon) == wait);
  CHECK(budget.take(1, ordinary, noon) == go); // 70 of 100
  CHECK(budget.take(1, ordinary, noon) == wait);
  CHECK(budget.take(30, urgent, noon) == go);
  CHECK(budget.take(1, urgent, noon) == wait);
  CHECK(budget.used(noon) == 100);
}

TEST_CASE("a refused request is not counted") {
  RateBudget budget{limits};
  CHECK(budget.take(60, ordinary, noon) == go);
  CHECK(budget.take(50, ordinary, noon) == wait);
  CHECK(budget.used(noon) == 60);
}

TEST_CASE("windows follow the calendar, not the first request") {
  RateBudget budget{limits};
  CHECK(budget.take(70, ordinary, noon + 59s) == go);
  CHECK(budget.take(1, ordinary, noon + 60s - 1ms) == wait);
  CHECK(budget.retry_at(noon + 59s) == noon + 60s);
  CHECK(budget.take(70, ordinary, noon + 60s) == go);
  CHECK(budget.used(noon + 60s) == 70);
  CHECK(budget.used(noon + 120s) == 0);
  CHECK(budget.retry_at(noon + 60s) == noon + 120s);
}

TEST_CASE("a request heavier than its share leaves alone, as the first of a window") {
  RateBudget budget{limits};
  CHECK(budget.take(1, ordinary, noon) == go);
  CHECK(budget.take(80, ordinary, noon) == wait);
  CHECK(budget.take(80, ordinary, noon + 60s) == go);
  CHECK(budget.take(1, ordinary, noon + 60s) == wait);
  CHECK(budget.take(20, urgent, noon + 60s) == go);
}

TEST_CASE("the venue's own count replaces ours when it is higher") {
  RateBudget budget{limits};
  CHECK(budget.take(10, ordinary, noon) == go);
  budget.on_used(65, noon + 1s, noon + 1s);
  CHECK(budget.used(noon + 1s) == 65);
  budget.on_used(12, noon + 2s, noon + 2s); // does not know yet of what is under way
  CHECK(budget.used(noon + 2s) == 65);
  CHECK(budget.take(6, ordinary, noon + 2s) == wait);
  CHECK(budget.take(5, ordinary, noon + 2s) == go);
  SUBCASE("and in a new window whatever it is") {
    budget.on_used(3, noon + 61s, noon + 61s);
    CHECK(budget.used(noon + 61s) == 3);
  }
  SUBCASE("and beyond the limit nothing leaves") {
    budget.on_used(std::numeric_limits<int>::max(), noon + 3s, noon + 3s);
    CHECK(budget.take(1, urgent, noon + 3s) == wait);
    CHECK(budget.take(std::numeric_limits<int>::max(), urgent, noon + 3s) == wait);
    CHECK(budget.take(1, ordinary, noon + 60s) == go);
  }
}

TEST_CASE("the venue's own limit counts from then on") {
  RateBudget budget{limits};
  budget.on_limit(200);
  CHECK(budget.limit() == 200);
  CHECK(budget.take(140, ordinary, noon) == go);
  CHECK(budget.take(1, ordinary, noon) == wait);
  budget.on_limit(0);
  budget.on_limit(-5);
  CHECK(budget.limit() == 200);
}

TEST_CASE("after a 429 only urgent requests leave until its time has come") {
  RateBudget budget{limits};
  budget.on_refused(false, noon + 10s);
  CHECK(budget.take(1, ordinary, noon) == wait);
  CHECK(budget.retry_at(noon) == noon + 10s);
  CHECK(budget.take(1, urgent, noon) == go);
  CHECK(budget.take(1, ordinary, noon + 10s - 1ns) == wait);
  CHECK(budget.take(1, ordinary, noon + 10s) == go);
}

TEST_CASE("after a 418 or 403 nothing leaves until its time has come") {
  RateBudget budget{limits};
  budget.on_refused(true, noon + 2min);
  CHECK(budget.take(1, urgent, noon) == banned);
  CHECK(budget.take(1, ordinary, noon + 2min - 1ns) == banned);
  CHECK(budget.retry_at(noon) == noon + 2min);
  CHECK(budget.take(1, ordinary, noon + 2min) == go);
}

TEST_CASE("a shorter refusal does not shorten a longer one") {
  RateBudget budget{limits};
  budget.on_refused(true, noon + 10min);
  budget.on_refused(true, noon + 1min);
  budget.on_refused(false, noon + 1s);
  CHECK(budget.take(1, urgent, noon + 5min) == banned);
  CHECK(budget.retry_at(noon) == noon + 10min);
}

TEST_CASE("a clock set back by a little does not give the allowance twice") {
  RateBudget budget{limits};
  CHECK(budget.take(70, ordinary, noon) == go);
  CHECK(budget.take(1, ordinary, noon - 1s) == wait);
  CHECK(budget.used(noon - 1s) == 70);
  CHECK(budget.retry_at(noon - 1s) == noon + 60s);
  SUBCASE("but one set back by hours does not stop us for hours") {
    CHECK(budget.take(70, ordinary, noon - 2h) == go);
    CHECK(budget.take(1, ordinary, noon - 2h) == wait);
  }
}

TEST_CASE("odd limits are brought into range") {
  RateBudget all_reserved{{.weight_per_window = 100, .window = 0ms, .cancel_reserve_percent = 150}};
  CHECK(all_reserved.take(1, ordinary, noon) == go); // alone in its window
  CHECK(all_reserved.take(1, ordinary, noon) == wait);
  CHECK(all_reserved.retry_at(noon) == noon + 1ms);
  RateBudget none_reserved{{.weight_per_window = 100, .cancel_reserve_percent = -10}};
  CHECK(none_reserved.take(100, ordinary, noon) == go);
}
