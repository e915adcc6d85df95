// Whatever becomes of the two first orders, in whatever order it is told: the execution ends
// balanced to below one lot, or stranded with the exact residual.
#include "tests/core/strategy/two_leg_world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;
using namespace std::chrono_literals;
using orders::VenueStatus;

namespace {

enum class Fate {
  filled,
  partial,
  rejected,
  timeout_filled,
  timeout_not,
  late_fill,
  unknown_partial
};

constexpr std::array fates{Fate::filled,         Fate::partial,     Fate::rejected,
                           Fate::timeout_filled, Fate::timeout_not, Fate::late_fill,
                           Fate::unknown_partial};

std::string_view name_of(Fate fate) {
  switch (fate) {
  case Fate::filled:
    return "filled";
  case Fate::partial:
    return "partial";
  case Fate::rejected:
    return "rejected";
  case Fate::timeout_filled:
    return "timeout, filled";
  case Fate::timeout_not:
    return "timeout, not there";
  case Fate::late_fill:
    return "late fill after cancel";
  case Fate::unknown_partial:
    return "unknown, partial";
  }
  return "";
}

enum class Market {
  calm,    ///< closing costs little
  run_away ///< every way back costs more than may be lost
};

struct Case {
  Fate leg1, leg2;
  bool leg2_first;   ///< its evidence comes first
  bool whole_first;  ///< all of one leg's evidence before any of the other's
  bool status_first; ///< the report before the fill that it speaks of
  Market market;
};

class Play {
public:
  explicit Play(const Case& play) : case_{play} {
    world_.limits.max_leg_loss = to_money(decimal("2"));
    world_.start();
    REQUIRE(world_.orders.size() == 2);
    if (play.market == Market::run_away) { // 4 % between what was filled and what could be got
      far_ = {two_leg_book({{"94.00", "50"}}, {{"106.00", "50"}}),
              two_leg_book({{"94.50", "50"}}, {{"106.50", "50"}})};
      world_.leg1 = far_[0];
      world_.leg2 = far_[1];
    }
  }

  const TwoLegWorld& run() {
    const std::size_t first = case_.leg2_first ? 1 : 0;
    const std::size_t second = 1 - first;
    tell(first, 1);
    if (case_.whole_first)
      tell(first, 2);
    tell(second, 1);
    if (!case_.whole_first)
      tell(first, 2);
    tell(second, 2);
    for (int n = 0; n < 2'000 && !is_over(world_.state().phase); ++n) {
      settle_closing();
      world_.tick(50ms);
    }
    return world_;
  }

private:
  [[nodiscard]] Fate fate(std::size_t leg) const { return leg == 0 ? case_.leg1 : case_.leg2; }

  void end(std::size_t leg, std::int64_t units, VenueStatus status) {
    const auto price = Price{leg == 0 ? 10'000 : 10'050};
    for (const bool fills : {!case_.status_first, case_.status_first}) {
      if (fills && units > 0)
        world_.fill(leg, units, price);
      if (!fills)
        world_.report(leg, status, units);
      world_.tell(leg);
    }
  }

