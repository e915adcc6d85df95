#include "adapters/venues/bybit/instruments.hpp"

#include "adapters/venues/bybit/wire.hpp"

#include <algorithm>
#include <string>

namespace tandem::adapters::venues::bybit {

namespace {

using simdjson::dom::element;

/// Empty when absent; the venue itself writes absent numbers as "".
std::string_view text_at(element record, std::string_view group, std::string_view key) {
  std::string_view text;
  const auto found = group.empty() ? record[key] : record[group][key];
  return found.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

core::InstrumentStatus status_of(std::string_view text) {
  if (text == "Trading")
    return core::InstrumentStatus::trading;
  if (text == "PreLaunch")
    return core::InstrumentStatus::pre_open;
  if (text == "Closed")
    return core::InstrumentStatus::closed;
  return core::InstrumentStatus::halted; // Delivering, and whatever comes new: known, not tradable
}

/// The filter texts of one record under one name for both categories. Empty = the venue sets none.
struct Filters {
  std::string_view tick, price_min, price_max;
  std::string_view lot, quantity_min, quantity_max;
  std::string_view notional_min;
};

Filters filters_of(element record, core::MarketType type) {
  Filters filters;
  filters.tick = text_at(record, "priceFilter", "tickSize");
  filters.price_min = text_at(record, "priceFilter", "minPrice");
  filters.price_max = text_at(record, "priceFilter", "maxPrice");
  filters.quantity_min = text_at(record, "lotSizeFilter", "minOrderQty");
  filters.quantity_max = text_at(record, "lotSizeFilter", "maxOrderQty");
  if (type == core::MarketType::linear) {
    filters.lot = text_at(record, "lotSizeFilter", "qtyStep");
    filters.notional_min = text_at(record, "lotSizeFilter", "minNotionalValue");
    return filters;
  }
  filters.lot = text_at(record, "lotSizeFilter", "basePrecision");
  filters.notional_min = text_at(record, "lotSizeFilter", "minOrderAmt");
  const auto limit_max = text_at(record, "lotSizeFilter", "maxLimitOrderQty");
  if (!limit_max.empty())
    filters.quantity_max = limit_max;
  return filters;
}

/// Decimals that hold every one of the texts.
core::Result<std::int8_t> decimals_of(std::initializer_list<std::string_view> texts) {
  int decimals = 0;
  for (const auto text : texts) {
    if (text.empty())
      continue;
    const auto needed = core::decimals_needed(text);
    if (!needed)
      return tl::unexpected{needed.error()};
    decimals = std::max(decimals, *needed);
  }
  if (decimals > core::decimals_max)
    return core::fail(core::Errc::scale_too_coarse, std::to_string(decimals) + " decimals");
  return static_cast<std::int8_t>(decimals);
}

/// Collects the first thing that is wrong, so that each field is one line.
class Numbers {
public:
  std::int64_t units(std::string_view text, int decimals) {
    const auto parsed = core::parse_scaled(text, decimals);
    if (parsed && *parsed >= 0)
      return *parsed;
    error_ = parsed ? core::Error{core::Errc::malformed, "negative number", {}} : parsed.error();
    error_->detail += " '" + std::string{text} + "'";
    return 0;
  }

  template <class Amount>
  void optional(std::optional<Amount>& amount, std::string_view text, int decimals) {
    if (!text.empty())
      amount = Amount{units(text, decimals)};
  }

  [[nodiscard]] const std::optional<core::Error>& error() const noexcept { return error_; }

private:
  std::optional<core::Error> error_;
};

core::Status set_filters(core::Instrument& instrument, const Filters& filters) {
  if (filters.tick.empty() || filters.lot.empty())
    return core::fail(core::Errc::malformed, "no tickSize, qtyStep or basePrecision");
  const auto price_decimals = decimals_of({filters.tick, filters.price_min, filters.price_max});
  if (!price_decimals)
    return tl::unexpected{price_decimals.error()};
  const auto quantity_decimals
      = decimals_of({filters.lot, filters.quantity_min, filters.quantity_max});
  if (!quantity_decimals)
    return tl::unexpected{quantity_decimals.error()};
  instrument.scale = {*price_decimals, *quantity_decimals};

  Numbers numbers;
  instrument.tick = core::Price{numbers.units(filters.tick, *price_decimals)};
  numbers.optional(instrument.price_min, filters.price_min, *price_decimals);
  numbers.optional(instrument.price_max, filters.price_max, *price_decimals);
  instrument.lot = core::Quantity{numbers.units(filters.lot, *quantity_decimals)};
  if (!filters.quantity_min.empty())
    instrument.quantity_min = {numbers.units(filters.quantity_min, *quantity_decimals)};
  numbers.optional(instrument.quantity_max, filters.quantity_max, *quantity_decimals);
  if (numbers.error())
    return tl::unexpected{*numbers.error()};
  if (filters.notional_min.empty())
    return {};
  const auto notional = core::Decimal::parse(filters.notional_min);
  if (!notional)
    return tl::unexpected{notional.error()};
  instrument.notional_min = *notional;
  return {};
}

} // namespace

core::Result<core::Instrument> read_instrument(element record, core::MarketType type) {
  core::Instrument instrument;
  const std::string symbol{text_at(record, {}, "symbol")};
  instrument.key = {core::VenueId{std::string{wire::source}}, type, core::Symbol{symbol}};
  instrument.base = text_at(record, {}, "baseCoin");
  instrument.quote = text_at(record, {}, "quoteCoin");
  const auto status = text_at(record, {}, "status");
  if (symbol.empty() || instrument.base.empty() || instrument.quote.empty() || status.empty())
    return core::fail(core::Errc::malformed,
                      "instrument '" + symbol + "' without symbol, coins or status",
                      std::string{wire::source});
  instrument.status = status_of(status);
  if (const auto set = set_filters(instrument, filters_of(record, type)); !set)
    return core::fail(set.error().code, "instrument " + symbol + ": " + set.error().detail,
                      std::string{wire::source});
  return instrument;
}

} // namespace tandem::adapters::venues::bybit
