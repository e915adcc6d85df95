/// How stored rows are asked of InfluxDB 3: SQL over its HTTP interface, rows as JSON. Requests and
/// answers only; who sends them is the user's business.
#pragma once

#include "adapters/transport/http.hpp"
#include "core/klines/candle.hpp"
#include "core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

struct InfluxAccess {
  std::string host; ///< http(s)://host[:port]
  std::string token;
  std::string database;
  std::string proxy; ///< empty = direct
};

/// POST /api/v3/query_sql.
[[nodiscard]] transport::HttpRequest sql_request(const InfluxAccess& access, std::string_view sql);

/// The rows of history_sql. @param body of a 2xx answer. Errors: malformed.
[[nodiscard]] core::Result<std::vector<core::klines::Candle>> parse_rows(std::string_view body);

/// The rows of symbols_sql. Errors: malformed.
[[nodiscard]] core::Result<std::vector<core::Symbol>> parse_symbol_rows(std::string_view body);

/// The body, or what is wrong with the answer, without a secret. A measurement that was never
/// written to is an answer without rows.
[[nodiscard]] core::Result<std::string> sql_answer(core::Result<transport::HttpResponse> reply);

} // namespace tandem::adapters::price_stream
