#include "core/orders/reconcile.hpp"

#include <doctest/doctest.h>

using namespace tandem::core;
using namespace tandem::core::orders;

namespace {

constexpr Int128 one = 1'000'000'000'000'000'000;

AccountBooks books(std::int64_t btc) {
  AccountBooks made;
  made.assets["BTC"] = Money{btc * one};
  return made;
}

const InstrumentKey perpetual{VenueId{"binance"}, MarketType::linear, Symbol{"BTCUSDT"}};

} // namespace

TEST_CASE("an account that agrees to the last unit is clean and may trade") {
  Reconciliation reconciliation{Money{}};
  CHECK_FALSE(reconciliation.may_trade());
  CHECK(reconciliation.on_reading(books(3), books(3), true));
  CHECK(reconciliation.state() == ReconcileState::clean);
  CHECK(reconciliation.may_trade());
  CHECK(reconciliation.differences().empty());
}

TEST_CASE("one unit of 10^-18 is a difference without a tolerance, and none within it") {
  auto theirs = books(3);
  theirs.assets["BTC"] += Money{1};
  CHECK(compare(books(3), theirs, Money{}).size() == 1);
  CHECK(compare(books(3), theirs, Money{1}).empty());
  CHECK(compare(books(3), books(3), Money{}).empty());
}

TEST_CASE("an account read while orders were open teaches nothing") {
  Reconciliation reconciliation{Money{}};
  CHECK_FALSE(reconciliation.on_reading(books(3), books(3), false));
  CHECK(reconciliation.state() == ReconcileState::never);
  CHECK_FALSE(reconciliation.may_trade());
}

TEST_CASE("a difference is real when it is seen twice in a row") {
  Reconciliation reconciliation{Money{}};
  reconciliation.on_reading(books(3), books(3), true);
  reconciliation.on_reading(books(3), books(4), true);
  CHECK(reconciliation.state() == ReconcileState::suspect);
  CHECK(reconciliation.may_trade());
  SUBCASE("the same again: trading stops and the row is named") {
    reconciliation.on_reading(books(3), books(4), true);
    CHECK(reconciliation.state() == ReconcileState::differs);
    CHECK_FALSE(reconciliation.may_trade());
    REQUIRE(reconciliation.differences().size() == 1);
    CHECK(reconciliation.differences()[0] == Difference{"BTC", Money{3 * one}, Money{4 * one}});
  }
  SUBCASE("gone: a message had been on its way") {
    reconciliation.on_reading(books(4), books(4), true);
    CHECK(reconciliation.state() == ReconcileState::clean);
  }
  SUBCASE("another difference: suspicion begins anew") {
    reconciliation.on_reading(books(3), books(5), true);
    CHECK(reconciliation.state() == ReconcileState::suspect);
  }
}

TEST_CASE("at the start a first suspicion does not open the gate") {
  Reconciliation reconciliation{Money{}};
  reconciliation.on_reading(books(3), books(4), true);
  CHECK_FALSE(reconciliation.may_trade());
  reconciliation.on_reading(books(3), books(4), true);
  CHECK(reconciliation.state() == ReconcileState::differs);
}

TEST_CASE("a confirmed difference outlives a lost connection and ends by agreement or a person") {
  Reconciliation reconciliation{Money{}};
  reconciliation.on_reading(books(3), books(4), true);
  reconciliation.on_reading(books(3), books(4), true);
  reconciliation.restart();
  CHECK(reconciliation.state() == ReconcileState::differs);
  SUBCASE("agreement") {
    reconciliation.on_reading(books(4), books(4), true);
    CHECK(reconciliation.may_trade());
  }
  SUBCASE("a person; the next comparison must agree") {
    reconciliation.accept();
    CHECK_FALSE(reconciliation.may_trade());
    reconciliation.on_reading(books(4), books(4), true);
    CHECK(reconciliation.may_trade());
  }
}

TEST_CASE("a lost connection closes the gate until the account was compared again") {
  Reconciliation reconciliation{Money{}};
  reconciliation.on_reading(books(3), books(3), true);
  reconciliation.restart();
  CHECK_FALSE(reconciliation.may_trade());
}

TEST_CASE("a position nobody knew of is a difference, an asset that is not ours is none") {
  AccountBooks ours;
  AccountBooks theirs;
  theirs.positions[perpetual] = Money{-2 * one};
  theirs.assets["DOGE"] = Money{7 * one};
  const auto rows = compare(ours, theirs, Money{});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == Difference{"binance.linear.BTCUSDT", Money{}, Money{-2 * one}, perpetual});
}

// Found by a simulated world (seed 34): the baseline took only positions that we held ourselves, so
// that the difference was accepted for ever and never gone.
TEST_CASE("an accepted position is ours from then on, also one that we never held") {
  AccountBooks ours;
  AccountBooks theirs;
  theirs.positions[perpetual] = Money{-2 * one};
  const auto rows = compare(ours, theirs, Money{});
  REQUIRE(rows.size() == 1);
  AccountBooks baseline;
  CHECK(accept(baseline, rows[0]) == Money{-2 * one});
  CHECK(compare(baseline, theirs, Money{}).empty());
}

TEST_CASE("an accepted asset adds to what the baseline held of it") {
  AccountBooks baseline;
  baseline.assets["BTC"] = Money{one};
  CHECK(accept(baseline, {"BTC", Money{3 * one}, Money{4 * one}}) == Money{2 * one});
  CHECK(baseline.positions.empty());
}
