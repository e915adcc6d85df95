// Ten thousand executions between venues that do whatever venues do: every order, also those that
// close a residual, is filled, cut short, refused, left unanswered, cancelled too late or told
// twice, by chance; books move, and the machine is restarted from what it wrote down.
#include "tests/core/strategy/two_leg_world.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;
using namespace std::chrono_literals;
using orders::OrderState;
using orders::VenueStatus;

namespace {

enum class Plan { fill, part, refuse, silent_fill, silent_part, silent_nothing, rest };

/// What a venue has in store for one order.
struct Venue {
  Plan plan = Plan::fill;
  int stage = 0;
  std::int64_t filled = 0;
  MonoTime next{};
};

class RandomPlay {
public:
  explicit RandomPlay(std::uint64_t seed) : random_{seed} {
    world_.limits.max_leg_loss = to_money(decimal("2"));
    world_.start();
  }

  void run() {
    for (int n = 0; n < 20'000 && !(is_over(world_.state().phase) && quiet()); ++n) {
      const auto sent = world_.orders.size();
      const bool unknown = any_unknown();
      step();
      // While the venue's word is missing nothing is sent that would use the same quantity.
      if (unknown && any_unknown() && world_.orders.size() > sent)
        ++sent_while_unknown;
    }
  }

  [[nodiscard]] const TwoLegWorld& world() const { return world_; }

  int sent_while_unknown = 0;
  int restarts = 0;

private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  [[nodiscard]] bool any_unknown() const {
    return std::ranges::any_of(
        world_.orders, [](const auto& order) { return order.state() == OrderState::unknown; });
  }

  [[nodiscard]] bool quiet() const {
    return std::ranges::all_of(world_.orders, [](const auto& order) { return order.settled(); });
  }

  void step() {
    if (below(20) == 0)
      move_books();
    if (below(200) == 0) {
      world_.restart(world_.state()); // what was written down before acting
      ++restarts;
    }
    while (venues_.size() < world_.orders.size()) {
      Venue venue;
      const auto chance = below(100);
      venue.plan = chance < 45   ? Plan::fill
                   : chance < 60 ? Plan::part
                   : chance < 70 ? Plan::refuse
                   : chance < 78 ? Plan::silent_fill
                   : chance < 84 ? Plan::silent_part
                   : chance < 90 ? Plan::silent_nothing
                                 : Plan::rest;
      venue.next = world_.now.mono + std::chrono::milliseconds{below(300)};
      venues_.push_back(venue);
    }
    for (std::size_t n = 0; n < venues_.size(); ++n)
      if (!world_.orders[n].settled() && world_.now.mono >= venues_[n].next)
        act(n);
    world_.tick(std::chrono::milliseconds{1 + below(100)});
  }

  /// Both books by the same factor, mostly little; now and then they run away from each other.
  void move_books() {
    const auto at = [](std::int64_t cents) {
      return std::to_string(cents / 100) + "." + (cents % 100 < 10 ? "0" : "")
             + std::to_string(cents % 100);
    };
    const auto drift = static_cast<std::int64_t>(below(60)) - 30;
    const auto apart
        = below(30) == 0 ? static_cast<std::int64_t>(below(600)) - 300 : std::int64_t{0};
    world_.leg1 = two_leg_book({{at(9'999 + drift), "50"}}, {{at(10'000 + drift), "50"}});
    world_.leg2
        = two_leg_book({{at(10'050 + drift + apart), "50"}}, {{at(10'051 + drift + apart), "50"}});
  }

  void act(std::size_t n) {
    auto& venue = venues_[n];
    const auto quantity = world_.orders[n].intent().draft.quantity.units;
    venue.next = world_.now.mono + std::chrono::milliseconds{1 + below(400)};
    switch (venue.plan) {
    case Plan::fill:
      end(n, quantity, VenueStatus::filled);
      break;
    case Plan::part:
      end(n, static_cast<std::int64_t>(below(static_cast<std::uint64_t>(quantity))),
          VenueStatus::expired);
      break;
    case Plan::refuse:
      world_.orders[n].on_refused({Errc::insufficient_funds, "too little", "venue"});
      break;
    case Plan::rest:
      rest(n, quantity);
      break;
    default:
      be_silent(n, quantity);
    }
    world_.tell(n);
  }

