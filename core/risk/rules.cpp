#include "core/risk/rules.hpp"

#include "core/market/clock_offset.hpp"
#include "core/types/fraction.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace tandem::core::risk {
namespace {

using orders::OrderPurpose;
using orders::OrderType;
using orders::Side;
using orders::TimeInForce;

/// What a rule found wrong: the number, what it was compared with, and a sentence.
struct Finding {
  std::string value, limit, detail;
};

using Answer = std::optional<Finding>;

std::string text(std::int64_t units, int decimals) {
  return format_scaled(units, decimals);
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
  return format_scaled(time.count(), 6) + " ms";
}

/// units * 10^-decimals as a count of 10^-18: comparable whatever the scale.
Int128 widened(std::int64_t units, int decimals) noexcept {
  return static_cast<Int128>(units) * pow10(money_decimals - decimals);
}

Int128 price18(const Question& q) noexcept {
  return widened(q.draft().price.units, q.draft().scale.price_decimals);
}

Int128 magnitude(Int128 value) noexcept {
  return value < 0 ? -value : value;
}

/// part / whole > percent / 100, exactly. @param whole above 0.
bool exceeds_percent(Int128 part, Int128 whole, const Decimal& percent) noexcept {
  return compare_fractions(part, whole, percent.mantissa(),
                           static_cast<Int128>(pow10(percent.decimals())) * 100)
         > 0;
}

/// For people: a share in percent, rounded up at 8 decimals, so that what exceeds looks it.
std::string percent_text(Int128 part, Int128 whole) {
  constexpr int decimals = 8;
  constexpr Int128 hundred = 100;
  Int128 scaled = 0;
  while (__builtin_mul_overflow(part, hundred * pow10(decimals), &scaled)) {
    part /= 10;
    whole = std::max<Int128>(whole / 10, 1);
  }
  return format_scaled(divide(scaled, whole, Rounding::up), decimals) + " %";
}

std::string percent_text(const Decimal& percent) {
  return percent.to_string() + " %";
}

/// `value` may be at `limit`, not above.
Answer at_most(Money value, const std::optional<Money>& limit, const char* what) {
  if (!limit || value <= *limit)
    return std::nullopt;
  return Finding{to_string(value), to_string(*limit), what};
}

std::optional<Money> as_money(const std::optional<Decimal>& value) {
  return value ? std::optional{to_money(*value)} : std::nullopt;
}

// ---- who may trade at all

Answer kill_switch(const Question& q) {
  const auto& name = q.strategy.name;
  const auto& venue = q.draft().instrument.venue;
  const auto* const thrown = q.kills.blocks(name, venue);
  if (thrown == nullptr)
    return std::nullopt;
  // What a switch with `flatten` asks for, but only what truly brings a position down.
  if (q.draft().origin.purpose == OrderPurpose::flatten && q.instrument != nullptr
      && is_sound(q.draft().scale)
      && q.instrument->span().lessens(q.draft().side, q.reckoned.quantity)
      && q.kills.blocks_flatten(name, venue) == nullptr)
    return std::nullopt;
  return Finding{"thrown: " + place_of(thrown->level, thrown->scope), "none",
                 "stopped by " + thrown->person + ": " + thrown->reason};
}

Answer journal(const Question& q) {
  if (!q.journal_down)
    return std::nullopt;
  return Finding{"down", "writable", "without a journal no order leaves"};
}

/// A market may call itself open and know nothing of what happened while the engine stood still.
Answer stood_still(const Question& q) {
  const auto market = q.draft().instrument.market();
  const auto silence = q.standstill.silence(q.now.mono, q.now.wall);
  const bool beats = silence <= q.standstill.limit();
  if (beats && q.standstill.is_compared(market))
    return std::nullopt;
  return Finding{beats ? "not compared since" : milliseconds_text(silence),
                 milliseconds_text(q.standstill.limit()),
                 "the engine stood still: " + to_string(market)
                     + " is closed until it was compared with its venue"};
}

Answer market_closed(const Question& q) {
  if (q.market != nullptr && q.market->status && q.market->status->open)
    return stood_still(q);
  const bool known = q.market != nullptr && q.market->status;
  return Finding{known ? q.market->status->reason : "unknown", "open",
                 to_string(q.draft().instrument.market()) + " is closed to orders"};
}

Answer allow_list(const Question& q) {
  const auto& allowed = q.market->status->allowed;
  if (allowed.empty() || allowed.contains(q.draft().instrument.symbol))
    return std::nullopt;
  return Finding{q.draft().instrument.symbol.text(),
                 std::to_string(allowed.size()) + " symbols allowed",
                 "the symbol is not on the market's allow-list"};
}

Answer strategy_paused(const Question& q) {
  for (const auto& pause : q.scope_pauses)
    if (pause.level == KillLevel::all || pause.scope == q.draft().instrument.venue.text())
      return Finding{"paused by " + pause.by, "active", pause.reason};
  if (q.strategy.pauses.empty())
    return std::nullopt;
  const auto& [by, reason] = q.strategy.pauses.front();
  return Finding{"paused by " + by, "active", reason};
}

Answer unknown_order(const Question& q) {
  // Manual orders are nobody's algorithm: one of them only stops others of its instrument.
  auto unknown = q.strategy.unknown;
  if (q.strategy.name.empty() && unknown > 0)
    unknown = q.instrument == nullptr ? 0
                                      : static_cast<std::size_t>(std::ranges::count_if(
                                          q.instrument->open, [&](const OpenOrder* order) {
                                            return order->unknown && order->strategy == &q.strategy;
                                          }));
  if (unknown == 0)
    return std::nullopt;
  return Finding{std::to_string(unknown), "0", "the outcome of an earlier order is not known yet"};
}

// ---- what is traded, and the book

Answer instrument(const Question& q) {
  if (!q.facts.instrument)
    return Finding{"unknown", "trading", to_string(q.draft().instrument) + " is not listed"};
  if (q.facts.instrument->key != q.draft().instrument)
    return Finding{to_string(q.facts.instrument->key), to_string(q.draft().instrument),
                   "the facts are those of another instrument"};
  if (!is_sound(q.draft().scale) || !is_sound(q.facts.instrument->scale))
    return Finding{"unusable scale", "0..18 decimals", "the order's numbers mean nothing"};
  if (q.facts.instrument->status != InstrumentStatus::trading)
    return Finding{std::string{to_string(q.facts.instrument->status)}, "trading",
                   to_string(q.draft().instrument) + " does not trade now"};
  return std::nullopt;
}

Answer book(const Question& q) {
  if (has_mid(q.facts))
    return std::nullopt;
  std::string state{to_string(q.facts.condition)};
  if (q.facts.condition == market::BookCondition::live)
    state = q.facts.bid && q.facts.ask ? "no usable prices" : "one side empty";
  return Finding{state, "live", "the book cannot be traded on"};
}

Answer book_age(const Question& q) {
  const auto age = q.now.mono - q.facts.received_at;
  if (age <= q.limits.book_age_max)
    return std::nullopt;
  return Finding{milliseconds_text(age), milliseconds_text(q.limits.book_age_max),
                 "the book is too old"};
}

Answer clock_offset(const Question& q) {
  const auto offset = q.market->status->clock_offset;
  if (!market::beyond(offset, q.limits.clock_offset_max))
    return std::nullopt;
  return Finding{milliseconds_text(offset), milliseconds_text(q.limits.clock_offset_max),
                 "our clock and the venue's differ too much"};
}

Answer price_outlier(const Question& q) {
  if (q.limits.outlier_percent.is_zero())
    return std::nullopt;
  const auto median = q.instrument->mids.median(q.now.mono);
  if (!median)
    return std::nullopt;
  const auto away = magnitude(doubled_mid(q.facts) - *median);
  if (!exceeds_percent(away, *median, q.limits.outlier_percent))
    return std::nullopt;
  return Finding{percent_text(away, *median), percent_text(q.limits.outlier_percent),
                 "the mid is far from its median of the last minute"};
}

// ---- the venue's filters

/// A grid of `step` (at `decimals`; 0 = none), whatever the scale of `units`.
bool on_grid(std::int64_t units, int decimals, std::int64_t step, int step_decimals) noexcept {
  return step <= 0 || widened(units, decimals) % widened(step, step_decimals) == 0;
}

Answer tick(const Question& q) {
  const auto& draft = q.draft();
  const auto& listed = *q.facts.instrument;
  const auto price = text(draft.price.units, draft.scale.price_decimals);
  if (draft.price.units <= 0)
    return Finding{price, "above 0", "a price is above zero"};
  if (draft.type == OrderType::market) // the price is not sent
    return std::nullopt;
  const int decimals = listed.scale.price_decimals;
  if (!on_grid(draft.price.units, draft.scale.price_decimals, listed.tick.units, decimals))
    return Finding{price, text(listed.tick.units, decimals), "not a multiple of the tick"};
  if (listed.price_min && price18(q) < widened(listed.price_min->units, decimals))
    return Finding{price, text(listed.price_min->units, decimals), "below the lowest price"};
  if (listed.price_max && price18(q) > widened(listed.price_max->units, decimals))
    return Finding{price, text(listed.price_max->units, decimals), "above the highest price"};
  return std::nullopt;
}

Answer lot(const Question& q) {
  const auto& draft = q.draft();
  const auto& listed = *q.facts.instrument;
  if (on_grid(draft.quantity.units, draft.scale.quantity_decimals, listed.lot.units,
              listed.scale.quantity_decimals))
    return std::nullopt;
  return Finding{text(draft.quantity.units, draft.scale.quantity_decimals),
                 text(listed.lot.units, listed.scale.quantity_decimals),
                 "not a multiple of the lot"};
}

Answer quantity_min(const Question& q) {
  const auto least = to_money(q.facts.instrument->quantity_min, q.facts.instrument->scale);
  if (q.reckoned.quantity > Money{} && q.reckoned.quantity >= least)
    return std::nullopt;
  return Finding{to_string(q.reckoned.quantity), least > Money{} ? to_string(least) : "above 0",
                 "below the venue's smallest quantity"};
}

Answer quantity_max(const Question& q) {
  const auto& most = q.facts.instrument->quantity_max;
  if (!most)
    return std::nullopt;
  return at_most(q.reckoned.quantity, to_money(*most, q.facts.instrument->scale),
                 "above the venue's largest quantity");
}

Answer notional_min(const Question& q) {
  const auto& least = q.facts.instrument->notional_min;
  if (!least)
    return std::nullopt;
  // By the limit, as the venue does. Exact: a count of 10^-(both decimals).
  const auto& draft = q.draft();
  const auto scale = draft.scale;
  const auto whole
      = static_cast<Int128>(pow10(scale.price_decimals)) * pow10(scale.quantity_decimals);
  const auto notional = draft.price * draft.quantity;
  if (compare_fractions(notional.units, whole, least->mantissa(), pow10(least->decimals())) >= 0)
    return std::nullopt;
  return Finding{format_scaled(notional.units, scale.price_decimals + scale.quantity_decimals),
                 least->to_string(), "below the venue's smallest notional"};
}

// ---- too large, too dear

Answer order_quantity_max(const Question& q) {
  return at_most(q.reckoned.quantity, as_money(q.limits.order_quantity_max),
                 "one order may not be larger");
}

Answer order_notional_max(const Question& q) {
  const auto strategy = q.strategy.limits.order_notional_max;
  const auto limit = std::min({q.limits.order_notional_max, order_notional_ceiling,
                               strategy.value_or(order_notional_ceiling)});
  return at_most(q.reckoned.notional, limit, "one order may not come to more");
}

Answer price_band(const Question& q) {
  const auto mid = doubled_mid(q.facts);
  const auto away = magnitude(2 * price18(q) - mid);
  if (!exceeds_percent(away, mid, q.limits.price_band_percent))
    return std::nullopt;
  return Finding{percent_text(away, mid), percent_text(q.limits.price_band_percent),
                 "the price " + text(q.draft().price.units, q.draft().scale.price_decimals)
                     + " is too far from the mid"};
}

Answer slippage(const Question& q) {
  const auto& draft = q.draft();
  if (draft.decided.units <= 0)
    return std::nullopt;
  const auto decided = widened(draft.decided.units, draft.scale.price_decimals);
  const auto percent = q.strategy.limits.slippage_percent.value_or(q.limits.slippage_percent);
  const auto worse
      = [&](Int128 price) { return draft.side == Side::buy ? price - decided : decided - price; };
  if (const auto away = worse(price18(q)); exceeds_percent(away, decided, percent))
    return Finding{percent_text(away, decided), percent_text(percent),
                   "the limit is too far from the decided price"};
  // An order that takes now or never: the book itself may have left the decided price.
  if (draft.tif != TimeInForce::ioc && draft.tif != TimeInForce::fok
      && draft.type != OrderType::market)
    return std::nullopt;
  const auto& touch = draft.side == Side::buy ? *q.facts.ask : *q.facts.bid;
  const auto away = worse(widened(touch.units, q.facts.scale.price_decimals));
  if (!exceeds_percent(away, decided, percent))
    return std::nullopt;
  return Finding{percent_text(away, decided), percent_text(percent),
                 "the book moved away from the decided price"};
}

Answer fee_unknown(const Question& q) {
  if (q.instrument->fee)
    return std::nullopt;
  return Finding{"unknown", "known", "the account's fee here is not known"};
}

// ---- our own orders

Answer self_cross(const Question& q) {
  const auto& draft = q.draft();
  const bool rests = draft.type == OrderType::limit
                     && (draft.tif == TimeInForce::gtc || draft.tif == TimeInForce::post_only);
  const auto price = price18(q);
  for (const auto* order : q.instrument->open) {
    // Two that never rest cannot meet: each takes from the book and is gone.
    if (order->side == draft.side || order->open <= Money{} || (!rests && !order->may_rest))
      continue;
    const auto other = widened(order->limit.units, order->limit_scale.price_decimals);
    const bool meets = order->type == OrderType::market || draft.type == OrderType::market
                       || (draft.side == Side::buy ? price >= other : price <= other);
    if (meets)
      return Finding{text(draft.price.units, draft.scale.price_decimals),
                     text(order->limit.units, order->limit_scale.price_decimals),
                     "would meet a working order of our own"};
  }
  return std::nullopt;
}

Answer duplicate(const Question& q) {
  const auto& draft = q.draft();
  const auto price = price18(q);
  const auto quantity = widened(draft.quantity.units, draft.scale.quantity_decimals);
  for (const auto& other : q.instrument->recent) {
    const auto age = q.now.mono - other.at;
    if (age < q.limits.duplicate_window && other.side == draft.side && other.price == price
        && other.quantity == quantity)
      return Finding{milliseconds_text(age), milliseconds_text(q.limits.duplicate_window),
                     "the same order was approved a moment ago"};
  }
  return std::nullopt;
}

Answer balance(const Question& q) {
  const auto& reckoned = q.reckoned;
  if (reckoned.reserve == Reserve::nothing)
    return std::nullopt;
  const bool in_base = reckoned.reserve == Reserve::base;
  const auto* const from = in_base ? q.instrument->base : q.instrument->quote;
  const auto& asset = in_base ? q.facts.instrument->base : q.facts.instrument->quote;
  if (from == nullptr || !from->known)
    return Finding{to_string(reckoned.need), "unknown",
                   "the balance of " + asset + " is not known"};
  return at_most(reckoned.need, from->available(),
                 in_base ? "not enough of the base asset is free"
                         : "not enough of the quote asset is free");
}

// ---- exposure

Answer position_max(const Question& q) {
  const auto side = q.draft().side;
  const auto own = q.strategy.span(*q.instrument).worst(side, q.reckoned.quantity);
  if (auto answer = at_most(own, as_money(q.strategy.limits.position_max),
                            "the strategy's position here would be too large"))
    return answer;
  if (!q.limits.position_notional_max)
    return std::nullopt;
  const auto worst = q.instrument->span().worst(side, q.reckoned.quantity);
  return at_most(q.instrument->value(worst).value_or(Money{}), q.limits.position_notional_max,
                 "the position in this instrument would be too large");
}

/// What the sum of exposures grows by; 0 when the order only takes from a position.
Money exposure_growth(const Question& q) noexcept {
  const auto worst = std::max(q.instrument->span().worst(),
                              q.instrument->span().worst(q.draft().side, q.reckoned.quantity));
  return q.instrument->value(worst).value_or(Money{}) - q.instrument->exposure;
}

/// @param unpriced positions within the sum that no price is known of.
Answer exposure_max(const Question& q, Money sum, std::size_t unpriced,
                    const std::optional<Money>& limit, const char* what) {
  if (!limit)
    return std::nullopt;
  const auto growth = exposure_growth(q);
  if (growth <= Money{})
    return std::nullopt;
  if (unpriced > 0)
    return Finding{std::to_string(unpriced) + " positions without a price", to_string(*limit),
                   what};
  return at_most(sum + growth, limit, what);
}

Answer venue_exposure_max(const Question& q) {
  const auto& venue = *q.instrument->market->venue;
  return exposure_max(q, venue.exposure, venue.unpriced, q.limits.venue_exposure_max,
                      "the exposure at this venue would be too large");
}

Answer gross_exposure_max(const Question& q) {
  return exposure_max(q, q.ledger.exposure(), q.ledger.unpriced(), q.limits.gross_exposure_max,
                      "the exposure at all venues would be too large");
}

// ---- totals, the day, rates

Answer strategy_total(const Question& q) {
  return at_most(q.strategy.total + q.strategy.total_in_flight + q.reckoned.notional,
                 q.strategy.limits.total_notional_max, "the strategy's total amount is used up");
}

Answer parent_quantity(const Question& q) {
  const auto& limit = q.strategy.limits.parent_quantity;
  if (!limit)
    return std::nullopt;
  const auto own = q.strategy.holding(*q.instrument);
  return at_most(own.traded + own.span.open_buy + own.span.open_sell + q.reckoned.quantity,
                 to_money(*limit), "the plan's orders here would come to more than the plan");
}

Answer daily_notional_max(const Question& q) {
  const auto& own = q.strategy;
  if (auto answer
      = at_most(own.day_notional + own.in_flight + q.reckoned.notional,
                own.limits.daily_notional_max, "the strategy's amount of the day is used up"))
    return answer;
  return at_most(q.ledger.day_notional() + q.ledger.in_flight() + q.reckoned.notional,
                 q.limits.daily_notional_max, "the engine's amount of the day is used up");
}

Answer daily_loss_max(const Question& q) {
  if (auto answer = at_most(-q.strategy.day_realised, q.strategy.limits.daily_loss_max,
                            "the strategy lost too much today"))
    return answer;
  return at_most(-q.ledger.day_realised(), q.limits.daily_loss_max,
                 "the engine lost too much today");
}

Answer too_many(std::size_t count, std::size_t limit, const char* what) {
  if (count <= limit)
    return std::nullopt;
  return Finding{std::to_string(count), std::to_string(limit), what};
}

Answer open_orders_max(const Question& q) {
  return too_many(q.ledger.open_orders() + 1, q.limits.open_orders_max, "too many orders are open");
}

Answer order_rate(const Question& q) {
  const auto& market = *q.instrument->market;
  if (const auto* rate = market.venue->orders.full(q.now.mono))
    return Finding{std::to_string(market.venue->orders.within(q.now.mono, rate->window) + 1),
                   std::to_string(rate->count),
                   "too many new orders to this venue within a second"};
  if (const auto* rate = market.orders.full(q.now.mono))
    return Finding{std::to_string(market.orders.within(q.now.mono, rate->window) + 1),
                   std::to_string(rate->count) + " in " + std::to_string(rate->window.count())
                       + " ms",
                   "the venue takes no more new orders of this account within that time"};
  return std::nullopt;
}

Answer executions_max(const Question& q) {
  const auto& origin = q.draft().origin;
  if (q.limits.executions_max == 0 || !is_automated(origin))
    return std::nullopt;
  if (origin.execution != 0 && origin.execution <= q.strategy.last_execution)
    return std::nullopt; // a later order of one that is counted
  return too_many(std::size_t{q.strategy.executions} + 1, q.limits.executions_max,
                  "a person must let the strategy execute again");
}

using Asked = Answer (*)(const Question&);

/// In the order of `Rule`.
constexpr std::array<Asked, static_cast<std::size_t>(Rule::executions_max) + 1> rules{
    kill_switch,
    journal,
    market_closed,
    allow_list,
    strategy_paused,
    unknown_order,
    instrument,
    book,
    book_age,
    clock_offset,
    price_outlier,
    tick,
    lot,
    quantity_min,
    quantity_max,
    notional_min,
    order_quantity_max,
    order_notional_max,
    price_band,
    slippage,
    fee_unknown,
    self_cross,
    duplicate,
    balance,
    position_max,
    venue_exposure_max,
    gross_exposure_max,
    strategy_total,
    parent_quantity,
    daily_notional_max,
    daily_loss_max,
    open_orders_max,
    order_rate,
    executions_max,
};

/// The rule looks at what an earlier one found missing: to ask it would mean nothing.
bool is_blind(Rule rule, const Question& q, const std::vector<Refusal>& found) {
  const bool by_status = rule == Rule::allow_list || rule == Rule::clock_offset;
  if (by_status && (q.market == nullptr || !q.market->status))
    return true; // market_closed said so
  const auto refused
      = [&](Rule other) { return std::ranges::find(found, other, &Refusal::rule) != found.end(); };
  // The rules behind these reckon with an instrument and a mid.
  return rule > Rule::book && (refused(Rule::instrument) || refused(Rule::book));
}

} // namespace

