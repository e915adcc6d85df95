// --set KEY=VALUE reaches every key of the file, and says what it could not reach.
#include "config/load.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::config;

namespace {

const Environment environment = [](const std::string& name) -> std::optional<std::string> {
  return name == "LEVEL" ? std::optional<std::string>{"error"} : std::nullopt;
};

LoadResult with(const std::vector<Override>& overrides) {
  return load_file("tests/data/config/every_key.yaml", environment, overrides);
}

std::string mistake_of(const Override& wanted) {
  const auto mistakes = with({wanted}).mistakes;
  return mistakes.size() == 1 ? describe(mistakes[0])
                              : std::to_string(mistakes.size()) + " mistakes";
}

} // namespace

TEST_CASE("an override replaces what the file says") {
  const auto loaded = with({{"log.level", "warning"},
                            {"engine.worker_threads", "8"},
                            {"venues.binance.spot.rest", "http://127.0.0.1:9"},
                            {"venues.binance.spot.feed.book_silence_max", "3s"},
                            {"listeners[0].address", "127.0.0.1:0"},
                            {"pairs[1].leg2.symbol", "BTCUSDT"},
                            {"pairs.first.options.levels", "7"}});
  REQUIRE(loaded.mistakes.empty());
  CHECK(loaded.config.log.level == "warning");
  CHECK(loaded.config.engine.worker_threads == 8);
  CHECK(loaded.config.venues[0].markets[0].rest == "http://127.0.0.1:9");
  CHECK(loaded.config.venues[0].markets[0].feed.book_silence_max == std::chrono::seconds{3});
  CHECK(loaded.config.listeners[0].address == "127.0.0.1:0");
  CHECK(loaded.config.pairs[1].leg2.symbol == core::Symbol{"BTCUSDT"});
  CHECK(loaded.config.pairs[0].options.levels == 7);
}

TEST_CASE("an override makes the maps and items that the file lacks") {
  const auto loaded = with({{"pairs[1].options.levels", "5"},
                            {"venues.binance.linear.symbols[0]", "BTCUSDT"},
                            {"listeners[2].address", "127.0.0.1:7005"}});
  REQUIRE(loaded.mistakes.empty());
  CHECK(loaded.config.pairs[1].options.levels == 5);
  CHECK(loaded.config.venues[0].markets[1].symbols == std::vector{core::Symbol{"BTCUSDT"}});
  CHECK(loaded.config.listeners.size() == 3);
}

TEST_CASE("a value that begins like a list or map is one") {
  const auto loaded = with({{"venues.binance.spot.symbols", "[BTCUSDT]"},
                            {"pairs[1].options", "{leg1Fee: 0, levels: 3}"}});
  REQUIRE(loaded.mistakes.empty());
  CHECK(loaded.config.venues[0].markets[0].symbols.size() == 1);
  CHECK(loaded.config.pairs[1].options.leg1_fee == core::strategy::FeeRate{0});
  CHECK(loaded.config.pairs[1].options.levels == 3);
}

TEST_CASE("the last of two overrides wins, and variables are expanded in them too") {
  CHECK(with({{"log.level", "info"}, {"log.level", "warning"}}).config.log.level == "warning");
  CHECK(with({{"log.level", "${LEVEL}"}}).config.log.level == "error");
}

TEST_CASE("text given by --set needs no quotes, because the shell ate them") {
  const auto loaded = with({{"engine.name", "42"}, {"venues.bybit.linear.depth_stream", "50"}});
  REQUIRE(loaded.mistakes.empty());
  CHECK(loaded.config.engine.name == "42");
}

TEST_CASE("a wrong override is refused by its key") {
  CHECK(mistake_of({"log.levle", "info"})
        == "--set: log.levle: unknown key; did you mean 'level'?");
  CHECK(mistake_of({"engine.stop_timeout", "30"}).find("needs a unit") != std::string::npos);
  CHECK(mistake_of({"pairs[7].qty", "1"})
        == "--set: pairs[7].qty: there are 2 items, so [7] does not exist ([2] would append)");
  CHECK(mistake_of({"pairs.third.qty", "1"})
        == "--set: pairs.third.qty: no item has the id 'third'");
  CHECK(mistake_of({"mode.x", "1"})
        == "--set: mode.x: 'x' lies below a single value, which has no keys");
  CHECK(mistake_of({"mode[0]", "1"})
        == "--set: mode[0]: '[0]' chooses from a list, and this is none");
  for (const auto* key : {"", ".", "a..b", "pairs[", "pairs[x]", "pairs[-1]", "pairs[0]qty", "[0]"})
    CHECK(mistake_of({key, "1"}).substr(0, 5) == "--set");
  CHECK(mistake_of({"pairs[0]", "{id: "}).find("not valid YAML") != std::string::npos);
}
