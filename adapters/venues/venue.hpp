/// What a venue's market can do, and the shapes its codec, book rules and REST calls share with
/// every other venue. A venue folder implements these; nothing here knows a venue. All of it is
/// pure: bytes in, values out; no socket, no clock.
#pragma once

#include "core/market/events.hpp"
#include "core/market/rate_budget.hpp"
#include "core/result.hpp"
#include "core/types/ids.hpp"
#include "core/types/instrument.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::venues {

// ---- streams
// ------------------------------------------------------------------------------------------------------

enum class Channel : std::uint8_t { depth, best, trades, klines, ticker };

struct Stream {
  Channel channel = Channel::depth;
  core::Symbol symbol;
  std::string interval; ///< klines only, in the canonical form 1m 5m 1h 1d; the codec translates

  friend bool operator==(const Stream&, const Stream&) = default;
  friend auto operator<=>(const Stream&, const Stream&) = default;
};

// ---- decoded frames
// -----------------------------------------------------------------------------------------------
// Views point into the frame's bytes or the codec's scratch: valid until the next decode of that
// codec.

struct LevelText {
  std::string_view price;
  std::string_view size; ///< "0" in any spelling deletes
};

struct DepthFrame {
  std::string_view symbol;                  ///< upper case
  bool snapshot = false;                    ///< replaces the whole book
  std::uint64_t first_id = 0;               ///< Binance U; Bybit: equal to last_id
  std::uint64_t last_id = 0;                ///< u
  std::optional<std::uint64_t> previous_id; ///< Binance USD-M pu
  std::uint64_t cross_sequence = 0;         ///< Bybit seq; 0 elsewhere
  std::uint32_t levels
      = 0; ///< depth of the topic (Bybit 1, 50, 200, 1000); 0 = unbounded diff stream
  core::UnixMillis venue_time = 0;
  std::span<const LevelText> bids; ///< as sent
  std::span<const LevelText> asks; ///< as sent
};

/// Best bid and ask in one frame. A side that is absent has empty texts.
struct BestFrame {
  std::string_view symbol;
  std::uint64_t id = 0;
  LevelText bid, ask;
  core::UnixMillis venue_time = 0;  ///< 0 where the venue sends none (Binance spot)
  std::uint64_t cross_sequence = 0; ///< Bybit seq; 0 elsewhere
};

struct TradesFrame {
  std::string_view symbol;
  std::vector<core::market::Trade> trades;
};

struct KlinesFrame {
  std::string_view symbol;
  std::vector<core::market::Kline> klines;
};

struct TickerFrame {
  std::string_view symbol;
  bool delta = false; ///< absent fields are unchanged
  core::market::Ticker ticker;
};

/// The reply to a subscribe or unsubscribe request. It proves nothing about data.
struct ControlReply {
  std::uint64_t request_id = 0; ///< 0 when the venue echoed none
  bool accepted = false;
  std::string message; ///< the venue's text when refused
};

struct PongFrame {};

/// The venue announces that it will close this connection soon.
struct ShutdownNotice {};

/// Well-formed, and nothing this engine uses (a stream kind or control message it did not ask for).
struct OtherFrame {
  std::string_view kind;
};

using Frame = std::variant<DepthFrame, BestFrame, TradesFrame, KlinesFrame, TickerFrame,
                           ControlReply, PongFrame, ShutdownNotice, OtherFrame>;

/// One per connection (it owns parser scratch). Not thread safe.
class Codec {
public:
  virtual ~Codec() = default;

  /// @param frame one text message; 64 readable bytes must follow its end (simdjson's padding).
  /// Errors: malformed (not the venue's protocol: bad JSON, wrong types, missing keys, negative or
  /// absurd ids).
  [[nodiscard]] virtual core::Result<Frame> decode(std::string_view frame) = 0;

  /// One request for up to MarketTraits::streams_per_request streams. @param request_id echoed in
  /// the reply.
  [[nodiscard]] virtual std::string subscribe(std::span<const Stream> streams,
                                              std::uint64_t request_id) const
      = 0;
  [[nodiscard]] virtual std::string unsubscribe(std::span<const Stream> streams,
                                                std::uint64_t request_id) const
      = 0;

