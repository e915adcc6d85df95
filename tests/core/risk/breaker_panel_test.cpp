#include "core/risk/breaker_panel.hpp"

#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace tandem::tests {
namespace {

using namespace core::risk;
using Kind = BreakerNews::Kind;

const core::MonoTime mono{std::chrono::hours{1}};
const core::WallTime wall{std::chrono::hours{2}};

BreakerLimits at_most(std::uint32_t failures) {
  BreakerLimits limits;
  limits.failures_max = failures;
  return limits;
}

struct Seated {
  explicit Seated(const BreakerLimits& limits = at_most(3), Breaker::Saved saved = {})
      : seat{std::move(saved)} {
    seat.sit(limits, mono, [this] { ++woken; });
    first = seat.take();
  }

  void trade(bool succeeded) {
    seat.tell({.kind = Kind::trade, .succeeded = succeeded}, mono, wall);
  }

  BreakerSeat seat;
  BreakerVerdict first;
  int woken = 0;
};

} // namespace

TEST_CASE("who acts for a breaker is woken for a verdict, once until it is taken") {
  Seated seated;
  CHECK(seated.first.action == BreakerAction::none);
  seated.trade(false);
  seated.trade(false);
  CHECK(seated.woken == 0);
  seated.trade(false);
  seated.trade(false);
  CHECK(seated.woken == 1);
  const auto verdict = seated.seat.take();
  CHECK(verdict.action == BreakerAction::pause);
  CHECK(verdict.changed);
  CHECK(verdict.saved.trips == 1);
  const auto again = seated.seat.take();
  CHECK(again.action == BreakerAction::none);
  CHECK_FALSE(again.changed);
}

TEST_CASE("a change without an action is a verdict, too: it must be written down") {
  Seated seated;
  for (int n = 0; n < 3; ++n)
    seated.trade(false);
  CHECK(seated.seat.take().action == BreakerAction::pause);
  seated.seat.change([](Breaker& breaker) { return breaker.reset(mono, wall); });
  CHECK(seated.seat.take().action == BreakerAction::resume);
  seated.trade(true);
  CHECK(seated.woken == 2);
  const auto verdict = seated.seat.take();
  CHECK(verdict.action == BreakerAction::none);
  CHECK(verdict.changed);
  CHECK(verdict.saved.state == BreakerState::closed);
}

TEST_CASE("an open one of a run before has its pause at once, and it is no change") {
  const Seated seated{at_most(3),
                      {.state = BreakerState::open,
                       .cause = BreakerCause::loss,
                       .since = {},
                       .trips = 4,
                       .detail = {}}};
  CHECK(seated.first.action == BreakerAction::pause);
  CHECK_FALSE(seated.first.changed);
}

TEST_CASE("before anybody sits there is nothing to judge by; between two it goes on counting") {
  BreakerSeat seat;
  seat.tell({.kind = Kind::difference, .count = 1}, mono, wall);
  seat.sit(at_most(2), mono, {});
  CHECK_FALSE(seat.take().changed);
  seat.tell({.kind = Kind::trade, .succeeded = false}, mono, wall);
  seat.sit(at_most(2), mono, {});
  seat.tell({.kind = Kind::trade, .succeeded = false}, mono, wall);
  CHECK(seat.take().action == BreakerAction::pause);
}

TEST_CASE("a panel tells those that are named and there") {
  BreakerPanel panel;
  panel.restore(
      "global",
      {.state = BreakerState::closed, .cause = {}, .since = {}, .trips = 7, .detail = {}});
  const auto global = panel.seat("global");
  const auto pair = panel.seat("pair.a");
  CHECK(panel.seat("global") == global);
  for (const auto& seat : {global, pair})
    seat->sit(BreakerLimits{}, mono, {});
  panel.tell({"global", "venue.nobody"}, {.kind = Kind::difference, .count = 1}, mono, wall);
  CHECK(global->take().saved.trips == 8);
  CHECK_FALSE(pair->take().changed);
}

TEST_CASE("sources on several threads lose no count") {
  constexpr int threads = 4, each = 50'000;
  Seated seated{at_most(threads * each)};
  std::vector<std::thread> sources;
  for (int n = 0; n < threads; ++n)
    sources.emplace_back([&] {
      for (int m = 0; m < each; ++m)
        seated.trade(false);
    });
  for (auto& source : sources)
    source.join();
  CHECK(seated.woken == 1);
  CHECK(seated.seat.take().action == BreakerAction::pause);
}

} // namespace tandem::tests
