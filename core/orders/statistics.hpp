/// Counts what became of orders, by market: for metrics.
#pragma once

#include "core/orders/desk.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace tandem::core::orders {

/// Since the start of the process. Thread safe.
class Statistics {
public:
  /// Upper bounds, ms; what took longer is counted in the last bucket, which has none.
  static constexpr std::array<std::int64_t, 12> bounds_ms{1,   2,   5,   10,    20,    50,
                                                          100, 200, 500, 1'000, 2'000, 5'000};

  struct Market {
    std::map<OrderState, std::uint64_t> reached; ///< how often an order came into this state
    std::uint64_t fills = 0;
    std::array<std::uint64_t, bounds_ms.size() + 1> latency{}; ///< from the intent to its end
    std::int64_t latency_sum_ms = 0;
  };

  /// @param now Unix ms.
  void on_update(const OrderUpdate& update, UnixMillis now);

  [[nodiscard]] std::map<MarketKey, Market> markets() const;

private:
  mutable std::mutex mutex_;
  std::map<MarketKey, Market> markets_;
};

} // namespace tandem::core::orders
