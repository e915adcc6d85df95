#include "core/types/instrument.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core {

std::string_view to_string(InstrumentStatus status) noexcept {
  switch (status) {
  case InstrumentStatus::trading:
    return "trading";
  case InstrumentStatus::halted:
    return "halted";
  case InstrumentStatus::pre_open:
    return "pre_open";
  case InstrumentStatus::closed:
    return "closed";
  }
  return "closed"; // the one that lets nobody trade
}

Quantity round_to_lot(const Instrument& instrument, Quantity quantity) noexcept {
  if (instrument.lot.units <= 0)
    return quantity;
  return {quantity.units - quantity.units % instrument.lot.units};
}

InstrumentTable::InstrumentTable(std::vector<Instrument> instruments) {
  by_symbol_.reserve(instruments.size());
  for (auto& instrument : instruments) {
    const auto symbol = instrument.key.symbol;
    by_symbol_.insert_or_assign(symbol, std::make_shared<const Instrument>(std::move(instrument)));
  }
}

std::shared_ptr<const Instrument> InstrumentTable::find(const Symbol& symbol) const {
  const auto found = by_symbol_.find(symbol);
  return found == by_symbol_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const Instrument>> InstrumentTable::all() const {
  std::vector<std::shared_ptr<const Instrument>> result;
  result.reserve(by_symbol_.size());
  // any order: sorted below
  for (const auto& [symbol, instrument] : by_symbol_)
    result.push_back(instrument);
  std::ranges::sort(result, {}, [](const auto& instrument) { return instrument->key.symbol; });
  return result;
}

} // namespace tandem::core
