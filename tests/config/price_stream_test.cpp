// The price stream's settings: S1-10, S1-24, S1-66, S1-69, S1-72 (names), S1-80; and .env files.
#include "config/price_stream.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::config;

namespace {

Environment environment(std::map<std::string, std::string> values = {}) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

PriceStreamLoad load(std::string_view text, std::map<std::string, std::string> values = {}) {
  return load_price_stream(text, ".env", environment(std::move(values)));
}

/// The mistakes of a file that is right but for `text`.
std::vector<std::string> mistakes(std::string_view text,
                                  std::map<std::string, std::string> values = {}) {
  std::vector<std::string> result;
  for (const auto& mistake :
       load("INFLUXDB_TOKEN=canary-token\n" + std::string{text}, std::move(values)).mistakes)
    result.push_back(describe(mistake));
  return result;
}

std::string intervals(const PriceStreamLoad& loaded) {
  std::string result;
  for (const auto& interval : loaded.config.aggregation_intervals)
    result += (result.empty() ? "" : ",") + interval.text();
  return result;
}

} // namespace

TEST_CASE("S1-10: what nobody says has its documented default") {
  const auto loaded = load("INFLUXDB_TOKEN=t");
  CHECK(loaded.mistakes.empty());
  const auto& config = loaded.config;
  CHECK(config.influxdb_host == "http://localhost:8086");
  CHECK(config.influxdb_token == "t");
  CHECK(config.influxdb_database == "crypto_data");
  CHECK(config.base_interval.text() == "1m");
  CHECK(intervals(loaded) == "5m,15m,30m,1h,4h,12h,1d,1w,1M,1y");
  CHECK(config.symbols.empty());
  CHECK_FALSE(config.kafka_enabled);
  CHECK(config.kafka_servers == std::vector<std::string>{"localhost:9092"});
  CHECK(config.kafka_topic == "crypto-prices");
  CHECK(config.db_type == DatabaseType::sqlite);
  CHECK(config.db_path == "./sqlite.db");
  SUBCASE("S1-24: it listens on 127.0.0.1:8000") {
    CHECK(config.api_host == "127.0.0.1");
    CHECK(config.api_port == 8'000);
  }
}

TEST_CASE("S1-10: the environment wins over the file") {
  const auto loaded = load("INFLUXDB_TOKEN=file\nAPI_PORT=1\nKAFKA_TOPIC=a",
                           {{"INFLUXDB_TOKEN", "environment"}, {"API_PORT", "2"}});
  CHECK(loaded.config.influxdb_token == "environment");
  CHECK(loaded.config.api_port == 2);
  SUBCASE("also with nothing") {
    CHECK(load("INFLUXDB_TOKEN=file", {{"INFLUXDB_TOKEN", ""}}).mistakes.size() == 1);
  }
}

TEST_CASE("S1-69: a wrong Influx setting stops the start and names the variable") {
  const auto missing = load("").mistakes;
  REQUIRE(missing.size() == 1);
  CHECK(describe(missing[0])
        == ".env: INFLUXDB_TOKEN: is missing: the token that may write to the database");
  CHECK(mistakes("INFLUXDB_HOST=\nINFLUXDB_DATABASE=")
        == std::vector<std::string>{".env:2: INFLUXDB_HOST: is empty",
                                    ".env:3: INFLUXDB_DATABASE: is empty"});
  for (const auto* host : {"localhost:8086", "ftp://localhost", "http://", "http://h:99999"}) {
    const auto found = mistakes("INFLUXDB_HOST=" + std::string{host});
    REQUIRE_MESSAGE(found.size() == 1, host);
    CHECK(found[0].starts_with(".env:2: INFLUXDB_HOST: "));
  }
  CHECK(mistakes("", {{"INFLUXDB_DATABASE", ""}})
        == std::vector<std::string>{"environment: INFLUXDB_DATABASE: is empty"});
  SUBCASE("runs that need a database ask for the three variables first") {
    CHECK(absent_influx_variables("INFLUXDB_HOST=h\nINFLUXDB_TOKEN=", environment())
          == std::vector<std::string_view>{"INFLUXDB_TOKEN", "INFLUXDB_DATABASE"});
    CHECK(absent_influx_variables("", environment({{"INFLUXDB_HOST", "h"},
                                                   {"INFLUXDB_TOKEN", "t"},
                                                   {"INFLUXDB_DATABASE", "d"}}))
              .empty());
  }
}

TEST_CASE("S1-66: no mistake shows a secret") {
  for (const auto* text :
       {"INFLUXDB_HOST=http://user:canary-password@h", "INFLUXDB_HOST=ftp://u:canary-password@h",
        "INFLUXDB_TOKEN='canary-token", "INFLUXDB_TOKEN=\"canary-token\" x", "canary-token",
        "DB_TYPE=postgresql\nDB_URL=mysql://u:canary-password@h/db"}) {
    const auto found = mistakes(text);
    REQUIRE_MESSAGE(!found.empty(), text);
    for (const auto& one : found)
      CHECK_MESSAGE(one.find("canary") == std::string::npos, one);
  }
}

TEST_CASE("the base interval is one that Binance streams, by its name or the older one") {
  CHECK(load("INFLUXDB_TOKEN=t\nBINANCE_INTERVAL=5m").config.base_interval.text() == "5m");
  CHECK(load("INFLUXDB_TOKEN=t\nBINANCE_INTERVAL=5m\nBINANCE_BASE_INTERVAL=15m")
            .config.base_interval.text()
        == "15m");
  for (const auto* text : {"7m", "1s", "1y", "", "1D"})
    CHECK(mistakes("BINANCE_INTERVAL=" + std::string{text}).size() == 1);
}

TEST_CASE("S1-74: aggregation intervals are multiples of the base") {
  CHECK(intervals(load("INFLUXDB_TOKEN=t\nBINANCE_AGGREGATION_INTERVALS=5m, 1h")) == "5m,1h");
  CHECK(intervals(load("INFLUXDB_TOKEN=t\nBINANCE_AGGREGATION_INTERVALS=")).empty());
  CHECK(intervals(load("INFLUXDB_TOKEN=t\nBINANCE_AGGREGATION_INTERVALS=1m,60m,1h")) == "60m");
  CHECK(
      mistakes("BINANCE_BASE_INTERVAL=5m\nBINANCE_AGGREGATION_INTERVALS=7m,10m")
      == std::vector<std::string>{".env:3: BINANCE_AGGREGATION_INTERVALS: 7m is not a multiple of "
                                  "the base interval 5m"});
  CHECK(mistakes("BINANCE_AGGREGATION_INTERVALS=5m,x").size() == 1);
  SUBCASE("the default list leaves out what is none") {
    CHECK(intervals(load("INFLUXDB_TOKEN=t\nBINANCE_BASE_INTERVAL=4h")) == "12h,1d,1w,1M,1y");
  }
}

TEST_CASE("S1-70: BINANCE_SYMBOL is subscribed at the start, in any case") {
  const auto loaded = load("INFLUXDB_TOKEN=t\nBINANCE_SYMBOL=bnbusdt, ETHUSDT,BNBUSDT");
  REQUIRE(loaded.config.symbols.size() == 2);
  CHECK(loaded.config.symbols[0].text() == "BNBUSDT");
  CHECK(mistakes("BINANCE_SYMBOL=../x").size() == 1);
  CHECK(mistakes("BINANCE_SYMBOL=A,BTCUSDT").size() == 1);
}

TEST_CASE("S1-80: Kafka is on with the word true in any case, and then needs servers and a topic") {
  CHECK(load("INFLUXDB_TOKEN=t\nKAFKA_ENABLED=TRUE").config.kafka_enabled);
  for (const auto* word : {"1", "yes", "false", ""})
    CHECK_FALSE(load("INFLUXDB_TOKEN=t\nKAFKA_ENABLED=" + std::string{word}).config.kafka_enabled);
  const auto loaded
      = load("INFLUXDB_TOKEN=t\nKAFKA_ENABLED=true\nKAFKA_BOOTSTRAP_SERVERS=a:1, b:2\n"
             "KAFKA_TOPIC=kline");
  CHECK(loaded.mistakes.empty());
  CHECK(loaded.config.kafka_servers == std::vector<std::string>{"a:1", "b:2"});
  CHECK(loaded.config.kafka_topic == "kline");
  CHECK(mistakes("KAFKA_ENABLED=true\nKAFKA_BOOTSTRAP_SERVERS=\nKAFKA_TOPIC=")
        == std::vector<std::string>{".env:3: KAFKA_BOOTSTRAP_SERVERS: is empty",
                                    ".env:4: KAFKA_TOPIC: is empty"});
  CHECK(mistakes("KAFKA_ENABLED=true\nKAFKA_BOOTSTRAP_SERVERS=a").size() == 1);
  CHECK(mistakes("KAFKA_ENABLED=true\nKAFKA_TOPIC=a/b").size() == 1);
  SUBCASE("off, nobody asks") {
    CHECK(mistakes("KAFKA_BOOTSTRAP_SERVERS=\nKAFKA_TOPIC=").empty());
  }
}

TEST_CASE("S1-13: the database is sqlite or postgresql, and the latter needs its URL") {
  CHECK(mistakes("DB_TYPE=mysql")
        == std::vector<std::string>{".env:2: DB_TYPE: must be sqlite or postgresql"});
  CHECK(mistakes("DB_TYPE=postgresql")
        == std::vector<std::string>{
            ".env: DB_URL: is missing: DB_TYPE postgresql needs the URL of the database"});
  const auto loaded
      = load("INFLUXDB_TOKEN=t\nDB_TYPE=PostgreSQL\nDB_URL=postgresql://u:p@h/db\nDB_PATH=");
  CHECK(loaded.mistakes.empty());
  CHECK(loaded.config.db_type == DatabaseType::postgresql);
  CHECK(loaded.config.db_url == "postgresql://u:p@h/db");
  CHECK(mistakes("DB_PATH=").size() == 1);
}

TEST_CASE("all mistakes are told at once") {
  CHECK(mistakes("API_PORT=65536\nAPI_HOST=\nDB_TYPE=x\nBINANCE_INTERVAL=x\nwhat").size() == 5);
}

TEST_CASE("S1-66: the example file loads once a token is there, and holds none") {
  std::ifstream file{"config/examples/price_stream.env"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  REQUIRE_FALSE(text.empty());
  CHECK(load(text, {{"INFLUXDB_TOKEN", "t"}}).mistakes.empty());
  CHECK(load(text).mistakes.size() == 1);
}

TEST_CASE("a .env file: quotes, comments, export, blanks, line ends") {
  const auto read = parse_dotenv("\xEF\xBB\xBF# comment\r\n"
                                 "A=1\r\n"
                                 "  export B = two words # comment\n"
                                 "C='a # b $X \\n'  # comment\n"
                                 "D=\"a\\n\\\"b\\\" \\$X \\q\"\n"
                                 "E=\n"
                                 "F=#comment\n"
                                 "G=a#b=c\n"
                                 "exported=1\n"
                                 "A=last",
                                 ".env");
  CHECK(read.mistakes.empty());
  const auto value
      = [&read](std::string_view name) { return read.values.find(name)->second.value; };
  CHECK(value("A") == "last");
  CHECK(read.values.find("A")->second.line == 10);
  CHECK(value("B") == "two words");
  CHECK(value("C") == "a # b $X \\n");
  CHECK(value("D") == "a\n\"b\" $X \\q");
  CHECK(value("E").empty());
  CHECK(value("F").empty());
  CHECK(value("G") == "a#b=c");
  CHECK(value("exported") == "1");
  for (const auto* text :
       {"A", "=1", "1A=1", "A B=1", "A-B=1", "A='x", "A=\"x", "A=\"x\" y", "A='x'y", "A=\"x\\"})
    CHECK_MESSAGE(parse_dotenv(text, ".env").mistakes.size() == 1, text);
  CHECK(parse_dotenv(std::string(dotenv_bytes_max + 1, '#'), ".env").mistakes.size() == 1);
}

TEST_CASE("prices that do not come from Binance itself are labelled mock") {
  const auto mode = [](const std::string& text) {
    const auto loaded = config::load_price_stream("INFLUXDB_TOKEN=t\n" + text, ".env",
                                                  [](const auto&) { return std::nullopt; });
    REQUIRE(loaded.mistakes.empty());
    return config::mode_of(loaded.config);
  };
  CHECK(mode("") == config::Mode::prod);
  CHECK(mode("BINANCE_STREAM_URL=ws://127.0.0.1:7102") == config::Mode::mock);
  CHECK(mode("BINANCE_REST_URL=http://127.0.0.1:7102") == config::Mode::mock);
  CHECK(mode("BINANCE_STREAM_URL=wss://fstream.binance.com.example.org") == config::Mode::mock);
  CHECK(mode("BINANCE_STREAM_URL=ws://fstream.binance.com") == config::Mode::mock);
}

TEST_CASE("S1-68: origins are exact or all, and an address beyond this machine is refused") {
  const auto load = [](const std::string& text) {
    return config::load_price_stream("INFLUXDB_TOKEN=t\n" + text, ".env",
                                     [](const auto&) { return std::nullopt; });
  };
  CHECK(load("").config.cors_origins == std::vector<std::string>{"*"});
  CHECK(load("API_CORS_ORIGINS=").config.cors_origins.empty());
  CHECK(load("API_CORS_ORIGINS=https://a.example, http://b.example:1").config.cors_origins
        == std::vector<std::string>{"https://a.example", "http://b.example:1"});
  CHECK(load("API_CORS_ORIGINS=a.example").mistakes.size() == 1);
  CHECK(load("API_HOST=0.0.0.0").mistakes.size() == 1);
  CHECK(load("API_HOST=localhost").mistakes.empty());
}

TEST_CASE("S1-72: how points are written is tuned by variables, with the documented defaults") {
  const auto plain = load("INFLUXDB_TOKEN=t").config.influx;
  CHECK(plain.batch_size == 200);
  CHECK(plain.flush_interval == std::chrono::seconds{5});
  CHECK(plain.jitter_interval == std::chrono::seconds{2});
  CHECK(plain.retry_interval == std::chrono::seconds{5});
  CHECK(plain.max_retry_delay == std::chrono::seconds{30});
  CHECK(plain.max_retries == 3);
  const auto tuned
      = load("INFLUXDB_TOKEN=t\nINFLUXDB_BATCH_SIZE=500\nINFLUXDB_FLUSH_INTERVAL=10000\n"
             "INFLUXDB_JITTER_INTERVAL=0\nINFLUXDB_MAX_RETRIES=5");
  CHECK(tuned.mistakes.empty());
  CHECK(tuned.config.influx.batch_size == 500);
  CHECK(tuned.config.influx.flush_interval == std::chrono::seconds{10});
  CHECK(tuned.config.influx.jitter_interval == std::chrono::seconds{0});
  CHECK(tuned.config.influx.max_retries == 5);
  CHECK(mistakes("INFLUXDB_BATCH_SIZE=0\nINFLUXDB_FLUSH_INTERVAL=soon").size() == 2);
}

TEST_CASE("S1-63: the log's level is one of four words in any case") {
  CHECK(load("INFLUXDB_TOKEN=t").config.log_level == "info");
  CHECK(load("INFLUXDB_TOKEN=t\nLOG_LEVEL=WARNING").config.log_level == "warning");
  CHECK(mistakes("LOG_LEVEL=loud").at(0).find("LOG_LEVEL") != std::string::npos);
}

TEST_CASE(
    "Kafka's TLS and SASL settings reach the client under its names, and no mistake shows one") {
  const auto loaded
      = load("INFLUXDB_TOKEN=t\nKAFKA_ENABLED=true\nKAFKA_SECURITY_PROTOCOL=SASL_SSL\n"
             "KAFKA_SASL_MECHANISM=PLAIN\nKAFKA_SASL_USERNAME=u\n"
             "KAFKA_SASL_PASSWORD=canary\nKAFKA_SSL_CA_LOCATION=/ca.pem\nKAFKA_GROUP=g");
  CHECK(loaded.mistakes.empty());
  CHECK(loaded.config.kafka_group == "g");
  CHECK(loaded.config.kafka_properties
        == std::map<std::string, std::string>{{"security.protocol", "sasl_ssl"},
                                              {"sasl.mechanism", "PLAIN"},
                                              {"sasl.username", "u"},
                                              {"sasl.password", "canary"},
                                              {"ssl.ca.location", "/ca.pem"}});
  CHECK(load("INFLUXDB_TOKEN=t\nKAFKA_ENABLED=true").config.kafka_group == "crypto-streamer-group");
  const auto wrong
      = mistakes("KAFKA_ENABLED=true\nKAFKA_SECURITY_PROTOCOL=tls\nKAFKA_SASL_PASSWORD=canary");
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].find("KAFKA_SECURITY_PROTOCOL") != std::string::npos);
  CHECK(wrong[0].find("canary") == std::string::npos);
}
