#include "config/read_trading.hpp"

#include <array>
#include <utility>

namespace tandem::config {
namespace {

using namespace std::chrono_literals;
using core::strategy::LegOrder;
using yaml::Choice;
using yaml::Section;

constexpr std::array<Choice<Durability>, 2> durabilities{
    {{"os", Durability::os}, {"fsync", Durability::fsync}}};
constexpr std::array<Choice<LegOrder>, 3> leg_orders{{{"concurrent", LegOrder::concurrent},
                                                      {"leg1_first", LegOrder::leg1_first},
                                                      {"leg2_first", LegOrder::leg2_first}}};

/// An amount or quantity above zero; absent = no limit.
void read_limit(Section& section, std::string_view key, std::optional<core::Decimal>& limit) {
  if (!section.has(key)) {
    section.allow(key);
    return;
  }
  limit = section.decimal(key, {});
  if (limit->is_zero() || limit->is_negative())
    section.refuse(key, "must be above 0; leave it out for no limit");
}

void read_limit(Section& section, std::string_view key, std::optional<core::Money>& limit) {
  std::optional<core::Decimal> value;
  read_limit(section, key, value);
  if (value)
    limit = core::to_money(*value);
}

core::Money read_money(Section& section, std::string_view key, core::Money fallback) {
  std::optional<core::Money> value;
  read_limit(section, key, value);
  return value.value_or(fallback);
}

core::Decimal read_percent(Section& section, std::string_view key, core::Decimal fallback) {
  auto value = section.decimal(key, fallback);
  if (value.is_negative() || value > core::Decimal{100, 0})
    section.refuse(key, "a percentage from 0 to 100");
  return value;
}

std::uint32_t read_count(Section& section, std::string_view key, std::uint32_t fallback,
                         std::size_t max) {
  return static_cast<std::uint32_t>(section.count(key, fallback, 0, max));
}

core::risk::GateLimits read_limits(Section section) {
  core::risk::GateLimits limits;
  limits.book_age_max = section.duration("book_age_max", limits.book_age_max, 10ms, 10min);
  limits.clock_offset_max
      = section.duration("clock_offset_max", limits.clock_offset_max, 10ms, 60s);
  limits.standstill_max = section.duration("standstill_max", limits.standstill_max, 500ms, 60s);
  limits.send_delay_max = section.duration("send_delay_max", limits.send_delay_max, 10ms, 60s);
  limits.outlier_percent = read_percent(section, "outlier_percent", limits.outlier_percent);
  limits.price_band_percent
      = read_percent(section, "price_band_percent", limits.price_band_percent);
  limits.slippage_percent = read_percent(section, "slippage_percent", limits.slippage_percent);
  limits.order_notional_max = read_money(section, "order_notional_max", limits.order_notional_max);
  read_limit(section, "order_quantity_max", limits.order_quantity_max);
  read_limit(section, "position_notional_max", limits.position_notional_max);
  read_limit(section, "venue_exposure_max", limits.venue_exposure_max);
  read_limit(section, "gross_exposure_max", limits.gross_exposure_max);
  read_limit(section, "daily_notional_max", limits.daily_notional_max);
  read_limit(section, "daily_loss_max", limits.daily_loss_max);
  limits.day_begins = std::chrono::duration_cast<std::chrono::minutes>(
      section.duration("day_begins", limits.day_begins, 0ms, 24h));
  limits.open_orders_max = section.count("open_orders_max", limits.open_orders_max, 1, 100'000);
  limits.orders_per_second_max
      = read_count(section, "orders_per_second_max", limits.orders_per_second_max, 10'000);
  limits.duplicate_window = section.duration("duplicate_window", limits.duplicate_window, 0ms, 60s);
  limits.executions_max = read_count(section, "executions_max", limits.executions_max, 1'000'000);
  limits.margin_leverage = section.decimal("margin_leverage", limits.margin_leverage);
  if (limits.margin_leverage < core::Decimal{1, 0})
    section.refuse("margin_leverage", "at least 1");
  section.finish();
  return limits;
}

core::strategy::ExecutorLimits read_execution(Section section) {
  core::strategy::ExecutorLimits limits;
  auto& legs = limits.legs;
  legs.order = section.choice("leg_order", legs.order, leg_orders);
  legs.slippage_percent = read_percent(section, "slippage_percent", legs.slippage_percent);
  legs.leg_timeout = section.duration("leg_timeout", legs.leg_timeout, 50ms, 10min);
  legs.max_leg_time = section.duration("max_leg_time", legs.max_leg_time, 10ms, 10min);
  legs.close_time = section.duration("close_time", legs.close_time, 100ms, 1h);
  legs.close_tries = read_count(section, "close_tries", legs.close_tries, 100);
  legs.close_guard_percent = read_percent(section, "close_guard_percent", legs.close_guard_percent);
  legs.max_leg_loss = read_money(section, "max_leg_loss", legs.max_leg_loss);
  limits.gap = section.duration("gap", limits.gap, 0ms, 24h);
  limits.refusal_gap = section.duration("refusal_gap", limits.refusal_gap, 10ms, 1h);
  limits.refusal_gap_max = section.duration("refusal_gap_max", limits.refusal_gap_max, 10ms, 24h);
  section.finish();
  return limits;
}

core::risk::BreakerLimits read_breaker(Section section) {
  core::risk::BreakerLimits limits;
  limits.failures_max = read_count(section, "failures_max", limits.failures_max, 1'000'000);
  limits.error_percent_max
      = read_count(section, "error_percent_max", limits.error_percent_max, 100);
  limits.error_samples_min
      = read_count(section, "error_samples_min", limits.error_samples_min, 1'000'000);
  limits.window = section.duration("window", limits.window, 1s, 24h);
  read_limit(section, "loss_max", limits.loss_max);
  read_limit(section, "drawdown_max", limits.drawdown_max);
  limits.latency_max = section.duration("latency_max", limits.latency_max, 1ms, 10min);
  limits.latency_count = read_count(section, "latency_count", limits.latency_count, 1'000'000);
  limits.stale_max = read_count(section, "stale_max", limits.stale_max, 1'000'000);
  limits.orders_max = read_count(section, "orders_max", limits.orders_max, 10'000'000);
  limits.differences_max
      = read_count(section, "differences_max", limits.differences_max, 1'000'000);
  limits.cooldown = section.duration("cooldown", limits.cooldown, 1s, 24h);
  limits.manual_reset = section.boolean("manual_reset", limits.manual_reset);
  limits.trial_successes = read_count(section, "trial_successes", limits.trial_successes, 1'000);
  section.finish();
  return limits;
}

BreakersConfig read_breakers(Section section) {
  BreakersConfig breakers;
  breakers.global = read_breaker(section.section("global"));
  breakers.venue = read_breaker(section.section("venue"));
  breakers.pair = read_breaker(section.section("pair"));
  section.finish();
  return breakers;
}

void read_paper_balances(Section& section, std::map<std::string, core::Money>& balances) {
  if (!section.has("paper_balances")) {
    section.allow("paper_balances");
    return;
  }
  balances.clear();
  for (auto& row : section.sections("paper_balances")) {
    row.require("asset");
    const auto asset = row.text("asset", {});
    row.require("amount");
    std::optional<core::Decimal> amount;
    read_limit(row, "amount", amount);
    if (balances.contains(asset))
      row.refuse("asset", "is there twice");
    balances[asset] = core::to_money(amount.value_or(core::Decimal{}));
    row.finish();
  }
}

} // namespace

TradingConfig read_trading(Section section) {
  TradingConfig trading;
  trading.enabled = section.boolean("enabled", trading.enabled);
  trading.engine_id = section.text("engine_id", trading.engine_id);
  if (!core::orders::parse_engine_id(trading.engine_id))
    section.refuse("engine_id", "exactly 4 lower-case letters or digits, such as tnd0");
  if (section.has("durability"))
    trading.durability = section.choice("durability", Durability::fsync, durabilities);
  else
    section.allow("durability");
  trading.journal_keep_days = static_cast<std::uint32_t>(
      section.count("journal_keep_days", trading.journal_keep_days, 2, 3'650));
  trading.limits = read_limits(section.section("limits"));
  trading.execution = read_execution(section.section("execution"));
  trading.breakers = read_breakers(section.section("breakers"));
  trading.reconcile_interval
      = section.duration("reconcile_interval", trading.reconcile_interval, 1s, 10min);
  trading.recv_window = section.duration("recv_window", trading.recv_window, 500ms, 60s);
  trading.reply_timeout = section.duration("reply_timeout", trading.reply_timeout, 500ms, 60s);
  trading.dead_man_window = section.duration("dead_man_window", trading.dead_man_window, 0s, 5min);
  trading.refuse_withdraw_keys
      = section.boolean("refuse_withdraw_keys", trading.refuse_withdraw_keys);
  read_paper_balances(section, trading.paper_balances);
  section.finish();
  return trading;
}

KeyNames read_keys(Section section) {
  KeyNames keys;
  section.require("api_key_env");
  keys.api_key_env = section.text("api_key_env", {});
  section.require("secret_env");
  keys.secret_env = section.text("secret_env", {});
  keys.passphrase_env = section.text("passphrase_env", {});
  section.finish();
  return keys;
}

} // namespace tandem::config
