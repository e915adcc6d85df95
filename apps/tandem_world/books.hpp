/// Both sides' account of what was traded: the engine's as its journal tells it, the venues' as
/// their own ledger does. Neither uses the engine's desk, gate or fold: they judge these.
#pragma once

#include "core/orders/records.hpp"
#include "core/types/money.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tandem::world {

struct BookedOrder {
  std::string instrument; ///< "binance.spot.BTCUSDT"
  bool buys = true;
  core::Money ordered, filled, value;      ///< base, base and quote
  std::map<std::string, core::Money> fees; ///< by asset
  core::orders::OrderOrigin origin;        ///< the engine's side only
  bool adopted = false;                    ///< found at the venue, not made here
  bool accepted = false;                   ///< a person let the pair go on with what it left behind
};

struct Books {
  std::map<std::string, BookedOrder> orders;    ///< by client order id
  std::map<std::string, core::Money> positions; ///< by instrument: bought less sold
  std::map<std::string, core::Money> money;     ///< "binance.spot.USDT": moved by trading
  std::set<std::string> doubled;                ///< client ids that a venue holds twice
  std::set<std::string> paused;                 ///< strategies that a person must resume
  /// Why, by strategy.
  std::map<std::string, std::set<std::string>> paused_by;
  std::set<std::string> working; ///< pairs with an execution that is not over
  std::size_t fills = 0;
};

[[nodiscard]] Books books_of_journal(std::span<const core::orders::Record> records);

/// @param ledger what the simulator's GET /ledger answers, its "data".
[[nodiscard]] Books books_of_ledger(const boost::json::object& ledger);

/// Every difference, as a line of text.
/// @param journal_lost a power loss took what the disk did not have yet: an order that filled
/// nothing and is over need not be known.
[[nodiscard]] std::vector<std::string> compare(const Books& engine, const Books& venues,
                                               bool journal_lost = false);

/// By pair: what its executions bought less what they sold, in the base asset, by the venues'
/// fills. Without what a person accepted, and without the flattening that a person asked for.
[[nodiscard]] std::map<std::string, core::Money> residuals(const Books& engine,
                                                           const Books& venues);

} // namespace tandem::world
