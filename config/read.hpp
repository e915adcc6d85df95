/// The document's sections to the structs of the schema: which key fills which field, with its
/// range. Rules that need more than one key are check's.
#pragma once

#include "config/schema.hpp"
#include "config/yaml/section.hpp"

namespace tandem::config {

/// Reports every wrong, missing and unknown key; what was wrong keeps its default.
[[nodiscard]] Config read_config(yaml::Section root);

} // namespace tandem::config
