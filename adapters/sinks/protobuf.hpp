/// Records as protobuf: tandem.v1.Record of proto/tandem/v1/record.proto, serialised. Pure.
#pragma once

#include "core/sinks/record.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::sinks {

/// @param mode the engine's.
[[nodiscard]] std::string to_protobuf(std::string_view stream, const core::sinks::Numbered& item,
                                      std::string_view mode);

} // namespace tandem::adapters::sinks
