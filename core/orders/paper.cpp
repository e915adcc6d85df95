#include "core/orders/paper.hpp"

#include "core/types/decimal.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::orders {
namespace {

using market::DepthView;

constexpr std::size_t orders_kept = 10'000;

bool is_open(const VenueOrder& order) {
  return order.status == VenueStatus::open;
}

/// What a level holds at the order's scale, rounded down.
Quantity at_scale(Quantity quantity, int from, int to) {
  if (to >= from) {
    const auto wide = static_cast<Int128>(quantity.units) * pow10(to - from);
    return {static_cast<std::int64_t>(
        std::min<Int128>(wide, std::numeric_limits<std::int64_t>::max()))};
  }
  return {quantity.units / pow10(from - to)};
}

bool within_limit(const OrderDraft& draft, const Decimal& price) {
  if (draft.type == OrderType::market)
    return true;
  const Decimal limit{draft.price.units, draft.scale.price_decimals};
  return draft.side == Side::buy ? price <= limit : price >= limit;
}

/// How much of `wanted` the book offers within the order's limit.
Quantity offered(const OrderDraft& draft, const DepthView& book) {
  Quantity sum;
  for (const auto& level : draft.side == Side::buy ? book.asks() : book.bids()) {
    if (!within_limit(draft, {level.price.units, book.scale.price_decimals})
        || sum >= draft.quantity)
      break;
    const auto here
        = at_scale(level.quantity, book.scale.quantity_decimals, draft.scale.quantity_decimals);
    sum = sum + std::min(here, draft.quantity - sum);
  }
  return sum;
}

VenueOrder show(const OrderIntent& intent, std::string venue_order_id, UnixMillis now) {
  const auto& draft = intent.draft;
  VenueOrder order;
  order.instrument = draft.instrument;
  order.client_id = intent.id.text();
  order.side = draft.side;
  order.type = draft.type;
  order.tif = draft.tif;
  order.price = {draft.price.units, draft.scale.price_decimals};
  order.quantity = {draft.quantity.units, draft.scale.quantity_decimals};
  order.venue_order_id = std::move(venue_order_id);
  order.cumulative = Decimal{};
  order.venue_time = now;
  return order;
}

/// What a spot order needs of which asset, for this much of it.
struct Claim {
  const std::string& asset;
  Money amount;
};

Claim claim_of(const OrderDraft& draft, Quantity quantity, const Instrument& instrument) {
  if (draft.side == Side::buy)
    return {instrument.quote, to_money(draft.price * quantity, draft.scale)};
  return {instrument.base, to_money(quantity, draft.scale)};
}

} // namespace

PaperMarket::PaperMarket(MarketKey market, PaperTerms terms, std::function<std::string()> next_id)
    : market_{std::move(market)}, terms_{std::move(terms)}, next_id_{std::move(next_id)},
      assets_{terms_.balances} {}

Result<PaperNews> PaperMarket::place(const OrderIntent& order, const DepthView& book,
                                     UnixMillis now) {
  const auto& draft = order.draft;
  if (book.condition != market::BookCondition::live || !book.instrument)
    return fail(Errc::exchange_unavailable, "the book is not live: nothing to fill against",
                to_string(draft.instrument));
  if (orders_.contains(order.id))
    return fail(Errc::conflict, "this client order id was used before", order.id.text());
  if (const auto funds = afford(draft, *book.instrument); !funds)
    return tl::unexpected{funds.error()};
  auto id = "mock_order_" + next_id_();
  auto& held = orders_
                   .emplace(order.id, Held{order, book.instrument, show(order, std::move(id), now),
                                           draft.quantity})
                   .first->second;
  PaperNews news;
  const auto reachable = offered(draft, book);
  const bool crosses = reachable > Quantity{};
  const bool refused_whole = (draft.tif == TimeInForce::post_only && crosses)
                             || (draft.tif == TimeInForce::fok && reachable < draft.quantity);
  if (!refused_whole)
    take(held, book, false, now, news);
  const bool rests = draft.type == OrderType::limit
                     && (draft.tif == TimeInForce::gtc || draft.tif == TimeInForce::post_only);
  if (is_open(held.shown) && (refused_whole || !rests)) {
    held.shown.reason = refused_whole && crosses && draft.tif == TimeInForce::post_only
                            ? "would take"
                            : "not fillable at once";
    end(held, draft.tif == TimeInForce::post_only ? VenueStatus::cancelled : VenueStatus::expired,
        now);
  }
  news.order = held.shown;
  forget_old();
  return news;
}

std::optional<VenueOrder> PaperMarket::cancel(const ClientOrderId& id, UnixMillis now) {
  const auto found = orders_.find(id);
  if (found == orders_.end())
    return std::nullopt;
  if (is_open(found->second.shown))
    end(found->second, VenueStatus::cancelled, now);
  return found->second.shown;
}

std::optional<VenueOrder> PaperMarket::find(const ClientOrderId& id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? std::nullopt : std::optional{found->second.shown};
}

