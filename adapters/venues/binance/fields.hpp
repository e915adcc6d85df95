/// The members of one Binance stream frame after one validated walk over its JSON: scalars by their
/// one-letter key, levels as texts. It knows JSON and Binance's envelope, not what an event means
/// (codec.cpp does).
#pragma once

#include "adapters/venues/venue.hpp"

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tandem::adapters::venues::binance {

/// A scalar as it stands in the frame; string texts without their quotes.
struct Scalar {
  enum class Kind : std::uint8_t { string, number, literal, container };

  Kind kind = Kind::literal;
  std::string_view text;
};

/// Keys longer than a letter that have a place of their own.
enum class Named : std::uint8_t { pu = 52, stream, id, result, code, message };

/// Members of one JSON object. Views live as long as the walk that filled it.
class Members {
public:
  void clear() noexcept { seen_ = 0; }

  /// False when the key was there before: a frame that says two things is refused.
  [[nodiscard]] bool put(std::size_t slot, Scalar scalar) noexcept;

  /// Null when absent.
  [[nodiscard]] const Scalar* find(char letter) const noexcept { return at(slot_of(letter)); }

  [[nodiscard]] const Scalar* find(Named name) const noexcept {
    return at(static_cast<std::size_t>(name));
  }

  /// The string member's text; nullopt when absent or not a string.
  [[nodiscard]] std::optional<std::string_view> text(char letter) const noexcept;

  /// A whole number 0 .. 2^63-1; nullopt when absent, negative, fractional, larger or not a number.
  [[nodiscard]] std::optional<std::uint64_t> id(char letter) const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> id(Named name) const noexcept;

  [[nodiscard]] std::optional<bool> flag(char letter) const noexcept;

  [[nodiscard]] static constexpr std::size_t slot_of(char letter) noexcept {
    return letter >= 'a' ? static_cast<std::size_t>(letter - 'a') + 26
                         : static_cast<std::size_t>(letter - 'A');
  }

private:
  [[nodiscard]] const Scalar* at(std::size_t slot) const noexcept {
    return (seen_ >> slot & 1U) != 0 ? &slots_[slot] : nullptr;
  }

  std::uint64_t seen_ = 0;
  std::array<Scalar, 64> slots_;
};

/// Appends [["price","size"],...] to `levels`. False unless every element is an array of exactly
/// two strings.
/// @param escapes the document contains a backslash somewhere, so strings must be unescaped.
[[nodiscard]] bool append_levels(simdjson::ondemand::value& value, bool escapes,
                                 std::vector<LevelText>& levels);

/// Walks a value nobody reads: on-demand parsing would skip its mistakes. Refuses absurd nesting.
[[nodiscard]] bool is_well_formed(simdjson::ondemand::value& value, bool escapes);

/// Reads a non-negative JSON integer up to 2^63-1 without sign, fraction or leading zero.
[[nodiscard]] std::optional<std::uint64_t> parse_id(std::string_view text) noexcept;

/// Upper-case ASCII, digits, '_' and whatever is not ASCII (symbols with Chinese names exist).
[[nodiscard]] bool is_symbol(std::string_view text) noexcept;

/// A traded volume. Sums over a day in a small currency have more digits than 64 bits hold: their
/// last decimals are cut. Prices and sizes are never read by this.
[[nodiscard]] core::Result<core::Decimal> parse_volume(std::string_view text);

class Fields {
public:
  /// Walks the whole frame; nothing of it may be used when this is false (`why` says what was
  /// wrong).
  /// @param frame 64 readable bytes must follow its end.
  [[nodiscard]] bool read(std::string_view frame);

  [[nodiscard]] std::string_view why() const noexcept { return why_; }

  [[nodiscard]] const Members& event() const noexcept { return event_; }

  [[nodiscard]] const Members& kline() const noexcept { return kline_; }

  [[nodiscard]] bool has_kline() const noexcept { return has_kline_; }

  [[nodiscard]] bool has_levels() const noexcept { return has_bids_ && has_asks_; }

  [[nodiscard]] const std::vector<LevelText>& bids() const noexcept { return bids_; }

  [[nodiscard]] const std::vector<LevelText>& asks() const noexcept { return asks_; }

private:
  enum class Place : std::uint8_t { top, data, error, kline };

  [[nodiscard]] bool refuse(std::string_view why) noexcept;
  [[nodiscard]] bool walk(simdjson::ondemand::object& object, Place place);
  [[nodiscard]] bool member(std::string_view key, simdjson::ondemand::value& value, Place place);
  [[nodiscard]] bool container(std::string_view key, simdjson::ondemand::value& value, char first,
                               Place place);
  [[nodiscard]] bool levels(simdjson::ondemand::value& value, bool& present,
                            std::vector<LevelText>& into);

  simdjson::ondemand::parser parser_;
  std::string_view why_;
  bool escapes_ = false;
  bool has_bids_ = false;
  bool has_asks_ = false;
  bool has_kline_ = false;
  bool has_data_ = false;
  Members event_;
  Members kline_;
  std::vector<LevelText> bids_;
  std::vector<LevelText> asks_;
};

} // namespace tandem::adapters::venues::binance
