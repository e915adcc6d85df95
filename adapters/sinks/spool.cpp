#include "adapters/sinks/spool.hpp"

#include "adapters/files/frame.hpp"
#include "core/ensure.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tandem::adapters::sinks {
namespace {

using core::Errc;
using files::disk_error;
using files::frame_at;

constexpr std::string_view magic = "tandem spool 1 ";
constexpr std::string_view suffix = ".spool";
constexpr std::string_view source = "spool";
constexpr std::size_t digits = 20;
const std::string lock_name = "lock";
const std::string cursor_name = "cursor";
const std::string cursor_draft = "cursor.new";

/// The stream that a segment or cursor belongs to; nullopt for a frame that is neither.
std::optional<std::string> id_in(const std::optional<files::Frame>& head) {
  if (!head || !head->payload.starts_with(magic))
    return std::nullopt;
  return std::string{head->payload.substr(magic.size())};
}

std::optional<std::uint64_t> first_of(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix))
    return std::nullopt;
  std::uint64_t first = 0;
  for (const char c : name.substr(0, digits)) {
    if (c < '0' || c > '9')
      return std::nullopt;
    first = first * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return first;
}

tl::unexpected<core::Error> on_disk(const files::FileError& error) {
  return tl::unexpected{disk_error(error, std::string{source})};
}

/// The next whole frame at or behind `at`.
struct Found {
  files::Frame frame;
  std::size_t at = 0;
};

std::optional<Found> find_frame(std::string_view bytes, std::size_t at) {
  for (; at + files::frame_head_bytes <= bytes.size(); ++at)
    if (const auto frame = frame_at(bytes, at))
      return Found{*frame, at};
  return std::nullopt;
}

} // namespace

Spool::Spool(std::unique_ptr<files::FileLayer> files, SpoolOptions options)
    : files_{std::move(files)}, options_{options} {}

Spool::~Spool() = default;

std::string Spool::name_of(std::uint64_t first) {
  auto name = std::to_string(first);
  return std::string(digits - name.size(), '0') + name + std::string{suffix};
}

core::Result<std::unique_ptr<Spool>> Spool::open(std::unique_ptr<files::FileLayer> files,
                                                 SpoolOptions options, std::string id) {
  std::unique_ptr<Spool> spool{new Spool{std::move(files), options}};
  if (const auto status = spool->take_up(std::move(id)); !status)
    return tl::unexpected{status.error()};
  return spool;
}

