/// Which way a price takes to the clients when a broker may stand between, and which of those that
/// come back are still news: each once, and never an older one after a newer. Pure.
#pragma once

#include "core/klines/interval.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace tandem::core::klines {

class Relay {
public:
  enum class Way : std::uint8_t { direct, broker };

  void on_broker(bool ready) noexcept { way_ = ready ? Way::broker : Way::direct; }

  [[nodiscard]] Way way() const noexcept { return way_; }

  /// The time that the next frame of this symbol and interval is named by: later than the one
  /// before, though the clock may not be.
  [[nodiscard]] UnixMillis stamp(const Symbol& symbol, const Interval& interval, UnixMillis now);

  /// True once for a stamp, and not for one that is older than what the clients have.
  [[nodiscard]] bool is_news(const Symbol& symbol, const Interval& interval, UnixMillis stamp);

  /// Symbols and intervals that are kept in mind; of further ones everything is news.
  static constexpr std::size_t lines_max = 50'000;

private:
  struct Line {
    UnixMillis given = 0;
    UnixMillis heard = 0;
  };

  /// Null: no room.
  Line* line(const Symbol& symbol, const Interval& interval);

  Way way_ = Way::direct;
  std::map<std::pair<Symbol, std::int64_t>, Line> lines_; ///< by symbol and interval in ms
};

} // namespace tandem::core::klines
