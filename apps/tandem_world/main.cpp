// tandem-world: the engine in simulated worlds. Runs seeds, says which promise broke and how to see
// it again; runs back-tests.
#include "apps/tandem_world/backtest_command.hpp"
#include "apps/tandem_world/world.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace tandem::world;
using namespace std::chrono_literals;

namespace {

struct Options {
  std::uint64_t seed = 1, seeds = 1;
  std::optional<std::string> trace_file;
  std::optional<std::vector<std::size_t>> keep;
  std::string blame;
  bool stops = false, crashes = false, shrinks = false, calm = false, tells = false, digest = false;
  std::size_t jobs = 1, pairs = 20, plans = 2;
  std::int64_t seconds = 300;
};

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::string list_of(const std::vector<std::size_t>& places) {
  std::string text;
  for (const auto at : places)
    text += (text.empty() ? "" : ",") + std::to_string(at);
  return text.empty() ? "none" : text;
}

std::string again(const Options& options, std::uint64_t seed,
                  const std::optional<std::vector<std::size_t>>& keep) {
  return fmt::format("scripts/test simulation{} --seed {}{}", options.crashes ? " --crashes" : "",
                     seed, keep ? " --keep " + list_of(*keep) : std::string{});
}

void tell(const WorldOutcome& outcome, const Options& options) {
  for (std::size_t n = 0; n < outcome.faults.size(); ++n) {
    const bool out
        = options.keep
          && std::find(options.keep->begin(), options.keep->end(), n) == options.keep->end();
    if (!out)
      std::cout << fmt::format("  fault {}: {}\n", n, describe(outcome.faults[n]));
  }
  for (const auto& row : outcome.broken)
    std::cout << "  BROKEN " << row << '\n';
  std::cout << fmt::format("  {} lives, {} crashes, {} orders, {} fills, {} records at the sink's "
                           "destination, {} steps, {} trace lines, digest {:016x}\n",
                           outcome.lives, outcome.crashes, outcome.orders, outcome.fills,
                           outcome.records, outcome.steps, outcome.trace_lines, outcome.digest);
}

/// What all seeds came to.
struct Sum {
  std::mutex mutex;
  std::atomic<std::uint64_t> broken{0};
  std::uint64_t seeds = 0, lives = 0, crashes = 0, orders = 0, fills = 0, records = 0, faults = 0,
                steps = 0;
  std::chrono::nanoseconds virtual_time{0};
  std::uint64_t digests = 0; ///< of all, whatever their order

