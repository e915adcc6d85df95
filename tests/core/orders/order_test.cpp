// One order's rules, one by one. That they hold in any order of arrival is order_arrival_test.cpp.
#include "core/orders/order.hpp"

#include "tests/core/orders/orders.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace tandem::core;
using namespace tandem::core::orders;
using namespace std::chrono_literals;
using tandem::tests::at;
using tandem::tests::fill;
using tandem::tests::intent;
using tandem::tests::report;

namespace {

const Error timed_out{Errc::timed_out, "no reply in 10 s", "binance"};
const Error too_small{Errc::validation_error, "-1013 lot", "binance"};

Order sent(std::int64_t quantity = 1'000) {
  Order order{intent(quantity)};
  (void)order.on_sent(at(0ms));
  return order;
}

Order unknown() {
  auto order = sent();
  (void)order.on_no_answer(timed_out);
  return order;
}

} // namespace

TEST_CASE("an order goes from intent over sent and working to filled") {
  Order order{intent()};
  CHECK(order.state() == OrderState::intent);
  CHECK(order.open_quantity().units == 1'000);
  CHECK(order.on_sent(at(5ms)) == OrderChange{.state_changed = true, .news = true});
  CHECK(order.sent_at() == at(5ms));
  CHECK(order.on_sent(at(9ms)) == OrderChange{});
  CHECK(order.on_accepted("v1", 17).state_changed);
  CHECK(order.state() == OrderState::working);
  CHECK(order.venue_order_id() == "v1");
  CHECK(order.venue_time() == 17);
  CHECK(order.on_fill(fill("t1", 400)) == OrderChange{.filled_more = true, .news = true});
  CHECK(order.open_quantity().units == 600);
  CHECK(order.on_fill(fill("t2", 600)).state_changed);
  CHECK(order.state() == OrderState::filled);
  CHECK(order.settled());
  CHECK(order.open_quantity().units == 0);
  CHECK(!order.overfilled());
}

TEST_CASE("a refusal rejects only an order that nothing shows to exist") {
  auto order = sent();
  CHECK(order.on_refused(too_small).state_changed);
  CHECK(order.state() == OrderState::rejected);
  CHECK(order.settled());
  CHECK(order.error()->code == Errc::validation_error);
  CHECK(order.reason() == "-1013 lot");

  SUBCASE("an acknowledgement goes before it") {
    CHECK(order.on_accepted("v1", 0).state_changed);
    CHECK(order.state() == OrderState::working);
    CHECK(!order.error().has_value());
  }
  SUBCASE("and so does a fill") {
    CHECK(order.on_fill(fill("t1", 1)).late);
    CHECK(order.state() == OrderState::working);
  }
  SUBCASE("a refusal of an order at work is no news") {
    auto working = sent();
    (void)working.on_accepted("v1", 0);
    CHECK(working.on_refused(too_small) == OrderChange{});
    CHECK(working.state() == OrderState::working);
  }
}

TEST_CASE("no answer makes a sent order unknown and proves nothing of any other") {
  auto order = sent();
  CHECK(order.on_no_answer(timed_out).state_changed);
  CHECK(order.state() == OrderState::unknown);
  CHECK(!order.settled());
  CHECK(order.open_quantity().units == 1'000);
  CHECK(order.error()->code == Errc::timed_out);
  CHECK(order.on_no_answer(timed_out) == OrderChange{});

  Order not_sent{intent()};
  CHECK(not_sent.on_no_answer(timed_out) == OrderChange{});
  CHECK(not_sent.state() == OrderState::intent);
  auto working = sent();
  (void)working.on_accepted("v1", 0);
  CHECK(working.on_no_answer(timed_out) == OrderChange{});
  CHECK(working.state() == OrderState::working);
  auto rejected = sent();
  (void)rejected.on_refused(too_small);
  CHECK(rejected.on_no_answer(timed_out) == OrderChange{});
  CHECK(rejected.state() == OrderState::rejected);
}

TEST_CASE("not found rejects after two polls far enough from the send and from each other") {
  auto order = unknown();
  const NotFoundRule rule{.after = 12s, .between = 5s};
  SUBCASE("a poll asked too soon does not count, whenever its answer comes") {
    CHECK(order.on_not_found(at(11'999ms), rule) == OrderChange{});
    CHECK(order.on_not_found(at(12'000ms), rule).news);
    CHECK(order.on_not_found(at(16'999ms), rule).news);
    CHECK(order.state() == OrderState::unknown);
    CHECK(order.on_not_found(at(17'000ms), rule).state_changed);
    CHECK(order.state() == OrderState::rejected);
    CHECK(order.error()->code == Errc::not_found);
  }
  SUBCASE("the answers may come in either order") {
    (void)order.on_not_found(at(17'000ms), rule);
    CHECK(order.on_not_found(at(12'000ms), rule).state_changed);
    CHECK(order.state() == OrderState::rejected);
  }
  SUBCASE("one poll asked twice is one poll") {
    (void)order.on_not_found(at(20'000ms), rule);
    CHECK(order.on_not_found(at(20'000ms), rule) == OrderChange{});
    CHECK(order.state() == OrderState::unknown);
  }
  SUBCASE("it proves nothing of an order that was ever seen") {
    (void)order.on_report(report(VenueStatus::open));
    CHECK(order.on_not_found(at(20s), rule) == OrderChange{});
    CHECK(order.on_not_found(at(40s), rule) == OrderChange{});
    CHECK(order.state() == OrderState::working);
  }
  SUBCASE("an order that shows up after all is at work") {
    (void)order.on_not_found(at(20s), rule);
    (void)order.on_not_found(at(40s), rule);
    REQUIRE(order.settled());
    CHECK(order.on_report(report(VenueStatus::open, 0)).state_changed);
    CHECK(order.state() == OrderState::working);
  }
  SUBCASE("nor of one that was not sent") {
    Order not_sent{intent()};
    CHECK(not_sent.on_not_found(at(20s), rule) == OrderChange{});
  }
}

TEST_CASE("an end that the venue reports waits for the fills it counts") {
  for (const auto& [status, state] : {std::pair{VenueStatus::cancelled, OrderState::cancelled},
                                      std::pair{VenueStatus::expired, OrderState::expired}}) {
    auto order = sent();
    CHECK(order.on_report(report(status, 300)).state_changed);
    CHECK(order.state() == state);
    CHECK(order.lacks_fills());
    CHECK(!order.settled());
    CHECK(order.open_quantity().units == 300);
    CHECK(order.on_fill(fill("t1", 300)).filled_more);
    CHECK(order.settled());
    CHECK(order.open_quantity().units == 0);
  }
  auto order = sent();
  (void)order.on_report(report(VenueStatus::filled));
  CHECK(order.state() == OrderState::filled);
  CHECK(order.lacks_fills());
  CHECK(!order.settled());
  CHECK(order.open_quantity().units == 1'000);
}

TEST_CASE("an end without any fill settles at once") {
  for (const auto status : {VenueStatus::cancelled, VenueStatus::expired, VenueStatus::rejected}) {
    auto order = sent();
    (void)order.on_report(report(status, 0, "why"));
    CHECK(order.settled());
    CHECK(order.reason() == "why");
  }
}

TEST_CASE("an order that traded was not rejected, whatever is said") {
  auto order = sent();
  (void)order.on_fill(fill("t1", 100));
  (void)order.on_report(report(VenueStatus::rejected));
  CHECK(order.state() == OrderState::cancelled);
  CHECK(order.settled());
}

TEST_CASE("the cumulative quantity only grows") {
  auto order = sent();
  (void)order.on_report(report(VenueStatus::open, 500));
  CHECK(order.lacks_fills());
  CHECK(order.on_report(report(VenueStatus::open, 200)) == OrderChange{});
  (void)order.on_fill(fill("t1", 200));
  CHECK(order.lacks_fills());
  (void)order.on_fill(fill("t2", 300));
  CHECK(!order.lacks_fills());
}

TEST_CASE("a fill counts once by its trade id") {
  auto order = sent();
  (void)order.on_fill(fill("t1", 400));
  CHECK(order.on_fill(fill("t1", 400)) == OrderChange{});
  CHECK(order.on_fill(fill("t1", 1)) == OrderChange{});
  CHECK(order.filled().units == 400);
  CHECK(order.fills().size() == 1);
  CHECK(order.on_fill(fill("t2", 0)) == OrderChange{});
  CHECK(order.on_fill(fill("t3", -1)) == OrderChange{});
}

TEST_CASE("a fill after the end counts and is late") {
  auto order = sent();
  (void)order.on_report(report(VenueStatus::cancelled, 0));
  REQUIRE(order.settled());
  const auto change = order.on_fill(fill("t1", 400));
  CHECK(change.filled_more);
  CHECK(change.late);
  CHECK(order.state() == OrderState::cancelled);
  CHECK(order.filled().units == 400);
  CHECK(order.on_fill(fill("t2", 600)).state_changed);
  CHECK(order.state() == OrderState::filled);
}

TEST_CASE("more filled than ordered counts whole and is flagged") {
  auto order = sent();
  (void)order.on_fill(fill("t1", 700));
  (void)order.on_fill(fill("t2", 700));
  CHECK(order.filled().units == 1'400);
  CHECK(order.overfilled());
  CHECK(order.state() == OrderState::filled);
  CHECK(order.open_quantity().units == 0);
  (void)order.on_fill(fill("t3", std::numeric_limits<std::int64_t>::max(), 1));
  CHECK(order.filled().units == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("a person ends what the venue leaves open, and the venue's word goes before it") {
  auto order = unknown();
  CHECK(order.on_decided(VenueStatus::open, "ann") == OrderChange{});
  CHECK(order.on_decided(VenueStatus::rejected, "ann").state_changed);
  CHECK(order.state() == OrderState::rejected);
  CHECK(order.settled());
  CHECK(order.reason() == "decided by ann");
  CHECK(order.on_decided(VenueStatus::filled, "bob") == OrderChange{});

  SUBCASE("the venue shows it at work") {
    CHECK(order.on_report(report(VenueStatus::open)).state_changed);
    CHECK(order.state() == OrderState::working);
  }
  SUBCASE("the venue says that it was cancelled after part was filled") {
    (void)order.on_report(report(VenueStatus::cancelled, 300));
    CHECK(order.state() == OrderState::cancelled);
  }
  SUBCASE("a fill shows that it traded") {
    (void)order.on_fill(fill("t1", 300));
    CHECK(order.state() == OrderState::cancelled);
  }
  SUBCASE("missing fills are no longer waited for") {
    auto lacking = sent();
    (void)lacking.on_report(report(VenueStatus::cancelled, 300));
    CHECK(lacking.on_decided(VenueStatus::cancelled, "ann").news);
    CHECK(lacking.settled());
  }
}

TEST_CASE("a decision that the venue overrules is news, even where the state stays as it is") {
  auto order = sent();
  (void)order.on_accepted("v1", 1);
  (void)order.on_report(report(VenueStatus::cancelled, 300));
  REQUIRE(order.on_decided(VenueStatus::rejected, "ann").news);
  REQUIRE(order.settled());
  SUBCASE("by showing it at work") {
    CHECK(order.on_report(report(VenueStatus::open)).news);
  }
  SUBCASE("by acknowledging it") {
    CHECK(order.on_accepted("v1", 1).news);
  }
  CHECK(order.state() == OrderState::cancelled);
  CHECK(order.lacks_fills()); // so it counts as open again
  CHECK(order.open_quantity().units == 300);
}

TEST_CASE("an adopted order grows to its real size") {
  Order order{intent(300)};
  (void)order.on_sent(at(0ms));
  (void)order.on_fill(fill("t1", 300));
  REQUIRE(order.settled());
  CHECK(order.widen({1'000}).state_changed);
  CHECK(order.state() == OrderState::working);
  CHECK(order.open_quantity().units == 700);
  CHECK(order.widen({900}) == OrderChange{});
}

TEST_CASE("the average price is exact where it can be and rounded half to even where not") {
  auto order = sent(3);
  CHECK(!order.average_price().has_value());
  (void)order.on_fill(fill("t1", 1, 100'00));
  CHECK(order.average_price()->to_string() == "100");
  (void)order.on_fill(fill("t2", 2, 100'01));
  CHECK(order.average_price()->to_string() == "100.0066666667");
  SUBCASE("prices so large that eight more decimals do not fit") {
    auto large = sent(2);
    constexpr std::int64_t price = 4'000'000'000'000'000'001;
    (void)large.on_fill(fill("t1", 1, price));
    (void)large.on_fill(fill("t2", 1, price + 1));
    CHECK(large.average_price()->to_string() == "40000000000000000.02");
  }
}

TEST_CASE("every word of an order has its text") {
  CHECK(to_string(Side::sell) == "sell");
  CHECK(opposite(Side::sell) == Side::buy);
  CHECK(to_string(OrderType::market) == "market");
  CHECK(to_string(TimeInForce::post_only) == "post_only");
  CHECK(to_string(OrderPurpose::unwind) == "unwind");
  CHECK(to_string(OrderState::unknown) == "unknown");
  CHECK(to_string(VenueStatus::expired) == "expired");
}