core::Status Spool::take_up(std::string id) {
  if (const auto made = files_->make_directory(); !made)
    return on_disk(made.error());
  auto lock = files_->lock(lock_name);
  if (!lock)
    return lock.error().fault == files::FileFault::held
               ? core::fail(Errc::conflict, "another engine holds it: " + lock.error().detail,
                            files_->path_of(lock_name))
               : on_disk(lock.error());
  lock_ = *std::move(lock);
  const auto names = files_->list();
  if (!names)
    return on_disk(names.error());
  for (const auto& name : *names)
    if (const auto first = first_of(name))
      segments_[*first] = {};
  if (std::find(names->begin(), names->end(), cursor_name) != names->end()) {
    const auto bytes = files_->read(cursor_name);
    if (!bytes)
      return on_disk(bytes.error());
    const auto cursor = frame_at(*bytes, 0);
    if (const auto known = id_in(cursor)) {
      id = *known;
      acknowledged_ = last_ = cursor->sequence;
    } else if (!segments_.empty()) {
      // Torn by a power loss: everything that is left goes out once more, and is there once.
      acknowledged_ = last_ = segments_.begin()->first - 1;
    }
  }
  for (auto segment = segments_.begin(); segment != segments_.end();) {
    const auto bytes = files_->read(name_of(segment->first));
    if (!bytes)
      return on_disk(bytes.error());
    const auto head = frame_at(*bytes, 0);
    const auto known = id_in(head);
    const auto next = std::next(segment);
    // An engine that ended before a segment had its head leaves one without a record.
    if (!known && next == segments_.end()
        && bytes->size() <= files::frame_head_bytes + magic.size() + id.size()) {
      segment = next;
      continue;
    }
    if (!known) {
      if (const auto aside = set_aside(*segment, bytes->size(), next == segments_.end()); !aside)
        return aside;
      segment = segments_.erase(segment);
      if (segment != segments_.begin() && segment != segments_.end()) // found lost when it is read
        std::prev(segment)->second.last = segment->first - 1;
      continue;
    }
    id = *known;
    segment->second.bytes = bytes->size();
    if (next != segments_.end()) {
      segment->second.last = next->first - 1;
    } else {
      segment->second.last = segment->first - 1;
      auto end = head->size();
      for (auto found = find_frame(*bytes, end); found; found = find_frame(*bytes, end)) {
        end = found->at + found->frame.size();
        segment->second.last = found->frame.sequence;
      }
      segment->second.bytes = end;
      active_bytes_ = bytes->substr(0, end);
    }
    bytes_ += segment->second.bytes;
    last_ = std::max(last_, segment->second.last);
    segment = next;
  }
  id_ = std::move(id);
  if (!segments_.empty() && segments_.rbegin()->second.bytes == 0) {
    segments_.erase(std::prev(segments_.end()));
    if (!segments_.empty()) { // nothing may stand behind the new one that begins at the same place
      const auto bytes = files_->read(name_of(active()));
      if (!bytes)
        return on_disk(bytes.error());
      active_bytes_ = *bytes;
    }
  }
  // What lies before the first segment went with a segment that is no longer there.
  if (!segments_.empty() && segments_.begin()->first > acknowledged_ + 1)
    lose(segments_.begin()->first - 1);
  if (segments_.empty())
    lose(last_);
  // A cursor ahead of all segments, or a damaged one behind them: numbers once given are not given
  // again.
  if (segments_.empty() || last_ > segments_.rbegin()->second.last) {
    if (!segments_.empty())
      segments_.rbegin()->second.last = last_; // what is not there is found lost when it is read
    return begin_segment();
  }
  return {};
}

/// A segment without its head, by damage or a power loss: kept for a person, who may find something
/// in it; its numbers are lost.
core::Status Spool::set_aside(const std::pair<const std::uint64_t, Segment>& segment,
                              std::size_t bytes, bool is_last) {
  const auto name = name_of(segment.first);
  if (const auto renamed = files_->rename(name, name + ".damaged"); !renamed)
    return on_disk(renamed.error());
  // How many there were is not known: it cannot have been more.
  const auto most = segment.first + bytes / files::frame_head_bytes;
  last_ = std::max(last_, is_last ? most : segment.first - 1);
  return {};
}

core::Status Spool::begin_segment() {
  const auto first = last_ + 1;
  auto file = files_->create(name_of(first));
  if (!file)
    return on_disk(file.error());
  std::string head;
  files::append_frame(head, first, std::string{magic} + id_);
  if (const auto written = (*file)->append(head); !written)
    return on_disk(written.error());
  file_ = *std::move(file);
  bytes_ += head.size();
  active_bytes_ = head;
  segments_[first] = {first - 1, head.size()};
  remove_delivered();
  return {};
}

core::Status Spool::append(std::span<const std::string> payloads) {
  if (payloads.empty())
    return {};
  if (!file_) { // taken up from a former run, or of unknown length after an error
    auto file = files_->open(name_of(active()));
    if (!file)
      return on_disk(file.error());
    if (const auto cut = (*file)->truncate(active_bytes_.size()); !cut)
      return on_disk(cut.error());
    file_ = *std::move(file);
  }
  if (active_bytes_.size() >= options_.segment_bytes)
    if (const auto begun = begin_segment(); !begun)
      return begun;
  std::string frames;
  auto sequence = last_;
  for (const auto& payload : payloads)
    files::append_frame(frames, ++sequence, payload);
  if (const auto written = file_->append(frames); !written) {
    file_.reset();
    return on_disk(written.error());
  }
  active_bytes_ += frames;
  bytes_ += frames.size();
  last_ = sequence;
  segments_.rbegin()->second = {last_, active_bytes_.size()};
  while (bytes_ > options_.bytes_max && segments_.size() > 1 && remove_oldest()) {
  }
  return {};
}

