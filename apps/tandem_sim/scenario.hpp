/// What one run of the simulator is: listeners, instruments, the generated flow, recorded files,
/// faults. Every default stands here.
#pragma once

#include "apps/tandem_sim/exchange_types.hpp"
#include "apps/tandem_sim/instrument.hpp"
#include "apps/tandem_sim/outlet.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

using Millis = std::chrono::milliseconds;

/// The public limits of one venue surface. Sources: Binance Spot "Limits", "WebSocket Streams:
/// General information"; Binance USD-M "General Info", "Websocket Market Streams"; Bybit v5 "Rate
/// Limit Rules", "Connect".
struct SurfaceOptions {
  std::string listen = "127.0.0.1:0";
  /// Binance: request weight per minute, 0 = not counted. Bybit: requests per 5 s
  std::int64_t weight_max = 0;
  std::int64_t overruns_max
      = 10; ///< Binance: refused requests in one window before the IP is banned
  Millis ban{0};
  std::int64_t messages_max = 0;    ///< inbound text messages per second and socket; 0 = unlimited
  std::int64_t connections_max = 0; ///< new sockets per 5 minutes and IP
  std::size_t streams_max = 1024;   ///< subscriptions per socket
  Millis ping_every{0};             ///< server pings; 0 = never (Bybit)
  Millis pong_within{0};
  Millis lifetime{0};               ///< a socket is closed after this; 0 = never
  Millis shutdown_notice{0};        ///< serverShutdown is sent so long before; 0 = never
  std::int64_t orders_fast_max = 0; ///< Binance: orders per 10 s and account. Bybit: per second
  std::int64_t orders_slow_max = 0; ///< Binance spot: per day, USD-M: per minute
  Millis idle_max{0};               ///< Bybit: a socket without a client message is cut; 0 = never
};

