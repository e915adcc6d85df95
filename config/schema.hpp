/// Everything an operator can say, with its unit, range and default: this file is the documentation
/// of the configuration. It is read by config/load (YAML and environment) and by nobody else; rooms
/// below get plain option structs.
#pragma once

#include "config/sinks.hpp"
#include "config/trading.hpp"
#include "core/strategy/pair.hpp"
#include "core/twap/plan.hpp"
#include "core/types/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

/// mock: the simulator on loopback; dev: real venues, orders intercepted; prod: real venues, real
/// orders.
enum class Mode : std::uint8_t { mock, dev, prod };

[[nodiscard]] constexpr std::string_view to_string(Mode mode) noexcept {
  return mode == Mode::mock ? "mock" : mode == Mode::dev ? "dev" : "prod";
}

/// How books reach the pairs. latest: a newer view replaces an unread one (live); lossless: the
/// feed waits until the pair has seen every view (replays that must give the same list of
/// opportunities each time).
enum class Delivery : std::uint8_t { latest, lossless };

struct EngineConfig {
  std::string name = "tandem";         ///< shown in health and metrics
  std::string state_dir = "run/state"; ///< pairs kept across restarts; created when missing.
                                       ///< Relative to the working directory
  Delivery delivery = Delivery::latest;
  std::size_t worker_threads = 2;        ///< 1..64, CAF scheduler
  bool pairs_detached = false;           ///< a thread of its own for every pair monitor
  std::vector<std::size_t> trading_cpus; ///< where prices become orders; empty: on any processor
  std::vector<std::size_t> serving_cpus; ///< where clients and sinks are served; empty: on any
  bool report_on_exit = false;           ///< print every opportunity at the end (replays)
  std::chrono::milliseconds stop_timeout{
      5'000}; ///< 100ms..60s; then the process ends whatever hangs
};

struct LogConfig {
  std::string level = "info";  ///< debug | info | warning | error
  std::string format = "text"; ///< text (key=value) | json
  std::string file;            ///< empty = standard error
};

/// Which interface a listener serves. console: the engine's own socket for tandem-console, in its
/// state directory; in no file.
enum class Surface : std::uint8_t { traders, metrics, grpc, console };

[[nodiscard]] constexpr bool speaks_grpc(Surface surface) noexcept {
  return surface == Surface::grpc || surface == Surface::console;
}

/// Who may ask a listener. none: everybody who reaches it, for everything; keys: who has one of
/// `tandem keys`, for what its roles allow.
enum class Auth : std::uint8_t { none, keys };

/// PEM files, read when the listener is opened. TLS 1.2 or later.
struct ListenerTls {
  std::string certificate; ///< with its chain
  std::string key;         ///< of the certificate; without a pass phrase
  std::string client_ca;   ///< empty = no client certificates; else clients must have one of these
                           ///< authorities (mutual TLS)
};

struct ListenerConfig {
  Surface surface = Surface::traders;
  std::string address = "127.0.0.1:7000"; ///< host:port ([::1]:7000); port 0 = any free one, shown
                                          ///< in the ready line. Other than loopback only with
                                          ///< `tls` and `auth: keys`. Of surface grpc also
                                          ///< unix:/path, for this user alone
  Auth auth = Auth::none;
  std::optional<ListenerTls> tls{};          ///< absent = plain
  std::vector<std::string> cors_origins;     ///< exact origins or "*"; empty = no CORS headers,
                                             ///< WebSocket only from the same origin
  std::size_t websockets_max = 1'000;        ///< 1..100000
  std::size_t price_updates_per_second = 10; ///< 1..100, per client and symbol
  std::size_t requests_per_second = 2'000;   ///< 1..1000000 per client address; beyond: 429
};

/// Watchdogs of one market's feeds.
struct FeedConfig {
  std::chrono::milliseconds book_silence_max{
      5'000}; ///< 100ms..10m: no frame of a book for longer = stale
  std::chrono::milliseconds first_data_timeout{
      10'000}; ///< 100ms..10m: subscribed but no first frame: subscribe again, in the end report it
  std::chrono::milliseconds crossed_max{500}; ///< 10ms..60s: crossed for longer = resync
  std::chrono::milliseconds clock_offset_max{
      500}; ///< 10ms..60s: |venue clock - ours| beyond pauses
  std::chrono::milliseconds clock_interval{60'000}; ///< 1s..1h between server-time queries
  std::chrono::milliseconds instruments_interval{
      3'600'000}; ///< 1m..24h between refreshes of the instrument list
  std::chrono::milliseconds reconnect_after{
      82'800'000}; ///< 1s..24h: planned reconnect before the venue's 24 h cut, jittered by up to 5
                   ///< %
  std::chrono::milliseconds backoff_first{250};  ///< 10ms..60s
  std::chrono::milliseconds backoff_cap{30'000}; ///< 10ms..10m
};

struct MarketConfig {
  core::MarketType type = core::MarketType::spot;
  std::string rest;         ///< http(s)://host[:port][/path]
  std::string websocket;    ///< ws(s)://host[:port][/path]; the venue's routes are appended
  std::string ca_file;      ///< PEM; empty = the system's store
  std::string depth_stream; ///< the venue's own word for the depth speed or level; empty = default
  core::strategy::FeeRate taker_fee; ///< share of the notional, default by venue: binance spot
                                     ///< 0.001, linear 0.0005; bybit 0.001, 0.00055
  FeedConfig feed;
  /// Instruments watched from the start besides those of the pairs.
  std::vector<core::Symbol> symbols;
  /// Where orders and the private stream go; empty = `websocket`. Binance keeps them apart
  /// (ws-api.binance.com, ws-fapi.binance.com).
  std::string private_websocket, order_websocket;
  bool orders_by_socket = false; ///< enter orders by WebSocket; REST is used while it is not open
  /// Mode prod: the only symbols that may be traded; empty = none.
  std::vector<core::Symbol> tradable;
  /// Further streams for `symbols`: "best", "trades", "ticker", "kline_1m", ...
  std::vector<std::string> streams;
};

/// What a venue's lowest public tier pays for taking liquidity: used where the operator states no
/// taker_fee. Source: binance.com/en/fee/schedule, bybit.com/en/announcement-info/fee-rate (spot
/// and USDT perpetual, regular user / VIP 0).
[[nodiscard]] constexpr core::strategy::FeeRate default_taker_fee(std::string_view venue,
                                                                  core::MarketType type) noexcept {
  const bool spot = type == core::MarketType::spot;
  if (venue == "bybit")
    return {spot ? 100'000 : 55'000};
  return {spot ? 100'000 : 50'000};
}

struct VenueConfig {
  core::VenueId id; ///< binance | bybit
  std::vector<MarketConfig> markets;
  /// Absent: public only. Mode mock knows the simulator's own keys and takes no others.
  std::optional<KeyNames> keys{};
};

/// A TWAP plan that is made when this engine first sees its id. Once made, the journal has it: a
/// restart goes on with it, and an ended one is not made again.
struct ConfiguredPlan {
  core::twap::PlanConfig plan;
  /// Mode mock only: made anew in every run, as "<id>-<run>". For demonstrations.
  bool each_run = false;
};

struct Config {
  Mode mode = Mode::mock;
  std::string simulator; ///< scenario started by scripts/run, relative to this file; mode mock only
  EngineConfig engine;
  LogConfig log;
  TradingConfig trading;
  std::vector<ListenerConfig> listeners;
  std::vector<SinkConfig> sinks;
  std::vector<VenueConfig> venues;
  std::vector<core::strategy::PairConfig> pairs;
  std::vector<ConfiguredPlan> plans;
};

} // namespace tandem::config
