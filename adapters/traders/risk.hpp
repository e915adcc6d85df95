/// Risk as the traders' surface shows it: refusals with rule and numbers, exposure, breakers, kill
/// switches, accounts; and the bodies that steer them. Values in, text out.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/result.hpp"
#include "core/risk/breaker.hpp"
#include "core/risk/gate.hpp"
#include "core/risk/kill.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::traders {

/// {"success":false,"error":{"code":"RISK_REJECTED","message","details":{rule,value,limit}}}; a
/// rule about balances is INSUFFICIENT_FUNDS, one about markets EXCHANGE_UNAVAILABLE. @param
/// language the request's Accept-Language: 繁體中文 for zh, else English.
[[nodiscard]] std::string refusal(const core::risk::Refusal& refusal, std::string_view language,
                                  std::string_view mode);
/// Its public code.
[[nodiscard]] core::Errc code_of(const core::risk::Refusal& refusal) noexcept;

/// {positions:[{exchange,type,symbol,qty,inFlightBuy,inFlightSell,cost,realised,fees}],
/// dayNotional, dayRealised, openOrders, unknownOrders}
void write_exposure(JsonWriter& out, const core::risk::ExposureView& exposure);

/// {name, state, cause, detail, trips, since}
void write_breaker(JsonWriter& out, std::string_view name, const core::risk::Breaker::Saved& saved);

/// {level, scope, person, reason, ts}
void write_kill(JsonWriter& out, const core::risk::KillOrder& order);

/// {"level":"all|venue|strategy","scope":"...","reason":"..."}: `level` may be left
/// out (all); venue and strategy need a scope. Errors: validation_error with the field.
[[nodiscard]] core::Result<core::risk::KillOrder> parse_kill(std::string_view body);

} // namespace tandem::adapters::traders
