#include "adapters/transport/thread_place.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>

namespace tandem::adapters::transport {
namespace {

/// About a third of the share of a thread that does not yield, when both want the same processor.
constexpr int yielding_nice = 5;

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
}

} // namespace tandem::adapters::transport
