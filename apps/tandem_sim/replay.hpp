/// Plays recorded lines to the sockets that have subscribed them: at real speed, a factor of it, or
/// as fast as they are read; in lockstep when one order must hold over all sockets. Pure: the lines
/// come from a LineSource.
#pragma once

#include "apps/tandem_sim/replay_books.hpp"
#include "apps/tandem_sim/scenario.hpp"
#include "apps/tandem_sim/surface.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tandem::sim {

/// Recorded lines of all files in the order of their receive times.
class LineSource {
public:
  virtual ~LineSource() = default;
  /// Nullopt at the end.
  [[nodiscard]] virtual std::optional<RecordedFrame> next() = 0;
  /// Whether this symbol's recording holds a REST snapshot.
  [[nodiscard]] virtual bool has_snapshot(SurfaceId surface, const std::string& symbol) const = 0;
};

class Replay {
public:
  using Surfaces = std::array<std::unique_ptr<Surface>, surface_count>;

  Replay(const ReplayOptions& options, std::unique_ptr<LineSource> lines, ReplayBooks& books,
         Surfaces& surfaces, Outlet& outlet, Time now);

  void advance(Time now);
  void on_pong(SocketId socket, std::string_view payload, Time now);
  void on_closed(SocketId socket, Time now);

  [[nodiscard]] std::int64_t lines_played() const noexcept { return played_; }

  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }

  [[nodiscard]] std::string_view state_word() const noexcept;
  /// The next line may be played at this moment; nullopt while it waits for somebody.
  [[nodiscard]] std::optional<Time> next_due() const noexcept;

private:
  enum class State : std::uint8_t { waiting, playing, done };

  [[nodiscard]] bool may_start(Time now) const;
  [[nodiscard]] bool held_back(Time now);
  void play_one(Time now);
  void play_snapshot(Time now);
  [[nodiscard]] Time due_of(const RecordedFrame& frame) const noexcept;

  ReplayOptions options_;
  std::unique_ptr<LineSource> lines_;
  ReplayBooks& books_;
  Surfaces& surfaces_;
  Outlet& outlet_;
  State state_ = State::waiting;
  Time created_;
  Time started_{};
  std::optional<std::int64_t> first_ns_;
  std::optional<RecordedFrame> next_;
  std::set<SocketId> awaited_; ///< lockstep: their pong is missing
  std::string payload_;
  Time pinged_{};
  std::optional<Time> settle_until_;
  std::optional<Time> snapshot_since_;
  std::int64_t played_ = 0;
};

} // namespace tandem::sim
