/// One generated order book: absolute sizes per price, both sides sorted with the best at the back.
/// Small on purpose; the engine's own book is not used, so that the two can disagree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tandem::sim {

struct Level {
  std::int64_t price = 0;
  std::int64_t quantity = 0;

  friend bool operator==(const Level&, const Level&) = default;
};

enum class Side : std::uint8_t { bid, ask };

class Book {
public:
  /// @param quantity 0 removes the level.
  void set(Side side, std::int64_t price, std::int64_t quantity);
  /// 0 when there is no such level.
  [[nodiscard]] std::int64_t at(Side side, std::int64_t price) const noexcept;

  [[nodiscard]] const std::vector<Level>& levels(Side side) const noexcept {
    return side == Side::bid ? bids_ : asks_;
  }

  [[nodiscard]] std::size_t size(Side side) const noexcept { return levels(side).size(); }

  [[nodiscard]] bool empty(Side side) const noexcept { return levels(side).empty(); }

  /// The n-th best. @param n below size(side).
  [[nodiscard]] const Level& nth(Side side, std::size_t n) const noexcept {
    const auto& all = levels(side);
    return all[all.size() - 1 - n];
  }

  [[nodiscard]] const Level& best(Side side) const noexcept { return levels(side).back(); }

  /// Up to `count` levels, best first.
  [[nodiscard]] std::vector<Level> top(Side side, std::size_t count) const;

private:
  std::vector<Level> bids_; ///< ascending
  std::vector<Level> asks_; ///< descending
};

} // namespace tandem::sim
