#include "apps/tandem/engine.hpp"

#include "actors/api/grpc.hpp"
#include "actors/supervisor/actor_watch.hpp"
#include "actors/supervisor/root.hpp"
#include "adapters/transport/http_server.hpp"
#include "apps/tandem/config_desk.hpp"
#include "apps/tandem/config_watch.hpp"
#include "apps/tandem/crash_points.hpp"
#include "apps/tandem/log_backend.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/report.hpp"
#include "apps/tandem/security.hpp"
#include "apps/tandem/sinks.hpp"
#include "apps/tandem/trading.hpp"
#include "apps/tandem/tree_run.hpp"
#include "config/endpoint.hpp"
#include "messages/strategy.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace tandem::apps {
namespace {

using namespace std::chrono_literals;

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

/// The markets' ways in when a sink captures what comes; else empty.
struct TappedTransport {
  TappedTransport(const std::shared_ptr<const adapters::sinks::capture::Tap>& tap,
                  adapters::transport::WebSocketConnector& real_connector,
                  adapters::transport::HttpClient& real_http) {
    if (!tap)
      return;
    connector = adapters::sinks::capture::tapped(real_connector, tap);
    http = adapters::sinks::capture::tapped(real_http, tap);
  }

  std::unique_ptr<adapters::transport::WebSocketConnector> connector;
  std::unique_ptr<adapters::transport::HttpClient> http;
};

adapters::transport::ThreadPlace trading_place(const config::EngineConfig& engine) {
  return {engine.trading_cpus, false};
}

adapters::transport::ThreadPlace serving_place(const config::EngineConfig& engine) {
  return {engine.serving_cpus, true};
}

core::Result<void> check_cpus(const config::EngineConfig& engine) {
  for (const auto& [key, cpus] : {std::pair{"engine.trading_cpus", &engine.trading_cpus},
                                  std::pair{"engine.serving_cpus", &engine.serving_cpus}})
    if (auto possible = adapters::transport::usable(*cpus); !possible) {
      possible.error().source = key;
      return possible;
    }
  return {};
}

/// From the first actor to the last. @return the exit code
int run_parts(actors::supervisor::EngineParts& parts, const ConfigSource& source,
              ConfigDesk& config_desk, const sigset_t& signals) {
  const auto& config = parts.config;
  const auto& context = parts.context;
  ConfigWatch watch{source.file};
  KeyWatch keys{config, context, parts.guard};
  std::optional<Upkeep> upkeep{std::in_place, context->clocks.mono,
                               parts.trading ? parts.trading->compact_journal
                                             : std::function<void()>{}};
  actors::supervisor::ActorWatch actor_watch{context};
  TreeRun run;
  run.name = "engine";
  run.workers = config.engine.worker_threads;
  run.place = trading_place(config.engine);
  run.stop_timeout = config.engine.stop_timeout;
  run.start = [&](caf::actor_system& system) {
    context->log->write(core::LogLevel::info, "engine_starting",
                        {{"version", TANDEM_VERSION}, {"name", config.engine.name}});
    return actors::supervisor::start_engine(system, parts);
  };
  run.watches.state_dir = config.engine.state_dir;
  run.watches.kill = [&parts, &context](const std::string& person) {
    if (parts.trading)
      kill_all(*parts.trading, *context, person);
  };
  run.watches.look = [&] {
    actor_watch.look();
    if (watch.changed()) {
      take_over(source.load(), source.file, *context,
                parts.trading ? parts.trading->desk->epoch() : std::uint64_t{0});
      config_desk.taken_over();
    }
    keys.look();
    upkeep->look();
  };
  if (config.engine.report_on_exit)
    run.before_end = [&context](caf::actor_system& system) { report(system, *context); };
  run.after_close = [&upkeep] { upkeep.reset(); }; // its thread has no more time than the rest
  return run_tree(run, *context, signals);
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

/// The socket of tandem-console, in the state directory.
config::ListenerConfig console_listener(const config::Config& config) {
  config::ListenerConfig listener;
  listener.surface = config::Surface::console;
  listener.address
      = "unix:"
        + std::filesystem::absolute(config.engine.state_dir / std::filesystem::path{"console.sock"})
              .string();
  return listener;
}

/// With the engine's own listeners beside those of the file.
std::vector<config::ListenerConfig> all_listeners(const config::Config& config, core::Log& log) {
  auto listeners = config.listeners;
  auto console = console_listener(config);
  if (console.address.size() <= config::unix_address_max)
    listeners.push_back(std::move(console));
  else
    log.write(core::LogLevel::warning, "no_console",
              {{"reason", "engine.state_dir is too long for a socket: " + console.address}});
  return listeners;
}

} // namespace

int run_engine(const config::Config& config, const ConfigSource& source) {
  const auto signals = block_signals();
  use_all_descriptors();
  const auto clocks = machine_clocks();
  const std::string mode{config::to_string(config.mode)};
  const auto log = make_log(config.log, mode, clocks);
  const auto context = make_context(clocks, machine_random(), *log, config.mode);

  auto crash = find_crash_point(config);
  if (!crash) {
    std::cerr << core::describe(crash.error()) << '\n';
    return exit_configuration;
  }

  if (const auto possible = check_cpus(config.engine); !possible) {
    std::cerr << core::describe(possible.error()) << '\n';
    return exit_configuration;
  }
  const auto serving = serving_place(config.engine);

  // In the order of need: the threads below outlive the sockets on them, those the actors that use
  // them.
  adapters::transport::Io venue_io{"venues", clocks, trading_place(config.engine)};
  adapters::transport::Io api_io{"api", clocks, serving};
  adapters::transport::Io sinks_io{"sinks", clocks, serving};
  tell_faults(venue_io, "venues", *log);
  tell_faults(api_io, "api", *log);
  tell_faults(sinks_io, "sinks", *log);
  const auto sinks_http = adapters::transport::make_http_client(sinks_io);
  const auto connector = adapters::transport::make_websocket_connector(venue_io);
  const auto http = adapters::transport::make_http_client(venue_io);
  const CountedTransport counted{crash->get(), venue_io, *connector, *http};
  auto sinks = make_sinks(config, from_environment, clocks, *sinks_http, proxy_of);
  if (!sinks) {
    std::cerr << core::describe(sinks.error()) << '\n';
    return exit_configuration;
  }
  const TappedTransport tapped{sinks->tap, *connector, *http};
  actors::supervisor::EngineParts parts;
  parts.context = context;
  parts.config = config;
  parts.config.listeners = all_listeners(config, *log);
  ReadyLine ready{parts.config.listeners.size()};
  parts.venue_strand = &venue_io;
  parts.connector = tapped.connector ? tapped.connector.get() : connector.get();
  parts.http = tapped.http ? tapped.http.get() : http.get();
  parts.private_strand = counted.strand.get();
  parts.private_connector = counted.connector ? counted.connector.get() : connector.get();
  parts.private_http = counted.http ? counted.http.get() : http.get();
  parts.tape = std::move(sinks->tape);
  parts.sinks = std::move(sinks->sinks);
  parts.serve = adapters::transport::serve_on(api_io);
  parts.serve_grpc = actors::serve_grpc(api_io, context);
  parts.serving = serving;
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
  auto guard = open_guard(config, context);
  if (!guard) {
    std::cerr << core::describe(guard.error()) << '\n';
    return guard.error().code == core::Errc::configuration ? exit_configuration : exit_unavailable;
  }
  parts.guard = *std::move(guard);
  const auto config_desk = std::make_shared<ConfigDesk>(source);
  parts.config_control = config_desk;
  if (config.mode == config::Mode::mock)
    parts.simulator = from_environment("SIM_ADMIN");
  return run_parts(parts, source, *config_desk, signals);
}

} // namespace tandem::apps
