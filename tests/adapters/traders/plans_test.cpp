// A TWAP plan as the traders' surface writes it ("TWAP" of the interface): what is read, what is
// kept by a partial change, and every way a field can be wrong.
#include "adapters/traders/plans.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::traders;
using namespace tandem::core::twap;
using namespace std::chrono_literals;
using core::Decimal;
using core::orders::Side;

namespace {

constexpr std::string_view leg
    = R"({"exchange":"bybit","symbol":"BTCUSDT","side":"buy","type":"market"})";
constexpr std::string_view other_leg
    = R"({"exchange":"binance","symbol":"BTCUSDT","side":"sell","type":"limit"})";
const std::string legs = "[" + std::string{leg} + "," + std::string{other_leg} + "]";

core::Result<PlanConfig> parsed(const std::string& body,
                                const std::optional<PlanConfig>& base = std::nullopt) {
  const auto json = parse_json(body);
  REQUIRE_MESSAGE(json.has_value(), body);
  return parse_plan(*json, base, 7);
}

/// The required fields with some of them replaced or added; an empty value leaves one out.
std::string body(const std::vector<std::pair<std::string, std::string>>& changes = {}) {
  std::vector<std::pair<std::string, std::string>> members{{"name", "\"BTC_TWAP\""},
                                                           {"totalQty", "0.01"},
                                                           {"sliceQty", "0.001"},
                                                           {"intervalMs", "30000"},
                                                           {"legs", legs}};
  for (const auto& change : changes) {
    const auto known
        = std::ranges::find(members, change.first, [](auto& one) { return one.first; });
    if (known == members.end())
      members.push_back(change);
    else
      known->second = change.second;
  }
  std::string text{"{"};
  for (const auto& [name, value] : members)
    if (!value.empty())
      text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  return text + "}";
}

/// The field that the refusal names; "accepted" when there is none.
std::string refused_field(const std::string& text,
                          const std::optional<PlanConfig>& base = std::nullopt) {
  const auto plan = parsed(text, base);
  if (plan)
    return "accepted";
  CHECK(plan.error().code == core::Errc::validation_error);
  CHECK(!plan.error().detail.empty());
  return plan.error().source;
}

std::string refused_option(const std::string& members) {
  return refused_field(body({{"options", "{" + members + "}"}}));
}

/// The second leg with one member replaced, or left out when `value` is empty.
std::string with_leg(const std::string& member, const std::string& value) {
  std::string text{"{"};
  for (const std::string name :
       {"exchange", "symbol", "side", "type", "marketType", "limitPrice", "offsetPercent"}) {
    const std::string usual = name == "side"            ? "\"buy\""
                              : name == "type"          ? "\"limit\""
                              : name == "marketType"    ? "\"spot\""
                              : name == "limitPrice"    ? "1"
                              : name == "offsetPercent" ? "0"
                                                        : "\"X\"";
    const auto& used = name == member ? value : usual;
    if (!used.empty())
      text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + used;
  }
  return body({{"legs", "[" + std::string{leg} + "," + text + "}]"}});
}

std::string with_session(const std::string& text) {
  return body({{"options", R"({"sessions":[{"from":"00:00","until":"24:00"},)" + text + "]}"}});
}

constexpr std::string_view all_options = R"({"startAt":1764550800000,"endAt":1764560000000,
  "sessions":[{"from":"09:00","until":"12:30","days":["mon","wed"]},{"from":"22:00","until":"24:00"}],
  "utcOffsetMinutes":480,"sizeJitterPercent":10,"timeJitterMs":1500,"seed":42,"guardPercent":1.5,
  "slippagePercent":"0.2","participationPercent":15,"catchUp":"catch_up","catchUpSlices":3,
  "remainder":"leave","legDown":"pauseLeg","imbalanceMax":0.0015,"repriceMs":2500,"sweep":false,
  "failuresMax":9})";