bool is_sound(Scale scale) noexcept {
  const auto in_range = [](int decimals) { return decimals >= 0 && decimals <= decimals_max; };
  return in_range(scale.price_decimals) && in_range(scale.quantity_decimals);
}

bool has_mid(const MarketFacts& facts) noexcept {
  return facts.condition == market::BookCondition::live && is_sound(facts.scale) && facts.bid
         && facts.ask && facts.bid->units > 0 && *facts.bid < *facts.ask;
}

Int128 doubled_mid(const MarketFacts& facts) noexcept {
  return (static_cast<Int128>(facts.bid->units) + facts.ask->units)
         * pow10(money_decimals - facts.scale.price_decimals);
}

std::optional<Refusal> ask(Rule rule, const Question& question) {
  if (spares(question.draft().origin.purpose, rule))
    return std::nullopt;
  auto found = rules[static_cast<std::size_t>(rule)](question);
  if (!found)
    return std::nullopt;
  return Refusal{rule, 0, std::move(found->value), std::move(found->limit),
                 std::move(found->detail)};
}

std::optional<Refusal> ask_all(const Question& question) {
  for (std::size_t n = 0; n < rules.size(); ++n)
    if (auto refusal = ask(static_cast<Rule>(n), question))
      return refusal;
  return std::nullopt;
}

std::vector<Refusal> objections(const Question& question) {
  std::vector<Refusal> found;
  for (std::size_t n = 0; n < rules.size(); ++n) {
    const auto rule = static_cast<Rule>(n);
    if (is_blind(rule, question, found))
      continue;
    if (auto refusal = ask(rule, question))
      found.push_back(*std::move(refusal));
  }
  return found;
}

} // namespace tandem::core::risk
