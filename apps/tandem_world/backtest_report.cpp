#include "apps/tandem_world/backtest_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <utility>
#include <variant>

namespace tandem::world {
namespace {

namespace json = boost::json;
using core::Money;
using core::strategy::ExecutionPhase;
using core::strategy::ExecutionState;

/// Reads the records and keeps the last word on everything.
class Tally {
public:
  void read(const core::orders::Record& record) {
    if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record))
      orders_.insert(intent->intent.id.text());
    else if (const auto* fill = std::get_if<core::orders::FillRecord>(&record))
      note(*fill);
    else if (const auto* execution = std::get_if<core::orders::ExecutionRecord>(&record))
      note(execution->execution);
    else if (const auto* plan = std::get_if<core::orders::PlanRecord>(&record))
      plans_[plan->plan.id.text()].plan = plan->plan;
    else if (const auto* moved = std::get_if<core::orders::PlanMovedRecord>(&record))
      plans_[moved->state.id.text()].state = moved->state;
  }

  void fill(BacktestReport& report) const {
    report.orders = orders_.size();
    report.fills = fills_;
    report.fees = fees_;
    std::map<std::string, PairResult> pairs;
    std::map<std::string, Money> heights;
    Money sum;
    // In the order in which they ended.
    std::vector<const ExecutionState*> ended;
    for (const auto& [key, execution] : executions_)
      if (core::strategy::is_over(execution.phase))
        ended.push_back(&execution);
    std::ranges::stable_sort(ended, {}, &ExecutionState::ended_at);
    for (const auto* execution : ended) {
      auto& pair = pairs[execution->pair.text()];
      pair.pair = execution->pair.text();
      add(pair, heights[pair.pair], *execution);
      sum += execution->profit;
      if (execution->phase != ExecutionPhase::refused)
        report.course.push_back({execution->ended_at, sum});
    }
    for (auto& [name, pair] : pairs)
      report.pairs.push_back(std::move(pair));
    for (const auto& [id, known] : plans_)
      add_plan(report, id, known);
  }

private:
  struct Known {
    core::twap::PlanConfig plan;
    core::twap::PlanState state;
  };

  void note(const core::orders::FillRecord& record) {
    if (!trades_.insert(record.id.text() + ' ' + record.fill.trade_id).second)
      return;
    ++fills_;
    fees_[record.fill.fee_asset] += record.fill.fee;
  }

  void note(const ExecutionState& execution) {
    executions_[{execution.pair.text(), execution.number}] = execution;
  }

  /// What the first order of a leg paid beyond the price it was decided at.
  static Money slippage(const core::strategy::LegResult& leg, const core::Decimal& decided) {
    if (!leg.price)
      return {};
    const auto paid = core::to_money(*leg.price);
    const auto planned = core::to_money(decided);
    const auto worse = leg.side == core::orders::Side::buy ? paid - planned : planned - paid;
    // Ordered at once is what was decided; what lacked is in the profit already.
    const auto quantity = core::to_money(leg.filled, leg.scale);
    constexpr core::Int128 one = 1'000'000'000;
    return {(worse.units / one) * (quantity.units / one)};
  }

  static void add(PairResult& pair, Money& height, const ExecutionState& execution) {
    if (execution.phase == ExecutionPhase::refused) {
      ++pair.refused;
      return;
    }
    const auto profit = execution.profit;
    ++pair.executions;
    pair.stranded += execution.phase == ExecutionPhase::stranded ? 1U : 0U;
    pair.won += profit > Money{} ? 1U : 0U;
    pair.best = pair.executions == 1 ? profit : std::max(pair.best, profit);
    pair.worst = pair.executions == 1 ? profit : std::min(pair.worst, profit);
    pair.profit += profit;
    pair.notional += execution.notional;
    height = std::max(height, pair.profit);
    pair.drawdown = std::max(pair.drawdown, height - pair.profit);
    for (const auto& leg : execution.legs)
      pair.slippage
          += slippage(leg, leg.side == core::orders::Side::buy ? execution.decided_buy_price
                                                               : execution.decided_sell_price);
    pair.in_market += std::chrono::milliseconds{
        std::max<std::int64_t>(execution.ended_at - execution.started_at, 0)};
  }

  static void add_plan(BacktestReport& report, const std::string& id, const Known& known) {
    for (std::size_t n = 0; n < known.plan.legs.size(); ++n) {
      const auto& leg = known.state.legs.at(n);
      PlanResult result;
      result.plan = id;
      result.state = std::string{core::twap::to_string(known.state.phase)};
      result.leg = n + 1;
      result.filled = leg.filled;
      result.orders = leg.orders;
      result.average = core::twap::average_price(leg);
      result.arrival = leg.arrival;
      result.benchmark = core::twap::benchmark(leg);
      result.slippage_percent
          = core::twap::slippage_percent(result.average, leg.arrival, known.plan.legs[n].side);
      report.plans.push_back(std::move(result));
    }
  }

