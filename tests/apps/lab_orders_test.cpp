/// The laboratory's order side: the adapter's own requests, signatures and judgements.
#include "apps/tandem/lab_orders.hpp"

#include "apps/tandem/lab_lines.hpp"

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

Ran request(const apps::LabRequestOptions& options) {
  return run([&](auto& out, auto& err) { return apps::run_lab_request(options, out, err); });
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

TEST_CASE("lab request shows the request and neither key nor signature") {
  apps::LabRequestOptions options;
  options.venue = "bybit";
  options.type = "linear";
  options.price = "61730.6";
  options.quantity = "0.01";
  const auto ran = request(options);
  CHECK(ran.code == 0);
  const auto shown = ran.object();
  CHECK(shown.at("target") == "/v5/order/create");
  CHECK(json::parse(shown.at("body").as_string()).at("price") == "61730.6");
  CHECK(ran.output.find("lab-key") == std::string::npos);
  options.venue = "binance";
  options.socket = true;
  CHECK(request(options).object().at("method") == "order.place");
  options.socket = false;
  options.action = "query";
  CHECK(request(options).object().at("method") == "GET");
}

TEST_CASE("lab request says what it does not understand") {
  apps::LabRequestOptions options;
  options.venue = "nowhere";
  options.type = "spot";
  CHECK(request(options).code == 64);
  options.venue = "binance";
  options.side = "up";
  CHECK(request(options).code == 64);
  options.side = "buy";
  options.action = "dance";
  CHECK(request(options).code == 65);
  options.action = "place";
  options.quantity = "0";
  CHECK(request(options).code == 65);
  CHECK_FALSE(request(options).errors.empty());
}

TEST_CASE("lab sign makes the text that Bybit wants and signs it") {
  apps::LabSignOptions options;
  options.venue = "bybit";
  options.query = "category=linear&symbol=BTCUSDT";
  const auto signed_get = sign(options, "test_secret").object();
  CHECK(signed_get.at("prehash") == "1700000000000test_api_key5000category=linear&symbol=BTCUSDT");
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
  CHECK(refused.at("unknown_outcome") == false);
  const auto unknown
      = judge("binance", 503, R"({"code":-1007,"msg":"Timeout waiting for response"})").object();
  CHECK(unknown.at("unknown_outcome") == true);
  CHECK(judge("bybit", 200, R"({"retCode":10016,"retMsg":"x"})").object().at("unknown_outcome")
        == true);
  CHECK(judge("bybit", 0, "").object().at("unknown_outcome") == true);
  CHECK(judge("bybit", 200, R"({"retCode":110072,"retMsg":"x"})").object().at("order")
        == "duplicate: the earlier send arrived");
  CHECK(judge("nowhere", 200, "").code == 64);
}

// ---- by lines of input

namespace {

using Tool = int (*)(const apps::LabLinesOptions&, std::istream&, std::ostream&, std::ostream&);

Ran lines(Tool tool, const std::string& venue, const std::string& type, const std::string& text) {
  std::istringstream input{text};
  return run([&](auto& out, auto& err) { return tool({venue, type, {}}, input, out, err); });
}

Ran order(const std::string& venue, const std::string& text, const std::string& type = "spot") {
  return lines(apps::run_lab_order, venue, type, text);
}

std::string bybit_order(const std::string& status, const std::string& filled) {
  return R"({"topic":"order","data":[{"category":"spot","symbol":"BTCUSDT","orderId":"v1","orderLinkId":"mine","side":"Buy","orderType":"Limit","timeInForce":"GTC","orderStatus":")"
         + status + R"(","price":"100.5","qty":"2","cumExecQty":")" + filled
         + R"(","updatedTime":"1"}]})" + "\n";
}

std::string bybit_fill(const std::string& trade, const std::string& quantity) {
  return R"({"topic":"execution","data":[{"category":"spot","symbol":"BTCUSDT","orderId":"v1","orderLinkId":"mine","side":"Buy","execType":"Trade","execId":")"
         + trade + R"(","execPrice":"100.25","execQty":")" + quantity
         + R"(","execFee":"0.001","feeCurrency":"BTC","execTime":"1","isMaker":false}]})" + "\n";
}

const std::string bybit_ack
    = R"({"retCode":0,"retMsg":"OK","result":{"orderId":"v1","orderLinkId":"mine"},"time":1})"
      "\n";

} // namespace

TEST_CASE("lab order: an order's end out of stream and replies, whatever their order") {
  const auto check = [](const Ran& ran) {
    REQUIRE(ran.code == 0);
    const auto end = ran.object();
    CHECK(end.at("state") == "filled");
    CHECK(end.at("filled") == "2");
    CHECK(end.at("average_price") == "100.25");
    CHECK(end.at("fills") == 2);
    CHECK(end.at("fee").at("BTC") == "0.002");
    CHECK(end.at("needs_query") == false);
  };
  const auto one = bybit_fill("a", "0.5"), two = bybit_fill("b", "1.5");
  const auto filled = bybit_order("Filled", "2");
  check(order("bybit", bybit_ack + one + two + filled));
  check(order("bybit", filled + two + one + one + bybit_ack)); // doubled counts once
}

