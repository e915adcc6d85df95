/// Measures the way of a price through the running engine: a market in this process writes depth
/// frames to its socket; some of them open an opportunity between two symbols; a listener at the
/// market bus hears it. Feed, book, slot, pair monitor, bus: all real, over real sockets.
///
/// usage: bench_frame_to_opportunity [--triggers 1000] [--rate 0] [--crowd 0] [--split 1]
///   --triggers   opportunities opened per rate
///   --rate       background frames per second; 0 = first 200, then 2,000
///   --crowd      rounds; each measures alone and then beside 1,000 WebSocket clients, 50 gRPC
///                streams and 3 consoles (bench/crowd.py), the next round the other way round, and
///                says by how much the decision changed. Rate 0 = 200.
///   --split      with --crowd: 1 = trading has the upper half of the processors, the interfaces
///                and the crowd have the lower (engine.trading_cpus and serving_cpus); 0 = all
///                run anywhere
/// Two figures per rate: frame to publish (the book in a consumer's slot, every frame) and frame to
/// opportunity (opened, at the listener), both from just before the frame is written. While an
/// opportunity is awaited, background frames leave the best prices alone: a consumer that skips an
/// intermediate state loses nothing. One that does not come within a second counts as missed.
#include "bench/loopback.hpp"

#include <optional>

