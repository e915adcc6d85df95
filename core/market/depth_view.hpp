/// What leaves a book: the best levels of both sides as one value, with the condition that says
/// whether anyone may trade on it. Consumers never see the live book.
#pragma once

#include "core/market/order_book.hpp"
#include "core/types/instrument.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace tandem::core::market {

/// live is the only condition one may trade on; every other one is the reason why not.
enum class BookCondition : std::uint8_t {
  down,    ///< no connection, or not subscribed yet
  syncing, ///< waiting for snapshot and bridge
  gap,     ///< sequence broken, resync under way
  stale,   ///< connected but silent beyond the limit
  crossed, ///< best bid at or above best ask
  clock,   ///< venue and local clocks disagree beyond the limit
  live,
};

[[nodiscard]] std::string_view to_string(BookCondition condition) noexcept;

inline constexpr std::size_t depth_view_levels_max = 50;

struct DepthView {
  BookCondition condition = BookCondition::down;
  std::uint8_t bid_count = 0;
  std::uint8_t ask_count = 0;
  Scale scale;
  std::uint64_t venue_sequence = 0; ///< last update id applied
  std::uint64_t version = 0;        ///< counts publications of this book, never reused
  std::uint32_t generation = 0;     ///< counts synchronisations: another one means another chain
  UnixMillis venue_time = 0;        ///< event time stamped by the venue; 0 when it sends none
  MonoTime received_at{};           ///< taken at the socket
  std::shared_ptr<const Instrument> instrument;
  std::array<Level, depth_view_levels_max> bids_store; ///< first bid_count valid, best first
  std::array<Level, depth_view_levels_max> asks_store; ///< first ask_count valid, best first

  [[nodiscard]] std::span<const Level> bids() const noexcept {
    return {bids_store.data(), bid_count};
  }

  [[nodiscard]] std::span<const Level> asks() const noexcept {
    return {asks_store.data(), ask_count};
  }
};

/// Copies the valid part only (a whole view is 1.7 kB).
void copy_view(const DepthView& from, DepthView& to);

/// Fills the levels and scale of `view` from `book`: at most `levels` (and depth_view_levels_max) a
/// side, and no more than are needed to reach `cover` (0 = no such bound).
/// @param cover at the scale of `view.instrument`, so set that first; without an instrument at the
/// book's scale.
void copy_levels(const OrderBook& book, std::size_t levels, Quantity cover, DepthView& view);

} // namespace tandem::core::market
