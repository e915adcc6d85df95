#include "actors/supervisor/trading_parts.hpp"

#include "actors/risk/desk_clock.hpp"

#include <utility>

namespace tandem::actors::supervisor {
namespace {

/// "binance.linear.BTCUSDT" of this market.
std::optional<core::InstrumentKey> instrument_of(const core::MarketKey& market,
                                                 const std::string& text) {
  const auto prefix = core::to_string(market) + ".";
  if (!text.starts_with(prefix))
    return std::nullopt;
  return core::InstrumentKey{market.venue, market.type, core::Symbol{text.substr(prefix.size())}};
}

void take_back(TradingParts& parts, const core::orders::BaselineRecord& record) {
  auto& baseline = parts.baselines[record.market];
  if (!baseline)
    baseline = std::make_shared<AccountBaseline>();
  if (record.what.empty())
    baseline->taken = true;
  else if (const auto instrument = instrument_of(record.market, record.what))
    baseline->held.positions[*instrument] = record.amount;
  else
    baseline->held.assets[record.what] = record.amount;
}

} // namespace

void TradingParts::judge(const core::PairId& pair, bool wanted) {
  const std::lock_guard lock{judged_mutex};
  if (wanted)
    judged.insert(pair);
  else
    judged.erase(pair);
}

std::set<core::PairId> TradingParts::judged_pairs() {
  const std::lock_guard lock{judged_mutex};
  return judged;
}

std::shared_ptr<TradingParts> make_trading(const config::Config& config,
                                           std::unique_ptr<core::orders::Journal> journal,
                                           std::span<const core::orders::Record> records,
                                           std::shared_ptr<adapters::venues::KeyRing> keys,
                                           const messages::ContextPtr& context) {
  auto parts = std::make_shared<TradingParts>();
  parts->journal = std::move(journal);
  parts->keys = std::move(keys);
  core::orders::DeskOptions options;
  options.engine = core::orders::EngineId{config.trading.engine_id};
  options.epoch = parts->journal->epoch();
  options.not_found.after = config.trading.recv_window + std::chrono::seconds{10};
  options.listed = [context](const core::InstrumentKey& of) {
    const auto table = context->board->instruments(of.market());
    return table ? table->find(of.symbol) : nullptr;
  };
  parts->desk = std::make_unique<core::orders::Desk>(std::move(options), config.trading.limits,
                                                     *parts->journal, *context->log);
  const auto restored
      = parts->desk->restore(records, {context->clocks.mono(), context->clocks.wall()});
  parts->book.restore(restored.executions, restored.totals, restored.history);
  std::vector<core::twap::KnownPlan> plans;
  for (const auto& [id, known] : restored.plans)
    plans.push_back(known);
  parts->plan_book.restore(std::move(plans), restored.plans_deleted);
  for (const auto& [name, saved] : restored.breakers)
    parts->breakers.restore(name, saved);
  for (const auto& record : restored.baselines)
    take_back(*parts, record);
  parts->desk->add_listener(
      [context, updates = parts->updates](const core::orders::OrderUpdate& update) {
        pass_on(*context, update, updates->take());
      });
  parts->pairs = std::make_shared<PairTrading>(
      PairTrading{parts->desk.get(), &parts->book, config.trading.execution, &parts->breakers});
  parts->plans = std::make_shared<core::twap::PlanTrading>(
      core::twap::PlanTrading{parts->desk.get(), &parts->plan_book});
  return parts;
}

} // namespace tandem::actors::supervisor
