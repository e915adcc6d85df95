/// Requests per second, account and endpoint, as Bybit counts them: the last second, rolling.
/// Source: "Rate Limit Rules", read 2026-07-24.
#pragma once

#include "apps/tandem_sim/exchange_types.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <tuple>

namespace tandem::sim {

enum class BybitOperation : std::uint8_t {
  create,
  cancel,
  amend,
  cancel_all,
  create_batch,
  amend_batch,
  cancel_batch,
  set_guard,
  realtime,
  history,
  executions,
  wallet,
  account_info,
  guard_info,
  positions,
  fee_rate,
  coins,
  set_leverage,
  switch_mode,
  key_info
};

[[nodiscard]] constexpr bool changes_orders(BybitOperation operation) noexcept {
  return operation <= BybitOperation::cancel_batch;
}

[[nodiscard]] constexpr bool is_batch(BybitOperation operation) noexcept {
  return operation >= BybitOperation::create_batch && operation <= BybitOperation::cancel_batch;
}

/// Of a newcomer, per second.
[[nodiscard]] constexpr std::int64_t bybit_limit(BybitOperation operation, bool spot) noexcept {
  switch (operation) {
  case BybitOperation::create:
  case BybitOperation::cancel:
  case BybitOperation::cancel_all:
  case BybitOperation::create_batch:
  case BybitOperation::amend_batch:
  case BybitOperation::cancel_batch:
    return spot ? 20 : 10;
  case BybitOperation::amend:
  case BybitOperation::set_leverage:
  case BybitOperation::switch_mode:
  case BybitOperation::key_info:
    return 10;
  case BybitOperation::realtime:
  case BybitOperation::history:
  case BybitOperation::executions:
  case BybitOperation::wallet:
  case BybitOperation::positions:
  case BybitOperation::account_info:
    return 50;
  case BybitOperation::set_guard:
  case BybitOperation::guard_info:
  case BybitOperation::fee_rate:
  case BybitOperation::coins:
    return 5;
  }
  return 0;
}

class BybitLimits {
public:
  struct Count {
    std::int64_t used = 0; ///< with the amount, if it was let through
    bool exceeded = false;
    core::UnixMillis resets_at = 0; ///< now, or when exceeded the end of the wait
  };

  /// Counts `amount` requests unless they would go beyond the limit.
  Count add(AccountId account, BybitOperation operation, SurfaceId surface, std::int64_t amount,
            std::int64_t limit, core::UnixMillis now) {
    constexpr core::UnixMillis second = 1'000;
    auto& times = times_[{account, operation, surface}];
    while (!times.empty() && times.front() <= now - second)
      times.pop_front();
    const auto used = static_cast<std::int64_t>(times.size());
    if (used + amount > limit)
      return {used, true, times.empty() ? now : times.front() + second};
    times.insert(times.end(), static_cast<std::size_t>(amount), now);
    return {used + amount, false, now};
  }

private:
  std::map<std::tuple<AccountId, BybitOperation, SurfaceId>, std::deque<core::UnixMillis>> times_;
};

} // namespace tandem::sim
