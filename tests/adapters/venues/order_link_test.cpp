// Orders on their way on a virtual clock: by socket or REST, and what every reply, or none, makes
// of them at the desk.
#include "adapters/venues/order_link.hpp"

#include "tests/adapters/venues/manual_tools.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace tandem::tests {
namespace {

using adapters::venues::OrderEntry;
using adapters::venues::OrderLink;
using core::orders::ClientOrderId;
using core::orders::OrderState;

class Link : public ManualMarket {
public:
  explicit Link(OrderEntry entry) : ManualMarket{"binance", core::MarketType::spot} {
    adapters::venues::OrderLinkOptions options;
    options.entry = entry;
    options.socket.url = "wss://venue.example";
    options.reply_timeout = 5s;
    link = OrderLink::open(
        key, tools, options, world.desk,
        {.request_done
         = [this](bool worked, std::chrono::nanoseconds) { (worked ? succeeded : failed) += 1; },
         .socket_down = [this](const core::Error&) { ++downs; },
         .order_rate = {}});
    strand.settle();
    world.desk.set_port(key, link.get(), world.now);
  }

  ~Link() {
    world.desk.set_port(key, nullptr, world.now);
    link->stop();
    strand.settle();
  }

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void open_socket() {
    REQUIRE(sockets.events.on_open);
    sockets.events.on_open();
    strand.settle();
  }

  ClientOrderId submit() {
    const auto id = world.submit();
    strand.settle();
    return id;
  }

  void hear(const std::string& text) {
    sockets.hear(text, strand.clocks().mono());
    strand.settle();
  }

  /// The venue's whole answer to an order of 1 at 101 that was filled.
  [[nodiscard]] static std::string filled(const ClientOrderId& id) {
    return fmt::format(
        R"({{"symbol":"BTCUSDT","orderId":7,"orderListId":-1,"clientOrderId":"{}","transactTime":1,"price":"101.00","origQty":"1.000","executedQty":"1.000","cummulativeQuoteQty":"101.00","status":"FILLED","timeInForce":"IOC","type":"LIMIT","side":"BUY","fills":[{{"price":"101.00","qty":"1.000","commission":"0.1","commissionAsset":"USDT","tradeId":9}}]}})",
        id.text());
  }

  DeskWorld world;
  std::shared_ptr<OrderLink> link;
  int succeeded = 0, failed = 0, downs = 0;
};

} // namespace

TEST_CASE(
    "by REST: a filled reply settles the order, a refusal ends it, silence makes it unknown") {
  Link link{OrderEntry::rest};
  const auto id = link.submit();
  REQUIRE(link.http.exchanges.size() == 1);
  const auto& request = link.http.exchanges[0].request;
  CHECK(request.method == "POST");
  CHECK((request.url + request.body).find(id.text()) != std::string::npos);
  CHECK((request.url + request.body).find("signature=") != std::string::npos);
  SUBCASE("filled") {
    link.http.answer(200, Link::filled(id));
    CHECK(link.world.state(id) == OrderState::filled);
    CHECK(link.world.desk.position(Gated::key()) == money("1"));
    CHECK(link.succeeded == 1);
  }
  SUBCASE("refused") {
    link.http.answer(
        400, R"({"code":-2010,"msg":"Account has insufficient balance for requested action."})");
    CHECK(link.world.state(id) == OrderState::rejected);
    CHECK(link.failed == 1);
  }
  SUBCASE("no reply") {
    link.http.fail(core::Errc::timed_out);
    CHECK(link.world.state(id) == OrderState::unknown);
    CHECK(link.http.sent == 1);
  }
  SUBCASE("a reply that is no reply") {
    link.http.answer(200, "<html>");
    CHECK(link.world.state(id) == OrderState::unknown);
  }
}

TEST_CASE("by socket: replies are matched by their id, in any order") {
  Link link{OrderEntry::socket};
  CHECK(link.sockets.urls.size() == 1);
  link.open_socket();
  const auto one = link.submit();
  link.world.wait(1s);
  const auto two = link.submit();
  REQUIRE(link.sockets.sent.size() == 2);
  CHECK(link.http.sent == 0);
  link.hear(fmt::format(R"({{"id":"2","status":200,"result":{}}})", Link::filled(two)));
  CHECK(link.world.state(two) == OrderState::filled);
  CHECK(link.world.state(one) == OrderState::sent);
  link.hear(R"({"id":"99","status":200,"result":{}})"); // nobody asked
  link.hear(
      R"({"id":"1","status":400,"error":{"code":-2010,"msg":"Account has insufficient balance for requested action."}})");
  CHECK(link.world.state(one) == OrderState::rejected);
}

TEST_CASE(
    "without an open socket an order goes by REST, and is not sent again when the socket opens") {
  Link link{OrderEntry::socket};
  const auto id = link.submit();
  CHECK(link.http.sent == 1);
  link.open_socket();
  link.strand.advance(1s);
  CHECK(link.sockets.sent.empty());
  CHECK(link.world.state(id) == OrderState::sent);
}

