#include "apps/tandem/sinks.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/sinks/capture/writer.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/sinks/kafka/writer.hpp"
#include "adapters/sinks/mongodb/writer.hpp"
#include "apps/tandem/process.hpp"

#include <utility>
#include <variant>

namespace tandem::apps {
namespace {

using adapters::sinks::Writer;
using WriterFactory = std::function<core::Result<std::unique_ptr<Writer>>()>;
namespace capture = adapters::sinks::capture;
namespace influx = adapters::sinks::influx;
namespace kafka = adapters::sinks::kafka;
namespace mongodb = adapters::sinks::mongodb;

/// A second of a very busy market.
constexpr std::size_t queued_max = 100'000;

/// Errors: configuration.
core::Result<std::string> secret(const Environment& environment, const std::string& variable) {
  if (variable.empty())
    return std::string{};
  auto value = environment(variable);
  if (value.empty())
    return core::fail(core::Errc::configuration, "the environment has no " + variable);
  return value;
}

struct Surroundings {
  const config::Config& config;
  const config::SinkConfig& sink;
  const Environment& environment;
  const core::Clocks& clocks;
  adapters::transport::HttpClient& http;
  const std::function<std::string(const std::string&)>& proxy_for;

  [[nodiscard]] std::string mode() const { return std::string{config::to_string(config.mode)}; }
};

core::Result<WriterFactory> factory(const config::KafkaSinkConfig& to, const Surroundings& here) {
  kafka::Options options;
  options.servers = to.servers;
  options.topic = to.topic;
  options.mode = here.mode();
  options.format
      = to.format == config::KafkaFormat::protobuf ? kafka::Format::protobuf : kafka::Format::json;
  options.timeout = here.sink.timeout;
  options.properties = {to.properties.begin(), to.properties.end()};
  for (const auto& [name, variable] : to.secret_properties) {
    auto value = secret(here.environment, variable);
    if (!value)
      return tl::unexpected{value.error()};
    options.properties[name] = *std::move(value);
  }
  return WriterFactory{[options] { return kafka::make_writer(options); }};
}

influx::Api api_of(config::InfluxApi api) {
  switch (api) {
  case config::InfluxApi::v1:
    return influx::Api::v1;
  case config::InfluxApi::v2:
    return influx::Api::v2;
  case config::InfluxApi::v3:
    return influx::Api::v3;
  }
  return influx::Api::v2;
}

core::Result<WriterFactory> factory(const config::InfluxSinkConfig& to, const Surroundings& here) {
  influx::Options options;
  options.url = to.url;
  options.api = api_of(to.api);
  options.org = to.org;
  options.database = to.database;
  options.user = to.user;
  options.labels = {to.measurement_prefix, here.mode()};
  options.gzip = to.gzip;
  options.timeout = here.sink.timeout;
  options.tls.ca_file = to.ca_file;
  options.proxy = here.proxy_for(to.url);
  for (const auto& [variable, into] :
       {std::pair{&to.token_env, &options.token}, {&to.password_env, &options.password}}) {
    auto value = secret(here.environment, *variable);
    if (!value)
      return tl::unexpected{value.error()};
    *into = *std::move(value);
  }
  return WriterFactory{[options, &http = here.http]() -> core::Result<std::unique_ptr<Writer>> {
    return influx::make_writer(options, http);
  }};
}

mongodb::Numbers numbers_of(config::MongoNumbers numbers) {
  switch (numbers) {
  case config::MongoNumbers::decimal128:
    return mongodb::Numbers::decimal128;
  case config::MongoNumbers::text:
    return mongodb::Numbers::text;
  case config::MongoNumbers::real:
    return mongodb::Numbers::real;
  }
  return mongodb::Numbers::decimal128;
}

core::Result<WriterFactory> factory(const config::MongoSinkConfig& to, const Surroundings& here) {
  mongodb::Options options;
  options.uri = to.uri;
  options.database = to.database;
  options.form
      = to.form == config::MongoForm::infoway ? mongodb::Form::infoway : mongodb::Form::record;
  options.collection = to.collection;
  options.close_collection = to.close_collection;
  options.mode = here.mode();
  options.numbers = numbers_of(to.numbers);
  options.write_concern = to.write_concern;
  options.timeout = here.sink.timeout;
  auto uri = secret(here.environment, to.uri_env);
  if (!uri)
    return tl::unexpected{uri.error()};
  if (!uri->empty())
    options.uri = *std::move(uri);
  return WriterFactory{[options] { return mongodb::make_writer(options); }};
}

std::string directory_of(const config::Config& config, const config::SinkConfig& sink) {
  return config.engine.state_dir + "/sinks/" + sink.id;
}

std::string directory_of(const config::CaptureSinkConfig& to, const Surroundings& here) {
  return to.directory.empty() ? directory_of(here.config, here.sink) + "/capture" : to.directory;
}

capture::RollingLimits limits_of(const config::CaptureSinkConfig& to) {
  return {to.file_bytes, to.file_age, to.kept_bytes, to.kept_files};
}

core::Result<WriterFactory> factory(const config::CaptureSinkConfig& to, const Surroundings& here) {
  capture::Options options;
  options.mode = here.mode();
  options.limits = limits_of(to);
  options.clock = here.clocks.mono;
  options.files
      = [directory = directory_of(to, here)] { return adapters::files::posix_files(directory); };
  return WriterFactory{[options]() -> core::Result<std::unique_ptr<Writer>> {
    return capture::make_writer(options);
  }};
}

std::vector<capture::Place> places_of(const config::Config& config) {
  std::vector<capture::Place> places;
  for (const auto& venue : config.venues)
    for (const auto& market : venue.markets) {
      const std::string type{core::to_string(market.type)};
      places.push_back({venue.id.text() + '_' + type, market.websocket,
                        venue.id.text() == "bybit" ? "/v5/public/" + type : "/stream",
                        market.rest});
    }
  return places;
}

/// A recorder for the frames of this sink, watched by its actor.
std::shared_ptr<capture::FrameRecorder> record_frames(const config::CaptureSinkConfig& to,
                                                      const Surroundings& here,
                                                      actors::SinkOptions& sink) {
  capture::RecorderOptions options;
  options.limits = limits_of(to);
  options.flush_interval = here.sink.delivery.flush_interval;
  options.clock = here.clocks.mono;
  options.files
      = [directory = directory_of(to, here)] { return adapters::files::posix_files(directory); };
  auto recorder = std::make_shared<capture::FrameRecorder>(std::move(options));
  sink.frames = [recorder] {
    const auto& counters = recorder->counters();
    return actors::FrameNews{counters.taken, counters.written, counters.lost, recorder->trouble()};
  };
  return recorder;
}

} // namespace

core::Result<Sinks> make_sinks(const config::Config& config, const Environment& environment,
                               const core::Clocks& clocks, adapters::transport::HttpClient& http,
                               const std::function<std::string(const std::string&)>& proxy_for) {
  Sinks made;
  if (config.sinks.empty())
    return made;
  made.tape = std::make_shared<core::sinks::Tape>();
  std::shared_ptr<capture::Tap> tap;
  for (const auto& sink : config.sinks) {
    const auto refuse = [&](core::Error why) {
      why.source = "sink " + sink.id + (why.source.empty() ? "" : ": " + why.source);
      return tl::unexpected{std::move(why)};
    };
    const Surroundings here{config, sink, environment, clocks, http, proxy_for};
    auto writer = std::visit([&](const auto& to) { return factory(to, here); }, sink.to);
    if (!writer)
      return refuse(writer.error());
    // Made once and thrown away: a setting that is refused is told at the start.
    if (const auto tried = (*writer)(); !tried)
      return refuse(tried.error());
    actors::SinkOptions options;
    options.courier.id = sink.id;
    options.courier.mode = here.mode();
    options.courier.delivery = sink.delivery;
    options.courier.spool.bytes_max = sink.spool_bytes;
    options.reader = made.tape->add_reader(sink.filter, queued_max);
    options.files = [directory = directory_of(config, sink)] {
      return adapters::files::posix_files(directory);
    };
    options.writer = *std::move(writer);
    if (const auto* to = std::get_if<config::CaptureSinkConfig>(&sink.to);
        to != nullptr && to->frames) {
      if (!tap)
        tap = std::make_shared<capture::Tap>(capture::Tap{places_of(config), {}, clocks});
      tap->recorders.push_back(record_frames(*to, here, options));
    }
    made.sinks.push_back(std::move(options));
  }
  made.tap = std::move(tap);
  return made;
}

std::vector<std::unique_ptr<adapters::sinks::CourierThread>>
start_sinks(const std::vector<actors::SinkOptions>& sinks,
            const adapters::transport::ThreadPlace& place, const core::Clocks& clocks,
            core::Log& log) {
  using Notice = adapters::sinks::CourierNotice;
  std::vector<std::unique_ptr<adapters::sinks::CourierThread>> threads;
  for (const auto& sink : sinks) {
    const auto tell = [&log, id = sink.courier.id](const Notice& notice) {
      const bool good
          = notice.kind == Notice::Kind::back || notice.kind == Notice::Kind::spool_back;
      log.write(good ? core::LogLevel::info : core::LogLevel::warning, "sink",
                {{"sink", id}, {"message", notice.text}});
    };
    threads.push_back(std::make_unique<adapters::sinks::CourierThread>(
        sink.courier,
        adapters::sinks::CourierPorts{clocks, machine_random(), sink.files, sink.writer, {}},
        sink.reader, tell, place));
  }
  return threads;
}

} // namespace tandem::apps