std::vector<PaperNews> PaperMarket::on_book(const DepthView& book, UnixMillis now) {
  std::vector<PaperNews> all;
  if (book.condition != market::BookCondition::live || !book.instrument)
    return all;
  for (auto& [id, held] : orders_) {
    if (!is_open(held.shown) || held.shown.instrument != book.instrument->key)
      continue;
    PaperNews news;
    take(held, book, true, now, news);
    if (news.fills.empty())
      continue;
    news.order = held.shown;
    all.push_back(std::move(news));
  }
  return all;
}

std::vector<InstrumentKey> PaperMarket::resting() const {
  std::vector<InstrumentKey> keys;
  for (const auto& [id, held] : orders_)
    if (is_open(held.shown)
        && std::find(keys.begin(), keys.end(), held.shown.instrument) == keys.end())
      keys.push_back(held.shown.instrument);
  return keys;
}

std::map<std::string, PaperMarket::AssetRow> PaperMarket::assets() const {
  std::map<std::string, AssetRow> rows;
  for (const auto& [asset, amount] : assets_)
    rows[asset] = {amount, {}};
  if (market_.type == MarketType::linear)
    return rows;
  for (const auto& [id, held] : orders_) {
    if (!is_open(held.shown))
      continue;
    const auto claim = claim_of(held.intent.draft, held.left, *held.instrument);
    auto& row = rows[claim.asset];
    row.free -= claim.amount;
    row.locked += claim.amount;
  }
  return rows;
}

/// A market order is judged by the worst price that was reckoned with, a linear one by nothing: the
/// gate has looked at its margin.
Status PaperMarket::afford(const OrderDraft& draft, const Instrument& instrument) const {
  if (market_.type == MarketType::linear)
    return {};
  const auto [asset, needed] = claim_of(draft, draft.quantity, instrument);
  const auto rows = assets();
  const auto found = rows.find(asset);
  const auto free = found == rows.end() ? Money{} : found->second.free;
  if (free >= needed)
    return {};
  return fail(Errc::insufficient_funds,
              "needs " + core::to_string(needed) + " " + asset + ", has " + core::to_string(free),
              core::to_string(draft.instrument));
}

void PaperMarket::take(Held& held, const DepthView& book, bool maker, UnixMillis now,
                       PaperNews& news) {
  const auto& draft = held.intent.draft;
  for (const auto& level : draft.side == Side::buy ? book.asks() : book.bids()) {
    const Decimal price{level.price.units, book.scale.price_decimals};
    if (held.left == Quantity{} || !within_limit(draft, price))
      break;
    const auto here = std::min(held.left, at_scale(level.quantity, book.scale.quantity_decimals,
                                                   draft.scale.quantity_decimals));
    if (here == Quantity{})
      continue;
    fill(held, maker ? held.shown.price : price, here, maker, now, news);
  }
}

void PaperMarket::fill(Held& held, const Decimal& price, Quantity quantity, bool maker,
                       UnixMillis now, PaperNews& news) {
  const auto& draft = held.intent.draft;
  const auto& instrument = *held.instrument;
  const auto at_price = price.at_scale(draft.scale.price_decimals);
  if (!at_price)
    return; // finer than the instrument's own prices: no price of this venue
  const auto notional = Price{*at_price} * quantity;
  Fill done;
  done.trade_id = "mock_trade_" + next_id_();
  done.price = {*at_price};
  done.quantity = quantity;
  done.fee = to_money(strategy::fee_of(notional, maker ? terms_.maker : terms_.taker), draft.scale);
  done.fee_asset = instrument.quote;
  done.maker = maker;
  done.venue_time = now;
  const bool buys = draft.side == Side::buy;
  if (market_.type == MarketType::spot) {
    const auto paid = to_money(notional, draft.scale), got = to_money(quantity, draft.scale);
    assets_[instrument.quote] += (buys ? -paid : paid) - done.fee;
    assets_[instrument.base] += buys ? got : -got;
  } else {
    auto& position = positions_[draft.instrument];
    const auto before = position.realised();
    position.apply(draft.side, done, draft.scale, instrument.base, instrument.quote);
    assets_[instrument.quote] += position.realised() - before;
    if (position.quantity() == Money{})
      positions_.erase(draft.instrument);
  }
  held.left = held.left - quantity;
  held.shown.cumulative
      = Decimal{draft.quantity.units - held.left.units, draft.scale.quantity_decimals};
  if (held.left == Quantity{})
    end(held, VenueStatus::filled, now);
  news.fills.push_back({.instrument = draft.instrument,
                        .client_id = held.shown.client_id,
                        .venue_order_id = held.shown.venue_order_id,
                        .side = draft.side,
                        .trade_id = done.trade_id,
                        .price = price,
                        .quantity = {quantity.units, draft.scale.quantity_decimals},
                        .fee = done.fee,
                        .fee_asset = done.fee_asset,
                        .maker = maker,
                        .venue_time = now});
}

void PaperMarket::end(Held& held, VenueStatus status, UnixMillis now) {
  held.shown.status = status;
  held.shown.venue_time = now;
}

/// Client ids grow, so the first ones are the oldest.
void PaperMarket::forget_old() {
  for (auto next = orders_.begin(); orders_.size() > orders_kept && next != orders_.end();)
    next = is_open(next->second.shown) ? std::next(next) : orders_.erase(next);
}

} // namespace tandem::core::orders
