/// The routes that ask what is stored: candles and their analysis. Every answer comes when the
/// database's is there; no actor waits.
#pragma once

#include "adapters/price_stream/queries.hpp"
#include "adapters/price_stream/routes.hpp"
#include "adapters/transport/http_server.hpp"
#include "core/klines/candle.hpp"
#include "core/types/time.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tandem::actors::price_stream {

using RowsCallback = std::function<void(core::Result<std::vector<core::klines::Candle>>)>;
/// Asks the database; the answer comes once, on any thread.
using ReadRows = std::function<void(std::string sql, RowsCallback done)>;

struct HistoryTools {
  core::klines::Interval base;
  std::vector<core::klines::Interval> listed;
  ReadRows read;
  std::function<core::WallTime()> wall;
};

/// @param match one of history, historical, analysis, alerts, volume.
void answer_stored(const HistoryTools& tools, const adapters::price_stream::RouteMatch& match,
                   const adapters::price_stream::Query& query,
                   const adapters::transport::Respond& respond);

} // namespace tandem::actors::price_stream
