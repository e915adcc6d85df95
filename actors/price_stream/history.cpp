#include "actors/price_stream/history.hpp"

#include "adapters/price_stream/analysis.hpp"
#include "adapters/price_stream/points.hpp"
#include "adapters/price_stream/replies.hpp"
#include "core/klines/history.hpp"

#include <memory>
#include <utility>

namespace tandem::actors::price_stream {
namespace {

namespace wire = adapters::price_stream;
using adapters::transport::Respond;
using adapters::transport::ServerResponse;
using core::klines::Candle;
using wire::RouteId;

/// Rows that one answer is made from, when they are summed up or analysed.
constexpr std::size_t rows_max = 200'000;

void answer(const Respond& respond, int status, std::string body) {
  ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  respond(std::move(response));
}

/// Hands the rows on, or says why there are none.
RowsCallback rows_or_error(const Respond& respond,
                           std::function<std::string(const std::vector<Candle>&)> body) {
  return [respond, body = std::move(body)](const core::Result<std::vector<Candle>>& rows) {
    if (rows)
      answer(respond, 200, body(*rows));
    else
      answer(respond, 500, wire::error_json(core::describe(rows.error())));
  };
}

void rows_of(const HistoryTools& tools, const wire::HistoryQuery& asked, const Respond& respond) {
  const auto source = core::klines::history_source(asked.interval, tools.base, tools.listed);
  if (!source) {
    const wire::Fault fault{"value_error", "query", "interval", source.error().detail,
                            asked.interval.text()};
    answer(respond, 422, wire::faults_json(std::span{&fault, 1}));
    return;
  }
  const auto measurement = wire::measurement(source->stored, tools.base);
  if (source->as_stored) {
    tools.read(wire::history_sql(measurement, asked.symbol, asked.range, asked.limit, asked.offset),
               rows_or_error(respond, [](const auto& rows) { return wire::history_json(rows); }));
    return;
  }
  const auto range = core::klines::whole_buckets(asked.range, asked.interval);
  tools.read(wire::history_sql(measurement, asked.symbol, range, rows_max, 0),
             rows_or_error(respond, [asked](const auto& rows) {
               const auto sums = core::klines::summed_up(rows, asked.interval);
               return wire::history_json(core::klines::page(sums, asked.offset, asked.limit));
             }));
}

void history(const HistoryTools& tools, const wire::Query& query, const Respond& respond) {
  const auto asked = wire::parse_history(query, tools.base);
  if (!asked)
    answer(respond, 422, wire::faults_json(asked.error()));
  else if (!*asked)
    answer(respond, 200, "[]");
  else
    rows_of(tools, **asked, respond);
}

void historical(const HistoryTools& tools, const std::string& symbol, const wire::Query& query,
                const Respond& respond) {
  const auto asked
      = wire::parse_historical(symbol, query, tools.base, core::to_millis(tools.wall()));
  if (!asked)
    answer(respond, 422, wire::faults_json(asked.error()));
  else
    rows_of(tools, *asked, respond);
}

void analysis(const HistoryTools& tools, const wire::RouteMatch& match, const wire::Query& query,
              const Respond& respond) {
  constexpr std::int64_t alert_hours = 1;
  constexpr std::int64_t report_hours = 24;
  const auto asked = wire::parse_analysis(match.symbol, query,
                                          match.id == RouteId::alerts ? alert_hours : report_hours);
  if (!asked) {
    answer(respond, 422, wire::faults_json(asked.error()));
    return;
  }
  constexpr core::UnixMillis hour_ms = 3'600'000;
  const auto now = tools.wall();
  const auto until = core::to_millis(now) + 1;
  tools.read(wire::history_sql(wire::measurement(tools.base, tools.base), asked->symbol,
                               {until - asked->hours * hour_ms, until}, rows_max, 0),
             rows_or_error(respond, [id = match.id, asked = *asked, now](const auto& rows) {
               if (id == RouteId::alerts)
                 return wire::alerts_json(asked.symbol, wire::price_alerts(rows, asked.threshold));
               if (id == RouteId::volume)
                 return wire::volume_json(asked.symbol, wire::volume_analysis(rows));
               return wire::report_json(wire::make_report(asked.symbol, asked.hours, rows, now));
             }));
}

} // namespace

void answer_stored(const HistoryTools& tools, const wire::RouteMatch& match,
                   const wire::Query& query, const Respond& respond) {
  if (match.id == RouteId::history)
    history(tools, query, respond);
  else if (match.id == RouteId::historical)
    historical(tools, match.symbol, query, respond);
  else
    analysis(tools, match, query, respond);
}

} // namespace tandem::actors::price_stream
