#include "core/risk/kill.hpp"

#include <doctest/doctest.h>

using namespace tandem::core;
using namespace tandem::core::risk;

namespace {

KillOrder thrown(KillLevel level, std::string scope, bool flatten = false) {
  return {.level = level,
          .scope = std::move(scope),
          .flatten = flatten,
          .person = "ann",
          .reason = "drill",
          .ts = 1};
}

const VenueId binance{"binance"};
const VenueId bybit{"bybit"};

} // namespace

TEST_CASE("a kill switch blocks its scope and nothing beside it") {
  KillSwitches kills;
  CHECK(kills.blocks("a", binance) == nullptr);
  SUBCASE("strategy") {
    CHECK(kills.kill(thrown(KillLevel::strategy, "a")));
    CHECK(kills.blocks("a", binance) != nullptr);
    CHECK(kills.blocks("a", bybit) != nullptr);
    CHECK(kills.blocks("b", binance) == nullptr);
    CHECK(kills.blocks("", binance) == nullptr);
    CHECK(kills.blocks("binance", bybit) == nullptr);
  }
  SUBCASE("venue") {
    CHECK(kills.kill(thrown(KillLevel::venue, "binance")));
    CHECK(kills.blocks("a", binance) != nullptr);
    CHECK(kills.blocks("", binance) != nullptr);
    CHECK(kills.blocks("a", bybit) == nullptr);
    CHECK(kills.blocks("binance", bybit) == nullptr);
  }
  SUBCASE("all") {
    CHECK(kills.kill(thrown(KillLevel::all, "")));
    CHECK(kills.blocks("a", binance) != nullptr);
    CHECK(kills.blocks("", bybit) != nullptr);
  }
}

TEST_CASE("the first switch of a scope stays until that scope is released") {
  KillSwitches kills;
  CHECK(kills.kill(thrown(KillLevel::all, "")));
  auto second = thrown(KillLevel::all, "ignored");
  second.person = "bob";
  CHECK_FALSE(kills.kill(second));
  CHECK(kills.blocks("a", binance)->person == "ann");
  CHECK(kills.kill(thrown(KillLevel::venue, "binance")));
  CHECK(kills.thrown().size() == 2);
  CHECK_FALSE(kills.release(KillLevel::venue, "bybit"));
  CHECK_FALSE(kills.release(KillLevel::strategy, "binance"));
  CHECK(kills.release(KillLevel::all, ""));
  CHECK_FALSE(kills.release(KillLevel::all, ""));
  CHECK(kills.blocks("a", bybit) == nullptr);
  CHECK(kills.blocks("a", binance) != nullptr);
  CHECK(kills.release(KillLevel::venue, "binance"));
  CHECK(kills.blocks("a", binance) == nullptr);
}

TEST_CASE("switches thrown again after a restart block as before") {
  KillSwitches before;
  before.kill(thrown(KillLevel::strategy, "a", true));
  before.kill(thrown(KillLevel::venue, "bybit"));
  KillSwitches after;
  for (const auto& order : before.thrown())
    CHECK(after.kill(order));
  CHECK(after.thrown() == before.thrown());
  CHECK(after.blocks("a", binance) != nullptr);
  CHECK(after.blocks("b", bybit) != nullptr);
}

TEST_CASE("flattening passes only where every switch in the way asked for it") {
  KillSwitches kills;
  kills.kill(thrown(KillLevel::all, "", true));
  CHECK(kills.blocks_flatten("a", binance) == nullptr);
  kills.kill(thrown(KillLevel::venue, "binance"));
  CHECK(kills.blocks_flatten("a", binance) != nullptr);
  CHECK(kills.blocks_flatten("a", bybit) == nullptr);
}

TEST_CASE("a switch that is thrown again with flattening asks for it from then on") {
  KillSwitches kills;
  CHECK(kills.kill(thrown(KillLevel::venue, "binance")));
  CHECK(kills.kill(thrown(KillLevel::venue, "binance", true)));
  CHECK(kills.blocks_flatten("a", binance) == nullptr);
  CHECK_FALSE(kills.kill(thrown(KillLevel::venue, "binance", true)));
  CHECK_FALSE(kills.kill(thrown(KillLevel::venue, "binance")));
  CHECK(kills.blocks_flatten("a", binance) == nullptr);
  CHECK(kills.thrown().size() == 1);
}

TEST_CASE("levels have the words of the interfaces") {
  CHECK(to_string(KillLevel::strategy) == "strategy");
  CHECK(to_string(KillLevel::venue) == "venue");
  CHECK(to_string(KillLevel::all) == "all");
}
