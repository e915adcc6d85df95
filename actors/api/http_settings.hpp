/// Routes of the venues' API keys: which are there, give, test. No answer holds a key.
#pragma once

#include "actors/api/http_ask.hpp"

#include <string>
#include <vector>

namespace tandem::actors {

/// False: it is none of them.
[[nodiscard]] bool route_settings(const HttpSelf& self, const std::vector<std::string>& parts,
                                  const HttpCall& call);

} // namespace tandem::actors
