/// Measures a sink: how many records a second go from the tape through the spool to a destination.
/// Also the load of the outage test (tests/integration/sink_outage_test.py), which breaks the
/// destination and this program while it runs.
///
/// usage: bench_sinks [--to spool|kafka|influx1|mongodb] [--at ADDRESS] [--records 200000]
/// [--rounds 3]
///                    [--rate N] [--seconds 10] [--drain 60] [--batch 5000] [--dir DIR]
///   --to       spool: a destination that takes everything at once; kafka without --at: the cluster
///   within
///              the client library. Default: both of these
///   --at       host:port of a server (scripts/services); database and user "tandem" where it has
///   such
///   --rate     records a second for --seconds instead of --records at once; one line of progress a
///   second
///   --drain    seconds to go on until everything is delivered
///   --dir      of the spool; default: a folder that is removed. One that is given is gone on with
#include "adapters/files/posix_files.hpp"
#include "adapters/sinks/courier.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/sinks/kafka/writer.hpp"
#include "adapters/sinks/mongodb/writer.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "bench/support.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

namespace tandem::bench {
namespace {

using namespace std::chrono_literals;
using adapters::sinks::Courier;
using adapters::sinks::Writer;

constexpr auto tick = 20ms;

core::Clocks machine() {
  return {[] { return core::MonoTime{std::chrono::steady_clock::now()}; },
          [] { return core::WallTime{std::chrono::system_clock::now()}; }};
}

/// Takes everything at once: what is left is the way there.
class Nowhere final : public Writer {
public:
  void open(const std::string& /*stream*/, Opened done) override { done(std::nullopt); }

