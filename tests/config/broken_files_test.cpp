// A configuration with a mistake is refused at the line and key of the mistake (promise P17). Each
// case is the valid file tests/data/config/every_key.yaml with one mutation; each must give exactly
// one mistake.
#include "tests/config/broken.hpp"

#include <string>
#include <vector>

using namespace tandem::config;
using namespace tandem::tests;

namespace {

std::vector<Broken> durations() {
  const std::string feed = "venues.binance.spot.feed.";
  const std::vector<Place> places{{"stop_timeout: 2s", "engine.stop_timeout"},
                                  {"book_silence_max: 4s", feed + "book_silence_max"},
                                  {"first_data_timeout: 9s", feed + "first_data_timeout"},
                                  {"crossed_max: 400ms", feed + "crossed_max"},
                                  {"clock_offset_max: 250ms", feed + "clock_offset_max"},
                                  {"clock_interval: 30s", feed + "clock_interval"},
                                  {"instruments_interval: 30m", feed + "instruments_interval"},
                                  {"reconnect_after: 22h", feed + "reconnect_after"},
                                  {"backoff_first: 100ms", feed + "backoff_first"},
                                  {"backoff_cap: 20s", feed + "backoff_cap"}};
  const std::vector<Wrong> wrongs{{"30", "needs a unit: 30ms, 30s, 30m or 30h"},
                                  {"1ms", "must be between"},
                                  {"25h", "must be between"},
                                  {"-5s", "is not a duration"},
                                  {"1.5s", "is not a duration"},
                                  {"soon", "is not a duration"},
                                  {"", "has no value"},
                                  {"[5s]", "must be a duration such as 5s, is a list"}};
  return each(places, wrongs);
}

std::vector<Broken> counts() {
  const std::vector<Place> places{
      {"worker_threads: 4", "engine.worker_threads"},
      {"websockets_max: 50", "listeners[0].websockets_max"},
      {"price_updates_per_second: 20", "listeners[0].price_updates_per_second"},
      {"requests_per_second: 300", "listeners[0].requests_per_second"},
      {"bookAgeMaxMs: 2500", "pairs[0].options.bookAgeMaxMs"},
      {"levels: 20", "pairs[0].options.levels"}};
  const std::vector<Wrong> wrongs{{"0", "must be between 1 and"},
                                  {"-1", "must be between 1 and"},
                                  {"99999999", "must be between 1 and"},
                                  {"010", "has a leading zero, which YAML reads as octal"},
                                  {"0x10", "is hexadecimal, octal or binary"},
                                  {"2.5", "is not a whole number"},
                                  {"many", "is not a whole number"},
                                  {"\"2\"", "leave the quotes out"}};
  return each(places, wrongs);
}

std::vector<Broken> booleans() {
  const std::vector<Place> places{{"pairs_detached: true", "engine.pairs_detached"},
                                  {"report_on_exit: true", "engine.report_on_exit"},
                                  {"enabled: false", "pairs[0].enabled"}};
  const std::vector<Wrong> wrongs{{"yes", "write true"},
                                  {"Off", "write false"},
                                  {"1", "write true"},
                                  {"\"true\"", "leave the quotes out"},
                                  {"perhaps", "neither true nor false"}};
  return each(places, wrongs);
}

std::vector<Broken> decimals() {
  const std::vector<Place> places{{"threshold: \"0.05\"", "pairs[0].threshold"},
                                  {"qty: 0.01", "pairs[0].qty"},
                                  {"totalAmount: \"1000.5\"", "pairs[0].totalAmount"},
                                  {"changePercent: \"0.02\"", "pairs[0].options.changePercent"}};
  const std::vector<Wrong> wrongs{{"-1", ""},
                                  {"1,5", "the decimal sign is a point"},
                                  {"\"0x1F\"", "is hexadecimal, octal or binary"},
                                  {"007", "leading zero"},
                                  {".nan", "is not a decimal number"},
                                  {"5%", "leave the percent sign out"},
                                  {"12345678901234567890", "too many digits"},
                                  {"{a: 1}", "must be a decimal number, is a map"}};
  return each(places, wrongs);
}

std::vector<Broken> fees() {
  const std::vector<Place> places{{"taker_fee: \"0.00075\"", "venues.binance.spot.taker_fee"},
                                  {"leg1Fee: \"0.001\"", "pairs[0].options.leg1Fee"},
                                  {"leg2Fee: \"-0.0001\"", "pairs[0].options.leg2Fee"}};
  const std::vector<Wrong> wrongs{{"0.2", "between -0.01 and 0.1"},
                                  {"-0.02", "between -0.01 and 0.1"},
                                  {"0.1%", "leave the percent sign out"},
                                  {"0.0000000001", "at most 8 decimals"},
                                  {"none", "is not a decimal number"}};
  return each(places, wrongs);
}

std::vector<Broken> words() {
  return {
      {"mode: mock", "mode: live", "mode", "must be mock, dev or prod"},
      {"mode: mock", "mode: Mock", "mode", "did you mean 'mock'?"},
      {"mode: mock", "mode: {a: b}", "mode", "must be mock, dev or prod, is a map"},
      {"delivery: lossless", "delivery: all", "engine.delivery", "must be latest or lossless"},
      {"level: debug", "level: warn", "log.level", "must be debug, info, warning or error"},
      {"level: debug", "level: on", "log.level", "must be debug"},
      {"format: json", "format: jsn", "log.format", "did you mean 'json'?"},
      {"surface: traders", "surface: trader", "listeners[0].surface", "did you mean 'traders'?"},
      {"surface: metrics", "surface: ftp", "listeners[1].surface",
       "must be traders, metrics or grpc"},
      {"type: spot", "type: swap", "pairs[0].leg1.type", "must be spot or linear"},
      {"type: linear", "type: Linear", "pairs[0].leg2.type", "did you mean 'linear'?"},
      {"direction: leg1_buy_leg2_sell", "direction: both", "pairs[0].direction", "must be auto"},
      {"mode: read_only", "mode: readonly", "pairs[0].mode", "did you mean 'read_only'?"},
      {"name: tandem-test", "name: my engine", "engine.name", "letters, digits"},
      {"name: tandem-test", "name: 42", "engine.name", "write \"42\""},
      {"name: tandem-test", "name: yes", "engine.name", "write \"yes\""},
      {"name: tandem-test", "name: [a]", "engine.name", "must be text, is a list"},
      {"name: tandem-test", "name: \"\"", "engine.name", "1 to 64 letters"},
      {"state_dir: run/state-test", "state_dir: ''", "engine.state_dir", "is empty"},
      {"state_dir: run/state-test", "state_dir:", "engine.state_dir", "has no value"},
      {"state_dir: run/state-test", "state_dir: ~", "engine.state_dir", "has no value"},
      {"depth_stream: \"200\"", "depth_stream: 200", "venues.bybit.linear.depth_stream",
       "write \"200\""},
      {"depth_stream: \"200\"", "depth_stream: \"400\"", "venues.bybit.linear.depth_stream",
       "50, 200, 500 or 1000"},
      {"depth_stream: 1000ms", "depth_stream: 250ms", "venues.binance.spot.depth_stream",
       "100ms or 1000ms"},
  };
}

std::vector<Broken> unknown_and_missing_keys() {
  const std::string spot = "venues.binance.spot.";
  const std::string second = "  - id: second\n"
                             "    leg1: {exchange: binance, symbol: ETHUSDT, type: spot}\n"
                             "    leg2: {exchange: binance, symbol: ETHUSDT, type: linear}\n"
                             "    threshold: \"0.1\"\n";
  return {
      {"mode: mock", "mod: mock", "mod", "did you mean 'mode'?"},
      {"simulator:", "simulater:", "simulater", "did you mean 'simulator'?"},
      {"engine:\n", "engine:\n  ^workers: 3\n", "engine.workers", "unknown key"},
      {"state_dir:", "stateDir:", "engine.stateDir", "did you mean 'state_dir'?"},
      {"  level: debug", "  lvl: debug", "log.lvl", "unknown key"},
      {"cors_origins:", "cors:", "listeners[0].cors", "unknown key"},
      {"websockets_max:", "web_sockets_max:", "listeners[0].web_sockets_max", "'websockets_max'"},
      {"ca_file:", "cafile:", spot + "cafile", "did you mean 'ca_file'?"},
      {"taker_fee:", "taker-fee:", spot + "taker-fee", "did you mean 'taker_fee'?"},
      {"taker_fee:", "apiKey:", spot + "apiKey", "unknown key; known: rest, websocket"},
      {"book_silence_max:", "book_silence:", spot + "feed.book_silence", "unknown key"},
      {"crossed_max:", "crosed_max:", spot + "feed.crosed_max", "did you mean 'crossed_max'?"},
      {"venues:\n",
       "venues:\n  ^okx: {spot: {rest: \"http://127.0.0.1:1\", websocket: "
       "\"ws://127.0.0.1:1\"}}\n",
       "venues.okx", "unknown venue; known: binance, bybit"},
      {"  bybit:\n", "  bybit:\n    ^inverse: {}\n", "venues.bybit.inverse", "known: spot, linear"},
      {"totalAmount:", "total_amount:", "pairs[0].total_amount", "did you mean 'totalAmount'?"},
      {"leg1Fee:", "leg1_fee:", "pairs[0].options.leg1_fee", "did you mean 'leg1Fee'?"},
      {"symbol: BTCUSDT, type: spot}", "symbol: BTCUSDT, type: spot, side: buy}",
       "pairs[0].leg1.side", "unknown key"},
      {"spot:\n      rest: http://${SIM_BINANCE_SPOT:-127.0.0.1:7101}\n", "spot:\n", spot + "rest",
       "is missing"},
      {"{rest: \"http://localhost:7102\", ", "{", "venues.binance.linear.rest",
       "is missing and has no default"},
      {", websocket: \"ws://localhost:7102\"", "", "venues.binance.linear.websocket", "is missing"},
      {"- id: first\n    leg1", "- leg1", "pairs[0].id", "is missing"},
      {"- id: second\n", "- # no id\n^", "pairs[1].id", "is missing"},
      {second + "    qty: \"0.1\"\n", second, "pairs[1].qty", "is missing"},
      {second, second.substr(0, second.find("    threshold")), "pairs[1].threshold", "is missing"},
      {"exchange: binance, symbol: ETHUSDT, type: spot", "exchange: binance, type: spot",
       "pairs[1].leg1.symbol", "is missing"},
      {"exchange: binance, symbol: ETHUSDT, type: linear", "symbol: ETHUSDT, type: linear",
       "pairs[1].leg2.exchange", "is missing"},
      {"exchange: binance, symbol: ETHUSDT, type: linear", "exchange: binance, symbol: ETHUSDT",
       "pairs[1].leg2.type", "is missing"},
  };
}

std::vector<Broken> shapes() {
  const std::string spot = "venues.binance.spot.";
  return {
      {"mode: mock", "mode: mock\n^mode: dev", "mode",
       "duplicate key; it was already given in line 1"},
      {"  format: json", "  format: json\n  ^level: info", "log.level", "duplicate key"},
      {"  bybit:\n", "  ^binance: {}\n  bybit:\n", "venues.binance", "duplicate key"},
      {"    linear: {rest", "    ^spot: {}\n    linear: {rest", "venues.binance.spot",
       "duplicate key"},
      {"type: spot}", "type: spot, type: linear}", "pairs[0].leg1.type", "duplicate key"},
      {"log:\n", "engine: {}\nlog:\n", "engine", "duplicate key"},
      {"level: debug", "level: *debug", "", "not valid YAML"},
      {"level: debug", "level: !!str debug", "log.level", "tags"},
      {"level: debug\n  format: json\n  file: run/tandem.log",
       "level: &x debug\n  format: json\n  ^file: *x", "log.file", "aliases"},
      {"mode: mock", "mode: mock\n^\tsimulator: x", "", "not valid YAML"},
      {"mode: mock", "mode: mock: dev", "", "not valid YAML"},
      {"type: spot}\n    leg2:", "type: spot\n^    leg2:", "", "not valid YAML"},
      {"    qty: \"0.1\"\n", "    qty: \"0.1\"\n---\n^mode: dev\n", "", "a second document"},
      {"    qty: \"0.1\"\n", "    qty: \"0.1\"\n^? [a]\n: 1\n", "", "a key must be plain text"},
      {"levels: 20", "levels: 20\n  - ^nonsense", "pairs[1]", "must be a map (key: value)"},
      {"[BTCUSDT, ETHUSDT]", "BTCUSDT", spot + "symbols", "must be a list of texts"},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, 1000]", spot + "symbols[1]", "write \"1000\""},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, {a: b}]", spot + "symbols[1]", "must be text, is a map"},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, ~]", spot + "symbols[1]", "must be text, is nothing"},
      {"[1, 3]", "1-3", "engine.trading_cpus", "must be a list of whole numbers"},
      {"[1, 3]", "[1, -3]", "engine.trading_cpus[1]", "must be between 0 and 1023, is -3"},
      {"[1, 3]", "[1, 1024]", "engine.trading_cpus[1]", "must be between 0 and 1023, is 1024"},
      {"[1, 3]", "[1, all]", "engine.trading_cpus[1]", "is not a whole number"},
      {"[1, 3]", "[1, [3]]", "engine.trading_cpus[1]", "must be a whole number, is a list"},
      {"    linear: {rest: \"http://localhost:7102\", websocket: \"ws://localhost:7102\"}\n",
       "    linear: http://localhost:7102\n", "venues.binance.linear", "must be a map"},
      {"log:\n  level: debug\n  format: json\n  file: run/tandem.log\n", "log: debug\n", "log",
       "must be a map (key: value), is a single value"},
      {"log:\n  level: debug\n  format: json\n  file: run/tandem.log\n", "log:\n", "log",
       "is nothing"},
      {"{exchange: binance, symbol: BTCUSDT, type: spot}", "binance.spot.BTCUSDT", "pairs[0].leg1",
       "must be a map"},
      {"{exchange: binance, symbol: BTCUSDT, type: spot}", "[binance]", "pairs[0].leg1",
       "is a list"},
  };
}

