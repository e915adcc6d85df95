/// Identities. Text inside (they are compared at subscription time, not per tick), but never
/// convertible into each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::core {

/// A text that is one thing and nothing else. `Tag` only distinguishes types.
template <class Tag>
class TextId {
public:
  TextId() = default;

  explicit TextId(std::string text) : text_{std::move(text)} {}

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const TextId&, const TextId&) = default;
  friend auto operator<=>(const TextId&, const TextId&) = default;

private:
  std::string text_;
};

using VenueId = TextId<struct VenueIdTag>; ///< lower case as in URLs: "binance"
using Symbol = TextId<struct SymbolTag>;   ///< the venue's own upper-case name: "BTCUSDT"
using PairId = TextId<struct PairIdTag>;   ///< "bybit_binance_btc"

/// spot: delivered coins; linear: perpetual or future margined and settled in the quote currency.
enum class MarketType : std::uint8_t { spot, linear };

[[nodiscard]] constexpr std::string_view to_string(MarketType type) noexcept {
  return type == MarketType::spot ? "spot" : "linear";
}

/// One market of one venue: what has its own endpoints, connection and instrument list.
struct MarketKey {
  VenueId venue;
  MarketType type = MarketType::spot;

  friend bool operator==(const MarketKey&, const MarketKey&) = default;
  friend auto operator<=>(const MarketKey&, const MarketKey&) = default;
};

/// "binance.spot": in paths, metrics labels and logs.
[[nodiscard]] inline std::string to_string(const MarketKey& key) {
  return key.venue.text() + "." + std::string{to_string(key.type)};
}

struct InstrumentKey {
  VenueId venue;
  MarketType type = MarketType::spot;
  Symbol symbol;

  [[nodiscard]] MarketKey market() const { return {venue, type}; }

  friend bool operator==(const InstrumentKey&, const InstrumentKey&) = default;
  friend auto operator<=>(const InstrumentKey&, const InstrumentKey&) = default;
};

/// "binance.spot.BTCUSDT"
[[nodiscard]] inline std::string to_string(const InstrumentKey& key) {
  return to_string(key.market()) + "." + key.symbol.text();
}

} // namespace tandem::core

template <class Tag>
struct std::hash<tandem::core::TextId<Tag>> {
  std::size_t operator()(const tandem::core::TextId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};

template <>
struct std::hash<tandem::core::InstrumentKey> {
  std::size_t operator()(const tandem::core::InstrumentKey& key) const noexcept {
    const auto venue = std::hash<std::string>{}(key.venue.text());
    const auto symbol = std::hash<std::string>{}(key.symbol.text());
    return venue * 31 + symbol * 7 + static_cast<std::size_t>(key.type);
  }
};
