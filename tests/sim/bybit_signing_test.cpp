/// Who may ask the simulated Bybit for private things: signatures, time windows, keys and limits.
#include "tests/sim/bybit_trader.hpp"

#include <array>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

const std::string balance_query = "accountType=UNIFIED";

std::int64_t code_of(const BybitTrader& trader, const Headers& headers) {
  const auto answer
      = trader.ask(bybit_linear, "GET", "/v5/account/wallet-balance", balance_query, headers);
  return object_of((*answer)->body).at("retCode").as_int64();
}

} // namespace

TEST_CASE("Bybit signatures equal the published and computed vectors") {
  struct Vector {
    std::string payload;
    std::string signature;
  };

  // Reference values of nautilus_trader's credential tests and two computed for this project.
  const std::array vectors{
      Vector{"1700000000000test_api_key5000category=linear&symbol=BTCUSDT",
             "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7"},
      Vector{R"(1700000000000test_api_key5000{"category": "linear", "symbol": "BTCUSDT", )"
             R"("orderLinkId": "test-order-1"})",
             "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1"},
      Vector{"1700000000000test_api_key5000",
             "cfffd774219bfa1d400476f699f830daaedcd3c41faa1dbdda95a8f4dd8170cc"},
      Vector{R"(1700000000000test_api_key5000{"category":"spot","symbol":"BTCUSDT","side":"Buy",)"
             R"("orderType":"Limit","qty":"0.1","price":"15600","timeInForce":"PostOnly",)"
             R"("orderLinkId":"spot-test-01","isLeverage":0,"orderFilter":"Order"})",
             "45f3b468390fc0a0589028ac5a036fa3c1c603fd5c169a35ff7d3c6cb7a6962c"},
      Vector{"GET/realtime1700000000000",
             "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"},
  };
  for (const auto& each : vectors)
    CHECK(bybit_signature("test_secret", each.payload) == each.signature);
}

TEST_CASE("a signed request without its headers gets status 401") {
  BybitWorld world;
  const auto complete = world.alice.signed_headers(balance_query, world.alice.now());
  for (const std::string missing : {"x-bapi-api-key", "x-bapi-timestamp", "x-bapi-sign"}) {
    auto headers = complete;
    std::erase_if(headers, [&](const auto& header) { return header.first == missing; });
    const auto answer = world.alice.ask(bybit_linear, "GET", "/v5/account/wallet-balance",
                                        balance_query, headers);
    CHECK((*answer)->status == 401);
    CHECK(object_of((*answer)->body).at("retCode").as_int64() == 10003);
  }
}

TEST_CASE("a key that nobody has is 10003, a wrong signature 10004") {
  BybitWorld world;
  CHECK(BybitTrader{world, "nobody", "alice-secret"}
            .get("/v5/account/wallet-balance", balance_query)
            .code()
        == 10003);
  CHECK(BybitTrader{world, "alice-key", "bob-secret"}
            .get("/v5/account/wallet-balance", balance_query)
            .code()
        == 10004);
  const auto of_other_payload = world.alice.signed_headers("accountType=OTHER", world.alice.now());
  CHECK(code_of(world.alice, of_other_payload) == 10004);
  CHECK(world.alice.get("/v5/account/wallet-balance", balance_query).code() == 0);
}

TEST_CASE("a post is signed with the bytes of its body") {
  BybitWorld world;
  const std::string body = R"({ "category" : "linear", "settleCoin":"USDT" })"; // blanks and all
  CHECK(world.alice.post("/v5/order/cancel-all", body).code() == 0);
}