std::vector<Broken> environment() {
  const std::string spot = "venues.binance.spot.";
  const std::string rest = "http://${SIM_BINANCE_SPOT:-127.0.0.1:7101}\n";
  return {
      {rest, "http://${SIM_BINANCE_SPOT}\n", spot + "rest", "SIM_BINANCE_SPOT is not set"},
      {rest, "http://${SIM_BINANCE_SPOT\n", spot + "rest", "without a closing '}'"},
      {rest, "http://${SIM-SPOT:-x}\n", spot + "rest", "is not ${NAME} or ${NAME:-default}"},
      {rest, "http://${A:-${B}}\n", spot + "rest", "may not hold another"},
      {rest, "http://${A:-}\n", spot + "rest", "the host is missing"},
      {"worker_threads: 4", "worker_threads: ${THREADS:-four}", "engine.worker_threads",
       "'four' is not a whole number"},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, \"${SYMBOL}\"]", spot + "symbols[1]", "SYMBOL is not set"},
  };
}

std::vector<Broken> endpoints() {
  const std::string spot = "venues.binance.spot.";
  const std::string rest = "http://${SIM_BINANCE_SPOT:-127.0.0.1:7101}\n";
  const std::string address = "address: 127.0.0.1:7000";
  return {
      {rest, "127.0.0.1:7101\n", spot + "rest", "is not http://host[:port][/path]"},
      {rest, "ftp://127.0.0.1\n", spot + "rest", "is not http://"},
      {rest, "ws://127.0.0.1:7101\n", spot + "rest", "is not http://"},
      {rest, "http://me:secret@127.0.0.1\n", spot + "rest", "do not belong in a URL"},
      {rest, "http://127.0.0.1:0\n", spot + "rest", "is not a port (1 to 65535)"},
      {rest, "http://127.0.0.1:70000\n", spot + "rest", "is not a port"},
      {rest, "http://127.0.0.1/?x=1\n", spot + "rest", "no query"},
      {rest, "\"http://127.0.0.1 \"\n", spot + "rest", "holds a blank"},
      {rest, "\"\"\n", spot + "rest", "is not http://"},
      {rest, "https://api.binance.com\n", spot + "rest", "mode mock speaks to the simulator"},
      {rest, "http://192.168.0.7:7101\n", spot + "rest", "192.168.0.7 is not on it"},
      {"wss://[::1]:7104", "https://[::1]:7104", "venues.bybit.linear.websocket", "is not ws://"},
      {"wss://[::1]:7104", "wss://::1:7104", "venues.bybit.linear.websocket", "in brackets"},
      {"wss://[::1]:7104", "wss://stream.bybit.com", "venues.bybit.linear.websocket", "mode mock"},
      {address, "address: 7000", "listeners[0].address", "write \"7000\""},
      {address, "address: 127.0.0.1", "listeners[0].address", "has no port"},
      {address, "address: 127.0.0.1:http", "listeners[0].address", "is not a port (0 to 65535)"},
      {address, "address: 0.0.0.0:7000", "listeners[0].address", "bind 127.0.0.1 or [::1]"},
      {address, "address: desk.example:7000", "listeners[0].address",
       "that needs tls and auth: keys"},
      {address, "address: \":7000\"", "listeners[0].address", "the host is missing"},
      {"\"[::1]:7001\"", "\"127.0.0.1:7000\"", "listeners[1].address",
       "listeners[0] already has this address"},
      {"http://localhost:5173", "localhost:5173", "listeners[0].cors_origins[1]", "an origin is"},
      {"http://localhost:5173", "http://localhost:5173/", "listeners[0].cors_origins[1]",
       "without a '/'"},
  };
}

