/// Every fault of the menu can be switched on by the admin route or the scenario, and a client sees
/// it.
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto spot = SurfaceId::binance_spot;
constexpr auto bybit = SurfaceId::bybit_linear;
const std::string small
    = "symbols: [BTCUSDT, ETHUSDT]\nflow: {history_minutes: 5, events_per_second: 100}";

struct Listener {
  World world{small};
  SocketId socket = world.open(spot, "/ws/btcusdt@depth@100ms");

  void fault(const std::string& rest) {
    const auto answer
        = world.admin("POST", "/faults", R"({"surface":"binance_spot",)" + rest + "}");
    REQUIRE(answer.status == 200);
  }

  /// How often U did not follow the u before.
  int gaps(std::size_t from = 0) {
    int count = 0;
    std::int64_t last = 0;
    for (auto i = from; i < world.texts(socket).size(); ++i) {
      const auto event = object_of(world.texts(socket)[i]);
      count += last != 0 && event.at("U").as_int64() != last + 1 ? 1 : 0;
      last = event.at("u").as_int64();
    }
    return count;
  }
};

} // namespace

TEST_CASE("without faults nothing is missing") {
  Listener book;
  book.world.run(5s);
  CHECK(book.world.texts(book.socket).size() >= 45);
  CHECK(book.gaps() == 0);
}

TEST_CASE("gap leaves one book frame out") {
  Listener book;
  book.fault(R"("kind":"gap")");
  book.world.run(5s);
  CHECK(book.world.texts(book.socket).size() >= 44);
  book.fault(R"("kind":"gap")");
  book.world.run(5s);
  CHECK(book.gaps() == 1);
}

TEST_CASE("drop loses frames while it lasts") {
  Listener book;
  book.fault(R"("kind":"drop","probability_ppm":500000,"for_ms":5000)");
  book.world.run(10s);
  CHECK(book.gaps() > 5);
  const auto count = book.world.texts(book.socket).size();
  book.world.run(5s);
  CHECK(book.gaps(count) == 0);
}

TEST_CASE("duplicate sends a frame twice") {
  Listener book;
  book.fault(R"("kind":"duplicate","count":1)");
  book.world.run(1s);
  CHECK(book.world.texts(book.socket)[0] == book.world.texts(book.socket)[1]);
  CHECK(book.world.texts(book.socket)[1] != book.world.texts(book.socket)[2]);
}

TEST_CASE("reorder swaps two neighbours") {
  Listener book;
  book.fault(R"("kind":"reorder")");
  book.world.run(1s);
  const auto u = [&](std::size_t i) {
    return object_of(book.world.texts(book.socket)[i]).at("u").as_int64();
  };
  CHECK(u(0) > u(1));
  CHECK(u(2) > u(0));
}

TEST_CASE("corrupt sends what is no longer JSON") {
  Listener book;
  book.fault(R"("kind":"corrupt")");
  book.world.run(1s);
  boost::system::error_code error;
  std::ignore = json::parse(book.world.texts(book.socket)[0], error);
  CHECK(error);
  std::ignore = json::parse(book.world.texts(book.socket)[1], error);
  CHECK_FALSE(error);
}

TEST_CASE("delay holds frames back in their order") {
  Listener book;
  book.fault(R"("kind":"delay","value":2000)");
  book.world.run(1900ms);
  CHECK(book.world.texts(book.socket).empty());
  book.world.run(1s);
  CHECK_FALSE(book.world.texts(book.socket).empty());
  CHECK(book.world.admin("DELETE", "/faults").status == 200);
  book.world.run(5s);
  CHECK(book.gaps() == 0);
}

TEST_CASE("silence acknowledges and delivers nothing") {
  Listener book;
  book.fault(R"("kind":"silence")");
  book.world.text(book.socket, R"({"method":"SUBSCRIBE","params":["ethusdt@depth"],"id":1})");
  book.world.run(5s);
  CHECK(book.world.texts(book.socket) == std::vector<std::string>{R"({"result":null,"id":1})"});
}

