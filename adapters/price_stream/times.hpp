/// Times as the price-stream interface writes and takes them: ISO 8601 in UTC with "+00:00".
#pragma once

#include "core/result.hpp"
#include "core/types/time.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::price_stream {

/// "2025-06-14T12:00:00+00:00"; with microseconds only when there are milliseconds.
[[nodiscard]] std::string iso_time(core::UnixMillis time);

/// "2025-06-14T12:00:00.000000+00:00": stamps of the server itself.
[[nodiscard]] std::string iso_stamp(core::WallTime time);

/// "20250614_120000": in file names.
[[nodiscard]] std::string file_stamp(core::WallTime time);

/// Unix seconds ("1749902400", also with decimals) or ISO 8601: a date, or date and time with an
/// optional fraction and zone; without a zone it is UTC. Finer than a millisecond is cut. Years
/// 1970 to 9999. Errors: validation_error.
[[nodiscard]] core::Result<core::UnixMillis> parse_time(std::string_view text);

} // namespace tandem::adapters::price_stream