PlanOptions expected_options() {
  PlanOptions options;
  options.start_at = 1'764'550'800'000;
  options.end_at = 1'764'560'000'000;
  options.calendar.sessions = {{9h, 12h + 30min, 0b0000101}, {22h, 24h, 0x7f}};
  options.calendar.utc_offset = 8h;
  options.size_jitter_percent = {10, 0};
  options.time_jitter = 1500ms;
  options.seed = 42;
  options.guard_percent = {15, 1};
  options.slippage_percent = {2, 1};
  options.participation_percent = {15, 0};
  options.catch_up = CatchUp::catch_up;
  options.catch_up_slices = 3;
  options.remainder = Remainder::leave;
  options.leg_down = LegDown::pause_leg;
  options.imbalance_max = {15, 4};
  options.reprice = 2500ms;
  options.sweep = false;
  options.failures_max = 9;
  return options;
}

PlanConfig some_plan() {
  auto plan
      = parsed(body({{"id", "\"a\""},
                     {"legs", "[" + std::string{leg} + R"(,{"exchange":"binance","symbol":"BTCUSDT",
    "marketType":"linear","side":"sell","type":"pegged","limitPrice":"60000.5","offsetPercent":0.02}])"},
                     {"options", std::string{all_options}}}));
  REQUIRE(plan.has_value());
  return *plan;
}

} // namespace

TEST_CASE("the plan of the interface's own example is accepted") {
  const auto plan = parsed(R"({"name":"BTC_TWAP","totalQty":0.01,"sliceQty":0.001,
    "intervalMs":30000,"legs":[{"exchange":"bybit","symbol":"BTCUSDT","side":"buy","type":"market"}]})");
  REQUIRE(plan.has_value());
  CHECK(plan->id.empty()); // the engine gives one
  CHECK(plan->name == "BTC_TWAP");
  CHECK(plan->total_quantity == Decimal{1, 2});
  CHECK(plan->slice_quantity == Decimal{1, 3});
  CHECK(plan->interval == 30s);
  CHECK(slices_of(*plan) == 10);
  REQUIRE(plan->legs.size() == 1);
  CHECK(core::to_string(plan->legs[0].instrument) == "bybit.spot.BTCUSDT");
  CHECK(plan->legs[0].side == Side::buy);
  CHECK(plan->legs[0].type == SliceType::market);
  SUBCASE("what it leaves out has its documented default") {
    PlanOptions options;
    options.seed = 7; // the engine's own
    CHECK(plan->options == options);
    CHECK(!plan->legs[0].limit_price);
    CHECK(plan->legs[0].offset_percent.is_zero());
  }
  SUBCASE("and with more legs, as its dots say") {
    CHECK(refused_field(body()) == "accepted");
    CHECK(refused_field(body({{"legs", "[]"}})) == "legs");
    CHECK(refused_field(body({{"legs", "[" + std::string{leg} + "," + std::string{other_leg} + ","
                                           + std::string{leg} + "]"}}))
          == "legs");
  }
}

