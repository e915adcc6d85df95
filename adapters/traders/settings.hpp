/// The bodies of /api/settings/api. No error quotes a value of theirs.
#pragma once

#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::traders {

struct ApiKey {
  std::string api_key, secret, passphrase;
};

struct ApiKeyChange {
  core::VenueId venue;
  std::optional<ApiKey> key; ///< absent: remove it
};

/// {"binance":{"apiKey":"...","secret":"...","passphrase":"..."},"bybit":null}: passphrase may be
/// left out; null removes. Errors: validation_error with the field ("binance.secret").
[[nodiscard]] core::Result<std::vector<ApiKeyChange>> parse_api_keys(std::string_view body);

/// {"exchange":"binance"}. Errors: validation_error with the field.
[[nodiscard]] core::Result<core::VenueId> parse_key_test(std::string_view body);

} // namespace tandem::adapters::traders
