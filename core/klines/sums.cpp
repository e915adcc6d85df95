#include "core/klines/sums.hpp"

#include <iterator>
#include <utility>

namespace tandem::core::klines {

Sums::Sums(SumsOptions options)
    : options_{std::move(options)}, intake_{{.base = options_.base, .targets = options_.targets}},
      aggregator_{{.base = options_.base, .targets = options_.targets}} {}

void Sums::plan(const Question& whole, const std::optional<Interval>& target) {
  for (const auto& range : in_pages(whole.range, whole.interval, options_.rows_max))
    pages_.push_back({{whole.interval, range}, target});
  if (!pages_.empty())
    pages_.back().last = true;
}

void Sums::take(const Intake::Step& step, Step& out) {
  for (const auto& candle : step.pass) {
    auto ended = aggregator_.on_candle(candle);
    std::move(ended.begin(), ended.end(), std::back_inserter(out.ended));
  }
  if (!step.ask)
    return;
  plan({options_.base, *step.ask}, std::nullopt);
  if (std::exchange(older_planned_, true))
    return;
  const auto coarse = Interval::day();
  for (const auto& part : older_parts(options_.targets, coarse, step.ask->from))
    plan({coarse, part.range}, part.target);
}

void Sums::ask_next(Step& out) {
  if (asked_ || pages_.empty())
    return;
  asked_ = true;
  out.ask = pages_.front().question;
}

Sums::Step Sums::on_live(const Candle& candle) {
  Step out;
  take(intake_.on_live(candle), out);
  ask_next(out);
  return out;
}

Sums::Step Sums::on_answer(const std::vector<Candle>& candles) {
  Step out;
  if (!std::exchange(asked_, false))
    return out;
  const auto page = std::move(pages_.front());
  pages_.pop_front();
  rows_.insert(rows_.end(), candles.begin(), candles.end());
  if (page.last) {
    const auto rows = std::exchange(rows_, {});
    if (page.target)
      aggregator_.add_older(*page.target, rows, page.question.interval);
    else
      take(intake_.on_history(rows), out);
  }
  ask_next(out);
  return out;
}

Sums::Step Sums::on_no_answer() {
  Step out;
  if (!std::exchange(asked_, false))
    return out;
  const bool older = pages_.front().target.has_value();
  // What is left of a range without one of its pages would have a hole.
  for (bool last = false; !last; pages_.pop_front())
    last = pages_.front().last;
  rows_.clear();
  if (!older)
    take(intake_.on_no_history(), out);
  ask_next(out);
  return out;
}

} // namespace tandem::core::klines
