#include "apps/tandem_sim/instrument.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

struct Row {
  std::string_view symbol, base, price;
  /// tick, lot and minimum notional on Binance spot, Binance USD-M, Bybit spot, Bybit linear
  std::array<std::array<std::string_view, 3>, surface_count> grids;
};

/// Source: the venues' exchangeInfo and instruments-info of 2026; prices are round figures of
/// 2024-08.
constexpr Row rows[] = {
    {"BTCUSDT",
     "BTC",
     "61700",
     {{{"0.01", "0.00001", "5"},
       {"0.10", "0.001", "100"},
       {"0.1", "0.000001", "5"},
       {"0.10", "0.001", "5"}}}},
    {"ETHUSDT",
     "ETH",
     "2680",
     {{{"0.01", "0.0001", "5"},
       {"0.01", "0.001", "20"},
       {"0.01", "0.00001", "5"},
       {"0.01", "0.01", "5"}}}},
    {"SOLUSDT",
     "SOL",
     "155",
     {{{"0.01", "0.001", "5"},
       {"0.01", "0.01", "5"},
       {"0.01", "0.001", "5"},
       {"0.01", "0.1", "5"}}}},
    {"XRPUSDT",
     "XRP",
     "0.6120",
     {{{"0.0001", "0.1", "5"},
       {"0.0001", "0.1", "5"},
       {"0.0001", "0.01", "5"},
       {"0.0001", "0.1", "5"}}}},
    {"DOGEUSDT",
     "DOGE",
     "0.10450",
     {{{"0.00001", "1", "1"},
       {"0.00001", "1", "5"},
       {"0.00001", "0.1", "5"},
       {"0.00001", "1", "5"}}}},
    {"BNBUSDT",
     "BNB",
     "512",
     {{{"0.01", "0.001", "5"},
       {"0.01", "0.01", "5"},
       {"0.1", "0.0001", "5"},
       {"0.10", "0.01", "5"}}}},
    {"ADAUSDT",
     "ADA",
     "0.3420",
     {{{"0.0001", "0.1", "5"},
       {"0.0001", "1", "5"},
       {"0.0001", "0.01", "5"},
       {"0.0001", "1", "5"}}}},
    {"LINKUSDT",
     "LINK",
     "10.45",
     {{{"0.01", "0.01", "5"},
       {"0.001", "0.01", "20"},
       {"0.001", "0.001", "5"},
       {"0.001", "0.1", "5"}}}},
    {"AVAXUSDT",
     "AVAX",
     "22.10",
     {{{"0.01", "0.01", "5"}, {"0.001", "1", "5"}, {"0.01", "0.001", "5"}, {"0.001", "0.1", "5"}}}},
    {"LTCUSDT",
     "LTC",
     "60.50",
     {{{"0.01", "0.001", "5"},
       {"0.01", "0.001", "20"},
       {"0.01", "0.00001", "5"},
       {"0.01", "0.1", "5"}}}},
    {"TRXUSDT",
     "TRX",
     "0.12700",
     {{{"0.0001", "0.1", "5"},
       {"0.00001", "1", "5"},
       {"0.0001", "0.01", "5"},
       {"0.00001", "1", "5"}}}},
    {"DOTUSDT",
     "DOT",
     "4.560",
     {{{"0.001", "0.01", "5"},
       {"0.001", "0.1", "5"},
       {"0.001", "0.001", "5"},
       {"0.001", "0.1", "5"}}}},
};

int digits_of(std::string_view text) noexcept {
  const auto point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

} // namespace

std::optional<Grid> make_grid(std::string_view tick, std::string_view lot,
                              std::string_view notional_min) {
  const auto tick_value = core::Decimal::parse(tick);
  const auto lot_value = core::Decimal::parse(lot);
  const auto notional = core::Decimal::parse(notional_min);
  constexpr int digits_max = 8;
  if (!tick_value || !lot_value || !notional || tick_value->mantissa() <= 0
      || lot_value->mantissa() <= 0 || notional->is_negative()
      || std::max({digits_of(tick), digits_of(lot), tick_value->decimals(), lot_value->decimals()})
             > digits_max)
    return std::nullopt;
  return Grid{*tick_value, *lot_value, *notional, std::max(digits_of(tick), tick_value->decimals()),
              std::max(digits_of(lot), lot_value->decimals())};
}

std::vector<std::string_view> catalogue_symbols() {
  std::vector<std::string_view> names;
  for (const Row& row : rows)
    names.push_back(row.symbol);
  return names;
}

std::optional<Listing> catalogue(std::string_view symbol) {
  const auto* row = std::ranges::find(rows, symbol, &Row::symbol);
  if (row == std::end(rows))
    return std::nullopt;
  Listing listing{std::string{row->base}, "USDT", *core::Decimal::parse(row->price), {}};
  for (std::size_t i = 0; i < surface_count; ++i) {
    const auto& [tick, lot, notional] = row->grids[i];
    listing.grids[i] = make_grid(tick, lot, notional);
  }
  return listing;
}

std::pair<std::string, Listing> invented(int n) {
  // 0.1, 1, 10, 100, 1000 in turn, times 1 to 5: tick five digits below the first, a lot of about
  // one quote unit.
  const int magnitude = n % 5 - 1;
  const std::int64_t lead = 1 + (n / 5) % 4;
  const auto base = fmt::format("SIM{:03}", n + 1);
  const auto ten_to = [](int exponent) {
    return exponent >= 0 ? core::Decimal{core::pow10(exponent), 0} : core::Decimal{1, -exponent};
  };
  const auto leading = ten_to(magnitude);
  Listing listing{base, "USDT", core::Decimal{leading.mantissa() * lead, leading.decimals()}, {}};
  for (auto& grid : listing.grids)
    grid = make_grid(ten_to(magnitude - 4).to_string(), ten_to(-magnitude).to_string(), "5");
  return {base + "USDT", std::move(listing)};
}

std::optional<std::pair<std::string, std::string>> split_symbol(std::string_view symbol) {
  for (const std::string_view quote : {"USDT", "USDC", "FDUSD", "BTC", "ETH"}) {
    if (symbol.size() > quote.size() && symbol.ends_with(quote))
      return std::pair{std::string{symbol.substr(0, symbol.size() - quote.size())},
                       std::string{quote}};
  }
  return std::nullopt;
}

Instrument on_surface(SurfaceId surface, std::string_view symbol, const std::string& base,
                      const std::string& quote, const core::Decimal& price, const Grid& grid) {
  Instrument instrument;
  instrument.surface = surface;
  instrument.symbol = symbol;
  instrument.base = base;
  instrument.quote = quote;
  instrument.price_decimals = grid.price_digits;
  instrument.quantity_decimals = grid.quantity_digits;
  instrument.tick = grid.tick.mantissa() * core::pow10(grid.price_digits - grid.tick.decimals());
  instrument.lot = grid.lot.mantissa() * core::pow10(grid.quantity_digits - grid.lot.decimals());
  instrument.notional_min = grid.notional_min;
  instrument.price = price;
  return instrument;
}

} // namespace tandem::sim
