/// Books for the tests of this folder, written as texts: what a pair's leg shows at one moment.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/types/decimal.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string_view>
#include <vector>

namespace tandem::tests {

struct LevelText {
  std::string_view price, quantity;
};

using LevelTexts = std::vector<LevelText>;

inline std::int64_t units(std::string_view text, int decimals) {
  const auto parsed = core::parse_scaled(text, decimals);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

inline core::Decimal decimal(std::string_view text) {
  const auto parsed = core::Decimal::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

struct Rules {
  std::string_view lot = "0.001";
  std::string_view quantity_min = "0";
  std::string_view quantity_max = {}; ///< empty = none
  std::string_view notional_min = {}; ///< empty = none
  core::InstrumentStatus status = core::InstrumentStatus::trading;
};

inline std::shared_ptr<const core::Instrument> instrument(core::Scale scale,
                                                          const Rules& rules = {}) {
  core::Instrument result;
  result.scale = scale;
  result.status = rules.status;
  result.lot = {units(rules.lot, scale.quantity_decimals)};
  result.quantity_min = {units(rules.quantity_min, scale.quantity_decimals)};
  if (!rules.quantity_max.empty())
    result.quantity_max = core::Quantity{units(rules.quantity_max, scale.quantity_decimals)};
  if (!rules.notional_min.empty())
    result.notional_min = decimal(rules.notional_min);
  return std::make_shared<const core::Instrument>(std::move(result));
}

/// A live book of a trading instrument, best levels first. @param scale of book and instrument.
inline core::market::DepthView book(core::Scale scale, const LevelTexts& bids,
                                    const LevelTexts& asks, const Rules& rules = {}) {
  core::market::DepthView view;
  view.condition = core::market::BookCondition::live;
  view.scale = scale;
  view.version = 1;
  view.generation = 1;
  view.instrument = instrument(scale, rules);
  const auto level = [&](const LevelText& text) {
    return core::market::Level{{units(text.price, scale.price_decimals)},
                               {units(text.quantity, scale.quantity_decimals)}};
  };
  for (const auto& bid : bids)
    view.bids_store[view.bid_count++] = level(bid);
  for (const auto& ask : asks)
    view.asks_store[view.ask_count++] = level(ask);
  return view;
}

} // namespace tandem::tests
