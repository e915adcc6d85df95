/// A TWAP plan with its real runner, desk and gate against a venue that keeps its own ledger and
/// errs by a seed, on a virtual clock. What is judged is the venue's ledger, never the engine's.
#pragma once

#include "core/twap/runner.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tandem::tests {

/// How often in 1,000 something goes wrong; all 0 = a venue without fault.
struct TwapFaults {
  unsigned refuse = 0;     ///< an order is refused
  unsigned lose_reply = 0; ///< the order arrives, the answer does not
  unsigned lose_order = 0; ///< the order does not arrive, and nobody says so
  unsigned partial = 0;    ///< an IOC order fills in part, or not at all
  unsigned lose_cancel = 0;
  unsigned late_fill = 0; ///< the fill comes after the end was told
  unsigned away = 0;      ///< a book is not live for a while
  unsigned crash = 0;     ///< the engine dies at a write, a send or between two, and comes back
  std::chrono::milliseconds delay_max{0}; ///< of answers and events
};

/// One order as the venue knows it.
struct VenueSide {
  struct Known {
    core::orders::OrderIntent intent;
    core::Quantity filled;
    bool over = false;
    std::string end; ///< "filled", "expired", "cancelled"
    std::vector<core::orders::VenueFill> fills;
  };

  std::map<std::string, Known> orders; ///< by client id
  std::vector<std::string> sent_twice;
};

/// The engine dies where this is thrown.
struct Died {};

/// A journal at whose writes the engine may die: before a record is there, or right after.
class MortalJournal final : public core::orders::Journal {
public:
  void append(const core::orders::Record& record,
              std::function<void(core::Status)> durable) override {
    append_first({&record, 1}, std::move(durable));
  }

  void append_first(std::span<const core::orders::Record> records,
                    std::function<void(core::Status)> durable) override {
    maybe_die();
    memory.append_first(records, {});
    maybe_die();
    if (durable)
      durable({});
  }

  [[nodiscard]] std::uint64_t epoch() const override { return 1; }

  MemoryJournal memory;
  std::function<void()> maybe_die = [] {};
};

class TwapWorld {
public:
  TwapWorld(core::twap::PlanConfig plan, TwapFaults faults, std::uint64_t seed);

  /// One turn of the engine after `time` has passed.
  void step(std::chrono::milliseconds time);
  /// Until the plan is final and nothing is open, or `limit` is over. @returns whether it is final.
  bool run(std::chrono::milliseconds limit, std::chrono::milliseconds step_max);
  /// The engine dies here; another one takes up what the journal has.
  void crash();

  void take_book_away(std::size_t leg, std::chrono::milliseconds time) {
    away_until_.at(leg) = now.mono + time;
  }

  /// The venue refuses every order from now on.
  void refuse_all() { faults_.refuse = 1'000; }

  [[nodiscard]] core::risk::MarketFacts facts_of_leg(std::size_t leg) {
    return core::risk::facts_of(*facts().legs.at(leg).book);
  }

  [[nodiscard]] const core::twap::PlanRun& plan() const { return runner->run(); }

  [[nodiscard]] core::Money filled(std::size_t leg) const;
  /// Filled and what may yet fill at the venue.
  [[nodiscard]] core::Money at_risk(std::size_t leg) const;

  /// Broken promises so far, in words; empty = none.
  [[nodiscard]] std::string broken() const;

  core::risk::Now now{core::MonoTime{1h}, core::WallTime{20'000 * 24h + 12h}};
  std::chrono::nanoseconds wall_shift{0}; ///< what somebody set the wall clock by
  std::array<std::pair<std::int64_t, std::int64_t>, 2> quotes{
      {{100'00, 101'00}, {100'00, 101'00}}}; ///< bid, ask of the legs, cents
  bool may_fail = true;                      ///< false: from now on nothing goes wrong
  std::vector<std::pair<core::MonoTime, core::orders::OrderIntent>> sent; ///< in order
  std::size_t crashes = 0;
  std::unique_ptr<core::twap::PlanRunner> runner;
  core::twap::PlanBook book;
  MortalJournal journal;
  std::unique_ptr<core::orders::Desk> desk;

private:
  struct Connection;

  [[nodiscard]] bool happens(unsigned per_mille);
  [[nodiscard]] std::size_t leg_of(const core::orders::OrderIntent& intent) const;
  [[nodiscard]] core::twap::PlanFacts facts();
  void boot();
  void turn();
  void maybe_die();
  void later(std::function<void()> event);
  void take(const core::orders::OrderIntent& intent);
  void match(VenueSide::Known& known);
  void fill(VenueSide::Known& known, core::Quantity quantity, bool told);
  void end(VenueSide::Known& known, const std::string& how);
  void tell(const VenueSide::Known& known);
  void answer_query(const core::orders::OrderIntent& intent, core::MonoTime asked_at);
  void fill_resting();
  void reconcile();
  void check_ledger();

  core::twap::PlanConfig config_;
  TwapFaults faults_;
  std::mt19937_64 random_;
  SilentLog log_;
  std::uint64_t epoch_ = 0;
  std::array<std::shared_ptr<core::orders::OrderPort>, 2> connections_;
  std::array<core::market::DepthView, 2> books_;
  std::array<core::MonoTime, 2> away_until_{};
  core::MonoTime reconciled_at_{};
  VenueSide venue_;
  std::multimap<core::MonoTime, std::function<void()>> events_; ///< of this run of the engine
  std::vector<std::shared_ptr<const core::orders::Order>> moved_;
  std::uint64_t trades_ = 0;
  std::string broken_;
};

/// A plan of one or two legs at "binance" and "bybit", BTCUSDT spot: lots 0.001, minimum 0.002.
[[nodiscard]] core::twap::PlanConfig twap_plan(std::string_view total, std::string_view slice,
                                               std::chrono::milliseconds interval,
                                               std::size_t legs = 2);

} // namespace tandem::tests
