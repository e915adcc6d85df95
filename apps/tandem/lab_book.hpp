/// One symbol in the protocol laboratory: a real book replica, and beside it the texts as last
/// received and the counts that recordings are checked by. Reads no input and prints nothing.
#pragma once

#include "adapters/venues/book_replica.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/kline.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tandem::apps {

/// Price and size as they were written.
using TextPair = std::pair<std::string, std::string>;

/// Remembers how the venue spelled each level, because checksums are over texts and the book holds
/// numbers.
class LevelTexts {
public:
  void clear();
  void record(std::span<const adapters::venues::LevelText> bids,
              std::span<const adapters::venues::LevelText> asks);

  /// The book's n-th best level in the venue's spelling; in plain spelling when the texts are of
  /// another state.
  [[nodiscard]] TextPair level(const core::market::OrderBook& book, core::market::Side side,
                               std::size_t n) const;

  /// Forgets levels the book trimmed away. Cheap unless there are many.
  void prune(const core::market::OrderBook& book);

private:
  struct Hash {
    std::size_t operator()(const core::Decimal& price) const noexcept;
  };

  using Texts = std::unordered_map<core::Decimal, TextPair, Hash>;

  static void record_side(Texts& texts, std::span<const adapters::venues::LevelText> levels);
  static void prune_side(Texts& texts, const core::market::OrderBook& book,
                         core::market::Side side);

  std::array<Texts, 2> sides_; ///< by core::market::Side
};

/// One-minute bars from trades, and which of them lie wholly inside the recording.
class MinuteBars {
public:
  void add(const core::market::Trade& trade, std::string_view price, std::string_view quantity);

  struct Row {
    core::UnixMillis open_time = 0;
    core::market::BarTexts texts;
  };

  /// With as many decimals as the venue wrote.
  [[nodiscard]] std::vector<Row> full_minutes() const;

  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

private:
  /// Fine enough for every venue's trades; the rows are written with the decimals seen.
  static constexpr core::Scale scale{10, 8};

  core::market::KlineAggregator aggregator_{std::chrono::minutes{1}, scale};
  core::Scale written_;
  core::UnixMillis first_ = 0;
  core::UnixMillis last_ = 0;
  std::uint64_t refused_ = 0; ///< beyond the bound, or numbers that do not fit
};

struct BookCounts {
  std::uint64_t snapshots = 0;              ///< REST
  std::optional<std::uint64_t> snapshot_id; ///< of the first snapshot applied
  std::uint64_t dropped_before_first = 0;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> first_applied;
  std::uint64_t applied = 0;
  std::uint64_t deleted_unknown = 0;
  std::uint64_t gaps = 0;
  std::uint64_t crossed = 0;
  std::uint64_t best_equal = 0;
  std::uint64_t best_different = 0;
  std::uint64_t trade_id_jumps = 0;
  std::uint64_t cross_sequence = 0;
};

class SymbolBook {
public:
  explicit SymbolBook(const adapters::venues::Market& market) : market_{market} {}

  adapters::venues::ReplicaStep on_depth(const adapters::venues::DepthFrame& frame);
  adapters::venues::ReplicaStep on_snapshot(const adapters::venues::DepthSnapshot& snapshot);
  void on_best(const adapters::venues::BestFrame& frame);
  /// @param price, quantity texts of the trade as written; empty = unknown.
  void on_trade(const core::market::Trade& trade, std::string_view price,
                std::string_view quantity);

  /// Null before the first depth frame or snapshot.
  [[nodiscard]] const adapters::venues::BookReplica* replica() const noexcept;

  [[nodiscard]] const BookCounts& counts() const noexcept { return counts_; }

  [[nodiscard]] const MinuteBars& bars() const noexcept { return bars_; }

  /// Best first, at most `count`.
  [[nodiscard]] std::vector<TextPair> top(core::market::Side side, std::size_t count) const;

  /// SHA-256 over "b <price> <size>" (descending) and "a <price> <size>" (ascending), a newline
  /// after each.
  [[nodiscard]] std::string sha256() const;

  /// CRC-32 of "bid:size:ask:size:..." over the best 25, as a signed number: the checksum OKX and
  /// Bitget used to send.
  [[nodiscard]] std::int32_t crc25() const;

private:
  struct Waiting {
    std::uint64_t first_id = 0;
    std::uint64_t last_id = 0;
    std::vector<TextPair> bids, asks;
  };

  void start(std::span<const adapters::venues::LevelText> bids,
             std::span<const adapters::venues::LevelText> asks, std::uint32_t levels);
  void note(const adapters::venues::ReplicaStep& step);
  void note_applied(std::uint64_t first_id, std::uint64_t last_id);

  const adapters::venues::Market& market_;
  std::unique_ptr<adapters::venues::Market>
      other_depth_; ///< when the recording follows another depth topic
  std::unique_ptr<adapters::venues::BookReplica> replica_;
  std::deque<Waiting> waiting_; ///< what the replica has buffered, with its texts
  LevelTexts texts_;
  MinuteBars bars_;
  BookCounts counts_;
  std::optional<std::int64_t> last_trade_id_;
  mutable std::optional<std::int32_t>
      crc25_; ///< of the book as it stands; most messages do not change it
};

} // namespace tandem::apps
