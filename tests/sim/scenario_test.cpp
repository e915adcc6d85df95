/// Scenario files: the shipped ones load, and every mistake is named with file, line and key, all
/// at once.
#include "apps/tandem_sim/scenario.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

using namespace tandem::sim;
using namespace std::chrono_literals;

namespace {

const Environment nothing = [](const std::string&) { return std::nullopt; };

std::vector<std::string> mistakes_in(const std::string& text,
                                     const std::vector<Setting>& settings = {}) {
  std::vector<std::string> out;
  for (const auto& mistake : parse_scenario(text, "s.yaml", ".", settings, nothing).mistakes)
    out.push_back(describe(mistake));
  return out;
}

} // namespace

TEST_CASE("each wrong scenario gets a message that says where and what") {
  struct Row {
    const char* text;
    const char* message;
  };

  const Row rows[] = {
      {"sed: 1", "s.yaml:1: sed: unknown key; did you mean 'seed'?"},
      {"seed: x", "s.yaml:1: seed: must be a whole number"},
      {"seed: 1\nseed: 2", "s.yaml:2: seed: is given twice"},
      {"seed: [1", "s.yaml:1: not valid YAML"},
      {"- a", "s.yaml:1: must be a map"},
      {"flow:\n  levels: 1",
       "s.yaml:2: flow.levels: must be a whole number from 5 to 5000, is '1'"},
      {"flow:\n  step: 10", "s.yaml:2: flow.step: must be a duration from 1ms to 1s"},
      {"flow:\n  excursion_gap: [5s]", "s.yaml:2: flow.excursion_gap: must be [shortest, longest]"},
      {"flow:\n  excursion_ppm: [9, 3]", "s.yaml:2: flow.excursion_ppm: must be [least, most]"},
      {"flow: 3", "s.yaml:1: flow: must be a map"},
      {"symbols: [BTCUSD]",
       "s.yaml:1: symbols: 'BTCUSD' is not in the catalogue; did you mean 'BTCUSDT'?"},
      {"symbols: [BTCUSDT, BTCUSDT]", "s.yaml:1: symbols: BTCUSDT on binance_spot is listed twice"},
      {"symbols: BTCUSDT", "s.yaml:1: symbols: must be a list"},
      {"surfaces:\n  binance_spto: {}",
       "s.yaml:2: surfaces.binance_spto: unknown key; did you mean 'binance_spot'?"},
      {"surfaces:\n  binance_spot: {ping_evry: 1s}",
       "s.yaml:2: surfaces.binance_spot.ping_evry: unknown key; did you mean 'ping_every'?"},
      {"instruments:\n  - {symbol: ABCUSDT, price: \"1\", tick: \"0.01\"}",
       "s.yaml:2: instruments[0].lot: is missing"},
      {"instruments:\n  - {symbol: ABC, price: \"1\", tick: \"1\", lot: \"1\"}",
       "s.yaml:2: instruments[0].symbol: 'ABC' does not say its coins"},
      {"instruments:\n  - {symbol: ABCUSDT, price: \"-1\", tick: \"1\", lot: \"1\"}",
       "s.yaml:2: instruments[0].price: must be a decimal above zero"},
      {"instruments:\n  - {symbol: ABCUSDT, price: \"1\", tick: \"0\", lot: \"1\"}",
       "s.yaml:2: instruments[0].tick:"},
      {"faults:\n  - {at: 1s, surface: binance_spot, kind: gapp}",
       "s.yaml:2: faults[0].kind: 'gapp' must be one of"},
      {"faults:\n  - {at: 1s, surface: okx, kind: gap}",
       "s.yaml:2: faults[0].surface: 'okx' must be one of"},
      {"faults:\n  - {surface: binance_spot, kind: gap}", "s.yaml:2: faults[0].at: is missing"},
      {"replay: {}", "s.yaml:1: replay.sources: is missing"},
      {"replay:\n  speed: fast\n  sources: []", "s.yaml:2: replay.speed: 'fast' must be real"},
      {"replay:\n  start: now\n  sources: []", "s.yaml:2: replay.start: 'now' must be"},
      {"replay:\n  lockstep: yes\n  sources: []",
       "s.yaml:2: replay.lockstep: must be true or false"},
      {"replay:\n  sources:\n    - {surface: binance_spot, symbol: BTCUSDT, tick: \"1\", lot: "
       "\"1\", files: [nowhere.gz]}",
       "s.yaml:3: replay.sources[0].files: 'nowhere.gz' cannot be read"},
      {"admin: {listen: \"${NO_SUCH}\"}",
       "s.yaml:1: admin.listen: the environment variable NO_SUCH is not set"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::string{row.text});
    const auto found = mistakes_in(row.text);
    CAPTURE(found.empty() ? std::string{"none"} : found[0]);
    CHECK(std::ranges::any_of(found,
                              [&](const auto& each) { return each.starts_with(row.message); }));
  }
}

TEST_CASE("all mistakes are reported at once, in the order of their lines") {
  const auto found = mistakes_in("sed: 1\nflow: {levels: x, stepp: 1ms}\nsymbols: [NOPE]");
  REQUIRE(found.size() == 4);
  CHECK(found[0].starts_with("s.yaml:1:"));
  CHECK(found[3].starts_with("s.yaml:3:"));
}

TEST_CASE("settings override the file and pass the same checks") {
  const auto result = parse_scenario(
      "seed: 1", "s.yaml", ".",
      {{"seed", "9"}, {"surfaces.binance_spot.listen", "127.0.0.1:7101"}, {"symbols", "[BTCUSDT]"}},
      nothing);
  CHECK(result.mistakes.empty());
  CHECK(result.scenario.seed == 9);
  CHECK(result.scenario.surfaces[0].listen == "127.0.0.1:7101");
  CHECK(result.scenario.generated.size() == surface_count);
  const auto wrong = mistakes_in("seed: 1", {{"seed", "x"}, {"seed.deeper", "1"}});
  CHECK(wrong.size() == 2);
}

TEST_CASE("variables are taken from the environment or from their default") {
  const Environment environment = [](const std::string& name) {
    return name == "PORT" ? std::optional<std::string>{"7"} : std::nullopt;
  };
  const auto result = parse_scenario("admin: {listen: \"${HOST:-127.0.0.1}:${PORT}\"}", "s.yaml",
                                     ".", {}, environment);
  CHECK(result.mistakes.empty());
  CHECK(result.scenario.admin_listen == "127.0.0.1:7");
}

TEST_CASE("every shipped scenario is right") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"config/scenarios"}) {
    ++count;
    CAPTURE(entry.path().string());
    const auto shared = std::getenv("TANDEM_SHARED");
    const auto result = load_scenario(entry.path().string(), {}, [&](const std::string&) {
      return shared == nullptr
                 ? std::nullopt
                 : std::optional<std::string>{std::filesystem::absolute(shared).string()};
    });
    for (const auto& mistake : result.mistakes) {
      const bool data_absent = mistake.key.ends_with(".files") && std::getenv("CI") == nullptr;
      CHECK_MESSAGE(data_absent, describe(mistake));
    }
  }
  CHECK(count >= 6);
}
