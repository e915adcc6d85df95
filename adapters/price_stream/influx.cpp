#include "adapters/price_stream/influx.hpp"

#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"
#include "adapters/transport/json.hpp"

#include <optional>
#include <utility>

namespace tandem::adapters::price_stream {
namespace {

using core::Errc;
using core::fail;
using core::klines::Candle;
using transport::Json;

constexpr std::size_t detail_bytes_max = 200;

std::optional<core::Decimal> decimal(const Json& row, std::string_view key) {
  const auto* value = row.find(key);
  if (value == nullptr || value->number() == nullptr)
    return std::nullopt;
  const auto parsed = core::Decimal::parse(value->number()->text);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

std::optional<core::Money> money(const Json& row, std::string_view key) {
  const auto* value = row.find(key);
  if (value == nullptr || value->number() == nullptr)
    return std::nullopt;
  const auto parsed = core::parse_money(value->number()->text);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

std::optional<Candle> candle_of(const Json& row) {
  const auto* time = row.find("time");
  if (time == nullptr || time->string() == nullptr)
    return std::nullopt;
  const auto open_time = parse_time(*time->string());
  const auto open = decimal(row, "open");
  const auto high = decimal(row, "high");
  const auto low = decimal(row, "low");
  const auto close = decimal(row, "close");
  const auto volume = money(row, "volume");
  if (!open_time || !open || !high || !low || !close || !volume)
    return std::nullopt;
  // Points of the earlier server may have no trade count.
  const auto trades = decimal(row, "trade_count").value_or(core::Decimal{}).at_scale(0);
  return Candle{.open_time = *open_time,
                .open = *open,
                .high = *high,
                .low = *low,
                .close = *close,
                .volume = *volume,
                .trade_count = trades.value_or(0),
                .closed = true};
}

template <class Row, class Read>
core::Result<std::vector<Row>> rows_of(std::string_view body, Read read) {
  const auto json = transport::parse_json(body);
  if (!json || json->array() == nullptr)
    return fail(Errc::malformed, "the database's answer is no list of rows", "influxdb");
  std::vector<Row> rows;
  rows.reserve(json->array()->size());
  for (const auto& one : *json->array()) {
    auto row = read(one);
    if (!row)
      return fail(Errc::malformed, "the database's answer has a row without its columns",
                  "influxdb");
    rows.push_back(*std::move(row));
  }
  return rows;
}

} // namespace

transport::HttpRequest sql_request(const InfluxAccess& access, std::string_view sql) {
  constexpr std::chrono::seconds timeout{10};
  transport::JsonWriter body;
  body.begin_object().field("db", access.database).field("q", sql);
  body.field("format", "json").end_object();
  transport::HttpRequest request;
  request.method = "POST";
  request.url = access.host + "/api/v3/query_sql";
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", "application/json"},
                     {"Authorization", "Bearer " + access.token}};
  request.body = body.take();
  request.timeout = timeout;
  request.proxy = access.proxy;
  return request;
}

core::Result<std::vector<Candle>> parse_rows(std::string_view body) {
  return rows_of<Candle>(body, candle_of);
}

core::Result<std::vector<core::Symbol>> parse_symbol_rows(std::string_view body) {
  return rows_of<core::Symbol>(body, [](const Json& row) -> std::optional<core::Symbol> {
    const auto* name = row.find("symbol");
    if (name == nullptr || name->string() == nullptr)
      return std::nullopt;
    const auto symbol = parse_symbol(*name->string());
    return symbol ? std::optional{*symbol} : std::nullopt;
  });
}

core::Result<std::string> sql_answer(core::Result<transport::HttpResponse> reply) {
  if (!reply)
    return fail(reply.error().code, "the database does not answer: " + reply.error().detail,
                "influxdb");
  if (reply->status >= 200 && reply->status < 300)
    return std::move(reply->body);
  if (reply->body.find("not found") != std::string::npos
      && reply->body.find("table") != std::string::npos)
    return "[]";
  return fail(Errc::upstream_error,
              "the database answers " + std::to_string(reply->status) + " "
                  + reply->body.substr(0, detail_bytes_max),
              "influxdb");
}

} // namespace tandem::adapters::price_stream
