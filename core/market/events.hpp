/// Market data other than books, as every venue means it. Values own their text; times are the
/// venue's.
#pragma once

#include "core/types/decimal.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tandem::core::market {

enum class TakerSide : std::uint8_t { buy, sell };

struct Trade {
  std::string trade_id;
  Decimal price;
  Decimal quantity; ///< base units
  TakerSide taker = TakerSide::buy;
  UnixMillis venue_time = 0;
};

struct Kline {
  std::string interval; ///< as the venue names it: "1m", "1", "D"
  UnixMillis open_time = 0;
  UnixMillis close_time = 0;
  Decimal open, high, low, close;
  Decimal volume;               ///< base units
  Decimal quote_volume;         ///< quote units
  std::int64_t trade_count = 0; ///< 0 where the venue sends none
  bool closed = false;          ///< final; an open bar is replaced by the next one
};

/// Absent fields were not sent (Bybit linear deltas: unchanged).
struct Ticker {
  std::optional<Decimal> last, best_bid, best_bid_size, best_ask, best_ask_size;
  std::optional<Decimal> volume, quote_volume, high, low, change_percent;
  std::optional<Decimal> mark_price, index_price, funding_rate;
  UnixMillis venue_time = 0;
};

} // namespace tandem::core::market