  /// The application-level ping message, where the venue has one.
  [[nodiscard]] virtual std::optional<std::string> ping(std::uint64_t request_id) const = 0;
};

// ---- book rules
// ---------------------------------------------------------------------------------------------------

enum class SyncAction : std::uint8_t {
  apply,  ///< the next link of the chain (or a snapshot that replaces the book)
  ignore, ///< older than the book, a duplicate, or of a chain already given up
  buffer, ///< keep until the snapshot arrives
  resync, ///< chain broken: distrust the book at once and fetch a new snapshot
};

[[nodiscard]] std::string_view to_string(SyncAction action) noexcept;

enum class SnapshotVerdict : std::uint8_t {
  use,     ///< replaces the book; then offer the buffered frames in order
  too_old, ///< older than the first buffered frame: fetch again
};

/// A venue's gap rules on sequence numbers alone. After `resync` every frame is ignored (or
/// buffered, where the venue buffers) until the next snapshot.
class BookSync {
public:
  virtual ~BookSync() = default;

  /// A new subscription or resync begins: nothing before counts any more.
  virtual void restart() = 0;

  [[nodiscard]] virtual SyncAction on_frame(const DepthFrame& frame) = 0;

  /// A REST snapshot arrived (venues with MarketTraits::snapshot_by_rest only).
  /// @param snapshot_id its last update id. @param first_buffered first_id of the oldest buffered
  /// frame, if any.
  [[nodiscard]] virtual SnapshotVerdict on_snapshot(std::uint64_t snapshot_id,
                                                    std::optional<std::uint64_t> first_buffered)
      = 0;

  /// Synchronised: the last frame or snapshot was applied and nothing is missing.
  [[nodiscard]] virtual bool live() const = 0;
};

// ---- REST
// ---------------------------------------------------------------------------------------------------------

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Case-insensitive; null when absent.
[[nodiscard]] const std::string* find_header(const Headers& headers,
                                             std::string_view name) noexcept;

struct RestRequest {
  std::string target; ///< path and query, to be appended to the market's REST base
  int weight = 1;     ///< in the venue's own units, for the budget
};

struct DepthSnapshot {
  std::uint64_t last_id = 0;
  core::UnixMillis venue_time = 0; ///< 0 where the venue sends none
  std::vector<LevelText> bids;     ///< views into the body
  std::vector<LevelText> asks;
};

struct InstrumentPage {
  std::vector<core::Instrument> instruments;
  std::string next_cursor; ///< empty = last page
  /// A limit that the answer itself declares (Binance rateLimits REQUEST_WEIGHT per minute).
  std::optional<int> weight_per_minute;
};

/// What a reply's headers say about our budget.
struct RateReading {
  std::optional<int> used;                              ///< weight used in the current window
  std::optional<int> limit;                             ///< where the venue sends it
  std::optional<std::chrono::milliseconds> retry_after; ///< 429/418: no request before
  bool banned = false; ///< 418 (Binance) or 403 "access too frequent" (Bybit): the whole IP is out
};

/// What a reply says of the limits, taken over. A ban that does not say how long it lasts is kept
/// away from for ten minutes. @param sent when its request left.
void heed(core::market::RateBudget& budget, const RateReading& reading, core::WallTime sent,
          core::WallTime now);

class Rest {
public:
  virtual ~Rest() = default;

  [[nodiscard]] virtual RestRequest time() const = 0;
  [[nodiscard]] virtual RestRequest instruments(std::string_view cursor) const = 0;
  /// @param levels the fewest wanted; rounded up to what the venue offers.
  [[nodiscard]] virtual RestRequest depth(const core::Symbol& symbol, int levels) const = 0;
  [[nodiscard]] virtual RestRequest klines(const core::Symbol& symbol, std::string_view interval,
                                           int count) const
      = 0;
  /// Bars that open at from <= t < until, oldest first in the answer. @param count at most so many;
  /// clamped to what the venue gives at once, and then it gives the oldest (Binance) or the newest
  /// (Bybit) of the range: ask for no more than fits.
  [[nodiscard]] virtual RestRequest klines_between(const core::Symbol& symbol,
                                                   std::string_view interval, core::UnixMillis from,
                                                   core::UnixMillis until, int count) const
      = 0;
  [[nodiscard]] virtual RestRequest ticker(const core::Symbol& symbol) const = 0;

