/// How stored rows are asked: of InfluxDB 3 in SQL, with rows as JSON lines; of InfluxDB 1 in
/// InfluxQL, with rows as CSV. There may be many. Requests and answers only; who sends them is the
/// user's business.
#pragma once

#include "adapters/transport/http.hpp"
#include "core/klines/candle.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

enum class Dialect : std::uint8_t { sql, influxql };

struct InfluxAccess {
  std::string host; ///< http(s)://host[:port]
  std::string token;
  std::string database;
  std::string proxy; ///< empty = direct
  Dialect dialect = Dialect::sql;
};

/// POST /api/v3/query_sql, or POST /query of InfluxDB 1. @param question of points.hpp, in the
/// access's dialect.
[[nodiscard]] transport::HttpRequest query_request(const InfluxAccess& access,
                                                   std::string_view question);

/// The rows of history_sql. @param body rows of query_answer. Errors: malformed.
[[nodiscard]] core::Result<std::vector<core::klines::Candle>> parse_rows(std::string_view body);

/// The rows of symbols_sql. Errors: malformed.
[[nodiscard]] core::Result<std::vector<core::Symbol>> parse_symbol_rows(std::string_view body);

struct NewestRow {
  core::UnixMillis time = 0;
  std::string text; ///< "time=2025-06-14T12:00:00 value=1.0", its columns in their order
};

/// The row of newest_sql; nullopt: there is none. Errors: malformed.
[[nodiscard]] core::Result<std::optional<NewestRow>> parse_newest(std::string_view body);

/// The rows, a JSON object a line, or what is wrong with the answer, without a secret. A
/// measurement that was never written to is an answer without rows: InfluxDB 3 refuses the question
/// with 400 and "Error during planning: table 'public.iox.NAME' not found". Source:
/// influxdata/influxdb, influxdb3 tests of queries from plugins; answers of InfluxDB 3 Core as its
/// clients' tests keep them.
[[nodiscard]] core::Result<std::string> query_answer(Dialect dialect,
                                                     core::Result<transport::HttpResponse> reply);

} // namespace tandem::adapters::price_stream