TEST_CASE("a plan is read field by field") {
  const auto plan = some_plan();
  CHECK(plan.id.text() == "a");
  CHECK(plan.options == expected_options());
  REQUIRE(plan.legs.size() == 2);
  const auto& second = plan.legs[1];
  CHECK(core::to_string(second.instrument) == "binance.linear.BTCUSDT");
  CHECK(second.side == Side::sell);
  CHECK(second.type == SliceType::pegged);
  CHECK(second.limit_price == Decimal{600'005, 1});
  CHECK(second.offset_percent == Decimal{2, 2});
  SUBCASE("a seed of the engine's own fits a JSON integer") {
    const auto most = std::numeric_limits<std::uint64_t>::max();
    CHECK(parse_plan(parse_json(body()).value(), std::nullopt, most).value().options.seed
          == most / 2);
  }
  SUBCASE("numbers may come in quotes") {
    CHECK(parsed(body({{"totalQty", "\"0.010\""}})).value().total_quantity == Decimal{1, 2});
    CHECK(parsed(body({{"intervalMs", "\"30000\""}})).value().interval == 30s);
    CHECK(parsed(body({{"intervalMs", "3e4"}})).value().interval == 30s);
  }
}

TEST_CASE("a partial change of a plan keeps every field it does not name") {
  const auto base = some_plan();
  CHECK(parsed("{}", base).value() == base);
  const auto changed = [&](const std::string& text, auto change) {
    auto expected = base;
    change(expected);
    const auto plan = parsed(text, base);
    REQUIRE_MESSAGE(plan.has_value(), text);
    CHECK_MESSAGE(*plan == expected, text);
  };
  changed(R"({"id":"a","name":"x"})", [](auto& plan) { plan.name = "x"; });
  changed(R"({"totalQty":0.5})", [](auto& plan) { plan.total_quantity = {5, 1}; });
  changed(R"({"sliceQty":"0.0015"})", [](auto& plan) { plan.slice_quantity = {15, 4}; });
  changed(R"({"intervalMs":5000})", [](auto& plan) { plan.interval = 5s; });
  changed(R"({"options":{}})", [](auto&) {});
  changed(R"({"options":{"startAt":null,"endAt":null}})", [](auto& plan) {
    plan.options.start_at.reset();
    plan.options.end_at.reset();
  });
  changed(R"({"options":{"sessions":[]}})",
          [](auto& plan) { plan.options.calendar.sessions.clear(); });
  changed(R"({"options":{"sessions":[{"from":"01:00","until":"01:00","days":["sun"]}]}})",
          [](auto& plan) {
            plan.options.calendar.sessions = {{1h, 1h, 0x40}};
          });
  changed(R"({"options":{"seed":0,"sweep":true,"catchUp":"skip"}})", [](auto& plan) {
    plan.options.seed = 0;
    plan.options.sweep = true;
    plan.options.catch_up = CatchUp::skip;
  });
  SUBCASE("of as many legs, what is not said of each stays") {
    changed(R"({"legs":[{},{"limitPrice":null,"offsetPercent":0}]})", [](auto& plan) {
      plan.legs[1].limit_price.reset();
      plan.legs[1].offset_percent = {};
    });
    changed(R"({"legs":[{"type":"limit","limitPrice":59000},{}]})", [](auto& plan) {
      plan.legs[0].type = SliceType::limit;
      plan.legs[0].limit_price = Decimal{59'000, 0};
    });
  }
  SUBCASE("other legs must be complete, and take nothing over") {
    CHECK(refused_field(R"({"legs":[{"symbol":"ETHUSDT"}]})", base) == "legs[0].exchange");
    changed("{\"legs\":[" + std::string{other_leg} + "]}", [](auto& plan) {
      plan.legs.erase(plan.legs.begin());
      plan.legs[0].instrument.type = core::MarketType::spot;
      plan.legs[0].type = SliceType::limit;
      plan.legs[0].limit_price.reset();
      plan.legs[0].offset_percent = {};
    });
  }
  SUBCASE("and is refused when the whole is then wrong") {
    CHECK(refused_field(R"({"id":"b"})", base) == "id");
    CHECK(refused_field(R"({"sliceQty":1})", base) == "sliceQty");
    CHECK(refused_field(R"({"intervalMs":1000})", base) == "options.timeJitterMs");
    CHECK(refused_field(R"({"intervalMs":0})", base) == "intervalMs");
    CHECK(refused_field(R"({"options":{"startAt":1764560000000}})", base) == "options.endAt");
    CHECK(refused_field(R"({"legs":[{},{"type":"market"}]})", base) == "legs[1].offsetPercent");
    CHECK(refused_field(R"({"legs":[{},{"exchange":"bybit","marketType":"spot"}]})", base)
          == "legs[1]");
  }
}

TEST_CASE("a duration of the whole may stand for the interval") {
  const auto lasting = [](const std::string& duration, const std::string& interval = "") {
    return body({{"intervalMs", interval}, {"options", "{\"durationMs\":" + duration + "}"}});
  };
  CHECK(parsed(lasting("600000")).value().interval == 60s);
  CHECK(parsed(lasting("1000009")).value().interval == 100'000ms); // ten slices, rounded down
  CHECK(parsed(lasting("600000", "5")).value().interval == 60s);   // it wins
  const auto base = some_plan();
  auto expected = base;
  expected.interval = 90s;
  CHECK(parsed(R"({"options":{"durationMs":900000}})", base).value() == expected);
  expected.total_quantity = {2, 2};
  CHECK(parsed(R"({"totalQty":0.02,"options":{"durationMs":1800000}})", base).value() == expected);
  SUBCASE("and is named itself when no interval fits it") {
    for (const auto* wrong : {"0", "5", "999", "864000010", "31622400000", "31622400001", "-1",
                              "1.5", "null", "\"soon\"", "true", "99999999999999999999"})
      CHECK_MESSAGE(refused_field(lasting(wrong)) == "options.durationMs", wrong);
    CHECK(parsed(lasting("999")).error().detail
          == "makes 10 intervals of 99 ms; one must be 100 to 86400000 ms");
    CHECK(refused_field(lasting("1000")) == "accepted");
    CHECK(refused_field(lasting("864000000")) == "accepted");
  }
  SUBCASE("but one of both must be there") {
    CHECK(refused_field(body({{"intervalMs", ""}})) == "intervalMs");
    CHECK(refused_field(body({{"intervalMs", ""}, {"options", "{}"}})) == "intervalMs");
  }
}

TEST_CASE("a new plan names every required field that is missing") {
  for (const std::string key : {"name", "totalQty", "sliceQty", "intervalMs", "legs"}) {
    CHECK(refused_field(body({{key, ""}})) == key);
    CHECK(parsed(body({{key, ""}})).error().detail.find("is missing") == 0);
  }
  for (const std::string member : {"exchange", "symbol", "side", "type"})
    CHECK(refused_field(with_leg(member, "")) == "legs[1]." + member);
  for (const std::string member : {"marketType", "limitPrice", "offsetPercent"})
    CHECK(refused_field(with_leg(member, "")) == "accepted");
  CHECK(refused_field(with_session(R"({"until":"01:00"})")) == "options.sessions[1].from");
  CHECK(refused_field(with_session(R"({"from":"01:00"})")) == "options.sessions[1].until");
}

TEST_CASE("a field of the wrong JSON type is refused by its name") {
  const std::vector<std::string> values{"null", "true", "1.5", "\"\"", "[]", "{}", "[1]"};
  const auto refused_but
      = [&](auto make, const std::string& field, std::vector<std::string> right) {
          for (const auto& value : values)
            if (std::ranges::find(right, value) == right.end())
              CHECK_MESSAGE(refused_field(make(value)) == field, field << " = " << value);
        };
  using Right = std::vector<std::string>;
  const auto top = [&](const std::string& key, const Right& right = {}) {
    refused_but([&](const std::string& value) { return body({{key, value}}); }, key, right);
  };
  top("id");
  top("name");
  top("totalQty", {"1.5"});
  top("sliceQty", {"1.5"});
  top("intervalMs");
  top("legs", {"[1]"});
  CHECK(refused_field(body({{"legs", "[1]"}})) == "legs[0]");
  CHECK(refused_field(body({{"legs", "[" + std::string{leg} + ",null]"}})) == "legs[1]");
  top("options", {"{}"});
  for (const std::string member : {"exchange", "symbol", "side", "type", "marketType"})
    refused_but([&](const std::string& value) { return with_leg(member, value); },
                "legs[1]." + member, {});
  refused_but([](const std::string& value) { return with_leg("limitPrice", value); },
              "legs[1].limitPrice", {"1.5", "null"});
  refused_but([](const std::string& value) { return with_leg("offsetPercent", value); },
              "legs[1].offsetPercent", {"1.5"});
  const auto option = [&](const std::string& key, const Right& right = {}) {
    refused_but(
        [&](const std::string& value) {
          return body({{"options", "{\"" + key + "\":" + value + "}"}});
        },
        "options." + key, right);
  };
  option("startAt", {"null"});
  option("endAt", {"null"});
  option("sessions", {"[]", "[1]"});
  CHECK(refused_option("\"sessions\":[1]") == "options.sessions[0]");
  for (const auto* key : {"utcOffsetMinutes", "timeJitterMs", "seed", "catchUp", "catchUpSlices",
                          "remainder", "legDown", "repriceMs", "failuresMax", "durationMs"})
    option(key);
  for (const auto* key :
       {"sizeJitterPercent", "guardPercent", "slippagePercent", "participationPercent"})
    option(key, {"1.5"});
  option("imbalanceMax", {"1.5"});
  option("sweep", {"true"});
  for (const std::string member : {"from", "until", "days"})
    refused_but(
        [&](const std::string& value) {
          const auto part = [&](const std::string& name, const std::string& usual) {
            return "\"" + name + "\":" + (name == member ? value : usual);
          };
          return with_session("{" + part("from", "\"01:00\"") + "," + part("until", "\"02:00\"")
                              + "," + part("days", "[\"mon\"]") + "}");
        },
        "options.sessions[1]." + member, {});
}

TEST_CASE("a number or a text outside its range is refused by its name") {
  for (const std::string key : {"totalQty", "sliceQty"})
    for (const std::string value : {"0", "-1", "\"NaN\"", "\" 1\"", "\"1,5\"", "1e308", "1e-30",
                                    "0.0000000000000000001", "99999999999999999999", "\"0x1\""})
      CHECK_MESSAGE(refused_field(body({{key, value}})) == key, key << " = " << value);
  CHECK(refused_field(body({{"sliceQty", "0.0101"}})) == "sliceQty");
  CHECK(refused_field(body({{"sliceQty", "0.01"}})) == "accepted");
  CHECK(refused_field(body({{"sliceQty", "0.0000001"}})) == "accepted");
  CHECK(refused_field(body({{"sliceQty", "0.000000099"}})) == "sliceQty"); // 101,011 slices
  for (const auto* value : {"99", "86400001", "-1", "1e18", "31622400001"})
    CHECK_MESSAGE(refused_field(body({{"intervalMs", value}})) == "intervalMs", value);
  for (const auto* value : {"100", "86400000"})
    CHECK_MESSAGE(refused_field(body({{"intervalMs", value}})) == "accepted", value);
  for (const auto& id : {std::string{"a b"}, std::string{"a/b"}, std::string{"\xC3\xA9"},
                         std::string{"a.b"}, std::string(65, 'a')})
    CHECK_MESSAGE(refused_field(body({{"id", "\"" + id + "\""}})) == "id", id);
  CHECK(refused_field(body({{"id", "\"" + std::string(64, 'a') + "\""}})) == "accepted");
  CHECK(refused_field(body({{"name", "\"" + std::string(100, 'n') + "\""}})) == "accepted");
  CHECK(refused_field(body({{"name", "\"" + std::string(101, 'n') + "\""}})) == "name");
  CHECK(refused_field(body({{"name", R"("a\u0000b")"}})) == "name");
  CHECK(refused_field(body({{"name", R"("a\nb")"}})) == "name");
  CHECK(refused_field(with_leg("side", "\"Buy\"")) == "legs[1].side");
  CHECK(refused_field(with_leg("type", "\"stop\"")) == "legs[1].type");
  CHECK(refused_field(with_leg("marketType", "\"inverse\"")) == "legs[1].marketType");
  for (const auto* value : {"0", "-1", "\"x\""})
    CHECK(refused_field(with_leg("limitPrice", value)) == "legs[1].limitPrice");
  for (const auto* value : {"-0.01", "10.01"})
    CHECK(refused_field(with_leg("offsetPercent", value)) == "legs[1].offsetPercent");
  for (const std::string member : {"exchange", "symbol"}) {
    CHECK(refused_field(with_leg(member, "\"" + std::string(64, 'x') + "\"")) == "accepted");
    CHECK(refused_field(with_leg(member, "\"" + std::string(65, 'x') + "\""))
          == "legs[1]." + member);
  }
  CHECK(refused_field(body({{"legs", "[" + std::string{leg} + "," + std::string{leg} + "]"}}))
        == "legs[1]");
}

TEST_CASE("an option may be at the ends of its range and not beyond") {
  struct Range {
    std::string key;
    std::vector<std::string> inside, outside;
  };

  const std::vector<Range> ranges{
      {"startAt", {"0", "1764550800000", "253402300799999"}, {"-1", "253402300800000", "1e18"}},
      {"endAt", {"1", "253402300799999"}, {"-1", "253402300800000", "9223372036854775807"}},
      {"utcOffsetMinutes", {"-840", "840"}, {"-841", "841", "1e18"}},
      {"sizeJitterPercent", {"0", "50"}, {"-0.1", "50.1"}},
      {"timeJitterMs", {"0", "15000"}, {"-1", "15001"}},
      {"seed", {"0", "9223372036854775807"}, {"-1", "9223372036854775808"}},
      {"guardPercent", {"0", "100"}, {"-0.1", "100.1"}},
      {"slippagePercent", {"0", "10"}, {"-0.1", "10.1"}},
      {"participationPercent", {"0", "100"}, {"-0.1", "100.1"}},
      {"catchUp", {"\"extend\"", "\"catch_up\"", "\"skip\""}, {"\"catchUp\"", "\"Skip\""}},
      {"catchUpSlices", {"1", "100"}, {"0", "101"}},
      {"remainder", {"\"merge\"", "\"leave\""}, {"\"drop\""}},
      {"legDown", {"\"pauseBoth\"", "\"pauseLeg\""}, {"\"pause_both\""}},
      {"imbalanceMax", {"0", "0.001"}, {"-0.1", "0.0009"}},
      {"repriceMs", {"100", "3600000"}, {"99", "3600001"}},
      {"sweep", {"true", "false"}, {"0"}},
      {"failuresMax", {"1", "100"}, {"0", "101"}}};
  for (const auto& range : ranges) {
    for (const auto& value : range.inside)
      CHECK_MESSAGE(refused_option("\"" + range.key + "\":" + value) == "accepted",
                    range.key << " = " << value);
    for (const auto& value : range.outside)
      CHECK_MESSAGE(refused_option("\"" + range.key + "\":" + value) == "options." + range.key,
                    range.key << " = " << value);
  }
  CHECK(refused_option(R"("startAt":5,"endAt":5)") == "options.endAt");
  CHECK(refused_option(R"("startAt":5,"endAt":6)") == "accepted");
  SUBCASE("a session is a time of day to a time of day") {
    const auto from = [](const std::string& text) {
      return refused_field(with_session("{\"from\":\"" + text + "\",\"until\":\"02:00\"}"));
    };
    for (const auto* right : {"00:00", "23:59"})
      CHECK(from(right) == "accepted");
    for (const auto* wrong :
         {"24:00", "24:01", "9:00", "09:60", "0900", "-1:00", "09:00:00", " 9:00"})
      CHECK_MESSAGE(from(wrong) == "options.sessions[1].from", wrong);
    for (const std::string days :
         {R"(["mon",1])", R"(["Mon"])", R"(["monday"])", R"(["mon",null])"})
      CHECK(refused_field(with_session(R"({"from":"01:00","until":"02:00","days":)" + days + "}"))
            == "options.sessions[1].days");
  }
}

TEST_CASE("an unknown field of a plan is refused, so that no misspelt limit is silently off") {
  CHECK(refused_field(body({{"qty", "1"}})) == "qty");
  CHECK(refused_field(body({{"Name", "\"x\""}})) == "Name");
  CHECK(refused_field(body({{"durationMs", "60000"}})) == "durationMs");
  CHECK(refused_field(body({{"legs", R"([{"exchange":"a","symbol":"A","side":"buy","type":"market",
    "price":1}])"}}))
        == "legs[0].price");
  CHECK(refused_option(R"("guard_percent":1)") == "options.guard_percent");
  CHECK(refused_field(with_session(R"({"from":"01:00","until":"02:00","day":["mon"]})"))
        == "options.sessions[1].day");
  CHECK(refused_field("[]") == "");
  SUBCASE("and quoted in part when it is long") {
    CHECK(refused_field(body({{std::string(100'000, 'k'), "1"}})).size() < 100);
  }
}

TEST_CASE("a control is one of three words") {
  for (const std::string action : {"pause", "resume", "cancel"})
    CHECK(parse_plan_action("{\"action\":\"" + action + "\"}").value() == action);
  const auto refused = [](std::string_view text) {
    const auto action = parse_plan_action(text);
    if (action)
      return "accepted " + *action;
    CHECK(action.error().code == core::Errc::validation_error);
    return action.error().source;
  };
  for (const auto* text : {"{}", R"({"action":"stop"})", R"({"action":"Pause"})",
                           R"({"action":""})", R"({"action":null})", R"({"action":["pause"]})"})
    CHECK_MESSAGE(refused(text) == "action", text);
  CHECK(refused(R"({"action":"pause","planId":"twap_001"})") == "planId");
  for (const auto* text : {"", "pause", "[]", R"({"action":"pause")", R"("pause")",
                           R"({"action":"pause","action":"cancel"})"})
    CHECK_MESSAGE(refused(text).find("accepted") == std::string::npos, text);
}
