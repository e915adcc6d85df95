/// Reads recorded market data: gzip or plain text, one message per line, in the three forms the
/// recordings have. Several files are merged by receive time without being held in memory.
#pragma once

#include "apps/tandem_sim/replay.hpp"
#include "core/result.hpp"

#include <memory>
#include <string_view>

namespace tandem::sim {

/// One line of a recording:
/// "<ns> {json}" (combined envelope, Bybit message or, without "stream", a REST depth snapshot);
/// "{json}" alone (Bybit archive, its "ts" is the time); "<seconds.fraction>: {json}" and "<url> ->
/// <seconds>: {json}" (cryptofeed). Nullopt for lines that are none of these, such as headers.
[[nodiscard]] std::optional<RecordedFrame> parse_line(std::string_view line, SurfaceId surface);

/// Opens all files. Errors: not_found naming the file, malformed when a file has no usable line for
/// its symbol.
[[nodiscard]] core::Result<std::unique_ptr<LineSource>>
open_recordings(const std::vector<ReplaySource>& sources);

} // namespace tandem::sim
