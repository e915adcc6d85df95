/// Which records one sink carries.
#pragma once

#include "core/sinks/record.hpp"

#include <set>

namespace tandem::core::sinks {

/// An empty list does not narrow. A record about no instrument passes venues and symbols: it
/// concerns everybody.
struct Filter {
  std::set<Kind> kinds;
  std::set<VenueId> venues;
  std::set<Symbol> symbols;

  [[nodiscard]] bool wants(Kind kind, const InstrumentKey& instrument) const {
    if (!kinds.empty() && !kinds.contains(kind))
      return false;
    if (instrument.symbol.empty())
      return true;
    return (venues.empty() || venues.contains(instrument.venue))
           && (symbols.empty() || symbols.contains(instrument.symbol));
  }

  friend bool operator==(const Filter&, const Filter&) = default;
};

} // namespace tandem::core::sinks
