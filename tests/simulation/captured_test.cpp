// A captured run as a recording: what of it the simulator plays.
#include "apps/tandem_world/captured.hpp"

#include "apps/one_thread/state_directory.hpp"
#include "apps/tandem/capture/file.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::world;
using apps::capture::Header;
using apps::capture::Item;
using apps::capture::Kind;

namespace {

const std::string depth = R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate"}})";
const std::string snapshot = R"({"lastUpdateId":1,"bids":[],"asks":[]})";
const std::string book = R"({"topic":"orderbook.50.ETHUSDT","type":"snapshot"})";

const std::string spot_list
    = R"({"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",)"
      R"("filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.05"},)"
      R"({"filterType":"LOT_SIZE","minQty":"0.0002","maxQty":"9000","stepSize":"0.0002"},)"
      R"({"filterType":"NOTIONAL","minNotional":"7"}]}]})";
const std::string linear_list
    = R"({"retCode":0,"retMsg":"OK","result":{"category":"linear","nextPageCursor":"","list":[)"
      R"({"symbol":"ETHUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"ETH","quoteCoin":"USDT","settleCoin":"USDT",)"
      R"("priceFilter":{"minPrice":"0.01","maxPrice":"199999","tickSize":"0.01"},)"
      R"("lotSizeFilter":{"minOrderQty":"0.01","maxOrderQty":"9000","qtyStep":"0.01","minNotionalValue":"5"}}]},"time":1})";

Header header() {
  Header made;
  made.config_name = "captured.yaml";
  made.config = "mode: mock\n"
                "engine: {name: captured, state_dir: nowhere}\n"
                "listeners: []\n"
                "venues:\n"
                "  binance:\n"
                "    spot: {rest: http://127.0.0.1:1, websocket: ws://127.0.0.1:1}\n"
                "  bybit:\n"
                "    linear: {rest: http://127.0.0.1:2, websocket: ws://127.0.0.1:2}\n";
  made.mono = 1'000;
  made.wall = 5'000;
  return made;
}

std::string write(const std::string& directory, const std::vector<Item>& items) {
  const auto file = directory + "/today.capture";
  const auto writer = apps::capture::Writer::create(file, header());
  REQUIRE(writer);
  for (const auto& item : items)
    (*writer)->put(item);
  return file;
}

std::string content(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("the market connections of a captured run become recordings, and nothing else of it") {
  const one_thread::StateDirectory directory;
  const auto file = write(
      directory.path(),
      {{.kind = Kind::connect, .id = 1, .texts = {"ws://127.0.0.1:1/stream?streams=x"}},
       {.kind = Kind::connect, .id = 2, .texts = {"ws://127.0.0.1:2/v5/public/linear"}},
       {.kind = Kind::ask,
        .id = 5,
        .texts = {"GET", "http://127.0.0.1:1/api/v3/exchangeInfo?permissions=SPOT", ""}},
       {.kind = Kind::reply, .id = 5, .number = 200, .at = 1'100, .texts = {spot_list}},
       {.kind = Kind::ask,
        .id = 6,
        .texts
        = {"GET", "http://127.0.0.1:2/v5/market/instruments-info?category=linear&limit=1000", ""}},
       {.kind = Kind::reply, .id = 6, .number = 200, .at = 1'200, .texts = {linear_list}},
       {.kind = Kind::connect, .id = 3, .texts = {"ws://127.0.0.1:2/v5/private"}},
       {.kind = Kind::ask,
        .id = 7,
        .texts = {"GET", "http://127.0.0.1:1/api/v3/depth?symbol=BTCUSDT&limit=1000", ""}},
       {.kind = Kind::text, .id = 1, .at = 2'000, .texts = {depth}},
       {.kind = Kind::reply, .id = 7, .number = 200, .at = 1'500, .texts = {snapshot}},
       {.kind = Kind::text, .id = 2, .at = 3'000, .texts = {book}},
       {.kind = Kind::text, .id = 3, .at = 3'000, .texts = {R"({"topic":"x.50.ETHUSDT"})"}},
       {.kind = Kind::text,
        .id = 1,
        .at = 4'000,
        .texts = {R"({"stream":"ethusdt@trade","data":{}})"}}});
  const auto scenario = scenario_of_capture(file, directory.path());
  REQUIRE(scenario);
  REQUIRE(scenario->replay);
  const auto& sources = scenario->replay->sources;
  REQUIRE(sources.size() == 2); // of ETHUSDT on spot no book can be made
  CHECK(sources[0].surface == sim::SurfaceId::binance_spot);
  CHECK(sources[0].symbol == "BTCUSDT");
  const auto& rules = scenario->replayed.at(0); // as the captured list had them
  CHECK(rules.price_decimals == 2);
  CHECK(rules.tick == 5);
  CHECK(rules.lot == 2);
  CHECK(rules.notional_min == core::Decimal{7, 0});
  // At the wall's time; what was handled late is no earlier than what was handled before it.
  CHECK(content(sources[0].files.at(0)) == "6000 " + depth + "\n6000 " + snapshot + '\n');
  CHECK(sources[1].surface == sim::SurfaceId::bybit_linear);
  CHECK(content(sources[1].files.at(0)) == "7000 " + book + '\n');
}

TEST_CASE("a captured run without a book, and a file that is none, cannot be back-tested") {
  const one_thread::StateDirectory directory;
  const auto empty = scenario_of_capture(write(directory.path(), {}), directory.path());
  REQUIRE_FALSE(empty);
  CHECK(empty.error().code == core::Errc::malformed);
  const auto missing = scenario_of_capture(directory.path() + "/none", directory.path());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == core::Errc::configuration);
}
