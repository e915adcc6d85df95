/// What every kind of order gateway needs of a market before orders may leave.
#pragma once

#include "core/market/board.hpp"
#include "core/market/clock_offset.hpp"
#include "core/types/ids.hpp"

#include <chrono>
#include <string>

namespace tandem::actors {

/// Why not yet: the instrument list, the venue's clock. Empty = ready.
[[nodiscard]] inline std::string not_ready_because(const core::market::Board& board,
                                                   const core::MarketKey& market,
                                                   const core::Clocks& clocks,
                                                   std::chrono::milliseconds clock_offset_max) {
  if (!board.instruments(market))
    return "the instrument list is not there";
  const auto offset = board.clock_offset(market, clocks.mono(), clocks.wall());
  if (!offset)
    return "the venue's clock was not measured yet";
  if (core::market::beyond(offset, clock_offset_max))
    return "the clocks differ by " + std::to_string(offset->count()) + " ms";
  return {};
}

} // namespace tandem::actors
