/// One market's REST calls: the venue's budget is kept, refusals are waited for, what may be tried
/// again is, and nothing waits without bound.
#include "adapters/venues/rest_client.hpp"

#include "tests/adapters/venues/transport_fakes.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace {

using namespace tandem;
using namespace tandem::tests;
using namespace std::chrono_literals;
using adapters::transport::HttpResponse;
using adapters::venues::RestClient;
using adapters::venues::RestOptions;

class Client {
public:
  explicit Client(const core::MarketKey& key = {core::VenueId{"binance"}, core::MarketType::spot},
                  RestOptions options = {})
      : market{adapters::venues::make_market(key, {})} {
    options.base_url = "https://venue.example";
    rest = std::make_shared<RestClient>(*market, options, http, strand, strand.clocks(),
                                        [] { return std::uint64_t{0}; });
  }

  /// @returns where the outcome will stand.
  std::shared_ptr<std::optional<core::Result<HttpResponse>>>
  get(int weight = 1, bool urgent = false, const std::string& target = "/x") {
    auto outcome = std::make_shared<std::optional<core::Result<HttpResponse>>>();
    rest->get({target, weight}, urgent,
              [outcome](core::Result<HttpResponse> reply) { *outcome = std::move(reply); });
    strand.settle();
    return outcome;
  }

  std::unique_ptr<adapters::venues::Market> market;
  ManualStrand strand;
  ManualHttp http{strand};
  std::shared_ptr<RestClient> rest;
};

/// 6,000 a minute of which 30 % are kept for what must get through.
constexpr int usable = 4'200;

} // namespace

TEST_CASE("a call goes to the market's base and its answer comes back") {
  Client client;
  const auto outcome = client.get(5, false, "/api/v3/time");
  REQUIRE(client.http.exchanges.size() == 1);
  CHECK(client.http.exchanges[0].request.url == "https://venue.example/api/v3/time");
  CHECK(client.http.exchanges[0].request.timeout == 5s);
  client.http.answer(200, "{}", {{"X-MBX-USED-WEIGHT-1M", "77"}});
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->value().body == "{}");
  CHECK(client.rest->counters().requests == 1);
  CHECK(client.rest->counters().used_weight == 77); // the venue's own count is higher
  CHECK(client.rest->counters().last_latency_us == 30'000);
}

TEST_CASE("beyond the usable budget calls wait for the next minute, in order; urgent ones pass") {
  Client client;
  client.get(usable);
  CHECK(client.http.sent == 1);
  const auto second = client.get(10, false, "/second");
  client.get(10, false, "/third");
  CHECK(client.http.sent == 1);
  client.get(10, true, "/urgent");
  REQUIRE(client.http.sent == 2);
  CHECK(client.http.exchanges[1].request.url == "https://venue.example/urgent");
  client.strand.advance(39s);
  CHECK(client.http.sent == 2);
  client.strand.advance(1s); // the minute turns 40 s after the start
  REQUIRE(client.http.sent == 4);
  CHECK(client.http.exchanges[2].request.url == "https://venue.example/second");
  CHECK(client.http.exchanges[3].request.url == "https://venue.example/third");
  CHECK_FALSE(second->has_value());
}

TEST_CASE("the venue's declared limit replaces ours") {
  Client client;
  client.rest->set_limit(100);
  client.strand.settle();
  CHECK(client.rest->counters().weight_limit == 100);
  client.get(60);
  client.get(20);
  CHECK(client.http.sent == 1);
}

