/// One sink record <-> the bytes that wait in a spool: numbers little endian, texts with their
/// length. Pure.
#pragma once

#include "core/result.hpp"
#include "core/sinks/record.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::sinks {

[[nodiscard]] std::string encode(const core::sinks::Record& record);

/// Errors: malformed (cut off, more than one record, a kind or type of value that was never given).
[[nodiscard]] core::Result<core::sinks::Record> decode(std::string_view bytes);

} // namespace tandem::adapters::sinks
