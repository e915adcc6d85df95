#include "core/klines/intake.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tandem::core::klines {

std::vector<TimeRange> missing(std::span<const UnixMillis> have, TimeRange wanted,
                               const Interval& base) {
  const auto step = base.millis();
  auto from = base.bucket(wanted.from);
  if (from < wanted.from)
    from += step;
  const auto until = base.bucket(wanted.until);
  std::vector<TimeRange> result;
  for (const auto open_time : have) {
    if (open_time < from)
      continue;
    if (open_time >= until)
      break;
    if (open_time > from)
      result.push_back({from, open_time});
    from = open_time + step;
  }
  if (from < until)
    result.push_back({from, until});
  return result;
}

std::vector<TimeRange> in_pages(TimeRange range, const Interval& base, std::size_t rows_max) {
  TANDEM_ENSURE(rows_max > 0);
  const auto page = base.millis() * static_cast<UnixMillis>(rows_max);
  std::vector<TimeRange> result;
  for (auto from = range.from; from < range.until; from += page)
    result.push_back({from, std::min(range.until, from + page)});
  return result;
}

std::vector<OlderPart> older_parts(std::span<const Interval> targets, const Interval& coarse,
                                   UnixMillis first) {
  std::vector<OlderPart> result;
  for (const auto& target : targets)
    if (target.made_of(coarse) && target.bucket(first) < first)
      result.push_back({target, {target.bucket(first), first}});
  return result;
}

Intake::Intake(IntakeOptions options) : options_{std::move(options)} {
  TANDEM_ENSURE(options_.history_max > 0);
  TANDEM_ENSURE(options_.held_max > 0);
  // A base longer than the coarse interval reaches further than any of it.
  TANDEM_ENSURE(options_.coarse.millis() <= longest_question());
}

void Intake::on_connected() noexcept {
  connected_ = true;
  held_.clear();
}

Intake::Step Intake::on_live(const Candle& candle) {
  if (awaited_) {
    held_.insert_or_assign(candle.open_time, candle);
    return held_.size() > options_.held_max ? on_no_history() : Step{};
  }
  if (connected_ && (!newest_ || candle.open_time > newest_->open_time)) {
    connected_ = false;
    if (const auto range = missed_before(candle)) {
      ++counts_.asked;
      awaited_ = range;
      held_.insert_or_assign(candle.open_time, candle);
      return {.pass = {}, .ask = range};
    }
  }
  // The same candle goes on: nothing was missed but states that this one replaces. An older one
  // shows no gap; the aggregator judges it.
  if (newest_ && candle.open_time == newest_->open_time)
    connected_ = false;
  passed(candle);
  return {.pass = {candle}, .ask = {}};
}

Intake::Step Intake::on_history(std::span<const Candle> candles) {
  Step step;
  if (!awaited_)
    return step;
  std::map<UnixMillis, Candle> rows;
  for (const auto& candle : candles)
    if (candle.open_time >= awaited_->from && candle.open_time < awaited_->until)
      rows.insert_or_assign(candle.open_time, candle);
  counts_.filled += rows.size();
  awaited_.reset();
  for (const auto& [open_time, candle] : rows) {
    passed(candle);
    step.pass.push_back(candle);
  }
  release(step);
  return step;
}

Intake::Step Intake::on_no_history() {
  Step step;
  if (!awaited_)
    return step;
  ++counts_.not_filled;
  awaited_.reset();
  release(step);
  return step;
}

UnixMillis Intake::longest_question() const noexcept {
  return options_.base.millis() * static_cast<UnixMillis>(options_.history_max);
}

std::optional<TimeRange> Intake::missed_before(const Candle& candle) {
  auto from = candle.open_time;
  if (newest_) {
    // The end of a candle that was open when the stream broke was missed too.
    from = newest_->closed ? newest_->open_time + options_.base.millis() : newest_->open_time;
  } else {
    for (const auto& target : options_.targets)
      from = std::min(from, target.bucket(candle.open_time));
  }
  const auto earliest = candle.open_time - longest_question();
  if (from < earliest) {
    ++counts_.cut;
    from = options_.coarse.bucket(earliest);
    if (from < earliest)
      from += options_.coarse.millis();
  }
  if (from >= candle.open_time)
    return std::nullopt;
  return TimeRange{from, candle.open_time};
}

void Intake::release(Step& step) {
  for (const auto& [open_time, candle] : std::exchange(held_, {})) {
    auto next = on_live(candle);
    std::ranges::move(next.pass, std::back_inserter(step.pass));
    if (next.ask)
      step.ask = next.ask;
  }
}

void Intake::passed(const Candle& candle) {
  if (!newest_ || candle.open_time >= newest_->open_time)
    newest_ = candle;
}

} // namespace tandem::core::klines
