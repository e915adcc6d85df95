/// Binance's gap rules, as its two documents state them: spot chains by U == last u + 1, USD-M
/// futures by pu == last u. Sequence numbers only; levels and buffers belong to BookReplica.
#pragma once

#include "adapters/venues/venue.hpp"

#include <cstdint>
#include <optional>

namespace tandem::adapters::venues::binance {

/// waiting (buffer) --snapshot--> bridging --first fitting event--> live --broken chain--> waiting
///
/// Source: Binance Spot "How to manage a local order book correctly"; USD-M Futures page of the
/// same name.
class BinanceBookSync final : public BookSync {
public:
  explicit BinanceBookSync(core::MarketType type) noexcept : type_{type} {}

  void restart() override;
  [[nodiscard]] SyncAction on_frame(const DepthFrame& frame) override;
  [[nodiscard]] SnapshotVerdict on_snapshot(std::uint64_t snapshot_id,
                                            std::optional<std::uint64_t> first_buffered) override;

  [[nodiscard]] bool live() const override { return state_ == State::live; }

private:
  enum class State : std::uint8_t { waiting, bridging, live };

  [[nodiscard]] bool is_old(const DepthFrame& frame) const noexcept;
  [[nodiscard]] bool is_next(const DepthFrame& frame) const noexcept;

  core::MarketType type_;
  State state_ = State::waiting;
  std::uint64_t last_id_ = 0; ///< of the snapshot while bridging, of the last event when live
};

} // namespace tandem::adapters::venues::binance
