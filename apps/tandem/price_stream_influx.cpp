#include "apps/tandem/price_stream_influx.hpp"

#include "apps/tandem/process.hpp"

namespace tandem::apps {

adapters::price_stream::InfluxAccess access_of(const config::PriceStreamConfig& config) {
  return {config.influxdb_host, config.influxdb_token, config.influxdb_database,
          proxy_of(config.influxdb_host),
          config.influxdb_api == config::InfluxApi::v1 ? adapters::price_stream::Dialect::influxql
                                                       : adapters::price_stream::Dialect::sql};
}

adapters::sinks::influx::Options writer_of(const config::PriceStreamConfig& config) {
  adapters::sinks::influx::Options options;
  options.url = config.influxdb_host;
  options.api = config.influxdb_api == config::InfluxApi::v1 ? adapters::sinks::influx::Api::v1
                                                             : adapters::sinks::influx::Api::v2;
  options.database = config.influxdb_database;
  options.token = config.influxdb_token;
  options.labels.mode = config::to_string(config::mode_of(config));
  options.proxy = proxy_of(config.influxdb_host);
  return options;
}

} // namespace tandem::apps
