/// The price stream's database as its settings name it.
#pragma once

#include "adapters/price_stream/influx.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "config/price_stream.hpp"

#include <string>

namespace tandem::apps {

/// For questions.
[[nodiscard]] adapters::price_stream::InfluxAccess
access_of(const config::PriceStreamConfig& config);

/// For points.
[[nodiscard]] adapters::sinks::influx::Options writer_of(const config::PriceStreamConfig& config);

} // namespace tandem::apps