[[nodiscard]] SurfaceOptions defaults_of(SurfaceId surface);

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// The order flow. One fair value per base coin wanders; each market follows it with a basis of its
/// own, and now and then one market leaves the others for a moment: that is what opens a spread
/// between venues.
struct FlowOptions {
  Millis step{10};                     ///< the market's clock
  std::int64_t events_per_second = 20; ///< per market: each is a few orders, cancels or a trade
  std::int64_t levels = 250;           ///< per side, kept between this and 1.5 times
  std::int64_t span_ppm = 5'000;       ///< these levels reach so far from the best price
  std::int64_t spread_ppm = 2;         ///< usual distance of best bid and ask, at least one tick
  std::int64_t level_value = 20'000;   ///< mean value of one level in the quote coin
  std::int64_t volatility_ppm
      = 20; ///< of the fair value, standard deviation per square root of a second
  std::int64_t basis_ppm
      = 30; ///< standard deviation of a market's usual distance from the fair value
  std::int64_t history_minutes = 1'500;  ///< one-minute bars that exist at the start
  Range excursion_gap_ms{5'000, 20'000}; ///< pause between two, per base coin; max 0 = none
  Range excursion_length_ms{200, 3'000};
  Range excursion_ppm{900, 1'800};
};

enum class FaultKind : std::uint8_t {
  disconnect,
  half_open,
  delay,
  drop,
  duplicate,
  reorder,
  gap,
  corrupt,
  too_many_requests,
  banned,
  server_error,
  stale_snapshot,
  silence,
  refuse_connect,
  // what happens to orders (order_faults.hpp)
  ack_lost,               ///< taken, and the answer never leaves
  order_unknown,          ///< taken, and the answer says that nobody knows
  order_unknown_refused,  ///< not taken, and the answer says that nobody knows
  order_reject,           ///< refused by the venue
  order_delay,            ///< taken only after `value` ms
  partial_fill,           ///< `value` ppm of an order that cannot rest are filled
  fill_before_ack,        ///< the answer comes `value` ms after the events
  duplicate_fill_event,   ///< the event of a fill comes twice
  late_fill_after_expiry, ///< the last fill of an order that cannot rest is heard of `value` ms
                          ///< after the rest of it is said to have expired
  late_fill_after_cancel, ///< a fill from before the cancel is heard of `value` ms after it
  user_stream_drop,       ///< private events are withheld
  order_rate_limit,       ///< too many orders
  maintenance,            ///< the venue takes no private request
  halt ///< of instruments: their list says so and orders are refused; cancels are taken, prices go
       ///< on, and what rests is still met
};

inline constexpr std::array<std::pair<std::string_view, FaultKind>, 28> fault_names{{
    {"disconnect", FaultKind::disconnect},
    {"half_open", FaultKind::half_open},
    {"delay", FaultKind::delay},
    {"drop", FaultKind::drop},
    {"duplicate", FaultKind::duplicate},
    {"reorder", FaultKind::reorder},
    {"gap", FaultKind::gap},
    {"corrupt", FaultKind::corrupt},
    {"429", FaultKind::too_many_requests},
    {"418", FaultKind::banned},
    {"5xx", FaultKind::server_error},
    {"stale_snapshot", FaultKind::stale_snapshot},
    {"silence", FaultKind::silence},
    {"refuse_connect", FaultKind::refuse_connect},
    {"ack_lost", FaultKind::ack_lost},
    {"order_unknown", FaultKind::order_unknown},
    {"order_unknown_refused", FaultKind::order_unknown_refused},
    {"order_reject", FaultKind::order_reject},
    {"order_delay", FaultKind::order_delay},
    {"partial_fill", FaultKind::partial_fill},
    {"fill_before_ack", FaultKind::fill_before_ack},
    {"duplicate_fill_event", FaultKind::duplicate_fill_event},
    {"late_fill_after_expiry", FaultKind::late_fill_after_expiry},
    {"late_fill_after_cancel", FaultKind::late_fill_after_cancel},
    {"user_stream_drop", FaultKind::user_stream_drop},
    {"order_rate_limit", FaultKind::order_rate_limit},
    {"maintenance", FaultKind::maintenance},
    {"halt", FaultKind::halt},
}};

[[nodiscard]] std::string_view name_of(FaultKind kind) noexcept;

struct FaultOrder {
  SurfaceId surface = SurfaceId::binance_spot;
  FaultKind kind = FaultKind::disconnect;
  std::string symbol;                ///< empty: all
  std::optional<std::int64_t> count; ///< so many hits, then it is over; one-shot kinds default to 1
  std::int64_t probability_ppm = 1'000'000;
  std::optional<Millis> lasts;
  std::optional<std::int64_t> value; ///< delay, order_delay, fill_before_ack, late_fill_after_*:
                                     ///< milliseconds; 429, 418, order_rate_limit: Retry-After in
                                     ///< seconds; 5xx: the status; partial_fill: parts per million
};

struct TimedFault {
  Millis at{0}; ///< after the start
  FaultOrder fault;
};

struct ReplaySource {
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol;
  std::vector<std::string> files; ///< played one after the other; gzip or plain
  std::vector<std::string>
      wait_for; ///< kinds that need a subscriber before the start: depth, bookTicker, trade, ...
};

enum class ReplayStart : std::uint8_t {
  when_subscribed,
  at_once,
  at_its_time, ///< when the clock says what the recorder's said
};

struct ReplayOptions {
  ReplayStart start = ReplayStart::when_subscribed;
  Millis start_timeout{120'000};
  std::int64_t speed_percent = 100; ///< of real time; 0 = as fast as read
  bool lockstep
      = false; ///< a ping and its pong after every line, so that one order holds over all sockets
  Millis snapshot_wait{5'000}; ///< a recorded REST snapshot waits so long for somebody to ask
  Millis settle{300};          ///< pause after such an answer (lockstep)
  Millis pong_wait{10'000};    ///< a socket that does not answer is no longer waited for
  std::vector<ReplaySource> sources;
};

struct Scenario {
  std::uint64_t seed = 1;
  std::array<SurfaceOptions, surface_count> surfaces{
      defaults_of(SurfaceId::binance_spot), defaults_of(SurfaceId::binance_linear),
      defaults_of(SurfaceId::bybit_spot), defaults_of(SurfaceId::bybit_linear)};
  std::string admin_listen = "127.0.0.1:0";
  std::vector<Instrument> generated; ///< one per symbol and surface
  std::vector<Instrument> replayed;
  FlowOptions flow;
  std::optional<ReplayOptions> replay;
  std::vector<TimedFault> faults;
  /// accounts: [{name, venue: binance | bybit, keys: [{key, secret | public_key, trade}], deposits:
  /// {spot, linear: {ASSET: amount}} (Bybit: unified), fees: {spot, linear: {maker, taker}} as
  /// parts of the value ("0.001"), fee_asset: received | quote, leverage}]. Read by
  /// scenario_accounts.cpp.
  std::vector<AccountOrder> accounts;
};

/// One thing wrong in a scenario.
struct Mistake {
  std::string file; ///< or "--set"
  int line = 0;     ///< 1-based; 0 = no line
  std::string key;
  std::string text;
};

/// "mock.yaml:12: flow.levels: ..."
[[nodiscard]] std::string describe(const Mistake& mistake);

struct Setting {
  std::string key; ///< dotted path, "surfaces.binance_spot.listen", "replay.sources[0].symbol"
  std::string value;
};

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct ScenarioResult {
  Scenario scenario; ///< only to be used when mistakes is empty
  std::vector<Mistake> mistakes;
};

/// Reads the file, expands ${NAME} and ${NAME:-default}, applies the settings. Reports all mistakes
/// at once.
[[nodiscard]] ScenarioResult load_scenario(const std::string& path,
                                           const std::vector<Setting>& settings,
                                           const Environment& environment);

/// The same from text. @param folder relative paths start here.
[[nodiscard]] ScenarioResult parse_scenario(std::string_view text, const std::string& name,
                                            const std::string& folder,
                                            const std::vector<Setting>& settings,
                                            const Environment& environment);

} // namespace tandem::sim
