/// The routes about orders, accounts and risk: execute, orders, executions, account, breakers, kill
/// switches, pauses. Private to actors/api.
#pragma once

#include "actors/api/http_ask.hpp"

#include <string>
#include <vector>

namespace tandem::actors {

/// False: it is none of them.
[[nodiscard]] bool route_trading(const HttpSelf& self, const std::vector<std::string>& parts,
                                 const HttpCall& call);

} // namespace tandem::actors
