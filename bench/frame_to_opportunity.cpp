/// Measures the way of a price through the running engine: a market in this process writes depth
/// frames to its socket; some of them open an opportunity between two symbols; a listener at the
/// market bus hears it. Feed, book, slot, pair monitor, bus: all real, over real sockets.
///
/// usage: bench_frame_to_opportunity [--triggers 1000] [--rate 0]
///   --triggers   opportunities opened per rate
///   --rate       background frames per second; 0 = first 200, then 2,000
/// Two figures per rate: frame to publish (the book in a consumer's slot, every frame) and frame to
/// opportunity (opened, at the listener), both from just before the frame is written. While an
/// opportunity is awaited, background frames leave the best prices alone: a consumer that skips an
/// intermediate state loses nothing. One that does not come within a second counts as missed.
#include "bench/loopback.hpp"

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

int run(const Options& options) {
  std::vector<std::int64_t> rates{200, 2'000};
  if (options.text("rate") != "0")
    rates = {options.number("rate")};
  const auto triggers = options.number("triggers");
  adapters::transport::Io market_io{"market", machine_clocks()};
  LoopbackVenue venue{market_io, two_symbols};
  PublishTimes published;
  std::atomic<Course*> course{nullptr};
  std::atomic<std::size_t> live{0};
  Engine engine{venue.address(), {}, {the_pair()}};
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
  for (const auto rate : rates) {
    // Books become live while background frames flow; nothing is triggered meanwhile.
    Course warm_up{venue, 50};
    Course measured{venue, triggers};
    for (auto* const part : {&warm_up, &measured}) {
      course = part;
      std::atomic<bool> done{false};
      if (part == &measured)
        published.start(static_cast<std::size_t>(triggers * 64));
      Pacer::start(
          market_io, rate, [part] { return part->step(); }, [&done] { done = true; });
      wait_until(
          "all opportunities were seen", [&done] { return done.load(); }, 3'600s);
    }
    course = nullptr;
    auto to_slot = published.take();
    Figure{"frame_to_publish"}.add("rate", rate).add_latency(to_slot).print();
    Figure{"frame_to_opportunity"}
        .add("rate", rate)
        .add("missed", measured.missed())
        .add_latency(measured.samples())
        .print();
  }
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench("frame_to_opportunity", count, arguments,
                                  {{"triggers", "1000"}, {"rate", "0"}}, tandem::bench::run);
}
