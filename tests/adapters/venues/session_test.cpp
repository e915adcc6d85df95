/// What one connection does with its books: synchronisation, distrust and recovery, on both kinds
/// of venue, in virtual time. Rules: the shared order book sheet (state machine, stale and crossed,
/// tests 4, 5, 9, 11, 12, 13).
#include "tests/adapters/venues/session_fixture.hpp"

#include <boost/json.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;
using adapters::venues::Channel;
using adapters::venues::SessionLimits;
using adapters::venues::Stream;
using core::market::BookCondition;

const std::string bid = R"(["100.00","1.000"])";
const std::string ask = R"(["100.10","2.000"])";

/// A Binance spot book that is live at update 110.
void make_live(SessionWorld& world, const std::string& symbol) {
  world.text(spot_depth(symbol, 95, 105, "", ""));
  world.snapshot(symbol, rest_depth(100, bid, ask));
  world.text(spot_depth(symbol, 106, 110, "", ""));
}

std::size_t fetches_of(const SessionWorld& world, const std::string& symbol) {
  return static_cast<std::size_t>(
      std::count_if(world.port.fetches.begin(), world.port.fetches.end(),
                    [&](const auto& fetch) { return fetch.symbol == symbol; }));
}

bool any_sent(const SessionWorld& world, std::string_view part) {
  return std::any_of(world.port.sent.begin(), world.port.sent.end(),
                     [&](const auto& text) { return text.find(part) != std::string::npos; });
}

std::uint64_t last_request_id(const SessionWorld& world) {
  const auto request = boost::json::parse(world.port.sent.back()).as_object();
  if (const auto* id = request.if_contains("id"))
    return static_cast<std::uint64_t>(id->as_int64());
  return std::stoull(std::string{request.at("req_id").as_string()});
}

std::size_t streams_in(const std::string& request) {
  const auto parsed = boost::json::parse(request).as_object();
  const auto* list = parsed.if_contains("params");
  return (list != nullptr ? *list : parsed.at("args")).as_array().size();
}

} // namespace

// ---- first synchronisation
// -------------------------------------------------------------------------

