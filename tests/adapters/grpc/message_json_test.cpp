/// JSON and messages are two writings of one thing: nothing gets lost, changed or overlooked
/// between them.
#include "adapters/grpc/message_json.hpp"

#include "adapters/transport/json.hpp"
#include "tests/adapters/grpc/random_message.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <tandem/v1/orders.pb.h>
#include <tandem/v1/pairs.pb.h>
#include <tandem/v1/plans.pb.h>
#include <tandem/v1/prices.pb.h>
#include <tandem/v1/risk.pb.h>
#include <tandem/v1/settings.pb.h>
#include <tandem/v1/streams.pb.h>
#include <tandem/v1/trader.pb.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace tandem::adapters::grpc;
namespace pb = google::protobuf;
namespace v1 = tandem::v1;

std::string json_of(const pb::Message& message, Plain plain = Plain::always) {
  tandem::adapters::transport::JsonWriter out;
  write_message(out, message, plain);
  return out.take();
}

/// Where it failed, or "".
std::string refusal(const std::string& json, pb::Message& message) {
  const auto read = read_message(json, message);
  return read ? "" : read.error().source + " " + read.error().detail;
}

/// What the services answer and tell.
std::vector<const pb::Descriptor*> told_types() {
  std::set<const pb::Descriptor*> types;
  for (const auto* file :
       {v1::GetHealthRequest::descriptor()->file(), v1::SubscribeRequest::descriptor()->file()})
    for (int s = 0; s < file->service_count(); ++s)
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* type = file->service(s)->method(m)->output_type();
        // An event is read into the field that its name says.
        if (type->real_oneof_decl_count() == 0)
          types.insert(type);
        else
          for (int f = 0; f < type->field_count(); ++f)
            types.insert(type->field(f)->message_type());
      }
  return {types.begin(), types.end()};
}

std::unique_ptr<pb::Message> make(const pb::Descriptor& type) {
  return std::unique_ptr<pb::Message>{
      pb::MessageFactory::generated_factory()->GetPrototype(&type)->New()};
}

TEST_CASE("whatever an answer holds comes back the same through JSON") {
  const auto types = told_types();
  REQUIRE(types.size() > 30);
  for (const auto* type : types) {
    CAPTURE(type->full_name());
    CHECK(rc::check(type->full_name(), [type](std::uint32_t seed) {
      const auto message = make(*type);
      random_message::Maker{seed}.fill(*message);
      const auto json = json_of(*message);
      const auto back = make(*type);
      RC_ASSERT(refusal(json, *back).empty());
      RC_ASSERT(json_of(*back) == json);
      RC_ASSERT(back->SerializeAsString().size() == message->SerializeAsString().size());
    }));
  }
}

TEST_CASE("a number keeps every digit it was written with") {
  v1::PriceUpdate price;
  const std::string json = R"({"exchange":"binance","symbol":"BTCUSDT","type":"spot",)"
                           R"("bid":0.10000000000000000000,"ask":123456789012345678901.5,"ts":1})";
  REQUIRE(refusal(json, price).empty());
  CHECK(price.bid() == "0.10000000000000000000");
  CHECK(price.ask() == "123456789012345678901.5");
  CHECK(json_of(price) == json);
}

TEST_CASE("what the message has no place for, lacks or cannot hold is refused, saying where") {
  v1::Kill kill;
  const std::string rest = R"("scope":"","flatten":false,"person":"","reason":"","ts":1})";
  CHECK(refusal(R"({"level":"all",)" + rest, kill).empty());
  CHECK(refusal(R"({"level":"all","more":1,)" + rest, kill)
        == "more has no field in tandem.v1.Kill");
  CHECK(refusal("{" + rest, kill) == "level is missing");
  CHECK(refusal(R"({"level":null,)" + rest, kill) == "level is null");
  CHECK(refusal(R"({"level":1,)" + rest, kill) == "level is no text");
  CHECK(refusal(R"({"level":"a","level":"b",)" + rest, kill) == "level stands twice");
  CHECK(refusal(R"([1])", kill) == " is no object");
  CHECK(refusal(R"({"level":"a","scope":"","flatten":0,"person":"","reason":"","ts":1})", kill)
        == "flatten is neither true nor false");
  for (const auto* bad : {"1.5", "\"1\"", "9223372036854775808", "1e3", "true", "{}"})
    CHECK(refusal(R"({"level":"a","scope":"","flatten":true,"person":"","reason":"","ts":)"
                      + std::string{bad} + "}",
                  kill)
          == "ts is no whole number of its range");

  v1::ListPairsResponse pairs;
  CHECK(refusal(R"([{"id":"x","leg1":{"exchange":"a","symbol":"b","type":4}}])", pairs)
        == "[0].leg1.type is no text");
  v1::GetApiKeysResponse keys;
  CHECK(refusal(R"({"binance":{"connected":1}})", keys)
        == "binance.connected is neither true nor false");
}

