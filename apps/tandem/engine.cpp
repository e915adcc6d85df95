#include "apps/tandem/engine.hpp"

#include "actors/supervisor/actor_watch.hpp"
#include "actors/supervisor/root.hpp"
#include "actors/supervisor/scheduling.hpp"
#include "adapters/journal/pair_store.hpp"
#include "adapters/transport/http_server.hpp"
#include "apps/tandem/crash_points.hpp"
#include "apps/tandem/log_backend.hpp"
#include "apps/tandem/report.hpp"
#include "apps/tandem/trading.hpp"
#include "messages/alert.hpp"
#include "messages/strategy.hpp"
#include "messages/twap.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace tandem::apps {
namespace {

using namespace std::chrono_literals;

core::Clocks machine_clocks() {
  return {.mono = [] { return core::MonoTime{std::chrono::steady_clock::now()}; },
          .wall = [] { return core::WallTime{std::chrono::system_clock::now()}; }};
}

/// Thread-safe randomness for jitter; seeded by the machine.
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

/// Blocked before any thread exists, so that all inherit it and only wait_for_signal sees them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2})
    sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// One line `ready http=ADDR metrics=ADDR` once every listener is bound.
class ReadyLine {
public:
  explicit ReadyLine(std::size_t listeners) : expected_{listeners} {
    if (expected_ == 0)
      std::cout << "ready\n" << std::flush;
  }

  void add(config::Surface surface, const std::string& address) {
    const std::lock_guard lock{mutex_};
    if (said_)
      return; // a restarted interface binds the same addresses
    text_ += (surface == config::Surface::traders ? " http=" : " metrics=") + address;
    if (++bound_ < expected_)
      return;
    said_ = true;
    std::cout << "ready" << text_ << '\n' << std::flush;
  }

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
  explicit StopWatchdog(std::chrono::milliseconds limit) {
    thread_ = std::thread{[this, limit] {
      std::unique_lock lock{mutex_};
      if (done_.wait_for(lock, limit, [this] { return finished_; }))
        return;
      std::cerr << "stop took longer than " << limit.count() << " ms; ending now\n";
      ::_exit(exit_internal);
    }};
  }

  ~StopWatchdog() {
    {
      const std::lock_guard lock{mutex_};
      finished_ = true;
    }
    done_.notify_all();
    thread_.join();
  }

  StopWatchdog(const StopWatchdog&) = delete;
  StopWatchdog& operator=(const StopWatchdog&) = delete;

private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread thread_;
};

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nothing sets any
  return value == nullptr ? std::string{} : std::string{value};
}

std::string proxy_of(const std::string& url) {
  return adapters::transport::proxy_for(url, from_environment);
}

/// Throws the kill switch for everything, straight at the desk: it works while every actor hangs
/// and no interface answers.
void kill_all(actors::supervisor::TradingParts& trading, const messages::Context& context,
              const std::string& person) {
  const auto cancelling = trading.desk->kill({.level = core::risk::KillLevel::all,
                                              .scope = {},
                                              .flatten = false,
                                              .person = person,
                                              .reason = "thrown from outside the interfaces",
                                              .ts = core::to_millis(context.clocks.wall())},
                                             {context.clocks.mono(), context.clocks.wall()});
  messages::publish_alert(context, messages::Severity::critical, "KILL_SWITCH", "all",
                          "thrown by " + person + "; " + std::to_string(cancelling.size())
                              + " orders are being cancelled");
}

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

void report(caf::actor_system& system, const messages::Context& context) {
  const auto log = context.directory->get<messages::EventLogHandle>(messages::paths::event_log);
  if (!log)
    return;
  caf::scoped_actor self{system};
  self->request(log, 2s, messages::GetOpportunities{.limit = 1'000'000, .pair = {}})
      .receive(
          [](const messages::OpportunityRecords& records) {
            print_opportunities(records, std::cout);
          },
          [](const caf::error&) { std::cout << "opportunities=unknown\n"; });
  std::cout << std::flush;
}

