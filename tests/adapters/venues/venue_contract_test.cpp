/// What every market must do, whichever venue it is of: one list for all. A new venue is done when
/// its markets pass it.
#include "adapters/venues/venue.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;

std::vector<std::unique_ptr<Market>> all_markets() {
  std::vector<std::unique_ptr<Market>> markets;
  for (const auto* venue : {"binance", "bybit"})
    for (const auto type : {core::MarketType::spot, core::MarketType::linear})
      markets.push_back(make_market({core::VenueId{venue}, type}, {}));
  return markets;
}

std::vector<Stream> one_of_each() {
  const core::Symbol symbol{"BTCUSDT"};
  return {{Channel::depth, symbol, {}},
          {Channel::best, symbol, {}},
          {Channel::trades, symbol, {}},
          {Channel::klines, symbol, "1m"},
          {Channel::ticker, symbol, {}}};
}

/// With the padding that decoding asks for.
bool refuses(Codec& codec, const std::string& text) {
  const simdjson::padded_string frame{text};
  const auto decoded = codec.decode({frame.data(), frame.size()});
  return !decoded && decoded.error().code == Errc::malformed;
}

} // namespace

TEST_CASE("every market knows its key and has limits that can be kept") {
  for (const auto& market : all_markets()) {
    REQUIRE(market != nullptr);
    CAPTURE(core::to_string(market->key()));
    const auto& traits = market->traits();
    CHECK(traits.streams_per_connection > 0);
    CHECK(traits.streams_per_request > 0);
    CHECK(traits.request_chars_max > 0);
    CHECK(traits.requests.weight_per_window > 0);
    CHECK(traits.transport_silence_max.count() > 0);
    CHECK((traits.snapshot_levels > 0) == traits.snapshot_by_rest);
    CHECK(traits.ping_interval.has_value() == market->make_codec()->ping(1).has_value());
  }
}

TEST_CASE("every market subscribes to every channel by a request of its own") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market->key()));
    const auto codec = market->make_codec();
    std::set<std::string> requests;
    for (const auto& stream : one_of_each()) {
      CHECK(market->route(stream.channel).starts_with("/"));
      const auto on = codec->subscribe(std::span{&stream, 1}, 7);
      CHECK(on != codec->unsubscribe(std::span{&stream, 1}, 7));
      CHECK(on.find("\n") == std::string::npos);
      requests.insert(on);
    }
    CHECK(requests.size() == one_of_each().size());
  }
}

TEST_CASE("every codec refuses what is not its protocol and goes on") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market->key()));
    const auto codec = market->make_codec();
    for (const auto* text :
         {"", " ", "null", "[]", "{", "{\"a\":}", "\"text\"", "{\"e\":\"depthUpdate\"}",
          "{\"topic\":\"orderbook.50.BTCUSDT\"}", "\xff\xfe"}) {
      CAPTURE(text);
      const simdjson::padded_string frame{std::string_view{text}};
      const auto decoded = codec->decode({frame.data(), frame.size()});
      // Either refused, or recognised as nothing of ours; never a book.
      CHECK((!decoded || !std::holds_alternative<DepthFrame>(*decoded)));
    }
    CHECK(refuses(*codec, "{"));
    CHECK(refuses(*codec, std::string(5'000, '[')));
  }
}

TEST_CASE("no book is live before anything was received, and none trusts a lone change") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market->key()));
    const auto sync = market->make_book_sync();
    CHECK_FALSE(sync->live());
    DepthFrame change;
    change.symbol = "BTCUSDT";
    change.first_id = change.last_id = 10;
    change.levels = market->traits().snapshot_by_rest ? 0 : 50;
    CHECK(sync->on_frame(change) != SyncAction::apply);
    CHECK_FALSE(sync->live());
  }
}

TEST_CASE("every market's REST calls are relative, weighed, and refuse nonsense answers") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market->key()));
    const auto& rest = market->rest();
    const core::Symbol symbol{"BTCUSDT"};
    for (const auto& request : {rest.time(), rest.instruments({}), rest.depth(symbol, 50),
                                rest.klines(symbol, "1m", 10), rest.ticker(symbol)}) {
      CHECK(request.target.starts_with("/"));
      CHECK(request.weight > 0);
    }
    for (const auto* body : {"", "null", "[]", "{}", "<html></html>", "{\"retCode\":0}"}) {
      CAPTURE(body);
      std::string padded{body};
      padded.reserve(padded.size() + simdjson::SIMDJSON_PADDING);
      CHECK_FALSE(rest.parse_time(padded).has_value());
      CHECK_FALSE(rest.parse_instruments(padded).has_value());
      CHECK_FALSE(rest.parse_depth(padded).has_value());
    }
    CHECK(core::public_code(rest.parse_error(429, "").code) == Errc::rate_limited);
    // A server's trouble says nothing about what became of the request.
    CHECK(rest.parse_error(503, "").code == Errc::upstream_error);
    CHECK(rest.parse_error(400, "garbage").detail.size() < 1'000);
  }
}

TEST_CASE("a market that is not built in, or a depth word it lacks, makes none") {
  CHECK(make_market({core::VenueId{"nowhere"}, core::MarketType::spot}, {}) == nullptr);
  for (const auto* venue : {"binance", "bybit"})
    CHECK(make_market({core::VenueId{venue}, core::MarketType::spot}, {.depth_stream = "7ms"})
          == nullptr);
}