bool Spool::remove_oldest() {
  const auto oldest = segments_.begin();
  if (!files_->remove(name_of(oldest->first)))
    return false;
  lose(oldest->second.last);
  bytes_ -= oldest->second.bytes;
  segments_.erase(oldest);
  return true;
}

void Spool::lose(std::uint64_t through) {
  if (through <= acknowledged_)
    return;
  lost_.push_back({acknowledged_ + 1, through});
  acknowledged_ = through;
}

std::vector<SequenceRange> Spool::take_lost() {
  return std::exchange(lost_, {});
}

core::Status Spool::load(std::uint64_t first) {
  if (loaded_ == first)
    return {};
  auto bytes = files_->read(name_of(first));
  if (!bytes)
    return on_disk(bytes.error());
  loaded_bytes_ = *std::move(bytes);
  loaded_ = first;
  return {};
}

core::Result<std::vector<Spooled>> Spool::read(std::size_t records_max, std::size_t bytes_max) {
  std::vector<Spooled> batch;
  std::size_t taken = 0;
  while (acknowledged_ < last_ && batch.size() < std::max<std::size_t>(records_max, 1)) {
    const auto next = batch.empty() ? acknowledged_ + 1 : batch.back().sequence + 1;
    if (next > last_)
      break;
    const auto segment = std::prev(segments_.upper_bound(next));
    if (!batch.empty() && segment->first != position_.segment)
      break; // the views end with the segment
    const bool is_active = segment->first == active();
    if (!is_active)
      if (const auto there = load(segment->first); !there)
        return tl::unexpected{there.error()};
    const std::string_view bytes = is_active ? active_bytes_ : loaded_bytes_;
    if (position_.segment != segment->first || position_.next > next)
      position_ = {segment->first, segment->first, 0};
    if (position_.offset == 0)
      if (const auto head = frame_at(bytes, 0))
        position_.offset = head->size();
    // Frames between a remembered place and the one that is wanted were delivered.
    auto found = find_frame(bytes, position_.offset);
    while (found && found->frame.sequence < next)
      found = find_frame(bytes, found->at + found->frame.size());
    if (!found || found->frame.sequence != next) {
      if (!batch.empty())
        break;
      lose(found ? found->frame.sequence - 1 : segment->second.last);
      continue;
    }
    if (!batch.empty() && taken + found->frame.payload.size() > bytes_max)
      break;
    batch.push_back({next, found->frame.payload});
    taken += found->frame.payload.size();
    position_ = {segment->first, next + 1, found->at + found->frame.size()};
  }
  return batch;
}

core::Status Spool::acknowledge(std::uint64_t through) {
  if (through <= acknowledged_)
    return {};
  acknowledged_ = through;
  if (through > last_) {
    last_ = through;
    if (const auto begun = begin_segment(); !begun)
      return begun;
  }
  remove_delivered();
  return write_cursor();
}

core::Status Spool::write_cursor() {
  std::string bytes;
  files::append_frame(bytes, acknowledged_, std::string{magic} + id_);
  auto file = files_->create(cursor_draft);
  if (!file)
    return on_disk(file.error());
  if (const auto written = (*file)->append(bytes); !written)
    return on_disk(written.error());
  if (const auto renamed = files_->rename(cursor_draft, cursor_name); !renamed)
    return on_disk(renamed.error());
  return {};
}

void Spool::remove_delivered() {
  // One that cannot be removed now is found delivered later, or by the next run.
  while (segments_.size() > 1 && segments_.begin()->second.last <= acknowledged_
         && remove_oldest()) {
  }
}

std::uint64_t Spool::waiting_bytes() const noexcept {
  if (waiting() == 0)
    return 0;
  const auto read
      = position_.segment == segments_.begin()->first && position_.next <= acknowledged_ + 1
            ? position_.offset
            : 0;
  return bytes_ - std::min<std::uint64_t>(bytes_, read);
}

} // namespace tandem::adapters::sinks
