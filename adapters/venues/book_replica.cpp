#include "adapters/venues/book_replica.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::Errc;
using core::Result;
using core::market::Level;
using core::market::Side;

/// The common case of core::parse_scaled without its error type: digits, a point, digits, nothing
/// lost and no overflow possible. Nullopt sends the text through parse_scaled, which decides.
std::optional<std::int64_t> plain_units(std::string_view text, int decimals) noexcept {
  constexpr int digits_safe = 18; // below 10^18 nothing overflows
  const char* p = text.data();
  const char* const end = p + text.size();
  std::uint64_t units = 0;
  const char* const whole_end = p + std::min<std::size_t>(text.size(), digits_safe + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  while (p != whole_end && is_digit(*p))
    units = units * 10 + static_cast<std::uint64_t>(*p++ - '0');
  const auto whole_digits = p - text.data();
  if (whole_digits == 0 || whole_digits + decimals > digits_safe)
    return std::nullopt;
  int missing = decimals;
  if (p != end) {
    if (*p++ != '.' || p == end)
      return std::nullopt;
    for (; missing > 0 && p != end && is_digit(*p); --missing)
      units = units * 10 + static_cast<std::uint64_t>(*p++ - '0');
    while (p != end && *p == '0')
      ++p;
    if (p != end)
      return std::nullopt;
  }
  if (missing != 0)
    units *= static_cast<std::uint64_t>(core::pow10(missing));
  return static_cast<std::int64_t>(units);
}

/// Raises `decimals` to what `text` needs.
core::Status widen(std::int8_t& decimals, std::string_view text) {
  const auto needed = core::decimals_needed(text);
  if (!needed)
    return tl::unexpected{needed.error()};
  if (*needed > core::decimals_max)
    return core::fail(Errc::out_of_range, fmt::format("{} decimals in \"{}\"", *needed, text));
  decimals = std::max(decimals, static_cast<std::int8_t>(*needed));
  return {};
}

/// Every other spelling of a level, and every mistake.
core::Status append_unusual(const LevelText& level, core::Scale scale, core::Scale& finer,
                            std::vector<Level>& units) {
  const auto price = core::parse_scaled(level.price, scale.price_decimals);
  if (!price) {
    if (price.error().code != Errc::scale_too_coarse)
      return tl::unexpected{price.error()};
    if (auto ok = widen(finer.price_decimals, level.price); !ok)
      return ok;
  }
  const auto size = core::parse_scaled(level.size, scale.quantity_decimals);
  if (!size) {
    if (size.error().code != Errc::scale_too_coarse)
      return tl::unexpected{size.error()};
    if (auto ok = widen(finer.quantity_decimals, level.size); !ok)
      return ok;
  }
  if (!price || !size)
    return {};
  if (*price <= 0 || *size < 0)
    return core::fail(Errc::malformed,
                      fmt::format("impossible level {} @ {}", level.size, level.price));
  units.push_back({core::Price{*price}, core::Quantity{*size}});
  return {};
}

/// Appends the levels at `scale`. scale_too_coarse raises `finer` and goes on, so that one pass
/// finds the scale for all.
core::Status append_units(std::span<const LevelText> levels, core::Scale scale, core::Scale& finer,
                          std::vector<Level>& units) {
  units.clear();
  for (const LevelText& level : levels) {
    const auto price = plain_units(level.price, scale.price_decimals);
    const auto size = plain_units(level.size, scale.quantity_decimals);
    if (price && size && *price > 0) {
      units.push_back({core::Price{*price}, core::Quantity{*size}});
      continue;
    }
    if (auto ok = append_unusual(level, scale, finer, units); !ok)
      return ok;
  }
  return {};
}

void add(core::market::ApplyStats& sum, const core::market::ApplyStats& part) noexcept {
  sum.changed += part.changed;
  sum.deleted += part.deleted;
  sum.deleted_unknown += part.deleted_unknown;
}

} // namespace

BookReplica::BookReplica(std::unique_ptr<BookSync> sync, core::Scale scale, ReplicaLimits limits)
    : sync_{std::move(sync)}, limits_{limits}, book_{scale} {}

void BookReplica::restart() {
  begin_generation();
  book_.reset(book_.scale());
  last_id_ = 0;
  venue_time_ = 0;
}

