/// The journal's own numbers and words for enumerators. They are on disk: a number once given is
/// never given to anything else, whatever order the enumerators stand in, and a word never changes.
#pragma once

#include "core/orders/records.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::adapters::journal {

/// `code` 0 belongs to no enumerator.
struct DiskWord {
  std::uint8_t code = 0;
  std::string_view word;
};

[[nodiscard]] DiskWord disk_word(core::Errc value) noexcept;
[[nodiscard]] DiskWord disk_word(core::MarketType value) noexcept;
[[nodiscard]] DiskWord disk_word(core::orders::Side value) noexcept;
[[nodiscard]] DiskWord disk_word(core::orders::OrderType value) noexcept;
[[nodiscard]] DiskWord disk_word(core::orders::TimeInForce value) noexcept;
[[nodiscard]] DiskWord disk_word(core::orders::OrderPurpose value) noexcept;
[[nodiscard]] DiskWord disk_word(core::orders::VenueStatus value) noexcept;
[[nodiscard]] DiskWord disk_word(core::strategy::ExecutionPhase value) noexcept;
[[nodiscard]] DiskWord disk_word(core::strategy::Direction value) noexcept;
[[nodiscard]] DiskWord disk_word(core::risk::BreakerState value) noexcept;
[[nodiscard]] DiskWord disk_word(core::risk::BreakerCause value) noexcept;
[[nodiscard]] DiskWord disk_word(core::risk::KillLevel value) noexcept;
[[nodiscard]] DiskWord disk_word(core::twap::SliceType value) noexcept;
[[nodiscard]] DiskWord disk_word(core::twap::CatchUp value) noexcept;
[[nodiscard]] DiskWord disk_word(core::twap::Remainder value) noexcept;
[[nodiscard]] DiskWord disk_word(core::twap::LegDown value) noexcept;
[[nodiscard]] DiskWord disk_word(core::twap::PlanPhase value) noexcept;

inline constexpr int enumerators_max = 64; ///< no enumeration on disk has a higher value

/// Nullopt for a number that was never given.
template <class E>
[[nodiscard]] std::optional<E> from_disk_code(std::uint8_t code) noexcept {
  for (int value = 0; code != 0 && value < enumerators_max; ++value)
    if (disk_word(static_cast<E>(value)).code == code)
      return static_cast<E>(value);
  return std::nullopt;
}

} // namespace tandem::adapters::journal
