// A TWAP plan with a mistake is refused at the line and key of the mistake, once, with what would
// be right.
#include "tests/config/broken.hpp"

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::config;
using namespace tandem::tests;

namespace {

const std::string first = "plans[0].";
const std::string options = "plans[0].options.";
const std::string session = "plans[0].options.sessions[0].";

std::vector<Broken> counts() {
  const std::vector<Place> places{{"intervalMs: 30000", first + "intervalMs"},
                                  {"timeJitterMs: 1500", options + "timeJitterMs"},
                                  {"seed: 42", options + "seed"},
                                  {"catchUpSlices: 3", options + "catchUpSlices"},
                                  {"repriceMs: 2500", options + "repriceMs"},
                                  {"failuresMax: 7", options + "failuresMax"}};
  return each(places, std::vector<Wrong>{{"-1", "must be between"},
                                         {"9999999999999999999999", ""},
                                         {"010", "leading zero"},
                                         {"2.5", "is not a whole number"},
                                         {"30s", "is not a whole number"},
                                         {"\"2\"", "leave the quotes out"},
                                         {"", "has no value"},
                                         {"[1]", "is a list"}});
}

std::vector<Broken> decimals() {
  const std::vector<Place> places{
      {"totalQty: \"0.5\"", first + "totalQty"},
      {"sliceQty: 0.05", first + "sliceQty"},
      {"limitPrice: \"71000.5\"", first + "legs[0].limitPrice"},
      {"offsetPercent: \"0.02\"", first + "legs[0].offsetPercent"},
      {"sizeJitterPercent: \"10\"", options + "sizeJitterPercent"},
      {"guardPercent: \"1.5\"", options + "guardPercent"},
      {"slippagePercent: \"0.2\"", options + "slippagePercent"},
      {"participationPercent: \"15\"", options + "participationPercent"},
      {"imbalanceMax: \"0.25\"", options + "imbalanceMax"}};
  return each(places, std::vector<Wrong>{{"-1", ""},
                                         {"1,5", "the decimal sign is a point"},
                                         {"5%", "leave the percent sign out"},
                                         {"007", "leading zero"},
                                         {".nan", "is not a decimal number"},
                                         {"much", "is not a decimal number"},
                                         {"", "has no value"},
                                         {"{a: 1}", "must be a decimal number, is a map"}});
}

std::vector<Broken> ranges() {
  return {
      {"totalQty: \"0.5\"", "totalQty: 0", first + "totalQty", "must be above 0, not 0"},
      {"sliceQty: 0.05", "sliceQty: 0", first + "sliceQty", "must be above 0, not 0"},
      {"sliceQty: 0.05", "sliceQty: 0.000001", first + "sliceQty", "more than 100000 slices"},
      {"intervalMs: 30000", "intervalMs: 99", first + "intervalMs", "must be 100 to 86400000 ms"},
      {"intervalMs: 30000", "intervalMs: 0", first + "intervalMs", "must be 100 to 86400000 ms"},
      {"limitPrice: \"71000.5\"", "limitPrice: 0", first + "legs[0].limitPrice", "above 0"},
      {"offsetPercent: \"0.02\"", "offsetPercent: 10.1", first + "legs[0].offsetPercent",
       "must be 0 to 10 percent"},
      {"type: market", "type: market, offsetPercent: \"0.1\"", "plans[1].legs[0].offsetPercent",
       "goes with type limit or pegged"},
      {"sizeJitterPercent: \"10\"", "sizeJitterPercent: 50.1", options + "sizeJitterPercent",
       "must be 0 to 50 percent, not 50.1"},
      {"timeJitterMs: 1500", "timeJitterMs: 15001", options + "timeJitterMs",
       "must be 0 to 15000 ms, not 15001"},
      {"guardPercent: \"1.5\"", "guardPercent: 101", options + "guardPercent", "0 to 100 percent"},
      {"slippagePercent: \"0.2\"", "slippagePercent: 11", options + "slippagePercent",
       "0 to 10 percent"},
      {"participationPercent: \"15\"", "participationPercent: 100.5",
       options + "participationPercent", "0 to 100 percent"},
      {"catchUpSlices: 3", "catchUpSlices: 0", options + "catchUpSlices", "between 1 and 100"},
      {"catchUpSlices: 3", "catchUpSlices: 101", options + "catchUpSlices", "between 1 and 100"},
      {"imbalanceMax: \"0.25\"", "imbalanceMax: \"0.04\"", options + "imbalanceMax",
       "must be at least sliceQty (0.05)"},
      {"repriceMs: 2500", "repriceMs: 99", options + "repriceMs", "must be 100 to 3600000 ms"},
      {"repriceMs: 2500", "repriceMs: 3600001", options + "repriceMs", "must be 100 to 3600000 ms"},
      {"failuresMax: 7", "failuresMax: 0", options + "failuresMax", "between 1 and 100"},
      {"utcOffsetMinutes: 480", "utcOffsetMinutes: 841", options + "utcOffsetMinutes",
       "must be -840 to 840, not 841"},
      {"utcOffsetMinutes: 480", "utcOffsetMinutes: -841", options + "utcOffsetMinutes", "-841"},
      {"utcOffsetMinutes: 480", "utcOffsetMinutes: 330.5", options + "utcOffsetMinutes",
       "must be whole minutes"},
      {"utcOffsetMinutes: 480", "utcOffsetMinutes: east", options + "utcOffsetMinutes",
       "is not a decimal number"},
  };
}

std::vector<Broken> words() {
  return {
      {"side: sell\n", "side: short\n", first + "legs[0].side", "must be buy or sell"},
      {"side: sell\n", "side: Sell\n", first + "legs[0].side", "did you mean 'sell'?"},
      {"type: limit", "type: stop", first + "legs[0].type", "must be market, limit or pegged"},
      {"type: pegged", "type: peged", first + "legs[1].type", "did you mean 'pegged'?"},
      {"type: limit", "type: post_only", first + "legs[0].type", "market, limit or pegged"},
      {"marketType: linear\n", "marketType: swap\n", first + "legs[0].marketType",
       "must be spot or linear"},
      {"catchUp: skip", "catchUp: catchUp", options + "catchUp", "did you mean 'catch_up'?"},
      {"catchUp: skip", "catchUp: never", options + "catchUp", "must be extend, catch_up or skip"},
      {"remainder: leave", "remainder: drop", options + "remainder", "must be merge or leave"},
      {"legDown: pauseLeg", "legDown: pause_leg", options + "legDown", "did you mean 'pauseLeg'?"},
      {"sweep: false", "sweep: no", options + "sweep", "write false"},
      {"sweep: false", "sweep: \"false\"", options + "sweep", "leave the quotes out"},
      {"eachRun: true", "eachRun: always", first + "eachRun", "neither true nor false"},
      {"name: Slow sale", "name: \"\"", first + "name", "must be 1 to 100 bytes"},
      {"name: Slow sale", "name: \"a\\tb\"", first + "name", "must not have control characters"},
      {"name: Slow sale", "name: 42", first + "name", "write \"42\""},
      {"name: Slow sale", "name: " + std::string(101, 'n'), first + "name", "1 to 100 bytes"},
      {"id: twap_second", "id: twap_first", "plans[1].id", "is already the id of plans[0]"},
      {"id: twap_second", "id: a plan", "plans[1].id", "must be 1 to 64 letters"},
      {"id: twap_second", "id: " + std::string(65, 'a'), "plans[1].id", "must be 1 to 64 letters"},
      {"id: twap_second", "id: \"\"", "plans[1].id", "must be 1 to 64 letters"},
      {"id: twap_second", "id: 7", "plans[1].id", "write \"7\""},
  };
}

std::vector<Broken> times() {
  std::vector<Broken> cases;
  for (const std::string text :
       {"2026-13-01T09:00:00Z", "2026-02-30T09:00:00Z", "2026-12-00T09:00:00Z",
        "2026-12-01T24:00:00Z", "2026-12-01T09:60:00Z", "2026-12-01T09:00:60Z",
        "2026-12-01 09:00:00", "2026-12-01T09:00:00", "2026-12-01T09:00:00z",
        "2026-12-01T09:00:00.5Z", "2026-12-01T09:00:00+01:00", "2026-12-1T09:00:00Z", "2026-12-01",
        "tomorrow", "", "-026-12-01T09:00:00Z"})
    for (const std::string key : {"startAt", "endAt"}) {
      const std::string given = key == "startAt" ? "01T09:00:00Z" : "02T17:30:15Z";
      cases.push_back({key + ": \"2026-12-" + given + "\"", key + ": \"" + text + "\"",
                       options + key, "must be a time in UTC, quoted"});
    }
  const std::string start = "startAt: \"2026-12-01T09:00:00Z\"";
  cases.push_back({start, "startAt: 1796115600000", options + "startAt", "write \"1796"});
  cases.push_back({start, "startAt:", options + "startAt", "has no value"});
  cases.push_back({start, "startAt: [a]", options + "startAt", "must be text, is a list"});
  cases.push_back({start, "startAt: \"1969-12-31T23:59:59Z\"", options + "startAt",
                   "must be a time from 1970 to 9999"});
  const std::string end = "endAt: \"2026-12-02T17:30:15Z\"";
  for (const std::string early : {"2026-12-01T09:00:00Z", "2026-12-01T08:59:59Z"})
    cases.push_back({end, "endAt: \"" + early + "\"", options + "endAt", "after options.startAt"});
  for (const std::string text : {"9:00", "09:60", "25:00", "24:01", "0900", "09:00:00", "noon",
                                 "09.00", "", " 9:00", "-1:00"}) {
    cases.push_back(
        {"from: \"09:00\"", "from: \"" + text + "\"", session + "from", "must be a time of day"});
    cases.push_back({"until: \"12:30\"", "until: \"" + text + "\"", session + "until",
                     "must be a time of day"});
  }
  cases.push_back({"from: \"09:00\"", "from: 900", session + "from", "write \"900\""});
  cases.push_back({"from: \"09:00\"", "from: \"24:00\"", session + "from", "00:00 to 23:59"});
  cases.push_back({"from: \"09:00\", ", "", session + "from", "is missing"});
  cases.push_back({", until: \"12:30\"", "", session + "until", "is missing"});
  cases.push_back({"[mon, wed]", "[mon, mittwoch]", session + "days", "'mittwoch' is not mon"});
  cases.push_back({"[mon, wed]", "[Mon]", session + "days", "'Mon' is not mon"});
  cases.push_back({"[mon, wed]", "[]", session + "days", "names no day"});
  cases.push_back({"[mon, wed]", "mon", session + "days", "must be a list of texts"});
  cases.push_back({"[mon, wed]", "[mon, 3]", session + "days[1]", "write \"3\""});
  return cases;
}

std::vector<Broken> places_and_shapes() {
  const std::string second = "{exchange: binance, symbol: ETHUSDT, side: buy, type: market}";
  const std::string leg = "plans[1].legs[0]";
  return {
      {second, "{exchange: binanse, symbol: ETHUSDT, side: buy, type: market}", leg + ".exchange",
       "is not configured under venues; did you mean 'binance'?"},
      {second, "{exchange: okx, symbol: ETHUSDT, side: buy, type: market}", leg + ".exchange",
       "'okx' is not configured under venues"},
      {second, "{exchange: \"\", symbol: ETHUSDT, side: buy, type: market}", leg + ".exchange",
       "is empty"},
      {second, "{exchange: bybit, symbol: ETHUSDT, side: buy, type: market}", leg + ".marketType",
       "bybit has no spot market: configure venues.bybit.spot"},
      {second, "{exchange: binance, symbol: ethusdt, side: buy, type: market}", leg + ".symbol",
       "as the venue writes them: ETHUSDT"},
      {second, "{exchange: binance, symbol: ETH/USDT, side: buy, type: market}", leg + ".symbol",
       "is not a venue's symbol"},
      {second, "{exchange: binance, symbol: \"\", side: buy, type: market}", leg + ".symbol", ""},
      {second, "{exchange: binance, symbol: ETHUSDT, type: market}", leg + ".side", "is missing"},
      {second, "{exchange: binance, symbol: ETHUSDT, side: buy}", leg + ".type", "is missing"},
      {second, "{exchange: binance, side: buy, type: market}", leg + ".symbol", "is missing"},
      {second, "{symbol: ETHUSDT, side: buy, type: market}", leg + ".exchange", "is missing"},
      {second, "{exchange: binance, symbol: ETHUSDT, side: buy, type: market, qty: 1}",
       leg + ".qty", "unknown key"},
      {second, second + "\n      - ^" + second, "plans[1].legs[1]", "same instrument as legs[0]"},
      {"    legs:\n      - " + second, "    ^legs: []", "plans[1].legs", "must be 1 or 2 legs"},
      {"    legs:\n      - " + second, "    ^legs: " + second, "plans[1].legs", "must be a list"},
      {"- id: twap_second\n", "- # no id\n^", "plans[1].id", "is missing"},
      {"- id: twap_first\n    name: Slow sale\n", "- id: twap_first\n", "plans[0].name",
       "is missing"},
      {"eachRun: true", "eachrun: true", first + "eachrun", "did you mean 'eachRun'?"},
      {"catchUpSlices: 3", "catchupslice: 3", options + "catchupslice", "'catchUpSlices'?"},
      {"guardPercent: \"1.5\"", "guard_percent: 1", options + "guard_percent", "'guardPercent'?"},
      {"until: \"02:00\"}", "until: \"02:00\", day: [mon]}", options + "sessions[1].day",
       "did you mean 'days'?"},
      {"      seed: 42\n", "      seed: 42\n      ^durationMs: 60000\n", options + "durationMs",
       "unknown key"},
      {"      seed: 42\n", "      seed: 42\n      ^seed: 43\n", options + "seed", "duplicate key"},
      {"- {from: \"22:00\", until: \"02:00\"}", "- ^always", options + "sessions[1]",
       "must be a map"},
      {"  - id: twap_second\n", "  - ^nonsense\n  - id: twap_second\n", "plans[1]",
       "must be a map (key: value), is a single value"},
  };
}

} // namespace

