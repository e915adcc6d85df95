#include "core/supervision/subtree.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace tandem::core::supervision;

namespace {

using Ids = std::vector<std::string>;

const std::array<Dependent, 2> all{{
    {"btc",
     {"engine/strategies/pair.btc", "engine/venues/binance/spot", "engine/venues/bybit/spot"}},
    {"eth",
     {"engine/strategies/pair.eth", "engine/venues/binance/spot", "engine/venues/binance/linear"}},
}};

} // namespace

TEST_CASE("what trades depends on its own actor, on its markets and on all above and in them") {
  CHECK(dependents_of("engine", all) == Ids{"btc", "eth"});
  CHECK(dependents_of("engine/strategies/pair.eth", all) == Ids{"eth"});
  CHECK(dependents_of("engine/venues/binance", all) == Ids{"btc", "eth"});
  CHECK(dependents_of("engine/venues/bybit/spot/feed", all) == Ids{"btc"});
  CHECK(dependents_of("engine/venues/binance/linear", all) == Ids{"eth"});
}

TEST_CASE("nothing depends on a place that only begins alike, or on one that is none") {
  CHECK(dependents_of("engine/venues/binance/sp", all).empty());
  CHECK(dependents_of("engine/risk", all).empty());
  CHECK(dependents_of("engine/strategies/pair.bt", all).empty());
}
