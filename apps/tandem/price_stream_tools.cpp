#include "apps/tandem/price_stream_tools.hpp"

#include "adapters/price_stream/analysis.hpp"
#include "adapters/price_stream/influx.hpp"
#include "adapters/price_stream/points.hpp"
#include "adapters/sinks/influx/line_protocol.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/price_stream_influx.hpp"
#include "apps/tandem/process.hpp"

#include <future>
#include <ostream>
#include <string>
#include <utility>

namespace tandem::apps {
namespace {

namespace wire = adapters::price_stream;
using adapters::transport::HttpRequest;
using adapters::transport::HttpResponse;

constexpr std::int64_t report_hours = 24;
constexpr core::UnixMillis hour_ms = 3'600'000;
constexpr std::size_t rows_max = 200'000;

/// The database, asked one question at a time.
class Database {
public:
  explicit Database(const config::PriceStreamConfig& config)
      : config_{config}, io_{"database", clocks_},
        client_{adapters::transport::make_http_client(io_)} {}

  core::Result<HttpResponse> send(HttpRequest request) {
    std::promise<core::Result<HttpResponse>> answer;
    client_->send(std::move(request), [&answer](core::Result<HttpResponse> reply) {
      answer.set_value(std::move(reply));
    });
    return answer.get_future().get();
  }

  core::Result<std::string> ask(const std::string& question) {
    const auto access = access_of(config_);
    return wire::query_answer(access.dialect, send(wire::query_request(access, question)));
  }

  core::Status write(const wire::Point& point) {
    const auto outcome = adapters::sinks::influx::outcome_of(
        send(adapters::sinks::influx::write_request(writer_of(config_), line_of(point))));
    if (outcome.kind != core::sinks::Outcome::Kind::delivered)
      return core::fail(core::Errc::upstream_error, outcome.detail, "influxdb");
    return {};
  }

  [[nodiscard]] core::WallTime now() const { return clocks_.wall(); }

private:
  static std::string line_of(const wire::Point& point) {
    constexpr std::int64_t ns_per_ms = 1'000'000;
    adapters::sinks::influx::Point line;
    line.measurement = point.measurement;
    line.tags = point.tags;
    for (const auto& [name, value] : point.fields)
      if (const auto* number = std::get_if<wire::FloatField>(&value))
        line.fields.push_back({name, core::sinks::Number{number->text}});
      else
        line.fields.push_back({name, std::get<std::int64_t>(value)});
    line.time = point.time * ns_per_ms;
    std::string text;
    append_line(text, line);
    return text;
  }

  const config::PriceStreamConfig& config_;
  core::Clocks clocks_ = machine_clocks();
  adapters::transport::Io io_;
  std::unique_ptr<adapters::transport::HttpClient> client_;
};

int unavailable(const core::Error& why, std::ostream& err) {
  err << "database: " << core::describe(why) << '\n';
  return exit_unavailable;
}

} // namespace

int test_database(const config::PriceStreamConfig& config, std::ostream& out, std::ostream& err) {
  Database database{config};
  const auto point = wire::test_point(database.now());
  if (const auto written = database.write(point); !written)
    return unavailable(written.error(), err);
  out << "wrote a point to " << point.measurement << '\n';
  const auto rows = database.ask(wire::newest_sql(point.measurement));
  if (!rows)
    return unavailable(rows.error(), err);
  const auto row = wire::parse_newest(*rows);
  if (!row)
    return unavailable(row.error(), err);
  if (!*row || (*row)->time < point.time)
    return unavailable({core::Errc::upstream_error, "the point that was taken is not there", {}},
                       err);
  out << "read back: " << (*row)->text << "\nthe database works\n";
  return exit_ok;
}

int analyze(const config::PriceStreamConfig& config, std::ostream& out, std::ostream& err) {
  Database database{config};
  const auto now = database.now();
  const auto until = core::to_millis(now) + 1;
  const auto from = until - report_hours * hour_ms;
  const auto symbols
      = database
            .ask(config.influxdb_api == config::InfluxApi::v1 ? wire::symbols_influxql(from)
                                                              : wire::symbols_sql(from))
            .and_then(wire::parse_symbol_rows);
  if (!symbols)
    return unavailable(symbols.error(), err);
  out << "symbols with data in the last " << report_hours << " h: " << symbols->size() << '\n';
  if (symbols->empty()) {
    out << "there is nothing to report\n";
    return exit_ok;
  }
  for (const auto& symbol : *symbols)
    out << "  " << symbol.text() << '\n';
  const auto& first = symbols->front();
  const auto rows
      = database
            .ask(wire::history_sql(wire::measurement(config.base_interval, config.base_interval),
                                   first, {from, until}, rows_max, 0))
            .and_then(wire::parse_rows);
  if (!rows)
    return unavailable(rows.error(), err);
  out << wire::report_text(wire::make_report(first, report_hours, *rows, now));
  return exit_ok;
}

} // namespace tandem::apps