  void add(const WorldOutcome& outcome, const Options& options) {
    const std::lock_guard lock{mutex};
    ++seeds;
    if (!outcome.broken.empty())
      ++broken;
    lives += outcome.lives;
    crashes += outcome.crashes;
    orders += outcome.orders;
    fills += outcome.fills;
    records += outcome.records;
    faults += outcome.faults.size();
    steps += outcome.steps;
    virtual_time += outcome.virtual_time;
    digests += outcome.digest;
    if (options.digest)
      std::cout << fmt::format("{} {:016x}\n", outcome.seed, outcome.digest);
    if (outcome.broken.empty() && !options.tells)
      return;
    std::cout << fmt::format("seed {}{}\n", outcome.seed,
                             outcome.broken.empty() ? "" : ": a promise is broken");
    tell(outcome, options);
    if (!outcome.broken.empty())
      std::cout << "  again: " << again(options, outcome.seed, options.keep)
                << "    smaller: --shrink    every line: --trace FILE\n";
    std::cout << std::flush;
  }
};

WorldOptions world_of(const Options& options, std::uint64_t seed) {
  return {.seed = seed,
          .menu = options.crashes ? Menu::crashes : Menu::everything,
          .keep = options.keep,
          .blame = options.blame};
}

int run_seeds(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Sum sum;
  std::atomic<std::uint64_t> next{options.seed};
  const auto work = [&] {
    for (auto seed = next++; seed < options.seed + options.seeds; seed = next++) {
      std::ofstream trace;
      if (options.stops && sum.broken > 0)
        return;
      if (options.trace_file)
        trace.open(*options.trace_file);
      auto world = world_of(options, seed);
      world.trace = options.trace_file ? &trace : nullptr;
      sum.add(run_world(world), options);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < (options.trace_file ? 1 : options.jobs); ++n)
    threads.emplace_back(work);
  for (auto& thread : threads)
    thread.join();
  const auto took = std::chrono::steady_clock::now() - started;
  std::cout << fmt::format(
      "{} faults, {} crashes in {} lives, {} orders, {} fills, {} records at sinks' "
      "destinations, {} steps, digest {:016x}\n",
      sum.faults, sum.crashes, sum.lives, sum.orders, sum.fills, sum.records, sum.steps,
      sum.digests);
  std::cout << fmt::format("{} seeds: {} violations, {:.0f} s of virtual time, {:.1f} s of real "
                           "time\n",
                           sum.seeds, sum.broken.load(), seconds_of(sum.virtual_time),
                           seconds_of(took));
  return sum.broken == 0 ? 0 : 1;
}

int run_shrink(const Options& options) {
  const auto keep = shrink(world_of(options, options.seed));
  if (!keep) {
    std::cout << fmt::format("seed {} breaks no promise\n", options.seed);
    return 0;
  }
  auto smaller = options;
  smaller.keep = keep;
  const auto outcome = run_world(world_of(smaller, options.seed));
  std::cout << fmt::format("seed {}: {} of {} faults are enough\n", options.seed, keep->size(),
                           outcome.faults.size());
  tell(outcome, smaller);
  std::cout << "  again: " << again(options, options.seed, keep) << '\n';
  return 1;
}

int run_for_speed(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  const auto outcome
      = run_calm(options.seed, options.pairs, options.plans, std::chrono::seconds{options.seconds});
  const auto took = std::chrono::steady_clock::now() - started;
  tell(outcome, options);
  std::cout << fmt::format("4 markets, {} pairs, {} plans: {:.0f} s of virtual time in {:.2f} s: "
                           "{:.0f} times real time\n",
                           options.pairs, options.plans, seconds_of(outcome.virtual_time),
                           seconds_of(took), seconds_of(outcome.virtual_time) / seconds_of(took));
  return outcome.broken.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  std::string keep;
  CLI::App app{"Runs the engine in simulated worlds: real actors and codecs, virtual time, faults "
               "and crashes drawn from a seed. Exit 1 when a promise broke."};
  app.add_option("--seed", options.seed, "the first seed");
  app.add_option("--seeds", options.seeds, "how many from there");
  app.add_option("--jobs", options.jobs, "worlds at the same time, one thread each");
  auto* kept = app.add_option("--keep", keep, "only these faults of the list, as 0,3,7 or none");
  app.add_option("--trace", options.trace_file, "write every line of the (last) world there");
  app.add_flag("--crashes", options.crashes,
               "the process dies at numbered operations, nothing else");
  app.add_flag("--stop", options.stops, "begin no further seed after one that broke a promise");
  app.add_option("--blame", options.blame,
                 "a fault whose words contain this counts as a broken promise (to try the report)");
  app.add_flag("--shrink", options.shrinks, "find a smaller list of faults that still breaks it");
  app.add_flag("--tell", options.tells, "say of every seed what happened");
  app.add_flag("--digest", options.digest, "print the digest of every seed's trace");
  app.add_flag("--speed", options.calm, "one large world without faults, for its speed");
  app.add_option("--pairs", options.pairs, "of --speed");
  app.add_option("--plans", options.plans, "of --speed");
  app.add_option("--seconds", options.seconds, "of --speed: virtual seconds");
  BacktestCommand backtest;
  auto* test = app.add_subcommand(
      "backtest", "runs a configuration against a scenario's markets and reports what it came to");
  test->add_option("config", backtest.config, "the engine's configuration file")->required();
  test->add_option("--scenario", backtest.scenario,
                   "generated markets (default: the configuration's simulator)");
  test->add_option("--capture", backtest.capture,
                   "the markets of a captured run (tandem run --capture) instead of a scenario")
      ->excludes("--scenario");
  test->add_option("--seconds", backtest.seconds, "of virtual time")
      ->check(CLI::Range(1, 10'000'000));
  test->add_option("--latency-us", backtest.latency_us, "one way, at least");
  test->add_option("--jitter-us", backtest.jitter_us, "on top of it, at most");
  test->add_option("--seed", backtest.seed, "of latency and order of work");
  test->add_option("--json", backtest.json, "write the report there");
  test->add_option("--html", backtest.html, "write the report there, as a page");
  CLI11_PARSE(app, argc, argv);
  if (test->parsed())
    return run_backtest_command(backtest);
  if (kept->count() > 0) {
    options.keep.emplace();
    std::string number;
    for (const char c : keep + ',') {
      if (c >= '0' && c <= '9') {
        number += c;
      } else if (!number.empty()) {
        options.keep->push_back(std::stoul(number));
        number.clear();
      }
    }
  }
  if (options.calm)
    return run_for_speed(options);
  return options.shrinks ? run_shrink(options) : run_seeds(options);
}