/// Notices that the configuration file was written again, and hands its pairs to the running
/// engine.
class ConfigWatch {
public:
  /// @param epoch of this run.
  ConfigWatch(const ConfigSource& source, messages::ContextPtr context, std::uint64_t epoch)
      : source_{source}, context_{std::move(context)}, epoch_{epoch} {
    seen_ = stamp();
  }

  void look() {
    const auto now = stamp();
    if (now == seen_)
      return;
    seen_ = now;
    const auto loaded = source_.load();
    for (const auto& mistake : loaded.mistakes)
      context_->log->write(core::LogLevel::error, "config_mistake",
                           {{"message", config::describe(mistake)}});
    if (!loaded.mistakes.empty()) {
      alert(messages::Severity::warning, "CONFIG_REFUSED",
            std::to_string(loaded.mistakes.size())
                + " mistakes, the first: " + config::describe(loaded.mistakes.front())
                + "; the running configuration is kept");
      return;
    }
    const auto pairs = context_->directory->get<messages::PairsHandle>(messages::paths::pairs);
    if (pairs)
      caf::anon_send(pairs, messages::ReloadPairs{loaded.config.pairs});
    if (const auto plans = context_->directory->get<messages::PlansHandle>(messages::paths::plans))
      caf::anon_send(
          plans, messages::ReloadPlans{actors::supervisor::plans_of_run(loaded.config, epoch_)});
    alert(messages::Severity::info, "CONFIG_RELOADED",
          std::to_string(loaded.config.pairs.size()) + " pairs and "
              + std::to_string(loaded.config.plans.size())
              + " plans of the file; other keys need a restart");
  }

private:
  /// Unreadable for a moment (an editor replaces the file) is no change.
  [[nodiscard]] std::filesystem::file_time_type stamp() const {
    std::error_code problem;
    const auto written = std::filesystem::last_write_time(source_.file, problem);
    return problem ? seen_ : written;
  }

  void alert(messages::Severity severity, std::string code, std::string text) const {
    context_->log->write(core::LogLevel::info, code, {{"message", text}});
    const auto bus
        = context_->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
    if (bus)
      caf::anon_send(bus, messages::EngineAlert{.severity = severity,
                                                .code = std::move(code),
                                                .message = std::move(text),
                                                .pair = {},
                                                .source = source_.file,
                                                .ts = core::to_millis(context_->clocks.wall())});
  }

  const ConfigSource& source_;
  messages::ContextPtr context_;
  std::uint64_t epoch_;
  std::filesystem::file_time_type seen_{};
};

/// Has the journal compacted now and then, on a thread of its own: a kill must not wait for a disk.
class Upkeep {
public:
  Upkeep(std::function<core::MonoTime()> clock, std::function<void()> work)
      : clock_{std::move(clock)}, work_{std::move(work)}, next_{clock_() + interval} {}

  ~Upkeep() {
    if (thread_.joinable())
      thread_.join();
  }

  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  void look() {
    if (!work_ || clock_() < next_)
      return;
    next_ = clock_() + interval;
    if (thread_.joinable())
      thread_.join(); // ended long ago
    thread_ = std::thread{work_};
  }

private:
  static constexpr std::chrono::hours interval{6};

  std::function<core::MonoTime()> clock_;
  std::function<void()> work_;
  core::MonoTime next_;
  std::thread thread_;
};

/// Sleeps until a signal to end or until `gave_up`; true = a signal. SIGUSR1 and the kill file
/// throw the kill switch. @param look is called several times a second.
bool wait_for_end(const sigset_t& signals, const std::atomic<bool>& gave_up, KillFile kill_file,
                  const std::function<void(const std::string&)>& kill,
                  const std::function<void()>& look) {
  while (!gave_up) {
    const timespec patience{.tv_sec = 0, .tv_nsec = 200'000'000};
    const int number = sigtimedwait(&signals, nullptr, &patience);
    if (number == SIGINT || number == SIGTERM)
      return true;
    if (number == SIGUSR1)
      kill("signal");
    if (kill_file.appeared())
      kill("file");
    look();
  }
  return false;
}

