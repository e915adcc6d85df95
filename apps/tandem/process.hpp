/// What a process of the engine has around its actors: the machine's clocks and environment,
/// signals, the ready line, the end that takes no longer than allowed.
#pragma once

#include "adapters/transport/io.hpp"
#include "config/schema.hpp"
#include "core/log.hpp"
#include "core/types/time.hpp"
#include "messages/context.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tandem::apps {

[[nodiscard]] core::Clocks machine_clocks();

/// Thread-safe randomness for jitter; seeded by the machine.
[[nodiscard]] std::function<std::uint64_t()> machine_random();

/// With a board, a directory and cells of its own. @param log outlives the actors.
[[nodiscard]] messages::ContextPtr make_context(core::Clocks clocks,
                                                std::function<std::uint64_t()> random,
                                                core::Log& log, config::Mode mode);

/// Empty when it is not set.
[[nodiscard]] std::string from_environment(const std::string& name);

/// By the environment; empty = direct.
[[nodiscard]] std::string proxy_of(const std::string& url);

/// What a thread of sockets cannot tell anyone else goes to the log. @param log outlives `io`.
void tell_faults(adapters::transport::Io& io, std::string thread, core::Log& log);

/// As many open files and sockets as the system lets this user have, up to 65,536: the customary
/// 1,024 are fewer than the clients of one listener.
void use_all_descriptors();

/// Blocked before any thread exists, so that all inherit it and only wait_for_end sees them.
[[nodiscard]] sigset_t block_signals();

/// One line `ready http=ADDR metrics=ADDR` once every listener is bound. Thread safe.
class ReadyLine {
public:
  explicit ReadyLine(std::size_t listeners);
  void add(config::Surface surface, const std::string& address);

private:
  std::mutex mutex_;
  std::size_t expected_;
  std::size_t bound_ = 0;
  std::string text_;
  bool said_ = false;
};

/// Ends the process when an orderly end takes too long: something hangs, and systemd must not wait
/// for it.
class StopWatchdog {
public:
  explicit StopWatchdog(std::chrono::milliseconds limit);
  ~StopWatchdog();
  StopWatchdog(const StopWatchdog&) = delete;
  StopWatchdog& operator=(const StopWatchdog&) = delete;

private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread thread_;
};

/// What a process does while it waits for its end.
struct Watches {
  std::string state_dir; ///< a file named KILL that appears there throws the kill switch, once
  std::function<void(const std::string& person)> kill; ///< also by SIGUSR1
  std::function<void()> look;                          ///< several times a second
};

/// Sleeps until SIGINT or SIGTERM, or until `gave_up`; true = a signal.
[[nodiscard]] bool wait_for_end(const sigset_t& signals, const std::atomic<bool>& gave_up,
                                const Watches& watches);

/// What the tree would fail on again and again is better said at once: a taken address, a state
/// directory that cannot be used. exit_ok when all is there.
[[nodiscard]] int check_resources(const config::Config& config, adapters::transport::Io& io);

} // namespace tandem::apps