  void write(adapters::sinks::BatchPtr /*batch*/, Written done) override { done({}); }
};

core::sinks::MarketNews trade(std::uint64_t number) {
  static const core::InstrumentKey instruments[]
      = {{core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}},
         {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"ETHUSDT"}},
         {core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}},
         {core::VenueId{"bybit"}, core::MarketType::linear, core::Symbol{"ETHUSDT"}}};
  core::market::Trade trade;
  // Of this moment: a program that is started again makes others.
  const auto now = core::to_millis(core::WallTime{std::chrono::system_clock::now()});
  trade.trade_id = std::to_string(now) + "-" + std::to_string(number);
  trade.price = core::Decimal{6'173'763 + static_cast<std::int64_t>(number % 1'000), 2};
  trade.quantity = core::Decimal{1 + static_cast<std::int64_t>(number % 500), 3};
  trade.venue_time = now;
  return {instruments[number % std::size(instruments)], trade, now};
}

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

/// One sink with its queue of turns, as its actor would run it.
class Sink {
public:
  Sink(std::string to, std::string at, std::string directory, std::size_t batch)
      : to_{std::move(to)}, at_{std::move(at)}, directory_{std::move(directory)}, batch_{batch},
        reader_{tape_.add_reader({}, 1'000'000)} {
    adapters::sinks::CourierOptions options;
    options.id = to_;
    options.mode = "mock";
    options.delivery.batch_records = batch_;
    options.delivery.batch_bytes = 8 * 1024 * 1024;
    options.delivery.flush_interval = 100ms;
    options.delivery.retry = {200ms, 2s, 60s};
    options.memory_bytes_max = 64 * 1024 * 1024;
    courier_.emplace(options, adapters::sinks::CourierPorts{
                                  machine(), [this] { return random_(); },
                                  [this] { return adapters::files::posix_files(directory_); },
                                  [this] { return writer(); },
                                  [this](auto task) { post(std::move(task)); }});
    reader_->on_news([this] { post({}); });
  }

  [[nodiscard]] core::sinks::Tape& tape() noexcept { return tape_; }

  [[nodiscard]] Courier& courier() noexcept { return *courier_; }

  /// Runs what is due, or waits a little for it.
  void turn() {
    std::deque<std::function<void()>> tasks;
    {
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, tick, [this] { return !tasks_.empty(); });
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks)
      if (task)
        task();
    reader_->take(news_);
    courier_->on_news(news_, reader_->dropped());
    courier_->on_tick();
    for (const auto& notice : courier_->take_notices())
      std::cerr << notice.text << '\n';
  }

private:
  void post(std::function<void()> task) {
    {
      const std::lock_guard lock{mutex_};
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

  core::Result<std::unique_ptr<Writer>> writer() {
    if (to_ == "spool")
      return std::make_unique<Nowhere>();
    if (to_ == "kafka") {
      adapters::sinks::kafka::Options options;
      options.servers = at_.empty() ? "unused:1" : at_;
      options.mode = "mock";
      if (at_.empty())
        options.properties["test.mock.num.brokers"] = "3";
      return adapters::sinks::kafka::make_writer(options);
    }
    if (to_ == "influx1") {
      adapters::sinks::influx::Options options;
      options.url = "http://" + at_;
      options.api = adapters::sinks::influx::Api::v1;
      options.database = "tandem";
      options.labels.mode = "mock";
      return adapters::sinks::influx::make_writer(options, *http_);
    }
    adapters::sinks::mongodb::Options options;
    options.uri = "mongodb://" + at_;
    options.mode = "mock";
    options.numbers = adapters::sinks::mongodb::Numbers::text;
    options.write_concern = "1";
    return adapters::sinks::mongodb::make_writer(options);
  }

  std::string to_, at_, directory_;
  std::size_t batch_;
  std::mt19937_64 random_{std::random_device{}()};
  adapters::transport::Io io_{"sinks", machine()};
  std::unique_ptr<adapters::transport::HttpClient> http_
      = adapters::transport::make_http_client(io_);
  core::sinks::Tape tape_;
  std::shared_ptr<core::sinks::TapeReader> reader_;
  std::vector<core::sinks::NewsPtr> news_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::optional<Courier> courier_; ///< last: its writer's answers are posted above
};

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

void say(std::string_view to, Sink& sink) {
  const auto stats = sink.courier().stats();
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

/// @returns whether all was delivered
bool drain(Sink& sink, std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  do {
    sink.turn();
    const auto stats = sink.courier().stats();
    if (stats.waiting == 0)
      return true;
  } while (Clock::now() < end);
  return false;
}

/// All at once. @returns records a second, or nothing when it did not end in time
std::optional<double> burst(const Options& options, const std::string& to) {
  const Folder folder{options.text("dir")};
  Sink sink{to, options.text("at"), folder.path(),
            static_cast<std::size_t>(options.number("batch"))};
  const auto records = static_cast<std::uint64_t>(options.number("records"));
  const auto begin = now_ns();
  std::thread generator{[&] {
    for (std::uint64_t n = 0; n < records; ++n)
      sink.tape().write(trade(n));
  }};
  while (sink.courier().stats().records < records)
    sink.turn();
  generator.join();
  if (!drain(sink, std::chrono::seconds{options.number("drain")}))
    return std::nullopt;
  return static_cast<double>(records) * 1e9 / static_cast<double>(now_ns() - begin);
}

bool steady(const Options& options, const std::string& to) {
  const Folder folder{options.text("dir")};
  Sink sink{to, options.text("at"), folder.path(),
            static_cast<std::size_t>(options.number("batch"))};
  const auto rate = static_cast<std::uint64_t>(options.number("rate"));
  const auto seconds = options.number("seconds");
  const auto begin = now_ns();
  std::uint64_t made = 0;
  for (std::int64_t said = 0; now_ns() - begin < seconds * 1'000'000'000;) {
    const auto due = static_cast<std::uint64_t>(now_ns() - begin) * rate / 1'000'000'000;
    for (; made < due; ++made)
      sink.tape().write(trade(made));
    sink.turn();
    if (now_ns() - begin > said * 1'000'000'000) {
      ++said;
      say(to, sink);
    }
  }
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
