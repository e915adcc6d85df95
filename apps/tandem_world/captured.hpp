/// The markets of a captured run (`tandem run --capture`) as recordings of the simulator: what came
/// in over market connections, line by line, at the time it was received. Orders, accounts and
/// everything else that the run did stay out.
#pragma once

#include "apps/tandem_sim/scenario.hpp"
#include "core/result.hpp"

#include <string>

namespace tandem::world {

/// Writes one file for each market and symbol whose book can be built (with the snapshot that its
/// venue needs) into `directory`. Grids are those of the captured lists of instruments. @returns
/// the scenario that plays them. Errors: configuration (no such file, no capture), malformed (it
/// holds no book), validation_error (an instrument that the simulator cannot have).
[[nodiscard]] core::Result<sim::Scenario> scenario_of_capture(const std::string& file,
                                                              const std::string& directory);

} // namespace tandem::world
