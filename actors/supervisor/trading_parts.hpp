/// The trading side of an engine: what must exist before the first actor, is shared by many of them
/// and outlives them all. Made once from the configuration and what the journal held.
#pragma once

#include "actors/strategies/pair_monitor.hpp"
#include "actors/strategies/twap_plan.hpp"
#include "actors/venues/order_gateway.hpp"
#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/key_vault.hpp"
#include "config/schema.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/statistics.hpp"
#include "core/risk/breaker_panel.hpp"
#include "core/strategy/execution_book.hpp"
#include "core/supervision/places.hpp"
#include "messages/context.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>

namespace tandem::actors::supervisor {

struct TradingParts {
  std::unique_ptr<core::orders::Journal> journal;
  /// Folds old files of the journal together; blocks as long as that takes. Any thread.
  std::function<void()> compact_journal;
  /// On one thread only, in mode fsync: syncs what was appended and says so to who waits for it.
  /// True when there was something.
  std::function<bool()> sync_journal;
  std::unique_ptr<core::orders::Desk> desk;
  core::strategy::ExecutionBook book;
  core::twap::PlanBook plan_book;
  std::shared_ptr<core::orders::Statistics> statistics
      = std::make_shared<core::orders::Statistics>();
  std::shared_ptr<adapters::venues::KeyRing> keys;
  std::shared_ptr<adapters::venues::KeyVault> vault; ///< null: keys cannot be given by interface
  std::shared_ptr<PairTrading> pairs;                ///< what every pair monitor gets
  std::shared_ptr<core::twap::PlanTrading> plans;    ///< what every TWAP plan gets
  std::map<core::MarketKey, std::shared_ptr<AccountBaseline>> baselines;
  core::risk::BreakerPanel breakers;
  /// Of each update of an order until its last reader has read it.
  std::shared_ptr<core::supervision::Places> updates = std::make_shared<core::supervision::Places>(
      std::numeric_limits<std::size_t>::max()); // counted only: none is ever refused
  /// Pairs with a breaker of their own. Here, because the breakers' group must find them when it
  /// begins again: nobody would tell it.
  std::set<core::PairId> judged;
  std::mutex judged_mutex;                 ///< used by several actors
  std::atomic<std::uint64_t> paper_ids{0}; ///< mode dev: orders and trades on paper in this run

  void judge(const core::PairId& pair, bool wanted);   ///< thread safe
  [[nodiscard]] std::set<core::PairId> judged_pairs(); ///< thread safe
};

/// @param records what the journal held, oldest first. The desk tells its updates to the actors of
/// `context`.
[[nodiscard]] std::shared_ptr<TradingParts>
make_trading(const config::Config& config, std::unique_ptr<core::orders::Journal> journal,
             std::span<const core::orders::Record> records,
             std::shared_ptr<adapters::venues::KeyRing> keys, const messages::ContextPtr& context);

} // namespace tandem::actors::supervisor
