/// The points of the price stream on their way through a sink: as records there, as points again at
/// its end, counted.
#pragma once

#include "adapters/price_stream/points.hpp"
#include "adapters/price_stream/replies.hpp"
#include "adapters/sinks/influx/line_protocol.hpp"
#include "adapters/sinks/writer.hpp"
#include "core/sinks/record.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace tandem::actors::price_stream {

/// Written by the sink, read by anyone; outlives both.
struct InfluxCounts {
  std::atomic<std::uint64_t> writes{0}, successful{0}, failed{0}, retries{0};
  std::atomic<std::uint64_t> batches_written{0}, batches_failed{0};
  std::atomic<std::int64_t> last_write_ms{0}; ///< 0: never
};

[[nodiscard]] adapters::price_stream::InfluxStats shown(const InfluxCounts& counts);

/// Named by its measurement.
[[nodiscard]] core::sinks::Record record_of(const core::InstrumentKey& instrument,
                                            const adapters::price_stream::Point& point);

/// The same point again. @param mode is a tag of its own unless it is prod: real data look as users
/// of the earlier server know them, simulated data never do.
[[nodiscard]] adapters::sinks::influx::Point stored_point(const core::sinks::Record& record,
                                                          const std::string& mode);

/// Counts what `inner` writes.
[[nodiscard]] std::unique_ptr<adapters::sinks::Writer>
counted(std::unique_ptr<adapters::sinks::Writer> inner, std::shared_ptr<InfluxCounts> counts,
        core::Clocks clocks);

} // namespace tandem::actors::price_stream
