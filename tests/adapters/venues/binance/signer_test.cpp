/// Which bytes Binance wants signed: every published vector, and the ways in which REST and the
/// WebSocket API differ.
#include "adapters/venues/binance/signer.hpp"

#include "tests/adapters/venues/binance/trading_fixture.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using binance::Params;
using core::Errc;
using tests::example_keys;
using tests::stamp;

std::string text(simdjson::simdjson_result<simdjson::dom::element> element) {
  return std::string{element.get_string().value()};
}

} // namespace

TEST_CASE("every shared signing vector is reproduced") {
  const auto path = tests::shared_file("venues/binance/signing-vectors.json");
  if (!path)
    return;
  simdjson::dom::parser parser;
  const auto root = parser.load(path->string()).value();
  std::size_t count = 0;
  for (const auto vector : root["vectors"].get_array()) {
    CAPTURE(text(vector["id"]));
    const auto key = root["keys"][text(vector["key_ref"])].value();
    Credentials keys{"key", {}, {}, {}};
    keys.secret = text(key[key["secret"].error() == simdjson::SUCCESS ? "secret" : "pkcs8_pem"]);
    const auto algorithm = text(vector["algorithm"]);
    CHECK(keys.kind()
          == (algorithm.starts_with("HMAC")      ? KeyKind::hmac
              : algorithm.starts_with("Ed25519") ? KeyKind::ed25519
                                                 : KeyKind::rsa));
    CHECK(keys.sign(text(vector["payload"])) == text(vector["signature"]));
    REQUIRE(keys.prepare());
    CHECK(keys.sign(text(vector["payload"])) == text(vector["signature"]));
    ++count;
  }
  CHECK(count == 9);
}

TEST_CASE("the REST page's example is signed as printed there") {
  // Spot "REST API", SIGNED Endpoint Examples for POST /api/v3/order, HMAC keys.
  Params params;
  params.text("symbol", "LTCBTC").text("side", "BUY").text("type", "LIMIT");
  params.text("timeInForce", "GTC").text("quantity", "1").text("price", "0.1");
  const auto signed_text
      = binance::signed_form(params, example_keys(), {1'499'827'319'559, std::chrono::seconds{5}});
  CHECK(signed_text
        == "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
           "&timestamp=1499827319559&signature="
           "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

TEST_CASE("a non-ASCII symbol is percent-encoded before it is signed") {
  // The same page's example with the symbol "１２３４５６".
  Params params;
  params.text("symbol", "１２３４５６").text("side", "BUY").text("type", "LIMIT");
  params.text("timeInForce", "GTC").text("quantity", "1").text("price", "0.1");
  const auto signed_text
      = binance::signed_form(params, example_keys(), {1'499'827'319'559, std::chrono::seconds{5}});
  REQUIRE(signed_text);
  CHECK(signed_text->starts_with("symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&"));
  CHECK(signed_text->ends_with(
      "signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"));
}

TEST_CASE("the WebSocket API's example is signed sorted, unencoded and with the key") {
  // Spot "WebSocket API", SIGNED request example (HMAC).
  const auto key = example_keys().api_key;
  const auto payload = binance::socket_payload({{"symbol", "BTCUSDT"},
                                                {"side", "SELL"},
                                                {"type", "LIMIT"},
                                                {"timeInForce", "GTC"},
                                                {"quantity", "0.01000000"},
                                                {"price", "52000.00"},
                                                {"recvWindow", "100"},
                                                {"timestamp", "1645423376532"},
                                                {"signature", "left out"},
                                                {"apiKey", key}});
  CHECK(payload
        == "apiKey=" + key
               + "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT"
                 "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT");
  CHECK(example_keys().sign(payload)
        == "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24");
}

TEST_CASE("a base64 signature is percent-encoded in a query and quoted in a frame") {
  const auto query = binance::signed_form({}, tests::ed25519_keys(), stamp);
  REQUIRE(query);
  const auto signature = tests::ed25519_keys().sign("recvWindow=2000&timestamp=1700000000000");
  REQUIRE(signature);
  CHECK(*query
        == "recvWindow=2000&timestamp=1700000000000&signature=" + percent_encoded(*signature));
  CHECK(query->find_first_of("+/") == std::string::npos);
}

TEST_CASE("a frame escapes what JSON demands and keeps UTF-8") {
  const auto frame
      = binance::socket_request("a\"b\\c\n", "order.place", Params{}.text("symbol", "１２３"),
                                binance::SocketProof::none, {}, {});
  CHECK(frame == R"({"id":"a\"b\\c\u000a","method":"order.place","params":{"symbol":"１２３"}})");
}

TEST_CASE("nothing is signed without a key or with a window the venue refuses") {
  CHECK(binance::signed_form({}, {}, stamp).error().code == Errc::unauthenticated);
  CHECK(binance::socket_request("1", "m", {}, binance::SocketProof::session, {}, stamp).error().code
        == Errc::unauthenticated);
  for (const auto window : {std::chrono::milliseconds{0}, std::chrono::milliseconds{-1},
                            std::chrono::milliseconds{60'001}})
    CHECK(binance::signed_form({}, example_keys(), {1, window}).error().code
          == Errc::validation_error);
  CHECK(binance::signed_form({}, example_keys(), {1, std::chrono::milliseconds{60'000}}));
  const auto broken = binance::signed_form(
      {}, {"key", "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n", {}, {}}, stamp);
  CHECK(broken.error().code == Errc::configuration);
}

TEST_CASE("a request's parts become the text to sign") {
  SigningParts rest;
  rest.query = "symbol=LTCBTC";
  rest.body = "quantity=1";
  CHECK(binance::prehash(rest) == "symbol=LTCBTCquantity=1"); // the page's own mixed example
  SigningParts socket;
  socket.socket = true;
  CHECK(binance::prehash(socket).error().code == Errc::validation_error);
  socket.params = {{"b", "2"}, {"signature", "x"}, {"a", "1"}};
  CHECK(binance::prehash(socket) == "a=1&b=2");
  socket.api_key = "key";
  CHECK(binance::prehash(socket) == "a=1&apiKey=key&b=2");
  socket.params.emplace_back("apiKey", "own");
  CHECK(binance::prehash(socket) == "a=1&apiKey=own&b=2");
}
