/// Measures a sink: how many records a second go from the tape through the spool to a destination.
/// Also the load of the outage test (tests/integration/sink_outage_test.py), which breaks the
/// destination and this program while it runs.
///
/// usage: bench_sinks [--to spool|kafka|influx1|mongodb] [--at ADDRESS] [--records 200000]
///                    [--rounds 3] [--rate N] [--seconds 10] [--drain 60] [--batch 5000] [--dir
///                    DIR]
///   --to       spool: a destination that takes everything at once; kafka without --at: the cluster
///              within the client library. Default: both of these
///   --at       host:port of a server (scripts/services); database and user "tandem" where it has
///   such
///   --rate     records a second for --seconds instead of --records at once; one line of progress a
///   second
///   --drain    goes on until everything is delivered, or nothing was for so many seconds
///   --dir      of the spool; default: a folder that is removed. One that is given is gone on with
#include "bench/sink_load.hpp"
#include "bench/support.hpp"

#include <filesystem>
#include <random>
#include <thread>

namespace tandem::bench {
namespace {

using namespace std::chrono_literals;

std::uint64_t resident_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib;
    }
  return 0;
}

/// A folder that is removed, unless it was given.
class Folder {
public:
  explicit Folder(std::string given) : path_{std::move(given)}, own_{path_.empty()} {
    if (own_)
      path_ = std::filesystem::temp_directory_path()
              / ("tandem-sinks-" + std::to_string(std::random_device{}()));
  }

  ~Folder() {
    if (own_)
      std::filesystem::remove_all(path_);
  }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
  bool own_;
};

void say(std::string_view to, const LoadedSink& sink) {
  const auto stats = sink.stats();
  Figure{"sinks"}
      .add("to", to)
      .add("records", stats.records)
      .add("delivered", stats.delivered)
      .add("waiting", stats.waiting)
      .add("lost", stats.lost)
      .add("state", stats.state)
      .add("rss_kib", resident_kib())
      .print();
}

/// @param stalled without anything delivered, it gives up. @returns whether all was delivered
bool drain(const LoadedSink& sink, std::chrono::seconds stalled) {
  auto before = sink.stats();
  for (auto moved = Clock::now(); Clock::now() - moved < stalled;) {
    const auto stats = sink.stats();
    if (stats.waiting == 0)
      return true;
    if (stats.delivered != before.delivered)
      moved = Clock::now();
    before = stats;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

SinkPlace place_of(const Options& options, const std::string& to, const Folder& folder) {
  return {to, options.text("at"), folder.path(), static_cast<std::size_t>(options.number("batch"))};
}

/// All at once. @returns records a second, or nothing when it did not end in time
std::optional<double> burst(const Options& options, const std::string& to) {
  const Folder folder{options.text("dir")};
  core::sinks::Tape tape;
  LoadedSink sink{place_of(options, to, folder), tape};
  const auto records = static_cast<std::uint64_t>(options.number("records"));
  const auto begin = now_ns();
  for (std::uint64_t n = 0; n < records; ++n)
    tape.write(made_up_trade(n));
  while (sink.stats().records < records)
    std::this_thread::sleep_for(1ms);
  if (!drain(sink, std::chrono::seconds{options.number("drain")}))
    return std::nullopt;
  return static_cast<double>(records) * 1e9 / static_cast<double>(now_ns() - begin);
}

bool steady(const Options& options, const std::string& to) {
  const Folder folder{options.text("dir")};
  core::sinks::Tape tape;
  LoadedSink sink{place_of(options, to, folder), tape};
  TradesAtARate trades{tape, static_cast<std::uint64_t>(options.number("rate"))};
  for (auto left = options.number("seconds"); left > 0; --left) {
    say(to, sink);
    std::this_thread::sleep_for(1s);
  }
  trades.stop();
  const bool done = drain(sink, std::chrono::seconds{options.number("drain")});
  say(to, sink);
  return done;
}

int run(const Options& options) {
  std::vector<std::string> destinations{"spool", "kafka"};
  if (!options.text("to").empty())
    destinations = {options.text("to")};
  for (const auto& to : destinations) {
    if (!options.text("rate").empty()) {
      if (!steady(options, to))
        return 1;
      continue;
    }
    std::vector<double> rates;
    for (std::int64_t round = 0; round < options.number("rounds"); ++round) {
      const auto rate = burst(options, to);
      if (!rate) {
        std::cerr << to << ": not delivered in time\n";
        return 1;
      }
      rates.push_back(*rate);
    }
    const auto what
        = to == "kafka" && options.text("at").empty() ? "kafka, cluster within the library" : to;
    Figure{"sinks"}.add("to", what).add_rounds("records_per_second", rates).print();
  }
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run(tandem::bench::Options{count,
                                                   arguments,
                                                   {{"to", ""},
                                                    {"at", ""},
                                                    {"records", "200000"},
                                                    {"rounds", "3"},
                                                    {"rate", ""},
                                                    {"seconds", "10"},
                                                    {"drain", "60"},
                                                    {"batch", "5000"},
                                                    {"dir", ""}}});
}
