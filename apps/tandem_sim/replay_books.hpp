/// Recorded lines taken apart as far as replaying needs it, and the books they add up to: what a
/// client that comes late, or asks again, is told. Texts are kept exactly as recorded.
#pragma once

#include "apps/tandem_sim/outlet.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

struct RecordedFrame {
  SurfaceId surface = SurfaceId::binance_spot;
  std::int64_t received_ns = 0; ///< the recorder's clock; lines are merged by it
  std::string symbol;           ///< upper case
  std::string
      kind; ///< "depth", "bookTicker", "orderbook.50", ...; "snapshot" for a recorded REST answer
  std::string stream; ///< the recorded name: "btcusdt@depth@100ms", "orderbook.50.BTCUSDT"
  std::string data;   ///< Binance: the payload inside the envelope. Bybit: the whole message
};

struct TextLevel {
  std::string price;
  std::string quantity;
};

/// One book as its recording left it.
class ReplayBook {
public:
  void replace(const std::vector<TextLevel>& bids, const std::vector<TextLevel>& asks);
  /// Quantity zero deletes.
  void apply(const std::vector<TextLevel>& bids, const std::vector<TextLevel>& asks);
  /// Best first. @param count 0 = all
  [[nodiscard]] std::vector<TextLevel> bids(std::size_t count) const;
  [[nodiscard]] std::vector<TextLevel> asks(std::size_t count) const;

  [[nodiscard]] std::size_t bid_count() const noexcept { return bids_.size(); }

  [[nodiscard]] std::size_t ask_count() const noexcept { return asks_.size(); }

  std::int64_t update_id = 0;
  std::int64_t sequence = 0; ///< Bybit
  std::int64_t event_at = 0; ///< ms of the last message
  std::int64_t matched_at = 0;
  bool synchronised = false;       ///< a snapshot was seen
  std::string verbatim;            ///< the recorded REST answer, while its line is being played
  std::size_t verbatim_levels = 0; ///< of its longer side

private:
  std::map<std::int64_t, TextLevel> bids_; ///< by price in 10^-8
  std::map<std::int64_t, TextLevel> asks_;
};

/// What a line of a recording says of a market, for whoever matches orders against it.
struct RecordedNews {
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol;
  int depth = 0;      ///< levels of the stream it came by; 0 = all
  bool whole = false; ///< instead of what was known
  std::vector<TextLevel> bids{}, asks{};
  core::UnixMillis at = 0; ///< when the venue made these levels; 0: it does not say

  struct Trade {
    TextLevel level;
    bool buyer_is_maker = false;
    core::UnixMillis at = 0; ///< by the venue
  };

  std::vector<Trade> trades{};
};

class ReplayBooks {
public:
  void on_news(std::function<void(const RecordedNews&)> hear) { hear_ = std::move(hear); }

  /// The symbol will be replayed here; until its snapshot line is reached there is no book.
  void declare(SurfaceId surface, const std::string& symbol, bool has_snapshot);
  [[nodiscard]] bool declared(SurfaceId surface, std::string_view symbol) const noexcept;
  /// A REST snapshot is in the recording and has not been reached.
  [[nodiscard]] bool snapshot_ahead(SurfaceId surface, const std::string& symbol) const noexcept;
  /// Books are kept per symbol (Binance) or per topic (Bybit).
  [[nodiscard]] const ReplayBook* find(SurfaceId surface, const std::string& name) const noexcept;
  [[nodiscard]] std::vector<std::pair<std::string, const ReplayBook*>> on(SurfaceId surface) const;
  /// Takes up depth frames and snapshots; anything else is ignored.
  void take(const RecordedFrame& frame);
  /// The line of its snapshot lies behind.
  void forget_snapshot(SurfaceId surface, const std::string& symbol);

private:
  using Key = std::pair<SurfaceId, std::string>;
  void take_trades(const RecordedFrame& frame);
  /// News of the book that the frame belongs to: all of it, or these levels.
  void tell_all(const RecordedFrame& frame, int depth, const ReplayBook& book) const;
  void tell(const RecordedFrame& frame, int depth, const ReplayBook& book,
            std::vector<TextLevel> bids, std::vector<TextLevel> asks) const;
  void take_binance(const RecordedFrame& frame);
  void take_bybit(const RecordedFrame& frame);

  struct Pending {
    std::vector<TextLevel> bids, asks;
    std::int64_t update_id = 0, event_at = 0, matched_at = 0;
  };

  std::function<void(const RecordedNews&)> hear_; ///< may be empty
  std::map<Key, bool> declared_;                  ///< value: a snapshot lies ahead
  std::map<Key, ReplayBook> books_;
  std::map<Key, std::vector<Pending>> buffered_; ///< Binance depth events before the snapshot
  std::map<Key, std::string> trades_by_;         ///< the kind of frame that tells its trades
};

} // namespace tandem::sim
