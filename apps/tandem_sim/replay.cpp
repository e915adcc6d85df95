#include "apps/tandem_sim/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

/// Lines of one call: others must get their turn, too.
constexpr int burst_max = 2'000;

} // namespace

Replay::Replay(const ReplayOptions& options, std::unique_ptr<LineSource> lines, ReplayBooks& books,
               Surfaces& surfaces, Outlet& outlet, Time now)
    : options_{options}, lines_{std::move(lines)}, books_{books}, surfaces_{surfaces},
      outlet_{outlet}, created_{now} {
  for (const auto& source : options_.sources)
    books_.declare(source.surface, source.symbol,
                   lines_->has_snapshot(source.surface, source.symbol));
  next_ = lines_->next();
}

std::string_view Replay::state_word() const noexcept {
  switch (state_) {
  case State::waiting:
    return "waiting";
  case State::playing:
    return "playing";
  case State::done:
    return "done";
  }
  return "done";
}

bool Replay::may_start(Time now) const {
  if (options_.start == ReplayStart::at_its_time)
    return !next_ || now >= Time{std::chrono::nanoseconds{next_->received_ns}};
  if (options_.start == ReplayStart::at_once || now >= created_ + options_.start_timeout)
    return true;
  return std::ranges::all_of(options_.sources, [this](const ReplaySource& source) {
    const auto& surface = *surfaces_[static_cast<std::size_t>(source.surface)];
    return std::ranges::all_of(source.wait_for, [&](const auto& kind) {
      return surface.has_listener(source.symbol, kind);
    });
  });
}

Time Replay::due_of(const RecordedFrame& frame) const noexcept {
  if (options_.speed_percent == 0 || !first_ns_)
    return started_;
  const auto recorded = frame.received_ns - *first_ns_;
  return started_ + std::chrono::nanoseconds{recorded / options_.speed_percent * 100};
}

std::optional<Time> Replay::next_due() const noexcept {
  if (state_ != State::playing || !next_)
    return std::nullopt;
  if (settle_until_)
    return settle_until_;
  if (!awaited_.empty() || snapshot_since_)
    return std::nullopt;
  return due_of(*next_);
}

bool Replay::held_back(Time now) {
  if (!awaited_.empty()) {
    if (now < pinged_ + options_.pong_wait)
      return true;
    awaited_.clear(); // whoever is silent so long is no longer waited for
  }
  if (settle_until_) {
    if (now < *settle_until_)
      return true;
    settle_until_.reset();
  }
  return due_of(*next_) > now;
}

void Replay::play_snapshot(Time now) {
  const auto& frame = *next_;
  auto& surface = *surfaces_[static_cast<std::size_t>(frame.surface)];
  if (!snapshot_since_) {
    snapshot_since_ = now;
    books_.take(frame);
  }
  const bool asked = surface.release_snapshot(frame.symbol, now);
  if (!asked && now < *snapshot_since_ + options_.snapshot_wait)
    return;
  books_.forget_snapshot(frame.surface,
                         frame.symbol); // from here on questions are answered at once
  if (asked && options_.lockstep)
    settle_until_ = now + options_.settle;
  snapshot_since_.reset();
  ++played_;
  next_ = lines_->next();
}

void Replay::play_one(Time now) {
  const auto& frame = *next_;
  auto& surface = *surfaces_[static_cast<std::size_t>(frame.surface)];
  books_.take(frame);
  const auto reached = surface.play(frame, now);
  ++played_;
  if (options_.lockstep && !reached.empty()) {
    awaited_.insert(reached.begin(), reached.end());
    payload_ = fmt::format("replay-{}", played_);
    pinged_ = now;
    for (const auto socket : awaited_)
      outlet_.ping(socket, payload_);
  }
  next_ = lines_->next();
}

void Replay::advance(Time now) {
  if (state_ == State::waiting && may_start(now)) {
    state_ = State::playing;
    started_ = now;
    if (next_)
      first_ns_ = next_->received_ns;
  }
  for (int i = 0; state_ == State::playing && i < burst_max; ++i) {
    if (!next_ && awaited_.empty()) {
      state_ = State::done;
      outlet_.say(fmt::format("replay done {} lines", played_));
      return;
    }
    if (!next_) {
      if (now < pinged_ + options_.pong_wait)
        return;
      awaited_.clear();
      continue;
    }
    if (held_back(now))
      return;
    if (next_->kind != "snapshot") {
      play_one(now);
      continue;
    }
    play_snapshot(now);
    if (snapshot_since_)
      return;
  }
}

void Replay::on_pong(SocketId socket, std::string_view payload, Time now) {
  if (payload != payload_ || awaited_.erase(socket) == 0 || !awaited_.empty())
    return;
  advance(now);
}

void Replay::on_closed(SocketId socket, Time now) {
  if (awaited_.erase(socket) > 0 && awaited_.empty())
    advance(now);
}

} // namespace tandem::sim
