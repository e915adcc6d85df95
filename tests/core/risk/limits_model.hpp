/// The limits told a second time and as simply as can be: a list of all orders, fills and reports,
/// from which everything is added up anew for each question. It shares no arithmetic and no sum
/// with the gate.
#pragma once

#include "tests/core/risk/limits_facts.hpp"

namespace tandem::tests::limits {

class Model {
public:
  struct Verdict {
    Rule rule;
    std::size_t which; ///< of those judged together
  };

  // ---- facts that hold until they change
  EngineLimits limits;
  std::array<StrategyRules, strategy_count> rules;
  bool journal_down = false, all_paused = false;
  std::array<bool, venue_count> venue_paused{};
  std::array<bool, strategy_count> paused{};
  std::vector<Kill> kills;
  std::array<std::array<Market, 2>, venue_count> markets;
  std::array<std::optional<std::int64_t>, instrument_count> fees; ///< 10^-8
  /// How often a sum stood exactly at its limit, and passed.
  mutable Tally at_limit{};

  // ---- judging
  /// All pass (nullopt) and are counted, or none is.
  [[nodiscard]] std::optional<Verdict> judge(const std::vector<Ask>& asks, std::int64_t mono,
                                             std::int64_t wall);

  // ---- what happens
  void observe(const Ask& book, std::int64_t mono);

  void report(int venue, int asset, Wide free) {
    reports_[{venue, asset}].push_back({tick(), free});
  }

  void restate(int instrument, std::int64_t quantity) {
    restated_[static_cast<std::size_t>(instrument)] = {tick(), quantity};
  }

  void reset_executions(int strategy) { steps_.push_back({strategy, std::nullopt, false}); }

  /// @returns its index.
  std::size_t restore(const Ask& ask);

  /// Some word on an order: `change` of what was told of it.
  template <class Change>
  void hear(std::size_t index, Change change) {
    change(orders_[index]);
    settle(index, tick());
  }

  /// Once for each trade id; @param stamp venue's wall time, 0 = none.
  bool fill(std::size_t index, const std::string& trade, const Traded& traded, std::int64_t wall,
            std::int64_t stamp);

  [[nodiscard]] const std::vector<Told>& orders() const { return orders_; }

  [[nodiscard]] Sums sums() const;
  /// What the mark makes of a quantity; nullopt without a mark.
  [[nodiscard]] std::optional<Wide> worth(int instrument, Wide quantity) const;
  [[nodiscard]] Wide exposure(const Sums& sums, int venue) const; ///< venue < 0: all
  [[nodiscard]] Wide available(int venue, int asset) const;

private:
  struct Report {
    std::size_t number;
    Wide free;
  };

  /// Somebody's execution, or (nullopt) a person who let the strategy go on.
  struct Step {
    int strategy;
    std::optional<std::uint64_t> execution;
    bool restored;
  };

  std::size_t tick() { return ++events_; }

  void settle(std::size_t index, std::size_t number);

  void roll(std::int64_t wall) { day_ = std::max(day_, (wall - limits.day_begins) / day_long); }

  [[nodiscard]] std::int64_t reckoned_price(const Ask& ask) const {
    return ask.side < 0 && ask.bid ? std::max(ask.price, *ask.bid) : ask.price;
  }

  void count(const Ask& ask, std::int64_t mono);
  void uncount();

  [[nodiscard]] std::optional<Rule> refuses(const Ask& ask, std::int64_t mono) const;
  [[nodiscard]] std::optional<Rule> stopped(const Ask& ask, const Sums& sums) const;
  [[nodiscard]] std::optional<Rule> badly_seen(const Ask& ask, std::int64_t mono) const;
  [[nodiscard]] std::optional<Rule> unfit(const Ask& ask) const;
  [[nodiscard]] std::optional<Rule> dear(const Ask& ask) const;
  [[nodiscard]] std::optional<Rule> meets_ours(const Ask& ask, std::int64_t mono) const;
  [[nodiscard]] std::optional<Rule> exposed(const Ask& ask, const Sums& sums) const;
  [[nodiscard]] std::optional<Rule> used_up(const Ask& ask, const Sums& sums,
                                            std::int64_t mono) const;
  [[nodiscard]] bool kill_stops(const Ask& ask, const Sums& sums) const;
  [[nodiscard]] bool outlier(const Ask& ask, std::int64_t mono) const;
  [[nodiscard]] bool slips(const Ask& ask) const;
  [[nodiscard]] bool crosses(const Ask& ask, const Told& other) const;
  [[nodiscard]] bool can_pay(const Ask& ask, const Sums& sums) const;
  [[nodiscard]] bool executions_used_up(const Ask& ask) const;

  [[nodiscard]] Pays pays(const Ask& ask, const Sums& sums) const;

  [[nodiscard]] Wide margin(Wide notional) const {
    return (notional * 10 + limits.leverage_tenths - 1) / limits.leverage_tenths;
  }

  [[nodiscard]] Wide need(Pays from, Wide quantity, Wide notional, std::int64_t fee_e8) const;
  [[nodiscard]] Wide cost(const Traded& traded, const Told& order, int asset) const;
  [[nodiscard]] bool in_report(const Told& order, std::size_t at) const;
  [[nodiscard]] Wide position(int instrument) const;

  template <class Value>
  bool at_most(Rule rule, Value value, const std::optional<Value>& limit) const {
    if (limit && value == *limit)
      ++at_limit[static_cast<std::size_t>(rule)];
    return !limit || value <= *limit;
  }

  std::vector<Told> orders_;
  std::vector<Traded> trades_;
  std::map<std::pair<int, int>, std::vector<Report>> reports_;
  std::array<std::pair<std::size_t, std::int64_t>, instrument_count> restated_{};
  std::array<std::optional<std::int64_t>, instrument_count> marks_;
  std::array<std::vector<std::pair<std::int64_t, std::int64_t>>, instrument_count> mids_;
  std::vector<Step> steps_;
  std::int64_t day_ = 0;
  std::size_t events_ = 0;
};

} // namespace tandem::tests::limits
