// No body of POST or PUT /api/twap/plans, however mangled, does worse than being refused.
#include "adapters/traders/plans.hpp"
#include "core/twap/schedule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::traders;
using namespace tandem::core::twap;

namespace {

/// Bodies that nobody would write, most of them wrong at one place or more.
class Mangler {
public:
  explicit Mangler(std::uint32_t seed) : random_{seed} {}

  std::string body() {
    std::string text = object({{"name", "\"BTC_TWAP\""},
                               {"totalQty", "0.01"},
                               {"sliceQty", "0.001"},
                               {"intervalMs", "30000"},
                               {"legs", legs()},
                               {"options", options()}});
    while (one_in(8)) // damage to the bytes themselves
      text[pick(text.size())] = static_cast<char>(pick(256));
    return text;
  }

private:
  using Members = std::vector<std::pair<std::string, std::string>>;

  std::size_t pick(std::size_t below) { return random_() % below; }

  bool one_in(std::size_t times) { return pick(times) == 0; }

  std::string anything() {
    static const std::vector<std::string> values{"null",
                                                 "true",
                                                 "false",
                                                 "0",
                                                 "-0",
                                                 "1",
                                                 "-1",
                                                 "0.5",
                                                 "1e3",
                                                 "1e-3",
                                                 "1e300",
                                                 "-1e300",
                                                 "100",
                                                 "30000",
                                                 "86400000",
                                                 "86400001",
                                                 "9223372036854775807",
                                                 "-9223372036854775808",
                                                 "9223372036854775808",
                                                 "0.000000000000000001",
                                                 "9.223372036854775807",
                                                 "99999999999999999999",
                                                 "\"\"",
                                                 "\"x\"",
                                                 "\"0.1\"",
                                                 "\"buy\"",
                                                 "\"limit\"",
                                                 "\"market\"",
                                                 "\"09:00\"",
                                                 "\"24:00\"",
                                                 "\"24:01\"",
                                                 "\"skip\"",
                                                 "\"\\u0000\"",
                                                 "\"\\u00e9\"",
                                                 "\"a b\"",
                                                 "[]",
                                                 "{}",
                                                 "[1]",
                                                 "[null]",
                                                 "[[]]",
                                                 "{\"a\":1}",
                                                 "[\"mon\"]",
                                                 "[{}]",
                                                 "[{},{}]",
                                                 "[{},{},{}]",
                                                 "253402300799999",
                                                 "253402300800000",
                                                 "-62135596800000"};
    return values[pick(values.size())];
  }

  std::string object(const Members& members) {
    std::string text{"{"};
    const auto add = [&](const std::string& name, const std::string& value) {
      text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
    };
    for (const auto& [name, value] : members) {
      if (one_in(40))
        continue;
      add(one_in(60) ? name + "x" : name, one_in(20) ? anything() : value);
    }
    return text + "}";
  }

  std::string some(const std::vector<std::string>& values) { return values[pick(values.size())]; }

  std::string legs() {
    std::string text{"["};
    for (std::size_t n = 1 + (one_in(20) ? pick(4) : pick(2)); n > 0; --n)
      text += object({{"exchange", some({"\"bybit\"", "\"binance\""})},
                      {"symbol", some({"\"BTCUSDT\"", "\"ETHUSDT\""})},
                      {"side", some({"\"buy\"", "\"sell\""})},
                      {"type", some({"\"market\"", "\"limit\"", "\"pegged\""})},
                      {"marketType", some({"\"spot\"", "\"linear\""})},
                      {"limitPrice", some({"60000", "null", anything()})},
                      {"offsetPercent", some({"0", "0", "0.1"})}})
              + (n > 1 ? "," : "");
    return text + "]";
  }

  std::string options() {
    Members members{
        {"startAt", some({"0", "1764550800000", "9223372036854775807", "-9223372036854775808"})},
        {"endAt", "1764560000000"},
        {"sessions",
         "["
             + object(
                 {{"from", "\"09:00\""}, {"until", "\"12:00\""}, {"days", "[\"fri\",\"sun\"]"}})
             + "]"},
        {"utcOffsetMinutes", "-60"},
        {"sizeJitterPercent", "10"},
        {"timeJitterMs", "50"},
        {"seed", "3"},
        {"guardPercent", "2"},
        {"slippagePercent", "0.1"},
        {"participationPercent", "20"},
        {"catchUp", "\"catch_up\""},
        {"catchUpSlices", "3"},
        {"remainder", "\"leave\""},
        {"legDown", "\"pauseLeg\""},
        {"imbalanceMax", "0.001"},
        {"repriceMs", "1000"},
        {"sweep", "false"},
        {"failuresMax", "7"},
        {"durationMs", "60000"}};
    std::erase_if(members, [this](const auto&) { return one_in(2); });
    return object(members);
  }

  std::mt19937 random_;
};

/// The plan is whole and can be shown, or the refusal says what is wrong.
bool is_accepted(const Json& json, const std::optional<PlanConfig>& base) {
  const auto plan = parse_plan(json, base, 7);
  if (!plan) {
    CHECK(plan.error().code == core::Errc::validation_error);
    CHECK(!plan.error().detail.empty());
    CHECK((!plan.error().source.empty() || json.object() == nullptr));
    return false;
  }
  CHECK(check_plan(*plan).empty());
  CHECK(slices_of(*plan) >= 1);
  CHECK(slices_of(*plan) <= slices_max);
  // Whatever was accepted can be shown and reckoned with.
  const auto view = view_of({*plan, std::nullopt}, {});
  const auto is_json = [&](const std::function<void(JsonWriter&)>& write) {
    JsonWriter out;
    write(out);
    return parse_json(out.take()).has_value();
  };
  CHECK(is_json([&](JsonWriter& out) { write_plan(out, view); }));
  CHECK(is_json([&](JsonWriter& out) { write_plan_status(out, view); }));
  CHECK(parse_json(plan_frame(view, 5, "mock")).has_value());
  const auto schedule
      = Schedule::make(*plan, {{1, 5}, {1, 4}, {}}, plan->options.start_at.value_or(5));
  if (!schedule)
    CHECK(schedule.error().code == core::Errc::validation_error);
  else
    CHECK(schedule->ends_at() >= schedule->slices().back().due_at);
  return true;
}

} // namespace

TEST_CASE("a mangled body makes a sound plan or is refused, never worse") {
  const auto base = parse_plan(parse_json(R"({"id":"a","name":"x","totalQty":1,"sliceQty":0.1,
    "intervalMs":1000,"legs":[{"exchange":"a","symbol":"A","side":"buy","type":"pegged"},
    {"exchange":"b","symbol":"B","side":"sell","type":"limit"}]})")
                                   .value(),
                               std::nullopt, 1)
                        .value();
  Mangler mangler{20'260'101};
  std::size_t made = 0;
  std::size_t changed = 0;
  std::size_t objects = 0;
  for (int n = 0; n < 6'000; ++n) {
    const auto text = mangler.body();
    CAPTURE(text);
    const auto json = parse_json(text);
    if (!json) {
      CHECK(json.error().code == core::Errc::validation_error);
      continue;
    }
    ++objects;
    made += is_accepted(*json, std::nullopt) ? 1U : 0U;
    changed += is_accepted(*json, base) ? 1U : 0U;
  }
  MESSAGE(objects << " bodies of 6000 are JSON; " << made << " make a plan, " << changed
                  << " change one");
  CHECK(objects > 4'000);
  CHECK(made > 300);
  CHECK(changed >= made);
  CHECK(changed < objects);
}
