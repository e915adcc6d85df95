#include "adapters/venues/binance/instruments.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

namespace tandem::adapters::venues::binance {
namespace {

namespace dom = simdjson::dom;

using core::Decimal;
using core::Errc;
using core::InstrumentStatus;
using core::Result;

std::string_view text_of(const dom::element& object, std::string_view key) noexcept {
  std::string_view text;
  return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

/// A status nobody here has heard of must not be traded on.
InstrumentStatus status_of(std::string_view word) noexcept {
  if (word == "TRADING")
    return InstrumentStatus::trading;
  if (word == "PRE_TRADING" || word == "PENDING_TRADING" || word == "AUCTION_MATCH")
    return InstrumentStatus::pre_open;
  if (word == "END_OF_DAY" || word == "POST_TRADING" || word == "DELIVERING" || word == "DELIVERED"
      || word == "SETTLING" || word == "CLOSE")
    return InstrumentStatus::closed;
  return InstrumentStatus::halted; // HALT, BREAK, CANCEL_ONLY, PRE_SETTLE, PRE_DELIVERING
}

/// The rules as Binance writes them, before they are brought to one scale. Zero means the rule is
/// off.
struct Rules {
  Decimal tick, price_min, price_max;
  Decimal lot, quantity_min, quantity_max;
  Decimal notional_min;
};

/// Reads one member of a filter. Absent stays zero.
core::Status read(const dom::element& filter, std::string_view key, Decimal& into) {
  const std::string_view text = text_of(filter, key);
  if (text.empty())
    return {};
  const auto value = Decimal::parse(text);
  if (!value || value->is_negative())
    return core::fail(Errc::malformed, fmt::format("{} \"{}\"", key, text));
  into = *value;
  return {};
}

core::Status read_filter(const dom::element& filter, Rules& rules) {
  struct Member {
    std::string_view filter;
    std::string_view key;
    Decimal Rules::*into;
  };

  static constexpr Member members[] = {
      {"PRICE_FILTER", "tickSize", &Rules::tick},
      {"PRICE_FILTER", "minPrice", &Rules::price_min},
      {"PRICE_FILTER", "maxPrice", &Rules::price_max},
      {"LOT_SIZE", "stepSize", &Rules::lot},
      {"LOT_SIZE", "minQty", &Rules::quantity_min},
      {"LOT_SIZE", "maxQty", &Rules::quantity_max},
      {"MIN_NOTIONAL", "minNotional", &Rules::notional_min}, // spot before 2023
      {"MIN_NOTIONAL", "notional", &Rules::notional_min},    // USD-M
      {"NOTIONAL", "minNotional", &Rules::notional_min},     // spot now
  };
  const std::string_view type = text_of(filter, "filterType");
  for (const Member& member : members) {
    if (member.filter != type)
      continue;
    if (auto ok = read(filter, member.key, rules.*member.into); !ok)
      return ok;
  }
  return {};
}

/// Decimals of the grid; without one, of the precision the venue names.
std::int8_t decimals_of(const Decimal& grid, const dom::element& symbol,
                        std::string_view precision_key) {
  if (!grid.is_zero())
    return static_cast<std::int8_t>(grid.decimals());
  std::uint64_t precision = 0;
  if (symbol[precision_key].get_uint64().get(precision) != simdjson::SUCCESS)
    return 8; // Binance's finest
  return static_cast<std::int8_t>(std::min<std::uint64_t>(precision, core::decimals_max));
}

/// A bound on the grid's scale; bounds between two steps move to the inner one. Nullopt when it is
/// beyond int64.
std::optional<std::int64_t> at_scale(const Decimal& value, int decimals, core::Rounding rounding) {
  const int shift = decimals - value.decimals();
  core::Int128 units = value.mantissa();
  units = shift >= 0 ? units * core::pow10(shift)
                     : core::divide(units, core::pow10(-shift), rounding);
  if (units > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return static_cast<std::int64_t>(units);
}

core::Status apply(const Rules& rules, core::Instrument& instrument) {
  using core::Rounding;
  const int price_decimals = instrument.scale.price_decimals;
  const int quantity_decimals = instrument.scale.quantity_decimals;
  const auto tick = at_scale(rules.tick, price_decimals, Rounding::up);
  const auto lot = at_scale(rules.lot, quantity_decimals, Rounding::up);
  const auto price_min = at_scale(rules.price_min, price_decimals, Rounding::up);
  const auto quantity_min = at_scale(rules.quantity_min, quantity_decimals, Rounding::up);
  if (!tick || !lot || !price_min || !quantity_min)
    return core::fail(Errc::out_of_range, "tick, step or minimum beyond 64 bits");
  instrument.tick = core::Price{*tick};
  instrument.lot = core::Quantity{std::max<std::int64_t>(*lot, 1)};
  instrument.quantity_min = core::Quantity{*quantity_min};
  if (*price_min > 0)
    instrument.price_min = core::Price{*price_min};
  // A maximum that no 64-bit number reaches is none.
  const auto price_max = at_scale(rules.price_max, price_decimals, Rounding::down);
  const auto quantity_max = at_scale(rules.quantity_max, quantity_decimals, Rounding::down);
  if (price_max && *price_max > 0)
    instrument.price_max = core::Price{*price_max};
  if (quantity_max && *quantity_max > 0)
    instrument.quantity_max = core::Quantity{*quantity_max};
  if (!rules.notional_min.is_zero())
    instrument.notional_min = rules.notional_min;
  return {};
}

Result<core::Instrument> instrument_of(core::MarketType type, const dom::element& symbol) {
  const bool spot = type == core::MarketType::spot;
  core::Instrument instrument;
  instrument.key
      = {core::VenueId{"binance"}, type, core::Symbol{std::string{text_of(symbol, "symbol")}}};
  instrument.base = text_of(symbol, "baseAsset");
  instrument.quote = text_of(symbol, "quoteAsset");
  const std::string_view status = text_of(symbol, "status");
  if (instrument.key.symbol.empty() || instrument.base.empty() || instrument.quote.empty()
      || status.empty())
    return core::fail(Errc::malformed, "a symbol without symbol, baseAsset, quoteAsset or status");
  instrument.status = status_of(status);
  bool spot_allowed = true;
  if (spot && symbol["isSpotTradingAllowed"].get_bool().get(spot_allowed) == simdjson::SUCCESS
      && !spot_allowed && instrument.status == InstrumentStatus::trading)
    instrument.status = InstrumentStatus::halted;

  Rules rules;
  dom::array filters;
  if (symbol["filters"].get_array().get(filters) != simdjson::SUCCESS)
    return core::fail(Errc::malformed, "a symbol without filters", instrument.key.symbol.text());
  for (const dom::element filter : filters)
    if (auto ok = read_filter(filter, rules); !ok)
      return core::fail(ok.error().code, ok.error().detail, instrument.key.symbol.text());
  instrument.scale.price_decimals
      = decimals_of(rules.tick, symbol, spot ? "quoteAssetPrecision" : "pricePrecision");
  instrument.scale.quantity_decimals
      = decimals_of(rules.lot, symbol, spot ? "baseAssetPrecision" : "quantityPrecision");
  if (auto ok = apply(rules, instrument); !ok)
    return core::fail(ok.error().code, ok.error().detail, instrument.key.symbol.text());
  return instrument;
}

/// The declared REQUEST_WEIGHT of one minute.
std::optional<int> weight_per_minute(const dom::element& body) {
  dom::array limits;
  if (body["rateLimits"].get_array().get(limits) != simdjson::SUCCESS)
    return std::nullopt;
  for (const dom::element limit : limits) {
    std::int64_t count = 0;
    std::int64_t weight = 0;
    if (text_of(limit, "rateLimitType") != "REQUEST_WEIGHT"
        || text_of(limit, "interval") != "MINUTE"
        || limit["intervalNum"].get_int64().get(count) != simdjson::SUCCESS || count < 1
        || limit["limit"].get_int64().get(weight) != simdjson::SUCCESS || weight < count
        || weight > std::numeric_limits<int>::max())
      continue;
    return static_cast<int>(weight / count);
  }
  return std::nullopt;
}

} // namespace

Result<InstrumentPage> parse_exchange_info(core::MarketType type, std::string_view body) {
  const std::string source
      = core::to_string(core::MarketKey{core::VenueId{"binance"}, type}) + " exchangeInfo";
  dom::parser parser;
  dom::element root;
  dom::array symbols;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS
      || root["symbols"].get_array().get(symbols) != simdjson::SUCCESS)
    return core::fail(Errc::malformed, "not JSON with symbols", source);
  InstrumentPage page;
  page.instruments.reserve(symbols.size());
  for (const dom::element symbol : symbols) {
    auto instrument = instrument_of(type, symbol);
    if (!instrument)
      return core::fail(instrument.error().code,
                        instrument.error().source + ": " + instrument.error().detail, source);
    page.instruments.push_back(*std::move(instrument));
  }
  page.weight_per_minute = weight_per_minute(root);
  return page;
}

} // namespace tandem::adapters::venues::binance
