#include "adapters/transport/thread_place.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace tandem::adapters::transport {
namespace {

/// About a third of the share of a thread that does not yield, when both want the same processor.
constexpr int yielding_nice = 5;

/// How long a thread that does not yield asks to run at once, in ns: the least that Linux grants.
/// Whoever asks for less is put before others when it is woken; with everybody's 3 ms it would wait
/// for the end of the turn of one that yields.
constexpr std::uint64_t prompt_slice_ns = 100'000;

/// By how much Linux may let a sleep be longer, to wake fewer times; in ns, its default of 50 µs
/// for those that yield. Idle workers of the actors sleep for 50 µs, which that doubles.
constexpr unsigned long prompt_slack_ns = 1'000;
constexpr unsigned long usual_slack_ns = 50'000;

/// The first form of the argument of sched_setattr, which the C library does not have.
/// Source: Linux, include/uapi/linux/sched/types.h (SCHED_ATTR_SIZE_VER0).
struct SchedAttributes {
  std::uint32_t size = sizeof(SchedAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0; ///< from Linux 6.12 on: the slice; 0: the system's
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

/// Of the calling thread, unless somebody gave the process a policy of its own (SCHED_FIFO). Woken,
/// a thread of SCHED_BATCH takes the processor from nobody. SCHED_IDLE would be too little: whoever
/// yields may hold a lock that a thread of trading wants, and would get no time to give it back.
void schedule(bool yields) noexcept {
  const int policy = ::sched_getscheduler(0);
  if (policy != SCHED_OTHER && policy != SCHED_BATCH)
    return;
  SchedAttributes attributes;
  attributes.policy = yields ? SCHED_BATCH : SCHED_OTHER;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  attributes.runtime = yields ? 0 : prompt_slice_ns; // 0, too: a thread inherits it
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0U);
  (void)::prctl(PR_SET_TIMERSLACK, yields ? usual_slack_ns : prompt_slack_ns);
}

bool has(const cpu_set_t& set, std::size_t cpu) {
  return cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set);
}

} // namespace

core::Result<void> usable(const std::vector<std::size_t>& cpus) {
  cpu_set_t ours;
  CPU_ZERO(&ours);
  if (::sched_getaffinity(0, sizeof ours, &ours) != 0)
    return {}; // more processors than the set has bits: take() finds out
  std::vector<std::size_t> missing;
  for (const auto cpu : cpus)
    if (!has(ours, cpu))
      missing.push_back(cpu);
  if (missing.empty())
    return {};
  return core::fail(core::Errc::configuration,
                    fmt::format("this process may not run on processor {} (of {} it may use)",
                                fmt::join(missing, ", "), CPU_COUNT(&ours)));
}

void take(const ThreadPlace& place) noexcept {
  if (!place.cpus.empty()) {
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    for (const auto cpu : place.cpus)
      if (cpu < CPU_SETSIZE)
        CPU_SET(cpu, &wanted);
    (void)::sched_setaffinity(0, sizeof wanted, &wanted); // 0: this thread
  }
  if (place.yields)
    (void)::setpriority(PRIO_PROCESS, 0, yielding_nice); // on Linux this thread's alone
  schedule(place.yields);
}

} // namespace tandem::adapters::transport
