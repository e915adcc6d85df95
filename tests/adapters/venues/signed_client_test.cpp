// Signed calls on a virtual clock: stamped at the moment of sending, counted against the venue's
// budget, and never repeated when they may have acted.
#include "adapters/venues/signed_client.hpp"

#include "tests/adapters/venues/transport_fakes.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

namespace {

using namespace tandem;
using namespace tandem::tests;
using namespace std::chrono_literals;
using adapters::venues::CallKind;
using adapters::venues::Credentials;
using adapters::venues::SignedClient;
using adapters::venues::SignedReply;
using adapters::venues::SignedRequest;
using adapters::venues::Stamp;

const std::string secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

class Client {
public:
  Client() {
    adapters::venues::SignedOptions options;
    options.base_url = "https://venue.example";
    options.recv_window = 2'000ms;
    client = std::make_shared<SignedClient>(
        *market, options, Credentials{"key", secret, {}, nullptr}, http, strand, strand.clocks(),
        [] { return std::uint64_t{0}; }, [this] { return offset; }, budget);
  }

  using Outcome = std::shared_ptr<std::optional<SignedReply>>;

  Outcome call(CallKind kind, int weight = 1) {
    auto outcome = std::make_shared<std::optional<SignedReply>>();
    client->call(
        kind,
        [this, weight](const Credentials&, const Stamp& stamp) -> core::Result<SignedRequest> {
          stamps.push_back(stamp.at);
          SignedRequest request;
          request.method = "POST";
          request.target = "/order?timestamp=" + std::to_string(stamp.at);
          request.weight = weight;
          return request;
        },
        [outcome](SignedReply reply) { *outcome = std::move(reply); });
    strand.settle();
    return outcome;
  }

  std::unique_ptr<adapters::venues::Market> market
      = adapters::venues::make_market({core::VenueId{"binance"}, core::MarketType::spot}, {});
  std::shared_ptr<core::market::RateBudget> budget = std::make_shared<core::market::RateBudget>(
      core::market::RateLimits{.weight_per_window = 100});
  std::chrono::milliseconds offset{0};
  ManualStrand strand;
  ManualHttp http{strand};
  std::shared_ptr<SignedClient> client;
  std::vector<core::UnixMillis> stamps; ///< of each signature
};

} // namespace

TEST_CASE("a request is stamped by the venue's clock at the moment it leaves") {
  Client client;
  client.offset = 250ms;
  client.strand.advance(1s);
  client.call(CallKind::order);
  REQUIRE(client.http.exchanges.size() == 1);
  CHECK(client.stamps == std::vector{core::to_millis(virtual_start + 1'250ms)});
  CHECK(client.http.exchanges[0].request.url.starts_with("https://venue.example/order?timestamp="));
  CHECK(client.http.exchanges[0].request.method == "POST");
}

TEST_CASE("an order is never sent again, whatever comes back or does not") {
  for (const int status : {0, 429, 500, 503, 504}) {
    CAPTURE(status);
    Client client;
    const auto outcome = client.call(CallKind::order);
    if (status == 0)
      client.http.fail(core::Errc::timed_out);
    else
      client.http.answer(status, "");
    client.strand.advance(1min);
    CHECK(client.http.sent == 1);
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->sent); // bytes left: whatever happened, this is no evidence that it did not
    CHECK((*outcome)->response.has_value() == (status != 0));
  }
}

TEST_CASE("a query is asked again after a failure, each time with a fresh stamp, then given up") {
  Client client;
  const auto outcome = client.call(CallKind::query);
  client.http.fail(core::Errc::timed_out);
  CHECK_FALSE(outcome->has_value());
  client.strand.advance(10s);
  REQUIRE(client.http.sent == 2);
  CHECK(client.stamps[1] > client.stamps[0]);
  client.http.answer(503, "");
  client.strand.advance(10s);
  REQUIRE(client.http.sent == 3);
  client.http.answer(200, "{}");
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->response->body == "{}");
  const auto lost = client.call(CallKind::query);
  for (int n = 0; n < 3; ++n) {
    client.http.fail(core::Errc::connection_lost);
    client.strand.advance(10s);
  }
  REQUIRE(lost->has_value());
  CHECK_FALSE((*lost)->response);
  CHECK(client.http.sent == 6);
}

TEST_CASE(
    "with the budget spent an order is refused unsent, a query waits, a cancel goes through") {
  Client client;
  client.call(CallKind::order, 70); // the share of orders
  const auto order = client.call(CallKind::order);
  REQUIRE(order->has_value());
  CHECK_FALSE((*order)->sent);
  CHECK((*order)->response.error().code == core::Errc::rate_limited);
  client.call(CallKind::query, 10); // theirs
  const auto query = client.call(CallKind::query);
  CHECK_FALSE(query->has_value());
  client.call(CallKind::cancel, 20);
  CHECK(client.http.sent == 3);
  client.strand.advance(40s); // the next minute: virtual_start is at second 20
  CHECK(client.http.sent == 4);
  CHECK(client.stamps.back() >= core::to_millis(virtual_start + 40s));
}

TEST_CASE("what the public side of the same host has spent is not there for orders, and the other "
          "way round") {
  Client client;
  CHECK(client.budget->take(70, core::market::RateUse::ordinary, virtual_start)
        == core::market::RateVerdict::go);
  const auto order = client.call(CallKind::order);
  REQUIRE(order->has_value());
  CHECK_FALSE((*order)->sent);
  client.budget->on_limit(200); // exchangeInfo says so
  client.call(CallKind::order, 70);
  CHECK(client.http.sent == 1);
  CHECK(client.budget->used(virtual_start) == 140);
}

TEST_CASE("after a 429 no order leaves until its time, cancels do; after a 418 nothing does") {
  Client client;
  client.call(CallKind::query);
  SUBCASE("429") {
    client.http.answer(429, "{}", {{"Retry-After", "5"}});
    CHECK_FALSE((*client.call(CallKind::order))->sent);
    client.call(CallKind::cancel);
    CHECK(client.http.sent == 2);
    client.strand.advance(5s);
    client.call(CallKind::order);
    CHECK(client.http.sent >= 3);
  }
  SUBCASE("418") {
    client.http.answer(418, "{}", {{"Retry-After", "120"}});
    CHECK_FALSE((*client.call(CallKind::order))->sent);
    CHECK_FALSE((*client.call(CallKind::cancel))->sent);
    client.strand.advance(119s);
    CHECK_FALSE((*client.call(CallKind::cancel))->sent);
    client.strand.advance(2s);
    const auto sent = client.http.sent;
    client.call(CallKind::cancel);
    CHECK(client.http.sent == sent + 1);
  }
}

TEST_CASE(
    "a reply that comes after the client is gone reaches nobody, and no error names the secret") {
  Client client;
  const auto outcome = client.call(CallKind::order);
  client.client.reset();
  client.http.answer(200, "{}");
  CHECK_FALSE(outcome->has_value());
  Client other;
  const auto refused = std::make_shared<std::optional<SignedReply>>();
  other.client->call(
      CallKind::order,
      [](const Credentials&, const Stamp&) -> core::Result<SignedRequest> {
        return core::fail(core::Errc::validation_error, "cannot be signed", "price");
      },
      [refused](SignedReply reply) { *refused = std::move(reply); });
  other.strand.settle();
  REQUIRE(refused->has_value());
  CHECK_FALSE((*refused)->sent);
  CHECK(core::describe((*refused)->response.error()).find(secret) == std::string::npos);
  CHECK(other.http.sent == 0);
}
