/// Every operation of the REST interface is a method, and asks and answers the same.
#include "adapters/grpc/bridge.hpp"

#include "adapters/traders/operations.hpp"
#include "adapters/traders/replies.hpp"
#include "core/grpc_status.hpp"
#include "tests/adapters/grpc/routes.hpp"

#include <doctest/doctest.h>
#include <tandem/v1/trader.pb.h>

#include <string>
#include <vector>

namespace {

using namespace tandem::adapters::grpc;
using testing::routes;
namespace traders = tandem::adapters::traders;
namespace v1 = tandem::v1;
using tandem::core::Errc;
using tandem::core::Error;

const google::protobuf::ServiceDescriptor& trader() {
  return *v1::GetHealthRequest::descriptor()->file()->FindServiceByName("Trader");
}

const Route& route(const std::string& name) {
  static const auto all = routes();
  return *std::ranges::find(all, name, &Route::name);
}

v1::Error error_of(const Refusal& refusal) {
  v1::Status status;
  v1::Error error;
  CHECK(status.ParseFromString(refusal.details));
  CHECK(status.code() == refusal.code);
  REQUIRE(status.details_size() == 1);
  CHECK(status.details(0).UnpackTo(&error));
  return error;
}

TEST_CASE("operations without a method and methods without an operation: none") {
  const auto status = check_routes(trader(), routes());
  CHECK_MESSAGE(status.has_value(), (status ? "" : tandem::core::describe(status.error())));
  CHECK(static_cast<std::size_t>(trader().method_count()) == traders::operations().size());
}

TEST_CASE("a difference between the table and the service is named") {
  auto lacks = routes();
  const auto gone = lacks.back().name;
  lacks.pop_back();
  CHECK(check_routes(trader(), lacks).error().source == "tandem.v1.Trader." + gone);
  auto more = routes();
  more.push_back({"SellAll", "POST", "/api/sell"});
  CHECK(check_routes(trader(), more).error().source == "SellAll");
  auto renamed = routes();
  for (auto& row : renamed)
    if (row.name == "GetPair")
      row.path = "/api/monitoring/pairs/{pair}";
  CHECK(check_routes(trader(), renamed).error().source == "tandem.v1.GetPairRequest");
  auto deaf = routes();
  for (auto& row : deaf)
    if (row.name == "CreatePair")
      row.has_body = false;
  CHECK(check_routes(trader(), deaf).error().source == "tandem.v1.CreatePairRequest");
}

TEST_CASE("a request's fields go where the route takes them") {
  v1::GetPriceRequest price;
  price.set_exchange("binance");
  price.set_symbol("BTC USDT&x=1");
  price.set_depth(5);
  const auto get = to_request(route("GetPrice"), price);
  REQUIRE(get);
  CHECK(get->method == "GET");
  CHECK(get->path == "/api/prices/binance/BTC USDT&x=1");
  CHECK(get->query == "depth=5");
  CHECK(get->body.empty());

  v1::CreatePlanRequest plan;
  plan.set_dry_run(true);
  plan.set_name("a plan");
  const auto post = to_request(route("CreatePlan"), plan);
  REQUIRE(post);
  CHECK(post->query == "dryRun=true");
  CHECK(post->body == R"({"name":"a plan"})");

  v1::UpdatePairRequest pair;
  pair.set_id("btc");
  pair.set_qty("0.5");
  const auto put = to_request(route("UpdatePair"), pair);
  REQUIRE(put);
  CHECK(put->path == "/api/monitoring/pairs/btc");
  CHECK(put->body == R"({"qty":0.5})");

  v1::ListOrdersRequest orders;
  orders.set_pair("a&b");
  CHECK(to_request(route("ListOrders"), orders)->query == "pair=a%26b");
}

TEST_CASE("a parameter that would make another path of it is refused") {
  v1::GetPairRequest request;
  for (const std::string& bad :
       {std::string{}, std::string{"btc/state"}, std::string{"/"}, std::string(257, 'x')}) {
    request.set_id(bad);
    const auto made = to_request(route("GetPair"), request);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::validation_error);
    CHECK(made.error().source == "id");
  }
}

TEST_CASE("every public code has one status, and none of them is OK") {
  using enum Errc;
  for (const auto code :
       {validation_error, unauthenticated, forbidden, not_found, conflict, risk_rejected,
        insufficient_funds, rate_limited, upstream_error, exchange_unavailable, internal}) {
    CAPTURE(tandem::core::to_string(code));
    CHECK(tandem::core::grpc_status(code) > 0);
    CHECK(tandem::core::parse_public_code(tandem::core::to_string(code)) == code);
    const Error error{code, "what happened", "where"};
    v1::PairId ignored;
    const tandem::adapters::transport::ServerResponse response{
        tandem::core::http_status(code), {}, traders::failure(error, "mock")};
    const auto answer = to_answer(response, ignored);
    REQUIRE(answer.refusal);
    CHECK(answer.mode == "mock");
    CHECK(answer.refusal->code == tandem::core::grpc_status(code));
    CHECK(answer.refusal->message == "what happened");
    const auto told = error_of(*answer.refusal);
    CHECK(told.code() == tandem::core::to_string(code));
    const bool field = code == validation_error || code == not_found;
    CHECK((field ? told.details().field() : told.details().source()) == "where");
    // What the server says by itself is said the same way.
    CHECK(to_refusal(error).details == answer.refusal->details);
  }
  CHECK_FALSE(tandem::core::parse_public_code("malformed"));
  CHECK(tandem::core::grpc_status(timed_out) == tandem::core::grpc_status(exchange_unavailable));
}

TEST_CASE("an answer that does not fit its message is an error, not a guess") {
  v1::PairId pair;
  const auto of = [&](std::string body) { return to_answer({200, {}, std::move(body)}, pair); };
  CHECK_FALSE(of(R"({"success":true,"mode":"mock","data":{"id":"x"}})").refusal);
  CHECK(pair.id() == "x");
  const auto strange = of(R"({"success":true,"mode":"mock","data":{"id":"x","new":1}})");
  REQUIRE(strange.refusal);
  CHECK(error_of(*strange.refusal).code() == "INTERNAL");
  CHECK(error_of(*strange.refusal).details().source() == "new");
  CHECK(of(R"({"success":true,"mode":"mock"})").refusal);
  CHECK(of("not JSON").refusal);
  v1::Done done;
  CHECK_FALSE(to_answer({200, {}, R"({"success":true,"mode":"mock"})"}, done).refusal);
}

TEST_CASE("an error whose details are of another kind keeps its code and sentence") {
  v1::Health health;
  const auto answer
      = to_answer({503,
                   {},
                   R"({"success":false,"mode":"mock","error":{"code":"EXCHANGE_UNAVAILABLE",)"
                   R"("message":"not yet","details":{"status":"degraded","markets":[]}}})"},
                  health);
  REQUIRE(answer.refusal);
  CHECK(answer.refusal->code == 14);
  CHECK(answer.refusal->message == "not yet");
}

} // namespace
