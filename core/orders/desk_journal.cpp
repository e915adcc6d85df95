// The desk's way into the journal.
#include "core/orders/desk_scope.hpp"

#include <utility>
#include <variant>

namespace tandem::core::orders {

/// What the journal refuses is kept and written again, in its order, until it is there: it has
/// happened, whatever the disk says. Meanwhile nothing new begins, so this cannot grow for long.
void Desk::write(const Record& record) {
  const Scope scope{*this};
  if (!unwritten_.empty() || writing_again_ > 0) {
    unwritten_.push_back(record);
    return;
  }
  journal_.append(record, [this, record](const Status& status) {
    const Scope inner{*this};
    if (status)
      on_safe(record);
    else
      unwritten_.push_back(record);
    on_written(status);
  });
}

/// Somebody waits to hear that it is safe: it does not wait for company.
void Desk::write_switch(const KillRecord& record) {
  const Scope scope{*this};
  ++switches_unsafe_;
  if (!unwritten_.empty() || writing_again_ > 0) {
    unwritten_.emplace_back(record);
    return;
  }
  const Record one{record};
  journal_.append_first({&one, 1}, [this, one](const Status& status) {
    const Scope inner{*this};
    if (status)
      on_safe(one);
    else
      unwritten_.push_back(one);
    on_written(status);
  });
}

void Desk::on_safe(const Record& record) {
  if (!std::holds_alternative<KillRecord>(record))
    return;
  --switches_unsafe_;
  tell_noted();
}

void Desk::tell_noted() {
  if (switches_unsafe_ > 0)
    return;
  for (const auto& noted : std::exchange(noted_, {}))
    noted();
}

void Desk::write_again() {
  if (unwritten_.empty() || writing_again_ > 0)
    return;
  const auto records = std::exchange(unwritten_, {});
  writing_again_ = records.size();
  // Each by itself: of a full disk's reserve only some kinds may take.
  for (const auto& record : records)
    journal_.append_first({&record, 1}, [this, record](const Status& status) {
      const Scope inner{*this};
      --writing_again_;
      if (status)
        on_safe(record);
      else
        unwritten_.push_back(record);
      on_written(status);
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