/// What the tree would fail on again and again is better said at once: a taken address, a state
/// directory that cannot be used. exit_ok when all is there.
int check_resources(const config::Config& config, adapters::transport::Io& io) {
  for (const auto& listener : config.listeners) {
    const auto bound = adapters::transport::serve_http(io, listener.address, {}, {});
    if (bound)
      continue;
    std::cerr << core::describe(bound.error()) << '\n';
    return exit_unavailable;
  }
  const auto store = adapters::journal::PairStore::open(config.engine.state_dir);
  if (store)
    return exit_ok;
  std::cerr << core::describe(store.error()) << '\n';
  return exit_unavailable;
}

/// Null: nobody wants the engine to end at a numbered operation.
core::Result<std::unique_ptr<CrashPoints>> find_crash_point(const config::Config& config) {
  const auto wish = from_environment("TANDEM_CRASH_AT");
  if (wish.empty())
    return std::unique_ptr<CrashPoints>{};
  if (config.mode != config::Mode::mock)
    return core::fail(core::Errc::configuration, "is for mode mock only", "TANDEM_CRASH_AT");
  const auto spec = parse_crash_spec(wish);
  if (!spec)
    return tl::unexpected{spec.error()};
  return std::make_unique<CrashPoints>(*spec);
}

/// The private side's ways out when they are counted; else empty.
struct CountedTransport {
  CountedTransport(CrashPoints* crash, adapters::transport::Strand& real_strand,
                   adapters::transport::WebSocketConnector& real_connector,
                   adapters::transport::HttpClient& real_http) {
    if (crash == nullptr)
      return;
    strand = crash->timers(real_strand);
    connector = crash->connector(real_connector, real_strand);
    http = crash->http(real_http, real_strand);
  }

  std::unique_ptr<adapters::transport::Strand> strand;
  std::unique_ptr<adapters::transport::WebSocketConnector> connector;
  std::unique_ptr<adapters::transport::HttpClient> http;
};

/// From the first actor to the last. @return the exit code
int run_tree(actors::supervisor::EngineParts& parts, const ConfigSource& source,
             const sigset_t& signals, core::Log& log) {
  const auto& config = parts.config;
  const auto& context = parts.context;
  std::atomic<bool> gave_up{false};
  std::unique_ptr<StopWatchdog> watchdog;
  {
    caf::actor_system_config caf_config;
    actors::supervisor::set_scheduling(caf_config, config.engine.worker_threads);
    caf::actor_system system{caf_config};
    log.write(core::LogLevel::info, "engine_starting",
              {{"version", TANDEM_VERSION}, {"name", config.engine.name}});
    auto root = actors::supervisor::start_engine(system, parts);
    root->attach_functor([&gave_up](const caf::error& reason) {
      if (reason && reason != caf::exit_reason::user_shutdown)
        gave_up = true;
    });
    ConfigWatch watch{source, context,
                      parts.trading ? parts.trading->desk->epoch() : std::uint64_t{0}};
    Upkeep upkeep{context->clocks.mono,
                  parts.trading ? parts.trading->compact_journal : std::function<void()>{}};
    actors::supervisor::ActorWatch actor_watch{context};
    const bool asked = wait_for_end(
        signals, gave_up, KillFile{config.engine.state_dir},
        [&parts, &context](const std::string& person) {
          if (parts.trading)
            kill_all(*parts.trading, *context, person);
        },
        [&] {
          actor_watch.look();
          watch.look();
          upkeep.look();
        });
    if (asked && config.engine.report_on_exit)
      report(system, *context);
    log.write(core::LogLevel::info, asked ? "engine_stopping" : "engine_gave_up", {});
    watchdog = std::make_unique<StopWatchdog>(config.engine.stop_timeout);
    caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    // Held until it has closed its children in order: an actor that nobody refers to ends at once.
    caf::scoped_actor closing{system};
    closing->wait_for(root);
    root = nullptr;
    // The destructor of the system waits for every actor.
  }
  context->directory->clear();
  log.write(core::LogLevel::info, "engine_stopped", {});
  return gave_up ? exit_internal : exit_ok;
}

