/// The console on a terminal: draws, hears keys, and has a thread beside it that talks to the
/// engine, so that an engine that does not answer never freezes the screen.
#pragma once

#include "adapters/console/client.hpp"

#include <string>

namespace tandem::apps {

/// Until the person leaves. @return the exit code
[[nodiscard]] int run_interactive(adapters::console::Client& client, const std::string& address);

} // namespace tandem::apps
