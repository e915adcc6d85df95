#include "adapters/sinks/courier.hpp"

#include "adapters/sinks/json.hpp"
#include "adapters/sinks/record_codec.hpp"
#include "core/sinks/records.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace tandem::adapters::sinks {
namespace {

using core::sinks::Delivery;
using core::sinks::News;
using core::sinks::Outcome;
using Kind = CourierNotice::Kind;

/// Between two tries of a disk that refused.
constexpr std::chrono::seconds disk_retry{1};
/// How often the age of what waits is looked up while nothing goes out.
/// Between two notices of one kind.
constexpr std::chrono::seconds notice_interval{5};
constexpr std::uint64_t refused_bytes_max = 16 * 1024 * 1024;
const std::string refused_name = "refused.jsonl";

std::string stream_name(const std::string& id, std::uint64_t random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name = id + "-";
  for (int n = 0; n < 8; ++n, random >>= 4U)
    name += digits[random & 15U];
  return name;
}

std::string ranges_text(const std::vector<SequenceRange>& ranges) {
  std::string text;
  for (const auto& range : ranges)
    text += (text.empty() ? "" : ", ") + std::to_string(range.first) + " to "
            + std::to_string(range.last);
  return text;
}

} // namespace

Courier::Courier(CourierOptions options, CourierPorts ports)
    : options_{std::move(options)}, ports_{std::move(ports)}, delivery_{options_.delivery} {
  open_spool();
}

Courier::~Courier() = default;

void Courier::on_news(const std::vector<core::sinks::NewsPtr>& news, std::uint64_t dropped) {
  auto over = dropped - tape_dropped_;
  tape_dropped_ = dropped;
  for (const auto& item : news) {
    const auto* event = std::get_if<core::sinks::Record>(item.get());
    auto payload = event != nullptr
                       ? encode(*event)
                       : encode(core::sinks::record_of(std::get<core::sinks::MarketNews>(*item)));
    if (pending_bytes_ + payload.size() > options_.memory_bytes_max) {
      ++over;
      continue;
    }
    if (pending_.empty())
      pending_since_ = ports_.clocks.mono();
    pending_bytes_ += payload.size();
    pending_.push_back(std::move(payload));
  }
  if (over > 0) {
    stats_.lost += over;
    notice(Kind::lost, std::to_string(over) + " records came faster than they could be kept");
  }
  store();
  pump();
}

void Courier::on_tick() {
  store();
  pump();
}

bool Courier::open_spool() {
  const auto now = ports_.clocks.mono();
  if (spool_)
    return true;
  if (now < spool_retry_at_)
    return false;
  auto spool
      = Spool::open(ports_.files(), options_.spool, stream_name(options_.id, ports_.random()));
  if (!spool) {
    on_disk_error(spool.error());
    return false;
  }
  spool_ = *std::move(spool);
  tell_lost();
  inherit();
  return true;
}

/// What a former run left is as old as its first record says.
void Courier::inherit() {
  if (spool_->waiting() == 0)
    return;
  const auto first = spool_->read(1, 1);
  std::int64_t age = 0;
  if (first && !first->empty())
    if (const auto record = decode(first->front().payload))
      age = core::to_millis(ports_.clocks.wall()) - record->time;
  lag_.on_taken(spool_->last(),
                ports_.clocks.mono() - std::chrono::milliseconds{std::max<std::int64_t>(age, 0)});
}

core::Status Courier::acknowledge(std::uint64_t through) {
  lag_.on_done(through);
  return spool_->acknowledge(through);
}

void Courier::store() {
  if (!open_spool() || pending_.empty() || ports_.clocks.mono() < spool_retry_at_)
    return;
  if (const auto kept = spool_->append(pending_); !kept) {
    on_disk_error(kept.error());
    return;
  }
  lag_.on_taken(spool_->last(), pending_since_);
  stats_.records += pending_.size();
  pending_.clear();
  pending_bytes_ = 0;
  if (std::exchange(blocked_, false))
    notice(Kind::spool_back, "the disk takes records again");
  tell_lost();
}

void Courier::on_disk_error(const core::Error& error) {
  spool_retry_at_ = ports_.clocks.mono() + disk_retry;
  stats_.last_error = core::describe(error);
  if (!std::exchange(blocked_, true))
    notice(Kind::spool_failed,
           "records wait in memory, the disk does not take them: " + stats_.last_error);
}

void Courier::tell_lost() {
  const auto lost = spool_->take_lost();
  if (lost.empty())
    return;
  lag_.on_done(spool_->acknowledged());
  std::uint64_t count = 0;
  for (const auto& range : lost)
    count += range.count();
  stats_.lost += count;
  notice(Kind::lost, std::to_string(count) + " records of stream " + spool_->id()
                         + " are lost undelivered (spool full or damaged): numbers "
                         + ranges_text(lost));
}

void Courier::pump() {
  if (!spool_)
    return;
  const auto now = ports_.clocks.mono();
  if (delivery_.wants_opening(now)) {
    open_writer();
    return;
  }
  const auto due
      = delivery_.due({spool_->waiting(), spool_->waiting_bytes()}, ports_.random(), now);
  if (due)
    send(*due);
}

void Courier::open_writer() {
  delivery_.on_opening();
  if (!writer_) {
    auto made = ports_.writer();
    if (!made) {
      on_opened(tl::unexpected{made.error()});
      return;
    }
    writer_ = *std::move(made);
  }
  writer_->open(spool_->id(), [this, post = ports_.post](auto last_known) {
    post([this, last_known = std::move(last_known)] { on_opened(last_known); });
  });
}

