/// ${NAME} and ${NAME:-default} in values. Keys are never expanded, and an expanded value is not
/// expanded again.
#pragma once

#include "config/load.hpp"
#include "config/yaml/document.hpp"

namespace tandem::config::yaml {

/// Replaces in place, in every scalar below `root`. `$${` stands for a literal `${`. As in a shell
/// the default also serves a variable that is set but empty. Mistakes: unset without default, no
/// closing brace, a name that no shell would take.
void expand(Node& root, const Environment& environment, Report& report);

} // namespace tandem::config::yaml
