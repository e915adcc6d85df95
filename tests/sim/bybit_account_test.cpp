/// Bybit's account and position routes: one wallet for both categories, positions of one-way mode,
/// settings that answer with a number of their own when nothing changes.
#include "tests/sim/bybit_trader.hpp"

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

json::object coin_of(const BybitTrader& trader, const std::string& coin) {
  const auto reply = trader.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin=" + coin);
  REQUIRE(reply.code() == 0);
  const auto& coins = reply.list().at(0).at("coin").as_array();
  REQUIRE(coins.size() == 1);
  return coins[0].as_object();
}

json::object position_of(const BybitTrader& trader) {
  const auto reply = trader.get("/v5/position/list", "category=linear&symbol=BTCUSDT");
  REQUIRE(reply.list().size() == 1);
  return reply.list()[0].as_object();
}

} // namespace

TEST_CASE("the wallet lists what is there, or the coins asked for") {
  BybitWorld world;
  const auto all = world.alice.get("/v5/account/wallet-balance", "accountType=UNIFIED");
  const auto& account = all.list().at(0).as_object();
  for (const std::string key :
       {"totalEquity", "accountIMRate", "totalMarginBalance", "totalInitialMargin", "accountType",
        "totalAvailableBalance", "accountMMRate", "totalPerpUPL", "totalWalletBalance",
        "accountLTV", "totalMaintenanceMargin"})
    CHECK(account.contains(key));
  CHECK(word(account, "accountType") == "UNIFIED");
  CHECK(account.at("coin").as_array().size() == 3);
  CHECK(world.alice.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin=USDT,BTC")
            .list()
            .at(0)
            .at("coin")
            .as_array()
            .size()
        == 2);
  CHECK(word(coin_of(world.alice, "DOGE"), "walletBalance") == "0");
  const auto usdt = coin_of(world.alice, "USDT");
  for (const std::string key :
       {"availableToBorrow", "bonus", "accruedInterest", "availableToWithdraw", "totalOrderIM",
        "equity", "totalPositionMM", "usdValue", "spotHedgingQty", "unrealisedPnl",
        "collateralSwitch", "borrowAmount", "totalPositionIM", "walletBalance", "cumRealisedPnl",
        "locked", "marginCollateral", "coin", "spotBorrow"})
    CHECK(usdt.contains(key));
  CHECK(world.alice.get("/v5/account/wallet-balance", "accountType=SPOT").code() == 10001);
}

TEST_CASE("an open spot order locks a part of the wallet that linear shares") {
  BybitWorld world;
  const auto price = world.bid("spot");
  REQUIRE(world.alice.create(limit_order("spot", "Buy", "1", price)).code() == 0);
  const auto usdt = coin_of(world.alice, "USDT");
  CHECK(std::stod(word(usdt, "locked")) == doctest::Approx(std::stod(price)));
  CHECK(word(usdt, "walletBalance") == "1000000");
}

