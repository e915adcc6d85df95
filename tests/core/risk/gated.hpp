/// A gate with two venues whose books stand at 100 / 101, everything known and open, for the tests
/// of this folder; each of them spoils one thing.
#pragma once

#include "core/risk/gate.hpp"
#include "tests/core/strategy/books.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::tests {

using namespace std::chrono_literals;

inline core::Money money(std::string_view text) {
  const auto parsed = core::parse_money(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

inline constexpr core::Scale cents{2, 3}; ///< prices 0.01, quantities 0.001

struct Gated {
  explicit Gated(core::risk::GateLimits limits = {}) : gate{std::move(limits)} {
    for (const auto* venue : {"binance", "bybit"})
      for (const auto type : {core::MarketType::spot, core::MarketType::linear}) {
        const core::MarketKey market{core::VenueId{venue}, type};
        gate.set_market(
            market,
            {.open = true, .reason = {}, .account = venue, .clock_offset = 0ms, .allowed = {}});
        gate.set_fee(market, core::Symbol{"BTCUSDT"}, {100'000});
      }
    for (const auto* venue : {"binance", "bybit"}) {
      gate.set_balance(venue, "USDT", money("1000000"));
      gate.set_balance(venue, "BTC", money("1000"));
    }
  }

  [[nodiscard]] static core::InstrumentKey key(const std::string& venue = "binance",
                                               core::MarketType type = core::MarketType::spot,
                                               const std::string& symbol = "BTCUSDT") {
    return {core::VenueId{venue}, type, core::Symbol{symbol}};
  }

  [[nodiscard]] static core::Instrument listed(const core::InstrumentKey& of) {
    core::Instrument result;
    result.key = of;
    result.base = "BTC";
    result.quote = "USDT";
    result.status = core::InstrumentStatus::trading;
    result.scale = cents;
    result.tick = {1};
    result.lot = {1};
    return result;
  }

  [[nodiscard]] core::risk::MarketFacts facts(const core::InstrumentKey& of) const {
    core::risk::MarketFacts result;
    result.condition = core::market::BookCondition::live;
    result.received_at = now.mono;
    result.scale = cents;
    result.bid = core::Price{100'00};
    result.ask = core::Price{101'00};
    result.instrument = std::make_shared<const core::Instrument>(listed(of));
    return result;
  }

  /// A manual IOC limit order of 1 at the touch.
  [[nodiscard]] core::orders::OrderIntent order(core::orders::Side side,
                                                const core::InstrumentKey& of = key()) {
    core::orders::OrderIntent result;
    result.id = core::orders::ClientOrderId{"order" + std::to_string(++made)};
    result.draft.instrument = of;
    result.draft.side = side;
    result.draft.scale = cents;
    result.draft.price = {side == core::orders::Side::buy ? 101'00 : 100'00};
    result.draft.quantity = {1'000};
    return result;
  }

  [[nodiscard]] core::orders::OrderIntent buy(const core::InstrumentKey& of = key()) {
    return order(core::orders::Side::buy, of);
  }

  [[nodiscard]] core::orders::OrderIntent sell(const core::InstrumentKey& of = key()) {
    return order(core::orders::Side::sell, of);
  }

  /// The pair's own, of execution `number`.
  [[nodiscard]] static core::orders::OrderIntent
  of_pair(core::orders::OrderIntent intent, std::uint64_t number = 1,
          core::orders::OrderPurpose purpose = core::orders::OrderPurpose::open) {
    intent.draft.origin.pair = core::PairId{"pair"};
    intent.draft.origin.execution = number;
    intent.draft.origin.purpose = purpose;
    return intent;
  }

  using Judged = tl::expected<std::vector<core::risk::ApprovedOrder>, core::risk::Refusal>;

  Judged judge(const std::vector<core::orders::OrderIntent>& intents) {
    std::vector<core::risk::MarketFacts> all;
    for (const auto& intent : intents)
      all.push_back(facts(intent.draft.instrument));
    return gate.approve(intents, all, now);
  }

  Judged judge(const core::orders::OrderIntent& intent, const core::risk::MarketFacts& as_seen) {
    return gate.approve({&intent, 1}, {&as_seen, 1}, now);
  }

  /// The refusing rule's word, or "approved"; the two numbers are checked to be there.
  static std::string word(const Judged& judged) {
    if (judged)
      return "approved";
    CHECK_FALSE(judged.error().value.empty());
    CHECK_FALSE(judged.error().limit.empty());
    CHECK_FALSE(judged.error().detail.empty());
    return std::string{to_string(judged.error().rule)};
  }

  std::string ask(const std::vector<core::orders::OrderIntent>& intents) {
    return word(judge(intents));
  }

  std::string ask(const core::orders::OrderIntent& intent) { return word(judge({intent})); }

  std::string ask(const core::orders::OrderIntent& intent, const core::risk::MarketFacts& as_seen) {
    return word(judge(intent, as_seen));
  }

  /// What the desk does when the venue fills it all at `price` and it is over.
  void fill(const core::orders::OrderIntent& intent, core::Price price, std::string_view fee = "0",
            const std::string& fee_asset = "USDT") {
    core::orders::Order order{intent};
    order.on_sent(now.mono);
    order.on_accepted("v" + intent.id.text(), 1);
    core::orders::Fill one;
    one.trade_id = "t" + intent.id.text();
    one.price = price;
    one.quantity = intent.draft.quantity;
    one.fee = money(fee);
    one.fee_asset = fee_asset;
    order.on_fill(one);
    const auto listing = std::make_shared<const core::Instrument>(listed(intent.draft.instrument));
    gate.on_fill(intent, one, listing, now);
    core::orders::VenueReport report;
    report.status = core::orders::VenueStatus::filled;
    report.cumulative = intent.draft.quantity;
    order.on_report(report);
    REQUIRE(order.settled());
    gate.on_order(order);
  }

  /// It is over without a fill.
  void refuse(const core::orders::OrderIntent& intent) {
    core::orders::Order order{intent};
    order.on_sent(now.mono);
    order.on_refused({core::Errc::upstream_error, "no", {}});
    REQUIRE(order.settled());
    gate.on_order(order);
  }

  void wait(std::chrono::nanoseconds time) {
    now.mono += time;
    now.wall += std::chrono::duration_cast<std::chrono::nanoseconds>(time);
  }

  core::risk::Gate gate;
  core::risk::Now now{core::MonoTime{1h}, core::WallTime{20'000 * 24h + 12h}};
  int made = 0;
};

} // namespace tandem::tests
