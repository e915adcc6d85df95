#include "config/diff.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using config::difference;
using Texts = std::vector<std::string>;

namespace {

core::strategy::PairConfig pair(const char* id, std::int64_t quantity) {
  core::strategy::PairConfig result;
  result.id = core::PairId{id};
  result.quantity = core::Decimal{quantity, 2};
  return result;
}

config::ReadConfig read(std::vector<core::strategy::PairConfig> pairs, std::string yaml) {
  config::ReadConfig result;
  result.config.pairs = std::move(pairs);
  result.yaml = std::move(yaml);
  return result;
}

} // namespace

TEST_CASE("the same configuration written otherwise is no difference") {
  CHECK(difference(read({pair("btc", 1)}, "mode: mock\nlog: {level: info}\npairs: [a]"),
                   read({pair("btc", 1)}, "# a comment\nlog:\n  level: info\nmode: mock\n"))
            .empty());
}

TEST_CASE("pairs are taken over at once, one by one") {
  const auto found = difference(read({pair("btc", 1), pair("eth", 1)}, "mode: mock"),
                                read({pair("btc", 2), pair("sol", 1)}, "mode: mock"));
  CHECK(found.changes == Texts{"pairs.btc: changed", "pairs.eth: removed", "pairs.sol: added"});
  CHECK(found.need_restart.empty());
}

TEST_CASE("every other section waits for a restart") {
  const auto found = difference(read({}, "mode: mock\nlog: {level: info}\nengine: {name: a}"),
                                read({}, "mode: mock\nlog: {level: debug}\nsinks: []"));
  CHECK(found.changes.empty());
  CHECK(found.need_restart == Texts{"engine: removed", "log: changed", "sinks: added"});
}

TEST_CASE("a plan of the file that was made goes on as it was") {
  auto before = read({}, "mode: mock");
  before.config.plans.emplace_back().plan.id = core::twap::PlanId{"one"};
  auto after = before;
  after.config.plans.front().plan.slice_quantity = core::Decimal{5, 0};
  CHECK(difference(before, after).changes
        == Texts{"plans.one: changed; a plan that was made goes on as it was"});
}
