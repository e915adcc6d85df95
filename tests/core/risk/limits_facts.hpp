/// What the independent model of the limits (limits_model.hpp) is told, in numbers of its own:
/// prices in 10^-4, quantities in 10^-6, sums in 10^-18, so that nothing needs rounding but what
/// the rules themselves round.
#pragma once

#include "core/orders/order.hpp"
#include "core/risk/gate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests::limits {

using core::orders::OrderPurpose;
using core::orders::TimeInForce;
using core::orders::VenueStatus;
using core::risk::KillLevel;
using core::risk::Rule;

__extension__ using Wide = __int128;

inline constexpr std::int64_t price_one = 10'000;
inline constexpr std::int64_t quantity_one = 1'000'000;
inline constexpr Wide sum_one = 1'000'000'000'000'000'000;
inline constexpr Wide value_one = sum_one / price_one / quantity_one; ///< a price times a quantity
inline constexpr Wide base_one = sum_one / quantity_one;
inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t day_long = 86'400 * second;
inline constexpr Wide order_notional_ceiling = sum_one * sum_one;

inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::executions_max) + 1;

// Venue 2 is one that nobody ever spoke of. Asset 0 is the quote of all.
inline constexpr int venue_count = 3;
inline constexpr int asset_count = 3;
inline constexpr int instrument_count = 12;
inline constexpr int strategy_count = 3; ///< the first one stands for manual orders

[[nodiscard]] constexpr int venue_of(int instrument) {
  return instrument / 4;
}

[[nodiscard]] constexpr bool is_linear(int instrument) {
  return instrument % 4 / 2 == 1;
}

[[nodiscard]] constexpr int base_of(int instrument) {
  return 1 + instrument % 2;
}

/// rule -> how often.
using Tally = std::array<std::size_t, rule_count>;

struct Listing {
  std::int64_t tick = 1, lot = 1, quantity_min = 0;
  std::optional<std::int64_t> quantity_max, price_min, price_max;
  std::optional<Wide> notional_min;
  bool trading = true;
};

/// One draft and the book it was decided by.
struct Ask {
  std::string id;
  int instrument = 0, strategy = 0, side = 1; ///< side: 1 buys, -1 sells
  OrderPurpose purpose = OrderPurpose::manual;
  bool by_person = false, market = false, reduce_only = false;
  std::uint64_t execution = 0;
  TimeInForce tif = TimeInForce::ioc;
  std::int64_t price = 0, quantity = 0, decided = 0;
  bool listed = true, of_other = false, sound = true; ///< the instrument of the facts, the scale
  Listing listing;
  bool live = true;
  std::optional<std::int64_t> bid, ask;
  std::int64_t book_step = 1; ///< of the book's prices
  std::int64_t received_at = 0;

  [[nodiscard]] bool closes() const {
    return purpose == OrderPurpose::complete || purpose == OrderPurpose::unwind
           || purpose == OrderPurpose::flatten;
  }

  [[nodiscard]] bool rests() const {
    return !market && (tif == TimeInForce::gtc || tif == TimeInForce::post_only);
  }

  [[nodiscard]] bool automated() const { return !closes() && !by_person && strategy != 0; }

  [[nodiscard]] bool has_mid() const { return live && bid && ask && *bid > 0 && *bid < *ask; }

  [[nodiscard]] std::int64_t doubled_mid() const { return *bid + *ask; }

  /// Rounded up to the book's step.
  [[nodiscard]] std::int64_t mid() const {
    const auto step = 2 * book_step;
    return (doubled_mid() + step - 1) / step * book_step;
  }
};

struct Percent {
  std::int64_t tenths = 0;

  /// part is more than this share of whole.
  [[nodiscard]] bool passed_by(Wide part, Wide whole) const {
    return part * 1'000 > whole * tenths;
  }
};

struct EngineLimits {
  std::int64_t book_age = 300'000'000, clock_offset = 500'000'000; ///< nanoseconds
  Percent outlier{100}, band{20}, slippage{1};
  Wide order_notional = 50'000 * sum_one;
  std::optional<std::int64_t> order_quantity;
  std::optional<Wide> position, venue, gross, day, loss;
  std::int64_t day_begins = 0;
  std::size_t open_orders = 50, orders_per_second = 20;
  std::int64_t duplicate_window = 50'000'000;
  std::size_t executions = 0;
  std::int64_t leverage_tenths = 10;
};

struct StrategyRules {
  std::optional<Wide> order_notional, total, day, loss;
  std::optional<Percent> slippage;
  std::optional<std::int64_t> position;
  std::optional<Wide> parent; ///< all fills of one instrument together
};

struct Market {
  bool spoken_of = false, open = true;
  std::int64_t clock_offset = 0;
  std::set<int> allowed; ///< base assets; empty = all
};

