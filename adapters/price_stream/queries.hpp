/// Reads what clients ask with: the query parameters of history, analysis and the WebSocket. What
/// is wrong comes back as the faults of a 422, all at once.
#pragma once

#include "adapters/price_stream/replies.hpp"
#include "core/klines/history.hpp"
#include "core/klines/interval.hpp"
#include "core/types/decimal.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

/// Decoded value of a query parameter; nullopt when absent.
using Query = std::function<std::optional<std::string>(std::string_view)>;

inline constexpr std::size_t history_limit_max = 10'000;
inline constexpr std::size_t history_offset_max = 10'000'000;
inline constexpr std::int64_t analysis_hours_max = 24 * 366;

template <class Value>
using Asked = tl::expected<Value, std::vector<Fault>>;

struct HistoryQuery {
  core::Symbol symbol;
  core::klines::Interval interval;
  core::klines::TimeRange range; ///< `end` itself is asked for as well
  std::size_t limit = 1'000;
  std::size_t offset = 0;
};

/// GET /history: symbol, interval, start and end (Unix s) must be there; limit = 1000, offset = 0.
/// An interval that is none, or no multiple of the base, is no fault: nullopt, answered with [].
[[nodiscard]] Asked<std::optional<HistoryQuery>> parse_history(const Query& query,
                                                               const core::klines::Interval& base);

/// GET /historical/{symbol}: interval (default: the base), start and end (Unix s or ISO 8601;
/// default: the last 24 h), limit = 1000, offset = 0. @param symbol from the path.
[[nodiscard]] Asked<HistoryQuery> parse_historical(std::string_view symbol, const Query& query,
                                                   const core::klines::Interval& base,
                                                   core::UnixMillis now);

struct AnalysisQuery {
  core::Symbol symbol;
  std::int64_t hours = 24;
  core::Decimal threshold{5, 0}; ///< percent
};

/// GET /analysis/{symbol} and below it. @param hours the route's default.
[[nodiscard]] Asked<AnalysisQuery> parse_analysis(std::string_view symbol, const Query& query,
                                                  std::int64_t hours);

/// What a WebSocket client hears.
struct Listening {
  std::optional<core::Symbol> symbol; ///< absent: every symbol
  core::klines::Interval interval;

  /// @param interval of the record.
  [[nodiscard]] bool wants(const core::Symbol& of, const core::klines::Interval& at) const {
    return at == interval && (!symbol || *symbol == of);
  }
};

/// The query of /ws/price. @param standard interval where the client names none: 1m in the enhanced
/// edition (the base, where 1m is not offered), the base in the basic one. Errors:
/// validation_error; its detail is the reason of the close with close_invalid.
[[nodiscard]] core::Result<Listening> parse_listening(const Query& query,
                                                      const core::klines::Interval& base,
                                                      const core::klines::Interval& standard);

inline constexpr std::uint16_t close_invalid = 1008;

} // namespace tandem::adapters::price_stream
