/// The book against the venue's own best-price channel at equal sequence numbers: what the chain
/// cannot show. Rule: the shared order book sheet, "optional cross-check".
#include "tests/adapters/venues/recording.hpp"
#include "tests/adapters/venues/session_fixture.hpp"

namespace {

using namespace tandem;
using namespace tandem::tests;
using adapters::venues::Channel;
using core::market::BookCondition;

const std::string bid = R"(["100.00","1.000"])";
const std::string ask = R"(["100.10","2.000"])";

/// Binance spot's bookTicker behind the combined-stream envelope.
std::string best_of(std::uint64_t id, const std::string& bid_price, const std::string& bid_size) {
  return fmt::format(
      R"({{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT","b":"{}","B":"{}","a":"100.10","A":"2.000"}}}})",
      id, bid_price, bid_size);
}

std::string bybit_best(std::uint64_t id, std::uint64_t seq, const std::string& bids,
                       const std::string& asks) {
  return fmt::format(
      R"({{"topic":"orderbook.1.BTCUSDT","ts":1700000000000,"type":"snapshot","data":{{"s":"BTCUSDT","b":[{}],"a":[{}],"u":{},"seq":{}}},"cts":1700000000000}})",
      bids, asks, id, seq);
}

std::string bybit_book(bool snapshot, std::uint64_t id, std::uint64_t seq, const std::string& bids,
                       const std::string& asks) {
  return fmt::format(
      R"({{"topic":"orderbook.50.BTCUSDT","type":"{}","ts":1700000000000,"data":{{"s":"BTCUSDT","b":[{}],"a":[{}],"u":{},"seq":{}}},"cts":1700000000000}})",
      snapshot ? "snapshot" : "delta", bids, asks, id, seq);
}

/// A live Binance spot book at 110 whose best bid is 1.000 @ 100.00, with the best stream beside.
struct Spot : SessionWorld {
  Spot() : SessionWorld{binance_spot} {
    watch("BTCUSDT", slot);
    add("BTCUSDT", Channel::best);
    open();
    text(spot_depth("BTCUSDT", 95, 105, "", ""));
    snapshot("BTCUSDT", rest_depth(100, bid, ask));
    text(spot_depth("BTCUSDT", 106, 110, "", ""));
    REQUIRE(slot.condition() == BookCondition::live);
  }

  RecordingSlot slot;
};

} // namespace

TEST_CASE("equal best prices at the book's id are counted and change nothing") {
  Spot world;
  world.text(best_of(110, "100.00", "1.000"));
  world.text(best_of(110, "100", "1"));
  CHECK(world.counters->tops_compared == 2);
  CHECK(world.counters->tops_differing == 0);
  CHECK(world.slot.condition() == BookCondition::live);
}

TEST_CASE("best prices of another id are not compared: nobody knows what came between") {
  Spot world;
  world.text(best_of(109, "99.00", "7.000"));
  world.text(best_of(111, "99.00", "7.000"));
  CHECK(world.counters->tops_compared == 0);
  CHECK(world.slot.condition() == BookCondition::live);
}

TEST_CASE("best prices that are ahead wait for the depth frame that ends at their id") {
  Spot world;
  for (std::uint64_t id = 111; id <= 120; ++id)
    world.text(best_of(id, "100.01", std::to_string(id)));
  world.text(spot_depth("BTCUSDT", 111, 117, R"(["100.01","117"])", ""));
  CHECK(world.counters->tops_compared == 1);
  CHECK(world.counters->tops_differing == 0);
  world.text(spot_depth("BTCUSDT", 118, 119, R"(["100.01","118"])", "")); // should be 119
  CHECK(world.counters->tops_compared == 2);
  CHECK(world.counters->tops_differing == 1);
}

