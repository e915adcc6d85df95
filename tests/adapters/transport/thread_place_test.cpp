#include "adapters/transport/thread_place.hpp"

#include "adapters/transport/io.hpp"
#include "tests/adapters/transport/support.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <future>
#include <thread>

namespace tandem::adapters::transport {
namespace {

struct Seen {
  std::vector<std::size_t> cpus;
  int nice = 0;
  int policy = 0;
};

/// Of the calling thread.
Seen seen_here() {
  Seen seen;
  cpu_set_t set;
  CPU_ZERO(&set);
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set))
      seen.cpus.push_back(cpu);
  seen.nice = ::getpriority(PRIO_PROCESS, 0);
  seen.policy = ::sched_getscheduler(0);
  return seen;
}

Seen seen_on(const ThreadPlace& place) {
  Io io{"placed", testing::real_clocks(), place};
  std::promise<Seen> seen;
  io.post([&seen] { seen.set_value(seen_here()); });
  return seen.get_future().get();
}

/// In ns. Source: Linux, include/uapi/linux/sched/types.h: 48 bytes, `sched_runtime` begins at the
/// 24th.
std::uint64_t slice_on(const ThreadPlace& place) {
  Io io{"placed", testing::real_clocks(), place};
  std::promise<std::uint64_t> slice;
  io.post([&slice] {
    std::array<std::uint64_t, 6> attributes{};
    constexpr std::size_t runtime = 3;
    if (::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0U) != 0)
      attributes.fill(0);
    slice.set_value(attributes[runtime]);
  });
  return slice.get_future().get();
}

} // namespace

TEST_CASE("a thread of sockets runs where it was put, and what it starts does, too") {
  const auto before = seen_here();
  const auto last = before.cpus.back();
  CHECK(seen_on({}).cpus == before.cpus);
  CHECK(seen_on({{last}, false}).cpus == std::vector{last});

  Seen child;
  std::thread{[&child, last] {
    take({{last}, true});
    std::thread{[&child] { child = seen_here(); }}.join();
  }}.join();
  CHECK(child.cpus == std::vector{last});
  CHECK(child.nice > before.nice);
  CHECK(seen_here().cpus == before.cpus);
  CHECK(seen_here().nice == before.nice);
}

TEST_CASE("a thread that yields waits for those that do not") {
  const auto before = seen_here().nice;
  CHECK(seen_on({{}, false}).nice == before);
  CHECK(seen_on({{}, true}).nice > before);
}

TEST_CASE("a thread that yields takes the processor from nobody when it is woken") {
  CHECK(seen_on({{}, false}).policy == SCHED_OTHER);
  CHECK(seen_on({{}, true}).policy == SCHED_BATCH);
  int among_them = 0; // one that does not yield is no heir of the one that starts it
  std::thread{[&among_them] {
    take({{}, true});
    std::thread{[&among_them] {
      take({});
      among_them = ::sched_getscheduler(0);
    }}.join();
  }}.join();
  CHECK(among_them == SCHED_OTHER);
}

TEST_CASE(
    "a thread that does not yield asks for short turns, so that it is next when it is woken") {
  const auto yielding = slice_on({{}, true});
  if (yielding == 0)
    return; // Linux before 6.12 has one for all
  CHECK(slice_on({}) == 100'000);
  CHECK(slice_on({}) < yielding);
}

TEST_CASE("a thread that does not yield is woken on time") {
  const auto slack_on = [](const ThreadPlace& place) {
    Io io{"placed", testing::real_clocks(), place};
    std::promise<int> slack;
    io.post([&slack] { slack.set_value(::prctl(PR_GET_TIMERSLACK)); });
    return slack.get_future().get();
  };
  CHECK(slack_on({}) == 1'000);
  CHECK(slack_on({{}, true}) == 50'000);
}

TEST_CASE("processors that this process may not use are named") {
  CHECK(usable({}));
  CHECK(usable({seen_here().cpus.front()}));
  const auto refused = usable({seen_here().cpus.front(), 1'022, 1'023});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == core::Errc::configuration);
  CHECK(refused.error().detail.find("processor 1022, 1023 (of ") != std::string::npos);
}

TEST_CASE("a processor that is not there leaves the thread as it was") {
  const auto before = seen_here();
  CHECK(seen_on({{1'023}, false}).cpus == before.cpus);
}

} // namespace tandem::adapters::transport
