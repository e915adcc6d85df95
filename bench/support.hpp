/// What the measuring programs share: a clock, quantiles, command-line options, the machine's load,
/// and one JSON line per figure.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tandem::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

/// Processor time of this thread: what the neighbours take does not count, what they do to caches
/// does.
[[nodiscard]] inline std::int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  return time.tv_sec * ns_per_second + time.tv_nsec;
}

/// Runnable processes of the last minute: how much the neighbours disturb.
[[nodiscard]] inline double load_average() {
  double load = 0;
  std::ifstream{"/proc/loadavg"} >> load;
  return load;
}

/// The value that `per_mille` of the samples do not exceed. @param sorted ascending; empty gives 0.
template <class T>
[[nodiscard]] T quantile(const std::vector<T>& sorted, std::size_t per_mille) {
  if (sorted.empty())
    return T{};
  const auto rank = (sorted.size() * per_mille + 999) / 1000;
  return sorted[std::min(std::max<std::size_t>(rank, 1), sorted.size()) - 1];
}

/// Flat JSON object on one line of standard output.
class Figure {
public:
  explicit Figure(std::string_view bench) { add("bench", bench); }

  Figure& add(std::string_view key, std::string_view text) {
    line_ += fmt::format("{}\"{}\":\"{}\"", line_.empty() ? "" : ",", key, text);
    return *this;
  }

  template <class Number>
    requires std::is_arithmetic_v<Number>
  Figure& add(std::string_view key, Number number) {
    if constexpr (std::is_floating_point_v<Number>)
      line_ += fmt::format(",\"{}\":{:.1f}", key, number);
    else
      line_ += fmt::format(",\"{}\":{}", key, number);
    return *this;
  }

  /// Sorts the samples (ns) and adds what is quoted of a latency, in microseconds.
  Figure& add_latency(std::vector<std::int64_t>& samples) {
    constexpr double ns_per_us = 1'000;
    std::ranges::sort(samples);
    add("samples", samples.size());
    for (const auto& [name, per_mille] :
         {std::pair{"p50_us", 500U}, {"p99_us", 990U}, {"p99_9_us", 999U}, {"max_us", 1000U}})
      add(name, static_cast<double>(quantile(samples, per_mille)) / ns_per_us);
    return *this;
  }

  /// Sorts what several rounds gave, and adds the median with its spread.
  Figure& add_rounds(std::string_view key, std::vector<double>& rounds) {
    std::ranges::sort(rounds);
    return add(key, quantile(rounds, 500))
        .add("lowest", rounds.front())
        .add("highest", rounds.back());
  }

  void print() {
    add("load1", load_average());
    std::cout << '{' << line_ << "}\n" << std::flush;
  }

private:
  std::string line_;
};

/// "--name VALUE" pairs. Ends the program with 64 on anything else.
class Options {
public:
  /// @param defaults every option there is.
  Options(int count, char** arguments, std::map<std::string, std::string> defaults)
      : values_{std::move(defaults)} {
    for (int i = 1; i < count; i += 2) {
      std::string_view name{arguments[i]};
      const auto found
          = name.starts_with("--") ? values_.find(std::string{name.substr(2)}) : values_.end();
      if (found == values_.end() || i + 1 == count) {
        std::cerr << "usage: " << arguments[0];
        for (const auto& [known, value] : values_)
          std::cerr << " [--" << known << " " << value << "]";
        std::cerr << '\n';
        std::exit(name == "--help" ? 0 : 64);
      }
      found->second = arguments[i + 1];
    }
  }

  [[nodiscard]] const std::string& text(const std::string& name) const { return values_.at(name); }

  /// Ends the program with 64 when it is no whole number above zero.
  [[nodiscard]] std::int64_t number(const std::string& name) const {
    const auto& text = values_.at(name);
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || number < 1) {
      std::cerr << "--" << name << ": not a whole number above zero: " << text << '\n';
      std::exit(64);
    }
    return number;
  }

private:
  std::map<std::string, std::string> values_;
};

/// Runs a program whose `run` throws what went wrong. @returns the exit code
template <class Run>
[[nodiscard]] int run_bench(std::string_view name, int count, char** arguments,
                            std::map<std::string, std::string> defaults, Run run) {
  const Options options{count, arguments, std::move(defaults)};
  try {
    return run(options);
  } catch (const std::exception& problem) {
    std::cerr << "bench_" << name << ": " << problem.what() << '\n';
    return 70;
  }
}

} // namespace tandem::bench
