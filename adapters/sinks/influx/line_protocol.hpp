/// Records as InfluxDB line protocol. Source: docs.influxdata.com, "Line protocol" (v1, v2 and v3
/// agree). Pure.
#pragma once

#include "core/sinks/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::sinks::influx {

/// One point. Tags are written in the given order; one with an empty value is left out, as line
/// protocol has none.
struct Point {
  std::string measurement;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<core::sinks::Field> fields; ///< at least one
  std::int64_t time = 0;                  ///< in the unit of the write request
};

/// One line with its line end. Numbers are floats, integers end in i. A line end within a tag or
/// name is written as a blank: the protocol cannot carry one there.
void append_line(std::string& out, const Point& point);

struct Labels {
  std::string prefix; ///< of measurements: "<prefix><kind>"
  std::string mode;   ///< the engine's; a tag of every point
};

/// The point of a record, time in nanoseconds. Tags: mode, exchange, type, symbol and, of klines,
/// interval; fields: seq, id and the record's own. Points of one series at one time replace each
/// other, so what is not the newest state of one thing (a trade, a fill) gets the digits below the
/// millisecond from its sequence number.
[[nodiscard]] Point to_point(const core::sinks::Numbered& item, const Labels& labels);

} // namespace tandem::adapters::sinks::influx
