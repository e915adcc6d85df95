/// What a venue lets one trade and by which rules (its filters). A value; refreshed as a whole
/// table.
#pragma once

#include "core/types/ids.hpp"
#include "core/types/price.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tandem::core {

enum class InstrumentStatus : std::uint8_t { trading, halted, pre_open, closed };

[[nodiscard]] std::string_view to_string(InstrumentStatus status) noexcept;

struct Instrument {
  InstrumentKey key;
  std::string base;  ///< "BTC"
  std::string quote; ///< "USDT"
  InstrumentStatus status = InstrumentStatus::closed;
  /// Decimals of tick and lot; prices and quantities of this instrument are integers at this scale.
  Scale scale;
  Price tick{1};                        ///< at `scale`; 0 = the venue sets no grid
  Quantity lot{1};                      ///< at `scale`
  Quantity quantity_min{0};             ///< at `scale`
  std::optional<Quantity> quantity_max; ///< absent = the venue sets none
  std::optional<Price> price_min;       ///< absent = none
  std::optional<Price> price_max;       ///< absent = none
  std::optional<Decimal> notional_min;  ///< quote units; absent = none

  friend bool operator==(const Instrument&, const Instrument&) = default;
};

/// Rounds towards zero to the lot. @param quantity at the instrument's scale.
[[nodiscard]] Quantity round_to_lot(const Instrument& instrument, Quantity quantity) noexcept;

/// All instruments of one market, shared immutable.
class InstrumentTable {
public:
  InstrumentTable() = default;
  explicit InstrumentTable(std::vector<Instrument> instruments);

  /// Null when unknown. The pointer shares ownership of the table entry.
  [[nodiscard]] std::shared_ptr<const Instrument> find(const Symbol& symbol) const;

  [[nodiscard]] std::size_t size() const noexcept { return by_symbol_.size(); }

  /// In no particular order.
  [[nodiscard]] std::vector<std::shared_ptr<const Instrument>> all() const;

private:
  std::unordered_map<Symbol, std::shared_ptr<const Instrument>> by_symbol_;
};

} // namespace tandem::core
