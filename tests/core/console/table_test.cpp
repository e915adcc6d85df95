#include "core/console/table.hpp"

#include <doctest/doctest.h>

using namespace tandem::core::console;

namespace {

/// engine > venues > binance > feed, and engine > sinks.
Table tree() {
  Table table;
  table.columns = {{"name"}, {"state"}, {"mailbox", true}};
  const auto add = [&](const char* id, std::size_t depth, const char* name, const char* state,
                       std::int64_t mailbox) {
    table.rows.push_back(
        {id, depth, Tone::plain, {{name}, {state}, {std::to_string(mailbox), mailbox}}});
  };
  add("engine", 0, "engine", "one_for_one", 0);
  add("engine/venues", 1, "venues", "one_for_one", 0);
  add("engine/venues/binance", 2, "binance", "rest_for_one", 3);
  add("engine/venues/binance/feed", 3, "feed", "live", 12);
  add("engine/sinks", 1, "sinks", "one_for_one", 9);
  return table;
}

using Rows = std::vector<std::size_t>;

} // namespace

TEST_CASE("without filter and order all rows are shown as they came") {
  CHECK(visible(tree(), "", {}) == Rows{0, 1, 2, 3, 4});
}

TEST_CASE("a filter keeps the rows above a match, so that one sees where it is") {
  CHECK(visible(tree(), "live", {}) == Rows{0, 1, 2, 3});
  SUBCASE("all words must stand in the row, whatever their case") {
    CHECK(visible(tree(), "FEED Live", {}) == Rows{0, 1, 2, 3});
    CHECK(visible(tree(), "feed down", {}).empty());
  }
  SUBCASE("a path matches too") {
    CHECK(visible(tree(), "e/sinks", {}) == Rows{0, 4});
  }
}

TEST_CASE("an order makes the tree flat and knows figures from texts") {
  CHECK(visible(tree(), "", {2, true}) == Rows{3, 4, 2, 0, 1});  // 12 before 9
  CHECK(visible(tree(), "", {0, false}) == Rows{2, 0, 3, 4, 1}); // by name
  CHECK(visible(tree(), "live", {2, true}) == Rows{3});
  SUBCASE("a column that is not there orders nothing") {
    CHECK(visible(tree(), "", {7, true}) == Rows{0, 1, 2, 3, 4});
  }
}

TEST_CASE("a row is found by its id") {
  const auto table = tree();
  REQUIRE(table.find("engine/sinks") != nullptr);
  CHECK(table.find("engine/sinks")->cells[1].text == "one_for_one");
  CHECK(table.find("engine/gone") == nullptr);
}
