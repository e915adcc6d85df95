/// One instrument's book as one connection sees it: sync rules, buffer, scale and levels in one
/// step per frame. Pure: it asks for a snapshot by its return value and never retries by itself.
/// Used alike by the live session, the protocol laboratory and the tests.
#pragma once

#include "adapters/venues/venue.hpp"
#include "core/market/order_book.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::adapters::venues {

struct ReplicaLimits {
  std::size_t buffered_frames_max = 2'000;
  std::size_t buffered_bytes_max = 8U * 1024 * 1024;
  /// Levels kept a side on unbounded diff streams; 0 = all. Trimming makes holes when the price
  /// walks far, so the default is generous.
  std::size_t levels_max = 20'000;
};

struct ReplicaStep {
  SyncAction action = SyncAction::ignore;
  core::market::ApplyStats stats;
  /// Why it is resync: book_gap (chain broken, buffer overflow), malformed, out_of_range. Absent on
  /// a snapshot that is older than the buffer: fetch another one.
  std::optional<core::Error> error;
  bool became_live = false; ///< this step completed a synchronisation
  std::size_t replayed = 0; ///< buffered frames applied by a snapshot
};

class BookReplica {
public:
  BookReplica(std::unique_ptr<BookSync> sync, core::Scale scale, ReplicaLimits limits = {});

  /// Starts a new generation: empties book and buffer, keeps scale.
  void restart();

  /// Converts every level before it changes any: a bad number in the frame leaves the book as it
  /// was and asks for resync. After any resync the old levels stay readable, not live, until the
  /// next snapshot or restart; where the venue buffers, frames are buffered again at once. A number
  /// with more decimals than the scale refines the book's scale (counted), never rounds.
  ReplicaStep on_frame(const DepthFrame& frame);

  /// REST snapshot. action: apply (live, or waiting for the bridging frame), ignore (not wanted),
  /// resync. Resync without an error: it is older than the buffer, which stays for the next answer.
  ReplicaStep on_snapshot(const DepthSnapshot& snapshot);

  [[nodiscard]] const core::market::OrderBook& book() const noexcept;
  [[nodiscard]] bool live() const;
  [[nodiscard]] std::uint64_t last_id() const noexcept; ///< last update id applied
  [[nodiscard]] core::UnixMillis
  venue_time() const noexcept; ///< of the last applied frame or snapshot; 0 unknown
  [[nodiscard]] std::uint32_t generation() const noexcept;
  [[nodiscard]] std::uint64_t scale_refinements() const noexcept;
  [[nodiscard]] std::size_t buffered() const noexcept;

private:
  /// An owned copy of a frame that waits for its snapshot.
  struct Buffered {
    DepthFrame frame; // views into `text`, spans over `levels`
    std::vector<char> text;
    std::vector<LevelText> levels;
  };

  using Units = std::vector<core::market::Level>;

  /// Fills bids_/asks_ at the finest scale the texts need (never coarser than the book's), which it
  /// returns.
  core::Result<core::Scale> convert(std::span<const LevelText> bids,
                                    std::span<const LevelText> asks);
  core::Status fits(core::Scale finer) const;
  ReplicaStep apply(const DepthFrame& frame);
  ReplicaStep apply_levels(bool replace, core::Scale scale);
  ReplicaStep chain_broken(const DepthFrame& frame, std::uint64_t expected_after);
  ReplicaStep buffer(const DepthFrame& frame);
  void replay(ReplicaStep& step);
  void begin_generation();

  std::unique_ptr<BookSync> sync_;
  ReplicaLimits limits_;
  core::market::OrderBook book_;
  std::deque<Buffered> buffer_;
  std::size_t buffered_bytes_ = 0;
  bool wants_snapshot_ = true;
  std::uint64_t last_id_ = 0;
  core::UnixMillis venue_time_ = 0;
  std::uint32_t generation_ = 0;
  std::uint64_t scale_refinements_ = 0;
  Units bids_; // scratch of the frame under way
  Units asks_;
};

} // namespace tandem::adapters::venues