struct Kill {
  KillLevel level = KillLevel::all;
  int scope = 0; ///< strategy or venue
  bool flatten = false;
};

enum class Pays : std::uint8_t { nothing, quote, base, margin };
enum class FeeIn : std::uint8_t { quote, base, third };

/// All that was ever said of one order.
struct Told {
  Ask ask;
  bool restored = false;  ///< nobody asked for it here
  std::int64_t at = 0;    ///< when it was let pass
  std::int64_t price = 0; ///< what it is reckoned with: the better of limit and bid for a sell
  Pays pays = Pays::nothing;
  std::int64_t fee_e8 = 0;
  std::int64_t size = 0; ///< ordered
  // evidence
  bool sent = false, accepted = false, refused = false, missing = false, silent = false;
  std::optional<VenueStatus> ended, decided;
  std::int64_t reported = 0, filled = 0;
  std::set<std::string> trades;
  // when, as numbers of events; 0 = never
  std::size_t first_word = 0, gone = 0;
  bool back = false; ///< it was gone, and is not

  [[nodiscard]] bool known() const { return accepted || reported > 0 || filled > 0; }

  [[nodiscard]] bool over() const {
    return filled >= size || ended || decided || (!known() && (refused || missing));
  }

  [[nodiscard]] bool settled() const { return over() && (decided || reported <= filled); }

  [[nodiscard]] bool unknown() const { return silent && !over() && !known(); }

  /// What it may yet fill, on the worse side.
  [[nodiscard]] std::int64_t remaining() const {
    if (settled())
      return 0;
    const bool ended_short
        = filled < size && ended && *ended != VenueStatus::filled && *ended != VenueStatus::open;
    const auto most = ended_short ? reported : std::max(reported, size);
    return std::max<std::int64_t>(0, most - filled);
  }

  [[nodiscard]] std::int64_t reckoned() const { return back ? ask.price : price; }
};

struct Traded {
  std::size_t number = 0, order = 0;
  std::int64_t price = 0, quantity = 0;
  Wide fee = 0; ///< 10^-18 of its asset
  FeeIn fee_in = FeeIn::quote;
  std::optional<std::int64_t> day; ///< that it counts for
  bool grew = false;               ///< the position became larger by it
};

/// What fills of one instrument, or of one base asset, come to at average cost.
struct Average {
  Wide quantity = 0, cost = 0, realised = 0;

  void apply(int side, const Traded& traded);
};

/// amount * part / whole, half to even.
[[nodiscard]] inline Wide share(Wide amount, Wide part, Wide whole) {
  const auto size = [](Wide value) { return value < 0 ? -value : value; };
  const Wide product = size(amount) * size(part), by = size(whole);
  Wide quotient = product / by;
  const Wide rest = product % by;
  if (2 * rest > by || (2 * rest == by && quotient % 2 == 1))
    ++quotient;
  return amount < 0 ? -quotient : quotient;
}

inline void Average::apply(int side, const Traded& traded) {
  const Wide value = Wide{traded.price} * traded.quantity * value_one;
  Wide change = Wide{side} * traded.quantity;
  if (traded.fee_in == FeeIn::base)
    change -= traded.fee / base_one;
  if (traded.fee_in == FeeIn::quote)
    realised -= traded.fee;
  Wide paid = side * value;
  if (change == 0) {
    realised -= paid;
    return;
  }
  if ((quantity < 0) == (change < 0) || quantity == 0) {
    quantity += change;
    cost += paid;
    return;
  }
  const bool turns = (change < 0 ? -change : change) > (quantity < 0 ? -quantity : quantity);
  const Wide closing_paid = turns ? share(paid, quantity, change) : paid;
  const Wide closed_cost = turns ? cost : share(cost, change, quantity);
  realised -= closing_paid + closed_cost;
  cost = turns ? paid - closing_paid : cost - closed_cost;
  quantity += change;
}

/// A position with what is in flight on both sides.
struct Holding {
  Wide position = 0, buying = 0, selling = 0;

  [[nodiscard]] Wide reach(int side, Wide more) const {
    return side > 0 ? position + buying + more : selling + more - position;
  }

  [[nodiscard]] Wide worst() const { return std::max(reach(1, 0), reach(-1, 0)); }
};

/// Everything added up.
struct Sums {
  std::array<Holding, instrument_count> all;
  std::array<std::array<Holding, instrument_count>, strategy_count> own;
  std::array<std::array<Wide, instrument_count>, strategy_count> traded{}; ///< gross of fees
  std::array<Wide, strategy_count> in_flight{}, first_in_flight{}, total{}, day{}, realised{};
  std::array<std::size_t, strategy_count> unknown{};
  std::array<std::size_t, instrument_count> unknown_manual{};
  std::size_t open = 0;
};

} // namespace tandem::tests::limits
