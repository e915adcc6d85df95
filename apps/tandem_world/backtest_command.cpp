#include "apps/tandem_world/backtest_command.hpp"

#include "apps/tandem_world/backtest.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

namespace tandem::world {
namespace {

constexpr int exit_broken = 1;
constexpr int exit_data = 65;
constexpr int exit_cannot_write = 73;
constexpr int exit_configuration = 78;

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nothing sets any
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty())
    return true;
  std::ofstream file{path};
  file << text;
  file.flush();
  if (!file)
    std::cerr << path << ": cannot be written\n";
  return static_cast<bool>(file);
}

} // namespace

int run_backtest_command(const BacktestCommand& command) {
  auto config = config::load_file(command.config, environment);
  for (const auto& mistake : config.mistakes)
    std::cerr << config::describe(mistake) << '\n';
  if (!config.mistakes.empty())
    return exit_configuration;
  auto file = std::filesystem::path{command.scenario};
  sim::Scenario played;
  if (!command.capture.empty()) {
    file = command.capture;
  } else {
    if (command.scenario.empty()) {
      if (config.config.simulator.empty()) {
        std::cerr << command.config
                  << ": names no scenario (simulator:); say which with --scenario\n";
        return exit_configuration;
      }
      file = std::filesystem::path{command.config}.parent_path() / config.config.simulator;
    }
    auto scenario = sim::load_scenario(file.string(), {}, environment);
    for (const auto& mistake : scenario.mistakes)
      std::cerr << sim::describe(mistake) << '\n';
    if (!scenario.mistakes.empty())
      return exit_configuration;
    played = std::move(scenario.scenario);
  }

  BacktestOptions options;
  options.title = config.config.engine.name + ", " + file.filename().string();
  options.config = std::move(config.config);
  options.scenario = std::move(played);
  options.capture = command.capture;
  options.seed = command.seed;
  options.latency = std::chrono::microseconds{command.latency_us};
  options.jitter = std::chrono::microseconds{command.jitter_us};
  options.length = std::chrono::seconds{command.seconds};
  const auto result = run_backtest(std::move(options));
  if (!result) {
    std::cerr << core::describe(result.error()) << '\n';
    return exit_data;
  }
  std::cout << as_text(result->report);
  for (const auto& row : result->broken)
    std::cout << "BROKEN " << row << '\n';
  std::cout << fmt::format(
      "{} s of virtual time, digest {:016x}\n",
      std::chrono::duration_cast<std::chrono::seconds>(result->virtual_time).count(),
      result->digest);
  if (!write_file(command.json, as_json(result->report))
      || !write_file(command.html, as_html(result->report)))
    return exit_cannot_write;
  return result->broken.empty() ? 0 : exit_broken;
}

} // namespace tandem::world
