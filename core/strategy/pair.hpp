/// What a pair is: two legs, a size and a threshold, as the operator gives it. Texts and JSON are
/// config/'s and the interface's business.
#pragma once

#include "core/result.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/decimal.hpp"
#include "core/types/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::strategy {

/// Which way a pair may trade. The wire names are "auto", "leg1_buy_leg2_sell",
/// "leg1_sell_leg2_buy".
enum class DirectionRule : std::uint8_t { automatic, leg1_buy_leg2_sell, leg1_sell_leg2_buy };

/// One way round: what an opportunity has.
enum class Direction : std::uint8_t { leg1_buy_leg2_sell, leg1_sell_leg2_buy };

[[nodiscard]] std::string_view to_string(DirectionRule rule) noexcept;
[[nodiscard]] std::string_view to_string(Direction direction) noexcept;
[[nodiscard]] Result<DirectionRule> parse_direction_rule(std::string_view text);

/// active: may trade once execution is switched on; read_only: watched and published only
/// ("shadow").
enum class PairMode : std::uint8_t { active, read_only };

[[nodiscard]] std::string_view to_string(PairMode mode) noexcept;
[[nodiscard]] Result<PairMode> parse_pair_mode(std::string_view text);

struct PairOptions {
  /// Taker fees of the legs; absent = the venue's configured taker fee.
  std::optional<FeeRate> leg1_fee, leg2_fee;
  /// A leg whose book received nothing for longer is not traded on, by the local receive time; nor
  /// one whose venue stamp is older than the other leg's by more than this.
  std::chrono::milliseconds book_age_max{5'000};
  /// An open opportunity is published again when its net spread moved by at least this many percent
  /// points.
  Decimal change_percent{1, 2};
  /// Levels of each book looked at, 1..50.
  std::size_t levels = 50;

  friend bool operator==(const PairOptions&, const PairOptions&) = default;
};

struct PairConfig {
  PairId id;
  InstrumentKey leg1, leg2;
  Decimal threshold;    ///< percent of the buy notional, net of fees; 0.1 = 0.1 %
  Decimal quantity;     ///< base units per execution
  Decimal total_amount; ///< cap of the pair's cumulative quote notional; 0 = none
  DirectionRule direction = DirectionRule::automatic;
  bool enabled = true;
  PairMode mode = PairMode::active;
  PairOptions options;

  friend bool operator==(const PairConfig&, const PairConfig&) = default;
};

/// One broken rule; `field` is the wire name ("leg2.symbol", "threshold", "options.bookAgeMaxMs").
struct PairProblem {
  std::string field;
  std::string message;
};

/// Rules that need no venue: positive sizes, legs differ, id not empty and of [A-Za-z0-9_-]{1,64}.
/// All problems at once.
[[nodiscard]] std::vector<PairProblem> check_pair(const PairConfig& pair);

/// "bybit_binance_btc": made from the legs; not unique by itself. @param base the base asset, e.g.
/// "BTC" (may be the symbol).
[[nodiscard]] PairId derive_pair_id(const InstrumentKey& leg1, const InstrumentKey& leg2,
                                    std::string_view base);

} // namespace tandem::core::strategy
