#include "adapters/price_stream/queries.hpp"

#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"

#include <charconv>
#include <utility>

namespace tandem::adapters::price_stream {
namespace {

using core::UnixMillis;
using core::klines::Interval;
using core::klines::TimeRange;

constexpr UnixMillis day = 24 * 60 * 60 * 1'000;

/// Reads one parameter after the other and keeps every fault.
class Reader {
public:
  explicit Reader(const Query& query) : query_{query} {}

  std::optional<std::string> required(std::string_view name) {
    auto value = query_(name);
    if (!value)
      faults.push_back(missing_parameter(std::string{name}));
    return value;
  }

  std::int64_t whole(std::string_view name, std::int64_t standard, std::int64_t min,
                     std::int64_t max) {
    const auto text = query_(name);
    if (!text)
      return standard;
    std::int64_t value = 0;
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, value);
    if (text->empty() || stopped != end || error == std::errc::invalid_argument)
      fault("int_parsing", name, "Input should be a valid integer", *text);
    else if (error != std::errc{} || value < min || value > max)
      fault("value_error", name,
            "Input should be " + std::to_string(min) + " to " + std::to_string(max), *text);
    else
      return value;
    return standard;
  }

  std::optional<UnixMillis> time(std::string_view name, const std::optional<std::string>& text) {
    if (!text)
      return std::nullopt;
    const auto value = parse_time(*text);
    if (value)
      return *value;
    fault("value_error", name, "Value " + value.error().detail, *text);
    return std::nullopt;
  }

  core::Symbol symbol(std::string place, std::string_view text) {
    const auto value = parse_symbol(text);
    if (value)
      return *value;
    faults.push_back(wrong_symbol(std::move(place), std::string{text}));
    return {};
  }

  void fault(std::string type, std::string_view name, std::string message, std::string input) {
    faults.push_back(
        {std::move(type), "query", std::string{name}, std::move(message), std::move(input)});
  }

  void page(std::size_t& limit, std::size_t& offset) {
    limit = static_cast<std::size_t>(whole("limit", static_cast<std::int64_t>(limit), 1,
                                           static_cast<std::int64_t>(history_limit_max)));
    offset = static_cast<std::size_t>(
        whole("offset", 0, 0, static_cast<std::int64_t>(history_offset_max)));
  }

  std::vector<Fault> faults;

private:
  const Query& query_;
};

} // namespace

Asked<std::optional<HistoryQuery>> parse_history(const Query& query, const Interval& base) {
  Reader read{query};
  const auto symbol_text = read.required("symbol");
  const auto interval_text = read.required("interval");
  const auto start = read.time("start", read.required("start"));
  const auto end = read.time("end", read.required("end"));
  HistoryQuery asked{.symbol = {}, .interval = base, .range = {}};
  if (symbol_text)
    asked.symbol = read.symbol("query", *symbol_text);
  read.page(asked.limit, asked.offset);
  if (!read.faults.empty())
    return tl::unexpected{std::move(read.faults)};
  const auto interval = Interval::parse(*interval_text);
  if (!interval || !core::klines::offered(*interval, base))
    return std::optional<HistoryQuery>{};
  asked.interval = *interval;
  asked.range = {*start, *end + 1};
  return std::optional{std::move(asked)};
}

Asked<HistoryQuery> parse_historical(std::string_view symbol, const Query& query,
                                     const Interval& base, UnixMillis now) {
  Reader read{query};
  HistoryQuery asked{.symbol = read.symbol("path", symbol), .interval = base, .range = {}};
  if (const auto text = query("interval")) {
    const auto interval = Interval::parse(*text);
    if (interval && core::klines::offered(*interval, base))
      asked.interval = *interval;
    else
      read.fault("value_error", "interval", "Value must be " + base.text() + " or a multiple of it",
                 *text);
  }
  const auto end = read.time("end", query("end")).value_or(now);
  const auto start = read.time("start", query("start")).value_or(end - day);
  asked.range = TimeRange{start, end + 1};
  read.page(asked.limit, asked.offset);
  if (!read.faults.empty())
    return tl::unexpected{std::move(read.faults)};
  return asked;
}

Asked<AnalysisQuery> parse_analysis(std::string_view symbol, const Query& query,
                                    std::int64_t hours) {
  Reader read{query};
  AnalysisQuery asked;
  asked.symbol = read.symbol("path", symbol);
  asked.hours = read.whole("hours", hours, 1, analysis_hours_max);
  if (const auto text = query("threshold")) {
    const auto value = core::Decimal::parse(*text);
    if (value && !value->is_negative())
      asked.threshold = *value;
    else
      read.fault("value_error", "threshold", "Value must be a percentage, 0 or more", *text);
  }
  if (!read.faults.empty())
    return tl::unexpected{std::move(read.faults)};
  return asked;
}

core::Result<Listening> parse_listening(const Query& query, const Interval& base,
                                        const Interval& standard) {
  Listening result{std::nullopt, core::klines::offered(standard, base) ? standard : base};
  // An empty value is none: clients put their templates together so.
  if (const auto text = query("interval"); text && !text->empty()) {
    const auto interval = Interval::parse(*text);
    if (!interval || !core::klines::offered(*interval, base))
      return core::fail(core::Errc::validation_error, "Invalid interval", "interval");
    result.interval = *interval;
  }
  if (const auto text = query("symbol"); text && !text->empty()) {
    const auto symbol = parse_symbol(*text);
    if (!symbol)
      return core::fail(core::Errc::validation_error, "Invalid symbol", "symbol");
    result.symbol = *symbol;
  }
  return result;
}

} // namespace tandem::adapters::price_stream
