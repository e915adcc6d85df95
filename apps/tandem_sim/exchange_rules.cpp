// What the simulated venues check before they take an order: the instrument's filters, the
// account's means, the book. The order of the checks is the venues'.
#include "apps/tandem_sim/exchange.hpp"

#include <algorithm>
#include <array>

namespace tandem::sim {
namespace {

constexpr std::array<std::pair<Refusal, std::string_view>, 26> refusal_names{{
    {Refusal::none, "none"},
    {Refusal::unknown_symbol, "unknown_symbol"},
    {Refusal::market_closed, "market_closed"},
    {Refusal::bad_request, "bad_request"},
    {Refusal::price_precision, "price_precision"},
    {Refusal::quantity_precision, "quantity_precision"},
    {Refusal::price_range, "price_range"},
    {Refusal::price_tick, "price_tick"},
    {Refusal::quantity_range, "quantity_range"},
    {Refusal::quantity_lot, "quantity_lot"},
    {Refusal::notional_min, "notional_min"},
    {Refusal::notional_max, "notional_max"},
    {Refusal::price_band, "price_band"},
    {Refusal::open_orders_max, "open_orders_max"},
    {Refusal::duplicate_id, "duplicate_id"},
    {Refusal::balance, "balance"},
    {Refusal::margin, "margin"},
    {Refusal::would_take, "would_take"},
    {Refusal::reduce_only, "reduce_only"},
    {Refusal::fok_unfillable, "fok_unfillable"},
    {Refusal::no_liquidity, "no_liquidity"},
    {Refusal::ioc_rest, "ioc_rest"},
    {Refusal::self_trade, "self_trade"},
    {Refusal::not_permitted, "not_permitted"},
    {Refusal::unknown_order, "unknown_order"},
    {Refusal::by_request, "by_request"},
}};

constexpr std::int64_t million = 1'000'000;

} // namespace

std::string_view name_of(Refusal refusal) noexcept {
  if (refusal == Refusal::countdown)
    return "countdown";
  for (const auto& [value, name] : refusal_names) {
    if (value == refusal)
      return name;
  }
  return "injected";
}

std::string_view name_of(OrderState state) noexcept {
  constexpr std::array<std::string_view, 6> names{"open",      "partially_filled", "filled",
                                                  "cancelled", "expired",          "rejected"};
  return names[static_cast<std::size_t>(state)];
}

TradingRules Exchange::rules(const Instrument& instrument) {
  constexpr std::int64_t lots_max = 9'000'000;
  constexpr std::int64_t ticks_max = 100'000'000;
  TradingRules out;
  out.price_min = instrument.tick;
  out.price_max = instrument.tick * ticks_max;
  out.quantity_min = instrument.lot;
  out.quantity_max = instrument.lot * lots_max;
  out.market_quantity_max = out.quantity_max / 10;
  out.notional_min = static_cast<Amount>(instrument.notional_min.mantissa())
                     * core::pow10(amount_decimals - instrument.notional_min.decimals());
  const bool spot = is_spot(instrument.surface);
  if (spot)
    out.notional_max = static_cast<Amount>(9'000'000) * core::pow10(amount_decimals);
  out.band_up_ppm = spot ? 5 * million : 1'050'000;
  out.band_down_ppm = spot ? 200'000 : 950'000;
  out.open_orders_max = 200;
  return out;
}

const Instrument* Exchange::instrument(SurfaceId surface, std::string_view symbol) const {
  const auto found = std::ranges::find_if(instruments_, [&](const Instrument& each) {
    return each.surface == surface && each.symbol == symbol;
  });
  return found == instruments_.end() ? nullptr : &*found;
}

std::optional<std::int64_t> Exchange::market_price(SurfaceId surface,
                                                   std::string_view symbol) const {
  const auto* market = find_market(surface, symbol);
  const auto price = market == nullptr ? 0 : market->price();
  return price == 0 ? std::nullopt : std::optional{price};
}

Refusal Exchange::inspect_numbers(const OrderAsk& ask, Checked& out) const {
  const auto& of = *out.instrument;
  const auto rules = Exchange::rules(of);
  if (ask.type == OrderType::limit) {
    if (!ask.price || !ask.quantity)
      return Refusal::bad_request;
    const auto price = ask.price->at_scale(of.price_decimals);
    if (!price)
      return Refusal::price_precision;
    out.price = *price;
    if (out.price < rules.price_min || out.price > rules.price_max)
      return Refusal::price_range;
    if (out.price % of.tick != 0)
      return Refusal::price_tick;
  }
  if (!ask.quantity) {
    if (!ask.quote_quantity || ask.quote_quantity->decimals() > amount_decimals)
      return Refusal::bad_request;
    out.quote_quantity = static_cast<Amount>(ask.quote_quantity->mantissa())
                         * core::pow10(amount_decimals - ask.quote_quantity->decimals());
    const auto value = out.quote_quantity
                       / core::pow10(amount_decimals - of.price_decimals - of.quantity_decimals);
    if (out.market != nullptr)
      out.quantity = out.market->quantity_for(ask.side == Side::bid ? Side::ask : Side::bid, value);
    return Refusal::none;
  }
  const auto quantity = ask.quantity->at_scale(of.quantity_decimals);
  if (!quantity)
    return Refusal::quantity_precision;
  out.quantity = *quantity;
  const auto most = ask.type == OrderType::market ? rules.market_quantity_max : rules.quantity_max;
  if (out.quantity < rules.quantity_min || out.quantity > most)
    return Refusal::quantity_range;
  return out.quantity % of.lot == 0 ? Refusal::none : Refusal::quantity_lot;
}

Refusal Exchange::inspect_value(const OrderAsk& ask, const Checked& checked) const {
  const auto& of = *checked.instrument;
  const auto rules = Exchange::rules(of);
  const auto market = market_price(ask.surface, ask.symbol).value_or(checked.price);
  if (ask.type == OrderType::limit) {
    const auto scaled = static_cast<Amount>(checked.price) * million;
    const bool too_high = scaled > static_cast<Amount>(market) * rules.band_up_ppm;
    const bool too_low = scaled < static_cast<Amount>(market) * rules.band_down_ppm;
    // On contracts only a price that is bad for its owner is refused.
    const bool both = is_spot(ask.surface);
    if ((too_high && (both || ask.side == Side::bid))
        || (too_low && (both || ask.side == Side::ask)))
      return Refusal::price_band;
  }
  const auto value
      = checked.quote_quantity > 0
            ? checked.quote_quantity
            : value_of(of, ask.type == OrderType::limit ? checked.price : market, checked.quantity);
  if (value < rules.notional_min && !ask.reduce_only)
    return Refusal::notional_min;
  if (rules.notional_max > 0 && ask.type == OrderType::limit && value > rules.notional_max)
    return Refusal::notional_max;
  return Refusal::none;
}

Refusal Exchange::inspect_funds(const OrderAsk& ask, const Checked& checked) const {
  const auto& of = *checked.instrument;
  const auto& account = accounts_.at(ask.account);
  const auto rates = fees(ask.account, ask.surface);
  const auto highest_fee = std::max<std::int64_t>(std::max(rates.maker_e8, rates.taker_e8), 0);
  const auto opposite = ask.side == Side::bid ? Side::ask : Side::bid;
  const auto fee_for = [&](Amount value) { return value / 100'000'000 * highest_fee; };
  if (is_spot(ask.surface)) {
    if (ask.side == Side::ask)
      return quantity_amount(of, checked.quantity) > spendable(ask.account, ask.surface, of.base)
                 ? Refusal::balance
                 : Refusal::none;
    auto value = value_of(of, checked.price, checked.quantity);
    if (ask.type == OrderType::market && checked.market != nullptr)
      value = std::max(checked.quote_quantity, checked.market->cost(opposite, checked.quantity)
                                                   * core::pow10(amount_decimals - of.price_decimals
                                                                 - of.quantity_decimals));
    if (account.fee_asset == FeeAsset::quote)
      value += fee_for(value);
    return value > spendable(ask.account, ask.surface, of.quote) ? Refusal::balance : Refusal::none;
  }
  const auto held = position(ask.account, ask.symbol).quantity;
  if (ask.reduce_only)
    return held == 0 || (held > 0) == (ask.side == Side::bid) ? Refusal::reduce_only
                                                              : Refusal::none;
  const auto before = margin(ask.account, ask.surface, of.quote);
  const auto after = margin_with(ask.account, ask.surface, of.quote, &ask, checked.quantity);
  if (after.order_margin == before.order_margin)
    return Refusal::none; // it brings no more exposure than there is
  const auto market = market_price(ask.surface, ask.symbol).value_or(checked.price);
  const auto fee = fee_for(value_of(of, market, checked.quantity));
  return after.available() < fee ? Refusal::margin : Refusal::none;
}

Refusal Exchange::inspect_book(const OrderAsk& ask, const PlaceOptions& options,
                               const Checked& checked) const {
  if (checked.market == nullptr || ask.type == OrderType::market)
    return Refusal::none;
  const auto opposite = ask.side == Side::bid ? Side::ask : Side::bid;
  const auto there = checked.market->available(opposite, checked.price);
  if (ask.post_only && options.refuse_taking_post_only && there > 0)
    return Refusal::would_take;
  if (ask.lifetime == Lifetime::fok && options.refuse_unfillable_fok && there < checked.quantity)
    return Refusal::fok_unfillable;
  return Refusal::none;
}

Exchange::Checked Exchange::inspect(const OrderAsk& ask, const PlaceOptions& options) const {
  Checked out;
  out.instrument = instrument(ask.surface, ask.symbol);
  const auto refuse = [&](Refusal refusal) {
    out.refusal = refusal;
    return out;
  };
  if (out.instrument == nullptr)
    return refuse(Refusal::unknown_symbol);
  out.market = find_market(ask.surface, ask.symbol);
  if (const auto wrong = inspect_numbers(ask, out); wrong != Refusal::none)
    return refuse(wrong);
  if (out.market == nullptr || (out.market->recorded() && out.market->price() == 0))
    return refuse(Refusal::market_closed);
  if (const auto wrong = inspect_value(ask, out); wrong != Refusal::none)
    return refuse(wrong);
  if (const auto* earlier = find(ask.account, ask.surface, {}, {0, ask.client_id});
      earlier != nullptr && !ask.client_id.empty()
      && (options.unique_ids_for_ever || is_open(earlier->state)))
    return refuse(Refusal::duplicate_id);
  if (open_count(ask.account, ask.surface, ask.symbol)
      >= Exchange::rules(*out.instrument).open_orders_max)
    return refuse(Refusal::open_orders_max);
  if (const auto wrong = inspect_funds(ask, out); wrong != Refusal::none)
    return refuse(wrong);
  return refuse(inspect_book(ask, options, out));
}

} // namespace tandem::sim
