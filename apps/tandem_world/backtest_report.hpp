/// What a back-test came to, reckoned from the journal's records alone: pairs, plans, costs, and
/// the course of the profit. As text, JSON, and a page that needs nothing besides itself.
#pragma once

#include "core/orders/records.hpp"
#include "core/types/decimal.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tandem::world {

/// Amounts in the quote asset unless said otherwise.
struct PairResult {
  std::string pair;
  std::uint64_t executions = 0; ///< that ended with both legs or one closed
  std::uint64_t won = 0;        ///< of these with a profit above zero
  std::uint64_t refused = 0, stranded = 0;
  core::Money profit;   ///< net of quote and base fees
  core::Money notional; ///< of the first orders, both legs
  core::Money best, worst;
  core::Money drawdown;                   ///< deepest fall of the profit from its height
  core::Money slippage;                   ///< what the first orders paid beyond the decided prices
  std::chrono::milliseconds in_market{0}; ///< from the first order to the end, summed up
};

struct PlanResult {
  std::string plan, state;
  std::size_t leg = 0;
  core::Money filled; ///< base units
  std::uint32_t orders = 0;
  std::optional<core::Decimal> average, arrival, benchmark;
  std::optional<core::Decimal> slippage_percent; ///< to arrival; above zero is worse
};

struct ProfitPoint {
  core::UnixMillis at = 0;
  core::Money profit; ///< of all pairs up to then
};

struct BacktestReport {
  std::string title;
  core::UnixMillis from = 0, to = 0;
  std::vector<PairResult> pairs;
  std::vector<PlanResult> plans;
  std::map<std::string, core::Money> fees; ///< by asset
  std::vector<ProfitPoint> course;
  std::uint64_t orders = 0, fills = 0;

  [[nodiscard]] core::Money profit() const;
};

/// @param records the journal's, in their order.
[[nodiscard]] BacktestReport report_of(std::string title, core::UnixMillis from,
                                       core::UnixMillis to,
                                       std::span<const core::orders::Record> records);

[[nodiscard]] std::string as_text(const BacktestReport& report);
[[nodiscard]] std::string as_json(const BacktestReport& report);
[[nodiscard]] std::string as_html(const BacktestReport& report);

} // namespace tandem::world
