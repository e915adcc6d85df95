/// Bybit's public v5 socket messages: bytes to frames, and the few requests we send. Knows nothing
/// of books or connections.
#pragma once

#include "adapters/venues/venue.hpp"

#include <cstdint>
#include <memory>

namespace tandem::adapters::venues::bybit {

/// @param depth_levels the topic subscribed for Channel::depth: 50, 200, 500 or 1000. Frames of
/// every depth decode.
[[nodiscard]] std::unique_ptr<Codec> make_codec(std::uint32_t depth_levels);

} // namespace tandem::adapters::venues::bybit