  /// Fills in one to three parts, some told twice, the status before, between or after them.
  void end(std::size_t n, std::int64_t units, VenueStatus status) {
    const auto parts = 1 + below(3);
    const auto when = below(parts + 1);
    std::int64_t left = units;
    for (std::uint64_t part = 0; part <= parts; ++part) {
      if (part == when)
        world_.report(n, status, units);
      if (part == parts)
        break;
      const auto now = part + 1 == parts ? left : left / 2;
      if (now > 0)
        world_.fill(n, now);
      left -= now;
      if (below(3) == 0)
        world_.tell(n);
    }
  }

  /// Stays on the book until it is cancelled; the cancel may be too late.
  void rest(std::size_t n, std::int64_t quantity) {
    auto& order = world_.orders[n];
    if (venues_[n].stage++ == 0) {
      order.on_accepted("v" + std::to_string(n), 0);
      return;
    }
    const bool asked = std::ranges::find(world_.cancels, order.id()) != world_.cancels.end();
    if (asked)
      below(3) == 0 ? end(n, quantity, VenueStatus::filled) : end(n, 0, VenueStatus::cancelled);
  }

  void be_silent(std::size_t n, std::int64_t quantity) {
    auto& venue = venues_[n];
    auto& order = world_.orders[n];
    if (venue.stage++ == 0) {
      order.on_no_answer({Errc::timed_out, "no answer", "venue"});
      venue.next = world_.now.mono + std::chrono::milliseconds{below(20'000)};
      return;
    }
    if (venue.plan == Plan::silent_fill)
      return end(n, quantity, VenueStatus::filled);
    if (venue.plan == Plan::silent_part)
      return end(n, quantity / 3, VenueStatus::expired);
    order.on_not_found(world_.now.mono, {});
    venue.next = world_.now.mono + 6s;
  }

  std::mt19937_64 random_;
  TwoLegWorld world_;
  std::vector<Venue> venues_;
};

} // namespace

TEST_CASE("P3: of ten thousand executions none leaves a residual and goes on") {
  const auto seeds = static_cast<int>(cases(10'000, 200'000));
  const std::uint64_t first = (std::uint64_t{std::random_device{}()} << 20U);
  int done = 0, stranded = 0, refused = 0, silent = 0, restarts = 0;
  std::size_t sent = 0;
  for (int n = 0; n < seeds; ++n) {
    CAPTURE(first + static_cast<std::uint64_t>(n));
    RandomPlay play{first + static_cast<std::uint64_t>(n)};
    play.run();
    const auto& world = play.world();
    const auto& state = world.state();
    REQUIRE(is_over(state.phase));
    REQUIRE(state.residual == world.residual());
    REQUIRE(state.profit == world.cash);
    REQUIRE(play.sent_while_unknown == 0);
    const bool flat = world.ledger == 0;
    REQUIRE((state.phase == ExecutionPhase::stranded) == !flat);
    if (!flat)
      REQUIRE(state.reason.find(world.residual().to_string()) != std::string::npos);
    silent += !flat && state.phase != ExecutionPhase::stranded ? 1 : 0;
    done += state.phase == ExecutionPhase::done ? 1 : 0;
    refused += state.phase == ExecutionPhase::refused ? 1 : 0;
    stranded += flat ? 0 : 1;
    restarts += play.restarts;
    sent += world.orders.size();
  }
  MESSAGE("P3: ", seeds, " seeds from ", first, ": ", done, " done, ", stranded, " stranded, ",
          refused, " refused; ", sent, " orders, ", restarts, " restarts; ", silent,
          " open residuals with a running pair");
  CHECK(done > seeds / 2);
  CHECK(stranded > 0);
  CHECK(restarts > seeds / 10);
}
