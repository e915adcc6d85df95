/// What goes wrong in one world, drawn from its seed: links, venues, clocks, disk, actors, the
/// process itself; and what a person does meanwhile. Pure; the world does the damage.
#pragma once

#include "apps/tandem_world/memory_net.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::world {

enum class FaultClass : std::uint8_t {
  link_stalls,  ///< half-open: what was sent arrives when it is over
  link_resets,  ///< every connection of it, once
  link_refuses, ///< new connections and requests
  link_slow,    ///< `value` ms more
  link_floods,  ///< the last text of every connection `value` times more, at once
  request_lost, ///< `value` per mille
  reply_lost,   ///< `value` per mille: acknowledgements too
  venue,        ///< `word` of the simulator's own menu
  clock_jumps,  ///< the engine's wall clock by `value` ms, and back at the end
  clock_drifts, ///< by `value` us per second, and back at the end
  disk_slow,    ///< a sync takes `value` ms
  disk_fails,   ///< `value` per mille of its operations
  disk_full,
  actor_killed, ///< one of those there are, by `value`
  actor_throws,
  actor_hangs,     ///< is sent messages and handles none
  process_stops,   ///< all of it stands still, and then goes on (SIGSTOP, a long pause of the
                   ///< machine)
  process_killed,  ///< at the `value`-th operation from then; the next life begins after `lasts`
  power_lost,      ///< killed, and of what was not synced any part may be gone
  journal_folded,  ///< its old files into one, as if they were days old
  journal_damaged, ///< killed; then a whole file of the journal is damaged, by `value`, until a
                   ///< person puts it back
  sink_away,       ///< the sink's destination is not there
  sink_mute,       ///< `value` per mille of its batches are taken in part or whole, unanswered
  // What a person does, and takes back at the end; `word` says to what.
  kill_switch,      ///< "all", "venue.binance" or a strategy; `value` 1: positions are flattened
  breaker_tripped,  ///< by its name
  pair_paused,      ///< resumed as the interface does it, whatever paused it meanwhile
  pair_changed,     ///< another threshold, or `value` 1: deleted; stored, as it was, at the end
  pair_executed,    ///< once
  plan_paused,      ///< and resumed
  plan_cancelled,   ///< for good; deleted at the end
  plan_changed,     ///< smaller slices
  account_moved,    ///< `value` thousandths of the asset `word` come to or leave a spot account
                    ///< behind the engine's back; the difference is accepted
  keys_renewed,     ///< the same ones, given once more to the venue `word`; `value` 1: mistyped at
                    ///< first, 2: at first one that may withdraw
  settings_renewed, ///< pairs and plans of the configuration, read again
  order_decided,    ///< says how an order ended that is unknown, by what the venue shows
  orders_wild,      ///< a strategy that has lost its mind asks for orders, drawn from `value`
};

struct Fault {
  std::chrono::milliseconds at{0}; ///< from the beginning
  std::chrono::milliseconds lasts{0};
  FaultClass kind = FaultClass::link_stalls;
  LinkId link;
  std::string word;
  std::int64_t value = 0;
  std::int64_t count = 0;         ///< of a venue's: so many hits at most; 0 = for its time
  Moment moment = Moment::before; ///< of process_killed
};

[[nodiscard]] std::string describe(const Fault& fault);

/// What a world may suffer.
struct FaultBounds {
  std::chrono::milliseconds from{3'000}, to{25'000};
  std::size_t count_max = 8;
  bool power_may_fail = false; ///< of worlds of crashes alone: where the journal syncs
  std::vector<sim::SurfaceId> surfaces;
  std::vector<std::string> pairs, plans; ///< ids: whom a person steers
};

/// In order of time.
[[nodiscard]] std::vector<Fault> draw_faults(std::uint64_t seed, const FaultBounds& bounds);

/// One to three deaths of the process, each at a numbered operation, and nothing else.
[[nodiscard]] std::vector<Fault> draw_crashes(std::uint64_t seed, const FaultBounds& bounds);

} // namespace tandem::world
