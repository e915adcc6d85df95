#include "adapters/venues/binance/book_sync.hpp"

namespace tandem::adapters::venues::binance {

void BinanceBookSync::restart() {
  state_ = State::waiting;
  last_id_ = 0;
}

SyncAction BinanceBookSync::on_frame(const DepthFrame& frame) {
  if (state_ == State::waiting)
    return SyncAction::buffer;
  if (is_old(frame))
    return SyncAction::ignore;
  if (!is_next(frame)) {
    restart();
    return SyncAction::resync;
  }
  state_ = State::live;
  last_id_ = frame.last_id;
  return SyncAction::apply;
}

SnapshotVerdict BinanceBookSync::on_snapshot(std::uint64_t snapshot_id,
                                             std::optional<std::uint64_t> first_buffered) {
  // "If the lastUpdateId from the snapshot is strictly less than the U of the first event, fetch
  // again."
  if (first_buffered && snapshot_id < *first_buffered)
    return SnapshotVerdict::too_old;
  state_ = State::bridging;
  last_id_ = snapshot_id;
  return SnapshotVerdict::use;
}

bool BinanceBookSync::is_old(const DepthFrame& frame) const noexcept {
  // USD-M drops only u < lastUpdateId: the event that ends exactly at the snapshot is its bridge.
  if (type_ == core::MarketType::linear && state_ == State::bridging)
    return frame.last_id < last_id_;
  return frame.last_id <= last_id_;
}

bool BinanceBookSync::is_next(const DepthFrame& frame) const noexcept {
  if (type_ == core::MarketType::spot)
    return frame.first_id <= last_id_ + 1;
  const bool linked = frame.previous_id == last_id_;
  if (state_ == State::live)
    return linked;
  // Linked counts as a bridge too: on a quiet symbol no event may straddle the snapshot, and pu is
  // the proof.
  return linked || frame.first_id <= last_id_;
}

} // namespace tandem::adapters::venues::binance
