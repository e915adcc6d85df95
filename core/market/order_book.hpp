/// The L2 book of one instrument: sorted price and size arrays, best at the back, one merge per sorted frame
/// (the structure measured in `docs/adr/0006-order-book-structure.md`). It knows prices and sizes; sequence numbers and trust belong
/// to the venue's book_sync.
#pragma once

#include "core/types/price.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tandem::core::market {

enum class Side : std::uint8_t { bid, ask };

struct Level {
  Price price;
  Quantity quantity; ///< absolute; 0 deletes

  friend bool operator==(const Level&, const Level&) = default;
};

/// What one frame did, for counters and the protocol laboratory.
struct ApplyStats {
  std::uint32_t changed = 0;         ///< inserted or replaced
  std::uint32_t deleted = 0;         ///< removed
  std::uint32_t deleted_unknown = 0; ///< deletes of prices that were not there (normal on most venues)
};

class OrderBook {
public:
  /// Reserves so that the steady state does not allocate.
  explicit OrderBook(Scale scale = {}, std::size_t levels_reserved = 1024);

  [[nodiscard]] Scale scale() const noexcept { return scale_; }

  /// Empties the book and sets its scale (a new snapshot, a finer tick).
  void reset(Scale scale);

  /// Re-expresses every level at a finer scale. @throws BrokenPromise when it would be coarser or overflow.
  void refine(Scale finer);

  /// Applies absolute levels to one side. Any order is right; frames sorted best-first (as every venue sends
  /// them) or worst-first take the merge path, others fall back to binary search per level.
  ApplyStats apply(Side side, std::span<const Level> levels);

  [[nodiscard]] std::optional<Level> best(Side side) const noexcept;

  [[nodiscard]] std::size_t depth(Side side) const noexcept;

  /// The n-th best level, 0 = best. @param n < depth(side).
  [[nodiscard]] Level level(Side side, std::size_t n) const noexcept;

  /// Best bid at or above best ask. An empty side never crosses.
  [[nodiscard]] bool crossed() const noexcept;

  /// Drops the worst levels beyond `levels_max` a side. Returns how many.
  std::size_t trim(std::size_t levels_max);

private:
  struct Ladder {
    // Best at the back: most changes touch the back, so few elements move.
    std::vector<std::int64_t> prices;
    std::vector<std::int64_t> quantities;
  };

  // ... private helpers in order_book.cpp
  Scale scale_;
  Ladder bids_;
  Ladder asks_;
  Ladder merged_; // scratch of the merge path
};

} // namespace tandem::core::market