messages::ContextPtr make_context(const core::Clocks& clocks, core::Log& log,
                                  const std::string& mode) {
  auto context = std::make_shared<messages::Context>();
  context->clocks = clocks;
  context->random = machine_random();
  context->log = &log;
  context->board = std::make_shared<core::market::Board>();
  context->directory = std::make_shared<messages::Directory>();
  context->cells = std::make_shared<messages::CellRegistry>();
  context->mode = mode;
  return context;
}

/// The trading side with its keys; the exit code when it cannot be had.
tl::expected<std::shared_ptr<actors::supervisor::TradingParts>, int>
find_trading(const config::Config& config, CrashPoints* crash,
             const messages::ContextPtr& context) {
  const auto refuse = [](const core::Error& why, int code) {
    std::cerr << core::describe(why) << '\n';
    return tl::unexpected{code};
  };
  auto keys = find_keys(config, from_environment);
  if (!keys)
    return refuse(keys.error(), exit_configuration);
  auto vault = open_vault(config, from_environment, **keys);
  if (!vault)
    return refuse(vault.error(), exit_configuration);
  auto files = journal_files(config);
  if (crash != nullptr)
    files = crash->files(std::move(files));
  auto trading = open_trading(config, std::move(files), *std::move(keys), context, TANDEM_VERSION);
  if (!trading)
    return refuse(trading.error(), exit_unavailable);
  if (*trading)
    (*trading)->vault = *std::move(vault);
  return *std::move(trading);
}

} // namespace

int run_engine(const config::Config& config, const ConfigSource& source) {
  const auto signals = block_signals();
  const auto clocks = machine_clocks();
  const std::string mode{config::to_string(config.mode)};
  const auto log = make_log(config.log, mode, clocks);
  const auto context = make_context(clocks, *log, mode);

  auto crash = find_crash_point(config);
  if (!crash) {
    std::cerr << core::describe(crash.error()) << '\n';
    return exit_configuration;
  }

  // In the order of need: the threads below outlive the sockets on them, those the actors that use
  // them.
  adapters::transport::Io venue_io{"venues", clocks};
  adapters::transport::Io api_io{"api", clocks};
  const auto connector = adapters::transport::make_websocket_connector(venue_io);
  const auto http = adapters::transport::make_http_client(venue_io);
  const CountedTransport counted{crash->get(), venue_io, *connector, *http};
  ReadyLine ready{config.listeners.size()};
  actors::supervisor::EngineParts parts;
  parts.context = context;
  parts.config = config;
  parts.venue_strand = &venue_io;
  parts.connector = connector.get();
  parts.http = http.get();
  parts.private_strand = counted.strand.get();
  parts.private_connector = counted.connector.get();
  parts.private_http = counted.http.get();
  parts.api_io = &api_io;
  parts.version = TANDEM_VERSION;
  parts.proxy_for = proxy_of;
  parts.on_listening = [&ready](config::Surface surface, const std::string& address) {
    ready.add(surface, address);
  };
  if (const auto made = actors::supervisor::make_markets(parts); !made) {
    std::cerr << core::describe(made.error()) << '\n';
    return exit_configuration;
  }
  if (const int problem = check_resources(config, api_io); problem != exit_ok)
    return problem;
  auto trading = find_trading(config, crash->get(), context);
  if (!trading)
    return trading.error();
  parts.trading = *std::move(trading);
  return run_tree(parts, source, signals, *log);
}

} // namespace tandem::apps
