/// What is traded in the simulator and on which grid. The catalogue holds the tick, lot and minimum
/// of well-known symbols as the venues publish them (exchangeInfo, instruments-info); a scenario
/// adds its own.
#pragma once

#include "apps/tandem_sim/outlet.hpp"
#include "core/types/decimal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

/// One symbol on one surface. Prices are counts of 10^-price_decimals, quantities of
/// 10^-quantity_decimals.
struct Instrument {
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol; ///< upper case, "BTCUSDT"
  std::string base;
  std::string quote;
  int price_decimals = 0;
  int quantity_decimals = 0;
  std::int64_t tick = 1;
  std::int64_t lot = 1;
  core::Decimal notional_min;
  core::Decimal price; ///< where a generated market begins
};

/// Tick and lot as the venue writes them: the zeros at the end of "0.10" are the digits its prices
/// are shown with.
struct Grid {
  core::Decimal tick;
  core::Decimal lot;
  core::Decimal notional_min;
  int price_digits = 0;
  int quantity_digits = 0;
};

/// Nullopt when tick or lot is no decimal above zero or the minimum is none.
[[nodiscard]] std::optional<Grid> make_grid(std::string_view tick, std::string_view lot,
                                            std::string_view notional_min);

struct Listing {
  std::string base;
  std::string quote;
  core::Decimal price;
  std::array<std::optional<Grid>, surface_count> grids; ///< absent: not listed there
};

/// Nullopt for a symbol the catalogue does not know.
[[nodiscard]] std::optional<Listing> catalogue(std::string_view symbol);
[[nodiscard]] std::vector<std::string_view> catalogue_symbols();

/// An invented symbol for load: the n-th gets a price between 0.1 and 5,000 and a grid that suits
/// it.
[[nodiscard]] std::pair<std::string, Listing> invented(int n);

/// "BTC" and "USDT" of "BTCUSDT"; the quote is one of USDT, USDC, FDUSD, BTC, ETH. Nullopt for
/// anything else.
[[nodiscard]] std::optional<std::pair<std::string, std::string>>
split_symbol(std::string_view symbol);

[[nodiscard]] Instrument on_surface(SurfaceId surface, std::string_view symbol,
                                    const std::string& base, const std::string& quote,
                                    const core::Decimal& price, const Grid& grid);

} // namespace tandem::sim
