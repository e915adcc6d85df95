/// Holds the running engine to a measured load: 150 instruments on one connection, 1,500 depth
/// frames a second, for as long as asked. Says what it costs and whether memory stays flat.
///
/// usage: bench_load [--seconds 30] [--instruments 150] [--rate 1500]
/// The market is in this process; its thread is not counted as the engine's. Memory is that of the
/// whole process, after the first seconds and at the end. Frame to publish: from just before a
/// frame is written to its book in a consumer's slot, every frame.
#include "bench/loopback.hpp"

#include <unistd.h>

#include <span>

namespace tandem::bench {
namespace {

constexpr auto settling = 5s; ///< books live, allocator and caches warm

[[nodiscard]] std::int64_t rss_kib() {
  std::int64_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  constexpr std::int64_t bytes_per_kib = 1024;
  return pages * sysconf(_SC_PAGESIZE) / bytes_per_kib;
}

[[nodiscard]] std::int64_t process_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  return time.tv_sec * ns_per_second + time.tv_nsec;
}

std::vector<VenueSymbol> make_symbols(std::int64_t count) {
  std::vector<VenueSymbol> symbols;
  for (std::int64_t i = 0; i < count; ++i)
    symbols.push_back({fmt::format("C{:04}USDT", i)});
  return symbols;
}

/// Latencies by bucket of a quarter microsecond up to 50 ms: memory does not grow with the run.
class Histogram {
public:
  void add(std::int64_t ns) {
    const auto bucket = std::min<std::size_t>(
        static_cast<std::size_t>(std::max<std::int64_t>(ns, 0) / width_ns), buckets - 1);
    ++counts_[bucket];
    ++total_;
    max_ns_ = std::max(max_ns_, ns);
  }

  [[nodiscard]] std::int64_t total() const noexcept { return total_; }

  [[nodiscard]] double max_us() const noexcept { return static_cast<double>(max_ns_) / 1'000; }

  /// Upper end of the bucket that holds it; beyond the last bucket the maximum.
  [[nodiscard]] double quantile_us(std::int64_t per_mille) const {
    const auto rank = (total_ * per_mille + 999) / 1000;
    std::int64_t seen = 0;
    for (std::size_t i = 0; i + 1 < buckets; ++i)
      if ((seen += counts_[i]) >= rank)
        return static_cast<double>(static_cast<std::int64_t>(i + 1) * width_ns) / 1'000;
    return max_us();
  }

private:
  static constexpr std::int64_t width_ns = 250;
  static constexpr std::size_t buckets = 200'000;

  std::vector<std::int64_t> counts_ = std::vector<std::int64_t>(buckets, 0);
  std::int64_t total_ = 0;
  std::int64_t max_ns_ = 0;
};

/// Random quantities on random levels near the best prices, one symbol after the other.
class Flow {
public:
  explicit Flow(LoopbackVenue& venue) : venue_{venue} {}

  void step() {
    constexpr std::uint64_t reach = 100;
    constexpr std::uint64_t quantity_max = 20;
    constexpr std::int64_t kept = 5; // the best ones never vanish: books stay two-sided
    std::array<LevelChange, 6> bids;
    std::array<LevelChange, 6> asks;
    const auto& symbol = venue_.symbols()[turn_];
    for (std::size_t i = 0; i < bids.size(); ++i) {
      bids[i] = change(symbol.bid, -1, random_() % reach, random_() % quantity_max, kept);
      asks[i] = change(symbol.ask, 1, random_() % reach, random_() % quantity_max, kept);
    }
    venue_.send(turn_, bids, asks);
    turn_ = (turn_ + 1) % venue_.symbols().size();
    ++sent_;
  }

  [[nodiscard]] std::int64_t sent() const noexcept { return sent_; }

private:
  static LevelChange change(std::int64_t best, std::int64_t sign, std::uint64_t away,
                            std::uint64_t quantity, std::int64_t kept) {
    const auto distance = static_cast<std::int64_t>(away);
    const auto size = static_cast<std::int64_t>(quantity);
    return {best + sign * distance, distance < kept ? size + 1 : size};
  }