void BookReplica::begin_generation() {
  sync_->restart();
  buffer_.clear();
  buffered_bytes_ = 0;
  wants_snapshot_ = true;
  ++generation_;
}

ReplicaStep BookReplica::on_frame(const DepthFrame& frame) {
  const bool was_live = sync_->live();
  const std::uint64_t expected_after = last_id_;
  switch (sync_->on_frame(frame)) {
  case SyncAction::ignore:
    return {};
  case SyncAction::buffer:
    return buffer(frame);
  case SyncAction::resync:
    return chain_broken(frame, expected_after);
  case SyncAction::apply:
    break;
  }
  ReplicaStep step = apply(frame);
  step.became_live = !was_live && sync_->live();
  return step;
}

ReplicaStep BookReplica::on_snapshot(const DepthSnapshot& snapshot) {
  ReplicaStep step;
  if (!wants_snapshot_ || sync_->live())
    return step;
  const auto scale = convert(snapshot.bids, snapshot.asks);
  if (!scale) { // the buffer stays good for the next answer
    step.action = SyncAction::resync;
    step.error = scale.error();
    return step;
  }
  std::optional<std::uint64_t> first_buffered;
  if (!buffer_.empty())
    first_buffered = buffer_.front().frame.first_id;
  if (sync_->on_snapshot(snapshot.last_id, first_buffered) == SnapshotVerdict::too_old) {
    step.action
        = SyncAction::resync; // no error: nothing is wrong, the buffer waits for a newer answer
    return step;
  }
  wants_snapshot_ = false;
  step = apply_levels(true, *scale);
  last_id_ = snapshot.last_id;
  venue_time_ = snapshot.venue_time;
  replay(step);
  step.became_live = sync_->live();
  return step;
}

/// Offers the buffered frames in order. Those behind a broken link stay buffered for the next
/// snapshot.
void BookReplica::replay(ReplicaStep& step) {
  std::deque<Buffered> waiting = std::exchange(buffer_, {});
  buffered_bytes_ = 0;
  for (const Buffered& buffered : waiting) {
    const ReplicaStep one = on_frame(buffered.frame);
    add(step.stats, one.stats);
    if (one.action == SyncAction::apply)
      ++step.replayed;
    if (one.action == SyncAction::resync) {
      step.action = SyncAction::resync;
      step.error = one.error;
    }
  }
}

ReplicaStep BookReplica::apply(const DepthFrame& frame) {
  const auto scale = convert(frame.bids, frame.asks);
  if (!scale) {
    begin_generation(); // the book stays readable as it was; it is not live any more
    ReplicaStep step;
    step.action = SyncAction::resync;
    step.error = scale.error();
    return step;
  }
  ReplicaStep step = apply_levels(frame.snapshot, *scale);
  if (frame.snapshot)
    wants_snapshot_ = false;
  last_id_ = frame.last_id;
  venue_time_ = frame.venue_time;
  return step;
}

/// From here on nothing can fail.
ReplicaStep BookReplica::apply_levels(bool replace, core::Scale scale) {
  if (scale != book_.scale())
    ++scale_refinements_;
  if (replace)
    book_.reset(scale);
  else if (scale != book_.scale())
    book_.refine(scale);
  ReplicaStep step;
  step.action = SyncAction::apply;
  add(step.stats, book_.apply(Side::bid, bids_));
  add(step.stats, book_.apply(Side::ask, asks_));
  const std::size_t deepest = std::max(book_.depth(Side::bid), book_.depth(Side::ask));
  if (limits_.levels_max != 0 && deepest > limits_.levels_max)
    book_.trim(limits_.levels_max
               - limits_.levels_max / 16); // some air, so that not every frame trims
  return step;
}

Result<core::Scale> BookReplica::convert(std::span<const LevelText> bids,
                                         std::span<const LevelText> asks) {
  core::Scale scale = book_.scale();
  core::Scale finer = scale;
  // A second round only when some number needed a finer scale.
  for (;;) {
    if (auto ok = append_units(bids, scale, finer, bids_); !ok)
      return tl::unexpected{ok.error()};
    if (auto ok = append_units(asks, scale, finer, asks_); !ok)
      return tl::unexpected{ok.error()};
    if (finer == scale)
      break;
    scale = finer;
  }
  if (scale != book_.scale())
    if (auto ok = fits(scale); !ok)
      return tl::unexpected{ok.error()};
  return scale;
}

