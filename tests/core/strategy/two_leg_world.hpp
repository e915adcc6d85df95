/// What surrounds a two-leg execution in its tests: two books, the orders as a desk holds them, and
/// what the venues really did, counted apart from the engine.
#pragma once

#include "core/strategy/two_leg.hpp"
#include "tests/core/strategy/books.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::tests {

inline constexpr core::Scale two_leg_scale{2, 3};
inline constexpr core::strategy::FeeRate two_leg_fee{100'000}; // 0.1 %

inline core::strategy::PairConfig two_leg_pair() {
  core::strategy::PairConfig pair;
  pair.id = core::PairId{"pair"};
  pair.leg1 = {core::VenueId{"one"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  pair.leg2 = {core::VenueId{"two"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  pair.quantity = decimal("1");
  return pair;
}

/// A book of BTC against USDT. Its levels are what an order takes.
inline core::market::DepthView two_leg_book(const LevelTexts& bids, const LevelTexts& asks,
                                            const Rules& rules = {}) {
  auto view = book(two_leg_scale, bids, asks, rules);
  auto instrument = *view.instrument;
  instrument.base = "BTC";
  instrument.quote = "USDT";
  view.instrument = std::make_shared<const core::Instrument>(std::move(instrument));
  return view;
}

/// A machine between its venues. Buys at leg 1 and sells at leg 2 unless told otherwise.
class TwoLegWorld {
public:
  core::strategy::PairConfig pair = two_leg_pair();
  core::strategy::TwoLegLimits limits;
  core::market::DepthView leg1 = two_leg_book({{"99.99", "50"}}, {{"100.00", "50"}});
  core::market::DepthView leg2 = two_leg_book({{"100.50", "50"}}, {{"100.51", "50"}});
  core::risk::Now now{core::MonoTime{std::chrono::hours{1}}, core::WallTime{std::chrono::hours{9}}};
  std::optional<core::strategy::TwoLeg> machine;
  std::vector<core::orders::Order> orders; ///< in the order of sending
  std::vector<core::orders::ClientOrderId> cancels;
  core::Decimal carried;                      ///< left by the execution before
  std::optional<core::risk::Refusal> refuses; ///< what the gate says to the next drafts
  int finished = 0;

  [[nodiscard]] core::strategy::LegBooks books() const { return {&leg1, &leg2}; }

  void decide(core::strategy::Direction direction = core::strategy::Direction::leg1_buy_leg2_sell) {
    const core::Quantity quantity{pair.quantity.at_scale(two_leg_scale.quantity_decimals).value()};
    const auto spread = core::strategy::executable_spread(direction, leg1, leg2, quantity,
                                                          {two_leg_fee, two_leg_fee});
    REQUIRE(spread.has_value());
    machine.emplace(pair, limits, *spread, 1, "", carried);
  }

  void start() {
    if (!machine)
      decide();
    perform(machine->start(books(), now));
  }

  void perform(std::vector<core::strategy::TwoLegAction> actions) {
    for (auto& action : actions) {
      if (const auto* cancel = std::get_if<core::strategy::CancelOrder>(&action))
        cancels.push_back(cancel->id);
      if (std::holds_alternative<core::strategy::Finish>(action))
        ++finished;
      if (auto* placing = std::get_if<core::strategy::PlaceOrders>(&action))
        place(std::move(placing->drafts));
    }
  }

  void tick(std::chrono::milliseconds passed = std::chrono::milliseconds{10}) {
    now.mono += passed;
    now.wall += passed;
    perform(machine->on_tick(books(), now));
  }

  /// The order has changed: the machine hears of it.
  void tell(std::size_t n) { perform(machine->on_order(orders.at(n), books(), now)); }

  /// An order is known by its place: 0 is the first one sent.
  void fill(std::size_t n, std::int64_t units, std::optional<core::Price> price = {}) {
    auto& order = orders.at(n);
    core::orders::Fill fill;
    fill.trade_id = std::to_string(++trades_);
    fill.price = price.value_or(touch(order.intent().draft));
    fill.quantity = {units};
    const auto value = core::to_money(fill.price * fill.quantity, two_leg_scale);
    fill.fee = {core::strategy::fee_of({value.units}, two_leg_fee).units};
    fill.fee_asset = "USDT";
    order.on_fill(fill);
    const bool buys = order.intent().draft.side == core::orders::Side::buy;
    ledger += buys ? units : -units;
    cash += (buys ? -value : value) - fill.fee;
  }

  void report(std::size_t n, core::orders::VenueStatus status,
              std::optional<std::int64_t> cumulative = {}) {
    core::orders::VenueReport report;
    report.status = status;
    report.venue_order_id = "v" + std::to_string(n);
    if (cumulative)
      report.cumulative = core::Quantity{*cumulative};
    orders.at(n).on_report(report);
  }

  /// Fills what the book shows within the limit, and ends the order.
  void match(std::size_t n) {
    const auto draft = orders.at(n).intent().draft;
    const bool buys = draft.side == core::orders::Side::buy;
    const auto& view = draft.origin.leg == 1 ? leg1 : leg2;
    std::int64_t left = draft.quantity.units;
    for (const auto& level : buys ? view.asks() : view.bids()) {
      if (left == 0 || (buys ? level.price > draft.price : level.price < draft.price))
        break;
      const auto taken = std::min(left, level.quantity.units);
      fill(n, taken, level.price);
      left -= taken;
    }
    report(n, left == 0 ? core::orders::VenueStatus::filled : core::orders::VenueStatus::expired,
           draft.quantity.units - left);
    tell(n);
  }

  void restart(core::strategy::ExecutionState journalled) {
    machine
        = core::strategy::TwoLeg::restore(pair, limits, std::move(journalled), orders, now.mono);
  }

  [[nodiscard]] const core::strategy::ExecutionState& state() const { return machine->state(); }

  [[nodiscard]] core::Decimal residual() const { return {ledger, two_leg_scale.quantity_decimals}; }

  std::int64_t ledger = 0; ///< bought minus sold, in thousandths, as the venues filled
  core::Money cash;        ///< quote units, net of fees, as the venues filled

private:
  [[nodiscard]] core::Price touch(const core::orders::OrderDraft& draft) const {
    const auto& view = draft.origin.leg == 1 ? leg1 : leg2;
    return draft.side == core::orders::Side::buy ? view.asks().front().price
                                                 : view.bids().front().price;
  }

  void place(std::vector<core::orders::OrderDraft> drafts) {
    if (const auto refusal = std::exchange(refuses, std::nullopt)) {
      perform(machine->on_refusal(*refusal, books(), now));
      return;
    }
    std::vector<core::orders::ClientOrderId> ids;
    for (auto& draft : drafts) {
      ids.emplace_back("order" + std::to_string(orders.size() + 1));
      orders.emplace_back(core::orders::OrderIntent{ids.back(), std::move(draft), 0});
      orders.back().on_sent(now.mono);
    }
    machine->on_placed(ids, now);
  }

  std::uint64_t trades_ = 0;
};

} // namespace tandem::tests
