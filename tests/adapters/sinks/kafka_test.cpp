#include "adapters/sinks/kafka/writer.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::sinks;
using core::sinks::Kind;
using core::sinks::Numbered;
using core::sinks::Outcome;

namespace {

/// A cluster inside the library: it takes what is sent, and keeps nothing that could be read back.
kafka::Options in_process() {
  kafka::Options options;
  options.servers = "unused:1";
  options.mode = "mock";
  options.properties["test.mock.num.brokers"] = "3";
  return options;
}

Numbered alert(std::uint64_t sequence, std::size_t bytes = 10) {
  Numbered item;
  item.sequence = sequence;
  item.record.text("message", std::string(bytes, 'x'));
  return item;
}

Outcome write(Writer& writer, std::vector<Numbered> items) {
  auto batch = std::make_shared<Batch>();
  batch->stream = "s";
  batch->items = std::move(items);
  std::promise<Outcome> promise;
  writer.write(batch, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
  return promise.get_future().get();
}

core::Result<std::optional<std::uint64_t>> open(Writer& writer) {
  std::promise<core::Result<std::optional<std::uint64_t>>> promise;
  writer.open("s", [&](auto answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

} // namespace

TEST_CASE("a message is called after its instrument and says what it is in its headers") {
  Numbered item;
  item.sequence = 7;
  item.record.kind = Kind::trade;
  item.record.instrument
      = {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  item.record.name = "99";
  item.record.time = 1'700'000'000'123;
  item.record.number("price", "61737.63").text("taker", "b\"uy");
  kafka::Options options;
  options.mode = "prod";
  const auto envelope = kafka::envelope_of(options, "a-1", item);
  CHECK(envelope.topic == "tandem.trade");
  CHECK(envelope.key == "binance.linear.BTCUSDT");
  CHECK(envelope.value
        == R"({"stream":"a-1","seq":7,"kind":"trade","mode":"prod","exchange":"binance",)"
           R"("type":"linear","symbol":"BTCUSDT","id":"99","ts":1700000000123,)"
           R"("price":61737.63,"taker":"b\"uy"})");
  CHECK(envelope.headers
        == std::vector<std::pair<std::string, std::string>>{
            {"kind", "trade"}, {"stream", "a-1"}, {"seq", "7"}, {"mode", "prod"}});
  options.topic = "crypto prices/{kind}";
  CHECK(kafka::envelope_of(options, "a-1", item).topic == "crypto-prices-trade");
}

TEST_CASE("a message about no instrument has its kind as key and nulls in their places") {
  const auto envelope = kafka::envelope_of({}, "s", alert(1, 1));
  CHECK(envelope.key == "alert");
  CHECK(envelope.value
        == R"({"stream":"s","seq":1,"kind":"alert","mode":"","exchange":null,"type":null,)"
           R"("symbol":null,"id":null,"ts":0,"message":"x"})");
}

TEST_CASE(
    "a setting that the client library does not know is a configuration error with its name") {
  auto options = in_process();
  options.properties["no.such.setting"] = "1";
  const auto writer = kafka::make_writer(options);
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().code == core::Errc::configuration);
  CHECK(writer.error().source == "properties.no.such.setting");
}

TEST_CASE("batches are committed, and one that is too large is refused as a whole") {
  auto options = in_process();
  options.properties["message.max.bytes"] = "10000";
  const auto writer = kafka::make_writer(options);
  REQUIRE(writer.has_value());
  const auto opened = open(**writer);
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().detail));
  const auto outcome = write(**writer, {alert(1), alert(2)});
  CHECK_MESSAGE(outcome.kind == Outcome::Kind::delivered, outcome.detail);
  CHECK(write(**writer, {alert(3), alert(4, 20'000)}).kind == Outcome::Kind::rejected);
  const auto after = write(**writer, {alert(3)});
  CHECK_MESSAGE(after.kind == Outcome::Kind::delivered, after.detail);
}

TEST_CASE("a broker that is not there is a failure with words, not a hang") {
  kafka::Options options;
  options.servers = "127.0.0.1:1";
  options.timeout = std::chrono::milliseconds{1'500};
  const auto writer = kafka::make_writer(options);
  REQUIRE(writer.has_value());
  const auto opened = open(**writer);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == core::Errc::connection_lost);
  CHECK(write(**writer, {alert(1)}).kind == Outcome::Kind::failed);
}