void Courier::on_opened(const core::Result<std::optional<std::uint64_t>>& last_known) {
  if (!last_known) {
    const Outcome outcome{Outcome::Kind::failed, core::describe(last_known.error())};
    delivery_.on_refused_to_open(outcome, ports_.random(), ports_.clocks.mono());
    failed(outcome);
    return;
  }
  // What it has already is not sent again.
  if (*last_known && **last_known > spool_->acknowledged()) {
    stats_.delivered += std::min(**last_known, spool_->last()) - spool_->acknowledged();
    if (const auto done = acknowledge(**last_known); !done)
      stats_.last_error = core::describe(done.error());
  }
  delivery_.on_opened(ports_.clocks.mono());
  pump();
}

void Courier::send(Delivery::Size size) {
  const auto read = spool_->read(size.records, size.bytes);
  if (!read) {
    on_disk_error(read.error());
    return;
  }
  tell_lost();
  auto batch = std::make_shared<Batch>();
  batch->stream = spool_->id();
  for (const auto& item : *read) {
    auto record = decode(item.payload);
    if (!record && batch->items.empty()) { // a later program's, at the head of the queue
      stats_.last_error = core::describe(record.error());
      ++stats_.lost;
      notice(Kind::lost, "record " + std::to_string(item.sequence) + " of stream " + spool_->id()
                             + " cannot be read: " + stats_.last_error);
      static_cast<void>(acknowledge(item.sequence));
      return;
    }
    if (!record)
      break;
    batch->items.push_back({item.sequence, *std::move(record)});
  }
  if (batch->items.empty())
    return;
  delivery_.on_sent(batch->items.size());
  sent_ = std::move(batch);
  ++stats_.batches;
  writer_->write(sent_, [this, post = ports_.post](Outcome outcome) {
    post([this, outcome = std::move(outcome)] { on_written(outcome); });
  });
}

void Courier::on_written(const Outcome& outcome) {
  const auto batch = std::exchange(sent_, nullptr);
  const auto last = batch->items.back().sequence;
  switch (delivery_.on_outcome(outcome, ports_.random(), ports_.clocks.mono())) {
  case Delivery::Verdict::acknowledge:
    stats_.delivered += batch->items.size();
    if (std::exchange(down_, false))
      notice(Kind::back, "takes records again; " + std::to_string(spool_->last() - last) + " wait");
    break;
  case Delivery::Verdict::set_aside:
    sent_ = batch;
    set_aside(outcome.detail);
    sent_.reset();
    break;
  case Delivery::Verdict::repeat:
    if (outcome.kind == Outcome::Kind::failed)
      failed(outcome);
    else
      stats_.last_error = outcome.detail;
    pump();
    return;
  }
  if (const auto done = acknowledge(last); !done)
    stats_.last_error = core::describe(done.error());
  pump();
}

void Courier::failed(const Outcome& outcome) {
  ++stats_.failures;
  stats_.last_error = outcome.detail;
  if (delivery_.out_of_order() && !std::exchange(down_, true))
    notice(Kind::down, "does not take records, they wait on disk: " + outcome.detail);
}

void Courier::set_aside(const std::string& why) {
  const auto& item = sent_->items.front();
  ++stats_.refused;
  stats_.last_error = why;
  core::sinks::Numbered with_reason = item;
  with_reason.record.text("refusedBecause", why);
  const auto line = to_json(sent_->stream, with_reason, options_.mode) + "\n";
  const auto files = ports_.files();
  if (!refused_bytes_) {
    const auto there = files->read(refused_name);
    refused_bytes_ = there ? there->size() : 0;
    if (!there)
      static_cast<void>(files->create(refused_name));
  }
  bool kept = false;
  if (*refused_bytes_ + line.size() <= refused_bytes_max)
    if (auto file = files->open(refused_name); file && (*file)->append(line)) {
      *refused_bytes_ += line.size();
      kept = true;
    }
  notice(Kind::refused,
         "record " + std::to_string(item.sequence) + " of stream " + sent_->stream + " is refused"
             + (kept ? " and kept in " + files->path_of(refused_name) : "") + ": " + why);
}

void Courier::notice(Kind kind, std::string text) {
  const auto now = ports_.clocks.mono();
  auto& said = said_[kind];
  if (now < said.again_at) {
    ++said.kept_back;
    return;
  }
  if (said.kept_back > 0)
    text += " (and " + std::to_string(said.kept_back) + " times before, not told one by one)";
  said = {now + notice_interval, 0};
  notices_.push_back({kind, std::move(text)});
}

std::vector<CourierNotice> Courier::take_notices() {
  return std::exchange(notices_, {});
}

CourierStats Courier::stats() const {
  auto stats = stats_;
  stats.waiting = (spool_ ? spool_->waiting() : 0) + pending_.size();
  stats.spool_bytes = spool_ ? spool_->bytes() : 0;
  const auto now = ports_.clocks.mono();
  const auto lag = std::max(lag_.age(now),
                            pending_.empty() ? core::MonoTime::duration{0} : now - pending_since_);
  stats.lag_ms = std::chrono::duration_cast<std::chrono::milliseconds>(lag).count();
  stats.state = blocked_                                              ? "blocked"
                : down_                                               ? "down"
                : stats.waiting > 2 * options_.delivery.batch_records ? "spooling"
                                                                      : "live";
  return stats;
}

} // namespace tandem::adapters::sinks
