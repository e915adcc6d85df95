/// Compares a book with the venue's own best-price channel (Binance bookTicker, Bybit orderbook.1)
/// where both carry the same sequence number: a chain without a gap does not prove that every level
/// was understood. It judges; what to do about a difference is the session's.
#pragma once

#include "adapters/venues/venue.hpp"
#include "core/market/order_book.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::adapters::venues {

class TopCheck {
public:
  enum class Verdict : std::uint8_t {
    unknown, ///< nothing of that sequence number is known
    equal,
    different,
  };

  /// The number by which a frame can be compared: Bybit's cross sequence, which all depths of a
  /// symbol share, elsewhere the update id. Source: Bybit v5 "Orderbook" (seq); Binance Spot
  /// "Individual Symbol Book Ticker Streams" and USD-M "Individual Symbol Book Ticker Streams" (u).
  template <class Frame>
  [[nodiscard]] static std::uint64_t sequence_of(const Frame& frame) noexcept {
    if (frame.cross_sequence != 0)
      return frame.cross_sequence;
    if constexpr (requires { frame.last_id; })
      return frame.last_id;
    else
      return frame.id;
  }

  /// A best-price frame. @param sequence of the book now; 0 = it is not synchronised, so that the
  /// frame is only kept.
  Verdict on_best(const BestFrame& frame, std::uint64_t sequence,
                  const core::market::OrderBook& book);

  /// The book came to `sequence`; best-price frames are usually ahead of it.
  [[nodiscard]] Verdict on_book(std::uint64_t sequence, const core::market::OrderBook& book) const;

  /// The top of a book as text for a log: "bid 1 @ 2, ask 3 @ 4" (size @ price).
  [[nodiscard]] static std::string describe(const core::market::OrderBook& book);

private:
  struct Kept {
    std::uint64_t sequence = 0; ///< 0 = none
    std::string bid, bid_size, ask, ask_size;
  };

  [[nodiscard]] static Verdict compare(const Kept& kept, const core::market::OrderBook& book);

  std::vector<Kept> kept_; ///< a ring; empty until the first best-price frame
  std::size_t newest_ = 0;
};

} // namespace tandem::adapters::venues
