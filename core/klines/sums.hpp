/// One symbol's longer candles from its live base candles: joins what is missing (intake.hpp) with
/// what is summed up (aggregator.hpp) and says which page of the venue's history to ask next.
#pragma once

#include "core/klines/aggregator.hpp"
#include "core/klines/intake.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace tandem::core::klines {

struct SumsOptions {
  Interval base;
  std::vector<Interval> targets;
  std::size_t rows_max = 1'500; ///< of one answer of the venue's history
};

class Sums {
public:
  explicit Sums(SumsOptions options);

  /// A page of the history: no more candles than one answer can hold.
  struct Question {
    Interval interval; ///< the base, or a day
    TimeRange range;
  };

  struct Step {
    std::vector<Aggregate> ended; ///< in the order in which they ended
    std::optional<Question> ask;  ///< answer by on_answer or on_no_answer; one at a time
  };

  /// The stream begins, or is there again after an outage.
  void on_connected() noexcept { intake_.on_connected(); }

  [[nodiscard]] Step on_live(const Candle& candle);
  /// Candles of the last question. Nothing happens when nothing was asked.
  [[nodiscard]] Step on_answer(const std::vector<Candle>& candles);
  /// There will be no answer: goes on with what is there.
  [[nodiscard]] Step on_no_answer();

  [[nodiscard]] const Aggregator& aggregator() const noexcept { return aggregator_; }

  [[nodiscard]] const IntakeCounts& counts() const noexcept { return intake_.counts(); }

private:
  struct Page {
    Question question;
    std::optional<Interval> target; ///< of what is older than the first base candle
    bool last = false;              ///< of its range
  };

  void take(const Intake::Step& step, Step& out);
  void plan(const Question& whole, const std::optional<Interval>& target);
  void ask_next(Step& out);

  SumsOptions options_;
  Intake intake_;
  Aggregator aggregator_;
  std::deque<Page> pages_; ///< the first one is asked
  std::vector<Candle> rows_;
  bool asked_ = false;
  bool older_planned_ = false;
};

} // namespace tandem::core::klines