TEST_CASE(
    "a socket lost between send and reply leaves its orders unknown; they are never sent again") {
  Link link{OrderEntry::socket};
  link.open_socket();
  const auto id = link.submit();
  link.sockets.events.on_down({core::Errc::connection_lost, "reset", {}});
  link.strand.settle();
  CHECK(link.world.state(id) == OrderState::unknown);
  CHECK(link.downs == 1);
  link.strand.advance(3s); // opened again by itself
  CHECK(link.sockets.urls.size() == 2);
  link.open_socket();
  link.strand.advance(10s);
  CHECK(link.sockets.sent.size() == 1);
  CHECK(link.http.sent == 0);
}

TEST_CASE(
    "no reply on the socket within its time makes the order unknown, a later one is not lost") {
  Link link{OrderEntry::socket};
  link.open_socket();
  const auto id = link.submit();
  link.strand.advance(4'900ms);
  CHECK(link.world.state(id) == OrderState::sent);
  link.strand.advance(300ms);
  CHECK(link.world.state(id) == OrderState::unknown);
  // The late reply is nobody's any more; the truth comes by a question.
  link.link->query(link.world.desk.find(id)->intent(), {}, true);
  link.strand.settle();
  REQUIRE(link.http.exchanges.size() == 1);
  CHECK(link.http.exchanges[0].request.method == "GET");
}

TEST_CASE("a link that was stopped sends nothing: that is evidence") {
  Link link{OrderEntry::rest};
  link.link->stop();
  link.strand.settle();
  const auto id = link.submit();
  CHECK(link.http.sent == 0);
  CHECK(link.world.state(id) == OrderState::rejected);
}

// Found by the simulated worlds, seed 2869: the disk took 400 ms for the intent, and the order left
// on a book of then.
TEST_CASE("an order that cannot leave in time is refused, not sent late; one that closes is sent") {
  for (const auto entry : {OrderEntry::rest, OrderEntry::socket}) {
    Link link{entry};
    if (entry == OrderEntry::socket)
      link.open_socket();
    const auto texts = link.sockets.sent.size();
    const auto late_by = [&](std::chrono::milliseconds age) {
      link.world.now.mono = link.strand.clocks().mono() - age;
    };
    late_by(301ms);
    CHECK(link.world.state(link.submit()) == OrderState::rejected);
    CHECK(link.http.sent + link.sockets.sent.size() - texts == 0);

    auto closing = link.world.draft(core::orders::Side::buy);
    closing.origin.purpose = core::orders::OrderPurpose::complete;
    const auto facts = link.world.fresh("binance");
    REQUIRE(link.world.desk.submit({&closing, 1}, {&facts, 1}, link.world.now).has_value());
    link.strand.settle();
    CHECK(link.http.sent + link.sockets.sent.size() - texts == 1);

    link.strand.advance(1'000ms); // another order, not the same one again
    late_by(300ms);
    CHECK(link.world.state(link.submit()) == OrderState::sent);
    CHECK(link.http.sent + link.sockets.sent.size() - texts == 2);
  }
}

TEST_CASE("a malformed word on the order socket changes nothing") {
  Link link{OrderEntry::socket};
  link.open_socket();
  const auto id = link.submit();
  for (const auto* text : {"", "{", "[]", R"({"id":1})", R"({"id":"1"})", "\xff\xfe"})
    link.hear(text);
  CHECK((link.world.state(id) == OrderState::sent || link.world.state(id) == OrderState::unknown));
  CHECK(link.sockets.sent.size() == 1);
}

TEST_CASE("another rate of new orders is told once, however often the venue repeats it") {
  DeskWorld world;
  ManualMarket venue{"bybit", core::MarketType::spot};
  std::vector<core::market::OrderRate> told;
  const auto link = OrderLink::open(
      venue.key, venue.tools, {}, world.desk,
      {.request_done = {}, .socket_down = {}, .order_rate = [&](core::market::OrderRate rate) {
         told.push_back(rate);
       }});
  venue.strand.settle();
  world.desk.set_port(venue.key, link.get(), world.now);
  const auto place = [&](const char* limit) {
    auto order = world.draft(core::orders::Side::buy, "bybit");
    const auto facts = world.fresh("bybit");
    REQUIRE(world.desk.submit({&order, 1}, {&facts, 1}, world.now).has_value());
    venue.strand.settle();
    venue.http.answer(200,
                      R"({"retCode":0,"retMsg":"OK","result":{"orderId":"a","orderLinkId":""}})",
                      {{"X-Bapi-Limit", limit}});
    venue.strand.advance(1'000ms); // another order, not the same one again
    world.now.mono = venue.strand.clocks().mono();
  };
  world.now.mono = venue.strand.clocks().mono();
  for (const auto* limit : {"20", "20", "40", "40", "nonsense", "25"})
    place(limit);
  CHECK(told == std::vector<core::market::OrderRate>{{20, 1'000ms}, {40, 1'000ms}, {25, 1'000ms}});
  world.desk.set_port(venue.key, nullptr, world.now);
  link->stop();
  venue.strand.settle();
}

} // namespace tandem::tests
