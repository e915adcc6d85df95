/// What another configuration would change in a running engine: what is taken over at once, and
/// what waits for a restart. Pure.
#pragma once

#include "config/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

struct Difference {
  std::vector<std::string> changes;      ///< "pairs.btc: changed"; taken over while it runs
  std::vector<std::string> need_restart; ///< "venues: changed"; only a new start reads it

  [[nodiscard]] bool empty() const noexcept { return changes.empty() && need_restart.empty(); }
};

/// A configuration with the text that it was read from; the text is known to be good.
struct ReadConfig {
  Config config;
  std::string yaml;
};

[[nodiscard]] Difference difference(const ReadConfig& running, const ReadConfig& wanted);

} // namespace tandem::config
