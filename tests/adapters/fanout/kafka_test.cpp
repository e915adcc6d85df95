// What needs no broker; the rest is tests/integration/price_stream_servers_test.py.
#include "adapters/fanout/fanout.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters::fanout;

namespace {

Options options(std::map<std::string, std::string> properties) {
  return {"127.0.0.1:1", "prices", "group", "mock", std::move(properties)};
}

} // namespace

TEST_CASE("settings that the client library takes are good, without a connection") {
  CHECK(check_kafka(options({})));
  CHECK(check_kafka(options({{"security.protocol", "sasl_plaintext"},
                             {"sasl.mechanism", "PLAIN"},
                             {"sasl.username", "person"},
                             {"sasl.password", "secret"}})));
}

TEST_CASE("S1-66: a setting of Kafka that is refused is named, and its value is not shown") {
  for (const auto* name : {"security.protocol", "no.such.setting"}) {
    const auto checked = check_kafka(options({{name, "canary"}}));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == core::Errc::configuration);
    CHECK(checked.error().source == name);
    CHECK(core::describe(checked.error()).find("canary") == std::string::npos);
  }
}

TEST_CASE("a broker that is not there is no reason to fail, to wait or to call anything ready") {
  const auto counts = std::make_shared<Counts>();
  std::atomic<bool> ready{false};
  {
    const auto fanout = open_kafka(
        options({}), counts,
        {.on_frame = [](const std::string&) {},
         .on_undelivered = [](const std::string&) {},
         .on_ready = [&ready](bool now, const std::string&) { ready = ready || now; }});
    REQUIRE(fanout);
    CHECK((*fanout)->publish("{}"));
  }
  CHECK_FALSE(ready);
  CHECK(counts->sent == 0);
}
