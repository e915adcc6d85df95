#include "config/read_sinks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

namespace tandem::config {
namespace {

using namespace std::chrono_literals;
using core::sinks::Kind;
using yaml::Choice;
using yaml::Section;

constexpr std::array<Choice<InfluxApi>, 3> influx_apis{
    {{"v1", InfluxApi::v1}, {"v2", InfluxApi::v2}, {"v3", InfluxApi::v3}}};
constexpr std::array<Choice<KafkaFormat>, 2> kafka_formats{
    {{"json", KafkaFormat::json}, {"protobuf", KafkaFormat::protobuf}}};
constexpr std::array<Choice<MongoForm>, 2> mongo_forms{
    {{"record", MongoForm::record}, {"infoway", MongoForm::infoway}}};
constexpr std::array<Choice<MongoNumbers>, 3> mongo_numbers{
    {{"decimal128", MongoNumbers::decimal128},
     {"text", MongoNumbers::text},
     {"double", MongoNumbers::real}}};
constexpr std::size_t id_length_max = 32;
constexpr std::string_view kind_mark = "{kind}";

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= id_length_max && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// Other marks than {kind} are mistakes, not parts of a name.
void check_marks(Section& section, std::string_view key, const std::string& text) {
  auto rest = text;
  for (auto at = rest.find(kind_mark); at != std::string::npos; at = rest.find(kind_mark))
    rest.erase(at, kind_mark.size());
  if (rest.find_first_of("{}") != std::string::npos)
    section.refuse(key, fmt::format("'{}': only {{kind}} is replaced", text));
}

std::vector<std::pair<std::string, std::string>> read_settings(Section& section,
                                                               std::string_view key) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& item : section.texts(key)) {
    const auto at = item.find('=');
    if (at == std::string::npos || at == 0)
      section.refuse(key, fmt::format("'{}' must be name=value", item));
    else
      settings.emplace_back(item.substr(0, at), item.substr(at + 1));
  }
  return settings;
}

KafkaSinkConfig read_kafka(Section section) {
  KafkaSinkConfig kafka;
  section.require("servers");
  kafka.servers = section.text("servers", {});
  kafka.topic = section.text("topic", kafka.topic);
  check_marks(section, "topic", kafka.topic);
  kafka.format = section.choice("format", kafka.format, kafka_formats);
  kafka.properties = read_settings(section, "properties");
  kafka.secret_properties = read_settings(section, "secret_properties");
  section.finish();
  return kafka;
}

InfluxSinkConfig read_influx(Section section) {
  InfluxSinkConfig influx;
  section.require("url");
  influx.url = section.text("url", {});
  if (section.has("url") && !influx.url.starts_with("http://")
      && !influx.url.starts_with("https://"))
    section.refuse("url", fmt::format("'{}' must begin with http:// or https://", influx.url));
  while (influx.url.ends_with('/'))
    influx.url.pop_back();
  influx.api = section.choice("api", influx.api, influx_apis);
  influx.org = section.text("org", influx.org);
  section.require("database");
  influx.database = section.text("database", {});
  influx.token_env = section.text("token_env", {});
  influx.user = section.text("user", {});
  influx.password_env = section.text("password_env", {});
  influx.measurement_prefix = section.text("measurement_prefix", {});
  influx.gzip = section.boolean("gzip", influx.gzip);
  influx.ca_file = section.text("ca_file", {});
  section.finish();
  return influx;
}

MongoSinkConfig read_mongo(Section section) {
  MongoSinkConfig mongo;
  mongo.uri = section.text("uri", {});
  mongo.uri_env = section.text("uri_env", {});
  if (mongo.uri.empty() == mongo.uri_env.empty())
    section.refuse("uri", "give either uri or uri_env");
  if (mongo.uri.find('@') != std::string::npos)
    section.refuse("uri", "holds a user or a password: put it into a variable and name that in "
                          "uri_env");
  mongo.database = section.text("database", mongo.database);
  mongo.form = section.choice("form", mongo.form, mongo_forms);
  if (mongo.form == MongoForm::infoway)
    mongo.collection = "realtime";
  mongo.collection = section.text("collection", mongo.collection);
  mongo.close_collection = section.text("close_collection", mongo.close_collection);
  if (mongo.form == MongoForm::infoway && mongo.close_collection == mongo.collection)
    section.refuse("close_collection", "must not be that of all trades");
  check_marks(section, "collection", mongo.collection);
  mongo.numbers = section.choice("numbers", mongo.numbers, mongo_numbers);
  mongo.write_concern = section.text("write_concern", mongo.write_concern);
  section.finish();
  return mongo;
}

