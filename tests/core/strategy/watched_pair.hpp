/// A pair under watch with two books to play with: leg 1 quotes 99 / 100, leg 2 quotes 99.5 / 101,
/// so that nothing pays until a test says so.
#pragma once

#include "core/strategy/pair_watch.hpp"
#include "tests/core/strategy/books.hpp"

#include <chrono>

namespace tandem::tests {

inline constexpr core::Scale pair_scale{3, 3};

struct WatchedPair {
  explicit WatchedPair(core::strategy::PairConfig config = {},
                       const core::strategy::SpreadFees& fees = {})
      : watch{filled(std::move(config)), fees} {
    quote(leg1, "99", "100");
    quote(leg2, "99.5", "101");
  }

  /// Threshold 0.1 %, one unit each, 1000 quote units in all.
  static core::strategy::PairConfig filled(core::strategy::PairConfig config) {
    config.id = core::PairId{"a_b_x"};
    config.threshold = core::Decimal{1, 1};
    config.quantity = core::Decimal{1, 0};
    config.total_amount = core::Decimal{1'000, 0};
    return config;
  }

  [[nodiscard]] core::strategy::PairEvents evaluate() { return watch.evaluate(leg1, leg2, now); }

  /// A frame of this leg arrives now: live, and with these prices.
  void quote(core::market::DepthView& leg, std::string_view bid, std::string_view ask) {
    const auto version = leg.version;
    const auto generation = leg.generation;
    leg = book(pair_scale, {{bid, "5"}}, {{ask, "5"}});
    leg.version = version;
    leg.generation = generation;
    touch(leg);
  }

  /// A frame that leaves the prices as they are.
  void touch(core::market::DepthView& leg) const {
    leg.condition = core::market::BookCondition::live;
    leg.received_at = now;
    leg.venue_time = venue_time;
    ++leg.version;
  }

  /// The book is published as not to be trusted; nothing was received.
  static void lose(core::market::DepthView& leg, core::market::BookCondition condition) {
    leg.condition = condition;
    ++leg.version;
  }

  /// Leg 2 bids this much, and that pays.
  void open(std::string_view bid) {
    quote(leg2, bid, "101");
    REQUIRE(evaluate().opened_or_changed.has_value());
  }

  core::market::DepthView leg1, leg2;
  core::MonoTime now{std::chrono::hours{1}};
  core::UnixMillis venue_time = 1'000'000;
  core::strategy::PairWatch watch;
};

} // namespace tandem::tests
