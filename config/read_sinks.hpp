/// The `sinks` of the configuration.
#pragma once

#include "config/sinks.hpp"
#include "config/yaml/section.hpp"

namespace tandem::config {

[[nodiscard]] SinkConfig read_sink(yaml::Section section);

} // namespace tandem::config
