/// The rules of the risk gate, one question each, about one draft and what is counted already. They
/// answer and change nothing.
#pragma once

#include "core/orders/order.hpp"
#include "core/risk/gate.hpp"
#include "core/risk/kill.hpp"
#include "core/risk/ledger.hpp"
#include "core/strategy/fees.hpp"

#include <optional>
#include <vector>

namespace tandem::core::risk {

/// The most that one order may come to, whatever the limits: sums of such stay exact.
inline constexpr Money order_notional_ceiling{static_cast<Int128>(1'000'000'000'000'000'000)
                                              * 1'000'000'000'000'000'000}; // 10^18 quote units

/// One draft, and all that the rules look at. Everything outlives it.
struct Question {
  const GateLimits& limits;
  const KillSwitches& kills;
  const Standstill& standstill;
  const std::vector<ScopePause>& scope_pauses;
  const Ledger& ledger;
  bool journal_down = false;
  const orders::OrderIntent& intent;
  const MarketFacts& facts;
  const Now& now;
  const StrategyState& strategy;
  const MarketState* market = nullptr;   ///< null when nobody spoke of it
  InstrumentState* instrument = nullptr; ///< null unless the facts have the draft's instrument
  Reckoning reckoned;

  [[nodiscard]] const orders::OrderDraft& draft() const noexcept { return intent.draft; }
};

/// Every price, quantity and scale is one that arithmetic may be done with: decimals 0..18.
[[nodiscard]] bool is_sound(Scale scale) noexcept;

/// The book may be reckoned with: live, both sides there, not crossed.
[[nodiscard]] bool has_mid(const MarketFacts& facts) noexcept;

/// bid + ask as a count of 10^-18. @param facts with a mid.
[[nodiscard]] Int128 doubled_mid(const MarketFacts& facts) noexcept;

/// Asks every rule that its purpose is not spared, in the order of `Rule`; the first that says no.
[[nodiscard]] std::optional<Refusal> ask_all(const Question& question);

/// All that say no. Not asked: what needs the market's status when nobody spoke of the market, and
/// those behind `instrument` and `book` when one of these two does.
[[nodiscard]] std::vector<Refusal> objections(const Question& question);

} // namespace tandem::core::risk
