/// What fills came to, apart from the orders that made them: what the gate hands over when old
/// orders are folded together, and takes back after a restart.
#pragma once

#include "core/orders/position.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::core::risk {

/// As orders::Position, of one instrument or (a strategy's own) of one base asset.
struct PositionSum {
  Money quantity, cost, realised;
  orders::FeeTotals fees;

  friend bool operator==(const PositionSum&, const PositionSum&) = default;
};

struct InstrumentSum {
  InstrumentKey instrument;
  PositionSum position;

  friend bool operator==(const InstrumentSum&, const InstrumentSum&) = default;
};

/// Of one pair or plan; manual orders stand under the empty name.
struct StrategySum {
  struct Holding {
    InstrumentKey instrument;
    Money quantity; ///< its own part of the position
    Money traded;   ///< base units of all its fills, bought or sold

    friend bool operator==(const Holding&, const Holding&) = default;
  };

  struct Base {
    std::string base;
    PositionSum position; ///< over all venues

    friend bool operator==(const Base&, const Base&) = default;
  };

  std::string strategy;
  Money opened;                     ///< quote units of its fills that closed nothing
  std::uint64_t executions = 0;     ///< automated ones
  std::uint64_t last_execution = 0; ///< the highest number among them
  std::vector<Holding> holdings;    ///< by instrument
  std::vector<Base> bases;          ///< by base asset

  friend bool operator==(const StrategySum&, const StrategySum&) = default;
};

struct Sums {
  std::vector<InstrumentSum> instruments; ///< by instrument
  std::vector<StrategySum> strategies;    ///< by name

  friend bool operator==(const Sums&, const Sums&) = default;
};

} // namespace tandem::core::risk
