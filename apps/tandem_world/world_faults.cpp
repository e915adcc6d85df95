// What a world does when a fault is due.
#include "apps/tandem_world/running_world.hpp"
#include "apps/tandem_world/wild.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace tandem::world {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

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
  case FaultClass::journal_folded:
    return fold_journal();
  case FaultClass::journal_damaged:
    damage_ = static_cast<std::uint64_t>(fault.value);
    down_for_ = fault.lasts;
    if (life_ != nullptr)
      life_->plan({1, Moment::before});
    return;
  case FaultClass::sink_away:
    warehouse_.close(true);
    return end_later(fault, [this] { warehouse_.close(false); });
  case FaultClass::sink_mute:
    warehouse_.lose_answers(static_cast<std::uint32_t>(fault.value));
    return end_later(fault, [this] { warehouse_.lose_answers(0); });
  case FaultClass::kill_switch:
  case FaultClass::breaker_tripped:
  case FaultClass::pair_paused:
  case FaultClass::pair_changed:
  case FaultClass::pair_executed:
  case FaultClass::plan_paused:
  case FaultClass::plan_cancelled:
  case FaultClass::plan_changed:
  case FaultClass::account_moved:
  case FaultClass::keys_renewed:
  case FaultClass::settings_renewed:
  case FaultClass::order_decided:
    return person_.act(fault);
  case FaultClass::orders_wild:
    return run_wild(std::make_shared<WildStrategy>(static_cast<std::uint64_t>(fault.value)),
                    timeline_.now() + fault.lasts);
  }
}

/// A life that ends takes its orders with it; the strategy goes on in the next one.
void World::run_wild(const std::shared_ptr<WildStrategy>& strategy, core::MonoTime until) {
  constexpr auto every = 20ms;
  if (whole_ || timeline_.now() >= until)
    return;
  if (runs() && !life_->dead())
    strategy->ask(*life_);
  timeline_.after(every, [this, strategy, until] { run_wild(strategy, until); });
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
  auto body = fmt::format(R"({{"surface":"{}","kind":"{}","for_ms":{})",
                          sim::name_of(fault.link.surface), fault.word, fault.lasts.count());
  if (fault.count > 0)
    body += R"(,"count":)" + std::to_string(fault.count);
  if (fault.value > 0)
    body += R"(,"value":)" + std::to_string(fault.value);
  const auto answer
      = simulator_.on_admin({"POST", "/faults", {}, {}, body + '}', "127.0.0.1:1"}, net_.wall());
  if (answer.status != 200)
    throw std::logic_error{"the simulator knows no such fault: " + body + "}: " + answer.body};
}

void World::strike_disk(const Fault& fault) {
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
    disk_state_.full = true;
  }
  sink_may_lack_ = sink_may_lack_ || disk_state_.refuses();
  end_later(fault, [this, kind = fault.kind] {
    if (kind == FaultClass::disk_slow)
      disk_state_.sync_takes = DiskState{}.sync_takes;
    else if (kind == FaultClass::disk_fails)
      disk_state_.fail_per_mille = 0;
    else {
      disk_.set_capacity(std::nullopt);
      disk_state_.full = false;
    }
  });
}

void World::fold_journal() {
  if (!runs() || life_->dead())
    return;
  judge_.before_fold();
  const auto done = life_->fold_journal();
  if (!done) {
    trace_.line(timeline_.elapsed(), "fold", "failed", core::describe(done.error()));
    if (!disk_state_.refuses() && !life_->dead())
      judge_.fault("the journal cannot be folded: " + core::describe(done.error()));
    return;
  }
  trace_.line(timeline_.elapsed(), "fold", std::to_string(done->files),
              std::to_string(done->records_before) + " -> " + std::to_string(done->records_after));
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
  sink_may_lack_ = true; // what was on its way to the tape died with it
  judge_.on_struck();
  if (fault.kind == FaultClass::actor_killed)
    caf::anon_send_exit(handle, caf::exit_reason::kill);
  else if (fault.kind == FaultClass::actor_throws)
    life_->make_throw(handle.id());
  else
    life_->time().hold(handle.id(), timeline_.now() + fault.lasts);
}

} // namespace tandem::world
