/// Reads the part of the configuration that is about orders. Private to config/.
#pragma once

#include "config/trading.hpp"
#include "config/yaml/section.hpp"

namespace tandem::config {

[[nodiscard]] TradingConfig read_trading(yaml::Section section);
[[nodiscard]] KeyNames read_keys(yaml::Section section);

} // namespace tandem::config
