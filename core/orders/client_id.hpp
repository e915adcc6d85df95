/// The client order id: who sent an order (engine), in which run (epoch) and which one it was
/// (sequence), so that an order found at a venue tells by itself whether it is ours and from when.
/// Letters and digits only and 19 characters: fits every venue (Binance 36, Bybit 36, OKX 32
/// alphanumeric, Bitget 40).
#pragma once

#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::orders {

using ClientOrderId = TextId<struct ClientOrderIdTag>;

/// Identifies one engine among all that trade on the same accounts: exactly 4 of [a-z0-9].
using EngineId = TextId<struct EngineIdTag>;

inline constexpr std::size_t engine_id_length = 4;
inline constexpr std::uint64_t epoch_max = 60'466'175;           ///< 5 digits to base 36
inline constexpr std::uint64_t sequence_max = 2'821'109'907'455; ///< 8 digits to base 36

struct ClientIdParts {
  EngineId engine;
  std::uint64_t epoch = 0;    ///< counts the runs on one journal, from 1
  std::uint64_t sequence = 0; ///< counts the orders of a run, from 1

  friend bool operator==(const ClientIdParts&, const ClientIdParts&) = default;
  /// Of one engine: in the order in which they were made.
  friend auto operator<=>(const ClientIdParts&, const ClientIdParts&) = default;
};

/// Error: validation_error unless 4 of [a-z0-9].
[[nodiscard]] Result<EngineId> parse_engine_id(std::string_view text);

/// "td" engine epoch(5) sequence(8), numbers to base 36 with leading zeros.
/// @throws BrokenPromise when a number is above its maximum or the engine id is not one.
[[nodiscard]] ClientOrderId make_client_id(const ClientIdParts& parts);

/// Nullopt for an id that no engine of ours made.
[[nodiscard]] std::optional<ClientIdParts> parse_client_id(std::string_view text);

} // namespace tandem::core::orders
