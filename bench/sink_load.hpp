/// A sink as an engine has it, with its tape, its spool and a thread that waits for those who
/// trade, into one of the destinations that the benches know; and trades that are made up for it.
#pragma once

#include "adapters/files/posix_files.hpp"
#include "adapters/sinks/courier_thread.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/sinks/kafka/writer.hpp"
#include "adapters/sinks/mongodb/writer.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "core/sinks/tape.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace tandem::bench {

/// Where a sink goes. `to`: "spool" (a destination that takes everything at once), "away" (one that
/// is not there), "kafka", "influx1", "mongodb". `at`: host:port; empty with "kafka": the cluster
/// within the client library.
struct SinkPlace {
  std::string to, at, directory;
  std::size_t batch = 5'000;
};

/// Takes everything at once: what is left is the way there.
class Nowhere final : public adapters::sinks::Writer {
public:
  void open(const std::string& /*stream*/, Opened done) override { done(std::nullopt); }

  void write(adapters::sinks::BatchPtr /*batch*/, Written done) override { done({}); }
};

/// Of this moment: a program that is started again makes others.
[[nodiscard]] inline core::sinks::MarketNews made_up_trade(std::uint64_t number) {
  static const core::InstrumentKey instruments[]
      = {{core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}},
         {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"ETHUSDT"}},
         {core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}},
         {core::VenueId{"bybit"}, core::MarketType::linear, core::Symbol{"ETHUSDT"}}};
  core::market::Trade trade;
  const auto now = core::to_millis(core::WallTime{std::chrono::system_clock::now()});
  trade.trade_id = std::to_string(now) + "-" + std::to_string(number);
  trade.price = core::Decimal{6'173'763 + static_cast<std::int64_t>(number % 1'000), 2};
  trade.quantity = core::Decimal{1 + static_cast<std::int64_t>(number % 500), 3};
  trade.venue_time = now;
  return {instruments[number % std::size(instruments)], trade, now};
}

class LoadedSink {
public:
  LoadedSink(SinkPlace place, core::sinks::Tape& tape)
      : place_{std::move(place)},
        courier_{options_of(place_),
                 {clocks(),
                  [random = std::mt19937_64{std::random_device{}()}]() mutable { return random(); },
                  [this] { return adapters::files::posix_files(place_.directory); },
                  [this] { return writer(); },
                  {}},
                 tape.add_reader({}, 1'000'000),
                 [](const auto& notice) { std::cerr << notice.text << '\n'; },
                 serving} {}

  [[nodiscard]] adapters::sinks::CourierStats stats() const { return courier_.stats(); }

private:
  /// As the engine's sinks have it, and with them what serves clients.
  static inline const adapters::transport::ThreadPlace serving{{}, true};

  [[nodiscard]] static core::Clocks clocks() {
    return {[] { return core::MonoTime{std::chrono::steady_clock::now()}; },
            [] { return core::WallTime{std::chrono::system_clock::now()}; }};
  }

  [[nodiscard]] static adapters::sinks::CourierOptions options_of(const SinkPlace& place) {
    using namespace std::chrono_literals;
    adapters::sinks::CourierOptions options;
    options.id = place.to;
    options.mode = "mock";
    options.delivery.batch_records = place.batch;
    options.delivery.batch_bytes = 8 * 1024 * 1024;
    options.delivery.flush_interval = 100ms;
    options.delivery.retry = {200ms, 2s, 60s};
    options.memory_bytes_max = 64 * 1024 * 1024;
    return options;
  }

  core::Result<std::unique_ptr<adapters::sinks::Writer>> writer() {
    if (place_.to == "spool")
      return std::make_unique<Nowhere>();
    if (place_.to == "away")
      return core::fail(core::Errc::connection_lost, "nobody is there", "away");
    if (place_.to == "kafka") {
      adapters::sinks::kafka::Options options;
      options.servers = place_.at.empty() ? "unused:1" : place_.at;
      options.mode = "mock";
      if (place_.at.empty())
        options.properties["test.mock.num.brokers"] = "3";
      return adapters::sinks::kafka::make_writer(options);
    }
    if (place_.to == "influx1") {
      adapters::sinks::influx::Options options;
      options.url = "http://" + place_.at;
      options.api = adapters::sinks::influx::Api::v1;
      options.database = "tandem";
      options.labels.mode = "mock";
      return adapters::sinks::influx::make_writer(options, *http_);
    }
    adapters::sinks::mongodb::Options options;
    options.uri = "mongodb://" + place_.at;
    options.mode = "mock";
    options.numbers = adapters::sinks::mongodb::Numbers::text;
    options.write_concern = "1";
    return adapters::sinks::mongodb::make_writer(options);
  }

  SinkPlace place_;
  adapters::transport::Io io_{"sinks", clocks(), serving};
  std::unique_ptr<adapters::transport::HttpClient> http_
      = adapters::transport::make_http_client(io_);
  adapters::sinks::CourierThread courier_; ///< last: its writer uses the others
};

/// Writes made-up trades to a tape until it is stopped.
class TradesAtARate {
public:
  /// On a thread of its own.
  TradesAtARate(const core::sinks::Tape& tape, std::uint64_t per_second)
      : TradesAtARate{tape, per_second, [](const auto& task) { task(); }} {}

  /// @param on runs what it is given, all of it in order, where an engine would: on its
  /// connections' thread.
  TradesAtARate(const core::sinks::Tape& tape, std::uint64_t per_second,
                std::function<void(std::function<void()>)> on)
      : on_{std::move(on)}, thread_{[this, &tape, per_second] { run(tape, per_second); }} {}

  ~TradesAtARate() { stop(); }

  TradesAtARate(const TradesAtARate&) = delete;
  TradesAtARate& operator=(const TradesAtARate&) = delete;

  void stop() {
    ended_ = true;
    if (!thread_.joinable())
      return;
    thread_.join();
    std::promise<void> last; // what it has sent elsewhere uses the tape until this comes round
    on_([&last] { last.set_value(); });
    last.get_future().wait();
  }

private:
  /// A connection's frames come in little heaps, too.
  static constexpr std::chrono::milliseconds pause{2};

  /// As the connections do (adapters/venues/market_sinks.hpp).
  static void keep(const core::sinks::Tape& tape, core::sinks::MarketNews news) {
    if (tape.wants(core::sinks::kind_of(news), news.instrument))
      tape.write(std::move(news));
  }

  void run(const core::sinks::Tape& tape, std::uint64_t per_second) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t made = 0; !ended_; std::this_thread::sleep_for(pause)) {
      const auto lasted = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - begin);
      const auto due = static_cast<std::uint64_t>(lasted.count()) * per_second / 1'000'000;
      if (made == due)
        continue;
      on_([&tape, from = made, due] {
        for (auto number = from; number < due; ++number)
          keep(tape, made_up_trade(number));
      });
      made = due;
    }
  }

  std::function<void(std::function<void()>)> on_;
  std::atomic<bool> ended_{false};
  std::thread thread_; ///< last: it uses the others
};

} // namespace tandem::bench
