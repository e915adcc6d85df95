/// The laboratory's order side: the adapter's own requests, signatures and judgements.
#include "apps/tandem/lab_orders.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace json = boost::json;
using namespace tandem;

namespace {

struct Ran {
  int code = 0;
  std::string output, errors;

  [[nodiscard]] json::object object() const { return json::parse(output).as_object(); }
};

template <class Run>
Ran run(Run&& command) {
  std::ostringstream output, errors;
  Ran ran;
  ran.code = command(output, errors);
  ran.output = output.str();
  ran.errors = errors.str();
  return ran;
}

Ran order(const apps::LabOrderOptions& options) {
  return run([&](auto& out, auto& err) { return apps::run_lab_order(options, out, err); });
}

Ran judge(const std::string& venue, int status, const std::string& body) {
  return run([&](auto& out, auto& err) {
    return apps::run_lab_error({venue, "spot", status, body}, out, err);
  });
}

Ran sign(apps::LabSignOptions options, const std::string& secret) {
  return run([&](auto& out, auto& err) {
    return apps::run_lab_sign(
        options,
        [&](const std::string& name) {
          return name == "TANDEM_LAB_KEY" ? std::string{"test_api_key"} : secret;
        },
        out, err);
  });
}

} // namespace

TEST_CASE("lab order shows the request and neither key nor signature") {
  apps::LabOrderOptions options;
  options.venue = "bybit";
  options.type = "linear";
  options.price = "61730.6";
  options.quantity = "0.01";
  const auto ran = order(options);
  CHECK(ran.code == 0);
  const auto request = ran.object();
  CHECK(request.at("target") == "/v5/order/create");
  CHECK(json::parse(request.at("body").as_string()).at("price") == "61730.6");
  CHECK(ran.output.find("lab-key") == std::string::npos);
  options.venue = "binance";
  options.socket = true;
  CHECK(order(options).object().at("method") == "order.place");
  options.socket = false;
  options.action = "query";
  CHECK(order(options).object().at("method") == "GET");
}

TEST_CASE("lab order says what it does not understand") {
  apps::LabOrderOptions options;
  options.venue = "nowhere";
  options.type = "spot";
  CHECK(order(options).code == 64);
  options.venue = "binance";
  options.side = "up";
  CHECK(order(options).code == 64);
  options.side = "buy";
  options.action = "dance";
  CHECK(order(options).code == 65);
  options.action = "place";
  options.quantity = "0";
  CHECK(order(options).code == 65);
  CHECK_FALSE(order(options).errors.empty());
}

TEST_CASE("lab sign makes the text that Bybit wants and signs it") {
  apps::LabSignOptions options;
  options.venue = "bybit";
  options.query = "category=linear&symbol=BTCUSDT";
  const auto signed_get = sign(options, "test_secret").object();
  CHECK(signed_get.at("payload") == "1700000000000test_api_key5000category=linear&symbol=BTCUSDT");
  CHECK(signed_get.at("signature")
        == "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7");
  options.query.clear();
  options.socket = true;
  CHECK(sign(options, "test_secret").object().at("signature")
        == "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925");
  CHECK(sign(options, "").code == 78);
}

TEST_CASE("lab error tells a refusal from what nobody knows") {
  const auto refused
      = judge("binance", 400,
              R"({"code":-2010,"msg":"Account has insufficient balance for requested action."})")
            .object();
  CHECK(refused.at("code") == "INSUFFICIENT_FUNDS");
  CHECK(refused.at("unknown") == false);
  const auto unknown
      = judge("binance", 503, R"({"code":-1007,"msg":"Timeout waiting for response"})").object();
  CHECK(unknown.at("unknown") == true);
  CHECK(judge("bybit", 200, R"({"retCode":10016,"retMsg":"x"})").object().at("unknown") == true);
  CHECK(judge("bybit", 0, "").object().at("unknown") == true);
  CHECK(judge("bybit", 200, R"({"retCode":110072,"retMsg":"x"})").object().at("order")
        == "duplicate: the earlier send arrived");
  CHECK(judge("nowhere", 200, "").code == 64);
}
