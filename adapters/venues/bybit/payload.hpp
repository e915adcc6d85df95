/// What stands under `data` in Bybit's public topics: books, trades, klines, tickers. Which message
/// it is in, and what it means for a book, is not known here.
#pragma once

#include "adapters/venues/bybit/wire.hpp"

namespace tandem::adapters::venues::bybit {

enum class Kind : std::uint8_t { none, depth, best, trades, ticker, klines, other };

/// What a topic text says: "orderbook.50.BTCUSDT", "kline.5.BTCUSDT", "publicTrade.BTCUSDT".
struct Topic {
  Kind kind = Kind::none;
  std::string_view text;
  std::string_view symbol;
  std::uint32_t levels = 0; ///< books only
};

/// A topic that is not used here has Kind::other.
[[nodiscard]] Topic parse_topic(std::string_view text) noexcept;

/// Only the part of the topic's kind is set. Kept between messages for its capacity.
struct Payload {
  std::vector<LevelText> bids, asks;
  std::uint64_t update_id = 0;
  std::uint64_t cross_sequence = 0;
  std::vector<core::market::Trade> trades;
  std::vector<core::market::Kline> klines;
  core::market::Ticker ticker;

  void clear();
};

/// False when a key is missing, repeated or of the wrong type; the payload is then worthless.
[[nodiscard]] bool read_payload(simdjson::ondemand::value value, const Topic& topic, Payload& data);

/// The best row of a level-1 side: deltas of 2023 name a leaving level beside the new one. Empty
/// texts when the side has no row.
[[nodiscard]] LevelText best_row(const std::vector<LevelText>& rows) noexcept;

} // namespace tandem::adapters::venues::bybit
