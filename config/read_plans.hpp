/// The `plans` of the configuration. Keys have the names of the traders' surface, so that a body
/// that worked there works here; times of day and stamps are texts.
#pragma once

#include "config/schema.hpp"
#include "config/yaml/section.hpp"

namespace tandem::config {

[[nodiscard]] ConfiguredPlan read_plan(yaml::Section section);

} // namespace tandem::config
