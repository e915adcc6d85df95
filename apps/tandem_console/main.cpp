/// The program `tandem-console`: its command line. Without a command it takes the terminal over.
#include "adapters/console/client.hpp"
#include "apps/tandem_console/commands.hpp"
#include "apps/tandem_console/interactive.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tandem;

constexpr const char* default_address = "unix:run/state/console.sock";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nothing sets any
  return value == nullptr ? std::string{} : std::string{value};
}

void wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

/// The commands, as CLI11 knows them.
class Commands {
public:
  explicit Commands(CLI::App& app) : app_{app} {
    plain("tree", "every actor: state, restarts, mailbox, handling times");
    about("actor", "one actor: counters and its last messages", "PATH");
    auto& top = plain("top", "the busiest actors, by messages a second");
    top.add_option("--interval", interval_ms_, "milliseconds between its two looks")
        ->check(CLI::Range(1, 60'000));
    limit(top);
    plain("pairs", "all pairs and what holds them");
    plain("plans", "TWAP plans");
    limit(plain("orders", "the latest orders"));
    plain("breakers", "circuit breakers");
    plain("sinks", "Kafka, InfluxDB, MongoDB: delivered, waiting, lost");
    plain("venues", "markets with their feeds and order gateways");
    auto& log = plain("log", "the last lines of the engine's log");
    limit(log);
    category(log);
    about("pause", "pauses the pairs and plans that depend on an actor", "PATH");
    about("resume", "ends every pause of theirs that waits for a person", "PATH");
    about("restart", "restarts an actor in order, through its supervisor", "PATH");
    about("kill", "ends an actor the hard way; mode mock only", "PATH");
    about("trip", "opens a circuit breaker", "BREAKER");
    about("reset", "lets a circuit breaker try again", "BREAKER");
    about("decide", "says how an order ended of which the exchange does not tell it", "ORDER")
        .add_option("STATUS", line_.status, "filled, cancelled, expired or rejected")
        ->required();
    kill_switch();
    drill();
    config();
    auto& watch = about("watch",
                        "events as they happen, one JSON line each: engine_alert, "
                        "order_filled, ..., all, or log",
                        "EVENT");
    watch.add_option("--count", line_.count, "ends after so many");
    category(watch);
  }

  /// nullptr: none was asked for.
  [[nodiscard]] const apps::CommandLine* chosen() {
    for (const auto* command : app_.get_subcommands())
      line_.name = command->get_name();
    if (line_.name == "config")
      for (const auto* command : config_->get_subcommands())
        line_.name = "config-" + command->get_name();
    line_.interval = std::chrono::milliseconds{interval_ms_};
    return line_.name.empty() ? nullptr : &line_;
  }

  [[nodiscard]] apps::CommandLine& line() noexcept { return line_; }

private:
  CLI::App& plain(const char* name, const char* text) { return *app_.add_subcommand(name, text); }

  CLI::App& about(const char* name, const char* text, const char* subject) {
    auto& command = plain(name, text);
    command.add_option(subject, line_.subject)->required();
    return command;
  }

  void limit(CLI::App& command) {
    command.add_option("--limit", line_.limit, "at most so many")->check(CLI::Range(1, 1'000));
  }

  void category(CLI::App& command) {
    command
        .add_option("--category", line_.category,
                    "of the log only errors, only measurements, or only what else happened")
        ->check(CLI::IsMember({"error", "performance", "event"}));
  }

  void kill_switch() {
    auto& command = plain("kill-switch", "no new orders, cancel what works: of all, a venue, a "
                                         "strategy");
    command.add_option("--level", line_.level, "all, venue or strategy");
    command.add_option("--scope", line_.scope, "which venue, pair or plan");
    command.add_option("--reason", line_.reason, "for the record");
    command.add_flag("--flatten", line_.flatten, "also bring positions to zero");
    command.add_flag("--release", line_.release, "lift it instead");
  }

  void drill() {
    auto& command = about("drill",
                          "makes a simulated venue fail (disconnect, gap, silence, ...), "
                          "or 'off'; mode mock only",
                          "FAULT");
    command.add_option("--surface", line_.scope,
                       "binance_spot, binance_linear, bybit_spot, "
                       "bybit_linear");
    command.add_option("--symbol", line_.symbol, "only of this one");
    command.add_option("--count", line_.count, "so many times");
    command.add_option("--for-ms", line_.for_ms, "so long");
  }

  void config() {
    config_ = &plain("config", "the configuration of the running engine");
    config_->require_subcommand(1);
    config_->add_subcommand("diff", "what the file would change now");
    config_->add_subcommand("stage", "looks at a new file and keeps it to be applied")
        ->add_option("FILE", line_.subject)
        ->required();
    config_->add_subcommand("apply", "puts the staged one in the file's place");
  }

  CLI::App& app_;
  CLI::App* config_ = nullptr;
  apps::CommandLine line_;
  int interval_ms_ = 1'000;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A window onto a running engine. Without a command it is interactive; ? shows the "
               "keys.",
               "tandem-console"};
  app.fallthrough(); // before the commands, which inherit it: options may stand behind them
  app.set_version_flag("--version", TANDEM_VERSION);
  adapters::console::ClientOptions options;
  options.address = from_environment("TANDEM_CONSOLE");
  if (options.address.empty())
    options.address = default_address;
  options.key = from_environment("TANDEM_KEY");
  app.add_option("--at", options.address,
                 "unix:PATH or host:port; or TANDEM_CONSOLE. A key of a remote engine is taken "
                 "from TANDEM_KEY")
      ->capture_default_str();
  app.add_option("--ca", options.ca_file, "PEM file of the authority behind a remote engine");
  app.add_option("--certificate", options.certificate_file,
                 "PEM file of a client's certificate, for an engine that asks for one");
  app.add_option("--certificate-key", options.certificate_key_file, "its private key");
  Commands commands{app};
  app.add_flag("--json", commands.line().json, "the engine's answer as it is");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? apps::exit_done : apps::exit_usage;
  }
  const auto client = adapters::console::make_client(options);
  if (!client) {
    std::cerr << "tandem-console: " << core::describe(client.error()) << '\n';
    return apps::exit_configuration;
  }
  if (const auto* line = commands.chosen())
    return apps::run_command(**client, *line, std::cout, std::cerr, wait);
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    std::cerr << "tandem-console: it is interactive only on a terminal; with a command it works "
                 "anywhere (--help)\n";
    return apps::exit_usage;
  }
  return apps::run_interactive(**client, options.address);
}