CaptureSinkConfig read_capture(Section section) {
  constexpr std::size_t kib = 1024;
  CaptureSinkConfig capture;
  capture.directory = section.text("directory", capture.directory);
  capture.frames = section.boolean("frames", capture.frames);
  capture.file_bytes
      = section.count("file_bytes", capture.file_bytes, 64 * kib, 16 * kib * kib * kib);
  capture.file_age = section.duration("file_age", capture.file_age, 1s, 168h);
  capture.kept_bytes
      = section.count("kept_bytes", capture.kept_bytes, kib * kib, 16 * kib * kib * kib * kib);
  capture.kept_files = section.count("kept_files", capture.kept_files, 2, 100'000);
  section.finish();
  return capture;
}

core::sinks::Filter read_filter(Section& section) {
  core::sinks::Filter filter;
  for (const auto& word : section.texts("records")) {
    if (const auto kind = core::sinks::parse_kind(word)) {
      filter.kinds.insert(*kind);
      continue;
    }
    std::array<std::string_view, core::sinks::all_kinds.size()> words{};
    std::transform(core::sinks::all_kinds.begin(), core::sinks::all_kinds.end(), words.begin(),
                   [](Kind kind) { return core::sinks::to_string(kind); });
    section.refuse("records", fmt::format("'{}' must be {}", word, alternatives(words)));
  }
  for (auto& venue : section.texts("exchanges"))
    filter.venues.emplace(std::move(venue));
  for (auto& symbol : section.texts("symbols"))
    filter.symbols.emplace(std::move(symbol));
  return filter;
}

core::sinks::DeliveryLimits read_delivery(Section& section) {
  constexpr std::size_t kib = 1024;
  core::sinks::DeliveryLimits limits;
  limits.batch_records = section.count("batch_records", limits.batch_records, 1, 100'000);
  limits.batch_bytes = section.count("batch_bytes", limits.batch_bytes, kib, 64 * kib * kib);
  limits.flush_interval = section.duration("flush_interval", limits.flush_interval, 10ms, 10min);
  limits.flush_jitter = section.duration("flush_jitter", limits.flush_jitter, 0ms, 1min);
  limits.retry.first = section.duration("retry_first", limits.retry.first, 10ms, 10min);
  limits.retry.cap = section.duration("retry_cap", limits.retry.cap, 100ms, 1h);
  limits.retries = static_cast<std::uint32_t>(section.count("retries", limits.retries, 1, 1'000));
  return limits;
}

} // namespace

SinkConfig read_sink(Section section) {
  constexpr std::size_t mib = 1024 * 1024;
  SinkConfig sink;
  section.require("id");
  sink.id = section.text("id", {});
  if (section.has("id") && !is_id(sink.id))
    section.refuse("id",
                   fmt::format("'{}' must be 1 to {} of a-z, 0-9 and '-'", sink.id, id_length_max));
  sink.filter = read_filter(section);
  sink.delivery = read_delivery(section);
  sink.spool_bytes = section.count("spool_bytes", sink.spool_bytes, mib, mib * mib);
  sink.timeout = section.duration("timeout", sink.timeout, 100ms, 10min);
  std::size_t destinations = 0;
  const auto has = [&](std::string_view key) {
    if (!section.has(key)) {
      section.allow(key);
      return false;
    }
    ++destinations;
    return true;
  };
  if (has("kafka"))
    sink.to = read_kafka(section.section("kafka"));
  if (has("influxdb"))
    sink.to = read_influx(section.section("influxdb"));
  if (has("mongodb"))
    sink.to = read_mongo(section.section("mongodb"));
  if (has("capture"))
    sink.to = read_capture(section.section("capture"));
  if (const auto* mongo = std::get_if<MongoSinkConfig>(&sink.to);
      mongo != nullptr && mongo->form == MongoForm::infoway
      && sink.filter.kinds != std::set<Kind>{Kind::trade})
    section.refuse("records", "must be [trade]: the form infoway knows nothing else");
  if (destinations != 1)
    section.refuse("id", "needs exactly one of kafka, influxdb, mongodb and capture");
  section.finish();
  return sink;
}

} // namespace tandem::config