  LoopbackVenue& venue_;
  std::size_t turn_ = 0;
  std::mt19937_64 random_{150};
  std::atomic<std::int64_t> sent_{0};
};

/// What the machine says at one moment.
struct Reading {
  std::int64_t at_ns = 0;
  std::int64_t process_ns = 0;
  std::int64_t market_ns = 0; ///< of it, the market's thread
  std::int64_t rss = 0;       ///< KiB
  std::int64_t sent = 0;
};

/// Waits for the market's thread, which reads its own processor time.
Reading read(adapters::transport::Io& market_io, const Flow& flow) {
  std::atomic<std::int64_t> market_ns{-1};
  market_io.post([&market_ns] { market_ns = thread_cpu_ns(); });
  while (market_ns < 0)
    std::this_thread::sleep_for(1ms);
  return {now_ns(), process_cpu_ns(), market_ns, rss_kib(), flow.sent()};
}

void print(const Reading& begin, const Reading& end, std::int64_t rss_max, const Histogram& times,
           const Options& options, std::size_t live) {
  const auto share = [&](std::int64_t ns) {
    return 100.0 * static_cast<double>(ns) / static_cast<double>(end.at_ns - begin.at_ns);
  };
  constexpr std::int64_t per_second = 1'000'000'000;
  Figure{"load"}
      .add("instruments", options.number("instruments"))
      .add("books_live", live)
      .add("seconds", (end.at_ns - begin.at_ns) / per_second)
      .add("frames_per_second", (end.sent - begin.sent) * per_second / (end.at_ns - begin.at_ns))
      .add("frames", end.sent - begin.sent)
      .add("published", times.total())
      .add("cpu_percent_engine",
           share(end.process_ns - begin.process_ns - (end.market_ns - begin.market_ns)))
      .add("cpu_percent_market", share(end.market_ns - begin.market_ns))
      .add("rss_kib_begin", begin.rss)
      .add("rss_kib_end", end.rss)
      .add("rss_kib_max", rss_max)
      .add("p50_us", times.quantile_us(500))
      .add("p99_us", times.quantile_us(990))
      .add("p99_9_us", times.quantile_us(999))
      .add("max_us", times.max_us())
      .print();
}

int run(const Options& options) {
  adapters::transport::Io market_io{"market", machine_clocks()};
  LoopbackVenue venue{market_io, make_symbols(options.number("instruments"))};
  Flow flow{venue};
  Histogram times;
  std::atomic<bool> measuring{false};
  std::atomic<std::size_t> live{0};
  std::vector<core::Symbol> symbols;
  for (const auto& symbol : venue.symbols())
    symbols.emplace_back(symbol.name);
  Engine engine{venue.address(), symbols, {}};
  for (const auto& symbol : symbols)
    engine.on_book(symbol, [&, was_live = false](const core::market::DepthView& view) mutable {
      const auto now = now_ns();
      const bool is_live = view.condition == core::market::BookCondition::live;
      if (is_live != std::exchange(was_live, is_live))
        is_live ? ++live : --live;
      const auto sent = venue.sent_ns(view.venue_sequence);
      if (is_live && measuring && sent != 0)
        times.add(now - sent);
    });
  wait_until("all symbols are subscribed", [&] { return venue.subscribed() == symbols.size(); });
  std::atomic<bool> stop{false};
  std::atomic<bool> stopped{false};
  const auto step = [&] {
    flow.step();
    return !stop;
  };
  Pacer::start(market_io, options.number("rate"), step, [&stopped] { stopped = true; });
  wait_until("all books are live", [&] { return live == symbols.size(); });
  std::this_thread::sleep_for(settling);
  measuring = true;
  const auto begin = read(market_io, flow);
  auto rss_max = begin.rss;
  for (const auto end = begin.at_ns + options.number("seconds") * 1'000'000'000; now_ns() < end;) {
    std::this_thread::sleep_for(250ms);
    rss_max = std::max(rss_max, rss_kib());
  }
  const auto end = read(market_io, flow);
  measuring = false;
  const auto live_at_end = live.load();
  stop = true;
  wait_until("the flow has stopped", [&stopped] { return stopped.load(); });
  std::this_thread::sleep_for(200ms); // the last frame is published
  print(begin, end, rss_max, times, options, live_at_end);
  return live_at_end == symbols.size() ? 0 : 1;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench("load", count, arguments,
                                  {{"seconds", "30"}, {"instruments", "150"}, {"rate", "1500"}},
                                  tandem::bench::run);
}
