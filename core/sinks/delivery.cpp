#include "core/sinks/delivery.hpp"

#include "core/ensure.hpp"

#include <algorithm>

namespace tandem::core::sinks {

void Delivery::on_opened(MonoTime now) noexcept {
  opening_ = false;
  state_ = State::idle;
  flush_at_ = now; // what waited through the outage waits no longer
}

void Delivery::on_refused_to_open(const Outcome& why, std::uint64_t random, MonoTime now) noexcept {
  opening_ = false;
  pause(why, random, now);
}

std::optional<Delivery::Size> Delivery::due(Size waiting, std::uint64_t random, MonoTime now) {
  if (waiting.records == 0) {
    flush_at_.reset();
    owed_ = 0;
    return std::nullopt;
  }
  if (!flush_at_) {
    const auto spread = static_cast<std::uint64_t>(limits_.flush_jitter.count()) + 1;
    flush_at_ = now + limits_.flush_interval
                + std::chrono::milliseconds{static_cast<std::int64_t>(random % spread)};
  }
  if (state_ != State::idle || now < not_before_)
    return std::nullopt;
  const bool full
      = waiting.records >= limits_.batch_records || waiting.bytes >= limits_.batch_bytes;
  if (!full && owed_ == 0 && !records_max_ && now < *flush_at_)
    return std::nullopt;
  asked_ = std::min(waiting.records, limits_.batch_records);
  return Size{std::min(records_max_.value_or(limits_.batch_records), limits_.batch_records),
              limits_.batch_bytes};
}

void Delivery::on_sent(std::size_t records) noexcept {
  state_ = State::sending;
  sent_ = records;
  if (owed_ == 0)
    owed_ = asked_;
}

Delivery::Verdict Delivery::on_outcome(const Outcome& outcome, std::uint64_t random, MonoTime now) {
  TANDEM_ENSURE(state_ == State::sending);
  switch (outcome.kind) {
  case Outcome::Kind::delivered:
    state_ = State::idle;
    backoff_.reset();
    owed_ -= std::min(owed_, sent_);
    if (records_max_)
      grow();
    else if (owed_ == 0)
      flush_at_.reset();
    return Verdict::acknowledge;
  case Outcome::Kind::rejected:
    state_ = State::idle;
    if (sent_ > 1) {
      records_max_ = sent_ / 2;
      return Verdict::repeat;
    }
    records_max_.reset();
    return Verdict::set_aside;
  case Outcome::Kind::failed:
    pause(outcome, random, now);
    return Verdict::repeat;
  }
  return Verdict::repeat;
}

/// After a rejection, back to the usual size.
void Delivery::grow() noexcept {
  if (*records_max_ *= 2; *records_max_ >= limits_.batch_records)
    records_max_.reset();
}

void Delivery::pause(const Outcome& why, std::uint64_t random, MonoTime now) noexcept {
  // Opened anew each time: only the destination itself knows what it has.
  state_ = State::away;
  not_before_ = now + std::max(backoff_.next(random, std::chrono::nanoseconds{0}), why.pause);
}

} // namespace tandem::core::sinks