TEST_CASE("the third difference rebuilds that book; the first is reported, with both numbers") {
  Spot world;
  RecordingSlot other;
  world.watch("ETHUSDT", other);
  world.pass(1s);
  world.text(spot_depth("ETHUSDT", 95, 105, "", ""));
  world.snapshot("ETHUSDT", rest_depth(100, bid, ask));
  world.text(spot_depth("ETHUSDT", 106, 110, "", ""));
  const auto fetched = world.port.fetches.size();
  // A level the venue has and the book does not: the chain is whole all the same.
  world.text(best_of(110, "100.05", "3.000"));
  world.text(spot_depth("BTCUSDT", 111, 112, R"(["99.00","1.000"])", ""));
  world.text(best_of(112, "100.05", "3.000"));
  CHECK(world.slot.condition() == BookCondition::live);
  REQUIRE(world.port.differing.size() == 1);
  CHECK(world.port.differing[0].second.detail
        == "not the venue's best prices at 110: bid 1 @ 100, ask 2 @ 100.1");
  world.text(best_of(112, "100.05", "3.000"));
  CHECK(world.slot.condition() == BookCondition::gap);
  CHECK(world.counters->tops_differing == 3);
  CHECK(world.counters->resyncs == 1);
  CHECK(world.port.differing.size() == 1);
  REQUIRE(world.port.fetches.size() == fetched + 1);
  CHECK(world.port.fetches.back().symbol == "BTCUSDT");
  CHECK(other.condition() == BookCondition::live);

  SUBCASE("the new book begins with no difference") {
    world.text(spot_depth("BTCUSDT", 113, 114, "", ""));
    world.snapshot("BTCUSDT", rest_depth(113, R"(["100.05","3.000"])", ask));
    CHECK(world.slot.condition() == BookCondition::live);
    world.text(best_of(114, "100.05", "3.000"));
    CHECK(world.counters->tops_compared == 4);
    world.text(best_of(114, "100.06", "3.000"));
    world.text(best_of(114, "100.06", "3.000"));
    CHECK(world.slot.condition() == BookCondition::live);
    CHECK(world.port.differing.size() == 2);
  }
}

TEST_CASE("an unsynchronised book is compared with nothing") {
  Spot world;
  world.text(spot_depth("BTCUSDT", 200, 210, "", "")); // a gap
  world.text(best_of(110, "99.00", "7.000"));
  world.text(best_of(210, "99.00", "7.000"));
  CHECK(world.counters->tops_compared == 0);
}

TEST_CASE("bybit: books and best prices meet at their cross sequence, not at their own ids") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.add("BTCUSDT", Channel::best);
  world.open();
  world.text(bybit_book(true, 40, 900, bid, ask));
  world.text(bybit_best(40, 899, R"(["99.00","1"])", ask)); // equal u, another moment
  CHECK(world.counters->tops_compared == 0);
  world.text(bybit_best(77, 900, bid, ask));
  CHECK(world.counters->tops_compared == 1);
  world.text(bybit_best(78, 905, "", ask));
  world.text(bybit_book(false, 41, 905, R"(["100.00","0"])", ""));
  CHECK(world.counters->tops_compared == 2);
  CHECK(world.counters->tops_differing == 0);
  SUBCASE("an older change that is ignored does not move the book's sequence") {
    world.text(bybit_book(false, 41, 950, bid, ""));
    world.text(bybit_best(79, 950, bid, ask));
    CHECK(world.counters->tops_compared == 2);
  }
  SUBCASE("a best price that is repeated while the market is quiet counts each time") {
    for (std::uint64_t n = 0; n < 3; ++n)
      world.text(bybit_best(79, 905, R"(["99.00","1"])", ask));
    CHECK(world.counters->tops_differing == 3);
    CHECK(slot.condition() == BookCondition::gap);
    CHECK(world.port.differing.size() == 1);
  }
}

TEST_CASE("a number the book cannot hold is a difference; an absurd one is not kept") {
  Spot world;
  world.text(best_of(110, "100.001", "1.000"));
  CHECK(world.counters->tops_differing == 1);
  world.text(best_of(110, std::string(100, '9'), "1.000"));
  CHECK(world.counters->tops_compared == 1);
}

TEST_CASE("recorded best prices never differ from the book of the same id") {
  struct Set {
    core::MarketKey market;
    std::string file;
    std::string depth_mark, best_mark;
  };

  const std::vector<Set> sets{
      {binance_spot, "binance/spot-btcusdt-20240808-a.rec.gz", "@depth", "@bookTicker"},
      {binance_linear, "binance/usdm-btcusdt-20240808.rec.gz", "@depth", "@bookTicker"},
  };
  for (const auto& set : sets) {
    const auto path = shared_file("venues/" + set.file);
    if (!path)
      continue;
    const Recording recording{*path};
    SessionWorld world{set.market};
    world.add("BTCUSDT");
    world.add("BTCUSDT", Channel::best);
    world.open();
    for (const auto& line : recording.lines()) {
      const auto head = line.json.substr(0, 60);
      if (head.starts_with("{\"lastUpdateId\"") && !world.port.fetches.empty())
        world.snapshot("BTCUSDT", std::string{line.json});
      else if (head.find(set.depth_mark) != std::string_view::npos
               || head.find(set.best_mark) != std::string_view::npos)
        world.text(std::string{line.json});
    }
    const auto compared = world.counters->tops_compared.load();
    MESSAGE(set.file << ": " << compared << " of " << world.counters->best.load()
                     << " best prices compared, " << world.counters->tops_differing.load()
                     << " different; " << world.counters->applied.load() << " depth frames");
    CHECK(compared > 500);
    CHECK(world.counters->tops_differing == 0);
    CHECK(world.counters->resyncs == 0);
  }
}
