#include "actors/price_stream/stored.hpp"

#include <utility>

namespace tandem::actors::price_stream {
namespace {

using adapters::sinks::BatchPtr;
using adapters::sinks::Writer;
using core::sinks::Outcome;

constexpr std::int64_t ms_per_second = 1'000;
constexpr std::int64_t ns_per_ms = 1'000'000;

class CountedWriter final : public Writer {
public:
  CountedWriter(std::unique_ptr<Writer> inner, std::shared_ptr<InfluxCounts> counts,
                core::Clocks clocks)
      : inner_{std::move(inner)}, counts_{std::move(counts)}, clocks_{std::move(clocks)} {}

  void open(const std::string& stream, Opened done) override {
    inner_->open(stream, std::move(done));
  }

  void write(BatchPtr batch, Written done) override {
    const auto size = batch->items.size();
    inner_->write(std::move(batch), [counts = counts_, clocks = clocks_, size,
                                     done = std::move(done)](Outcome outcome) {
      if (outcome.kind == Outcome::Kind::delivered) {
        counts->successful += size;
        ++counts->batches_written;
        counts->last_write_ms = core::to_millis(clocks.wall());
      } else {
        ++counts->batches_failed;
        if (outcome.kind == Outcome::Kind::failed)
          ++counts->retries;
        else if (size == 1)
          ++counts->failed; // refused for what it is: larger batches are halved and tried again
      }
      done(std::move(outcome));
    });
  }

private:
  std::unique_ptr<Writer> inner_;
  std::shared_ptr<InfluxCounts> counts_;
  core::Clocks clocks_;
};

} // namespace

adapters::price_stream::InfluxStats shown(const InfluxCounts& counts) {
  adapters::price_stream::InfluxStats stats;
  stats.successful = counts.successful;
  stats.failed = counts.failed;
  stats.retries = counts.retries;
  stats.batches_written = counts.batches_written;
  stats.batches_failed = counts.batches_failed;
  stats.writes = counts.writes;
  const auto done = stats.successful + stats.failed;
  stats.queued
      = stats.writes > done ? stats.writes - done : 0; // what a former run left is no write
  if (const auto last = counts.last_write_ms.load(); last != 0)
    stats.last_write = core::WallTime{std::chrono::milliseconds{last}};
  return stats;
}

core::sinks::Record record_of(const core::InstrumentKey& instrument,
                              const adapters::price_stream::Point& point) {
  core::sinks::Record record;
  record.kind = core::sinks::Kind::kline;
  record.instrument = instrument;
  record.name = point.measurement;
  record.time = point.precision == adapters::price_stream::Precision::seconds
                    ? point.time * ms_per_second
                    : point.time;
  for (const auto& [name, value] : point.fields) {
    if (const auto* number = std::get_if<adapters::price_stream::FloatField>(&value))
      record.number(name, number->text);
    else
      record.integer(name, std::get<std::int64_t>(value));
  }
  return record;
}

adapters::sinks::influx::Point stored_point(const core::sinks::Record& record,
                                            const std::string& mode) {
  adapters::sinks::influx::Point point;
  point.measurement = record.name;
  point.tags.emplace_back("symbol", record.instrument.symbol.text());
  if (mode != "prod")
    point.tags.emplace_back("mode", mode);
  point.fields = record.fields;
  point.time = record.time * ns_per_ms;
  return point;
}

std::unique_ptr<Writer> counted(std::unique_ptr<Writer> inner, std::shared_ptr<InfluxCounts> counts,
                                core::Clocks clocks) {
  return std::make_unique<CountedWriter>(std::move(inner), std::move(counts), std::move(clocks));
}

} // namespace tandem::actors::price_stream
