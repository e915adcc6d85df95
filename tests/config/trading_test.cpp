// What an operator says about orders: every key is read, and every wrong value is refused at its
// line and key (promise P17). Money limits that are wrong must never become no limit.
#include "config/load.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::config;
using namespace std::chrono_literals;

namespace {

const std::string base = R"(mode: prod
venues:
  binance:
    keys: {api_key_env: KEY, secret_env: SECRET}
    spot:
      rest: https://api.binance.com
      websocket: wss://stream.binance.com:9443
      private_websocket: wss://ws-api.binance.com:443
      order_websocket: wss://ws-api.binance.com:443
      orders_by_socket: true
      tradable: [BTCUSDT]
    linear:
      rest: https://fapi.binance.com
      websocket: wss://fstream.binance.com
pairs:
  - id: basis
    leg1: {exchange: binance, symbol: BTCUSDT, type: spot}
    leg2: {exchange: binance, symbol: BTCUSDT, type: linear}
    threshold: "0.1"
    qty: "0.01"
trading:
  enabled: true
  engine_id: prd0
  durability: os
  reconcile_interval: 30s
  recv_window: 3s
  reply_timeout: 4s
  dead_man_window: 90s
  journal_keep_days: 30
  refuse_withdraw_keys: false
  paper_balances:
    - {asset: BTC, amount: "1.5"}
  limits:
    book_age_max: 900ms
    clock_offset_max: 400ms
    standstill_max: 5s
    send_delay_max: 250ms
    outlier_percent: "3"
    price_band_percent: "2"
    slippage_percent: "0.2"
    order_notional_max: "2000"
    order_quantity_max: "1"
    position_notional_max: "10000"
    venue_exposure_max: "20000"
    gross_exposure_max: "40000"
    daily_notional_max: "200000"
    daily_loss_max: "200"
    day_begins: 8h
    open_orders_max: 20
    orders_per_second_max: 7
    duplicate_window: 60ms
    executions_max: 50
    margin_leverage: "2"
  execution:
    leg_order: leg1_first
    slippage_percent: "0.05"
    leg_timeout: 3s
    max_leg_time: 2s
    close_time: 20s
    close_tries: 4
    close_guard_percent: "1"
    max_leg_loss: "20"
    gap: 2s
    refusal_gap: 700ms
    refusal_gap_max: 10s
  breakers:
    pair:
      failures_max: 5
      error_percent_max: 40
      error_samples_min: 12
      window: 2m
      loss_max: "30"
      drawdown_max: "60"
      latency_max: 1500ms
      latency_count: 6
      stale_max: 40
      orders_max: 500
      differences_max: 2
      cooldown: 45s
      manual_reset: true
      trial_successes: 3
)";

LoadResult load(const std::string& text) {
  return load_text(text, "f", [](const std::string&) { return std::nullopt; });
}

std::string all_of(const LoadResult& loaded) {
  std::string all;
  for (const auto& mistake : loaded.mistakes)
    all += describe(mistake) + "\n";
  return all;
}

} // namespace

TEST_CASE("every key about orders is read") {
  const auto loaded = load(base);
  INFO(all_of(loaded));
  REQUIRE(loaded.mistakes.empty());
  const auto& trading = loaded.config.trading;
  CHECK(trading.engine_id == "prd0");
  CHECK(trading.durability == Durability::os);
  CHECK(trading.journal_keep_days == 30);
  CHECK(trading.recv_window == 3s);
  CHECK_FALSE(trading.refuse_withdraw_keys);
  CHECK(trading.paper_balances
        == std::map<std::string, core::Money>{{"BTC", core::parse_money("1.5").value()}});
  CHECK(core::to_string(*trading.limits.daily_loss_max) == "200");
  CHECK(trading.limits.orders_per_second_max == 7);
  CHECK(trading.execution.legs.order == core::strategy::LegOrder::leg1_first);
  CHECK(core::to_string(trading.execution.legs.max_leg_loss) == "20");
  CHECK(trading.execution.gap == 2s);
  CHECK(trading.breakers.pair.manual_reset);
  CHECK(trading.breakers.pair.trial_successes == 3);
  CHECK(trading.breakers.venue.trial_successes == 1); // untouched
  REQUIRE(loaded.config.venues[0].keys);
  CHECK(loaded.config.venues[0].keys->secret_env == "SECRET");
  CHECK(loaded.config.venues[0].markets[0].orders_by_socket);
}

TEST_CASE("without a word about orders the limits are the documented ones") {
  const auto loaded = load(base.substr(0, base.find("trading:")));
  REQUIRE(loaded.mistakes.empty());
  const auto& trading = loaded.config.trading;
  CHECK(trading.enabled);
  CHECK_FALSE(trading.durability); // fsync in prod, os elsewhere
  CHECK(trading.refuse_withdraw_keys);
  CHECK(trading.recv_window == 2s);
  CHECK(trading.breakers.pair.failures_max == 3);
}

