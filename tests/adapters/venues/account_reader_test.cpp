// One reading of an account on a virtual clock: what is asked in which order, lists of several
// pages, and every way in which it ends as a failure instead of half a truth.
#include "adapters/venues/account_reader.hpp"

#include "tests/adapters/venues/manual_tools.hpp"
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <string>

namespace tandem::tests {
namespace {

using adapters::venues::AccountPlan;
using adapters::venues::AccountReading;
using core::Errc;
using core::MarketType;

class Reading : public ManualMarket {
public:
  explicit Reading(AccountPlan plan = {}, MarketType type = MarketType::spot)
      : ManualMarket{"bybit", type} {
    adapters::venues::read_account(*trading, tools.rest, std::move(plan),
                                   [this](core::Result<AccountReading> read) {
                                     ++answers;
                                     result = std::move(read);
                                   });
    strand.settle();
  }

  /// Path and query of the request that waits for an answer.
  [[nodiscard]] std::string asked() const {
    REQUIRE(http.exchanges.size() == 1); // one question at a time
    const auto& url = http.exchanges.front().request.url;
    return url.substr(url.find("/v5"));
  }

  void answer(const std::string& expected, const std::string& body) {
    REQUIRE(asked().starts_with(expected));
    http.answer(200, fmt::format(R"({{"retCode":0,"retMsg":"OK","result":{}}})", body));
  }

  void balances() {
    answer("/v5/account/wallet-balance",
           R"({"list":[{"coin":[{"coin":"BTC","walletBalance":"3","locked":"1"}]}]})");
  }

  void no_orders() { answer("/v5/order/realtime", nothing); }

  static constexpr auto nothing = R"({"list":[],"nextPageCursor":""})";

  static std::string order(const std::string& id) {
    return fmt::format(
        R"({{"symbol":"BTCUSDT","orderId":"{}","orderLinkId":"x","side":"Buy","orderType":"Limit","timeInForce":"GTC","orderStatus":"New","price":"1","qty":"1","cumExecQty":"0"}})",
        id);
  }

  static std::string fill(const std::string& id) {
    return fmt::format(
        R"({{"symbol":"BTCUSDT","orderId":"a","side":"Buy","execType":"Trade","execId":"{}","execPrice":"1","execQty":"1","execFee":"0"}})",
        id);
  }

  static std::string position(const std::string& symbol) {
    return fmt::format(
        R"({{"symbol":"{}","side":"Buy","size":"1","avgPrice":"100","unrealisedPnl":"0","positionIdx":0}})",
        symbol);
  }

