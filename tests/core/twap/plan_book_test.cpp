// The list of plans.
#include "core/twap/plan_book.hpp"

#include "tests/core/twap/twap_world.hpp"

#include <doctest/doctest.h>

using namespace tandem::core::twap;
using namespace tandem::tests;

TEST_CASE("a plan's name is given once, also after it was deleted") {
  PlanBook book;
  CHECK(book.unused_id() == PlanId{"twap_001"});
  book.put(twap_plan("0.01", "0.001", 1s));
  CHECK(book.unused_id() == PlanId{"twap_002"});
  book.remove(PlanId{"twap_001"});
  CHECK_FALSE(book.find(PlanId{"twap_001"}).has_value());
  CHECK(book.is_taken(PlanId{"twap_001"}));
  CHECK(book.unused_id() == PlanId{"twap_002"});
}
