// The desk's way into the journal.
#include "core/orders/desk_scope.hpp"

#include <utility>

namespace tandem::core::orders {

void Desk::write(const Record& record) {
  write(Line{record, false});
}

void Desk::write_word(const Record& record) {
  const Scope scope{*this};
  ++words_unsafe_;
  write(Line{record, true});
}

/// What the journal refuses is kept and written again, in its order, until it is there: it has
/// happened, whatever the disk says. Meanwhile nothing new begins, so this cannot grow for long.
void Desk::write(Line line) {
  const Scope scope{*this};
  if (!unwritten_.empty() || writing_again_ > 0) {
    unwritten_.push_back(std::move(line));
    return;
  }
  const auto written = [this, line](const Status& status) {
    const Scope inner{*this};
    on_written(line, status);
  };
  if (line.word) // somebody waits: it does not wait for company
    journal_.append_first({&line.record, 1}, written);
  else
    journal_.append(line.record, written);
}

void Desk::on_written(const Line& line, const Status& status) {
  if (!status)
    unwritten_.push_back(line);
  else if (line.word) {
    --words_unsafe_;
    tell_noted();
  }
  on_written(status);
}

void Desk::tell_noted() {
  if (words_unsafe_ > 0)
    return;
  for (const auto& noted : std::exchange(noted_, {}))
    noted();
}

void Desk::write_again() {
  if (unwritten_.empty() || writing_again_ > 0)
    return;
  const auto lines = std::exchange(unwritten_, {});
  writing_again_ = lines.size();
  // Each by itself: of a full disk's reserve only some kinds may take.
  for (const auto& line : lines)
    journal_.append_first({&line.record, 1}, [this, line](const Status& status) {
      const Scope inner{*this};
      --writing_again_;
      on_written(line, status);
    });
}

/// A journal that fails stops new orders; what the venues say still counts in memory.
void Desk::on_written(const Status& status) {
  const Scope scope{*this};
  const bool down = !status || !unwritten_.empty() || writing_again_ > 0;
  if (down == journal_down_)
    return;
  journal_down_ = down;
  gate_.set_journal_down(down);
  log_.write(down ? LogLevel::error : LogLevel::info, down ? "journal_failed" : "journal_recovered",
             {{"reason", status ? std::string{} : describe(status.error())}});
}

void Desk::record(const Record& record, std::function<void(Status)> durable) {
  if (!durable) {
    write(record);
    return;
  }
  journal_.append_first({&record, 1}, [this, durable = std::move(durable)](const Status& status) {
    on_written(status);
    durable(status);
  });
}

void Desk::pause(const std::string& strategy, const std::string& by, const std::string& reason,
                 const risk::Now& now) {
  const Scope scope{*this};
  gate_.set_pause(strategy, by, reason);
  write(PausedRecord{strategy, by, reason, to_millis(now.wall)});
}

void Desk::reset_executions(const std::string& strategy, const std::string& person,
                            const risk::Now& now) {
  const Scope scope{*this};
  const auto through = gate_.reset_executions(strategy);
  write(ExecutionsResetRecord{strategy, through, person, to_millis(now.wall)});
}

} // namespace tandem::core::orders
