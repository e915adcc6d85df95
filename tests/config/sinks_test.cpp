// Sinks: every key arrives, and a mistake is refused at its line and key.
#include "tests/config/broken.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::config;
using namespace tandem::tests;
using core::sinks::Kind;

TEST_CASE("every key of a sink arrives") {
  const auto loaded = load_text(valid_text(), "f", no_environment);
  REQUIRE(loaded.mistakes.empty());
  REQUIRE(loaded.config.sinks.size() == 4);
  const auto& all = loaded.config.sinks[0];
  CHECK(all.id == "kafka-all");
  CHECK(all.filter.kinds == std::set{Kind::trade, Kind::order});
  CHECK(all.filter.venues == std::set{core::VenueId{"binance"}});
  CHECK(all.filter.symbols == std::set{core::Symbol{"BTCUSDT"}});
  CHECK(all.delivery.batch_records == 700);
  CHECK(all.delivery.batch_bytes == 65'536);
  CHECK(all.delivery.flush_interval == 2'500ms);
  CHECK(all.delivery.flush_jitter == 50ms);
  CHECK(all.delivery.retry.first == 700ms);
  CHECK(all.delivery.retry.cap == 45s);
  CHECK(all.delivery.retries == 6);
  CHECK(all.spool_bytes == 5'000'000);
  CHECK(all.timeout == 8s);
  const auto& kafka = std::get<KafkaSinkConfig>(all.to);
  CHECK(kafka.servers == "a:9092,b:9092");
  CHECK(kafka.topic == "data.{kind}");
  CHECK(kafka.properties.size() == 2);
  CHECK(kafka.properties[1]
        == std::pair<std::string, std::string>{"security.protocol", "SASL_SSL"});
  CHECK(kafka.secret_properties[0].second == "KAFKA_PASSWORD");
  CHECK(kafka.format == KafkaFormat::protobuf);
  const auto& influx = std::get<InfluxSinkConfig>(loaded.config.sinks[1].to);
  CHECK(influx.url == "https://influx.example:8086");
  CHECK(influx.api == InfluxApi::v1);
  CHECK(influx.org == "desk");
  CHECK(influx.database == "crypto_data");
  CHECK(influx.token_env == "INFLUX_TOKEN");
  CHECK(influx.user == "writer");
  CHECK(influx.password_env == "INFLUX_PASSWORD");
  CHECK(influx.measurement_prefix == "tandem_");
  CHECK_FALSE(influx.gzip);
  CHECK(influx.ca_file == "/etc/ssl/influx.pem");
  const auto& mongo = std::get<MongoSinkConfig>(loaded.config.sinks[2].to);
  CHECK(mongo.uri == "mongodb://mongo.example");
  CHECK(mongo.database == "market");
  CHECK(mongo.form == MongoForm::record);
  CHECK(mongo.collection == "all_{kind}");
  CHECK(mongo.close_collection == "day_end");
  CHECK(mongo.numbers == MongoNumbers::text);
  CHECK(mongo.write_concern == "2");
  const auto& capture = std::get<CaptureSinkConfig>(loaded.config.sinks[3].to);
  CHECK(capture.directory == "/srv/capture");
  CHECK_FALSE(capture.frames);
  CHECK(capture.file_bytes == 1'000'000);
  CHECK(capture.file_age == 15min);
  CHECK(capture.kept_bytes == 50'000'000);
  CHECK(capture.kept_files == 40);
}

TEST_CASE("a sink with a mistake is refused at its line and key") {
  const std::vector<Broken> cases{
      {"id: kafka-all", "id: Kafka", "sinks[0].id", "a-z, 0-9 and '-'"},
      {"id: kafka-all", "id: influx", "sinks[1].id", "is the id of another sink too"},
      {"records: [trade, order]", "records: [trade, orders]", "sinks[0].records", "must be trade"},
      {"exchanges: [binance]", "exchanges: [okx]", "sinks[0].exchanges", "no venue of this"},
      {"batch_records: 700", "batch_records: 0", "sinks[0].batch_records", "must be between"},
      {"flush_interval: 2500ms", "flush_interval: 1ms", "sinks[0].flush_interval",
       "must be between"},
      {"retry_cap: 45s", "retry_cap: 600ms", "sinks[0].retry_cap", "not be below retry_first"},
      {"spool_bytes: 5000000", "spool_bytes: 5", "sinks[0].spool_bytes", "must be between"},
      {"servers: a:9092,b:9092", "server: a:9092", "sinks[0].kafka.server", ""},
      {"topic: data.{kind}", "topic: data.{symbol}", "sinks[0].kafka.topic", "only {kind}"},
      {"format: protobuf", "format: avro", "sinks[0].kafka.format", "must be json or protobuf"},
      {"properties: [linger.ms=20", "properties: [linger.ms", "sinks[0].kafka.properties",
       "must be name=value"},
      {"url: https://influx.example:8086", "url: influx.example:8086", "sinks[1].influxdb.url",
       "must begin with http"},
      {"api: v1", "api: v4", "sinks[1].influxdb.api", "must be v1, v2 or v3"},
      {"uri: mongodb://mongo.example", "uri: mongodb://me:secret@mongo.example",
       "sinks[2].mongodb.uri", "put it into a variable"},
      {"file_bytes: 1000000", "file_bytes: 1000", "sinks[3].capture.file_bytes", "must be between"},
      {"kept_files: 40", "kept_files: 1", "sinks[3].capture.kept_files", "must be between"},
      {"frames: false", "frame: false", "sinks[3].capture.frame", ""},
      {"numbers: text", "numbers: float", "sinks[2].mongodb.numbers", "must be decimal128"},
      {"form: record", "form: infoway", "sinks[2].records", "must be [trade]"},
      {"form: record", "form: qmt", "sinks[2].mongodb.form", "must be record or infoway"},
  };
  for (const auto& broken : cases) {
    CAPTURE(broken.replace);
    const auto [text, line] = mutate(broken);
    const auto mistakes = load_text(text, "f", no_environment).mistakes;
    REQUIRE_FALSE(mistakes.empty());
    const auto found = std::find_if(mistakes.begin(), mistakes.end(), [&](const auto& mistake) {
      return mistake.key == broken.key && mistake.message.find(broken.says) != std::string::npos;
    });
    CHECK_MESSAGE(found != mistakes.end(), describe(mistakes.front()));
  }
}

TEST_CASE("a sink has exactly one destination") {
  auto text = valid_text();
  const std::string kafka = "    kafka:\n";
  text.replace(text.find(kafka), kafka.size(), "    mongodb: {uri: mongodb://x}\n    kafka:\n");
  const auto loaded = load_text(text, "f", no_environment);
  REQUIRE(loaded.mistakes.size() == 1);
  CHECK(loaded.mistakes[0].message.find("exactly one of") != std::string::npos);
}
