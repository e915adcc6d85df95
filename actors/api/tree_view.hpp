/// The supervision tree as the interface shows it. Reads cells, asks nobody.
#pragma once

#include "messages/context.hpp"

#include <string>
#include <string_view>

namespace tandem::actors {

/// Every actor with name, kind, state, counters, restarts, mailbox depth, age of what waits and
/// handling time.
[[nodiscard]] std::string tree_json(const messages::Context& context);

/// One of them with the last messages that it handled; empty text when there is none at that path.
[[nodiscard]] std::string actor_json(const messages::Context& context, std::string_view path);

/// The sinks with their counters: [{id, path, state, lastError, counters}].
[[nodiscard]] std::string sinks_json(const messages::Context& context);

} // namespace tandem::actors
