/// The L2 book of one instrument: sorted price and size arrays, best at the back, one pass per
/// frame that moves only what must move (the structure measured in
/// `docs/adr/0006-order-book-structure.md`). It knows prices and sizes; sequence numbers and trust
/// belong to the venue's book_sync.
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
  std::uint32_t changed = 0; ///< inserted or replaced
  std::uint32_t deleted = 0; ///< removed
  std::uint32_t deleted_unknown
      = 0; ///< deletes of prices that were not there (normal on most venues)
};

class OrderBook {
public:
  /// Reserves so that the steady state does not allocate.
  explicit OrderBook(Scale scale = {}, std::size_t levels_reserved = 1024);

  [[nodiscard]] Scale scale() const noexcept { return scale_; }

  /// Empties the book and sets its scale (a new snapshot, a finer tick).
  void reset(Scale scale);

  /// Re-expresses every level at a finer scale. @throws BrokenPromise when it would be coarser or
  /// overflow.
  void refine(Scale finer);

  /// Applies absolute levels to one side. Any order is right; of a price that occurs twice the last
  /// one counts. Frames sorted best-first or worst-first (as every venue sends them) are applied as
  /// they are, others are sorted first. Deleting an unknown price is normal and counted.
  /// @throws BrokenPromise on a negative quantity, before anything changed: the codec refuses
  /// those.
  ApplyStats apply(Side side, std::span<const Level> levels);

  [[nodiscard]] std::optional<Level> best(Side side) const noexcept {
    return depth(side) == 0 ? std::nullopt : std::optional{level(side, 0)};
  }

  [[nodiscard]] std::size_t depth(Side side) const noexcept { return ladder(side).keys.size(); }

  /// The n-th best level, 0 = best. @param n < depth(side).
  [[nodiscard]] Level level(Side side, std::size_t n) const noexcept {
    const auto& rows = ladder(side);
    const auto at = rows.keys.size() - 1 - n;
    return {{rows.keys[at] ^ flip(side)}, {rows.quantities[at]}};
  }

  /// Best bid at or above best ask. An empty side never crosses.
  [[nodiscard]] bool crossed() const noexcept {
    return depth(Side::bid) != 0 && depth(Side::ask) != 0
           && level(Side::bid, 0).price >= level(Side::ask, 0).price;
  }

  /// Drops the worst levels beyond `levels_max` a side. Returns how many.
  std::size_t trim(std::size_t levels_max);

private:
  /// Best at the back: most changes touch the back, so few elements move. A key is a price such
  /// that the better one is the greater one (see flip).
  struct Ladder {
    std::vector<std::int64_t> keys;
    std::vector<std::int64_t> quantities;

    void resize(std::size_t size) {
      keys.resize(size);
      quantities.resize(size);
    }
  };

  struct Entry {
    std::int64_t key = 0;
    std::int64_t quantity = 0;
    std::size_t order = 0; ///< position in the frame
  };

  /// A row that comes or goes, at its position before the frame.
  struct Move {
    std::size_t at = 0;
    std::int64_t key = 0;
    std::int64_t quantity = 0; ///< 0: the row goes

    [[nodiscard]] std::ptrdiff_t step() const noexcept { return quantity == 0 ? -1 : 1; }

    /// First row on the better side that this one is not.
    [[nodiscard]] std::size_t behind() const noexcept { return quantity == 0 ? at + 1 : at; }
  };

  /// key = price ^ flip: all bits of an ask turned, which reverses the order and cannot overflow.
  [[nodiscard]] static constexpr std::int64_t flip(Side side) noexcept {
    return side == Side::bid ? 0 : -1;
  }

  [[nodiscard]] const Ladder& ladder(Side side) const noexcept {
    return side == Side::bid ? bids_ : asks_;
  }

  void apply_best_first(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                        ApplyStats& stats);
  void apply_worst_first(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                         ApplyStats& stats);
  void apply_unsorted(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                      ApplyStats& stats);
  std::size_t apply_one(Ladder& rows, std::size_t end, std::int64_t key, std::int64_t quantity,
                        ApplyStats& stats);
  void perform_moves(Ladder& rows);

  Scale scale_;
  Ladder bids_;
  Ladder asks_;
  // Scratch of one apply(), kept so that the steady state does not allocate.
  std::vector<Entry> entries_;
  std::vector<Move> moves_;
};

} // namespace tandem::core::market
