/// The risk gate and its independent model, told the same at every step: random orders, random
/// facts and whatever a venue may say of an order, late and doubled.
#pragma once

#include "core/risk/gate.hpp"
#include "tests/core/risk/limits_model.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tandem::tests::limits {

/// Random numbers of one seed.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : random_{seed} {}

  /// 0 .. sides - 1.
  std::int64_t below(std::int64_t sides) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(sides));
  }

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + below(most - least + 1);
  }

  /// Once in so many times.
  bool once_in(std::int64_t sides) { return below(sides) == 0; }

private:
  std::mt19937_64 random_;
};

/// What the run came to.
struct Score {
  std::size_t asked = 0, passed = 0, refused = 0;
  std::size_t accepted_above = 0, refused_below = 0, named_otherwise = 0, counted_otherwise = 0;
  std::size_t unknown_seen = 0, late_fills = 0;
  Tally by_rule{}, at_limit{};
};

class World {
public:
  World(std::uint64_t seed, Score& score);

  /// One submission of one or two orders, then some news of a venue, then some time.
  void step();
  /// Many single orders in the same instant, nothing in between.
  void burst(int orders);

  [[nodiscard]] Model& model() { return model_; }

private:
  struct Live {
    core::orders::Order order;
    std::shared_ptr<const core::Instrument> listed;
  };

  // limits_draw.cpp: who asks for what
  void draw_limits();
  void draw_strategies();
  void set_rules(int strategy, const StrategyRules& rules);
  void draw_markets();
  [[nodiscard]] Ask draw();
  void draw_book(Ask& ask);
  void draw_origin(Ask& ask);
  void spoil_facts(Ask& ask);
  void spoil_draft(Ask& ask);
  void probe(Ask& ask);
  [[nodiscard]] Wide room(const Ask& ask, Wide unit);

  // limits_world.cpp: both are asked
  void submit(const std::vector<Ask>& asks);
  void compare_sums();

  // limits_life.cpp: what happens besides
  void change_obstacles();
  void change_kills();
  void change_facts();
  void set_market(int venue, bool linear);
  void pass_time();
  void restore_order();
  void news();
  void late_news(std::size_t index);
  void venue_says(std::size_t index);
  void fill(std::size_t index, std::int64_t quantity);
  void report(std::size_t index, VenueStatus status);
  void tell(std::size_t index, const core::orders::OrderChange& change);

  [[nodiscard]] core::orders::OrderIntent intent_of(const Ask& ask) const;
  [[nodiscard]] core::risk::MarketFacts facts_of(const Ask& ask) const;
  [[nodiscard]] core::risk::Now now() const;

  Dice dice_;
  Score& score_;
  Model model_;
  std::unique_ptr<core::risk::Gate> gate_;
  std::vector<Live> live_; ///< as Model::orders()
  std::array<std::int64_t, instrument_count> mids_{};
  bool round_ = false; ///< prices and sizes that meet limits exactly
  std::int64_t mono_ = 3'600 * second, wall_ = 20'000 * day_long + day_long / 2;
  std::uint64_t made_ = 0, trades_ = 0, execution_ = 1;
};

/// Of what is listed there, in the model's units.
[[nodiscard]] constexpr std::int64_t price_step(int instrument) {
  return base_of(instrument) == 1 ? 100 : 10;
}

[[nodiscard]] constexpr std::int64_t lot_of(int instrument) {
  return base_of(instrument) == 1 ? 1'000 : 10'000;
}

// ---- the words of both sides
[[nodiscard]] core::InstrumentKey key_of(int instrument);
[[nodiscard]] std::string asset_name(int asset);
[[nodiscard]] std::string venue_name(int venue);
[[nodiscard]] std::string strategy_name(int strategy);
[[nodiscard]] core::Money money_of(Wide sum);
[[nodiscard]] std::shared_ptr<const core::Instrument> instrument_of(int instrument,
                                                                    const Listing& listing);

} // namespace tandem::tests::limits