  void tell(std::size_t leg, int stage) {
    world_.now.mono += 10ms;
    auto& order = world_.orders.at(leg);
    const bool first = stage == 1;
    switch (fate(leg)) {
    case Fate::filled:
      if (first)
        end(leg, 1'000, VenueStatus::filled);
      break;
    case Fate::partial:
      if (first)
        end(leg, 400, VenueStatus::expired);
      break;
    case Fate::rejected:
      if (first)
        order.on_refused({Errc::insufficient_funds, "too little", "venue"});
      break;
    case Fate::late_fill:
      first ? cancel(leg) : world_.fill(leg, 1'000, Price{leg == 0 ? 10'000 : 10'050});
      break;
    case Fate::timeout_filled:
    case Fate::timeout_not:
    case Fate::unknown_partial:
      first ? (void)order.on_no_answer({Errc::timed_out, "no answer", "venue"}) : resolve(leg);
      break;
    }
    world_.tell(leg);
    settle_closing();
  }

  void resolve(std::size_t leg) {
    // Nothing is sent while the venue's word is missing, however long that takes.
    const auto sent = world_.orders.size();
    world_.tick(30s);
    CHECK(world_.orders.size() == sent);
    if (fate(leg) == Fate::timeout_filled)
      end(leg, 1'000, VenueStatus::filled);
    if (fate(leg) == Fate::unknown_partial)
      end(leg, 400, VenueStatus::expired);
    if (fate(leg) == Fate::timeout_not)
      for (int n = 0; n < 2; ++n) {
        world_.orders.at(leg).on_not_found(world_.now.mono, {});
        world_.now.mono += 6s;
      }
  }

  void cancel(std::size_t leg) {
    world_.orders.at(leg).on_accepted("v", 0);
    world_.tell(leg);
    const auto asked = [&] {
      return std::count(world_.cancels.begin(), world_.cancels.end(), world_.orders.at(leg).id());
    };
    for (int n = 0; n < 100 && asked() == 0; ++n)
      world_.tick(50ms);
    CHECK(asked() == 1);
    world_.report(leg, VenueStatus::cancelled, 0);
  }

  void settle_closing() {
    for (std::size_t n = 2; n < world_.orders.size(); ++n)
      if (!world_.orders[n].settled())
        world_.match(n);
  }

  Case case_;
  TwoLegWorld world_;
  std::vector<market::DepthView> far_;
};

using Row = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string,
                       std::size_t>;

} // namespace

TEST_CASE(
    "P2: whatever becomes of both legs, an execution ends balanced or stranded, never silently") {
  std::map<Row, std::vector<std::string>> rows;
  std::size_t cases = 0, done = 0, stranded = 0, silent = 0;
  for (const auto market : {Market::calm, Market::run_away})
    for (const auto leg1 : fates)
      for (const auto leg2 : fates)
        for (int order = 0; order < 8; ++order) {
          const Case one{leg1, leg2, (order & 1) != 0, (order & 2) != 0, (order & 4) != 0, market};
          CAPTURE(name_of(leg1));
          CAPTURE(name_of(leg2));
          CAPTURE(order);
          CAPTURE(static_cast<int>(market));
          Play play{one};
          const auto& world = play.run();
          const auto& state = world.state();
          CHECK(is_over(state.phase));
          CHECK(state.residual == world.residual());
          CHECK(state.profit == world.cash);
          CHECK(world.finished >= 1);
          const bool flat = world.ledger == 0; // the lot is the smallest unit
          CHECK((state.phase == ExecutionPhase::done) == flat);
          CHECK((state.phase == ExecutionPhase::stranded) == !flat);
          if (!flat)
            CHECK(state.reason.find(world.residual().to_string()) != std::string::npos);
          ++cases;
          done += state.phase == ExecutionPhase::done ? 1 : 0;
          stranded += state.phase == ExecutionPhase::stranded ? 1 : 0;
          silent += !flat && state.phase != ExecutionPhase::stranded ? 1 : 0;
          rows[{market == Market::calm ? "calm" : "run away", std::string{name_of(leg1)},
                std::string{name_of(leg2)}, std::string{to_string(state.phase)},
                state.residual.to_string(), to_string(state.profit), world.orders.size() - 2}]
              .push_back(std::string{(order & 1) != 0 ? "2" : "1"} + ((order & 2) != 0 ? "w" : "m")
                         + ((order & 4) != 0 ? "s" : "f"));
        }
  std::printf(
      "order: leg told first; w = whole leg first, m = mixed; f = fill, s = status first\n");
  std::printf("%-9s %-23s %-23s %-9s %8s %9s %5s  %s\n", "market", "leg 1", "leg 2", "phase",
              "residual", "profit", "tries", "order");
  for (const auto& [row, orders] : rows) {
    std::string list;
    for (const auto& order : orders)
      list += order + " ";
    const auto& [market, leg1, leg2, phase, residual, profit, tries] = row;
    std::printf("%-9s %-23s %-23s %-9s %8s %9s %5zu  %s\n", market.c_str(), leg1.c_str(),
                leg2.c_str(), phase.c_str(), residual.c_str(), profit.c_str(), tries,
                orders.size() == 8 ? "all 8" : list.c_str());
  }
  std::printf("%zu cases: %zu done, %zu stranded, %zu silent residuals\n", cases, done, stranded,
              silent);
  CHECK(cases == 784);
  CHECK(silent == 0);
  CHECK(stranded > 0);
}
