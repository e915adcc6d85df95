#include "apps/tandem/sinks.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/sinks/influx/writer.hpp"
#include "adapters/sinks/kafka/writer.hpp"
#include "adapters/sinks/mongodb/writer.hpp"

#include <utility>
#include <variant>

namespace tandem::apps {
namespace {

using adapters::sinks::Writer;
using WriterFactory = std::function<core::Result<std::unique_ptr<Writer>>()>;
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
  options.collection = to.collection;
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

} // namespace

core::Result<Sinks> make_sinks(const config::Config& config, const Environment& environment,
                               adapters::transport::HttpClient& http,
                               const std::function<std::string(const std::string&)>& proxy_for) {
  Sinks made;
  if (config.sinks.empty())
    return made;
  made.tape = std::make_shared<core::sinks::Tape>();
  for (const auto& sink : config.sinks) {
    const auto refuse = [&](core::Error why) {
      why.source = "sink " + sink.id + (why.source.empty() ? "" : ": " + why.source);
      return tl::unexpected{std::move(why)};
    };
    const Surroundings here{config, sink, environment, http, proxy_for};
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
    options.files = [directory = config.engine.state_dir + "/sinks/" + sink.id] {
      return adapters::files::posix_files(directory);
    };
    options.writer = *std::move(writer);
    made.sinks.push_back(std::move(options));
  }
  return made;
}

} // namespace tandem::apps