TEST_CASE("a wrong value about orders is refused at its line and key, and named once") {
  struct Wrong {
    std::string find, replace, key;
  };

  std::vector<Wrong> cases{
      {"engine_id: prd0", "engine_id: PRD0", "trading.engine_id"},
      {"engine_id: prd0", "engine_id: prd01", "trading.engine_id"},
      {"durability: os", "durability: maybe", "trading.durability"},
      {"enabled: true\n  engine", "enabled: perhaps\n  engine", "trading.enabled"},
      {"recv_window: 3s", "recv_window: 61s", "trading.recv_window"},
      {"recv_window: 3s", "recv_window: 3", "trading.recv_window"},
      {"reply_timeout: 4s", "reply_timeout: 1ms", "trading.reply_timeout"},
      {"journal_keep_days: 30", "journal_keep_days: 1", "trading.journal_keep_days"},
      {"dead_man_window: 90s", "dead_man_window: 1h", "trading.dead_man_window"},
      {"amount: \"1.5\"", "amount: \"0\"", "trading.paper_balances[0].amount"},
      {"asset: BTC, amount", "asset: BTC, much: \"1\", amount", "trading.paper_balances[0].much"},
      {"reconcile_interval: 30s", "reconcile_interval: 0s", "trading.reconcile_interval"},
      {"leg_order: leg1_first", "leg_order: leg3_first", "trading.execution.leg_order"},
      {"day_begins: 8h", "day_begins: 25h", "trading.limits.day_begins"},
      {"margin_leverage: \"2\"", "margin_leverage: \"0.5\"", "trading.limits.margin_leverage"},
      {"open_orders_max: 20", "open_orders_max: 0", "trading.limits.open_orders_max"},
      {"close_tries: 4", "close_tries: 101", "trading.execution.close_tries"},
      {"manual_reset: true", "manual_reset: 2", "trading.breakers.pair.manual_reset"},
      {"cooldown: 45s", "cooldown: 1ms", "trading.breakers.pair.cooldown"},
      {"  breakers:", "  brakes: {}\n  breakers:", "trading.brakes"},
      {"    pair:\n", "    couple: {}\n    pair:\n", "trading.breakers.couple"},
      {"secret_env: SECRET", "secret: SECRET", "venues.binance.keys.secret"},
      {"wss://ws-api.binance.com:443\n      order", "ws://ws-api.binance.com\n      order",
       "venues.binance.spot.private_websocket"},
      {"tradable: [BTCUSDT]", "tradable: [btc usdt]", "venues.binance.spot.tradable[0]"},
  };
  const std::vector<std::string> money{
      "order_notional_max: \"2000\"",     "order_quantity_max: \"1\"",
      "position_notional_max: \"10000\"", "venue_exposure_max: \"20000\"",
      "gross_exposure_max: \"40000\"",    "daily_notional_max: \"200000\"",
      "daily_loss_max: \"200\""};
  for (const auto& written : money)
    for (const auto* value : {"\"-1\"", "\"0\"", "lots", "[1]", "\"1e400\""}) {
      const auto name = written.substr(0, written.find(':'));
      cases.push_back({written, fmt::format("{}: {}", name, value), "trading.limits." + name});
    }
  for (const auto* written :
       {"outlier_percent: \"3\"", "price_band_percent: \"2\"", "slippage_percent: \"0.2\""})
    for (const auto* value : {"\"-0.1\"", "\"100.1\"", "much"}) {
      const std::string text{written};
      const auto name = text.substr(0, text.find(':'));
      cases.push_back({text, fmt::format("{}: {}", name, value), "trading.limits." + name});
    }
  std::size_t refused = 0;
  for (const auto& wrong : cases) {
    auto text = base;
    const auto at = text.find(wrong.find);
    REQUIRE(at != std::string::npos);
    text.replace(at, wrong.find.size(), wrong.replace);
    const auto loaded = load(text);
    INFO("'" << wrong.find << "' -> '" << wrong.replace << "' says:\n" << all_of(loaded));
    REQUIRE_FALSE(loaded.mistakes.empty());
    const bool named
        = std::any_of(loaded.mistakes.begin(), loaded.mistakes.end(), [&](const auto& mistake) {
            return mistake.key == wrong.key && mistake.line > 0;
          });
    CHECK(named);
    ++refused;
  }
  MESSAGE(refused, " wrong values about orders: all refused");
  CHECK(refused >= 60);
}

TEST_CASE("mode mock takes no real keys") {
  std::string text{"mode: mock\nvenues:\n  binance:\n    keys: {api_key_env: A, secret_env: B}\n"
                   "    spot: {rest: \"http://127.0.0.1:1\", websocket: \"ws://127.0.0.1:1\"}\n"};
  const auto loaded = load(text);
  REQUIRE(loaded.mistakes.size() == 1);
  CHECK(loaded.mistakes[0].key == "venues.binance.keys");
  CHECK(loaded.mistakes[0].line == 4);
}