TEST_CASE("429 keeps everything away until Retry-After, then the call succeeds") {
  Client client;
  const auto refused = client.get();
  client.http.answer(429, R"({"code":-1003,"msg":"Too many requests"})", {{"Retry-After", "7"}});
  CHECK_FALSE(refused->has_value());
  client.get(1, false, "/other");
  client.strand.advance(6'900ms);
  CHECK(client.http.sent == 1);
  client.strand.advance(200ms);
  CHECK(client.http.sent == 3);
  client.http.answer(200, "{}");
  client.http.answer(200, "{}");
  REQUIRE(refused->has_value());
  CHECK((*refused)->has_value());
  CHECK(client.rest->counters().retries == 1);
  CHECK(client.rest->counters().failures == 0);
}

TEST_CASE("a ban fails every call at once, until it is over") {
  for (const bool said : {true, false}) {
    Client client;
    const auto first = client.get();
    client.http.answer(418, R"({"code":-1003,"msg":"banned"})",
                       said ? adapters::transport::HeaderList{{"Retry-After", "120"}}
                            : adapters::transport::HeaderList{});
    client.strand.advance(1s);
    REQUIRE(first->has_value());
    CHECK((*first)->error().code == core::Errc::rate_limited);
    const auto second = client.get(1, true);
    REQUIRE(second->has_value());
    CHECK((*second)->error().code == core::Errc::rate_limited);
    CHECK(client.http.sent == 1); // not even an urgent one left
    CHECK(client.rest->counters().banned);
    client.strand.advance(said ? 120s : 600s);
    client.get();
    CHECK(client.http.sent == 2);
    CHECK_FALSE(client.rest->counters().banned);
  }
}

TEST_CASE("time-outs and server errors are tried again, each wait twice as long, then given up") {
  RestOptions options;
  options.tries_max = 8;
  Client client{{core::VenueId{"binance"}, core::MarketType::spot}, options};
  const auto outcome = client.get();
  std::vector<std::chrono::nanoseconds> sent_at;
  for (int i = 0; i < 8; ++i) {
    REQUIRE(client.http.exchanges.size() == 1);
    sent_at.push_back(client.http.exchanges[0].at);
    if (i % 2 == 0)
      client.http.fail(core::Errc::timed_out);
    else
      client.http.answer(503, "Service Unavailable");
    client.strand.advance(20s);
  }
  REQUIRE(outcome->has_value());
  CHECK_FALSE((*outcome)->has_value());
  CHECK(client.http.sent == 8);
  CHECK(client.rest->counters().failures == 1);
  CHECK(client.rest->counters().retries == 7);
}

TEST_CASE("waits before another try double up to their cap") {
  RestOptions options;
  options.tries_max = 9;
  Client client{{core::VenueId{"binance"}, core::MarketType::spot}, options};
  client.get();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 8; ++i) {
    const auto failed_at = client.strand.elapsed();
    client.http.fail(core::Errc::connection_lost);
    while (client.http.exchanges.empty())
      client.strand.advance(1ms);
    waits.push_back((client.strand.elapsed() - failed_at) / 1ms);
  }
  // Half the ceiling: the jitter is 0 here.
  CHECK(waits == std::vector<std::int64_t>{125, 250, 500, 1'000, 2'000, 4'000, 5'000, 5'000});
}

TEST_CASE("what cannot succeed later is not tried again, and says which market") {
  Client client;
  const auto outcome = client.get();
  client.http.answer(400, R"({"code":-1121,"msg":"Invalid symbol."})");
  REQUIRE(outcome->has_value());
  REQUIRE_FALSE((*outcome)->has_value());
  CHECK((*outcome)->error().detail.find("-1121") != std::string::npos);
  CHECK_FALSE((*outcome)->error().source.empty());
  client.strand.advance(60s);
  CHECK(client.http.sent == 1);
}

TEST_CASE("the queue is bounded: one more is refused at once") {
  RestOptions options;
  options.queued_max = 3;
  Client client{{core::VenueId{"binance"}, core::MarketType::spot}, options};
  client.get(usable);
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(client.get()->has_value());
  const auto refused = client.get();
  REQUIRE(refused->has_value());
  CHECK((*refused)->error().code == core::Errc::rate_limited);
  CHECK(client.rest->counters().throttled >= 1);
  client.strand.advance(40s);
  CHECK(client.http.sent == 4);
}

TEST_CASE("an answer after the client is gone reaches nobody") {
  Client client;
  const auto outcome = client.get();
  client.rest.reset();
  client.http.answer(200, "{}");
  CHECK_FALSE(outcome->has_value());
}
