// P5: whatever order the evidence arrives in, the end is the same. Each history of eight events is
// played in all its 40,320 orders; longer ones in random orders.
#include "core/orders/order.hpp"
#include "tests/core/orders/orders.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::orders;
using namespace std::chrono_literals;
using tandem::tests::at;
using tandem::tests::intent;
using tandem::tests::report;

namespace {

using Event = std::function<void(Order&)>;
using History = std::vector<Event>;

Event accepted() {
  return [](Order& order) { (void)order.on_accepted("v1", 1); };
}

Event refused() {
  return [](Order& order) { (void)order.on_refused({Errc::validation_error, "no", "x"}); };
}

Event no_answer() {
  return [](Order& order) { (void)order.on_no_answer({Errc::timed_out, "silent", "x"}); };
}

Event said(VenueStatus status, std::optional<std::int64_t> cumulative = std::nullopt) {
  return [=](Order& order) { (void)order.on_report(report(status, cumulative)); };
}

Event fills(const char* trade_id, std::int64_t quantity) {
  return [=](Order& order) { (void)order.on_fill(tandem::tests::fill(trade_id, quantity)); };
}

Event not_found(std::chrono::milliseconds asked) {
  return [=](Order& order) { (void)order.on_not_found(at(asked), {}); };
}

struct End {
  OrderState state = OrderState::intent;
  std::int64_t filled = 0, open = 0;
  bool settled = false, lacks_fills = false, overfilled = false;
  std::set<std::string> trades;
  std::string venue_order_id, reason;

