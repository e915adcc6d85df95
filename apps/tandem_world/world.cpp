#include "apps/tandem_world/world.hpp"

#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_world/judge.hpp"
#include "apps/tandem_world/life.hpp"
#include "apps/tandem_world/scenery.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using core::MonoTime;
using std::chrono::milliseconds;

constexpr MonoTime begin_at{1h};
constexpr sim::Time wall_at_begin{1'723'161'600'000ms}; // 2024-08-09 00:00:00 UTC
constexpr auto faults_end = 30s;    ///< from then on nothing goes wrong any more
constexpr auto recovery_max = 180s; ///< and within this everything works again
constexpr auto calm_tail = 3s;      ///< how long it must go on well
constexpr auto look_every = 500ms;
constexpr auto restart_usual = 500ms; ///< by the service manager
constexpr std::uint64_t steps_at_once_max = 3'000'000;

/// A directory that goes with its owner; the list of pairs lies there.
class StateDirectory {
public:
  StateDirectory() {
    auto pattern = (std::filesystem::temp_directory_path() / "tandem_world_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    path_ = pattern;
  }

  ~StateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

class World {
public:
  World(std::uint64_t seed, const Scenery& scenery, std::ostream* trace)
      : seed_{seed}, scenery_{scenery}, random_{sim::mix_seed(seed, "world")}, trace_{trace},
        net_{timeline_, trace_, random_.next(), wall_at_begin},
        simulator_{scenery.scenario, nullptr, net_, wall_at_begin},
        judge_{timeline_,        disk_,
               simulator_,       scenery.config,
               scenery.scenario, [this](const std::string& id) { return find_order(id); }} {
    net_.bind(simulator_);
    simulator_.listen(judge_);
    net_.observe([this](LinkId link, const std::string& head,
                        const std::string& body) { judge_.on_sent(link, head, body); },
                 [this](LinkId link) { judge_.on_delivered(link); });
    begin_life();
  }

  void suffer(const std::vector<Fault>& faults) {
    for (const auto& fault : faults)
      timeline_.at(begin_at + fault.at, [this, fault] { strike(fault); });
  }

  void run_until(MonoTime end);
  void recover();

  [[nodiscard]] WorldOutcome outcome() {
    WorldOutcome result;
    result.seed = seed_;
    result.virtual_time = timeline_.elapsed();
    if (const auto accounts = judge_.accounts())
      result.fills = accounts->venues.fills;
    result.lives = lives_;
    result.crashes = crashes_;
    result.orders = judge_.orders();
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
  void throw_kill_switch(const Fault& fault);
  void release_kill_switch();
  void make_whole();
  [[nodiscard]] std::string not_ready() const;

  [[nodiscard]] std::shared_ptr<const core::orders::Order> find_order(const std::string& id) {
    return life_ == nullptr ? nullptr
                            : life_->trading().desk->find(core::orders::ClientOrderId{id});
  }

  std::uint64_t seed_;
  const Scenery& scenery_;
  sim::Random random_;
  Timeline timeline_{begin_at};
  Trace trace_;
  adapters::journal::MemoryDisk disk_;
  DiskState disk_state_;
  MemoryNet net_;
  sim::Simulator simulator_;
  Judge judge_;
  std::chrono::nanoseconds clock_jump_{0};
  std::int64_t drift_us_per_s_ = 0;
  MonoTime drift_since_{};
  Ground ground_{scenery_.config, timeline_, trace_, net_, disk_, disk_state_, [this] {
                   return clock_jump_ + drift();
                 }};
  std::unique_ptr<Life> life_;
  std::optional<MonoTime> stopped_until_; ///< the process stands still
  CrashPlan crash_plan_;                  ///< for a life that is not there yet
  milliseconds down_for_{restart_usual};
  bool power_goes_ = false;
  bool disk_is_ill_ = false;
  bool cannot_begin_ = false; ///< said
  bool killed_ = false;       ///< the switch is thrown
  bool whole_ = false;        ///< no fault any more
  std::size_t lives_ = 0, crashes_ = 0;
  std::uint64_t steps_ = 0;

  [[nodiscard]] std::chrono::nanoseconds drift() const {
    if (drift_us_per_s_ == 0)
      return 0ns;
    const auto spent = std::chrono::duration_cast<milliseconds>(timeline_.now() - drift_since_);
    return std::chrono::nanoseconds{spent.count() * drift_us_per_s_};
  }
};

void World::begin_life() {
  ++lives_;
  judge_.on_begin();
  auto begun = Life::begin(ground_, random_.next(), std::exchange(crash_plan_, {}));
  if (!begun) {
    if (!disk_is_ill_ && !std::exchange(cannot_begin_, true))
      judge_.fault("the engine cannot begin: " + core::describe(begun.error()));
    timeline_.after(1s, [this] {
      if (life_ == nullptr)
        begin_life();
    });
    return;
  }
  life_ = std::move(*begun);
}

void World::bury() {
  if (life_ == nullptr)
    return;
  steps_ += life_->time().steps();
  life_.reset();
  stopped_until_.reset();
  if (std::exchange(power_goes_, false))
    disk_.cut_power(random_.next());
}

/// One turn of the process. False when it has nothing to do, or is not there.
bool World::work() {
  if (!runs())
    return false;
  if (!life_->dead() && !life_->gave_up())
    return life_->step();
  ++crashes_;
  trace_.line(timeline_.elapsed(), "process", life_->dead() ? "killed" : "gave-up", {});
  bury();
  timeline_.after(std::exchange(down_for_, restart_usual), [this] {
    if (life_ == nullptr)
      begin_life();
  });
  return true;
}

void World::run_until(MonoTime end) {
  while (true) {
    std::uint64_t turns = 0;
    while (work() || timeline_.run_one())
      if (++turns > steps_at_once_max)
        throw std::runtime_error{"the world never comes to rest"};
    auto next = begin_at + (simulator_.next_due() - wall_at_begin);
    const auto sooner = [&next](const std::optional<MonoTime>& at) {
      if (at)
        next = std::min(next, *at);
    };
    sooner(timeline_.next());
    if (life_ != nullptr)
      sooner(stopped_until_ ? stopped_until_ : life_->time().next_timer());
    if (next >= end) {
      timeline_.move_to(end);
      if (runs())
        life_->time().move_to(end);
      return;
    }
    timeline_.move_to(next);
    simulator_.advance(net_.wall());
    if (stopped_until_ && *stopped_until_ <= timeline_.now())
      stopped_until_.reset();
    if (runs())
      life_->time().move_to(timeline_.now());
  }
}

void World::strike(const Fault& fault) {
  trace_.line(timeline_.elapsed(), "fault", {}, describe(fault));
  switch (fault.kind) {
  case FaultClass::link_stalls:
  case FaultClass::link_resets:
  case FaultClass::link_refuses:
  case FaultClass::link_slow:
  case FaultClass::link_floods:
  case FaultClass::request_lost:
  case FaultClass::reply_lost:
    return strike_link(fault);
  case FaultClass::venue:
    return strike_venue(fault);
  case FaultClass::clock_jumps:
    clock_jump_ += milliseconds{fault.value};
    return end_later(fault, [this, fault] { clock_jump_ -= milliseconds{fault.value}; });
  case FaultClass::clock_drifts:
    drift_us_per_s_ = fault.value;
    drift_since_ = timeline_.now();
    return end_later(fault, [this] { drift_us_per_s_ = 0; });
  case FaultClass::disk_slow:
  case FaultClass::disk_fails:
  case FaultClass::disk_full:
    return strike_disk(fault);
  case FaultClass::actor_killed:
  case FaultClass::actor_throws:
  case FaultClass::actor_hangs:
    return strike_actor(fault);
  case FaultClass::process_stops:
    stopped_until_ = timeline_.now() + fault.lasts;
    return;
  case FaultClass::process_killed:
  case FaultClass::power_lost: {
    const CrashPlan plan{static_cast<std::uint64_t>(fault.value), fault.moment};
    down_for_ = fault.lasts;
    power_goes_ = fault.kind == FaultClass::power_lost;
    if (life_ != nullptr)
      life_->plan(plan);
    else
      crash_plan_ = plan;
    return;
  }
  case FaultClass::kill_switch:
    return throw_kill_switch(fault);
  }
}

void World::strike_link(const Fault& fault) {
  if (fault.kind == FaultClass::link_resets)
    return net_.reset(fault.link);
  if (fault.kind == FaultClass::link_floods)
    return net_.flood(fault.link, static_cast<std::size_t>(fault.value));
  const auto put = [this, fault](bool on) {
    auto state = net_.state(fault.link);
    if (fault.kind == FaultClass::link_stalls)
      state.stalled = on;
    else if (fault.kind == FaultClass::link_refuses)
      state.refusing = on;
    else if (fault.kind == FaultClass::link_slow)
      state.delay = on ? milliseconds{fault.value} : 0ms;
    else if (fault.kind == FaultClass::request_lost)
      state.lose_request_per_mille = on ? static_cast<std::uint32_t>(fault.value) : 0;
    else
      state.lose_reply_per_mille = on ? static_cast<std::uint32_t>(fault.value) : 0;
    net_.set(fault.link, state);
  };
  put(true);
  end_later(fault, [put] { put(false); });
}

void World::strike_venue(const Fault& fault) {
  const auto space = fault.word.find(' ');
  auto body
      = fmt::format(R"({{"surface":"{}","kind":"{}","for_ms":{})", sim::name_of(fault.link.surface),
                    fault.word.substr(0, space), fault.lasts.count());
  if (space != std::string::npos)
    body += R"(,"count":)" + fault.word.substr(space + 1);
  if (fault.value > 0)
    body += R"(,"value":)" + std::to_string(fault.value);
  const auto answer
      = simulator_.on_admin({"POST", "/faults", {}, {}, body + '}', "127.0.0.1:1"}, net_.wall());
  if (answer.status != 200)
    throw std::logic_error{"the simulator knows no such fault: " + body + "}: " + answer.body};
}

void World::strike_disk(const Fault& fault) {
  disk_is_ill_ = disk_is_ill_ || fault.kind != FaultClass::disk_slow;
  if (fault.kind == FaultClass::disk_slow)
    disk_state_.sync_takes = milliseconds{fault.value};
  else if (fault.kind == FaultClass::disk_fails)
    disk_state_.fail_per_mille = static_cast<std::uint32_t>(fault.value);
  else {
    constexpr std::uint64_t left = 2'000; // bytes; the journal's own reserve comes beside them
    std::uint64_t used = 0;
    for (const auto& [name, bytes] : disk_.contents())
      used += bytes.size();
    disk_.set_capacity(used + left);
  }
  end_later(fault, [this, kind = fault.kind] {
    if (kind == FaultClass::disk_slow)
      disk_state_.sync_takes = DiskState{}.sync_takes;
    else if (kind == FaultClass::disk_fails)
      disk_state_.fail_per_mille = 0;
    else
      disk_.set_capacity(std::nullopt);
    disk_is_ill_ = disk_state_.fail_per_mille > 0;
  });
}

void World::strike_actor(const Fault& fault) {
  if (life_ == nullptr)
    return;

  struct Living {
    std::string path;
    caf::actor handle;
  };

  std::vector<Living> living;
  for (const auto& cell : life_->context()->cells->all())
    if (auto handle = life_->context()->directory->get<caf::actor>(cell->path()))
      living.push_back({cell->path(), std::move(handle)});
  std::ranges::sort(living, {}, &Living::path);
  if (living.empty())
    return;
  const auto& [path, handle] = living.at(static_cast<std::size_t>(fault.value) % living.size());
  trace_.line(timeline_.elapsed(), "struck", path, {});
  if (fault.kind == FaultClass::actor_killed)
    caf::anon_send_exit(handle, caf::exit_reason::kill);
  else if (fault.kind == FaultClass::actor_throws)
    life_->make_throw(handle.id());
  else
    life_->time().hold(handle.id(), timeline_.now() + fault.lasts);
}

void World::throw_kill_switch(const Fault& fault) {
  if (life_ == nullptr || life_->dead() || stopped_until_)
    return;
  const auto now = life_->now();
  static_cast<void>(life_->trading().desk->kill({.level = core::risk::KillLevel::all,
                                                 .scope = {},
                                                 .flatten = false,
                                                 .person = "world",
                                                 .reason = "fault",
                                                 .ts = core::to_millis(now.wall)},
                                                now));
  judge_.on_kill(core::to_millis(now.wall));
  killed_ = true;
  end_later(fault, [this] { release_kill_switch(); });
}

void World::release_kill_switch() {
  killed_ = false;
  judge_.on_release();
  if (life_ == nullptr || life_->dead() || stopped_until_) {
    timeline_.after(1s, [this] { release_kill_switch(); });
    return;
  }
  static_cast<void>(
      life_->trading().desk->release(core::risk::KillLevel::all, {}, "world", life_->now()));
}

void World::make_whole() {
  whole_ = true;
  if (killed_)
    release_kill_switch();
  for (const auto surface : scenery_.surfaces)
    for (const auto channel : {Channel::market, Channel::account, Channel::rest})
      net_.set({surface, channel}, {});
  static_cast<void>(
      simulator_.on_admin({"DELETE", "/faults", {}, {}, {}, "127.0.0.1:1"}, net_.wall()));
  clock_jump_ = 0ns;
  drift_us_per_s_ = 0;
  disk_state_ = {};
  disk_.set_capacity(std::nullopt);
  disk_is_ill_ = false;
  crash_plan_ = {};
  if (life_ != nullptr) {
    life_->plan({});
    stopped_until_.reset();
    life_->time().move_to(timeline_.now());
  }
}

std::string World::not_ready() const {
  if (life_ == nullptr)
    return "the engine does not run";
  std::string text;
  life_->trading().desk->with_gate([&](const core::risk::Gate& gate) {
    for (const auto& venue : scenery_.config.venues)
      for (const auto& market : venue.markets) {
        const auto* status = gate.market({venue.id, market.type});
        if (status == nullptr || !status->open)
          text += venue.id.text() + '.' + std::string{core::to_string(market.type)} + " is closed ("
                  + (status == nullptr ? "unknown" : status->reason) + "); ";
      }
  });
  for (const auto& pair : scenery_.config.pairs)
    for (const auto& leg : {pair.leg1, pair.leg2}) {
      const auto entry = life_->context()->board->find(leg);
      const auto view = entry ? entry->view() : nullptr;
      if (!view || view->condition != core::market::BookCondition::live)
        text += "the book of " + core::to_string(leg) + " is "
                + (view ? std::string{core::market::to_string(view->condition)} : "not there")
                + "; ";
    }
  for (const auto& order : life_->trading().desk->unsettled())
    if (order->state() == core::orders::OrderState::unknown)
      text += "order " + order->intent().id.text() + " is unknown; ";
  return text;
}

/// The faults are over: everything must come back by itself, the accounts must agree, and the
/// engine must trade again.
void World::recover() {
  make_whole();
  const auto deadline = timeline_.now() + recovery_max;
  const auto orders_before = judge_.orders();
  std::optional<MonoTime> good_since;
  std::string reason;
  std::optional<Judge::Accounts> accounts;
  while (timeline_.now() < deadline) {
    run_until(timeline_.now() + look_every);
    reason = not_ready();
    if (reason.empty()) {
      accounts = judge_.accounts();
      if (!accounts)
        reason = "the journal cannot be read";
      else if (!accounts->differences.empty())
        reason = accounts->differences.front();
      else if (!accounts->engine.working.empty())
        reason = "pair " + *accounts->engine.working.begin() + " is still at work";
      else if (!scenery_.tight && judge_.orders() == orders_before
               && accounts->engine.paused.size() < scenery_.config.pairs.size())
        reason = "no order was sent since";
    }
    if (!reason.empty())
      continue;
    if (!good_since)
      good_since = timeline_.now();
    if (timeline_.now() - *good_since >= calm_tail)
      return judge_.check_settled(*accounts);
  }
  if (good_since && accounts)
    return judge_.check_settled(*accounts); // it works; it only never rests for long
  judge_.fault("not well again within " + std::to_string(recovery_max.count()) + " s: " + reason);
}

std::vector<Fault> kept(const std::vector<Fault>& faults,
                        const std::optional<std::vector<std::size_t>>& keep) {
  if (!keep)
    return faults;
  std::vector<Fault> result;
  for (const auto at : *keep)
    if (at < faults.size())
      result.push_back(faults[at]);
  return result;
}

} // namespace

WorldOutcome run_world(const WorldOptions& options) {
  const StateDirectory directory;
  const auto scenery = draw_scenery(options.seed, directory.path());
  FaultBounds bounds;
  bounds.surfaces = scenery.surfaces;
  bounds.power_may_fail = scenery.config.trading.durability == config::Durability::fsync;
  std::vector<Fault> faults;
  if (options.menu == Menu::everything)
    faults = draw_faults(options.seed, bounds);
  else if (options.menu == Menu::crashes)
    faults = draw_crashes(options.seed, bounds);
  WorldOutcome result;
  try {
    World world{options.seed, scenery, options.trace};
    const auto suffered = kept(faults, options.keep);
    world.suffer(suffered);
    world.run_until(begin_at + faults_end);
    world.recover();
    result = world.outcome();
    for (const auto& fault : suffered)
      if (!options.blame.empty() && describe(fault).find(options.blame) != std::string::npos)
        result.broken.push_back("blamed: " + describe(fault));
  } catch (const std::runtime_error& problem) {
    result.seed = options.seed;
    result.broken.emplace_back(problem.what());
  }
  result.faults = faults;
  return result;
}

std::optional<std::vector<std::size_t>> shrink(const WorldOptions& options) {
  auto attempt = options;
  attempt.trace = nullptr;
  const auto whole = run_world(attempt);
  if (whole.broken.empty())
    return std::nullopt;
  std::vector<std::size_t> keep;
  if (options.keep)
    keep = *options.keep;
  else
    for (std::size_t n = 0; n < whole.faults.size(); ++n)
      keep.push_back(n);
  // One by one until none can go: lists are short.
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t n = 0; n < keep.size(); ++n) {
      auto without = keep;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(n));
      attempt.keep = without;
      if (run_world(attempt).broken.empty())
        continue;
      keep = std::move(without);
      smaller = true;
      break;
    }
  }
  return keep;
}

WorldOutcome run_calm(std::uint64_t seed, std::size_t pairs, std::size_t plans,
                      milliseconds length) {
  const StateDirectory directory;
  const auto scenery = large_scenery(seed, directory.path(), pairs, plans);
  World world{seed, scenery, nullptr};
  world.run_until(begin_at + length);
  return world.outcome();
}

} // namespace tandem::world
