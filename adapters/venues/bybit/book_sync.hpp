/// Bybit's rules for keeping one order book on its update ids. The stream sends its own snapshots;
/// REST has no part in it.
#pragma once

#include "adapters/venues/venue.hpp"

#include <cstdint>
#include <memory>

namespace tandem::adapters::venues::bybit {

/// @param levels depth of the topic this book follows; frames of any other depth are ignored,
/// because each depth counts its own update ids. Source:
/// bybit-exchange.github.io/docs/v5/websocket/public/orderbook; that `u` of deltas is consecutive
/// is written there only for the full book, and holds in every recording.
[[nodiscard]] std::unique_ptr<BookSync> make_book_sync(std::uint32_t levels);

} // namespace tandem::adapters::venues::bybit
