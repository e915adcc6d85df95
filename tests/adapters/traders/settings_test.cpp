// Bodies of /api/settings/api: the field that is wrong is named, its value never.
#include "adapters/traders/settings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

using namespace tandem::adapters::traders;
using tandem::core::Errc;

TEST_CASE("keys of several exchanges in one body, and null to remove") {
  const auto changes
      = parse_api_keys(R"({"binance":{"apiKey":"k","secret":"s"},"okx":{"apiKey":"a",)"
                       R"("secret":"-----BEGIN\nb","passphrase":"p"},"bybit":null})")
            .value();
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].venue.text() == "binance");
  CHECK(changes[0].key->api_key == "k");
  CHECK(changes[0].key->secret == "s");
  CHECK(changes[0].key->passphrase.empty());
  CHECK(changes[1].key->passphrase == "p");
  CHECK_FALSE(changes[2].key);
}

TEST_CASE("what is wrong is named by its field and not quoted") {
  const std::array<std::pair<std::string, std::string>, 11> cases{{
      {R"([])", ""},
      {R"({})", ""},
      {R"({"binance":"private"})", "binance"},
      {R"({"binance":{"secret":"private"}})", "binance.apiKey"},
      {R"({"binance":{"apiKey":"private"}})", "binance.secret"},
      {R"({"binance":{"apiKey":"private","secret":""}})", "binance.secret"},
      {R"({"binance":{"apiKey":"private","secret":7}})", "binance.secret"},
      {R"({"binance":{"apiKey":"private\u0001","secret":"private"}})", "binance.apiKey"},
      {R"({"binance":{"apiKey":"private","secret":"private","pass":"private"}})", "binance.pass"},
      {R"({"binance":{"apiKey":"private","secret":"private","passphrase":[]}})",
       "binance.passphrase"},
      {R"({"":{"apiKey":"private","secret":"private"}})", ""},
  }};
  for (const auto& [body, field] : cases) {
    CAPTURE(body);
    const auto parsed = parse_api_keys(body);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::validation_error);
    CHECK(parsed.error().source == field);
    CHECK(parsed.error().detail.find("private") == std::string::npos);
  }
}

TEST_CASE("a test names its exchange") {
  CHECK(parse_key_test(R"({"exchange":"binance"})")->text() == "binance");
  for (const auto* body : {"{}", R"({"exchange":""})", R"({"exchange":1})", "nothing"})
    CHECK(parse_key_test(body).error().code == Errc::validation_error);
}
