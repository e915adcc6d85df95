#include "core/risk/flatten.hpp"

#include "core/strategy/closing.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

using orders::Side;
using strategy::ClosingProblem;

/// No loss is too big here: a person has said so. Small enough for every sum.
const Money any_loss = to_money(Decimal{1'000'000'000'000'000, 0});

} // namespace

Flattening::Flattening(KillOrder order, FlattenLimits limits, const GateLimits& bounds,
                       MonoTime now)
    : order_{std::move(order)}, limits_{std::move(limits)},
      notional_max_{bounds.order_notional_max}, quantity_max_{bounds.order_quantity_max},
      band_percent_{bounds.price_band_percent}, until_{now + limits_.give_up} {}

/// How far beyond the touch a limit may go: the gate measures from the mid. 0 where the touch
/// itself is too far: the gate then says so.
Decimal Flattening::guard_at(const market::DepthView& book, bool buys) const {
  constexpr int decimals = 6; // what a limit is computed with
  if (book.bids().empty() || book.asks().empty())
    return limits_.guard_percent;
  const Int128 bid = book.bids().front().price.units;
  const Int128 ask = book.asks().front().price.units;
  const Int128 touch = buys ? ask : bid;
  // In twice the prices, so that the mid is whole: mid * band - spread, as a share of the touch.
  Int128 band = 0;
  if (touch <= 0 || __builtin_mul_overflow(band_percent_.mantissa(), Int128{pow10(decimals)}, &band)
      || __builtin_mul_overflow(band, bid + ask, &band))
    return limits_.guard_percent;
  const Int128 allowed = divide(band, pow10(band_percent_.decimals()), Rounding::down)
                         - Int128{100} * pow10(decimals) * (ask - bid);
  const Int128 share = std::clamp<Int128>(allowed / (2 * touch), 0, Int128{100} * pow10(decimals));
  return std::min(limits_.guard_percent, Decimal{static_cast<std::int64_t>(share), decimals});
}

/// As much of the position as one order may be worth at the touch.
Money Flattening::capped(const HeldPosition& position, const market::DepthView& book,
                         const Decimal& guard_percent) const {
  auto amount = magnitude(position.quantity);
  if (quantity_max_)
    amount = std::min(amount, to_money(*quantity_max_));
  const bool buys = position.quantity < Money{};
  const auto levels = buys ? book.asks() : book.bids();
  if (levels.empty())
    return amount;
  Decimal price{levels.front().price.units, book.scale.price_decimals};
  // A buy's limit lies beyond the touch, and is what the gate reckons with.
  if (buys)
    if (const auto limit
        = strategy::limit_beyond(Side::buy, price, guard_percent, *book.instrument))
      price = {limit->units, book.instrument->scale.price_decimals};
  Int128 scaled = 0;
  if (price.mantissa() <= 0
      || __builtin_mul_overflow(notional_max_.units, Int128{pow10(price.decimals())}, &scaled))
    return amount;
  return std::min(amount, Money{scaled / price.mantissa()});
}

std::optional<orders::OrderDraft> Flattening::next(const HeldPosition& position,
                                                   const market::DepthView* book, MonoTime now) {
  auto& place = places_[position.instrument];
  if (position.quantity == Money{} || !place.working.empty() || now < place.next_at
      || now >= until_)
    return std::nullopt;
  const bool known = book != nullptr && book->instrument;
  strategy::ClosingTask task;
  task.side = position.quantity > Money{} ? Side::sell : Side::buy;
  task.guard_percent = known ? guard_at(*book, task.side == Side::buy) : limits_.guard_percent;
  task.residual
      = known ? capped(position, *book, task.guard_percent) : magnitude(position.quantity);
  task.loss_max = any_loss;
  const auto offer = strategy::closing_at(book, task);
  if (!offer) {
    place.dust = offer.error() == ClosingProblem::too_small;
    place.problem = to_string(offer.error());
    place.next_at = now + limits_.again;
    return std::nullopt;
  }
  place.dust = false;
  orders::OrderDraft draft;
  draft.instrument = position.instrument;
  draft.side = task.side;
  draft.scale = offer->scale;
  draft.price = offer->limit;
  draft.quantity = offer->quantity;
  draft.reduce_only = position.instrument.type != MarketType::spot;
  draft.origin.pair = PairId{position.strategy};
  draft.origin.purpose = orders::OrderPurpose::flatten;
  draft.origin.person = order_.person;
  return draft;
}

void Flattening::placed(const InstrumentKey& instrument, const orders::ClientOrderId& id) {
  places_[instrument].working = id;
  ++orders_;
}

void Flattening::refused(const InstrumentKey& instrument, const Refusal& why, MonoTime now) {
  auto& place = places_[instrument];
  place.problem = std::string{to_string(why.rule)} + ": " + why.detail;
  place.next_at = now + limits_.again;
}

std::vector<std::pair<InstrumentKey, orders::ClientOrderId>> Flattening::under_way() const {
  std::vector<std::pair<InstrumentKey, orders::ClientOrderId>> result;
  for (const auto& [instrument, place] : places_)
    if (!place.working.empty())
      result.emplace_back(instrument, place.working);
  return result;
}

void Flattening::ended(const InstrumentKey& instrument, MonoTime now) {
  auto& place = places_[instrument];
  place.working = {};
  place.problem = "the last order did not close it";
  place.next_at = now + limits_.again;
}

bool Flattening::is_over(const std::vector<HeldPosition>& positions, MonoTime now) const {
  if (std::ranges::any_of(places_, [](const auto& place) { return !place.second.working.empty(); }))
    return false;
  return now >= until_ || std::ranges::all_of(positions, [&](const HeldPosition& position) {
           const auto place = places_.find(position.instrument);
           return position.quantity == Money{} || (place != places_.end() && place->second.dust);
         });
}

std::vector<FlattenLeft> Flattening::left(const std::vector<HeldPosition>& positions) const {
  std::vector<FlattenLeft> result;
  for (const auto& position : positions) {
    if (position.quantity == Money{})
      continue;
    const auto place = places_.find(position.instrument);
    result.push_back({position.instrument, position.quantity,
                      place != places_.end() && place->second.dust,
                      place == places_.end() ? "not tried yet" : place->second.problem});
  }
  return result;
}

} // namespace tandem::core::risk