  // Parsers take the body of a 2xx reply; business errors inside a 200 (Bybit) come back as Error
  // with their public code.
  [[nodiscard]] virtual core::Result<core::UnixMillis> parse_time(std::string_view body) const = 0;
  [[nodiscard]] virtual core::Result<InstrumentPage> parse_instruments(std::string_view body) const
      = 0;
  /// @param body must outlive the result.
  [[nodiscard]] virtual core::Result<DepthSnapshot> parse_depth(std::string_view body) const = 0;
  [[nodiscard]] virtual core::Result<std::vector<core::market::Kline>>
  parse_klines(std::string_view body) const = 0;
  [[nodiscard]] virtual core::Result<core::market::Ticker> parse_ticker(std::string_view body) const
      = 0;

  /// Maps a non-2xx reply to the engine's vocabulary by the venue's table.
  [[nodiscard]] virtual core::Error parse_error(int status, std::string_view body) const = 0;
  [[nodiscard]] virtual RateReading read_limits(int status, const Headers& headers,
                                                std::string_view body) const
      = 0;
};

// ---- the market as a whole
// ----------------------------------------------------------------------------------------

struct MarketTraits {
  bool snapshot_by_rest
      = false; ///< Binance: buffer, then REST; otherwise the stream sends its own snapshot
  int snapshot_levels = 0; ///< levels to ask of REST for synchronisation
  std::size_t streams_per_connection = 200;
  std::size_t streams_per_request = 100;
  std::size_t request_chars_max = 20'000;                 ///< of one subscribe request
  std::chrono::milliseconds request_spacing{250};         ///< between control messages
  std::optional<std::chrono::milliseconds> ping_interval; ///< send Codec::ping this often
  std::chrono::milliseconds transport_silence_max{
      30'000}; ///< no frame of any kind, ping and pong included
  std::optional<std::chrono::milliseconds>
      lifetime;                        ///< the venue cuts after this; reconnect well before
  core::market::RateLimits requests{}; ///< REST budget; its weight until the venue says otherwise
  bool fixed_window = false; ///< the venue keeps exactly N levels (Bybit): no trimming needed
};

/// One market of one venue: a factory of its pure parts. Stateless and thread safe.
class Market {
public:
  virtual ~Market() = default;

  [[nodiscard]] virtual const core::MarketKey& key() const = 0;
  [[nodiscard]] virtual const MarketTraits& traits() const = 0;

  /// Path (and query) behind the WebSocket base URL for streams of this channel, e.g.
  /// "/public/stream". Streams of different routes need different connections.
  [[nodiscard]] virtual std::string route(Channel channel) const = 0;

  [[nodiscard]] virtual std::unique_ptr<Codec> make_codec() const = 0;
  [[nodiscard]] virtual std::unique_ptr<BookSync> make_book_sync() const = 0;
  [[nodiscard]] virtual const Rest& rest() const = 0;
};

/// Everything about a market that is configuration rather than protocol.
struct MarketOptions {
  /// Depth stream to use, in the venue's own words: Binance "100ms" | "250ms" | "500ms" | "1000ms"
  /// | "0ms", Bybit "50" | "200" | "1000". Empty = the venue's default (Binance 100ms, Bybit 50).
  std::string depth_stream;
};

/// Null for a venue or market type that is not built in. The one place where venues register
/// (venue.cpp).
[[nodiscard]] std::unique_ptr<Market> make_market(const core::MarketKey& key,
                                                  const MarketOptions& options);

} // namespace tandem::adapters::venues
