#include "apps/tandem_world/scenery.hpp"

#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_world/memory_net.hpp"
#include "config/load.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace tandem::world {
namespace {

using sim::SurfaceId;

struct Market {
  std::string_view venue, type;
  SurfaceId surface;
};

constexpr std::array markets{
    Market{"binance", "spot", SurfaceId::binance_spot},
    Market{"binance", "linear", SurfaceId::binance_linear},
    Market{"bybit", "spot", SurfaceId::bybit_spot},
    Market{"bybit", "linear", SurfaceId::bybit_linear},
};

struct Choices {
  std::vector<Market> used;
  std::vector<std::string_view> coins;
  std::size_t pairs = 2, plans = 1;
  std::string_view durability = "os", leg_order = "concurrent";
  bool by_socket = false;
  bool tight = false;
  std::string_view order_notional = "20000";
  bool poor = false;                 ///< its accounts are soon empty
  std::string more_limits, breakers; ///< further keys, ", name: value"
  std::int64_t events_per_second = 5;
};

std::string config_of(const Choices& choices, const std::string& state_dir, sim::Random& random) {
  std::string yaml = fmt::format(
      "mode: mock\n"
      "engine: {{name: world, state_dir: {}}}\n"
      "trading:\n"
      "  durability: {}\n"
      "  reconcile_interval: 2s\n"
      "  execution: {{gap: 100ms, leg_order: {}}}\n"
      "  limits: {{book_age_max: 1s, order_notional_max: \"{}\"{}{}}}\n"
      "  breakers: {{pair: {{failures_max: 3{}}}}}\n"
      "listeners: [{{surface: traders, address: \"127.0.0.1:7000\"}}]\n"
      "venues:\n",
      state_dir, choices.durability, choices.leg_order, choices.order_notional,
      choices.tight ? R"(, position_notional_max: "1500", gross_exposure_max: "4000", )"
                      R"(orders_per_second_max: 6)"
                    : "",
      choices.more_limits, choices.breakers);
  for (const std::string_view venue : {"binance", "bybit"}) {
    bool named = false;
    for (const auto& market : choices.used) {
      if (market.venue != venue)
        continue;
      if (!named)
        yaml += fmt::format("  {}:\n", venue);
      named = true;
      const auto host = address_of(market.surface);
      yaml += fmt::format("    {}:\n"
                          "      rest: http://{}\n"
                          "      websocket: ws://{}\n"
                          "      orders_by_socket: {}\n"
                          "      taker_fee: \"0.0002\"\n"
                          "      feed: {{clock_interval: {}, instruments_interval: 60s}}\n",
                          market.type, host, host, choices.by_socket, choices.tight ? "2s" : "10s");
    }
  }
  const auto any = [&random](std::size_t size) {
    return static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(size) - 1));
  };
  yaml += "pairs:\n";
  for (std::size_t n = 0; n < choices.pairs; ++n) {
    const auto& coin = choices.coins[n % choices.coins.size()];
    const auto first = any(choices.used.size());
    const auto second = (first + 1 + any(choices.used.size() - 1)) % choices.used.size();
    const auto& one = choices.used[first];
    const auto& other = choices.used[second];
    yaml += fmt::format("  - id: pair_{}\n"
                        "    leg1: {{exchange: {}, symbol: {}USDT, type: {}}}\n"
                        "    leg2: {{exchange: {}, symbol: {}USDT, type: {}}}\n"
                        "    threshold: \"0.01\"\n"
                        "    qty: \"{}\"\n"
                        "    options: {{leg1Fee: \"0.0002\", leg2Fee: \"0.0002\"}}\n",
                        n, one.venue, coin, one.type, other.venue, coin, other.type,
                        coin == "BTC" ? "0.01" : "0.1");
  }
  if (choices.plans > 0)
    yaml += "plans:\n";
  for (std::size_t n = 0; n < choices.plans; ++n) {
    const auto first = any(choices.used.size());
    const auto second = (first + 1) % choices.used.size();
    constexpr std::array<std::string_view, 3> types{"market", "limit", "pegged"};
    const auto leg = [&](const Market& market, std::string_view side) {
      return fmt::format("      - {{exchange: {}, symbol: ETHUSDT, marketType: {}, side: {}, "
                         "type: {}}}\n",
                         market.venue, market.type, side, types.at(any(types.size())));
    };
    yaml += fmt::format("  - id: plan_{}\n"
                        "    name: world\n"
                        "    totalQty: \"{}\"\n"
                        "    sliceQty: \"0.1\"\n"
                        "    intervalMs: {}\n"
                        "    legs:\n{}{}",
                        n, fmt::format("{}.{}", any(2) + 1, any(10)), 1'000 + 500 * any(3),
                        leg(choices.used[first], "buy"),
                        any(2) == 0 ? leg(choices.used[second], "sell") : std::string{});
  }
  return yaml;
}

