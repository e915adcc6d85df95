// What a plan may say, and the words for it.
#include "core/twap/plan.hpp"

#include "core/twap/plan_book.hpp"
#include "tests/core/twap/twap_world.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace tandem;
using namespace tandem::core::twap;
using namespace tandem::tests;

namespace {

/// The fields that are wrong after a change to a good plan.
std::vector<std::string> wrong(const std::function<void(PlanConfig&)>& change) {
  auto plan = twap_plan("0.01", "0.001", 30s);
  change(plan);
  std::vector<std::string> fields;
  for (const auto& problem : check_plan(plan)) {
    CHECK_FALSE(problem.message.empty());
    fields.push_back(problem.field);
  }
  return fields;
}

using Fields = std::vector<std::string>;

} // namespace

TEST_CASE("slicesTotal = ceil(totalQty / sliceQty)") {
  CHECK(slices_of(twap_plan("0.01", "0.001", 1s)) == 10);
  CHECK(slices_of(twap_plan("0.0101", "0.001", 1s)) == 11);
  CHECK(slices_of(twap_plan("1", "1", 1s)) == 1);
  CHECK(slices_of(twap_plan("0", "1", 1s)) == 0);
  CHECK(slices_of(twap_plan("1000000000", "0.001", 1s)) == slices_max + 1);
}

TEST_CASE("a good plan has no problem, a bad one names each wrong field") {
  CHECK(wrong([](PlanConfig&) {}).empty());
  CHECK(wrong([](PlanConfig& p) { p.name = ""; }) == Fields{"name"});
  CHECK(wrong([](PlanConfig& p) { p.name = "a\nb"; }) == Fields{"name"});
  CHECK(wrong([](PlanConfig& p) { p.id = PlanId{"a b"}; }) == Fields{"id"});
  CHECK(wrong([](PlanConfig& p) { p.total_quantity = decimal("-1"); }) == Fields{"totalQty"});
  CHECK(wrong([](PlanConfig& p) { p.slice_quantity = decimal("0.02"); }) == Fields{"sliceQty"});
  CHECK(wrong([](PlanConfig& p) {
          p.total_quantity = decimal("1000");
          p.slice_quantity = decimal("0.001");
        })
        == Fields{"sliceQty"});
  CHECK(wrong([](PlanConfig& p) { p.interval = 99ms; }) == Fields{"intervalMs"});
  CHECK(wrong([](PlanConfig& p) { p.interval = 25h; }) == Fields{"intervalMs"});
  CHECK(wrong([](PlanConfig& p) { p.legs.clear(); }) == Fields{"legs"});
  CHECK(wrong([](PlanConfig& p) { p.legs[1] = p.legs[0]; }) == Fields{"legs[1]"});
  CHECK(wrong([](PlanConfig& p) { p.legs[1].limit_price = decimal("0"); })
        == Fields{"legs[1].limitPrice"});
  CHECK(wrong([](PlanConfig& p) { p.legs[0].offset_percent = decimal("1"); })
        == Fields{"legs[0].offsetPercent"});
  const auto option = [](const std::function<void(PlanOptions&)>& change) {
    return wrong([&](PlanConfig& p) { change(p.options); });
  };
  CHECK(option([](PlanOptions& o) { o.start_at = o.end_at = 5; }) == Fields{"options.endAt"});
  CHECK(option([](PlanOptions& o) { o.size_jitter_percent = decimal("51"); })
        == Fields{"options.sizeJitterPercent"});
  CHECK(option([](PlanOptions& o) { o.time_jitter = 15'001ms; }) == Fields{"options.timeJitterMs"});
  CHECK(option([](PlanOptions& o) { o.guard_percent = decimal("-1"); })
        == Fields{"options.guardPercent"});
  CHECK(option([](PlanOptions& o) { o.slippage_percent = decimal("10.1"); })
        == Fields{"options.slippagePercent"});
  CHECK(option([](PlanOptions& o) { o.participation_percent = decimal("101"); })
        == Fields{"options.participationPercent"});
  CHECK(option([](PlanOptions& o) { o.catch_up_slices = 0; }) == Fields{"options.catchUpSlices"});
  CHECK(option([](PlanOptions& o) { o.imbalance_max = decimal("0.0005"); })
        == Fields{"options.imbalanceMax"});
  CHECK(option([](PlanOptions& o) { o.reprice = 99ms; }) == Fields{"options.repriceMs"});
  CHECK(option([](PlanOptions& o) { o.failures_max = 101; }) == Fields{"options.failuresMax"});
  CHECK(option([](PlanOptions& o) {
          o.calendar.sessions = {{24h, 0min, 0}};
        })
        == Fields{"options.sessions[0].from", "options.sessions[0].days"});
  CHECK(option([](PlanOptions& o) { o.calendar.utc_offset = 15h; })
        == Fields{"options.utcOffsetMinutes"});
}

TEST_CASE("every word of a plan is read as it is written") {
  for (const auto type : {SliceType::market, SliceType::limit, SliceType::pegged})
    CHECK(parse_slice_type(to_string(type)) == type);
  for (const auto rule : {CatchUp::extend, CatchUp::catch_up, CatchUp::skip})
    CHECK(parse_catch_up(to_string(rule)) == rule);
  for (const auto rule : {Remainder::merge, Remainder::leave})
    CHECK(parse_remainder(to_string(rule)) == rule);
  for (const auto rule : {LegDown::pause_both, LegDown::pause_leg})
    CHECK(parse_leg_down(to_string(rule)) == rule);
  CHECK_FALSE(parse_slice_type("stop").has_value());
}

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
