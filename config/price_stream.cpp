#include "config/price_stream.hpp"

#include "config/endpoint.hpp"
#include "config/suggest.hpp"
#include "config/yaml/scalars.hpp"
#include "core/types/blanks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::config {
namespace {

using core::klines::Interval;

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

/// The items of a comma list without the blanks around them.
std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> result;
  while (true) {
    const auto comma = list.find(',');
    result.emplace_back(core::trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos)
      return result;
    list.remove_prefix(comma + 1);
  }
}

bool is_topic(std::string_view text) noexcept {
  constexpr std::size_t bytes_max = 249;
  return !text.empty() && text.size() <= bytes_max && text != "." && text != ".."
         && std::ranges::all_of(text, [](char c) {
              return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                     || c == '.' || c == '_' || c == '-';
            });
}

std::optional<core::Symbol> symbol_of(std::string_view text) {
  constexpr std::size_t bytes_min = 2;
  constexpr std::size_t bytes_max = 30;
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain || text.size() < bytes_min || text.size() > bytes_max)
    return std::nullopt;
  std::string upper{text};
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return core::Symbol{std::move(upper)};
}

/// One variable: where it was said and what.
struct Setting {
  std::string name;
  std::string value;
  std::string file;
  int line = 0;
};

class Reader {
public:
  Reader(std::string_view dotenv, std::string file, const Environment& environment)
      : file_{std::move(file)}, environment_{environment}, dotenv_{parse_dotenv(dotenv, file_)},
        mistakes_{dotenv_.mistakes} {}

  [[nodiscard]] std::optional<Setting> find(std::string_view name) const {
    if (auto value = environment_(std::string{name}))
      return Setting{std::string{name}, std::move(*value), "environment", 0};
    const auto found = dotenv_.values.find(name);
    if (found == dotenv_.values.end())
      return std::nullopt;
    return Setting{std::string{name}, found->second.value, file_, found->second.line};
  }

  void refuse(const Setting& setting, std::string why) {
    mistakes_.push_back({setting.file, setting.line, setting.name, std::move(why)});
  }

  void absent(std::string_view name, std::string why) {
    mistakes_.push_back({file_, 0, std::string{name}, std::move(why)});
  }

  /// An empty value is refused.
  std::optional<Setting> text(std::string_view name, std::string& target) {
    auto setting = find(name);
    if (!setting)
      return std::nullopt;
    if (setting->value.empty()) {
      refuse(*setting, "is empty");
      return std::nullopt;
    }
    target = setting->value;
    return setting;
  }

  [[nodiscard]] std::vector<Mistake> take() { return std::move(mistakes_); }

private:
  std::string file_;
  const Environment& environment_;
  Dotenv dotenv_;
  std::vector<Mistake> mistakes_;
};

Interval interval_of(std::string_view text) {
  return Interval::parse(text).value(); // of our own texts only
}

void read_influx(Reader& read, PriceStreamConfig& config) {
  if (const auto host = read.text("INFLUXDB_HOST", config.influxdb_host)) {
    // Before anything quotes the value.
    if (host->value.find('@') != std::string::npos)
      read.refuse(*host, "user names and passwords do not belong in a URL");
    else if (const auto endpoint = parse_endpoint(host->value, "http", "https"); !endpoint)
      read.refuse(*host, endpoint.error().detail);
  }
  if (!read.find("INFLUXDB_TOKEN"))
    read.absent("INFLUXDB_TOKEN", "is missing: the token that may write to the database");
  read.text("INFLUXDB_TOKEN", config.influxdb_token);
  read.text("INFLUXDB_DATABASE", config.influxdb_database);
  std::string api;
  if (const auto setting = read.text("INFLUXDB_API", api)) {
    if (api == "v1")
      config.influxdb_api = InfluxApi::v1;
    else if (api != "v3")
      read.refuse(*setting, "must be v3 or v1");
  }
  read.text("SPOOL_DIR", config.spool_dir);
}

void read_base(Reader& read, PriceStreamConfig& config) {
  auto setting = read.find("BINANCE_BASE_INTERVAL");
  if (!setting)
    setting = read.find("BINANCE_INTERVAL");
  if (!setting)
    return;
  if (std::ranges::find(streamed_intervals, setting->value) == streamed_intervals.end())
    read.refuse(*setting, fmt::format("must be {}", alternatives(streamed_intervals)));
  else
    config.base_interval = interval_of(setting->value);
}

