/// One process of the engine: the real tree of actors under the deterministic scheduler, its
/// journal on a disk in memory, its connections on a network in memory. It dies in the middle of an
/// operation as a killed process does; the next life begins with what the disk then holds.
#pragma once

#include "actors/supervisor/root.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "adapters/transport/http_server.hpp"
#include "apps/one_thread/virtual_time.hpp"
#include "apps/tandem_world/memory_net.hpp"
#include "apps/tandem_world/operations.hpp"
#include "apps/tandem_world/timeline.hpp"
#include "apps/tandem_world/trace.hpp"
#include "apps/tandem_world/warehouse.hpp"
#include "config/schema.hpp"
#include "core/log.hpp"
#include "messages/context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace tandem::world {

/// How a disk is ill at the moment. Owned by the world: disks outlive processes.
struct DiskState {
  std::chrono::nanoseconds sync_takes{std::chrono::milliseconds{1}};
  std::uint32_t fail_per_mille = 0; ///< of the journal's operations
  bool full = false;

  [[nodiscard]] bool refuses() const noexcept { return full || fail_per_mille > 0; }
};

/// What every life of one world shares; outlives them.
struct Ground {
  const config::Config& config;
  Timeline& timeline;
  Trace& trace;
  MemoryNet& net;
  adapters::files::MemoryDisk& disk;      ///< of the journal
  adapters::files::MemoryDisk& sink_disk; ///< of the sink's spool
  const DiskState& disk_state;
  Warehouse& warehouse;
  std::function<std::chrono::nanoseconds()> clock_error; ///< of the engine's wall clock
  /// Hears what the engine logs: the event word and its fields.
  std::function<void(std::string_view event, const std::string& fields)> on_log;
};

class Life {
public:
  /// @param seed of this life's order of work and random bits. It may be dead right away: killed
  /// while it began. Error: the engine cannot begin (its journal is damaged, the disk is full).
  [[nodiscard]] static core::Result<std::unique_ptr<Life>>
  begin(const Ground& ground, std::uint64_t seed, CrashPlan crash);
  /// Ends every actor; nothing of it reaches the world any more.
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  /// Runs one piece of work. False when there was nothing to do.
  bool step();

  [[nodiscard]] bool dead() const noexcept { return operations_.dead(); }

  /// The root supervisor has ended by itself.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }

  /// It will die at the `plan.operation`-th operation from here; 0 = it will not.
  void plan(CrashPlan plan) noexcept { operations_.plan(plan); }

  [[nodiscard]] one_thread::VirtualTime& time() noexcept { return *time_; }

  [[nodiscard]] actors::supervisor::TradingParts& trading() noexcept { return *parts_.trading; }

  [[nodiscard]] const messages::ContextPtr& context() const noexcept { return parts_.context; }

  /// A request to the engine's interface, as its server hands it on. The answer comes in the
  /// engine's own time; never, when the process dies before.
  void call(adapters::transport::ServerRequest request, adapters::transport::Respond answer);

  [[nodiscard]] core::risk::Now now() const {
    return {parts_.context->clocks.mono(), parts_.context->clocks.wall()};
  }

  /// Folds what the journal's age allows, were it days older.
  [[nodiscard]] core::Result<adapters::journal::Compaction> fold_journal();

  /// The handler that this actor runs next throws.
  void make_throw(std::uint64_t actor) { throws_next_ = actor; }

private:
  class TraceLog;
  class Door;

  Life(const Ground& ground, std::uint64_t seed, CrashPlan crash);
  [[nodiscard]] core::Status open();
  [[nodiscard]] std::unique_ptr<adapters::files::FileLayer>
  files(adapters::files::MemoryDisk& disk);
  void add_sink();
  void sync_later();
  void end();

  const Ground& ground_;
  Operations operations_;
  std::mt19937_64 random_;
  std::unique_ptr<core::Log> log_;
  std::unique_ptr<one_thread::VirtualTime> time_;
  std::shared_ptr<NetSide> side_;
  actors::supervisor::EngineParts parts_;
  adapters::journal::FileJournal* journal_ = nullptr;
  caf::actor root_;
  /// The interface's, while it listens.
  std::shared_ptr<adapters::transport::ServerEvents> events_
      = std::make_shared<adapters::transport::ServerEvents>();
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::optional<std::uint64_t> throws_next_;
  bool throw_now_ = false;
  bool sync_due_ = false;
  bool folding_ = false; ///< the journal looks at its files' age
  bool gave_up_ = false;
};

} // namespace tandem::world
