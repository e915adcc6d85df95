// P28: an hour at three times the demand that a venue allows, against a model of its counting.
#include "core/market/order_budget.hpp"
#include "core/market/rate_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>

using namespace tandem::core;
using namespace tandem::core::market;
using namespace std::chrono_literals;

namespace {

/// Counts as the venue does, and does not forgive: every request above the limit is a refusal, and
/// a few refusals are a ban.
class Venue {
public:
  Venue(int limit, std::chrono::milliseconds window, bool sliding)
      : limit_{limit}, window_{window}, sliding_{sliding} {}

  /// @returns what its header says is used; -1 = refused.
  int take(int weight, WallTime now) {
    const auto begin
        = sliding_ ? now - window_ : WallTime{now.time_since_epoch() / window_ * window_};
    while (!taken_.empty() && (sliding_ ? taken_.front().at <= begin : taken_.front().at < begin)) {
      used_ -= taken_.front().weight;
      taken_.pop_front();
    }
    if (used_ + weight > limit_) {
      ++refusals;
      return -1;
    }
    taken_.push_back({now, weight});
    used_ += weight;
    most = std::max(most, used_);
    return used_;
  }

  [[nodiscard]] int left(WallTime now) {
    const auto used = take(0, now);
    return limit_ - std::max(used, 0);
  }

  int refusals = 0, most = 0;

private:
  struct Taken {
    WallTime at;
    int weight;
  };

  int limit_;
  std::chrono::milliseconds window_;
  bool sliding_;
  std::deque<Taken> taken_;
  int used_ = 0;
};

struct Hour {
  std::uint64_t asked = 0, ordinary = 0, queries = 0, cancels = 0, cancels_refused = 0, refused = 0;
  int least_left_for_cancels
      = 100; ///< percent of the limit, when a request of another kind had left
};

/// @param foreign weight that somebody else behind the same address takes now and then.
Hour run(RateLimits ours, Venue& venue, int limit, double per_second, int foreign) {
  RateBudget budget{ours};
  std::mt19937 random{28};
  Hour hour;
  WallTime now{480'000h};
  const auto end = now + 1h;
  std::exponential_distribution<double> gap{per_second};
  while (now < end) {
    now += std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>{gap(random)});
    ++hour.asked;
    const auto pick = random() % 100;
    const auto use = pick < 60 ? RateUse::ordinary : pick < 98 ? RateUse::query : RateUse::cancel;
    const int weight = use == RateUse::query ? 1 + static_cast<int>(random() % 4) : 1;
    if (foreign != 0 && random() % 2'000 == 0)
      (void)venue.take(foreign, now);
    if (budget.take(weight, use, now) != RateVerdict::go) {
      hour.cancels_refused += use == RateUse::cancel ? 1U : 0U;
      continue;
    }
    const int used = venue.take(weight, now);
    if (used < 0) {
      ++hour.refused;
      budget.on_refused(false, now + 5s);
      continue;
    }
    budget.on_used(used, now, now);
    if (use != RateUse::cancel)
      hour.least_left_for_cancels
          = std::min(hour.least_left_for_cancels, venue.left(now) * 100 / limit);
    (use == RateUse::ordinary ? hour.ordinary
     : use == RateUse::query  ? hour.queries
                              : hour.cancels)
        += 1;
  }
  return hour;
}

} // namespace

TEST_CASE("P28: an hour at three times what a venue allows brings no refusal and no ban") {
  struct Case {
    std::string name;
    RateLimits ours;
    int limit;
    std::chrono::milliseconds window;
    bool sliding;
  };

  for (const auto& one :
       {Case{"Binance spot, 6,000 a minute", {.weight_per_window = 6'000}, 6'000, 60s, false},
        Case{"Binance USD-M, 2,400 a minute", {.weight_per_window = 2'400}, 2'400, 60s, false},
        Case{"Bybit, 600 in any 5 s", {.weight_per_window = 300, .window = 5s}, 600, 5s, true}}) {
    Venue venue{one.limit, one.window, one.sliding};
    const double allowed = one.limit / std::chrono::duration<double>{one.window}.count();
    const auto hour
        = run(one.ours, venue, one.limit, 3 * allowed / 1.6, 0); // 1.6 weight on average
    MESSAGE("P28: " << one.name << ": " << hour.asked << " asked for, " << hour.ordinary
                    << " ordinary, " << hour.queries << " queries, " << hour.cancels
                    << " cancels sent, " << hour.cancels_refused << " cancels held; "
                    << venue.refusals << " refused by the venue, at most " << venue.most
                    << " used, never less than " << hour.least_left_for_cancels
                    << " % left for cancels");
    CHECK(venue.refusals == 0);
    CHECK(hour.cancels_refused == 0);
    CHECK(hour.least_left_for_cancels >= 20);
    CHECK(hour.ordinary > 0);
  }
}

TEST_CASE("P28: somebody else on the same address is seen in the venue's own count") {
  Venue venue{6'000, 60s, false};
  const auto hour = run({.weight_per_window = 6'000}, venue, 6'000, 3 * 100 / 1.6, 600);
  MESSAGE("P28: with a stranger: "
          << hour.refused << " of " << hour.ordinary + hour.queries + hour.cancels
          << " refused by the venue, " << hour.cancels_refused << " cancels held");
  // What we send between a stranger's burst and the first header that tells of it may be refused.
  CHECK(hour.refused <= 60);
  CHECK(hour.cancels > 0);
}

TEST_CASE("P28: order rates hold in every window, calendar or sliding") {
  OrderBudget budget;
  budget.set_rates({{50, 10s}, {160, 60s}});
  std::mt19937 random{28};
  std::deque<MonoTime> sent;
  MonoTime now{1h};
  std::uint64_t refused = 0;
  for (int n = 0; n < 60'000; ++n) {
    now += std::chrono::milliseconds{random() % 120};
    if (budget.full(now) != nullptr) {
      ++refused;
      continue;
    }
    budget.count(now);
    sent.push_back(now);
    const auto within = [&](std::chrono::milliseconds window) {
      return std::ranges::count_if(sent, [&](MonoTime at) { return now - at < window; });
    };
    while (now - sent.front() > 60s)
      sent.pop_front();
    REQUIRE(within(10s) <= 50);
    REQUIRE(within(60s) <= 160);
  }
  CHECK(refused > 10'000);
}