TEST_CASE("a position is flat with an empty side, then long, then closed with its profit") {
  BybitWorld world;
  const auto flat = position_of(world.alice);
  CHECK(word(flat, "side").empty());
  CHECK(word(flat, "size") == "0");
  CHECK(flat.at("seq").as_int64() == -1);
  CHECK(world.alice.get("/v5/position/list", "category=linear&settleCoin=USDT").list().empty());
  REQUIRE(world.alice.create(market_order("linear", "Buy", "0.5")).code() == 0);
  const auto open = position_of(world.alice);
  CHECK(word(open, "side") == "Buy");
  CHECK(word(open, "size") == "0.500");
  CHECK(word(open, "leverage") == "20");
  CHECK(open.at("positionIdx").as_int64() == 0);
  CHECK(std::stod(word(open, "avgPrice")) == doctest::Approx(61'700).epsilon(0.01));
  for (const std::string key : {"riskId",
                                "riskLimitValue",
                                "positionValue",
                                "tradeMode",
                                "positionStatus",
                                "autoAddMargin",
                                "adlRankIndicator",
                                "breakEvenPrice",
                                "positionBalance",
                                "markPrice",
                                "liqPrice",
                                "bustPrice",
                                "positionMM",
                                "positionMMByMp",
                                "positionIM",
                                "positionIMByMp",
                                "tpslMode",
                                "takeProfit",
                                "stopLoss",
                                "trailingStop",
                                "unrealisedPnl",
                                "curRealisedPnl",
                                "cumRealisedPnl",
                                "isReduceOnly",
                                "leverageSysUpdatedTime",
                                "sessionAvgPrice",
                                "createdTime",
                                "updatedTime"})
    CHECK(open.contains(key));
  CHECK(world.alice.get("/v5/position/list", "category=linear&settleCoin=USDT").list().size() == 1);
  REQUIRE(world.alice.create(market_order("linear", "Sell", "0.5", R"("reduceOnly":true)")).code()
          == 0);
  const auto closed = position_of(world.alice);
  CHECK(word(closed, "side").empty());
  const auto fills = world.alice.get("/v5/execution/list", "category=linear").list();
  CHECK(word(fills.at(0).as_object(), "closedSize") != "0.000");
  CHECK(word(fills.at(fills.size() - 1).as_object(), "closedSize") == "0.000");
  // What the round trip cost is what the wallet lacks.
  const auto usdt = coin_of(world.alice, "USDT");
  CHECK(std::stod(word(usdt, "walletBalance"))
        == doctest::Approx(1'000'000 + std::stod(word(closed, "cumRealisedPnl"))).epsilon(1e-12));
  CHECK(std::stod(word(closed, "cumRealisedPnl")) < 0);
  CHECK(world.alice.get("/v5/position/list", "category=linear").code() == 10001);
  CHECK(world.alice.get("/v5/position/list", "category=spot&symbol=BTCUSDT").code() == 10001);
}

TEST_CASE("positions held come in pages of at most the limit, none twice and none left out") {
  BybitWorld world;
  const std::string all = "category=linear&settleCoin=USDT";
  REQUIRE(world.alice.create(market_order("linear", "Buy", "0.5")).code() == 0);
  REQUIRE(
      world.alice
          .create(
              R"("category":"linear","symbol":"ETHUSDT","side":"Sell","orderType":"Market","qty":"1")")
          .code()
      == 0);
  const auto whole = world.alice.get("/v5/position/list", all);
  REQUIRE(whole.list().size() == 2);
  CHECK(whole.text("nextPageCursor").empty());
  const auto first = world.alice.get("/v5/position/list", all + "&limit=1");
  REQUIRE(first.list().size() == 1);
  REQUIRE_FALSE(first.text("nextPageCursor").empty());
  const auto second = world.alice.get("/v5/position/list",
                                      all + "&limit=1&cursor=" + first.text("nextPageCursor"));
  REQUIRE(second.list().size() == 1);
  CHECK(second.text("nextPageCursor").empty());
  CHECK(word(first.list().at(0).as_object(), "symbol")
        == word(whole.list().at(0).as_object(), "symbol"));
  CHECK(word(second.list().at(0).as_object(), "symbol")
        == word(whole.list().at(1).as_object(), "symbol"));
  CHECK(world.alice.get("/v5/position/list", all + "&limit=0").code() == 10001);
}

TEST_CASE("fee rates are told per symbol, with a category on spot only") {
  BybitWorld world;
  const auto linear = world.alice.get("/v5/account/fee-rate", "category=linear&symbol=BTCUSDT");
  CHECK(linear.list().size() == 1);
  CHECK(word(linear.list()[0].as_object(), "takerFeeRate") == "0.00055");
  CHECK(word(linear.list()[0].as_object(), "makerFeeRate") == "0.0002");
  CHECK_FALSE(linear.result().contains("category"));
  const auto spot = world.alice.get("/v5/account/fee-rate", "category=spot");
  CHECK(spot.list().size() == 2);
  CHECK(spot.text("category") == "spot");
  CHECK(world.alice.get("/v5/account/fee-rate", "category=linear&symbol=NOPE").code() == 10001);
}

TEST_CASE("leverage is set once and not modified twice") {
  BybitWorld world;
  const auto set = [&](const std::string& buy, const std::string& sell) {
    return world.alice
        .post(
            "/v5/position/set-leverage",
            fmt::format(
                R"({{"category":"linear","symbol":"BTCUSDT","buyLeverage":"{}","sellLeverage":"{}"}})",
                buy, sell))
        .code();
  };
  CHECK(set("6", "6") == 0);
  CHECK(set("6", "6") == 110043);
  CHECK(word(position_of(world.alice), "leverage") == "6");
  CHECK(set("7", "8") == 10001);
  CHECK(set("0", "0") == 10001);
  CHECK(set("101", "101") == 10001);
  CHECK(set("ten", "ten") == 10001);
}

TEST_CASE("one-way mode is there already and hedge mode is not to be had") {
  BybitWorld world;
  const auto to = [&](const std::string& rest) {
    return world.alice.post("/v5/position/switch-mode", R"({"category":"linear",)" + rest + "}")
        .code();
  };
  CHECK(to(R"("symbol":"BTCUSDT","mode":0)") == 110025);
  CHECK(to(R"("coin":"USDT","mode":0)") == 110025);
  CHECK(to(R"("symbol":"BTCUSDT","mode":3)") == 110029);
  CHECK(to(R"("symbol":"BTCUSDT","mode":1)") == 10001);
  CHECK(to(R"("mode":0)") == 10001);
}

TEST_CASE("account info has the fields of the documentation's example") {
  BybitWorld world;
  const auto info = world.alice.get("/v5/account/info");
  for (const std::string key : {"marginMode", "updatedTime", "unifiedMarginStatus", "dcpStatus",
                                "timeWindow", "smpGroup", "isMasterTrader", "spotHedgingStatus"})
    CHECK(info.result().contains(key));
}

TEST_CASE("disconnection protection has a window from 3 to 300 seconds per product") {
  BybitWorld world;
  const auto set = [&](const std::string& fields) {
    world.run(1s);
    return world.alice.post("/v5/order/disconnected-cancel-all", "{" + fields + "}").code();
  };
  CHECK(set(R"("product":"SPOT","timeWindow":40)") == 0);
  CHECK(set(R"("product":"DERIVATIVES","timeWindow":3)") == 0);
  CHECK(set(R"("timeWindow":40)") == 0); // options, of which there are none
  CHECK(set(R"("product":"SPOT","timeWindow":2)") == 10001);
  CHECK(set(R"("product":"SPOT","timeWindow":301)") == 10001);
  CHECK(set(R"("product":"COFFEE","timeWindow":40)") == 10001);
  CHECK(set(R"("product":"SPOT")") == 10001);
  const auto info = world.alice.get("/v5/account/query-dcp-info");
  const auto& infos = info.result().at("dcpInfos").as_array();
  REQUIRE(infos.size() == 2);
  CHECK(word(infos[0].as_object(), "product") == "SPOT");
  CHECK(word(infos[0].as_object(), "timeWindow") == "40");
  CHECK(word(infos[1].as_object(), "timeWindow") == "3");
}

TEST_CASE("each account sees its own") {
  BybitWorld world;
  REQUIRE(world.alice
              .create(limit_order("linear", "Buy", "0.01", world.bid("linear"),
                                  R"("orderLinkId":"mine")"))
              .code()
          == 0);
  CHECK(world.bob.get("/v5/order/realtime", "category=linear&orderLinkId=mine").list().empty());
  CHECK(world.bob.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT").list().empty());
}

TEST_CASE("the coins are those that are traded, and no chain of theirs is open") {
  BybitWorld world;
  const auto reply = world.alice.get("/v5/asset/coin/query-info", "coin=BTC");
  REQUIRE(reply.code() == 0);
  const auto& rows = reply.result().at("rows").as_array();
  REQUIRE(rows.size() == 1);
  CHECK(text_of(rows[0].at("coin")) == "BTC");
  const auto& chain = rows[0].at("chains").as_array().at(0);
  CHECK(text_of(chain.at("chainDeposit")) == "0");
  CHECK(text_of(chain.at("chainWithdraw")) == "0");
  CHECK(text_of(chain.at("minAccuracy")) == "8");
  CHECK(world.alice.get("/v5/asset/coin/query-info", "").result().at("rows").as_array().size() > 1);
  CHECK(world.alice.get("/v5/asset/coin/query-info", "coin=NOPE")
            .result()
            .at("rows")
            .as_array()
            .empty());
}
