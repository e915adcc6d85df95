/// What an operator can say about orders: part of the schema, with units, ranges and defaults.
#pragma once

#include "core/orders/client_id.hpp"
#include "core/risk/breaker.hpp"
#include "core/risk/gate.hpp"
#include "core/strategy/executor.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tandem::config {

/// When an order's intent counts as written. os: handed to the operating system, survives the death
/// of the process; fsync: on the disk, survives a power loss.
enum class Durability : std::uint8_t { os, fsync };

struct BreakersConfig {
  core::risk::BreakerLimits global, venue, pair;
};

struct TradingConfig {
  bool enabled = true; ///< false: watches only, whatever keys there are
  /// Tells this engine's orders from those of all others on the same accounts: 4 of [a-z0-9].
  std::string engine_id = "tnd0";
  std::optional<Durability> durability; ///< absent: fsync in prod, os elsewhere
  /// 2..3650: journal files with nothing younger in them are folded together.
  std::uint32_t journal_keep_days = 7;
  core::risk::GateLimits limits;
  core::strategy::ExecutorLimits execution;
  BreakersConfig breakers;
  std::chrono::milliseconds reconcile_interval{20'000}; ///< 1s..10m between account comparisons
  std::chrono::milliseconds recv_window{2'000};         ///< 500ms..60s
  std::chrono::milliseconds reply_timeout{5'000};       ///< 500ms..60s, then the outcome is unknown
  /// 0s..5m: the venue cancels our resting orders when it heard nothing for so long; 0s = not
  /// armed.
  std::chrono::milliseconds dead_man_window{60'000};
  bool refuse_withdraw_keys = true; ///< false: a key that may withdraw only warns
  /// Mode dev: what every market's account on paper begins with, by asset.
  std::map<std::string, core::Money> paper_balances{
      {"USDT", core::to_money(core::Decimal{100'000, 0})}};
};

/// Where the keys of a venue are: names of environment variables, never values.
struct KeyNames {
  std::string api_key_env, secret_env;
  std::string passphrase_env; ///< empty where the venue wants none
};

} // namespace tandem::config