void read_aggregation(Reader& read, PriceStreamConfig& config) {
  const auto& base = config.base_interval;
  const auto setting = read.find("BINANCE_AGGREGATION_INTERVALS");
  const auto list = core::klines::parse_intervals(setting ? std::string_view{setting->value}
                                                          : default_aggregation_intervals);
  if (!list) {
    read.refuse(*setting, list.error().detail);
    return;
  }
  for (const auto& interval : *list) {
    if (interval.made_of(base))
      config.aggregation_intervals.push_back(interval);
    else if (setting && interval != base) // the base itself is stored anyway
      read.refuse(*setting, fmt::format("{} is not a multiple of the base interval {}",
                                        interval.text(), base.text()));
  }
}

void read_symbols(Reader& read, PriceStreamConfig& config) {
  const auto setting = read.find("BINANCE_SYMBOL");
  if (!setting || setting->value.empty())
    return;
  for (const auto& item : items_of(setting->value)) {
    const auto symbol = symbol_of(item);
    if (!symbol)
      read.refuse(*setting, "must be symbols of 2 to 30 letters, digits and underscores, "
                            "separated by commas");
    else if (std::ranges::find(config.symbols, *symbol) == config.symbols.end())
      config.symbols.push_back(*symbol);
  }
}

void read_venue(Reader& read, PriceStreamConfig& config) {
  if (const auto url = read.text("BINANCE_STREAM_URL", config.stream_url))
    if (const auto endpoint = parse_endpoint(url->value, "ws", "wss"); !endpoint)
      read.refuse(*url, endpoint.error().detail);
  if (const auto url = read.text("BINANCE_REST_URL", config.rest_url))
    if (const auto endpoint = parse_endpoint(url->value, "http", "https"); !endpoint)
      read.refuse(*url, endpoint.error().detail);
}

void read_origins(Reader& read, PriceStreamConfig& config) {
  const auto setting = read.find("API_CORS_ORIGINS");
  if (!setting)
    return;
  config.cors_origins.clear();
  if (setting->value.empty())
    return;
  for (auto& item : items_of(setting->value)) {
    if (item != "*")
      if (const auto checked = check_origin(item); !checked) {
        read.refuse(*setting, checked.error().detail);
        continue;
      }
    config.cors_origins.push_back(std::move(item));
  }
}

void read_api(Reader& read, PriceStreamConfig& config) {
  if (const auto host = read.text("API_HOST", config.api_host); host && !is_loopback(host->value))
    read.refuse(*host, "must be 127.0.0.1, ::1 or localhost: put a proxy with TLS in front of it "
                       "to reach it from elsewhere");
  read_origins(read, config);
  if (const auto port = read.find("API_PORT")) {
    const auto value = yaml::parse_integer(port->value, 0, 65'535);
    if (value)
      config.api_port = static_cast<std::uint16_t>(*value);
    else
      read.refuse(*port, value.error().detail);
  }
}

/// What the client library calls them. Values are not quoted: some are secrets.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kafka_security{{
    {"KAFKA_SECURITY_PROTOCOL", "security.protocol"},
    {"KAFKA_SASL_MECHANISM", "sasl.mechanism"},
    {"KAFKA_SASL_USERNAME", "sasl.username"},
    {"KAFKA_SASL_PASSWORD", "sasl.password"},
    {"KAFKA_SSL_CA_LOCATION", "ssl.ca.location"},
    {"KAFKA_SSL_CERTIFICATE_LOCATION", "ssl.certificate.location"},
    {"KAFKA_SSL_KEY_LOCATION", "ssl.key.location"},
    {"KAFKA_SSL_KEY_PASSWORD", "ssl.key.password"},
}};
constexpr std::array<std::string_view, 4> kafka_protocols{"plaintext", "ssl", "sasl_plaintext",
                                                          "sasl_ssl"};

void read_kafka_security(Reader& read, PriceStreamConfig& config) {
  for (const auto& [name, property] : kafka_security) {
    const auto setting = read.find(name);
    if (setting && !setting->value.empty())
      config.kafka_properties.emplace(property, setting->value);
  }
  const auto protocol = read.find("KAFKA_SECURITY_PROTOCOL");
  if (!protocol || protocol->value.empty())
    return;
  auto& value = config.kafka_properties["security.protocol"];
  value = lower(value);
  if (std::ranges::find(kafka_protocols, value) == kafka_protocols.end())
    read.refuse(*protocol, fmt::format("must be {}", alternatives(kafka_protocols)));
}

