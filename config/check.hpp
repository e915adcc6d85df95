/// Rules that span keys: a pair's legs are configured markets, listeners do not collide, a mode allows these endpoints.
#pragma once

#include "config/load.hpp"

#include <vector>

namespace tandem::config {

/// A broken rule; load turns the key into a line.
struct Violation {
  std::string key;
  std::string message;
};

[[nodiscard]] std::vector<Violation> check(const Config& config);

} // namespace tandem::config
