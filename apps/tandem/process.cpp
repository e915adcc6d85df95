#include "apps/tandem/process.hpp"

#include "adapters/journal/pair_store.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/websocket.hpp"
#include "apps/tandem/engine.hpp"
#include "config/endpoint.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <system_error>
#include <utility>

namespace tandem::apps {
namespace {

/// Several times what all listeners take; a library that walks over all descriptors stays quick.
constexpr rlim_t descriptors_max = 65'536;

/// A file named KILL in the state directory throws the switch once, when it appears.
class KillFile {
public:
  explicit KillFile(const std::string& directory) : path_{directory + "/KILL"} {}

  [[nodiscard]] bool appeared() {
    std::error_code ignored;
    const bool there = std::filesystem::exists(path_, ignored);
    return there && !std::exchange(seen_, there);
  }

private:
  std::filesystem::path path_;
  bool seen_ = false;
};

} // namespace

core::Clocks machine_clocks() {
  return {.mono = [] { return core::MonoTime{std::chrono::steady_clock::now()}; },
          .wall = [] { return core::WallTime{std::chrono::system_clock::now()}; }};
}

std::function<std::uint64_t()> machine_random() {
  struct Source {
    std::mutex mutex;
    std::mt19937_64 engine{(std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}()};
  };

  return [source = std::make_shared<Source>()] {
    const std::lock_guard lock{source->mutex};
    return source->engine();
  };
}

messages::ContextPtr make_context(core::Clocks clocks, std::function<std::uint64_t()> random,
                                  core::Log& log, config::Mode mode) {
  auto context = std::make_shared<messages::Context>();
  context->clocks = std::move(clocks);
  context->random = std::move(random);
  context->log = &log;
  context->board = std::make_shared<core::market::Board>();
  context->directory = std::make_shared<messages::Directory>();
  context->cells = std::make_shared<messages::CellRegistry>();
  context->mode = std::string{config::to_string(mode)};
  return context;
}

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nothing sets any
  return value == nullptr ? std::string{} : std::string{value};
}

std::string proxy_of(const std::string& url) {
  return adapters::transport::proxy_for(url, from_environment);
}

void tell_faults(adapters::transport::Io& io, std::string thread, core::Log& log) {
  io.on_fault([thread = std::move(thread), &log](std::string_view what) {
    log.write(core::LogLevel::error, "io_fault",
              {{"thread", thread}, {"error", std::string{what}}});
  });
}

void use_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  if (limit.rlim_cur >= descriptors_max)
    return;
  limit.rlim_cur = std::min(limit.rlim_max, descriptors_max);
  // What it is not given it does without: the listeners refuse what they cannot take.
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2})
    sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

namespace {

std::string name_of(config::Surface surface) {
  switch (surface) {
  case config::Surface::traders:
    return " http=";
  case config::Surface::metrics:
    return " metrics=";
  case config::Surface::grpc:
    return " grpc=";
  case config::Surface::console:
    return " console=";
  }
  return " ";
}

} // namespace

ReadyLine::ReadyLine(std::size_t listeners) : expected_{listeners} {
  if (expected_ == 0)
    std::cout << "ready\n" << std::flush;
}

void ReadyLine::add(config::Surface surface, const std::string& address) {
  const std::lock_guard lock{mutex_};
  if (said_)
    return; // a restarted interface binds the same addresses
  text_ += name_of(surface) + address;
  if (++bound_ < expected_)
    return;
  said_ = true;
  std::cout << "ready" << text_ << '\n' << std::flush;
}

StopWatchdog::StopWatchdog(std::chrono::milliseconds limit) {
  thread_ = std::thread{[this, limit] {
    std::unique_lock lock{mutex_};
    if (done_.wait_for(lock, limit, [this] { return finished_; }))
      return;
    std::cerr << "stop took longer than " << limit.count() << " ms; ending now\n";
    ::_exit(exit_internal);
  }};
}

StopWatchdog::~StopWatchdog() {
  {
    const std::lock_guard lock{mutex_};
    finished_ = true;
  }
  done_.notify_all();
  thread_.join();
}

bool wait_for_end(const sigset_t& signals, const std::atomic<bool>& gave_up,
                  const Watches& watches) {
  KillFile kill_file{watches.state_dir};
  while (!gave_up) {
    const timespec patience{.tv_sec = 0, .tv_nsec = 200'000'000};
    const int number = sigtimedwait(&signals, nullptr, &patience);
    if (number == SIGINT || number == SIGTERM)
      return true;
    if (number == SIGUSR1)
      watches.kill("signal");
    if (kill_file.appeared())
      watches.kill("file");
    watches.look();
  }
  return false;
}

int check_resources(const config::Config& config, adapters::transport::Io& io) {
  for (const auto& listener : config.listeners) {
    if (config::is_unix_address(listener.address))
      continue; // a socket that is left over is taken over
    adapters::transport::ServerLimits limits;
    if (listener.tls)
      limits.tls = adapters::transport::ServerTls{listener.tls->certificate, listener.tls->key,
                                                  listener.tls->client_ca};
    const auto bound = adapters::transport::serve_http(io, listener.address, limits, {});
    if (bound)
      continue;
    std::cerr << core::describe(bound.error()) << '\n';
    return bound.error().code == core::Errc::configuration ? exit_configuration : exit_unavailable;
  }
  const auto store = adapters::journal::PairStore::open(config.engine.state_dir);
  if (store)
    return exit_ok;
  std::cerr << core::describe(store.error()) << '\n';
  return exit_unavailable;
}

} // namespace tandem::apps
