/// What one venue connection means: subscriptions, decoding, sync, books, watchdogs, resync. Pure
/// of sockets, threads and clocks: frames and times come in, texts to send and requests to its
/// owner go out through SessionPort. All calls on one strand.
#pragma once

#include "adapters/venues/book_replica.hpp"
#include "adapters/venues/market_sinks.hpp"
#include "adapters/venues/top_check.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/depth_view.hpp"
#include "core/types/instrument.hpp"
#include "core/types/time.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tandem::adapters::venues {

struct SessionLimits {
  std::chrono::milliseconds book_silence_max{5'000};
  std::chrono::milliseconds first_data_timeout{10'000};
  std::chrono::milliseconds crossed_max{500};
  std::chrono::milliseconds ping_after{4'000};   ///< of inbound silence: WebSocket ping
  std::chrono::milliseconds silence_max{10'000}; ///< of inbound silence: the link is dead
  /// Subscriptions without data before the stream is reported as refused; at least 1. It is asked
  /// for again after that too, less and less often.
  std::uint32_t first_data_tries = 3;
  std::uint32_t resyncs_per_hour_max = 200; ///< beyond: reconnect instead
  std::uint32_t snapshot_tries_max
      = 8; ///< per synchronisation, before the book is reported as failing
  std::uint32_t malformed_per_minute_max = 600; ///< beyond: the link is given up
};

/// What a session asks of its owner. Called on the strand.
class SessionPort {
public:
  virtual ~SessionPort() = default;
  virtual void send(std::string text) = 0;
  virtual void ping() = 0;
  /// The link is beyond repair: close it and report it down. Once.
  virtual void give_up(core::Error why) = 0;
  /// Fetch a REST snapshot after `delay` and hand it to on_snapshot with the same generation.
  virtual void fetch_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                              std::chrono::milliseconds delay)
      = 0;
  virtual void book_changed(const core::Symbol& symbol, core::market::BookCondition condition,
                            const core::Error& why)
      = 0;
  virtual void all_live() = 0;
  virtual void refused(const Stream& stream, const core::Error& why) = 0;
  /// A frame that is not the venue's protocol. @param frame its first bytes are worth logging, once
  /// per burst.
  virtual void malformed(std::string_view frame, const core::Error& why) = 0;
  virtual void shutdown_soon() = 0;

  /// The venue's best-price channel shows another top than the book at the same sequence number.
  /// Once per synchronisation; at the third difference the book is rebuilt.
  virtual void top_differs(const core::Symbol& /*symbol*/, const core::Error& /*why*/) {}

  virtual std::uint64_t random() = 0;
};

/// Read by anyone at any time; written on the strand.
struct SessionCounters {
  std::atomic<std::uint64_t> frames{0}, bytes{0}, malformed{0}, depth{0}, best{0}, trades{0},
      klines{0}, tickers{0}, other{0};
  std::atomic<std::uint64_t> applied{0}, ignored{0}, buffered{0}, gaps{0}, crossed{0}, stale{0},
      resyncs{0}, snapshots{0};
  std::atomic<std::uint64_t> deleted_unknown{0}, refused{0}, resubscribed{0};
  std::atomic<std::uint64_t> tops_compared{0}, tops_differing{0}; ///< with the best-price channel
  std::atomic<std::uint64_t> books_live{0}, books{0}, streams{0};
  std::atomic<std::int64_t> venue_delay_ms{0}; ///< receive wall time minus venue time of the last
                                               ///< book frame (needs a clock offset to mean much)
};

class MarketSession {
public:
  /// @param market outlives the session. @param publishing false: builds books in the shade of
  /// another link until told.
  MarketSession(const Market& market, SessionLimits limits, SessionPort& port,
                std::shared_ptr<MarketSinks> sinks, std::shared_ptr<SessionCounters> counters,
                bool publishing);
  ~MarketSession();

  /// @param instrument of a depth stream; its scale is the book's. Null for other channels.
  void add(const Stream& stream, std::shared_ptr<const core::Instrument> instrument,
           core::MonoTime now);
  /// A book that is removed loses its trust first.
  void remove(const Stream& stream, core::MonoTime now);

  [[nodiscard]] bool has(const Stream& stream) const;

  [[nodiscard]] std::size_t stream_count() const noexcept { return streams_.size(); }

  void on_open(core::MonoTime now);
  /// @param text followed by 64 readable bytes.
  void on_text(std::string_view text, core::MonoTime received_at);
  void on_control(core::MonoTime received_at);
  /// @param body of the REST reply, padded like a frame; an error when it could not be had.
  void on_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                   const core::Result<std::string>& body, core::MonoTime now);
  /// The link is over: every book loses its trust.
  void on_down(core::MonoTime now);
  /// Every 20 to 100 ms.
  void on_timer(core::MonoTime now);

  /// Takes over (or gives up) the slots. Taking over publishes every book at once.
  void set_publishing(bool publishing, core::MonoTime now);
  /// Publishes one book as it stands: a consumer joined.
  void republish(const core::Symbol& symbol, core::MonoTime now);
  void set_clock_bad(bool bad, core::MonoTime now);
  /// A refreshed instrument table: new filters are taken over, a new scale restarts that book.
  void set_instrument(const std::shared_ptr<const core::Instrument>& instrument,
                      core::MonoTime now);

  [[nodiscard]] bool all_books_live() const noexcept;
  /// The book of a symbol on this link, for hand-over checks and tests; null when it has none.
  [[nodiscard]] const BookReplica* replica(const core::Symbol& symbol) const;

private:
  static constexpr std::size_t channel_count = static_cast<std::size_t>(Channel::ticker) + 1;

  struct StreamState {
    bool wanted = true;
    bool requested = false; ///< a subscribe request for it was sent
    std::uint64_t request_id = 0;
    core::MonoTime requested_at{};
    bool data_seen = false;
    std::uint32_t tries = 0;
  };

  /// What frames of one symbol need, so that none of them makes a string.
  struct SymbolState {
    core::Symbol symbol;
    MarketSinks::Book* sinks = nullptr;
    std::array<bool, channel_count> proved{}; ///< data came since the stream was last asked for
  };

  struct BookState;
  /// The replica that found a gap has begun anew by itself and may have buffered what showed it.
  enum class Restart : std::uint8_t { needed, done_by_replica };

  /// All books by their symbols, for what shows in the order in which it is done.
  [[nodiscard]] std::vector<BookState*> in_order() const;
  void ask_again(const Stream& stream);
  void give_back_and_ask_again(const Stream& stream);
  void send_controls(core::MonoTime now);
  void send_batch(bool subscribing, std::deque<Stream>& queue, std::size_t batch_max,
                  core::MonoTime now);
  void on_frame(const DepthFrame& frame, core::MonoTime received_at);
  void on_frame(const BestFrame& frame, core::MonoTime received_at);
  void on_frame(TradesFrame& frame, core::MonoTime received_at);
  void on_frame(KlinesFrame& frame, core::MonoTime received_at);
  void on_frame(TickerFrame& frame, core::MonoTime received_at);
  void on_frame(const ControlReply& reply, core::MonoTime received_at);
  void after_step(BookState& state, const ReplicaStep& step, core::MonoTime now);
  void begin_sync(BookState& state, core::MonoTime now, Restart restart);
  void resync(BookState& state, core::market::BookCondition condition, const core::Error& why,
              core::MonoTime now, Restart restart);
  [[nodiscard]] core::market::BookCondition trusted() const noexcept;
  void count_live(core::market::BookCondition before, core::market::BookCondition after);
  void say_all_live();
  void give_up(core::Error why);
  void publish(BookState& state, core::MonoTime now);
  void set_condition(BookState& state, core::market::BookCondition condition,
                     const core::Error& why, core::MonoTime now);
  SymbolState* saw(Channel channel, std::string_view symbol);
  SymbolState& symbol_state(const core::Symbol& symbol);
  void judge_top(BookState& state, TopCheck::Verdict verdict, core::MonoTime now);
  void check_streams(core::MonoTime now);
  void check_books(core::MonoTime now);
  void check_transport(core::MonoTime now);
  [[nodiscard]] BookState* find_book(std::string_view symbol);

  const Market& market_;
  SessionLimits limits_;
  SessionPort& port_;
  std::shared_ptr<MarketSinks> sinks_;
  std::shared_ptr<SessionCounters> counters_;
  std::unique_ptr<Codec> codec_;
  bool publishing_;
  bool open_ = false;
  bool clock_bad_ = false;
  bool said_all_live_ = false;
  bool gave_up_ = false;
  std::map<Stream, StreamState> streams_;
  std::deque<Stream> to_subscribe_, to_unsubscribe_;
  std::deque<Stream> to_subscribe_alone_;                  ///< of a refused batch: one per request
  std::map<std::uint64_t, std::vector<Stream>> in_flight_; ///< by request id
  std::uint64_t next_request_ = 1;
  core::MonoTime next_control_at_{};
  core::MonoTime last_inbound_{}, pinged_at_{}, app_pinged_at_{};
  std::deque<core::MonoTime> resyncs_; ///< of the last hour
  core::MonoTime malformed_window_{};
  std::uint32_t malformed_in_window_ = 0;
  /// Keyed by views into the owned symbols: frames are looked up without making a string.
  std::unordered_map<std::string_view, std::unique_ptr<BookState>> books_;
  std::unordered_map<std::string_view, std::unique_ptr<SymbolState>> symbols_; ///< ever added
};

} // namespace tandem::adapters::venues
