/// The routes of TWAP plans: what the HTTP actor does with /api/twap. Private to actors/api.
#pragma once

#include "actors/api/http_ask.hpp"

#include <string>
#include <vector>

namespace tandem::actors {

/// False: none of these routes.
[[nodiscard]] bool route_plans(const HttpSelf& self, const std::vector<std::string>& parts,
                               const HttpCall& call);

} // namespace tandem::actors