/// Limits that a desk sets and a world reaches. Drawn for themselves.
void draw_limits(std::uint64_t seed, Choices& choices) {
  sim::Random random{sim::mix_seed(seed, "world limits")};
  const auto maybe = [&random](std::string& into, std::int64_t ppm, std::string_view key) {
    if (random.chance(ppm))
      into += fmt::format(", {}", key);
  };
  auto& limits = choices.more_limits;
  maybe(limits, 500'000, R"(venue_exposure_max: "2500")");
  maybe(limits, 300'000, R"(daily_notional_max: "40000")");
  maybe(limits, 300'000, R"(daily_loss_max: "0.3")");
  maybe(limits, 400'000, R"(order_quantity_max: "0.05")");
  maybe(limits, 300'000, "executions_max: 15");
  maybe(limits, 300'000, "open_orders_max: 3");
  maybe(limits, 200'000, R"(slippage_percent: "0.02")");
  auto& breakers = choices.breakers;
  maybe(breakers, 400'000, R"(loss_max: "0.05")");
  maybe(breakers, 300'000, R"(drawdown_max: "0.1")");
  maybe(breakers, 300'000, "stale_max: 3");
  maybe(breakers, 300'000, "orders_max: 30");
  maybe(breakers, 300'000, "cooldown: 2s");
  maybe(limits, 200'000, R"(outlier_percent: "0.02")");
  maybe(limits, 200'000, R"(price_band_percent: "0.01")");
  maybe(limits, 200'000, "clock_offset_max: 50ms");
  if (random.chance(200'000))
    choices.order_notional = "400";
  choices.poor = random.chance(200'000);
}

std::string scenario_of(const Choices& choices, std::uint64_t seed) {
  std::string symbols;
  for (const auto& coin : choices.coins)
    symbols += fmt::format("{}{}USDT", symbols.empty() ? "" : ", ", coin);
  const std::string_view money = choices.poor ? R"(USDT: "2500", BTC: "0.05", ETH: "1")"
                                              : R"(USDT: "2000000", BTC: "20", ETH: "400")";
  constexpr std::string_view fees = R"({maker: "0.0002", taker: "0.0002"})";
  return fmt::format(
      "seed: {}\n"
      "symbols: [{}]\n"
      "flow: {{events_per_second: {}, levels: 20, history_minutes: 2, excursion_gap: [500ms, 2s], "
      "excursion_length: [300ms, 2s], excursion_ppm: [900, 1800]}}\n"
      "accounts:\n"
      "  - {{name: desk-binance, venue: binance, keys: [{{key: mock-binance-key, secret: "
      "mock-binance-secret}}, {{key: withdraws, secret: withdraws, withdraw: true}}], deposits: "
      "{{spot: {{{}}}, linear: {{USDT: \"2000000\"}}}}, fees: "
      "{{spot: {}, linear: {}}}}}\n"
      "  - {{name: desk-bybit, venue: bybit, keys: [{{key: mock-bybit-key, secret: "
      "mock-bybit-secret}}, {{key: withdraws, secret: withdraws, withdraw: true}}], deposits: "
      "{{unified: {{{}}}}}, fees: {{spot: {}, linear: {}}}}}\n",
      seed, symbols, choices.events_per_second, money, fees, fees, money, fees, fees);
}

Scenery made_of(const Choices& choices, std::uint64_t seed, const std::string& state_dir,
                sim::Random& random) {
  Scenery scenery;
  const auto nothing = [](const std::string&) { return std::optional<std::string>{}; };
  const auto yaml = config_of(choices, state_dir, random);
  auto config = config::load_text(yaml, "world", nothing);
  if (!config.mistakes.empty())
    throw std::logic_error{config::describe(config.mistakes.front()) + "\n" + yaml};
  scenery.config = std::move(config.config);
  auto scenario = sim::parse_scenario(scenario_of(choices, seed), "world", ".", {}, nothing);
  if (!scenario.mistakes.empty())
    throw std::logic_error{sim::describe(scenario.mistakes.front())};
  scenery.scenario = std::move(scenario.scenario);
  scenery.tight = choices.tight;
  for (const auto& market : choices.used)
    scenery.surfaces.push_back(market.surface);
  return scenery;
}

} // namespace

Scenery draw_scenery(std::uint64_t seed, const std::string& state_dir) {
  sim::Random random{sim::mix_seed(seed, "world scenery")};
  Choices choices;
  // Two to four markets of at least two kinds; both venues more often than one.
  std::vector<Market> left{markets.begin(), markets.end()};
  const auto count = static_cast<std::size_t>(random.between(2, 4));
  while (choices.used.size() < count) {
    const auto at = random.between(0, static_cast<std::int64_t>(left.size()) - 1);
    choices.used.push_back(left[static_cast<std::size_t>(at)]);
    left.erase(left.begin() + at);
  }
  choices.coins = {"BTC", "ETH"};
  choices.pairs = static_cast<std::size_t>(random.between(1, 3));
  choices.plans = random.chance(500'000) ? 1 : 0;
  choices.durability = random.chance(400'000) ? "fsync" : "os";
  constexpr std::array<std::string_view, 3> orders{"concurrent", "leg1_first", "leg2_first"};
  choices.leg_order = random.chance(600'000)
                          ? orders[0]
                          : orders.at(static_cast<std::size_t>(random.between(0, 2)));
  choices.by_socket = random.chance(500'000);
  choices.tight = random.chance(250'000);
  if (choices.tight)
    draw_limits(seed, choices);
  return made_of(choices, seed, state_dir, random);
}

Scenery large_scenery(std::uint64_t seed, const std::string& state_dir, std::size_t pairs,
                      std::size_t plans) {
  sim::Random random{sim::mix_seed(seed, "world scenery")};
  Choices choices;
  choices.used = {markets.begin(), markets.end()};
  choices.coins = {"BTC", "ETH", "SOL", "XRP", "DOGE", "BNB"};
  choices.pairs = pairs;
  choices.plans = plans;
  choices.by_socket = true;
  return made_of(choices, seed, state_dir, random);
}

} // namespace tandem::world