TEST_CASE("a timestamp is good from its window before to a second after the server's time") {
  BybitWorld world;
  const auto at = [&](std::int64_t offset) {
    return code_of(world.alice,
                   world.alice.signed_headers(balance_query, world.alice.now() + offset));
  };
  CHECK(at(0) == 0);
  CHECK(at(-5'000) == 0);
  CHECK(at(-5'001) == 10002);
  CHECK(at(999) == 0);
  CHECK(at(1'000) == 10002);
}

TEST_CASE("a timestamp or window that is no number is 10001") {
  BybitWorld world;
  const auto good = world.alice.signed_headers(balance_query, world.alice.now());
  for (const std::string name : {"x-bapi-timestamp", "x-bapi-recv-window"}) {
    auto headers = good;
    for (auto& [key, value] : headers) {
      if (key == name)
        value = "soon";
    }
    CHECK(code_of(world.alice, headers) == 10001);
  }
}

TEST_CASE("a GET with a body is forbidden, an unknown route is not found") {
  BybitWorld world;
  HttpAnswer answer;
  world.simulator.on_http(
      bybit_linear,
      {"GET",
       "/v5/account/info",
       {},
       world.alice.signed_headers({}, world.alice.now()),
       "{}",
       "10.0.0.1:1"},
      [&](HttpAnswer got) { answer = std::move(got); }, world.now);
  CHECK(answer.status == 403);
  const auto missing = world.alice.ask(bybit_linear, "GET", "/v5/order/nothing", "",
                                       world.alice.signed_headers("", world.alice.now()));
  CHECK((*missing)->status == 404);
  const auto wrong_method = world.alice.ask(bybit_linear, "GET", "/v5/order/create", "",
                                            world.alice.signed_headers("", world.alice.now()));
  CHECK((*wrong_method)->status == 404);
}

TEST_CASE("a key that may only look places no orders") {
  BybitWorld world;
  const BybitTrader eyes{world, "alice-eyes", "looks"};
  CHECK(eyes.get("/v5/account/wallet-balance", balance_query).code() == 0);
  CHECK(eyes.create(market_order("linear", "Buy", "0.01")).code() == 10005);
  CHECK(world.alice.get("/v5/order/realtime", "category=linear&settleCoin=USDT&openOnly=1")
            .list()
            .empty());
  CHECK(eyes.get("/v5/user/query-api").result().at("readOnly").as_int64() == 1);
  CHECK(world.alice.get("/v5/user/query-api").result().at("readOnly").as_int64() == 0);
}

TEST_CASE("a key tells whether it may withdraw") {
  BybitWorld world;
  const auto wallet = [&](const BybitTrader& trader) {
    return trader.get("/v5/user/query-api").result().at("permissions").as_object().at("Wallet");
  };
  CHECK(wallet(world.alice).as_array().empty());
  CHECK(wallet(BybitTrader{world, "alice-purse", "open"}).as_array().at(0) == "Withdraw");
}

TEST_CASE("ten linear and twenty spot orders a second pass, the next one is 10006") {
  BybitWorld world;
  const auto place = [&](const std::string& category) {
    return world.alice.create(limit_order(category, "Buy", "0.01", world.bid(category)));
  };
  for (const auto& [category, limit] : {std::pair{"linear", 10}, std::pair{"spot", 20}}) {
    for (int i = 0; i < limit; ++i) {
      const auto reply = place(category);
      REQUIRE(reply.code() == 0);
      CHECK(header_of(reply.http, "X-Bapi-Limit") == std::to_string(limit));
      CHECK(header_of(reply.http, "X-Bapi-Limit-Status") == std::to_string(limit - i - 1));
      CHECK(header_of(reply.http, "X-Bapi-Limit-Reset-Timestamp")
            == std::to_string(world.alice.now()));
      world.run(10ms);
    }
    const auto refused = place(category);
    CHECK(refused.http.status == 200);
    CHECK(refused.code() == 10006);
    const auto resets = header_of(refused.http, "X-Bapi-Limit-Reset-Timestamp");
    CHECK(std::stoll(resets) == world.alice.now() - limit * 10 + 1'000);
  }
  CHECK(world.bob.create(limit_order("linear", "Buy", "0.01", world.bid("linear"))).code() == 0);
  world.run(1s);
  CHECK(place("linear").code() == 0);
}

TEST_CASE("each order of a batch counts, and batches count apart from single orders") {
  BybitWorld world;
  const auto batch = [&](int orders) {
    std::string list;
    for (int i = 0; i < orders; ++i)
      list += (i == 0 ? "{" : ",{") + limit_order("linear", "Buy", "0.01", world.bid("linear"))
              + "}";
    return world.alice.post("/v5/order/create-batch",
                            R"({"category":"linear","request":[)" + list + "]}");
  };
  CHECK(batch(6).code() == 0);
  CHECK(batch(5).code() == 10006);
  CHECK(batch(4).code() == 0);
  CHECK(world.alice.create(limit_order("linear", "Buy", "0.01", world.bid("linear"))).code() == 0);
}

TEST_CASE("a scenario may raise Bybit's order limits or take them away") {
  const auto passed = [](const std::string& rate) {
    BybitWorld world{bybit_accounts + "surfaces: {bybit_linear: {orders_fast_max: " + rate + "}}"};
    int count = 0;
    while (count < 100
           && world.alice.create(limit_order("linear", "Buy", "0.001", world.bid("linear"))).code()
                  == 0)
      ++count;
    return count;
  };
  CHECK(passed("30") == 30);
  CHECK(passed("0") == 100);
}