TEST_CASE(
    "lab order: a report ahead of its fills, and an answer that proves nothing, want a query") {
  auto end = order("bybit", bybit_ack + bybit_order("Filled", "2")).object();
  CHECK(end.at("state") == "filled");
  CHECK(end.at("filled") == "0");
  CHECK(end.at("average_price").is_null());
  CHECK(end.at("needs_query") == true);
  end = order("bybit", R"({"reply":"place","http":0})").object();
  CHECK(end.at("state") == "unknown");
  CHECK(end.at("needs_query") == true);
  end = order("binance", R"({"http":503,"body":{"code":-1007,"msg":"Timeout"}})").object();
  CHECK(end.at("state") == "unknown");
}

TEST_CASE("lab order: found nowhere twice is a rejection; a fill that comes later overrules it") {
  const std::string lost = R"({"reply":"place","http":504,"body":""})"
                           "\n";
  const std::string nowhere
      = R"({"reply":"query","body":{"retCode":0,"retMsg":"OK","result":{"list":[]}}})"
        "\n";
  CHECK(order("bybit", lost + nowhere).object().at("state") == "unknown");
  CHECK(order("bybit", lost + nowhere + nowhere).object().at("state") == "rejected");
  CHECK(order("bybit", lost + nowhere + nowhere + bybit_fill("a", "1")).object().at("fills") == 1);
}

TEST_CASE("lab order: Binance's full reply says everything at once, and a refusal is one") {
  const auto end = order(
      "binance",
      R"({"symbol":"BTCUSDT","orderId":28,"clientOrderId":"mine","transactTime":1507725176595,"price":"0.00000000","origQty":"10.00000000","executedQty":"10.00000000","cummulativeQuoteQty":"1000.00000000","status":"FILLED","timeInForce":"IOC","type":"LIMIT","side":"SELL","fills":[{"price":"100.00000000","qty":"10.00000000","commission":"4.00000000","commissionAsset":"USDT","tradeId":56}]})");
  REQUIRE(end.code == 0);
  CHECK(end.object().at("state") == "filled");
  CHECK(end.object().at("fee").at("USDT") == "4");
  CHECK(order("binance",
              R"({"http":400,"body":{"code":-2010,"msg":"Account has insufficient balance."}})")
            .object()
            .at("state")
        == "rejected");
}

TEST_CASE("lab order: another order's words are left out and said; nothing said is an error") {
  auto stranger = bybit_fill("z", "1");
  for (const std::string name : {"v1", "mine"})
    stranger.replace(stranger.find(name), name.size(), "other");
  const auto ran = order("bybit", bybit_order("New", "0") + stranger);
  CHECK(ran.object().at("fills") == 0);
  CHECK(ran.errors.find("1 words on other orders") != std::string::npos);
  CHECK(order("bybit", R"({"op":"pong"})").code == 65);
  CHECK(order("bybit", "no json").code == 65);
  CHECK(order("bybit", R"({"reply":"dance","body":{}})").code == 65);
  CHECK(order("nowhere", "{}").code == 64);
}

TEST_CASE("lab error judges each line") {
  const auto ran = lines(apps::run_lab_error_lines, "binance", "linear",
                         R"({"http":400,"body":{"code":-2019,"msg":"Margin is insufficient."}})"
                         "\n"
                         R"({"http":503,"body":"Unknown error, please check your request."})"
                         "\n");
  CHECK(ran.code == 0);
  const auto cut = ran.output.find('\n');
  const auto first = json::parse(ran.output.substr(0, cut)).as_object();
  const auto second = json::parse(ran.output.substr(cut + 1)).as_object();
  CHECK(first.at("code") == "INSUFFICIENT_FUNDS");
  CHECK(first.at("retryable") == false);
  CHECK(first.at("unknown_outcome") == false);
  CHECK(second.at("unknown_outcome") == true);
  CHECK(lines(apps::run_lab_error_lines, "bybit", "spot", R"({"body":""})").code == 65);
}

TEST_CASE("lab sign signs each line's text, or makes it of the request's parts") {
  const auto sign_line = [](const std::string& venue, const std::string& text) {
    return lines(apps::run_lab_sign_lines, venue, "spot", text);
  };
  const auto made = sign_line(
      "bybit",
      R"({"secret":"test_secret","request":{"method":"GET","query":"category=linear&symbol=BTCUSDT","api_key":"test_api_key","recv_window":"5000","timestamp":"1700000000000"}})");
  CHECK(made.object().at("prehash")
        == "1700000000000test_api_key5000category=linear&symbol=BTCUSDT");
  CHECK(made.object().at("signature")
        == "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7");
  const auto ed25519 = sign_line(
      "binance",
      R"({"private_key":"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n","prehash":"symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp=1668481559918&recvWindow=5000"})");
  CHECK(ed25519.object().at("signature")
        == "XtZirsmmi0noRzUfkqktvkVfxpkq/"
           "WtbLg2UOL3QGYdUBZVlqOBEMuEVw8zioY93N54NcKj9UuAXQEa9zgTDBg==");
  const auto broken = sign_line("bybit", R"({"secret":"hush-hush"})");
  CHECK(broken.code == 65);
  CHECK(broken.errors.find("hush") == std::string::npos);
}