/// Would every level of the book still fit 64 bits at `finer`?
core::Status BookReplica::fits(core::Scale finer) const {
  const auto limit = std::numeric_limits<std::int64_t>::max();
  const auto price_max = limit / core::pow10(finer.price_decimals - book_.scale().price_decimals);
  const auto size_max
      = limit / core::pow10(finer.quantity_decimals - book_.scale().quantity_decimals);
  for (const Side side : {Side::bid, Side::ask}) {
    for (std::size_t n = 0; n < book_.depth(side); ++n) {
      const Level level = book_.level(side, n);
      if (level.price.units > price_max || level.quantity.units > size_max)
        return core::fail(Errc::out_of_range,
                          fmt::format("the book does not fit {} price and {} size decimals",
                                      finer.price_decimals, finer.quantity_decimals));
    }
  }
  return {};
}

ReplicaStep BookReplica::chain_broken(const DepthFrame& frame, std::uint64_t expected_after) {
  begin_generation();
  // Where the venue buffers, the frame that showed the gap is the first of the new chain.
  if (sync_->on_frame(frame) == SyncAction::buffer)
    static_cast<void>(buffer(frame));
  ReplicaStep step;
  step.action = SyncAction::resync;
  step.error = core::Error{Errc::book_gap,
                           frame.previous_id
                               ? fmt::format("book at {}, update {}..{} follows {}", expected_after,
                                             frame.first_id, frame.last_id, *frame.previous_id)
                               : fmt::format("book at {}, next update {}..{}", expected_after,
                                             frame.first_id, frame.last_id),
                           std::string{frame.symbol}};
  return step;
}

ReplicaStep BookReplica::buffer(const DepthFrame& frame) {
  ReplicaStep step;
  step.action = SyncAction::buffer;
  std::size_t chars = frame.symbol.size();
  for (const auto& side : {frame.bids, frame.asks})
    for (const LevelText& level : side)
      chars += level.price.size() + level.size.size();
  const std::size_t count = frame.bids.size() + frame.asks.size();
  const std::size_t bytes = sizeof(Buffered) + chars + count * sizeof(LevelText);
  if (buffer_.size() >= limits_.buffered_frames_max
      || buffered_bytes_ + bytes > limits_.buffered_bytes_max) {
    step.action = SyncAction::resync;
    step.error = core::Error{Errc::book_gap,
                             fmt::format("{} frames ({} bytes) waited for a snapshot in vain",
                                         buffer_.size(), buffered_bytes_),
                             std::string{frame.symbol}};
    begin_generation();
  }

  Buffered copy;
  copy.text.reserve(chars); // never reallocates: the views below point into it
  copy.levels.reserve(count);
  const auto keep = [&copy](std::string_view text) {
    const std::size_t at = copy.text.size();
    copy.text.insert(copy.text.end(), text.begin(), text.end());
    return std::string_view{copy.text.data() + at, text.size()};
  };
  copy.frame = frame;
  copy.frame.symbol = keep(frame.symbol);
  for (const auto& side : {frame.bids, frame.asks})
    for (const LevelText& level : side)
      copy.levels.push_back({keep(level.price), keep(level.size)});
  const std::span<const LevelText> levels{copy.levels};
  copy.frame.bids = levels.first(frame.bids.size());
  copy.frame.asks = levels.last(frame.asks.size());
  buffered_bytes_ += bytes;
  buffer_.push_back(std::move(copy));
  return step;
}

const core::market::OrderBook& BookReplica::book() const noexcept {
  return book_;
}

bool BookReplica::live() const {
  return sync_->live();
}

std::uint64_t BookReplica::last_id() const noexcept {
  return last_id_;
}

core::UnixMillis BookReplica::venue_time() const noexcept {
  return venue_time_;
}

std::uint32_t BookReplica::generation() const noexcept {
  return generation_;
}

std::uint64_t BookReplica::scale_refinements() const noexcept {
  return scale_refinements_;
}

std::size_t BookReplica::buffered() const noexcept {
  return buffer_.size();
}

} // namespace tandem::adapters::venues