TEST_CASE("disconnect resets the sockets of a symbol only") {
  Listener book;
  const auto other = book.world.open(spot, "/ws/ethusdt@depth");
  book.fault(R"("kind":"disconnect","symbol":"BTCUSDT")");
  CHECK(book.world.memory.wires[book.socket].aborted);
  CHECK_FALSE(book.world.memory.wires[other].aborted);
}

TEST_CASE("half_open keeps the connection and says nothing any more") {
  Listener book;
  book.fault(R"("kind":"half_open","for_ms":3000)");
  CHECK(book.world.memory.wires[book.socket].paused);
  book.world.run(2s);
  CHECK(book.world.texts(book.socket).empty());
  CHECK_FALSE(book.world.memory.wires[book.socket].aborted);
  book.world.run(2s);
  CHECK_FALSE(book.world.memory.wires[book.socket].paused);
  CHECK_FALSE(book.world.texts(book.socket).empty());
}

TEST_CASE("refuse_connect turns new sockets away") {
  Listener book;
  book.fault(R"("kind":"refuse_connect","count":1)");
  book.world.open(spot, "/ws");
  REQUIRE(book.world.refusal);
  CHECK(book.world.refusal->status == 503);
  book.world.open(spot, "/ws");
  CHECK_FALSE(book.world.refusal);
}

TEST_CASE("429, 418 and 5xx answer requests") {
  Listener book;
  book.fault(R"("kind":"429","count":1,"value":7)");
  const auto slow = book.world.get(spot, "/api/v3/ping");
  CHECK(slow.status == 429);
  CHECK(header_of(slow, "Retry-After") == "7");
  book.fault(R"("kind":"418","count":1,"value":90)");
  CHECK(book.world.get(spot, "/api/v3/ping").status == 418);
  book.fault(R"("kind":"5xx","count":1,"value":502)");
  CHECK(book.world.get(spot, "/api/v3/ping").status == 502);
  CHECK(book.world.get(spot, "/api/v3/ping").status == 200);
  REQUIRE(
      book.world.admin("POST", "/faults", R"({"surface":"bybit_linear","kind":"429","count":1})")
          .status
      == 200);
  CHECK(object_of(book.world.get(bybit, "/v5/market/time").body).at("retCode").as_int64() == 10006);
}

TEST_CASE("stale_snapshot hands out the book of the moment it was ordered") {
  Listener book;
  const auto id = [&] {
    return object_of(book.world.get(spot, "/api/v3/depth", "symbol=BTCUSDT").body)
        .at("lastUpdateId")
        .as_int64();
  };
  const auto before = id();
  book.fault(R"("kind":"stale_snapshot","count":2)");
  book.world.run(5s);
  CHECK(id() == before);
  CHECK(id() == before);
  CHECK(id() > before);
}

TEST_CASE("a scenario switches faults on at its times") {
  World world{small + "\nfaults:\n  - {at: 2s, surface: binance_spot, kind: disconnect}\n"};
  const auto socket = world.open(spot, "/ws/btcusdt@depth");
  world.run(1900ms);
  CHECK_FALSE(world.memory.wires[socket].aborted);
  world.run(200ms);
  CHECK(world.memory.wires[socket].aborted);
}

TEST_CASE("the admin routes refuse what they do not understand") {
  World world{small};
  const auto refused
      = [&](const std::string& body) { return world.admin("POST", "/faults", body).status; };
  CHECK(refused("[]") == 400);
  CHECK(refused(R"({"kind":"gap"})") == 400);
  CHECK(refused(R"({"surface":"binance_spot"})") == 400);
  CHECK(refused(R"({"surface":"okx","kind":"gap"})") == 400);
  CHECK(refused(R"({"surface":"binance_spot","kind":"gab"})") == 400);
  CHECK(refused(R"({"surface":"binance_spot","kind":"gap","cuont":1})") == 400);
  CHECK(refused(R"({"surface":"binance_spot","kind":"gap","count":-1})") == 400);
  CHECK(world.admin("GET", "/nothing").status == 404);
  CHECK(object_of(world.admin("GET", "/state").body).at("data").at("mode").as_string() == "mock");
}
