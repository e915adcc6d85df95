/// --set KEY=VALUE: writes into the tree before anything is read from it, so that an override
/// passes the same checks as the file.
#pragma once

#include "config/load.hpp"
#include "config/yaml/document.hpp"

#include <vector>

namespace tandem::config::yaml {

/// KEY is a dotted path as in Mistake::key; `[i]` chooses an item (the length of the list appends
/// one), and on a list of things with an `id` so does the id: `pairs.my_pair.threshold`. Missing
/// maps are made. A VALUE that begins with `[` or `{` is read as YAML, any other is a scalar as it
/// stands.
void apply_overrides(Node& root, const std::vector<Override>& overrides, Report& report);

} // namespace tandem::config::yaml
