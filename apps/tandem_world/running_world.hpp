/// The inside of a world. Private to apps/tandem_world.
#pragma once

#include "apps/one_thread/state_directory.hpp"
#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_world/faults.hpp"
#include "apps/tandem_world/judge.hpp"
#include "apps/tandem_world/life.hpp"
#include "apps/tandem_world/person.hpp"
#include "apps/tandem_world/scenery.hpp"
#include "apps/tandem_world/warehouse.hpp"
#include "apps/tandem_world/world.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::world {

class WildStrategy;

inline constexpr core::MonoTime begin_at{std::chrono::hours{1}};
/// By the service manager.
inline constexpr std::chrono::milliseconds restart_usual{500};

using one_thread::StateDirectory;

/// One world while it runs: the venues, the network and the disk live on, processes come and go.
class World {
public:
  /// @param scenery outlives it.
  World(std::uint64_t seed, const Scenery& scenery, std::ostream* trace)
      : seed_{seed}, scenery_{scenery}, random_{sim::mix_seed(seed, "world")}, trace_{trace},
        net_{timeline_, trace_, random_.next(), scenery.beginning},
        simulator_{scenery.scenario,
                   scenery.recording ? scenery.recording() : std::unique_ptr<sim::LineSource>{},
                   net_, scenery.beginning},
        judge_{timeline_,        disk_,
               simulator_,       scenery.config,
               scenery.scenario, [this](const std::string& id) { return find_order(id); }} {
    net_.bind(simulator_);
    simulator_.listen(judge_);
    net_.observe([this](LinkId link, const std::string& head,
                        const std::string& body) { judge_.on_sent(link, head, body); },
                 [this](LinkId link) { judge_.on_delivered(link); });
    begin_life();
    person_.look_around();
  }

  void suffer(const std::vector<Fault>& faults) {
    for (const auto& fault : faults)
      timeline_.at(begin_at + fault.at, [this, fault] { strike(fault); });
  }

  void run_until(core::MonoTime end);
  /// The faults are over: everything must come back by itself, the accounts must agree, and the
  /// engine must trade again.
  void recover();

  [[nodiscard]] MemoryNet& net() noexcept { return net_; }

  [[nodiscard]] core::MonoTime now() const noexcept { return timeline_.now(); }

  [[nodiscard]] sim::Time wall() const { return net_.wall(); }

  /// What the journal on the disk holds.
  [[nodiscard]] std::vector<core::orders::Record> records() { return judge_.records(); }

  /// Between the journal and the venues' ledger; only when nothing is on its way.
  [[nodiscard]] std::vector<std::string> differences() {
    const auto accounts = judge_.accounts();
    return accounts ? accounts->differences
                    : std::vector<std::string>{"the journal cannot be read"};
  }

  [[nodiscard]] WorldOutcome outcome() {
    WorldOutcome result;
    result.seed = seed_;
    result.virtual_time = timeline_.elapsed();
    if (const auto accounts = judge_.accounts())
      result.fills = accounts->venues.fills;
    result.lives = lives_;
    result.crashes = crashes_;
    result.orders = judge_.orders();
    result.records = warehouse_.records();
    bury();
    judge_.check_journal();
    result.steps = steps_;
    result.digest = trace_.digest();
    result.trace_lines = trace_.lines();
    result.broken = judge_.broken();
    return result;
  }

private:
  [[nodiscard]] bool runs() const { return life_ != nullptr && !stopped_until_; }

  void begin_life();
  void begin_damaged(std::uint64_t draw);
  void bury();
  bool work();
  void strike(const Fault& fault);

  /// Unless everything was made whole before.
  void end_later(const Fault& fault, std::function<void()> what) {
    timeline_.after(fault.lasts, [this, what = std::move(what)] {
      if (!whole_)
        what();
    });
  }

  void strike_link(const Fault& fault);
  void strike_venue(const Fault& fault);
  void strike_disk(const Fault& fault);
  void strike_actor(const Fault& fault);
  void run_wild(const std::shared_ptr<WildStrategy>& strategy, core::MonoTime until);
  void fold_journal();
  void make_whole();
  [[nodiscard]] std::string not_ready() const;
  void check_sink();

  [[nodiscard]] std::chrono::nanoseconds drift() const {
    if (drift_us_per_s_ == 0)
      return std::chrono::nanoseconds{0};
    const auto spent
        = std::chrono::duration_cast<std::chrono::milliseconds>(timeline_.now() - drift_since_);
    return std::chrono::nanoseconds{spent.count() * drift_us_per_s_};
  }

  [[nodiscard]] std::shared_ptr<const core::orders::Order> find_order(const std::string& id) {
    return life_ == nullptr ? nullptr
                            : life_->trading().desk->find(core::orders::ClientOrderId{id});
  }

  std::uint64_t seed_;
  const Scenery& scenery_;
  sim::Random random_;
  Timeline timeline_{begin_at};
  Trace trace_;
  adapters::files::MemoryDisk disk_;
  DiskState disk_state_;
  MemoryNet net_;
  sim::Simulator simulator_;
  Judge judge_;
  adapters::files::MemoryDisk sink_disk_;
  Warehouse warehouse_{timeline_, sim::mix_seed(seed_, "world warehouse"),
                       [this](std::string what) { judge_.fault("the sink: " + std::move(what)); }};
  std::chrono::nanoseconds clock_jump_{0};
  std::int64_t drift_us_per_s_ = 0;
  core::MonoTime drift_since_{};
  Ground ground_{
      scenery_.config,
      timeline_,
      trace_,
      net_,
      disk_,
      sink_disk_,
      disk_state_,
      warehouse_,
      [this] { return clock_jump_ + drift(); },
      [this](std::string_view event, const std::string& fields) { judge_.on_log(event, fields); }};
  Person person_{scenery_, timeline_,
                 judge_,   simulator_,
                 net_,     [this] { return runs() && !life_->dead() ? life_.get() : nullptr; }};
  std::unique_ptr<Life> life_;
  std::optional<core::MonoTime> stopped_until_; ///< the process stands still
  CrashPlan crash_plan_;                        ///< for a life that is not there yet
  std::chrono::milliseconds down_for_{restart_usual};
  bool power_goes_ = false;
  std::optional<std::uint64_t> damage_; ///< drawn; of the journal, before the next life begins
  bool sink_may_lack_ = false;          ///< records may be gone that nobody promised
  bool cannot_begin_ = false;           ///< said
  bool whole_ = false;                  ///< no fault any more
  std::size_t lives_ = 0, crashes_ = 0;
  std::uint64_t steps_ = 0;
};

} // namespace tandem::world
