#include "adapters/security/audit_writer.hpp"

#include <string>
#include <utility>

namespace tandem::adapters::security {

using core::security::AuditPhase;
using core::security::AuditRecord;

AuditWriter::AuditWriter(std::unique_ptr<AuditLog> log,
                         std::function<void(const std::optional<core::Error>&)> on_trouble)
    : log_{std::move(log)}, on_trouble_{std::move(on_trouble)}, head_{log_->head()},
      thread_{[this] { run(); }} {}

AuditWriter::~AuditWriter() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void AuditWriter::write(AuditRecord record, std::function<void()> done) {
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() + taken_ < waiting_max) {
      queue_.push_back({std::move(record), std::move(done)});
      changed_.notify_all();
      return;
    }
    lost_.fetch_add(1, std::memory_order_relaxed);
  }
  if (done)
    done();
}

AuditCounters AuditWriter::counters() const {
  const std::lock_guard lock{mutex_};
  return {.written = written_.load(),
          .waiting = queue_.size() + taken_,
          .lost = lost_.load(),
          .failures = failures_.load()};
}

core::security::ChainHead AuditWriter::head() const {
  const std::lock_guard lock{mutex_};
  return head_;
}

void AuditWriter::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    const auto woken = [this] { return stopping_ || !queue_.empty(); };
    if (failing_)
      changed_.wait_for(lock, retry_pause, woken);
    else
      changed_.wait(lock, woken);
    const bool last = stopping_;
    auto batch = std::exchange(queue_, {});
    taken_ += batch.size();
    lock.unlock();
    write_batch(std::move(batch));
    lock.lock();
    taken_ = unwritten_.size();
    if (last && queue_.empty())
      return;
  }
}

void AuditWriter::write_batch(std::vector<Item> batch) {
  for (auto& item : batch)
    unwritten_.push_back(std::move(item.record));
  // Once more when some were lost meanwhile: the last word of a log must not hide them.
  while (write_unwritten() && lost_.load() > lost_noted_) {
  }
  for (const auto& item : batch)
    if (item.done)
      item.done();
}

bool AuditWriter::write_unwritten() {
  const auto lost = lost_.load();
  if (!unwritten_.empty())
    last_at_ = unwritten_.back().at;
  auto records = unwritten_;
  if (lost > lost_noted_)
    records.push_back(AuditRecord{.at = last_at_,
                                  .phase = AuditPhase::noted,
                                  .who = "local",
                                  .what = "audit.lost",
                                  .target = std::to_string(lost - lost_noted_) + " records"});
  if (records.empty())
    return true;
  const auto done = log_->append(records);
  if (done) {
    {
      const std::lock_guard lock{mutex_};
      head_ = log_->head();
    }
    written_.fetch_add(records.size(), std::memory_order_relaxed);
    lost_noted_ = lost;
    unwritten_.clear();
  } else {
    failures_.fetch_add(1, std::memory_order_relaxed);
  }
  if (failing_ == done.has_value()) {
    failing_ = !done;
    if (on_trouble_)
      on_trouble_(done ? std::nullopt : std::optional{done.error()});
  }
  return done.has_value();
}

} // namespace tandem::adapters::security