  friend bool operator==(const End&, const End&) = default;
};

End end_of(const History& history, const std::vector<std::size_t>& arrival) {
  Order order{intent()};
  (void)order.on_sent(at(0ms)); // our own doing: always first
  for (const auto n : arrival)
    history[n](order);
  End end{order.state(),
          order.filled().units,
          order.open_quantity().units,
          order.settled(),
          order.lacks_fills(),
          order.overfilled(),
          {},
          order.venue_order_id(),
          order.reason()};
  for (const auto& each : order.fills())
    end.trades.insert(each.trade_id);
  return end;
}

struct Story {
  const char* name;
  History history;
  OrderState state;
  std::int64_t filled;
};

std::vector<Story> stories() {
  using enum VenueStatus;
  return {
      {"filled in parts, each told twice",
       {accepted(), said(open, 0), said(open, 400), said(filled, 1'000), fills("t1", 400),
        fills("t1", 400), fills("t2", 600), fills("t2", 600)},
       OrderState::filled,
       1'000},
      {"unknown, then found filled, its acknowledgement late",
       {no_answer(), accepted(), not_found(20s), not_found(40s), said(open), fills("t1", 1'000),
        fills("t1", 1'000), said(VenueStatus::filled)},
       OrderState::filled,
       1'000},
      {"cancelled after part was filled, the fills late",
       {accepted(), no_answer(), said(open, 200), said(cancelled, 500), said(open, 500),
        fills("t1", 200), fills("t2", 300), fills("t2", 300)},
       OrderState::cancelled,
       500},
      {"an expired remainder that two sources call by two names",
       {accepted(), fills("t1", 100), said(expired, 300), said(cancelled, 300), fills("t2", 200),
        fills("t1", 100), said(open, 100), no_answer()},
       OrderState::cancelled,
       300},
      {"cancelled, and yet filled whole",
       {accepted(), said(cancelled, 0), said(cancelled), fills("t1", 250), fills("t2", 250),
        fills("t3", 500), fills("t3", 500), said(open, 0)},
       OrderState::filled,
       1'000},
      {"filled beyond what was ordered",
       {accepted(), fills("t1", 700), fills("t2", 700), said(VenueStatus::filled, 1'000),
        fills("t2", 700), no_answer(), said(open, 700), fills("t1", 700)},
       OrderState::filled,
       1'400},
      {"a refusal against an order that exists",
       {refused(), accepted(), no_answer(), said(open, 0), fills("t1", 10), fills("t1", 10),
        refused(), not_found(30s)},
       OrderState::working,
       10},
      {"rejected after the acknowledgement",
       {accepted(), said(rejected), no_answer(), refused(), said(open), said(rejected, 0),
        not_found(20s), not_found(30s)},
       OrderState::rejected,
       0},
      {"called rejected although it traded",
       {said(rejected), fills("t1", 5), no_answer(), refused(), accepted(), fills("t1", 5),
        said(rejected, 0), said(open, 5)},
       OrderState::cancelled,
       5},
      {"never arrived: not found twice, a poll too early and one too near",
       {no_answer(), not_found(1s), not_found(12s), not_found(13s), not_found(17s), no_answer(),
        not_found(12s), not_found(11s)},
       OrderState::rejected,
       0},
      {"told filled, one fill missing",
       {accepted(), said(VenueStatus::filled, 1'000), fills("t1", 400), said(open, 400),
        no_answer(), fills("t1", 400), said(VenueStatus::filled), refused()},
       OrderState::filled,
       400},
  };
}

/// @param may_trade false: only words that an order without a fill may hear.
Event random_event(std::mt19937_64& random, bool may_trade) {
  static constexpr std::array trades{"t1", "t2", "t3", "t4", "t5", "t6", "t7"};
  const auto pick = random() % trades.size();
  const auto cumulative = may_trade ? static_cast<std::int64_t>(random() % 12) * 100 : 0;
  switch (random() % (may_trade ? 11 : 4)) {
  case 0:
    return random() % 8 == 0 ? said(VenueStatus::rejected) : accepted();
  case 1:
    return no_answer();
  case 2:
    return refused();
  case 3:
    return not_found(std::chrono::seconds{random() % 60});
  case 4:
    return said(static_cast<VenueStatus>(random() % 5), cumulative);
  case 5:
    return said(static_cast<VenueStatus>(random() % 5));
  case 6:
    return said(VenueStatus::open, cumulative);
  default:
    return fills(trades[pick], static_cast<std::int64_t>(pick + 1) * 50);
  }
}

} // namespace

TEST_CASE("P5: an order's end does not depend on the order in which its evidence arrives") {
  std::uint64_t played = 0, differences = 0;
  for (const auto& story : stories()) {
    CAPTURE(story.name);
    REQUIRE(story.history.size() == 8);
    std::vector<std::size_t> arrival(story.history.size());
    std::iota(arrival.begin(), arrival.end(), 0);
    const auto expected = end_of(story.history, arrival);
    CHECK(expected.state == story.state);
    CHECK(expected.filled == story.filled);
    std::uint64_t permutations = 0;
    do {
      ++permutations;
      differences += end_of(story.history, arrival) == expected ? 0U : 1U;
    } while (std::ranges::next_permutation(arrival).found);
    CHECK(permutations == 40'320);
    played += permutations;
  }
  CHECK(differences == 0);
  MESSAGE("P5: " << stories().size() << " histories of 8 events, " << played << " arrivals, "
                 << differences << " differences");
}

TEST_CASE("P5: nor does the end of longer random histories") {
  constexpr std::uint64_t histories = 100'000;
  const auto seed = std::random_device{}();
  std::mt19937_64 random{seed};
  std::uint64_t differences = 0, events = 0;
  std::array<std::uint64_t, 8> ends{};
  for (std::uint64_t n = 0; n < histories; ++n) {
    History history(9 + random() % 24);
    const bool may_trade = random() % 3 != 0;
    std::ranges::generate(history, [&] { return random_event(random, may_trade); });
    std::vector<std::size_t> arrival(history.size());
    std::iota(arrival.begin(), arrival.end(), 0);
    auto expected = end_of(history, arrival);
    ++ends.at(static_cast<std::size_t>(expected.state));
    events += history.size();
    std::ranges::shuffle(arrival, random);
    differences += end_of(history, arrival) == expected ? 0U : 1U;
  }
  CHECK_MESSAGE(differences == 0, "seed " << seed);
  MESSAGE("P5: " << histories << " random histories, " << events << " events, " << differences
                 << " differences; working " << ends[2] << ", filled " << ends[4] << ", cancelled "
                 << ends[5] << ", expired " << ends[6] << ", rejected " << ends[7] << "; seed "
                 << seed);
}
