// The desk's way into the journal.
#include "core/orders/desk_scope.hpp"

#include <utility>
#include <vector>

namespace tandem::core::orders {

void Desk::write(const Record& record) {
  write(Line{record, false});
}

void Desk::write_word(const Record& record) {
  const Scope scope{*this};
  ++words_unsafe_;
  write(Line{record, true});
}

/// Of a full disk's reserve only what is vital may take, so that does not wait for the rest. What
/// one line overrides is another one of its kind, and so in its lane.
Desk::Lane& Desk::lane_of(const Record& record) {
  return is_vital(record) ? vital_ : other_;
}

/// What the journal refuses is kept and written again, in its order, until it is there: it has
/// happened, whatever the disk says. Meanwhile nothing new begins, so this cannot grow for long.
void Desk::write(Line line) {
  const Scope scope{*this};
  const auto number = ++lines_;
  if (auto& lane = lane_of(line.record); !lane.is_clear()) {
    lane.waiting.emplace(number, std::move(line));
    return;
  }
  auto written = [this, number, line](const Status& status) {
    const Scope inner{*this};
    keep_or_tell(number, line, status);
    on_written(status);
  };
  if (line.word) // somebody waits: it does not wait for company
    journal_.append_first({&line.record, 1}, std::move(written));
  else
    journal_.append(line.record, std::move(written));
}

void Desk::keep_or_tell(std::uint64_t number, const Line& line, const Status& status) {
  if (!status) {
    lane_of(line.record).waiting.emplace(number, line);
  } else if (line.word) {
    --words_unsafe_;
    tell_noted();
  }
}

void Desk::tell_noted() {
  if (words_unsafe_ > 0)
    return;
  for (const auto& noted : std::exchange(noted_, {}))
    noted();
}

/// All or none of them: a line that came in without the one before it would be overridden by that.
void Desk::write_again(Lane& lane) {
  if (lane.waiting.empty() || lane.writing)
    return;
  auto lines = std::exchange(lane.waiting, {});
  std::vector<Record> records;
  for (const auto& [number, line] : lines)
    records.push_back(line.record);
  lane.writing = true;
  journal_.append_first(records, [this, &lane, lines = std::move(lines)](const Status& status) {
    const Scope inner{*this};
    lane.writing = false;
    for (const auto& [number, line] : lines)
      keep_or_tell(number, line, status);
    on_written(status);
  });
}

/// A journal that fails stops new orders; what the venues say still counts in memory.
void Desk::on_written(const Status& status) {
  const Scope scope{*this};
  const bool down = !status || !vital_.is_clear() || !other_.is_clear();
  if (down == journal_health_.down)
    return;
  journal_health_.down = down;
  if (down)
    ++journal_health_.failures;
  if (!status)
    journal_health_.reason = describe(status.error());
  gate_.set_journal_down(down);
  log_.write(down ? LogLevel::error : LogLevel::info, down ? "journal_failed" : "journal_recovered",
             {{"reason", status ? std::string{} : describe(status.error())}});
}

Desk::JournalHealth Desk::journal_health() const {
  const std::lock_guard lock{mutex_};
  return journal_health_;
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
