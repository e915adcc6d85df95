/// tandem-sim: the simulated venues on loopback. Command line, signals and exit codes only.
#include "apps/tandem_sim/recording.hpp"
#include "apps/tandem_sim/server.hpp"

#include <CLI/CLI.hpp>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

namespace {

namespace sim = tandem::sim;
namespace transport = tandem::adapters::transport;

constexpr int exit_usage = 64;
constexpr int exit_unavailable = 69;
constexpr int exit_configuration = 78;

void say(const std::string& line) {
  std::cout << line << '\n' << std::flush;
}

/// Wall time at the start, carried on by the monotonic clock: it never goes back.
sim::Now steady_wall_time() {
  const auto wall
      = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const auto mono = std::chrono::steady_clock::now();
  return [wall, mono] { return wall + (std::chrono::steady_clock::now() - mono); };
}

tandem::core::Clocks machine_clocks() {
  return {[] {
            return std::chrono::time_point_cast<std::chrono::nanoseconds>(
                std::chrono::steady_clock::now());
          },
          [] {
            return std::chrono::time_point_cast<std::chrono::nanoseconds>(
                std::chrono::system_clock::now());
          }};
}

int run(const std::string& path, const std::vector<sim::Setting>& settings) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value
        = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nothing sets any
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  auto loaded = sim::load_scenario(path, settings, environment);
  for (const auto& mistake : loaded.mistakes)
    std::cerr << sim::describe(mistake) << '\n';
  if (!loaded.mistakes.empty())
    return exit_configuration;
  std::unique_ptr<sim::LineSource> recording;
  if (loaded.scenario.replay) {
    auto opened = sim::open_recordings(loaded.scenario.replay->sources);
    if (!opened) {
      std::cerr << path << ": replay.sources: " << tandem::core::describe(opened.error()) << '\n';
      return exit_configuration;
    }
    recording = std::move(*opened);
  }
  // Blocked before any thread starts, so that only sigwait below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  transport::Io io{"sim", machine_clocks()};
  auto server = sim::serve(io, loaded.scenario, std::move(recording), steady_wall_time(), say);
  if (!server) {
    std::cerr << tandem::core::describe(server.error()) << '\n';
    return exit_unavailable;
  }
  say("ready " + (*server)->addresses());
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulated venues: Binance spot and USD-M, Bybit spot and linear."};
  app.require_subcommand(1);
  auto* command = app.add_subcommand("run", "serve a scenario until SIGTERM or SIGINT");
  std::string path;
  std::vector<std::string> sets;
  command->add_option("scenario", path, "YAML file")->required();
  command->add_option("--set", sets, "KEY=VALUE, overrides one value of the scenario")
      ->take_all()
      ->allow_extra_args(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  std::vector<sim::Setting> settings;
  for (const auto& set : sets) {
    const auto equals = set.find('=');
    if (equals == 0 || equals == std::string::npos) {
      std::cerr << "--set " << set << ": must be KEY=VALUE\n";
      return exit_usage;
    }
    settings.push_back({set.substr(0, equals), set.substr(equals + 1)});
  }
  return run(path, settings);
}
