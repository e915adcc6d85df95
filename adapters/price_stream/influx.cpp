#include "adapters/price_stream/influx.hpp"

#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"
#include "adapters/transport/json.hpp"
#include "core/types/blanks.hpp"

#include <cctype>
#include <charconv>
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

constexpr int bad_request = 400;

/// Not a column, a database or a table that somebody else's words speak of.
bool is_absent_table(std::string_view answer) {
  constexpr std::string_view words = "Error during planning: table '";
  const auto from = answer.find(words);
  if (from == std::string_view::npos)
    return false;
  const auto name = answer.substr(from + words.size());
  const auto end = name.find('\'');
  return end != std::string_view::npos && name.substr(end).starts_with("' not found");
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~')
      result += c;
    else
      result.append({'%', digits[byte / digits.size()], digits[byte % digits.size()]});
  }
  return result;
}

/// The next line of `text`, which loses it.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = core::trimmed(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// No value of ours has a comma or a quote in it.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const auto comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos)
      return cells;
    line.remove_prefix(comma + 1);
  }
}

/// One cell as a member; the time as text, a tag of a group ("symbol=BTCUSDT") by its own name.
void write_cell(transport::JsonWriter& row, std::string_view column, std::string_view cell) {
  if (column == "name" || cell.empty())
    return;
  if (column == "tags") {
    const auto equals = cell.find('=');
    if (equals != std::string_view::npos)
      row.field(cell.substr(0, equals), std::string{cell.substr(equals + 1)});
    return;
  }
  if (column == "time") {
    core::UnixMillis time = 0;
    std::from_chars(cell.data(), cell.data() + cell.size(), time);
    row.field(column, iso_time(time));
    return;
  }
  const bool number = cell.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  row.key(column);
  if (number)
    row.raw(cell);
  else
    row.string(cell);
}

/// InfluxDB 1 answers a question without rows with nothing, and some of its refusals with 200 and a
/// column "error". Each series has a line of column names of its own.
core::Result<std::string> rows_of_csv(std::string_view body) {
  std::string rows;
  std::vector<std::string_view> columns;
  while (!body.empty()) {
    const auto line = take_line(body);
    if (line.empty())
      continue;
    const auto cells = cells_of(line);
    if (line.starts_with("name,tags,")) {
      columns = cells;
      continue;
    }
    if (columns.empty() || cells.size() != columns.size())
      return fail(Errc::upstream_error,
                  "the database answers " + std::string{line.substr(0, detail_bytes_max)},
                  "influxdb");
    transport::JsonWriter row;
    row.begin_object();
    for (std::size_t n = 0; n < columns.size(); ++n)
      write_cell(row, columns[n], cells[n]);
    rows += row.end_object().take() + '\n';
  }
  return rows;
}

template <class Row, class Read>
core::Result<std::vector<Row>> rows_of(std::string_view body, Read read) {
  std::vector<Row> rows;
  while (!body.empty()) {
    const auto line = take_line(body);
    if (line.empty())
      continue;
    const auto json = transport::parse_json(line);
    if (!json || json->object() == nullptr)
      return fail(Errc::malformed, "the database's answer is no list of rows", "influxdb");
    auto row = read(*json);
    if (!row)
      return fail(Errc::malformed, "the database's answer has a row without its columns",
                  "influxdb");
    rows.push_back(*std::move(row));
  }
  return rows;
}

} // namespace

transport::HttpRequest query_request(const InfluxAccess& access, std::string_view question) {
  constexpr std::chrono::seconds timeout{10};
  transport::HttpRequest request;
  request.method = "POST";
  request.timeout = timeout;
  request.proxy = access.proxy;
  if (access.dialect == Dialect::influxql) {
    request.url = access.host + "/query?epoch=ms&db=" + percent_encoded(access.database);
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/csv"},
                       {"Authorization", "Token " + access.token}};
    request.body = "q=" + percent_encoded(question);
    return request;
  }
  transport::JsonWriter body;
  body.begin_object().field("db", access.database).field("q", question);
  body.field("format", "jsonl").end_object();
  request.url = access.host + "/api/v3/query_sql";
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", "application/jsonl"},
                     {"Authorization", "Bearer " + access.token}};
  request.body = body.take();
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

core::Result<std::optional<NewestRow>> parse_newest(std::string_view body) {
  auto rows = rows_of<NewestRow>(body, [](const Json& row) -> std::optional<NewestRow> {
    const auto* time = row.find("time");
    const auto at = time != nullptr && time->string() != nullptr
                        ? parse_time(*time->string())
                        : core::Result<core::UnixMillis>{fail(Errc::malformed, "")};
    if (!at)
      return std::nullopt;
    NewestRow result{*at, {}};
    for (const auto& [name, value] : *row.object()) {
      const auto* number = value.number();
      result.text += (result.text.empty() ? "" : " ") + name + "=";
      result.text += value.string() != nullptr ? *value.string()
                     : number != nullptr       ? number->text
                                               : "null";
    }
    return result;
  });
  if (!rows)
    return tl::unexpected{rows.error()};
  return rows->empty() ? std::nullopt : std::optional{rows->front()};
}

core::Result<std::string> query_answer(Dialect dialect,
                                       core::Result<transport::HttpResponse> reply) {
  if (!reply)
    return fail(reply.error().code, "the database does not answer: " + reply.error().detail,
                "influxdb");
  if (reply->status >= 200 && reply->status < 300)
    return dialect == Dialect::sql ? std::move(reply->body) : rows_of_csv(reply->body);
  if (reply->status == bad_request && is_absent_table(reply->body))
    return std::string{};
  return fail(Errc::upstream_error,
              "the database answers " + std::to_string(reply->status) + " "
                  + reply->body.substr(0, detail_bytes_max),
              "influxdb");
}

} // namespace tandem::adapters::price_stream
