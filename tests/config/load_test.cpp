// What a configuration file says is what the engine gets, and a wrong one is refused whole.
#include "config/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace tandem;
using namespace tandem::config;
using namespace std::chrono_literals;

namespace {

const Environment no_environment = [](const std::string&) { return std::nullopt; };
const std::string every_key = "tests/data/config/every_key.yaml";

core::Decimal decimal(std::string_view text) {
  return core::Decimal::parse(text).value();
}

std::vector<std::string> described(const std::vector<Mistake>& mistakes) {
  std::vector<std::string> result;
  std::transform(mistakes.begin(), mistakes.end(), std::back_inserter(result), describe);
  return result;
}

constexpr std::string_view small = R"(venues:
  binance:
    spot: {rest: "http://127.0.0.1:1", websocket: "ws://127.0.0.1:1"}
)";

} // namespace

TEST_CASE("every key of the file arrives in the schema") {
  const auto loaded = load_file(every_key, no_environment);
  REQUIRE(described(loaded.mistakes) == std::vector<std::string>{});
  const auto& config = loaded.config;

  CHECK(config.mode == Mode::mock);
  CHECK(config.simulator == "../scenarios/mock.yaml");
  CHECK(config.engine.name == "tandem-test");
  CHECK(config.engine.state_dir == "run/state-test");
  CHECK(config.engine.delivery == Delivery::lossless);
  CHECK(config.engine.worker_threads == 4);
  CHECK(config.engine.pairs_detached);
  CHECK(config.engine.trading_cpus == std::vector<std::size_t>{1, 3});
  CHECK(config.engine.serving_cpus == std::vector<std::size_t>{0});
  CHECK(config.engine.report_on_exit);
  CHECK(config.engine.stop_timeout == 2s);
  CHECK(config.log.level == "debug");
  CHECK(config.log.format == "json");
  CHECK(config.log.file == "run/tandem.log");

  REQUIRE(config.listeners.size() == 2);
  const auto& listener = config.listeners[0];
  CHECK(listener.surface == Surface::traders);
  CHECK(listener.address == "127.0.0.1:7000");
  CHECK(listener.cors_origins == std::vector<std::string>{"*", "http://localhost:5173"});
  CHECK(listener.websockets_max == 50);
  CHECK(listener.price_updates_per_second == 20);
  CHECK(listener.requests_per_second == 300);
  CHECK(config.listeners[1].surface == Surface::metrics);
  CHECK(config.listeners[1].address == "[::1]:7001");
}

