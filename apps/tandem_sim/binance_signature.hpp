/// How Binance's keys sign. Source: developers.binance.com, Spot "REST API: Request security" and
/// "WebSocket API: Request security".
#pragma once

#include "apps/tandem_sim/exchange_types.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

using BinanceParams = std::vector<std::pair<std::string, std::string>>; ///< decoded, as sent

/// Lower-case hexadecimal, 64 digits.
[[nodiscard]] std::string binance_hmac(std::string_view secret, std::string_view payload);

/// Whether `signature` is the key's over `payload`: hexadecimal in any case for a secret, base64 of
/// 64 bytes for an Ed25519 key.
[[nodiscard]] bool signature_right(const ApiKey& key, std::string_view payload,
                                   std::string_view signature);

/// "%2B" to "+", "+" to a blank. Nullopt when a percent sign is not followed by two digits.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/// Appends the parameters of a query or a form body; a name that is already there keeps its value.
/// False when something does not decode.
bool add_params(BinanceParams& params, std::string_view form);

/// Query and body without their signature, joined as they are signed.
[[nodiscard]] std::string rest_payload(std::string_view query, std::string_view body);

/// WebSocket API: all but the signature, sorted by name, joined by '&', not encoded.
[[nodiscard]] std::string socket_payload(BinanceParams params);

} // namespace tandem::sim