std::vector<Broken> rules() {
  const std::string spot = "venues.binance.spot.";
  const std::string leg1 = "{exchange: binance, symbol: BTCUSDT, type: spot}";
  return {
      {"id: second", "id: first", "pairs[1].id", "is already the id of pairs[0]"},
      {"id: second", "id: a pair", "pairs[1].id", ""},
      {"id: second", "id: \"\"", "pairs[1].id", ""},
      {leg1 + "\n    leg2:", "{exchange: bybit, symbol: BTCUSDT, type: linear}\n^    leg2:",
       "pairs[0].leg2", ""},
      {leg1, "{exchange: binanse, symbol: BTCUSDT, type: spot}", "pairs[0].leg1.exchange",
       "did you mean 'binance'?"},
      {leg1, "{exchange: bybit, symbol: BTCUSDT, type: spot}", "pairs[0].leg1.type",
       "configure venues.bybit.spot"},
      {leg1, "{exchange: binance, symbol: btcusdt, type: spot}", "pairs[0].leg1.symbol",
       "upper case, as the venue writes them: BTCUSDT"},
      {leg1, "{exchange: binance, symbol: BTC/USDT, type: spot}", "pairs[0].leg1.symbol",
       "is not a venue's symbol"},
      {leg1, "{exchange: binance, symbol: \"\", type: spot}", "pairs[0].leg1.symbol", ""},
      {"qty: \"0.1\"", "qty: \"0\"", "pairs[1].qty", ""},
      {"qty: \"0.1\"", "qty: \"-0.1\"", "pairs[1].qty", ""},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, BTCUSDT]", spot + "symbols[1]", "is listed twice"},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, \"BTC USDT\"]", spot + "symbols[1]", "is not a venue's"},
      {"[BTCUSDT, ETHUSDT]", "[BTCUSDT, \"\"]", spot + "symbols[1]", "1 to 64 characters"},
      {"[best, trades", "[best, best", spot + "streams[1]", "is listed twice"},
      {"[best, trades", "[best, trade", spot + "streams[1]", "did you mean 'trades'?"},
      {"[best, trades", "[best, depth", spot + "streams[1]", "unknown stream"},
      {"kline_1h", "kline_7m", spot + "streams[4]", "'7m' is not an interval"},
      {"kline_1h", "kline", spot + "streams[4]", "unknown stream"},
      {"      symbols: [BTCUSDT, ETHUSDT]\n", "      symbols: []\n", spot + "symbols",
       "none are listed"},
      {"backoff_first: 100ms", "backoff_first: 30s", spot + "feed.backoff_first",
       "is more than backoff_cap"},
  };
}

} // namespace

TEST_CASE("two hundred broken files and more are refused at their line and key") {
  std::size_t refused = 0;
  for (const auto& group :
       {durations(), counts(), booleans(), decimals(), fees(), words(), unknown_and_missing_keys(),
        shapes(), environment(), endpoints(), rules()})
    refused += check_all(group);
  MESSAGE(refused << " broken files, all refused");
  CHECK(refused >= 200);
}

TEST_CASE("the file that all of them break is valid") {
  CHECK(load_text(valid_text(), "f", no_environment).mistakes.empty());
}