TEST_CASE(
    "binance: frames are buffered, the first one asks for a snapshot, together they go live") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  CHECK(slot.condition() == BookCondition::down);
  world.open();
  CHECK(slot.condition() == BookCondition::syncing);
  REQUIRE(world.port.sent.size() == 1);
  CHECK(world.port.sent[0].find("btcusdt@depth") != std::string::npos);

  world.text(spot_depth("BTCUSDT", 95, 99, R"(["99.00","9"])", ""));
  world.text(spot_depth("BTCUSDT", 100, 103, R"(["99.50","5"])", ""));
  CHECK(world.port.fetches.size() == 1);
  CHECK(world.counters->buffered == 2);
  CHECK(slot.condition() == BookCondition::syncing);

  world.snapshot("BTCUSDT", rest_depth(101, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().venue_sequence == 103);
  REQUIRE(slot.last().bids().size() == 2); // 99.00 came before the snapshot and is not in it
  CHECK(slot.last().bids()[0].price == core::Price{10'000});
  CHECK(slot.last().bids()[1].price == core::Price{9'950});
  CHECK(slot.last().received_at == world.now);
  CHECK(world.port.all_live_count == 1);
  CHECK(world.counters->books_live == 1);
  world.pass(50ms);
  CHECK(world.shown("BTCUSDT")->condition == BookCondition::live);
}

TEST_CASE("binance: the answer to an older generation's request is ignored") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(spot_depth("BTCUSDT", 95, 105, "", ""));
  REQUIRE(world.port.fetches.size() == 1);
  const auto old = world.port.fetches[0].generation;
  world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
  REQUIRE(slot.condition() == BookCondition::live);
  world.text(spot_depth("BTCUSDT", 120, 125, "", ""));
  REQUIRE(slot.condition() == BookCondition::gap);
  const auto published = slot.seen.size();
  world.session->on_snapshot(core::Symbol{"BTCUSDT"}, old,
                             SessionWorld::padded(rest_depth(130, R"(["1","1"])", "")), world.now);
  world.text(spot_depth("BTCUSDT", 126, 131, "", ""));
  CHECK(slot.condition() == BookCondition::gap);
  CHECK(slot.seen.size() == published);
  world.snapshot("BTCUSDT", rest_depth(128, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().bids()[0].price == core::Price{10'000});
}

TEST_CASE("binance: an answer after the connection ended, or for a book that is gone, is ignored") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(spot_depth("BTCUSDT", 95, 105, "", ""));
  SUBCASE("down") {
    world.session->on_down(world.now);
    world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
    CHECK(slot.condition() == BookCondition::down);
  }
  SUBCASE("removed") {
    world.session->remove({Channel::depth, core::Symbol{"BTCUSDT"}, {}}, world.now);
    world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
    world.text(spot_depth("BTCUSDT", 106, 107, "", ""));
    CHECK(slot.condition() == BookCondition::down);
  }
}

TEST_CASE("binance: a snapshot older than the buffer is fetched again, later and later") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(spot_depth("BTCUSDT", 200, 205, "", ""));
  for (int i = 0; i < 4; ++i)
    world.snapshot("BTCUSDT", rest_depth(150, bid, ask));
  REQUIRE(world.port.fetches.size() == 5);
  CHECK(world.port.fetches[0].delay == 0ms);
  CHECK(world.port.fetches[1].delay == 200ms);
  CHECK(world.port.fetches[2].delay == 400ms);
  CHECK(world.port.fetches[3].delay == 800ms);
  CHECK(world.counters->gaps == 0); // nothing was wrong with the book
  world.snapshot("BTCUSDT", rest_depth(202, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().venue_sequence == 205);
}

TEST_CASE("binance: failing snapshot requests are tried again, bounded in pace, and reported") {
  SessionLimits limits;
  limits.snapshot_tries_max = 3;
  SessionWorld world{binance_spot, limits};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(spot_depth("BTCUSDT", 95, 105, "", ""));
  const auto reports = [&] {
    return std::count_if(world.port.changes.begin(), world.port.changes.end(),
                         [](const auto& change) { return !change.why.detail.empty(); });
  };
  world.snapshot("BTCUSDT", core::fail(core::Errc::timed_out, "no answer"));
  world.snapshot("BTCUSDT", std::string{"<html>not JSON"});
  CHECK(reports() == 0);
  world.snapshot("BTCUSDT", rest_depth(100, R"(["-1","1"])", ""));
  CHECK(reports() == 1);
  for (int i = 0; i < 20; ++i)
    world.snapshot("BTCUSDT", core::fail(core::Errc::timed_out, "no answer"));
  CHECK(world.port.fetches.back().delay == 10s);
  CHECK(slot.condition() == BookCondition::syncing);
  CHECK(world.port.given_up.empty());
  world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
}

TEST_CASE(
    "binance: a quiet symbol gets its snapshot without a frame and goes live with the first") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.pass(1'900ms);
  CHECK(world.port.fetches.empty());
  world.pass(200ms);
  REQUIRE(world.port.fetches.size() == 1);
  world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
  CHECK(slot.condition() == BookCondition::syncing); // nothing proves the stream yet
  world.text(spot_depth("BTCUSDT", 101, 102, "", ""));
  CHECK(slot.condition() == BookCondition::live);
  world.pass(4s);
  world.text(spot_depth("BTCUSDT", 103, 104, "", ""));
  world.pass(4s);
  world.text(spot_depth("BTCUSDT", 105, 106, "", ""));
  world.pass(4s); // 14 s after the subscription
  CHECK(world.counters->resubscribed == 0);
}

TEST_CASE("bybit: the stream's own snapshot makes the book; changes before it mean nothing") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  CHECK(any_sent(world, "orderbook.50.BTCUSDT"));
  world.text(bybit_depth("BTCUSDT", false, 9, bid, ""));
  CHECK(slot.condition() == BookCondition::syncing);
  world.text(bybit_depth("BTCUSDT", true, 10, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  world.text(bybit_depth("BTCUSDT", false, 11, R"(["100.05","3"])", ""));
  CHECK(slot.last().bids()[0].price == core::Price{10'005});
  CHECK(slot.last().venue_sequence == 11);
  CHECK(world.port.fetches.empty());
}

TEST_CASE("bybit: changes without a snapshot do not count as data") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  const auto before = world.port.sent.size();
  for (int i = 0; i < 110; ++i) {
    world.text(bybit_depth("BTCUSDT", false, static_cast<std::uint64_t>(100 + i), bid, ""));
    world.pass(100ms);
  }
  CHECK(slot.condition() == BookCondition::syncing);
  CHECK(world.counters->resubscribed == 1);
  REQUIRE(world.port.sent.size() == before + 2);
  CHECK(world.port.sent[before].find(R"("unsubscribe")") != std::string::npos);
  CHECK(world.port.sent[before + 1].find(R"("subscribe")") != std::string::npos);
}

// ---- gaps
// ------------------------------------------------------------------------------------------

TEST_CASE("binance: a gap is published at once, rebuilt, and is another generation") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  const auto generation = slot.last().generation;
  const auto version = slot.last().version;
  world.now += 10ms;
  world.text(spot_depth("BTCUSDT", 120, 125, R"(["100.05","1"])", ""));
  CHECK(slot.condition() == BookCondition::gap);
  CHECK(slot.last().bids().empty());
  CHECK(slot.last().asks().empty());
  CHECK(slot.last().version > version);
  CHECK(world.shown("BTCUSDT")->condition == BookCondition::gap);
  CHECK(world.counters->books_live == 0);
  CHECK(fetches_of(world, "BTCUSDT") == 2); // at once, not with the next frame

  const auto published = slot.seen.size();
  world.text(spot_depth("BTCUSDT", 126, 130, "", ""));
  CHECK(slot.seen.size() == published);
  CHECK(fetches_of(world, "BTCUSDT") == 2);
  world.snapshot("BTCUSDT", rest_depth(121, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().generation == generation + 1);
  CHECK(slot.last().venue_sequence == 130);
  CHECK(slot.last().bids()[0].price == core::Price{10'005}); // the frame that showed the gap counts
  CHECK(world.port.all_live_count == 2);
  CHECK(world.counters->gaps == 1);
  CHECK(world.counters->books_live == 1);
}

TEST_CASE("binance: a quiet symbol recovers from a gap without another frame to ask for it") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  world.text(spot_depth("BTCUSDT", 120, 125, "", ""));
  world.snapshot("BTCUSDT", rest_depth(123, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().venue_sequence == 125);
}

TEST_CASE("binance: a buffered gap inside the snapshot's bridge starts over") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(spot_depth("BTCUSDT", 95, 105, "", ""));
  world.text(spot_depth("BTCUSDT", 120, 125, "", ""));
  world.snapshot("BTCUSDT", rest_depth(100, bid, ask));
  CHECK(slot.condition() == BookCondition::gap);
  REQUIRE(fetches_of(world, "BTCUSDT") == 2);
  CHECK(world.port.fetches[1].generation != world.port.fetches[0].generation);
  world.snapshot("BTCUSDT", rest_depth(122, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  for (const auto& view : slot.seen)
    CHECK((view.condition == BookCondition::live) == (view.venue_sequence == 125));
}

TEST_CASE("bybit: a jump is given back and asked for again; only a new snapshot makes it live") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(bybit_depth("BTCUSDT", true, 10, bid, ask));
  const auto generation = slot.last().generation;
  world.pass(1s);
  const auto before = world.port.sent.size();
  world.text(bybit_depth("BTCUSDT", false, 13, bid, ""));
  CHECK(slot.condition() == BookCondition::gap);
  world.pass(1s);
  REQUIRE(world.port.sent.size() == before + 2);
  CHECK(world.port.sent[before].find(R"("unsubscribe")") != std::string::npos);
  CHECK(world.port.sent[before + 1].find(R"("subscribe")") != std::string::npos);
  world.text(bybit_depth("BTCUSDT", false, 14, bid, "")); // the old chain's tail
  CHECK(slot.condition() == BookCondition::gap);
  world.text(bybit_depth("BTCUSDT", true, 20, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().generation == generation + 1);
}

TEST_CASE("bybit: a subscription that brings no snapshot after a gap is asked for again") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(bybit_depth("BTCUSDT", true, 10, bid, ask));
  world.text(bybit_depth("BTCUSDT", false, 13, bid, ""));
  world.pass(2s);
  const auto before = world.port.sent.size();
  world.pass(9s);
  CHECK(world.counters->resubscribed == 1);
  CHECK(world.port.sent.size() == before + 2);
}

TEST_CASE(
    "bybit: a spontaneous snapshot between giving back and asking again is not trusted long") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(bybit_depth("BTCUSDT", true, 10, bid, ask));
  world.pass(1s);
  world.text(bybit_depth("BTCUSDT", false, 13, bid, "")); // unsubscribes at once
  world.text(bybit_depth("BTCUSDT", true, 14, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
  world.pass(300ms); // subscribes: from here on the levels are not kept up
  CHECK(slot.condition() == BookCondition::syncing);
  world.text(bybit_depth("BTCUSDT", true, 15, bid, ask));
  CHECK(slot.condition() == BookCondition::live);
}

TEST_CASE("bybit: update id 1 is a snapshot and replaces the book") {
  SessionWorld world{bybit_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  world.text(bybit_depth("BTCUSDT", true, 500, bid, ask));
  world.text(bybit_depth("BTCUSDT", false, 1, R"(["90.00","1"])", R"(["90.10","1"])"));
  CHECK(slot.condition() == BookCondition::live);
  REQUIRE(slot.last().bids().size() == 1);
  CHECK(slot.last().bids()[0].price == core::Price{9'000});
}

TEST_CASE("one gap disturbs no other book of the connection") {
  SessionWorld world{binance_spot};
  RecordingSlot sick, well;
  world.watch("BTCUSDT", sick);
  world.watch("ETHUSDT", well);
  world.open();
  make_live(world, "BTCUSDT");
  make_live(world, "ETHUSDT");
  const auto generation = well.last().generation;
  SUBCASE("a gap") {
    world.text(spot_depth("BTCUSDT", 120, 125, "", ""));
  }
  SUBCASE("an impossible level") {
    world.text(spot_depth("BTCUSDT", 111, 112, R"(["0","1"])", ""));
  }
  SUBCASE("a negative size") {
    world.text(spot_depth("BTCUSDT", 111, 112, R"(["1","-1"])", ""));
  }
  SUBCASE("a number that is none") {
    world.text(spot_depth("BTCUSDT", 111, 112, R"(["NaN","1"])", ""));
  }
  CHECK(sick.condition() == BookCondition::gap);
  world.text(spot_depth("ETHUSDT", 111, 112, R"(["100.01","1"])", ""));
  CHECK(well.condition() == BookCondition::live);
  CHECK(well.last().generation == generation);
  CHECK(well.last().bids()[0].price == core::Price{10'001});
  for (const auto& view : sick.seen)
    if (view.condition == BookCondition::live)
      CHECK(view.bids()[0].price == core::Price{10'000});
}

TEST_CASE("bytes that are not the protocol are counted and shown, and change no book") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  const auto published = slot.seen.size();
  const std::string whole = spot_depth("BTCUSDT", 111, 112, R"(["50.00","1"])", "");
  world.text(whole.substr(0, whole.size() / 2));
  world.text("");
  CHECK(world.counters->malformed == 2);
  world.text("17");
  CHECK(world.counters->malformed == 3);
  world.text(std::string(500, '['));
  CHECK(world.counters->malformed == 4);
  REQUIRE(world.port.bad_frames.size() == 4);
  CHECK(world.port.bad_frames[3].size() == 200);
  CHECK(slot.seen.size() == published);
  world.text(spot_depth("BTCUSDT", 113, 114, "", "")); // the lost frame shows as a gap
  CHECK(slot.condition() == BookCondition::gap);
}

TEST_CASE("a flood of malformed frames ends the link, once; a trickle does not") {
  SessionLimits limits;
  limits.malformed_per_minute_max = 10;
  SessionWorld world{binance_spot, limits};
  world.open();
  for (int i = 0; i < 30; ++i) {
    world.text("{");
    world.now += 10s;
  }
  CHECK(world.port.given_up.empty());
  for (int i = 0; i < 30; ++i)
    world.text("{");
  REQUIRE(world.port.given_up.size() == 1);
  CHECK(world.port.given_up[0].code == core::Errc::malformed);
}

TEST_CASE("a storm of gaps ends the link instead of flooding the venue") {
  SessionWorld world{binance_spot};
  for (int i = 0; i < 8; ++i)
    world.add("S" + std::to_string(i) + "USDT");
  world.open();
  for (int i = 0; i < 8; ++i)
    make_live(world, "S" + std::to_string(i) + "USDT");
  for (int i = 0; i < 8; ++i)
    world.text(spot_depth("S" + std::to_string(i) + "USDT", 500, 501, "", ""));
  REQUIRE(world.port.given_up.size() == 1);
  CHECK(world.port.given_up[0].code == core::Errc::book_gap);
  for (const auto& [symbol, condition, why] : world.port.changes)
    CHECK_FALSE(symbol.empty());
}

TEST_CASE("gaps beyond the hour's budget end the link") {
  SessionLimits limits;
  limits.resyncs_per_hour_max = 10;
  SessionWorld world{binance_spot, limits};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  std::uint64_t id = 110;
  const auto gap_every = [&](std::chrono::minutes interval, int times) {
    for (int i = 0; i < times; ++i) {
      world.now += interval;
      id += 100;
      world.text(spot_depth("BTCUSDT", id, id, "", ""));
      world.snapshot("BTCUSDT", rest_depth(id, bid, ask));
      world.text(spot_depth("BTCUSDT", id + 1, id + 1, "", ""));
    }
  };
  gap_every(7min, 20); // at most nine within an hour
  CHECK(world.port.given_up.empty());
  CHECK(slot.condition() == BookCondition::live);
  gap_every(1min, 10);
  CHECK(world.port.given_up.size() == 1);
}

// ---- stale, crossed, clock
// -------------------------------------------------------------------------

TEST_CASE("a silent book goes stale within a timer step and comes back with the next frame") {
  SessionWorld world{binance_spot};
  RecordingSlot quiet, busy;
  world.watch("BTCUSDT", quiet);
  world.watch("ETHUSDT", busy);
  world.open();
  make_live(world, "BTCUSDT");
  make_live(world, "ETHUSDT");
  for (int i = 0; i < 50; ++i) {
    world.pass(100ms);
    world.text(spot_depth("ETHUSDT", 111 + static_cast<std::uint64_t>(i),
                          111 + static_cast<std::uint64_t>(i), "", ""));
  }
  CHECK(quiet.condition() == BookCondition::live); // 5,000 ms: not yet beyond
  world.pass(50ms);
  CHECK(quiet.condition() == BookCondition::stale);
  CHECK(busy.condition() == BookCondition::live);
  CHECK(world.counters->stale == 1);
  CHECK(world.counters->resyncs == 0); // pauses, does not rebuild
  const auto generation = quiet.last().generation;
  SUBCASE("a change") {
    world.text(spot_depth("BTCUSDT", 111, 111, "", ""));
    CHECK(quiet.condition() == BookCondition::live);
    CHECK(quiet.last().received_at == world.now);
  }
  SUBCASE("a duplicate proves the stream just as well") {
    world.text(spot_depth("BTCUSDT", 106, 110, "", ""));
    CHECK(quiet.condition() == BookCondition::live);
  }
  CHECK(quiet.last().generation == generation);
  CHECK(world.port.all_live_count == 2);
}

TEST_CASE("pongs keep the link alive and not the book") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  world.pass(60s);
  CHECK(slot.condition() == BookCondition::stale);
  CHECK(world.port.pings >= 12);
  CHECK(world.port.given_up.empty());
}

TEST_CASE("a link without any sign of life is given up within 12 seconds, once") {
  for (const auto& key : {binance_spot, binance_linear, bybit_spot}) {
    SessionWorld world{key};
    world.add("BTCUSDT");
    world.open();
    world.pass(4'100ms, false);
    CHECK(world.port.pings == 1);
    world.pass(5'800ms, false);
    CHECK(world.port.given_up.empty());
    world.pass(2'100ms, false); // 12.0 s
    REQUIRE(world.port.given_up.size() == 1);
    CHECK(world.port.given_up[0].code == core::Errc::timed_out);
    world.pass(5s, false);
    CHECK(world.port.given_up.size() == 1);
  }
}

TEST_CASE("bybit is sent its own ping every 20 seconds") {
  SessionWorld world{bybit_spot};
  world.add("BTCUSDT");
  world.open();
  const auto pings = [&] {
    return std::count_if(world.port.sent.begin(), world.port.sent.end(), [](const auto& text) {
      return text.find(R"("ping")") != std::string::npos;
    });
  };
  world.pass(19s);
  CHECK(pings() == 0);
  world.pass(42s);
  CHECK(pings() == 3);
}

TEST_CASE("a crossed book shows no tradable top; uncrossing in time costs no rebuild") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  world.text(spot_depth("BTCUSDT", 111, 111, R"(["100.10","1"])", "")); // bid = ask
  CHECK(slot.condition() == BookCondition::crossed);
  CHECK(slot.last().bids().empty());
  world.text(spot_depth("BTCUSDT", 112, 112, R"(["100.10","0"])", ""));
  CHECK(slot.condition() == BookCondition::live);
  CHECK(world.counters->resyncs == 0);
  CHECK(world.counters->crossed == 1);
}

TEST_CASE("a book crossed for three frames or half a second is rebuilt") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  world.text(spot_depth("BTCUSDT", 111, 111, R"(["100.20","1"])", ""));
  SUBCASE("frames") {
    world.text(spot_depth("BTCUSDT", 112, 112, "", ""));
    CHECK(world.counters->resyncs == 0);
    world.text(spot_depth("BTCUSDT", 113, 113, "", ""));
  }
  SUBCASE("time, without frames") {
    world.pass(500ms);
    CHECK(world.counters->resyncs == 0);
    world.pass(50ms);
  }
  CHECK(world.counters->resyncs == 1);
  CHECK(slot.condition() == BookCondition::crossed);
  // The rebuilt book is crossed too: it has the same three frames again.
  const auto fetched = fetches_of(world, "BTCUSDT");
  world.now += 1s;
  world.text(spot_depth("BTCUSDT", 114, 116, "", ""));
  world.snapshot("BTCUSDT", rest_depth(115, R"(["100.20","1"])", ask));
  CHECK(world.counters->resyncs == 1);
  CHECK(fetches_of(world, "BTCUSDT") == fetched);
  world.text(spot_depth("BTCUSDT", 117, 117, R"(["100.20","0"],["99.00","1"])", ""));
  CHECK(slot.condition() == BookCondition::live);
}

TEST_CASE("clocks that disagree take the trust from every live book, and give it back") {
  SessionWorld world{binance_spot};
  RecordingSlot live, syncing;
  world.watch("BTCUSDT", live);
  world.watch("ETHUSDT", syncing);
  world.open();
  make_live(world, "BTCUSDT");
  world.session->set_clock_bad(true, world.now);
  CHECK(live.condition() == BookCondition::clock);
  CHECK(syncing.condition() == BookCondition::syncing);
  const auto published = live.seen.size();
  world.text(spot_depth("BTCUSDT", 111, 111, "", ""));
  CHECK(live.seen.size() == published);
  make_live(world, "ETHUSDT");
  CHECK(syncing.condition() == BookCondition::clock);
  CHECK(world.port.all_live_count == 0);
  world.session->set_clock_bad(false, world.now);
  CHECK(live.condition() == BookCondition::live);
  CHECK(live.last().venue_sequence == 111);
  CHECK(syncing.condition() == BookCondition::live);
  CHECK(world.port.all_live_count == 1);
}

TEST_CASE("a stale book that hears again while the clocks disagree is not live") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  world.pass(6s);
  REQUIRE(slot.condition() == BookCondition::stale);
  world.session->set_clock_bad(true, world.now);
  world.text(spot_depth("BTCUSDT", 106, 110, "", "")); // a duplicate
  CHECK(slot.condition() == BookCondition::clock);
}

// ---- subscriptions
// ---------------------------------------------------------------------------------

TEST_CASE("control messages keep the venue's batch size and pace") {
  struct Case {
    core::MarketKey key;
    std::size_t batch;
    std::chrono::milliseconds spacing;
  };

  for (const auto& [key, batch, spacing] :
       {Case{binance_spot, 100, 300ms}, Case{binance_linear, 100, 150ms},
        Case{bybit_spot, 10, 250ms}}) {
    SessionWorld world{key};
    for (int i = 0; i < 150; ++i)
      world.add("A" + std::to_string(i) + "USDT");
    CHECK(world.port.sent.empty());
    world.open();
    std::size_t streams = 0, seen = 0;
    auto last = world.now;
    while (streams < 150) {
      for (; seen < world.port.sent.size(); ++seen) {
        CHECK(streams_in(world.port.sent[seen]) <= batch);
        CHECK(world.port.sent[seen].size() < 21'000);
        if (key.venue.text() == "binance")
          CHECK(world.port.sent[seen].size() < 4'088);
        if (seen > 0)
          CHECK(world.now - last >= spacing);
        last = world.now;
        streams += streams_in(world.port.sent[seen]);
      }
      world.pass(25ms);
      REQUIRE(world.now < core::MonoTime{std::chrono::hours{1}} + 10s);
    }
    CHECK(streams == 150);
  }
}

TEST_CASE(
    "a refused batch is asked for one by one, at the venue's pace; the bad name is reported") {
  SessionWorld world{bybit_spot};
  for (const auto* symbol : {"BTCUSDT", "ETHUSDT", "NOSUCH"})
    world.add(symbol);
  world.open();
  REQUIRE(world.port.sent.size() == 1);
  world.text(fmt::format(
      R"({{"success":false,"ret_msg":"Invalid symbol :[orderbook.50.NOSUCH]","conn_id":"x","req_id":"{}","op":"subscribe"}})",
      last_request_id(world)));
  CHECK(world.port.sent.size() == 1); // not in the same instant
  world.pass(250ms);
  CHECK(world.port.sent.size() == 2);
  world.pass(250ms);
  CHECK(world.port.sent.size() == 3);
  world.pass(250ms);
  REQUIRE(world.port.sent.size() == 4);
  for (std::size_t i = 1; i < 4; ++i)
    CHECK(streams_in(world.port.sent[i]) == 1);
  CHECK(world.port.refusals.empty());
  world.text(fmt::format(
      R"({{"success":false,"ret_msg":"Invalid symbol","conn_id":"x","req_id":"{}","op":"subscribe"}})",
      last_request_id(world)));
  REQUIRE(world.port.refusals.size() == 1);
  CHECK(world.port.refusals[0].first == "NOSUCH");
  CHECK(world.port.refusals[0].second.detail == "Invalid symbol");
  CHECK(world.counters->refused == 2);
}

TEST_CASE("a subscription that is acknowledged and silent is asked for again, then reported once") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.add("BTCUSDT", Channel::trades); // nobody trades: normal
  world.open();
  world.pass(10'100ms);
  CHECK(world.counters->resubscribed == 1);
  CHECK(any_sent(world, "UNSUBSCRIBE"));
  world.pass(11s);
  CHECK(world.counters->resubscribed == 2);
  CHECK(world.port.refusals.empty());
  world.pass(11s);
  CHECK(world.counters->resubscribed == 3);
  REQUIRE(world.port.refusals.size() == 1);
  CHECK(world.port.refusals[0].first == "BTCUSDT");
  world.pass(600s);
  CHECK(world.port.refusals.size() == 1);
  CHECK(world.counters->resubscribed < 10); // ever less often
  make_live(world, "BTCUSDT");
  CHECK(slot.condition() == BookCondition::live);
}

TEST_CASE("removing a book takes its trust before it leaves, and the rest may be all live") {
  SessionWorld world{binance_spot};
  RecordingSlot stays, goes;
  world.watch("BTCUSDT", stays);
  world.watch("ETHUSDT", goes);
  world.open();
  make_live(world, "BTCUSDT");
  SUBCASE("live") {
    make_live(world, "ETHUSDT");
  }
  SUBCASE("never synchronised") {}
  world.session->remove({Channel::depth, core::Symbol{"ETHUSDT"}, {}}, world.now);
  CHECK(goes.condition() == BookCondition::down);
  CHECK(world.shown("ETHUSDT")->condition == BookCondition::down);
  CHECK(world.counters->books == 1);
  CHECK(world.counters->books_live == 1);
  CHECK(world.counters->streams == 1);
  CHECK(world.port.all_live_count == 1);
  world.pass(400ms);
  CHECK(any_sent(world, "UNSUBSCRIBE"));
  const auto published = goes.seen.size();
  world.text(spot_depth("ETHUSDT", 111, 112, "", "")); // the tail
  CHECK(goes.seen.size() == published);
}

TEST_CASE("books come and go on one connection without losing each other") {
  // Books are found by views into their own names: entries must survive growth and removal.
  SessionWorld world{binance_spot};
  std::vector<std::unique_ptr<RecordingSlot>> slots;
  const auto name = [](int i) { return "VERYLONGSYMBOLNAME" + std::to_string(i) + "USDT"; };
  for (int i = 0; i < 200; ++i)
    world.watch(name(i), *slots.emplace_back(std::make_unique<RecordingSlot>()));
  world.open();
  world.pass(2s);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; i += 2)
      world.session->remove({Channel::depth, core::Symbol{name(i)}, {}}, world.now);
    CHECK(world.session->stream_count() == 100);
    for (int i = 0; i < 200; i += 2)
      world.add(name(i));
    world.pass(3s);
  }
  world.port.fetches.clear();
  for (int i = 0; i < 200; ++i)
    world.text(spot_depth(name(i), 95, 105, "", ""));
  for (int i = 0; i < 200; ++i) {
    const auto* replica = world.session->replica(core::Symbol{name(i)});
    REQUIRE(replica != nullptr);
    CHECK(replica->buffered() + (replica->live() ? 1U : 0U) > 0);
  }
  CHECK(world.session->replica(core::Symbol{"NONE"}) == nullptr);
  CHECK(world.counters->books == 200);
}

// ---- the link's life
// -------------------------------------------------------------------------------

TEST_CASE("every book loses its trust with the connection") {
  SessionWorld world{binance_spot};
  RecordingSlot live, syncing;
  world.watch("BTCUSDT", live);
  world.watch("ETHUSDT", syncing);
  world.open();
  make_live(world, "BTCUSDT");
  world.session->on_down(world.now);
  CHECK(live.condition() == BookCondition::down);
  CHECK(syncing.condition() == BookCondition::down);
  CHECK(live.last().bids().empty());
  CHECK(world.counters->books_live == 0);
  const auto published = live.seen.size();
  world.text(spot_depth("BTCUSDT", 111, 112, "", ""));
  CHECK(live.seen.size() == published);
}

TEST_CASE("a successor builds its books in the shade and takes the slots over whole") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  const auto generation = slot.last().generation;

  auto successor = world.make({}, false);
  successor->add({Channel::depth, core::Symbol{"BTCUSDT"}, {}},
                 make_instrument(world.market->key(), "BTCUSDT"), world.now);
  successor->on_open(world.now);
  const auto published = slot.seen.size();
  world.text(*successor, spot_depth("BTCUSDT", 106, 110, R"(["100.01","4"])", ""));
  successor->on_snapshot(core::Symbol{"BTCUSDT"}, world.port.fetches.back().generation,
                         SessionWorld::padded(rest_depth(107, bid, ask)), world.now);
  CHECK(successor->all_books_live());
  CHECK(slot.seen.size() == published);
  CHECK(world.counters->books_live == 2);

  world.session->set_publishing(false, world.now);
  successor->set_publishing(true, world.now);
  REQUIRE(slot.seen.size() == published + 1);
  CHECK(slot.condition() == BookCondition::live);
  CHECK(slot.last().generation > generation); // another chain
  CHECK(slot.last().bids()[0].price == core::Price{10'001});
  world.text(spot_depth("BTCUSDT", 111, 111, R"(["50","1"])", "")); // the old link's last words
  world.session->on_down(world.now);
  CHECK(slot.seen.size() == published + 1);
  world.session = std::move(successor);
  CHECK(world.counters->books_live == 1);
  CHECK(world.counters->books == 1);
  for (std::size_t i = 1; i < slot.seen.size(); ++i)
    CHECK(slot.seen[i].version > slot.seen[i - 1].version);
}

TEST_CASE("taking over before every book is synchronised says so to its consumers") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  auto successor = world.make({}, false);
  successor->add({Channel::depth, core::Symbol{"BTCUSDT"}, {}},
                 make_instrument(world.market->key(), "BTCUSDT"), world.now);
  successor->on_open(world.now);
  world.session->set_publishing(false, world.now);
  successor->set_publishing(true, world.now);
  CHECK(slot.condition() == BookCondition::syncing);
}

TEST_CASE("a consumer that joins later gets the book as it stands") {
  SessionWorld world{binance_spot};
  RecordingSlot first, second;
  world.watch("BTCUSDT", first);
  world.open();
  make_live(world, "BTCUSDT");
  world.sinks->add_slot(core::Symbol{"BTCUSDT"}, second.slot);
  CHECK(second.seen.empty());
  world.session->republish(core::Symbol{"BTCUSDT"}, world.now);
  CHECK(second.condition() == BookCondition::live);
  CHECK(second.last().bids().size() == 1);
  CHECK(second.last().generation == first.last().generation);
}

TEST_CASE("new trading rules at the same scale reach consumers; a new scale rebuilds that book") {
  SessionWorld world{binance_spot};
  RecordingSlot slot, other;
  world.watch("BTCUSDT", slot);
  world.watch("ETHUSDT", other);
  world.open();
  make_live(world, "BTCUSDT");
  make_live(world, "ETHUSDT");
  SUBCASE("halted") {
    auto rules = *make_instrument(binance_spot, "BTCUSDT");
    rules.status = core::InstrumentStatus::halted;
    world.session->set_instrument(std::make_shared<const core::Instrument>(rules), world.now);
    CHECK(slot.condition() == BookCondition::live);
    CHECK(slot.last().instrument->status == core::InstrumentStatus::halted);
    CHECK(world.counters->resyncs == 0);
  }
  SUBCASE("finer tick") {
    world.session->set_instrument(make_instrument(binance_spot, "BTCUSDT", 3), world.now);
    CHECK(slot.condition() == BookCondition::gap);
    CHECK(fetches_of(world, "BTCUSDT") == 2);
    world.text(spot_depth("BTCUSDT", 111, 115, R"(["100.005","1"])", ""));
    world.snapshot("BTCUSDT", rest_depth(112, bid, ask));
    CHECK(slot.condition() == BookCondition::live);
    CHECK(slot.last().scale.price_decimals == 3);
    CHECK(slot.last().bids()[0].price == core::Price{100'005});
  }
  SUBCASE("of a symbol nobody watches") {
    world.session->set_instrument(make_instrument(binance_spot, "XRPUSDT"), world.now);
    CHECK(slot.condition() == BookCondition::live);
  }
  CHECK(other.condition() == BookCondition::live);
}

TEST_CASE("slots get whole states only") {
  SessionWorld world{binance_spot};
  RecordingSlot slot;
  world.watch("BTCUSDT", slot);
  world.open();
  make_live(world, "BTCUSDT");
  // Each frame moves both sides together: 20 frames, sizes tell which frame a level is of.
  for (int i = 1; i <= 20; ++i) {
    const auto frame = static_cast<std::uint64_t>(110 + i);
    world.text(spot_depth("BTCUSDT", frame, frame, fmt::format(R"(["100.00","{}"])", i),
                          fmt::format(R"(["100.10","{}"])", i)));
    if (i % 7 == 0)
      world.session->set_clock_bad(true, world.now), world.session->set_clock_bad(false, world.now);
  }
  int whole = 0;
  for (const auto& view : slot.seen) {
    if (view.condition != BookCondition::live) {
      CHECK(view.bids().empty());
      CHECK(view.asks().empty());
      continue;
    }
    REQUIRE(view.bids().size() == 1);
    REQUIRE(view.asks().size() == 1);
    REQUIRE(view.instrument != nullptr);
    if (view.venue_sequence > 110) {
      CHECK(view.bids()[0].quantity == view.asks()[0].quantity);
      ++whole;
    }
  }
  CHECK(whole == 22);
}

TEST_CASE("the board is written at a display's pace and never left behind for good") {
  SessionWorld world{binance_spot};
  world.add("BTCUSDT");
  world.open();
  make_live(world, "BTCUSDT");
  world.pass(100ms);
  world.text(spot_depth("BTCUSDT", 111, 111, "", ""));
  world.text(spot_depth("BTCUSDT", 112, 112, R"(["100.05","1"])", ""));
  CHECK(world.shown("BTCUSDT")->venue_sequence == 111);
  world.pass(50ms);
  CHECK(world.shown("BTCUSDT")->venue_sequence == 112);
  CHECK(world.shown("BTCUSDT")->bids()[0].price == core::Price{10'005});
}

TEST_CASE("trades, bars and tickers reach the board; absent ticker fields keep their value") {
  SessionWorld world{bybit_spot};
  world.add("BTCUSDT");
  world.add("BTCUSDT", Channel::trades);
  world.open();
  world.text(
      R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":3,"data":[{"T":2,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"101.5","L":"PlusTick","i":"t1","BT":false}]})");
  const auto entry
      = world.board.find({core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}});
  REQUIRE(entry != nullptr);
  REQUIRE(entry->extras().trade.has_value());
  CHECK(entry->extras().trade->trade_id == "t1");
  CHECK(world.counters->trades == 1);
}

TEST_CASE("binance announces its shutdown") {
  SessionWorld world{binance_spot};
  world.open();
  world.text(R"({"stream":"x","data":{"e":"serverShutdown","E":1}})");
  CHECK(world.port.shutdowns == 1);
}