TEST_CASE("a decimal is a bare number and a text is none") {
  v1::ForecastSlice slice;
  CHECK(refusal(R"({"slice":1,"ts":2,"qty":0.5})", slice).empty());
  CHECK(refusal(R"({"slice":1,"ts":2,"qty":"0.5"})", slice) == "qty is no number");
  v1::Level level;
  CHECK(refusal(R"(["1.0","2.0"])", level).empty());
  CHECK(refusal(R"([1.0,"2.0"])", level) == "[0] is no text");
  CHECK(refusal(R"(["1.0"])", level) == " has too few values");
  CHECK(refusal(R"(["1.0","2.0","3.0"])", level) == " has too many values");
}

TEST_CASE("null and absence are two things") {
  v1::Alert alert;
  CHECK(refusal(R"({"severity":"info","code":"A","message":"","pairId":null,"source":"","ts":1})",
                alert)
            .empty());
  CHECK_FALSE(alert.has_pair_id());
  CHECK(json_of(alert).find(R"("pairId":null)") != std::string::npos);
  CHECK(refusal(R"({"severity":"info","code":"A","message":"","source":"","ts":1})", alert)
        == "pairId is missing");
  v1::Market market; // its tick may be absent, never null
  CHECK(
      refusal(R"({"exchange":"","symbol":"","type":"","base":"","quote":"","status":"","tick":"",)"
              R"("lot":"","minQty":"","book":null})",
              market)
      == "book is null");
}

TEST_CASE("a request says only what was set") {
  v1::CreatePairRequest request;
  CHECK(json_of(request, Plain::when_set) == "{}");
  request.set_threshold("0.02");
  request.mutable_leg1()->set_exchange("binance");
  request.set_enabled(false);
  request.mutable_options()->set_leg1_fee("");
  CHECK(json_of(request, Plain::when_set)
        == R"({"leg1":{"exchange":"binance"},"threshold":0.02,"enabled":false,)"
           R"("options":{"leg1Fee":null}})");
}

TEST_CASE("a list in a request can be said to be empty, and a key to be taken away") {
  v1::UpdatePlanRequest plan;
  plan.mutable_options()->mutable_sessions();
  CHECK(json_of(plan, Plain::when_set) == R"({"options":{"sessions":[]}})");
  v1::PutApiKeysRequest keys;
  (*keys.mutable_exchanges())["bybit"];
  CHECK(json_of(keys, Plain::when_set) == R"({"bybit":null})");
}

TEST_CASE("a client's text never becomes JSON by itself") {
  v1::CreatePairRequest request;
  for (const auto* bad :
       {"1,\"enabled\":true", "0.1}", "NaN", "01", "1.", ".5", "+1", "1e", " 1", "--1", "0x10"}) {
    request.set_threshold(bad);
    tandem::adapters::transport::JsonWriter expected;
    expected.begin_object().field("threshold", bad).end_object();
    CHECK(json_of(request, Plain::when_set) == expected.text());
  }
}

TEST_CASE("an envelope's other members are not looked at, but for its labels") {
  v1::PairId pair;
  const auto read = read_envelope(
      R"({"event":"x","mode":"mock","success":true,"more":[{}],"data":{"id":"btc"}})",
      {"data", &pair});
  REQUIRE(read);
  CHECK(read->found);
  CHECK(read->event == "x");
  CHECK(read->mode == "mock");
  CHECK(pair.id() == "btc");
  CHECK_FALSE(read_envelope("{\"data\":", {"data", &pair}));
  CHECK_FALSE(read_envelope("", {"data", &pair}));
  CHECK_FALSE(read_envelope("[]", {"data", &pair}));
}

} // namespace