TEST_CASE("venues are listed by id and market type") {
  const auto config = load_file(every_key, no_environment).config;
  REQUIRE(config.venues.size() == 2);
  CHECK(config.venues[0].id == core::VenueId{"binance"});
  REQUIRE(config.venues[0].markets.size() == 2);
  REQUIRE(config.venues[1].markets.size() == 1);

  const auto& spot = config.venues[0].markets[0];
  CHECK(spot.type == core::MarketType::spot);
  CHECK(spot.rest == "http://127.0.0.1:7101");
  CHECK(spot.websocket == "ws://127.0.0.1:7101/base");
  CHECK(spot.ca_file == "tests/ca.pem");
  CHECK(spot.depth_stream == "1000ms");
  CHECK(spot.taker_fee.e8 == 75'000);
  CHECK(spot.symbols == std::vector{core::Symbol{"BTCUSDT"}, core::Symbol{"ETHUSDT"}});
  CHECK(spot.streams
        == std::vector<std::string>{"best", "trades", "ticker", "kline_1m", "kline_1h"});
  CHECK(spot.feed.book_silence_max == 4s);
  CHECK(spot.feed.first_data_timeout == 9s);
  CHECK(spot.feed.crossed_max == 400ms);
  CHECK(spot.feed.clock_offset_max == 250ms);
  CHECK(spot.feed.clock_interval == 30s);
  CHECK(spot.feed.instruments_interval == 30min);
  CHECK(spot.feed.reconnect_after == 22h);
  CHECK(spot.feed.backoff_first == 100ms);
  CHECK(spot.feed.backoff_cap == 20s);

  SUBCASE("a market without a stated fee has its venue's lowest public tier") {
    CHECK(config.venues[0].markets[1].taker_fee.e8 == 50'000);
    CHECK(config.venues[1].markets[0].taker_fee.e8 == 55'000);
  }
}

TEST_CASE("pairs speak the words of the REST surface") {
  const auto config = load_file(every_key, no_environment).config;
  REQUIRE(config.pairs.size() == 2);
  const auto& pair = config.pairs[0];
  CHECK(pair.id == core::PairId{"first"});
  CHECK(core::to_string(pair.leg1) == "binance.spot.BTCUSDT");
  CHECK(core::to_string(pair.leg2) == "bybit.linear.BTCUSDT");
  CHECK(pair.threshold == decimal("0.05"));
  CHECK(pair.quantity == decimal("0.01"));
  CHECK(pair.total_amount == decimal("1000.5"));
  CHECK(pair.direction == core::strategy::DirectionRule::leg1_buy_leg2_sell);
  CHECK_FALSE(pair.enabled);
  CHECK(pair.mode == core::strategy::PairMode::read_only);
  CHECK(pair.options.leg1_fee == core::strategy::FeeRate{100'000});
  CHECK(pair.options.leg2_fee == core::strategy::FeeRate{-10'000});
  CHECK(pair.options.book_age_max == 2500ms);
  CHECK(pair.options.change_percent == decimal("0.02"));
  CHECK(pair.options.levels == 20);

  SUBCASE("what a pair leaves out keeps its documented default") {
    const auto& second = config.pairs[1];
    CHECK(second.total_amount.is_zero());
    CHECK(second.direction == core::strategy::DirectionRule::automatic);
    CHECK(second.enabled);
    CHECK(second.mode == core::strategy::PairMode::active);
    CHECK(second.options == core::strategy::PairOptions{});
  }
}

TEST_CASE("plans speak the words of the REST surface") {
  using namespace core::twap;
  const auto config = load_file(every_key, no_environment).config;
  REQUIRE(config.plans.size() == 2);
  CHECK(config.plans[0].each_run);
  const auto& plan = config.plans[0].plan;
  CHECK(plan.id == PlanId{"twap_first"});
  CHECK(plan.name == "Slow sale");
  CHECK(plan.total_quantity == decimal("0.5"));
  CHECK(plan.slice_quantity == decimal("0.05"));
  CHECK(plan.interval == 30s);
  REQUIRE(plan.legs.size() == 2);
  CHECK(core::to_string(plan.legs[0].instrument) == "binance.linear.BTCUSDT");
  CHECK(plan.legs[0].side == core::orders::Side::sell);
  CHECK(plan.legs[0].type == SliceType::limit);
  CHECK(plan.legs[0].limit_price == decimal("71000.5"));
  CHECK(plan.legs[0].offset_percent == decimal("0.02"));
  CHECK(core::to_string(plan.legs[1].instrument) == "bybit.linear.ETHUSDT");
  CHECK(plan.legs[1].type == SliceType::pegged);
  CHECK(plan.legs[1].limit_price == std::nullopt);

  PlanOptions options;
  options.start_at = 1'796'115'600'000; // date -u -d 2026-12-01T09:00:00Z +%s
  options.end_at = 1'796'232'615'000;
  options.calendar.sessions = {{9h, 12h + 30min, 0b0000101}, {22h, 2h, 0x7f}};
  options.calendar.utc_offset = 8h;
  options.size_jitter_percent = decimal("10");
  options.time_jitter = 1500ms;
  options.seed = 42;
  options.guard_percent = decimal("1.5");
  options.slippage_percent = decimal("0.2");
  options.participation_percent = decimal("15");
  options.catch_up = CatchUp::skip;
  options.catch_up_slices = 3;
  options.remainder = Remainder::leave;
  options.leg_down = LegDown::pause_leg;
  options.imbalance_max = decimal("0.25");
  options.reprice = 2500ms;
  options.sweep = false;
  options.failures_max = 7;
  CHECK(plan.options == options);

  SUBCASE("what a plan leaves out keeps its documented default") {
    CHECK_FALSE(config.plans[1].each_run);
    const auto& second = config.plans[1].plan;
    CHECK(second.options == PlanOptions{});
    REQUIRE(second.legs.size() == 1);
    CHECK(core::to_string(second.legs[0].instrument) == "binance.spot.ETHUSDT");
    CHECK(second.legs[0].side == core::orders::Side::buy);
    CHECK(second.legs[0].type == SliceType::market);
    CHECK(second.legs[0].offset_percent.is_zero());
    CHECK(slices_of(second) == 4);
  }
  SUBCASE("and is changed on the command line by its id") {
    const auto loaded
        = load_file(every_key, no_environment, {{"plans.twap_second.totalQty", "0.9"}});
    REQUIRE(described(loaded.mistakes) == std::vector<std::string>{});
    CHECK(slices_of(loaded.config.plans[1].plan) == 3);
  }
}

TEST_CASE("a decimal keeps every digit that was written") {
  const std::vector<Override> overrides{{"pairs.first.qty", "0.123456789012"},
                                        {"pairs.first.totalAmount", "9007199254740993"}};
  const auto loaded = load_file(every_key, no_environment, overrides);
  REQUIRE(described(loaded.mistakes) == std::vector<std::string>{});
  CHECK(loaded.config.pairs[0].quantity.to_string() == "0.123456789012");
  CHECK(loaded.config.pairs[0].total_amount.to_string() == "9007199254740993");
}

TEST_CASE("a file that leaves out what may be left out is complete") {
  const auto loaded = load_text(small, "small.yaml", no_environment);
  CHECK(described(loaded.mistakes) == std::vector<std::string>{});
  CHECK(loaded.config.mode == Mode::mock);
  CHECK(loaded.config.engine.stop_timeout == EngineConfig{}.stop_timeout);
  CHECK(loaded.config.listeners.empty());
  CHECK(loaded.config.pairs.empty());
}

TEST_CASE("all mistakes are told at once, in the order of the lines") {
  constexpr std::string_view text = R"(mode: moc
engine: {stop_timeout: 30}
log:
  levl: info
venues:
  binance:
    spot:
      websocket: http://127.0.0.1:1
      symbols: [btcusdt]
pairs:
  - id: one
    leg1: {exchange: binanc, symbol: BTCUSDT, type: spot}
    leg2: {exchange: binance, symbol: BTCUSDT, type: linear}
    threshold: 1,5
)";
  const auto loaded = load_text(text, "bad.yaml", no_environment, {{"engine.worker_threads", "0"}});
  CHECK(described(loaded.mistakes)
        == std::vector<std::string>{
            "--set: engine.worker_threads: must be between 1 and 64, is 0",
            "bad.yaml:1: mode: 'moc' must be mock, dev or prod; did you mean 'mock'?",
            "bad.yaml:2: engine.stop_timeout: '30' needs a unit: 30ms, 30s, 30m or 30h",
            "bad.yaml:4: log.levl: unknown key; did you mean 'level'?",
            "bad.yaml:7: venues.binance.spot.rest: is missing and has no default",
            "bad.yaml:8: venues.binance.spot.websocket: 'http://127.0.0.1:1' is not "
            "ws://host[:port][/path] or wss://...",
            "bad.yaml:9: venues.binance.spot.symbols[0]: 'btcusdt': symbols are upper case, as the "
            "venue writes them: BTCUSDT",
            "bad.yaml:11: pairs[0].qty: is missing and has no default",
            "bad.yaml:12: pairs[0].leg1.exchange: 'binanc' is not configured under venues; did you "
            "mean 'binance'?",
            "bad.yaml:13: pairs[0].leg2.type: binance has no linear market: configure "
            "venues.binance.linear",
            "bad.yaml:14: pairs[0].threshold: '1,5': digits are not grouped, and the decimal sign "
            "is a point",
        });
}

TEST_CASE("a file that cannot be read is one mistake of the whole file") {
  const auto absent = load_file("tests/data/config/absent.yaml", no_environment);
  CHECK(described(absent.mistakes)
        == std::vector<std::string>{
            "tests/data/config/absent.yaml: cannot be read: No such file or directory"});
  const auto directory = load_file("tests/data/config", no_environment);
  CHECK(described(directory.mistakes)
        == std::vector<std::string>{"tests/data/config: cannot be read: Is a directory"});
}

TEST_CASE("a text without a configuration says so") {
  const auto mistake_of = [](std::string_view text) {
    const auto mistakes = described(load_text(text, "x.yaml", no_environment).mistakes);
    return mistakes.size() == 1 ? mistakes[0] : std::to_string(mistakes.size()) + " mistakes";
  };
  CHECK(mistake_of("") == "x.yaml: is empty; config/examples/mock.yaml shows what belongs here");
  CHECK(mistake_of("# nothing\n")
        == "x.yaml: is empty; config/examples/mock.yaml shows what belongs here");
  CHECK(mistake_of("- mode: mock\n")
        == "x.yaml:1: must be a map of sections such as mode, listeners, venues and pairs");
  CHECK(mistake_of("mode: mock\n") == "x.yaml:1: venues: is missing and has no default");
  CHECK(mistake_of(std::string{"mode: mock\nlog: \0\n", 18})
        == "x.yaml:2: a zero byte: this is not a text file");
  CHECK(mistake_of("mode: [mock\n").find("x.yaml:2: not valid YAML: ") == 0);
  CHECK(mistake_of("a: " + std::string(40, '[') + std::string(40, ']'))
        == "x.yaml:1: not valid YAML: nested deeper than 32 levels");
  std::string many;
  for (int i = 0; i < 10'001; ++i)
    many += "key" + std::to_string(i) + ": 1\n";
  CHECK(mistake_of(many) == "x.yaml:10001: not valid YAML: more than 10000 keys in one map");
  CHECK(mistake_of(std::string(5'000'000, '#')).find("5000000 bytes; a configuration has at most")
        != std::string::npos);
}

TEST_CASE("mangled files are refused or read, never worse") {
  std::ifstream file{every_key};
  const std::string good{std::istreambuf_iterator<char>{file}, {}};
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto cut = good.substr(0, i);
    accepted += load_text(cut, "cut", no_environment).mistakes.empty() ? 1U : 0U;
    auto changed = good;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 7)));
    accepted += load_text(changed, "changed", no_environment).mistakes.empty() ? 1U : 0U;
  }
  CHECK(accepted < good.size());
}
