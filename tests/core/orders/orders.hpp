/// Orders and evidence for the tests of this folder.
#pragma once

#include "core/orders/order.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace tandem::tests {

inline constexpr core::Scale order_scale{2, 3};

inline core::MonoTime at(std::chrono::milliseconds since_start) {
  return core::MonoTime{std::chrono::hours{1}} + since_start;
}

/// A buy of 1.000 at 100.00 unless said otherwise.
inline core::orders::OrderIntent intent(std::int64_t quantity = 1'000,
                                        core::orders::TimeInForce tif
                                        = core::orders::TimeInForce::ioc) {
  core::orders::OrderIntent result;
  result.id = core::orders::make_client_id({core::orders::EngineId{"test"}, 1, 1});
  result.draft.instrument
      = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  result.draft.tif = tif;
  result.draft.scale = order_scale;
  result.draft.price = {100'00};
  result.draft.quantity = {quantity};
  return result;
}

inline core::orders::Fill fill(std::string trade_id, std::int64_t quantity,
                               std::int64_t price = 100'00) {
  core::orders::Fill result;
  result.trade_id = std::move(trade_id);
  result.price = {price};
  result.quantity = {quantity};
  result.fee_asset = "USDT";
  return result;
}

inline core::orders::VenueReport report(core::orders::VenueStatus status,
                                        std::optional<std::int64_t> cumulative = std::nullopt,
                                        std::string reason = {}) {
  core::orders::VenueReport result;
  result.venue_order_id = "v1";
  result.status = status;
  if (cumulative)
    result.cumulative = core::Quantity{*cumulative};
  result.reason = std::move(reason);
  return result;
}

} // namespace tandem::tests
