/// Binance as a market: what is built, on which paths, within which limits; and the helpers all
/// venues share.
#include "tests/adapters/venues/binance/fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::adapters::venues;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

} // namespace

TEST_CASE("a venue that is not built in has no market") {
  CHECK(make_market({core::VenueId{"nowhere"}, spot}, {}) == nullptr);
  CHECK(core::to_string(tests::binance_market(spot)->key()) == "binance.spot");
  CHECK(core::to_string(tests::binance_market(linear)->key()) == "binance.linear");
}

TEST_CASE(
    "a depth stream the market does not have is refused, because the venue would stay silent") {
  for (const auto* word : {"", "100ms", "1000ms"})
    CHECK(tests::binance_market(spot, word) != nullptr);
  for (const auto* word : {"0ms", "250ms", "500ms", "100", "fast"})
    CHECK(tests::binance_market(spot, word) == nullptr);
  for (const auto* word : {"", "0ms", "100ms", "250ms", "500ms"})
    CHECK(tests::binance_market(linear, word) != nullptr);
  for (const auto* word : {"1000ms", "50", "fast"})
    CHECK(tests::binance_market(linear, word) == nullptr);
}

TEST_CASE("spot has one route, USD-M splits books from the rest") {
  for (const auto channel :
       {Channel::depth, Channel::best, Channel::trades, Channel::klines, Channel::ticker})
    CHECK(tests::binance_market(spot)->route(channel) == "/stream");
  const auto market = tests::binance_market(linear);
  CHECK(market->route(Channel::depth) == "/public/stream");
  CHECK(market->route(Channel::best) == "/public/stream");
  CHECK(market->route(Channel::trades) == "/market/stream");
  CHECK(market->route(Channel::klines) == "/market/stream");
  CHECK(market->route(Channel::ticker) == "/market/stream");
}

TEST_CASE("the limits kept are below the venue's") {
  for (const auto type : {spot, linear}) {
    const auto market = tests::binance_market(type);
    const auto& traits = market->traits();
    CHECK(traits.snapshot_by_rest);
    CHECK_FALSE(traits.fixed_window);
    CHECK_FALSE(traits.ping_interval);
    CHECK(traits.streams_per_connection <= 200);
    CHECK(traits.request_chars_max < 4'088);
    CHECK(traits.lifetime == 24h);
    const auto messages_per_second = type == spot ? 5 : 10;
    CHECK(1'000ms / traits.request_spacing < messages_per_second);
    const auto ping = type == spot ? 20s : 180s;
    CHECK(traits.transport_silence_max > ping);
    CHECK(traits.snapshot_levels == (type == spot ? 5'000 : 1'000));
    CHECK(traits.requests.weight_per_window == (type == spot ? 6'000 : 2'400));
  }
}

TEST_CASE("headers are found whatever their case") {
  const Headers headers{{"Content-Type", "json"}, {"retry-AFTER", "3"}};
  REQUIRE(find_header(headers, "Retry-After") != nullptr);
  CHECK(*find_header(headers, "Retry-After") == "3");
  CHECK(find_header(headers, "Retry") == nullptr);
  CHECK(find_header({}, "x") == nullptr);
}

TEST_CASE("sync actions have names") {
  CHECK(to_string(SyncAction::apply) == "apply");
  CHECK(to_string(SyncAction::ignore) == "ignore");
  CHECK(to_string(SyncAction::buffer) == "buffer");
  CHECK(to_string(SyncAction::resync) == "resync");
}
