/// Rules that span keys: a pair's legs are configured markets, listeners do not collide, a mode
/// allows these endpoints.
#pragma once

#include "config/load.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

/// The venues this engine speaks to. A new one is a folder in adapters/venues, a line there and a
/// line here.
inline constexpr std::array<std::string_view, 2> known_venues{"binance", "bybit"};

/// A broken rule; load turns the key into a line.
struct Violation {
  std::string key;
  std::string message;
};

/// All of them.
[[nodiscard]] std::vector<Violation> check(const Config& config);

/// Only those that hang on the mode: pointless while the mode itself is in doubt.
[[nodiscard]] std::vector<Violation> check_mode(const Config& config);

/// Only those that hold in every mode.
[[nodiscard]] std::vector<Violation> check_structure(const Config& config);

} // namespace tandem::config