  std::optional<core::Result<AccountReading>> result;
  int answers = 0;
};

AccountPlan everything() {
  AccountPlan plan;
  plan.rights = true;
  plan.fees = {core::Symbol{"BTCUSDT"}};
  plan.fills_since[core::Symbol{"BTCUSDT"}] = 1'234;
  return plan;
}

} // namespace

TEST_CASE("balances and open orders are always read, and nothing that was not wanted") {
  Reading reading;
  reading.balances();
  CHECK_FALSE(reading.result);
  reading.no_orders();
  REQUIRE(reading.result);
  REQUIRE(reading.result->has_value());
  const auto& account = **reading.result;
  REQUIRE(account.balances.size() == 1);
  CHECK(account.balances[0].free == money("2"));
  CHECK(account.balances[0].locked == money("1"));
  CHECK(reading.http.sent == 2);
}

TEST_CASE("rights come first: with a key that may withdraw nothing else would be wanted") {
  Reading reading{everything()};
  reading.answer("/v5/user/query-api",
                 R"({"readOnly":0,"permissions":{"Spot":["SpotTrade"],"Wallet":["Withdraw"]}})");
  reading.balances();
  reading.no_orders();
  CHECK(reading.asked().find("startTime=1234") != std::string::npos);
  reading.answer("/v5/execution/list", R"({"list":[],"nextPageCursor":""})");
  reading.answer("/v5/account/fee-rate",
                 R"({"list":[{"makerFeeRate":"0.0002","takerFeeRate":"0.00055"}]})");
  REQUIRE(reading.result);
  REQUIRE(reading.result->has_value());
  CHECK((*reading.result)->rights.withdraw == true);
  CHECK((*reading.result)->fees.size() == 1);
  CHECK(reading.answers == 1);
}

TEST_CASE("on derivatives positions are read, too") {
  Reading reading{{}, MarketType::linear};
  reading.balances();
  reading.answer(
      "/v5/position/list",
      R"({"list":[{"symbol":"BTCUSDT","side":"Sell","size":"0.5","avgPrice":"100","unrealisedPnl":"-1","positionIdx":0}]})");
  reading.no_orders();
  REQUIRE(reading.result);
  REQUIRE(reading.result->has_value());
  CHECK((*reading.result)->positions.at(0).quantity == money("-0.5"));
}

TEST_CASE("positions of several pages are read to their end; a list that never ends is a failure") {
  Reading reading{{}, MarketType::linear};
  reading.balances();
  const auto page = [&](const std::string& symbol, const std::string& next) {
    reading.answer("/v5/position/list", fmt::format(R"({{"list":[{}],"nextPageCursor":"{}"}})",
                                                    Reading::position(symbol), next));
  };
  page("BTCUSDT", "two");
  CHECK(reading.asked().find("cursor=two") != std::string::npos);
  CHECK_FALSE(reading.result);
  SUBCASE("it ends") {
    page("ETHUSDT", "");
    reading.no_orders();
    REQUIRE(reading.result);
    REQUIRE(reading.result->has_value());
    const auto& positions = (*reading.result)->positions;
    REQUIRE(positions.size() == 2);
    CHECK(positions[0].instrument.symbol == core::Symbol{"BTCUSDT"});
    CHECK(positions[1].instrument.symbol == core::Symbol{"ETHUSDT"});
  }
  SUBCASE("it never ends") {
    for (int more = 1; more < 50; ++more)
      page("ETHUSDT", "more");
    REQUIRE(reading.result);
    REQUIRE_FALSE(reading.result->has_value());
    CHECK(reading.result->error().code == Errc::out_of_range);
    CHECK(reading.http.exchanges.empty());
  }
}

TEST_CASE("lists of several pages are read to their ends, page after page") {
  auto plan = everything();
  plan.rights = false;
  plan.fees.clear();
  Reading reading{std::move(plan)};
  reading.balances();
  reading.answer("/v5/order/realtime",
                 fmt::format(R"({{"list":[{}],"nextPageCursor":"two"}})", Reading::order("a")));
  CHECK(reading.asked().find("cursor=two") != std::string::npos);
  reading.answer("/v5/order/realtime",
                 fmt::format(R"({{"list":[{}],"nextPageCursor":""}})", Reading::order("b")));
  reading.answer("/v5/execution/list",
                 fmt::format(R"({{"list":[{}],"nextPageCursor":"f2"}})", Reading::fill("1")));
  CHECK(reading.asked().find("cursor=f2") != std::string::npos);
  reading.answer("/v5/execution/list",
                 fmt::format(R"({{"list":[{}],"nextPageCursor":""}})", Reading::fill("2")));
  REQUIRE(reading.result);
  REQUIRE(reading.result->has_value());
  CHECK((*reading.result)->open_orders.size() == 2);
  CHECK((*reading.result)->fills.size() == 2);
}

TEST_CASE("a list that never ends is a failure, not a part of it") {
  Reading reading;
  reading.balances();
  for (int page = 0; page < 50; ++page)
    reading.answer("/v5/order/realtime", R"({"list":[],"nextPageCursor":"more"})");
  REQUIRE(reading.result);
  REQUIRE_FALSE(reading.result->has_value());
  CHECK(reading.result->error().code == Errc::out_of_range);
  CHECK(reading.http.exchanges.empty());
}

TEST_CASE("whatever cannot be read ends the reading, once, and nothing more is asked") {
  Reading reading;
  SUBCASE("a refused key") {
    reading.http.answer(200, R"({"retCode":10003,"retMsg":"API key is invalid.","result":{}})");
    REQUIRE(reading.result);
    REQUIRE_FALSE(reading.result->has_value());
    CHECK(reading.result->error().code == Errc::unauthenticated);
  }
  SUBCASE("an account that is not one") {
    reading.answer("/v5/account/wallet-balance", R"({"list":[{"coin":[{"coin":"BTC"}]}]})");
    REQUIRE(reading.result);
    REQUIRE_FALSE(reading.result->has_value());
    CHECK(reading.result->error().code == Errc::malformed);
  }
  SUBCASE("an order that is not one") {
    reading.balances();
    reading.answer("/v5/order/realtime", R"({"list":[{"symbol":"BTCUSDT"}],"nextPageCursor":""})");
    REQUIRE(reading.result);
    CHECK_FALSE(reading.result->has_value());
  }
  SUBCASE("no answer, asked as often as questions are") {
    for (int tries = 0; tries < 3; ++tries) {
      reading.http.fail(Errc::timed_out);
      reading.strand.advance(std::chrono::seconds{10});
    }
    REQUIRE(reading.result);
    REQUIRE_FALSE(reading.result->has_value());
    CHECK(reading.result->error().code == Errc::timed_out);
  }
  CHECK(reading.answers == 1);
  CHECK(reading.http.exchanges.empty());
}

} // namespace tandem::tests
