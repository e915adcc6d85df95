#include "apps/one_thread/virtual_time.hpp"

#include "apps/one_thread/task_strand.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/pretty_type_name.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace tandem::one_thread {
namespace {

using core::MonoTime;

caf::actor_system_config& prepare(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("logger.file-verbosity", caf::atom("quiet"));
  return config;
}

/// Reads the coordinator's timers, which it keeps to its heirs.
class TimerView : public caf::detail::test_actor_clock {
public:
  [[nodiscard]] static std::optional<time_point> next(const caf::detail::test_actor_clock& clock) {
    const auto& timers = clock.*&TimerView::schedule_;
    if (timers.empty())
      return std::nullopt;
    return timers.begin()->first;
  }
};

/// What the job is about to handle.
std::string message_of(caf::resumable* job) {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  const auto* next = actor == nullptr ? nullptr : actor->mailbox().peek();
  if (next == nullptr)
    return "its beginning";
  const auto& content = next->content();
  auto text = caf::to_string(content);
  if (text.find("<unprintable>") == std::string::npos)
    return text;
  text.clear();
  for (std::size_t i = 0; i < content.size(); ++i) {
    const auto* type = content.type(i).second;
    text += (i == 0 ? "" : ", ")
            + (type == nullptr ? std::string{"?"} : caf::detail::pretty_type_name(*type));
  }
  return text;
}

std::uint64_t id_of(caf::resumable* job) {
  const auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  return actor == nullptr ? 0 : actor->id();
}

} // namespace

struct VirtualTime::Impl {
  Impl(MonoTime begin, std::optional<std::uint64_t> seed)
      : offset{begin - MonoTime{scheduler.clock().now().time_since_epoch()}},
        drawn{seed.has_value()}, random{seed.value_or(0)} {}

  [[nodiscard]] MonoTime now() const {
    return MonoTime{scheduler.clock().now().time_since_epoch()} + offset;
  }

  /// Positions of the jobs that may run.
  [[nodiscard]] const std::vector<std::size_t>& runnable() {
    open.clear();
    for (std::size_t i = 0; i < scheduler.jobs.size(); ++i)
      if (held.empty() || !held.contains(id_of(scheduler.jobs[i])))
        open.push_back(i);
    return open;
  }

  caf::actor_system_config config;
  caf::actor_system system{prepare(config)};
  caf::scheduler::test_coordinator& scheduler
      = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::chrono::nanoseconds offset;
  bool drawn; ///< else in turn
  std::mt19937_64 random;
  TaskStrand strand{[this] { return now(); }};
  std::map<std::uint64_t, MonoTime> held; ///< actors that stand still, until when
  std::vector<std::size_t> open;
  std::function<void(const StepAbout&)> before;
  std::uint64_t steps = 0;
};

VirtualTime::VirtualTime(MonoTime start, std::uint64_t seed)
    : impl_{std::make_unique<Impl>(start, seed)} {}

VirtualTime::VirtualTime(MonoTime start, InTurn /*order*/)
    : impl_{std::make_unique<Impl>(start, std::nullopt)} {}

VirtualTime::~VirtualTime() = default;

caf::actor_system& VirtualTime::system() {
  return impl_->system;
}

adapters::transport::Strand& VirtualTime::strand() {
  return impl_->strand;
}

MonoTime VirtualTime::now() const {
  return impl_->now();
}

std::optional<MonoTime> VirtualTime::next_timer() const {
  auto next = impl_->strand.next();
  const auto sooner = [&next](MonoTime at) { next = next ? std::min(*next, at) : at; };
  if (const auto timer = TimerView::next(impl_->scheduler.clock()))
    sooner(MonoTime{timer->time_since_epoch()} + impl_->offset);
  for (const auto& [actor, until] : impl_->held)
    sooner(until);
  return next;
}

void VirtualTime::move_to(MonoTime to) {
  impl_->scheduler.advance_time(std::max(to - now(), std::chrono::nanoseconds{0}));
  impl_->strand.wake(now());
  std::erase_if(impl_->held, [at = now()](const auto& one) { return one.second <= at; });
}

bool VirtualTime::run_one() {
  auto& self = *impl_;
  const auto& open = self.runnable();
  const auto choices = open.size() + (self.strand.has_task() ? 1 : 0);
  if (choices == 0)
    return false;
  ++self.steps;
  const auto choice = choices == 1 || !self.drawn ? 0 : self.random() % choices;
  if (choice == open.size()) {
    if (self.before)
      self.before({});
    self.strand.run_one();
    return true;
  }
  auto& jobs = self.scheduler.jobs;
  const auto at = jobs.begin() + static_cast<std::ptrdiff_t>(open[choice]);
  std::rotate(jobs.begin(), at, at + 1);
  if (self.before)
    self.before({id_of(jobs.front())});
  return self.scheduler.try_run_once();
}

void VirtualTime::hold(std::uint64_t actor, MonoTime until) {
  impl_->held[actor] = until;
}

void VirtualTime::before_step(std::function<void(const StepAbout&)> hook) {
  impl_->before = std::move(hook);
}

std::string VirtualTime::message() const {
  return message_of(impl_->scheduler.jobs.front());
}

void VirtualTime::forget_tasks() {
  impl_->strand.clear();
}

std::uint64_t VirtualTime::steps() const noexcept {
  return impl_->steps;
}

} // namespace tandem::one_thread