  std::set<std::string> orders_, trades_;
  std::map<std::string, Money> fees_;
  std::map<std::pair<std::string, std::uint64_t>, ExecutionState> executions_;
  std::map<std::string, Known> plans_;
  std::uint64_t fills_ = 0;
};

std::string time_text(core::UnixMillis at) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(at / 1'000)));
}

/// For people: eight decimals are enough.
std::string amount(Money money) {
  constexpr core::Int128 cut = 10'000'000'000;
  return core::to_string(Money{money.units / cut * cut});
}

std::string text_of(const std::optional<core::Decimal>& value) {
  return value ? value->to_string() : std::string{"-"};
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : fmt::format("{}.{} %", part * 100 / whole, part * 1'000 / whole % 10);
}

json::value json_of(const std::optional<core::Decimal>& value) {
  return value ? json::value{value->to_string()} : json::value{nullptr};
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

std::string row(const std::vector<std::string>& cells, const char* tag) {
  std::string out = "<tr>";
  for (const auto& cell : cells)
    out += fmt::format("<{0}>{1}</{0}>", tag, escaped(cell));
  return out + "</tr>\n";
}

/// The course as a line in a drawing of 900 by 240. Floating point is for drawings only.
std::string drawing(const BacktestReport& report) {
  if (report.course.size() < 2)
    return "<p>Too few executions for a drawing.</p>\n";
  constexpr double width = 900;
  constexpr double height = 240;
  const auto value = [](Money money) { return std::stod(core::to_string(money)); };
  double least = 0;
  double most = 0;
  for (const auto& point : report.course) {
    least = std::min(least, value(point.profit));
    most = std::max(most, value(point.profit));
  }
  const double span = most > least ? most - least : 1;
  const auto from = report.course.front().at;
  const auto length = std::max<std::int64_t>(report.course.back().at - from, 1);
  const auto y = [&](double profit) { return height - (profit - least) / span * height; };
  std::string points;
  for (const auto& point : report.course)
    points
        += fmt::format("{:.1f},{:.1f} ",
                       static_cast<double>(point.at - from) / static_cast<double>(length) * width,
                       y(value(point.profit)));
  return fmt::format(
      "<svg viewBox=\"-70 -10 990 270\" role=\"img\" aria-label=\"profit over time\">"
      "<line x1=\"0\" x2=\"900\" y1=\"{0:.1f}\" y2=\"{0:.1f}\" class=\"zero\"/>"
      "<polyline points=\"{1}\"/>"
      "<text x=\"-6\" y=\"{2:.1f}\" text-anchor=\"end\">{3:.4g}</text>"
      "<text x=\"-6\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.4g}</text></svg>\n",
      y(0), points, y(most) + 4, most, y(least) + 4, least);
}

const std::vector<std::string> pair_heads{"pair",     "executions", "hit rate", "profit",
                                          "notional", "best",       "worst",    "drawdown",
                                          "slippage", "in market",  "refused",  "stranded"};

std::vector<std::string> cells_of(const PairResult& pair) {
  return {pair.pair,
          std::to_string(pair.executions),
          percent(pair.won, pair.executions),
          amount(pair.profit),
          amount(pair.notional),
          amount(pair.best),
          amount(pair.worst),
          amount(pair.drawdown),
          amount(pair.slippage),
          fmt::format("{}.{:03} s", pair.in_market.count() / 1'000, pair.in_market.count() % 1'000),
          std::to_string(pair.refused),
          std::to_string(pair.stranded)};
}

const std::vector<std::string> plan_heads{"plan",
                                          "leg",
                                          "state",
                                          "filled",
                                          "orders",
                                          "average",
                                          "arrival",
                                          "TWAP benchmark",
                                          "slippage to arrival, %"};

std::vector<std::string> cells_of(const PlanResult& plan) {
  return {plan.plan,
          std::to_string(plan.leg),
          plan.state,
          amount(plan.filled),
          std::to_string(plan.orders),
          text_of(plan.average),
          text_of(plan.arrival),
          text_of(plan.benchmark),
          text_of(plan.slippage_percent)};
}

} // namespace

Money BacktestReport::profit() const {
  Money sum;
  for (const auto& pair : pairs)
    sum += pair.profit;
  return sum;
}

BacktestReport report_of(std::string title, core::UnixMillis from, core::UnixMillis to,
                         std::span<const core::orders::Record> records) {
  BacktestReport report;
  report.title = std::move(title);
  report.from = from;
  report.to = to;
  Tally tally;
  for (const auto& record : records)
    tally.read(record);
  tally.fill(report);
  return report;
}

std::string as_text(const BacktestReport& report) {
  auto out = fmt::format("{}\n{} to {}, {} orders, {} fills, profit {}\n", report.title,
                         time_text(report.from), time_text(report.to), report.orders, report.fills,
                         amount(report.profit()));
  for (const auto& [asset, fee] : report.fees)
    out += fmt::format("fees {} {}\n", amount(fee), asset);
  for (const auto& pair : report.pairs) {
    const auto cells = cells_of(pair);
    out += "pair " + pair.pair + ':';
    for (std::size_t n = 1; n < cells.size(); ++n)
      out += fmt::format("{} {} {}", n == 1 ? "" : ",", pair_heads[n], cells[n]);
    out += '\n';
  }
  for (const auto& plan : report.plans) {
    const auto cells = cells_of(plan);
    out += "plan " + plan.plan + ':';
    for (std::size_t n = 1; n < cells.size(); ++n)
      out += fmt::format("{} {} {}", n == 1 ? "" : ",", plan_heads[n], cells[n]);
    out += '\n';
  }
  return out;
}

std::string as_json(const BacktestReport& report) {
  json::object out{{"title", report.title}, {"from", report.from},
                   {"to", report.to},       {"orders", report.orders},
                   {"fills", report.fills}, {"profit", core::to_string(report.profit())},
                   {"mode", "mock"}};
  json::object fees;
  for (const auto& [asset, fee] : report.fees)
    fees[asset] = core::to_string(fee);
  out["fees"] = std::move(fees);
  json::array pairs;
  for (const auto& pair : report.pairs)
    pairs.push_back(json::object{{"pairId", pair.pair},
                                 {"executions", pair.executions},
                                 {"won", pair.won},
                                 {"refused", pair.refused},
                                 {"stranded", pair.stranded},
                                 {"profit", core::to_string(pair.profit)},
                                 {"notional", core::to_string(pair.notional)},
                                 {"best", core::to_string(pair.best)},
                                 {"worst", core::to_string(pair.worst)},
                                 {"drawdown", core::to_string(pair.drawdown)},
                                 {"slippage", core::to_string(pair.slippage)},
                                 {"inMarketMs", pair.in_market.count()}});
  out["pairs"] = std::move(pairs);
  json::array plans;
  for (const auto& plan : report.plans)
    plans.push_back(json::object{{"planId", plan.plan},
                                 {"leg", plan.leg},
                                 {"state", plan.state},
                                 {"filled", core::to_string(plan.filled)},
                                 {"orders", plan.orders},
                                 {"averagePrice", json_of(plan.average)},
                                 {"arrivalPrice", json_of(plan.arrival)},
                                 {"benchmarkPrice", json_of(plan.benchmark)},
                                 {"slippagePercent", json_of(plan.slippage_percent)}});
  out["plans"] = std::move(plans);
  json::array course;
  for (const auto& point : report.course)
    course.push_back(json::object{{"ts", point.at}, {"profit", core::to_string(point.profit)}});
  out["course"] = std::move(course);
  return json::serialize(out) + '\n';
}

std::string as_html(const BacktestReport& report) {
  auto out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>\n"
      "body{{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 "
      "1rem}}\n"
      "table{{border-collapse:collapse;width:100%;margin:1rem "
      "0;font-variant-numeric:tabular-nums}}\n"
      "th,td{{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:right}}"
      "th:first-child,td:first-child{{text-align:left}}\n"
      "svg{{width:100%;height:auto}}polyline{{fill:none;stroke:#1463b0;stroke-width:2}}"
      ".zero{{stroke:#999;stroke-dasharray:4}}text{{font-size:12px}}\n"
      "</style></head><body>\n<h1>{0}</h1>\n<p>{1} to {2} &middot; simulated fills (mock) &middot; "
      "{3} orders &middot; {4} fills &middot; profit <b>{5}</b></p>\n",
      escaped(report.title), time_text(report.from), time_text(report.to), report.orders,
      report.fills, amount(report.profit()));
  out += "<h2>Profit of all pairs, net of fees</h2>\n" + drawing(report);
  if (!report.pairs.empty()) {
    out += "<h2>Pairs</h2>\n<table>\n" + row(pair_heads, "th");
    for (const auto& pair : report.pairs)
      out += row(cells_of(pair), "td");
    out += "</table>\n";
  }
  if (!report.plans.empty()) {
    out += "<h2>Plans</h2>\n<table>\n" + row(plan_heads, "th");
    for (const auto& plan : report.plans)
      out += row(cells_of(plan), "td");
    out += "</table>\n";
  }
  out += "<h2>Fees</h2>\n<table>\n" + row({"asset", "paid"}, "th");
  for (const auto& [asset, fee] : report.fees)
    out += row({asset, amount(fee)}, "td");
  return out + "</table>\n</body></html>\n";
}

} // namespace tandem::world