TEST_CASE("a plan with a mistake is refused at its line and key") {
  std::size_t refused = 0;
  for (const auto& group : {counts(), decimals(), ranges(), words(), times(), places_and_shapes()})
    refused += check_all(group);
  MESSAGE(refused << " broken plans, all refused");
}

TEST_CASE("a plan's slice is not above the whole") {
  const auto mistakes = load_file("tests/data/config/every_key.yaml", no_environment,
                                  {{"plans.twap_second.totalQty", "0.2"}})
                            .mistakes;
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].key == "plans[1].sliceQty");
  CHECK(mistakes[0].message == "must not be above totalQty (0.2), and is 0.3");
}

TEST_CASE("a simulator and a plan of each run belong to mode mock") {
  for (const std::string mode : {"dev", "prod"}) {
    const auto mistakes
        = load_file("tests/data/config/every_key.yaml", no_environment, {{"mode", mode}}).mistakes;
    const auto described = [&](std::string_view key) {
      for (const auto& mistake : mistakes)
        if (mistake.key == key)
          return describe(mistake);
      return std::string{"no mistake"};
    };
    CHECK(described("simulator")
          == "tests/data/config/every_key.yaml:2: simulator: mode " + mode
                 + " has real venues: a simulator belongs to mode mock only");
    CHECK(described("plans[0].eachRun")
              .find("every_key.yaml:81: plans[0].eachRun: mode " + mode
                    + " makes a plan once: every restart would trade it")
          != std::string::npos);
    CHECK(described("plans[1].eachRun") == "no mistake");
  }
}
