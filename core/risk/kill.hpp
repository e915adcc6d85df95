/// Kill switches: what is blocked, by whom and why. Levels: one strategy (pair or plan), one venue,
/// everything. A switch stays until a person lifts it; it survives a restart (the journal keeps
/// it).
#pragma once

#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::risk {

enum class KillLevel : std::uint8_t { strategy, venue, all };

[[nodiscard]] std::string_view to_string(KillLevel level) noexcept;

struct KillOrder {
  KillLevel level = KillLevel::all;
  std::string scope;    ///< pair or plan id, venue id; empty for `all`
  bool flatten = false; ///< also bring positions to zero (core/risk/flatten.hpp)
  std::string person;   ///< who, or "signal", "file"
  std::string reason;
  UnixMillis ts = 0;

  friend bool operator==(const KillOrder&, const KillOrder&) = default;
};

/// "venue binance"; the level alone where it needs no scope.
[[nodiscard]] std::string place_of(KillLevel level, const std::string& scope);

/// The switches that are thrown. Pure, small, asked on every order.
class KillSwitches {
public:
  /// The first one of a level and scope stays; thrown again with `flatten` it asks for that, too.
  /// @returns false when nothing changed.
  bool kill(const KillOrder& order);
  /// @returns false when nothing of that level and scope was thrown.
  bool release(KillLevel level, std::string_view scope);

  /// The switch that blocks an order of this strategy at this venue; null when none does.
  [[nodiscard]] const KillOrder* blocks(std::string_view strategy,
                                        const VenueId& venue) const noexcept;

  /// The switch that blocks even an order that flattens a position there: one that was thrown
  /// without `flatten`. Null when every switch in the way asked for flattening, or none is.
  [[nodiscard]] const KillOrder* blocks_flatten(std::string_view strategy,
                                                const VenueId& venue) const noexcept;

  [[nodiscard]] const std::vector<KillOrder>& thrown() const noexcept { return thrown_; }

private:
  std::vector<KillOrder> thrown_;
};

} // namespace tandem::core::risk