namespace tandem::bench {
namespace {

constexpr std::int64_t missed_after_ns = 1'000'000'000;
constexpr std::int64_t calm_ns
    = 8'000'000; ///< shortest time between two triggers; as much again by chance

/// The two markets: AAA is wide, and a bid inside it pays more than BBB asks.
const std::vector<VenueSymbol> two_symbols{{"AAAUSDT", 9'900, 10'100}, {"BBBUSDT", 9'995, 10'000}};
constexpr std::size_t wide = 0;
constexpr LevelChange paying_bid{10'040, 10};
constexpr LevelChange no_bid{10'040, 0};

core::strategy::PairConfig the_pair() {
  const core::VenueId binance{"binance"};
  core::strategy::PairConfig pair;
  pair.id = core::PairId{"loopback"};
  pair.leg1 = {binance, core::MarketType::spot, core::Symbol{two_symbols[0].name}};
  pair.leg2 = {binance, core::MarketType::spot, core::Symbol{two_symbols[1].name}};
  pair.threshold = core::Decimal{5, 2};
  pair.quantity = core::Decimal{1, 0};
  pair.mode = core::strategy::PairMode::read_only;
  pair.options.leg1_fee = core::strategy::FeeRate{0};
  pair.options.leg2_fee = core::strategy::FeeRate{0};
  return pair;
}

/// Sends the frames of one rate. Steps run on the market's thread, on_opportunity on an actor's.
class Course {
public:
  Course(LoopbackVenue& venue, std::int64_t triggers) : venue_{venue}, triggers_{triggers} {
    samples_.reserve(static_cast<std::size_t>(triggers));
  }

  /// One frame. False when all is measured.
  bool step() {
    const auto now = now_ns();
    const auto phase = phase_.load(std::memory_order_acquire);
    const bool awaiting = phase == Phase::opening || phase == Phase::ending;
    if (awaiting && now - asked_ns_.load() > missed_after_ns) {
      ++missed_;
      phase_ = phase == Phase::opening ? Phase::open : Phase::quiet;
    } else if (!awaiting && now >= next_ns_) {
      if (phase == Phase::quiet && triggered_ == triggers_)
        return false;
      trigger(phase == Phase::quiet);
      next_ns_ = now + calm_ns + static_cast<std::int64_t>(random_() % calm_ns);
      return true;
    }
    background();
    return true;
  }

  void on_opportunity(const messages::Opportunity& event) {
    const auto now = now_ns();
    using core::strategy::OpportunityPhase;
    if (event.event.phase == OpportunityPhase::opened
        && phase_.load(std::memory_order_acquire) == Phase::opening) {
      samples_.push_back(now - asked_ns_.load());
      phase_.store(Phase::open, std::memory_order_release);
    } else if (event.event.phase == OpportunityPhase::ended
               && phase_.load(std::memory_order_acquire) == Phase::ending) {
      phase_.store(Phase::quiet, std::memory_order_release);
    }
  }

  [[nodiscard]] std::vector<std::int64_t>& samples() { return samples_; }

  [[nodiscard]] std::int64_t missed() const { return missed_; }

private:
  enum class Phase : std::uint8_t { quiet, opening, open, ending };

  void trigger(bool open) {
    triggered_ += open ? 1 : 0;
    // Before the write, and set again to the exact moment: the answer may be here before send()
    // returns.
    asked_ns_ = now_ns();
    phase_.store(open ? Phase::opening : Phase::ending, std::memory_order_release);
    const std::array change{open ? paying_bid : no_bid};
    venue_.send(wide, change, {});
  }

  /// Quantities of deep levels of one symbol, then of the other.
  void background() {
    constexpr std::int64_t first = 4;
    std::array<LevelChange, 6> bids;
    std::array<LevelChange, 6> asks;
    turn_ = 1 - turn_;
    for (std::size_t i = 0; i < bids.size(); ++i) {
      const auto distance = first + static_cast<std::int64_t>(i);
      bids[i] = {two_symbols[turn_].bid - distance, 1 + static_cast<std::int64_t>(random_() % 20)};
      asks[i] = {two_symbols[turn_].ask + distance, 1 + static_cast<std::int64_t>(random_() % 20)};
    }
    venue_.send(turn_, bids, asks);
  }

  LoopbackVenue& venue_;
  std::int64_t triggers_;
  std::int64_t triggered_ = 0;
  std::int64_t missed_ = 0;
  std::int64_t next_ns_ = 0;
  std::size_t turn_ = 0;
  std::mt19937_64 random_{7};
  std::atomic<Phase> phase_{Phase::quiet};
  std::atomic<std::int64_t> asked_ns_{0};
  std::vector<std::int64_t> samples_;
};

/// How long every frame took to the slot of a consumer.
class PublishTimes {
public:
  /// On the feed's thread.
  void hear(const LoopbackVenue& venue, const core::market::DepthView& view) {
    const auto now = now_ns();
    if (view.condition != core::market::BookCondition::live || !measuring_)
      return;
    if (const auto sent = venue.sent_ns(view.venue_sequence); sent != 0)
      samples_.push_back(now - sent);
  }

  /// On the feed's thread or while it is silent.
  void start(std::size_t expected) {
    samples_.clear();
    samples_.reserve(expected);
    measuring_ = true;
  }

  [[nodiscard]] std::vector<std::int64_t> take() {
    measuring_ = false;
    std::this_thread::sleep_for(100ms); // the last one is out
    return std::move(samples_);
  }

private:
  std::atomic<bool> measuring_{false};
  std::vector<std::int64_t> samples_;
};

/// Clients in another process, for as long as this lives.
class Crowd {
public:
  Crowd(const Engine& engine, const std::string& folder, const Processors& processors)
      : sign_{folder + "/attached"} {
    std::ofstream{sign_} << "while this is here\n";
    const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const auto command = fmt::format(
        "exec python3 bench/crowd.py --http {} --grpc {} --console {} --program {} --while {} "
        "--cpus {}",
        engine.address(config::Surface::traders), engine.address(config::Surface::grpc),
        engine.address(config::Surface::console), (program / "tandem-console").string(), sign_,
        fmt::format("'{}'", fmt::join(processors.serving, " ")));
    output_ = ::popen(command.c_str(), "r");
    if (output_ == nullptr || !line().starts_with("attached"))
      throw std::runtime_error{"the crowd did not come (run from the root of the sources, with "
                               "tandem-console built and scripts/setup done)"};
  }

  ~Crowd() {
    std::filesystem::remove(sign_);
    std::cerr << line(); // what it heard
    ::pclose(output_);
  }

  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

private:
  [[nodiscard]] std::string line() const {
    std::array<char, 256> text{};
    return std::fgets(text.data(), static_cast<int>(text.size()), output_) == nullptr ? ""
                                                                                      : text.data();
  }

  std::string sign_;
  FILE* output_ = nullptr;
};

struct Measured {
  double p50_us = 0;
  double p99_us = 0;
};

/// Rounds alone and beside the crowd in turn; the order changes, so that neither is always first.
/// @param measure one course.
void compare(const Engine& engine, const std::string& folder, const Processors& processors,
             std::int64_t rounds, const std::function<Measured(bool crowd)>& measure) {
  std::vector<double> p50_change;
  std::vector<double> p99_change;
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::array<Measured, 2> found;
    for (const bool first : {true, false}) {
      const bool crowd = first == (round % 2 == 1);
      std::optional<Crowd> clients;
      if (crowd)
        clients.emplace(engine, folder, processors);
      found.at(crowd ? 1 : 0) = measure(crowd);
    }
    const auto change = [](double alone, double beside) { return (beside / alone - 1) * 100; };
    p50_change.push_back(change(found[0].p50_us, found[1].p50_us));
    p99_change.push_back(change(found[0].p99_us, found[1].p99_us));
  }
  Figure{"crowd_p50_change"}.add("rounds", rounds).add_rounds("percent", p50_change).print();
  Figure{"crowd_p99_change"}.add("rounds", rounds).add_rounds("percent", p99_change).print();
}

/// None when there is only one.
Processors split_processors() {
  const std::size_t all = std::thread::hardware_concurrency();
  Processors split;
  for (std::size_t cpu = 0; cpu < all && all > 1; ++cpu)
    (cpu < all / 2 ? split.serving : split.trading).push_back(cpu);
  return split;
}

int run(const Options& options) {
  const bool crowded = options.text("crowd") != "0";
  const auto processors
      = crowded && options.text("split") != "0" ? split_processors() : Processors{};
  std::vector<std::int64_t> rates{200, 2'000};
  if (options.text("rate") != "0")
    rates = {options.number("rate")};
  else if (crowded)
    rates = {200};
  const auto triggers = options.number("triggers");
  adapters::transport::Io market_io{"market", machine_clocks(), {processors.trading, false}};
  LoopbackVenue venue{market_io, two_symbols};
  PublishTimes published;
  std::atomic<Course*> course{nullptr};
  std::atomic<std::size_t> live{0};
  Engine engine{venue.address(), {}, {the_pair()}, crowded ? std::size_t{2'000} : 0, processors};
  engine.on_opportunity([&course](const messages::Opportunity& event) {
    if (auto* const now = course.load())
      now->on_opportunity(event);
  });
  for (const auto& symbol : two_symbols)
    engine.on_book(core::Symbol{symbol.name}, [&, known = false](
                                                  const core::market::DepthView& view) mutable {
      live += !std::exchange(known, known || view.condition == core::market::BookCondition::live)
                      && known
                  ? 1
                  : 0;
      published.hear(venue, view);
    });
  wait_until("both symbols are subscribed",
             [&venue] { return venue.subscribed() == two_symbols.size(); });
  // Books become live while background frames flow; nothing is triggered meanwhile.
  const auto drive = [&](std::int64_t rate, Course& part) {
    course = &part;
    std::atomic<bool> done{false};
    Pacer::start(
        market_io, rate, [&part] { return part.step(); }, [&done] { done = true; });
    wait_until(
        "all opportunities were seen", [&done] { return done.load(); }, 3'600s);
    course = nullptr;
  };
  const auto measure = [&](std::int64_t rate, std::optional<bool> crowd) {
    Course warm_up{venue, 50};
    drive(rate, warm_up);
    Course measured{venue, triggers};
    published.start(static_cast<std::size_t>(triggers * 64));
    drive(rate, measured);
    auto to_slot = published.take();
    Figure publish{"frame_to_publish"};
    Figure decision{"frame_to_opportunity"};
    for (auto* const figure : {&publish, &decision}) {
      figure->add("rate", rate);
      if (crowd)
        figure->add("crowd", *crowd ? "beside" : "alone");
    }
    publish.add_latency(to_slot).print();
    decision.add("missed", measured.missed()).add_latency(measured.samples()).print();
    return Measured{static_cast<double>(quantile(measured.samples(), 500)) / 1'000,
                    static_cast<double>(quantile(measured.samples(), 990)) / 1'000};
  };
  for (const auto rate : rates)
    if (crowded)
      compare(engine, scratch_folder(options, "tandem_crowd"), processors, options.number("crowd"),
              [&](bool crowd) { return measure(rate, crowd); });
    else
      (void)measure(rate, std::nullopt);
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench(
      "frame_to_opportunity", count, arguments,
      {{"triggers", "1000"}, {"rate", "0"}, {"crowd", "0"}, {"split", "1"}, {"dir", ""}},
      tandem::bench::run);
}