void read_kafka(Reader& read, PriceStreamConfig& config) {
  const auto enabled = read.find("KAFKA_ENABLED");
  config.kafka_enabled = enabled && lower(enabled->value) == "true";
  if (!config.kafka_enabled)
    return;
  std::string servers;
  if (const auto setting = read.text("KAFKA_BOOTSTRAP_SERVERS", servers)) {
    config.kafka_servers = items_of(servers);
    for (const auto& server : config.kafka_servers)
      if (const auto address = parse_address(server); !address)
        read.refuse(*setting, address.error().detail);
  }
  if (const auto topic = read.text("KAFKA_TOPIC", config.kafka_topic))
    if (!is_topic(topic->value))
      read.refuse(*topic, "must be 1 to 249 letters, digits, points, underscores and hyphens");
  read.text("KAFKA_GROUP", config.kafka_group);
  read_kafka_security(read, config);
}

void read_database(Reader& read, PriceStreamConfig& config) {
  std::string type;
  if (const auto setting = read.text("DB_TYPE", type)) {
    type = lower(type);
    if (type == "postgresql")
      config.db_type = DatabaseType::postgresql;
    else if (type != "sqlite")
      read.refuse(*setting, "must be sqlite or postgresql");
  }
  if (config.db_type == DatabaseType::sqlite) {
    read.text("DB_PATH", config.db_path);
    return;
  }
  const auto url = read.find("DB_URL");
  if (!url || url->value.empty()) {
    read.absent("DB_URL", "is missing: DB_TYPE postgresql needs the URL of the database");
    return;
  }
  // Its value may hold a password and is not quoted.
  if (!url->value.starts_with("postgresql://") && !url->value.starts_with("postgres://"))
    read.refuse(*url, "must begin with postgresql://");
  config.db_url = url->value;
}

/// In milliseconds; `least` to `most`.
template <class Number>
void read_number(Reader& read, std::string_view name, std::int64_t least, std::int64_t most,
                 Number& target) {
  const auto setting = read.find(name);
  if (!setting)
    return;
  if (const auto value = yaml::parse_integer(setting->value, least, most))
    target = static_cast<Number>(*value);
  else
    read.refuse(*setting, value.error().detail);
}

void read_tuning(Reader& read, InfluxTuning& tuning) {
  constexpr std::int64_t records_max = 10'000;
  constexpr std::int64_t hour_ms = 3'600'000;
  constexpr std::int64_t retries_max = 1'000;
  read_number(read, "INFLUXDB_BATCH_SIZE", 1, records_max, tuning.batch_size);
  read_number(read, "INFLUXDB_FLUSH_INTERVAL", 1, hour_ms, tuning.flush_interval);
  read_number(read, "INFLUXDB_JITTER_INTERVAL", 0, hour_ms, tuning.jitter_interval);
  read_number(read, "INFLUXDB_RETRY_INTERVAL", 1, hour_ms, tuning.retry_interval);
  read_number(read, "INFLUXDB_MAX_RETRY_DELAY", 1, hour_ms, tuning.max_retry_delay);
  read_number(read, "INFLUXDB_MAX_RETRIES", 0, retries_max, tuning.max_retries);
}

void read_log(Reader& read, PriceStreamConfig& config) {
  constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
  const auto level = read.text("LOG_LEVEL", config.log_level);
  if (!level)
    return;
  config.log_level = lower(config.log_level);
  if (std::ranges::find(levels, config.log_level) == levels.end())
    read.refuse(*level, fmt::format("must be {}", alternatives(levels)));
}

} // namespace

PriceStreamLoad load_price_stream(std::string_view dotenv, const std::string& name,
                                  const Environment& environment) {
  Reader read{dotenv, name, environment};
  PriceStreamConfig config{.base_interval = interval_of("1m")};
  read_influx(read, config);
  read_base(read, config);
  read_aggregation(read, config);
  read_symbols(read, config);
  read_venue(read, config);
  read_api(read, config);
  read_kafka(read, config);
  read_database(read, config);
  read_tuning(read, config.influx);
  read_log(read, config);
  return {std::move(config), read.take()};
}

Mode mode_of(const PriceStreamConfig& config) {
  const auto real = [](const core::Result<Endpoint>& endpoint) {
    return endpoint && endpoint->encrypted && endpoint->host.ends_with(".binance.com");
  };
  return real(parse_endpoint(config.stream_url, "ws", "wss"))
                 && real(parse_endpoint(config.rest_url, "http", "https"))
             ? Mode::prod
             : Mode::mock;
}

std::vector<std::string_view> absent_influx_variables(std::string_view dotenv,
                                                      const Environment& environment) {
  const Reader read{dotenv, {}, environment};
  std::vector<std::string_view> result;
  for (const auto name : influx_variables) {
    const auto setting = read.find(name);
    if (!setting || setting->value.empty())
      result.push_back(name);
  }
  return result;
}

} // namespace tandem::config
