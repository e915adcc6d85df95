#include "apps/tandem/price_stream.hpp"

#include "actors/supervisor/price_stream_tree.hpp"
#include "adapters/fanout/fanout.hpp"
#include "adapters/files/posix_files.hpp"
#include "adapters/price_stream/influx.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/subscriptions/store.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/venues/venue.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/log_backend.hpp"
#include "apps/tandem/price_stream_influx.hpp"
#include "apps/tandem/price_stream_tools.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/tree_run.hpp"
#include "config/price_stream.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::price_stream::Edition;
using config::PriceStreamConfig;

/// Nullopt: it must be there and is not, or is too large.
std::optional<std::string> read_env(const PriceStreamOptions& options, std::ostream& err) {
  std::ifstream file{options.env_file, std::ios::binary};
  if (!file) {
    if (!options.env_required)
      return std::string{};
    err << options.env_file << ": cannot be read\n";
    return std::nullopt;
  }
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

int show_install(std::ostream& out) {
  out << "tandem " << TANDEM_VERSION
      << ": everything is in this program, there is nothing to install.\n"
         "Put your settings into .env (config/examples/price_stream.env is a template), then run\n"
         "  tandem price-stream --enhanced\n";
  return exit_ok;
}

int show_status(const PriceStreamOptions& options, const std::string& dotenv,
                const config::Environment& environment, std::ostream& out) {
  out << "tandem " << TANDEM_VERSION << " price stream\n";
  const auto absent = config::absent_influx_variables(dotenv, environment);
  for (const auto name : absent)
    out << name << ": missing\n";
  const auto loaded = config::load_price_stream(dotenv, options.env_file, environment);
  for (const auto& mistake : loaded.mistakes)
    out << config::describe(mistake) << '\n';
  if (!loaded.mistakes.empty() || !absent.empty()) {
    out << "settings: incomplete\n";
    return exit_ok;
  }
  const auto& config = loaded.config;
  out << "settings: good\n"
      << "mode: " << config::to_string(config::mode_of(config)) << '\n'
      << "address: " << config.api_host << ':' << config.api_port << '\n'
      << "base interval: " << config.base_interval.text() << '\n'
      << "InfluxDB: " << config.influxdb_host << ", database " << config.influxdb_database << '\n'
      << "subscriptions: " << config::to_string(config.db_type) << '\n'
      << "Kafka: " << (config.kafka_enabled ? "enabled" : "disabled") << '\n';
  return exit_ok;
}

adapters::price_stream::ConfigView view_of(const PriceStreamConfig& config,
                                           const std::string& mode) {
  adapters::price_stream::ConfigView view{.symbols = config.symbols,
                                          .base_interval = config.base_interval.text(),
                                          .aggregation_intervals = {},
                                          .api_host = config.api_host,
                                          .api_port = config.api_port,
                                          .influxdb_host = config.influxdb_host,
                                          .influxdb_database = config.influxdb_database,
                                          .kafka_enabled = config.kafka_enabled,
                                          .kafka_topic = config.kafka_topic,
                                          .db_type = std::string{config::to_string(config.db_type)},
                                          .mode = mode};
  for (const auto& interval : config.aggregation_intervals)
    view.aggregation_intervals.push_back(interval.text());
  return view;
}

/// Nothing of the server asks where names lead: these are the three that settings may hold.
std::string address_of(const PriceStreamConfig& config) {
  auto host = config.api_host == "localhost" ? std::string{"127.0.0.1"} : config.api_host;
  if (host.find(':') != std::string::npos && !host.starts_with('['))
    host = "[" + host + "]";
  return host + ":" + std::to_string(config.api_port);
}

actors::price_stream::ReadRows rows_reader(const PriceStreamConfig& config,
                                           adapters::transport::HttpClient& http) {
  return [&http, access = access_of(config)](const std::string& sql,
                                             actors::price_stream::RowsCallback done) {
    http.send(adapters::price_stream::query_request(access, sql),
              [dialect = access.dialect,
               done = std::move(done)](core::Result<adapters::transport::HttpResponse> reply) {
                done(adapters::price_stream::query_answer(dialect, std::move(reply))
                         .and_then(adapters::price_stream::parse_rows));
              });
  };
}

core::sinks::DeliveryLimits delivery_of(const config::InfluxTuning& tuning) {
  core::sinks::DeliveryLimits limits;
  limits.batch_records = tuning.batch_size;
  limits.flush_interval = tuning.flush_interval;
  limits.flush_jitter = tuning.jitter_interval;
  limits.retry.first = tuning.retry_interval;
  limits.retry.cap = tuning.max_retry_delay;
  limits.retries = tuning.max_retries;
  return limits;
}

/// Points travel through a spool on disk, as every sink's records do: an outage loses none.
actors::SinkOptions influx_sink(const PriceStreamConfig& config, const std::string& mode,
                                core::sinks::Tape& tape,
                                const std::shared_ptr<actors::price_stream::InfluxCounts>& counts,
                                const core::Clocks& clocks, adapters::transport::HttpClient& http) {
  constexpr std::size_t queued_max = 100'000;
  auto options = writer_of(config);
  options.point_of = [mode](const core::sinks::Numbered& item) {
    return actors::price_stream::stored_point(item.record, mode);
  };
  actors::SinkOptions sink;
  sink.courier.id = "influx";
  sink.courier.mode = mode;
  sink.courier.delivery = delivery_of(config.influx);
  sink.reader = tape.add_reader({}, queued_max);
  sink.files = [directory = config.spool_dir] { return adapters::files::posix_files(directory); };
  sink.writer = [options, counts, clocks,
                 &http]() -> core::Result<std::unique_ptr<adapters::sinks::Writer>> {
    return actors::price_stream::counted(adapters::sinks::influx::make_writer(options, http),
                                         counts, clocks);
  };
  return sink;
}

/// From the first actor to the last. @return the exit code
int run_server(const actors::supervisor::PriceStreamParts& parts, const sigset_t& signals) {
  TreeRun run;
  run.name = "price_stream";
  run.start = [&parts](caf::actor_system& system) {
    return actors::supervisor::start_price_stream(system, parts);
  };
  run.watches.kill = [&log = *parts.context->log](const std::string& who) {
    log.write(core::LogLevel::warning, "kill_ignored", {{"by", who}}); // nothing here trades
  };
  run.watches.look = [] {};
  return run_tree(run, *parts.context, signals);
}

/// Nullopt: prices go to the clients directly. Errors: configuration.
core::Result<std::optional<actors::price_stream::FanoutOptions>>
fanout_of(const PriceStreamConfig& config, Edition edition, const std::string& mode) {
  using adapters::fanout::open_kafka;
  std::optional<actors::price_stream::FanoutOptions> fanout;
  if (edition == Edition::basic || !config.kafka_enabled)
    return fanout;
  const auto counts = std::make_shared<adapters::fanout::Counts>();
  adapters::fanout::Options options{.servers
                                    = fmt::format("{}", fmt::join(config.kafka_servers, ",")),
                                    .topic = config.kafka_topic,
                                    .group = config.kafka_group,
                                    .mode = mode,
                                    .properties = config.kafka_properties};
  // What the tree would fail on again and again is better said at once.
  if (const auto good = adapters::fanout::check_kafka(options); !good)
    return tl::unexpected{good.error()};
  fanout.emplace(actors::price_stream::FanoutOptions{
      .open =
          [options, counts](adapters::fanout::Events events) {
            return open_kafka(options, counts, std::move(events));
          },
      .base = config.base_interval,
      .counts = counts});
  return fanout;
}

core::Result<std::unique_ptr<adapters::subscriptions::Store>>
open_store(const PriceStreamConfig& config) {
  return config.db_type == config::DatabaseType::postgresql
             ? adapters::subscriptions::open_postgres(config.db_url)
             : adapters::subscriptions::open_sqlite(config.db_path);
}

int serve(const PriceStreamConfig& config, Edition edition, std::ostream& out, std::ostream& err) {
  if (const auto store = open_store(config); !store) {
    err << "DB_TYPE=" << config::to_string(config.db_type)
        << ": subscriptions cannot be kept: " << core::describe(store.error()) << '\n';
    return store.error().code == core::Errc::configuration ? exit_configuration : exit_unavailable;
  }
  const auto signals = block_signals();
  use_all_descriptors();
  const auto clocks = machine_clocks();
  const auto mode = config::mode_of(config);
  const std::string mode_name{config::to_string(mode)};
  auto fanout = fanout_of(config, edition, mode_name);
  if (!fanout) {
    err << "Kafka: " << core::describe(fanout.error()) << '\n';
    return exit_configuration;
  }
  const auto log = make_dashed_log(config.log_level, "tandem.price_stream", mode_name, clocks);
  const auto context = make_context(clocks, machine_random(), *log, mode);
  adapters::transport::Io venue_io{"venues", clocks};
  adapters::transport::Io api_io{"api", clocks};
  tell_faults(venue_io, "venues", *log);
  tell_faults(api_io, "api", *log);
  if (const auto bound = adapters::transport::serve_http(api_io, address_of(config), {}, {});
      !bound) {
    err << core::describe(bound.error()) << '\n';
    return exit_unavailable;
  }
  const auto connector = adapters::transport::make_websocket_connector(venue_io);
  const auto http = adapters::transport::make_http_client(venue_io);
  const auto market = adapters::venues::make_market(
      {core::VenueId{"binance"}, core::MarketType::linear}, {.depth_stream = {}});
  adapters::venues::RestOptions rest;
  rest.base_url = config.rest_url;
  rest.proxy = proxy_of(config.rest_url);
  const auto tape = std::make_shared<core::sinks::Tape>();
  const auto counts = std::make_shared<actors::price_stream::InfluxCounts>();
  auto influx = influx_sink(config, mode_name, *tape, counts, clocks, *http);
  const actors::supervisor::PriceStreamParts parts{
      .context = context,
      .provider = {.market = market.get(),
                   .connector = connector.get(),
                   .rest = std::make_shared<adapters::venues::RestClient>(
                       *market, std::move(rest), *http, venue_io, clocks, context->random),
                   .socket = {.url = config.stream_url, .proxy = proxy_of(config.stream_url)},
                   .base = config.base_interval,
                   .targets = config.aggregation_intervals,
                   .symbols = config.symbols,
                   .open_store = [config] { return open_store(config); },
                   .backoff = {},
                   .tape = tape,
                   .influx = counts,
                   .kafka = *fanout ? (*fanout)->counts : nullptr,
                   .log_prices = config.log_level == "debug"},
      .listener = {.serve = adapters::transport::serve_on(api_io),
                   .address = address_of(config),
                   .edition = edition,
                   .cors_origins = config.cors_origins,
                   .view = view_of(config, mode_name),
                   .base = config.base_interval,
                   .listed = config.aggregation_intervals,
                   .read_rows = rows_reader(config, *http),
                   .version = TANDEM_VERSION,
                   .on_listening =
                       [&out](const std::string& address) {
                         out << "ready http=" << address << '\n' << std::flush;
                       }},
      .influx = std::move(influx),
      .fanout = *std::move(fanout)};
  log->write(
      core::LogLevel::info, "price_stream_starting",
      {{"version", TANDEM_VERSION}, {"edition", edition == Edition::basic ? "basic" : "enhanced"}});
  return run_server(parts, signals);
}

} // namespace

int run_price_stream(const PriceStreamOptions& options, const config::Environment& environment,
                     std::ostream& out, std::ostream& err) {
  if (options.run == PriceStreamRun::install)
    return show_install(out);
  const auto dotenv = read_env(options, err);
  if (!dotenv)
    return exit_configuration;
  if (options.run == PriceStreamRun::status)
    return show_status(options, *dotenv, environment, out);
  const auto loaded = config::load_price_stream(*dotenv, options.env_file, environment);
  for (const auto& mistake : loaded.mistakes)
    err << config::describe(mistake) << '\n';
  if (!loaded.mistakes.empty())
    return exit_configuration;
  if (options.run == PriceStreamRun::test_db)
    return test_database(loaded.config, out, err);
  if (options.run == PriceStreamRun::analyze)
    return analyze(loaded.config, out, err);
  return serve(loaded.config,
               options.run == PriceStreamRun::basic ? Edition::basic : Edition::enhanced, out, err);
}

} // namespace tandem::apps
