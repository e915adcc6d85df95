#include "actors/api/trading_metrics.hpp"

#include <limits>
#include <string_view>

namespace tandem::actors {
namespace {

using core::orders::OrderState;
using core::orders::Statistics;

constexpr double ms_per_second = 1'000;

/// Metrics are for charts: the one place where money is a floating-point number.
double number(core::Money money) {
  return std::stod(core::to_string(money));
}

/// "engine/services/risk/breaker.venue.binance" -> "venue.binance"
std::string name_of_breaker(const std::string& path) {
  constexpr std::string_view mark = "/breaker.";
  const auto at = path.rfind(mark);
  return at == std::string::npos ? path : path.substr(at + mark.size());
}

void add_orders(Families& families, const core::MarketKey& key, const Statistics::Market& market) {
  const Labels labels{{"exchange", key.venue.text()}, {"market", std::string{to_string(key.type)}}};
  for (const auto& [state, count] : market.reached) {
    auto with_state = labels;
    with_state.push_back({"state", std::string{core::orders::to_string(state)}});
    families.counter("tandem_orders_total", "Orders that came into a state.", std::move(with_state),
                     count);
  }
  families.counter("tandem_fills_total", "Fills that counted.", labels, market.fills);
  std::vector<prometheus::ClientMetric::Bucket> buckets;
  std::uint64_t sum = 0;
  for (std::size_t n = 0; n < market.latency.size(); ++n) {
    sum += market.latency.at(n);
    const bool bounded = n < Statistics::bounds_ms.size();
    buckets.push_back({sum, bounded
                                ? static_cast<double>(Statistics::bounds_ms.at(n)) / ms_per_second
                                : std::numeric_limits<double>::infinity()});
  }
  families.histogram("tandem_order_latency_seconds", "From an order's intent to its end.", labels,
                     static_cast<double>(market.latency_sum_ms) / ms_per_second,
                     std::move(buckets));
}

void add_exposure(Families& families, const core::risk::ExposureView& exposure) {
  families.gauge("tandem_open_orders", "Orders that are working, sent or unknown.", {},
                 static_cast<double>(exposure.open_orders));
  families.gauge("tandem_unknown_orders", "Orders of which the venue's word is missing.", {},
                 static_cast<double>(exposure.unknown_orders));
  families.gauge("tandem_day_notional", "Traded today and in flight, in quote units.", {},
                 number(exposure.day_notional));
  families.gauge("tandem_day_realised", "Realised today, net of fees, in quote units.", {},
                 number(exposure.day_realised));
  for (const auto& row : exposure.positions)
    families.gauge("tandem_position", "Position, in base units; below zero is short.",
                   {{"exchange", row.instrument.venue.text()},
                    {"market", std::string{to_string(row.instrument.type)}},
                    {"symbol", row.instrument.symbol.text()}},
                   number(row.quantity));
}

} // namespace

void add_trading(Families& families, const HttpTrading& trading, const messages::Context& context) {
  for (const auto& [key, market] : trading.statistics->markets())
    add_orders(families, key, market);
  add_exposure(families, trading.desk->exposure({context.clocks.mono(), context.clocks.wall()}));
  families.gauge("tandem_kill_switches", "Kill switches that are thrown.", {},
                 static_cast<double>(trading.desk->kills().size()));
  families.gauge("tandem_executions_profit",
                 "Profit of all executions, net of fees, in quote units.", {},
                 number(trading.book->profit({})));
  for (const auto& cell : context.cells->all())
    if (cell->kind() == "breaker")
      families.gauge("tandem_breaker_open", "1 while a circuit breaker is open.",
                     {{"breaker", name_of_breaker(cell->path())}}, cell->state() == "open" ? 1 : 0);
}

} // namespace tandem::actors
