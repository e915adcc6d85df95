#include "adapters/console/tables.hpp"

#include "core/console/render.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::adapters::console;
using adapters::transport::Json;
using core::console::Tone;

namespace {

Json answer(std::string_view json) {
  const auto parsed
      = read_reply(R"({"success":true,"mode":"mock","data":)" + std::string{json} + "}");
  REQUIRE(parsed);
  return *parsed;
}

const char* const tree = R"({"name":"engine","path":"engine","kind":"supervisor",
  "state":"rest_for_one","restarts":0,"restartsInWindow":{"count":0,"max":1,"seconds":5},
  "messages":4,"mailboxDepth":0,"oldestWaitingMs":0,"oldestIsAtLeast":false,
  "handling":{"p50Ns":1023,"p99Ns":2047,"totalNs":9},"hanging":false,"lastError":"","children":[
    {"name":"spot","path":"engine/services/venues/binance/spot","kind":"supervisor",
     "state":"rest_for_one","children":[
      {"name":"feed","path":"engine/services/venues/binance/spot/feed","kind":"feed",
       "state":"restarting","restarts":7,"restartsInWindow":{"count":2,"max":5,"seconds":30},
       "messages":1200,"mailboxDepth":3,"oldestWaitingMs":1500,"oldestIsAtLeast":true,
       "handling":{"p50Ns":4095,"p99Ns":1048575,"totalNs":9},"hanging":false,
       "lastError":"killed","counters":{"frames":12345,"gaps":1},"children":[]},
      {"name":"order_gateway","path":"engine/services/venues/binance/spot/order_gateway",
       "kind":"order_gateway","state":"open","children":[]}]}]})";

} // namespace

TEST_CASE("an answer is its data, a refusal its error") {
  CHECK(read_reply(R"({"success":true,"mode":"mock","data":{"a":1}})")->find("a") != nullptr);
  CHECK(read_reply(R"({"success":true,"mode":"mock"})")->null());
  const auto refused
      = read_reply(R"({"success":false,"error":{"code":"NOT_FOUND","message":"no actor at 'x'"}})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == core::Errc::not_found);
  CHECK(refused.error().detail == "no actor at 'x'");
  CHECK(read_reply("<html>").error().code == core::Errc::malformed);
  CHECK(read_reply("[1]").error().code == core::Errc::malformed);
  CHECK(read_reply(R"({"success":false})").error().code == core::Errc::internal);
}

TEST_CASE("the tree keeps its shape and tells what is wrong with whom") {
  const auto table = tree_table(answer(tree), {{"engine/services/venues/binance/spot/feed", 95}});
  REQUIRE(table.rows.size() == 4);
  CHECK(
      core::console::table_text(table)
      == R"(actor              state          restarts   mailbox   oldest   p50   p99   msg/s  last error
engine             rest_for_one          0         0        -   1us   2us       -
  spot             rest_for_one          0         0        -     -     -       -
    feed           restarting      7 (2/5)         3    >1.5s   4us   1ms     9.5  killed
    order_gateway  open                  0         0        -     -     -       -
)");
  CHECK(table.rows[2].tone == Tone::bad);
  CHECK(table.rows[3].tone == Tone::plain);
  CHECK(message_counts(answer(tree)).at("engine/services/venues/binance/spot/feed") == 1'200);
}

TEST_CASE("an actor that hangs says so instead of its state") {
  const auto table = tree_table(
      answer(R"({"name":"a","path":"a","state":"live","hanging":true,"children":[]})"), {});
  CHECK(table.rows[0].cells[1].text == "hangs");
  CHECK(table.rows[0].tone == Tone::bad);
}

TEST_CASE("a market is told by its feed, its private feed and its gateway") {
  const auto table = venue_table(answer(tree), {});
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].id == "engine/services/venues/binance/spot");
  CHECK(table.rows[0].cells[0].text == "binance/spot");
  CHECK(table.rows[0].cells[1].text == "restarting");
  CHECK(table.rows[0].cells[2].text == "-");
  CHECK(table.rows[0].cells[3].text == "open");
  CHECK(table.rows[0].cells[5].number == 12'345);
}

TEST_CASE("a pair that is held stands out and says by whom") {
  const auto table = pair_table(answer(R"([{"id":"btc","path":"engine/services/strategies/pair.btc",
    "leg1":{"exchange":"binance","symbol":"BTCUSDT","type":"spot"},
    "leg2":{"exchange":"bybit","symbol":"BTCUSDT","type":"linear"},"enabled":true,"qty":0.01,
    "state":"watching","heldBy":"paused by person: by api",
    "counters":{"evaluations":12345,"opportunities":3,"pauses":1}}])"));
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].tone == Tone::warn);
  CHECK(table.rows[0].id == "engine/services/strategies/pair.btc");
  CHECK(table.rows[0].cells[2].text == "BTCUSDT binance spot / bybit linear");
  CHECK(table.rows[0].cells[3].number == 3);
  CHECK(table.rows[0].cells[4].text == "paused by person: by api");
}

TEST_CASE("breakers come as a list, or alone after a command") {
  const auto* const one = R"({"name":"venue.bybit","state":"open","cause":"person",
    "detail":"by api","trips":2,"since":1700000000000})";
  for (const auto& json : {std::string{one}, "[" + std::string{one} + "]"}) {
    const auto table = breaker_table(answer(json));
    REQUIRE(table.rows.size() == 1);
    CHECK(table.rows[0].id == "engine/services/risk/breaker.venue.bybit");
    CHECK(table.rows[0].tone == Tone::bad);
    CHECK(table.rows[0].cells[3].text == "22:13:20");
    CHECK(table.rows[0].cells[4].text == "person: by api");
  }
}

TEST_CASE("log lines are added, and the oldest go") {
  core::console::Table table;
  const auto line = answer(R"({"lines":[{"number":8,"ts":1700000000000,"level":"warning",
    "event":"ACTOR_RESTARTED","actor":"engine/services/venues/binance/spot/feed",
    "fields":{"reason":"killed"}}],"levels":[]})");
  add_log(table, line);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].id == "8");
  CHECK(table.rows[0].tone == Tone::warn);
  CHECK(table.rows[0].cells[3].text == "venues/binance/spot/feed");
  CHECK(table.rows[0].cells[4].text == "reason=killed");
  for (std::size_t i = 0; i < lines_kept + 5; ++i)
    add_log(table, line);
  CHECK(table.rows.size() == lines_kept);
}

TEST_CASE("an actor closely: facts, counters, the last messages") {
  const auto detail = actor_detail(answer(R"({"name":"feed","path":"engine/feed","kind":"feed",
    "state":"live","restarts":1,"restartsInWindow":{"count":1,"max":5,"seconds":30},"messages":9,
    "errors":2,"lastError":"killed","mailboxDepth":0,"oldestWaitingMs":0,"oldestIsAtLeast":false,
    "handling":{"p50Ns":1023,"p99Ns":2047},"hanging":false,"counters":{"frames":7},
    "latest":[{"number":9,"message":"Tick","agoMs":20,"tookNs":null,"waiting":0},
              {"number":8,"message":"Tick","agoMs":520,"tookNs":4000,"waiting":1}]})"));
  CHECK(detail.path == "engine/feed");
  CHECK(detail.counters.rows.at(0).cells.at(1).number == 7);
  REQUIRE(detail.messages.rows.size() == 2);
  CHECK(detail.messages.rows[0].cells[2].text == "goes on");
  CHECK(detail.messages.rows[1].cells[1].text == "520ms");
  CHECK(detail.messages.rows[1].cells[2].text == "4us");
}

TEST_CASE("what a newer engine says otherwise leaves gaps and ends nothing") {
  for (const auto* json : {"{}", "[]", R"([{"id":7,"counters":[1]}])", R"({"lines":[{}]})",
                           R"({"name":1,"children":[{"children":{}}]})"}) {
    const auto odd = answer(json);
    core::console::Table log;
    add_log(log, odd);
    for (const auto& table :
         {tree_table(odd, {}), venue_table(odd, {}), pair_table(odd), plan_table(odd),
          order_table(odd), breaker_table(odd), sink_table(odd), log})
      for (const auto& row : table.rows)
        CHECK(row.cells.size() == table.columns.size());
    (void)actor_detail(odd);
    (void)kill_texts(odd);
  }
}

TEST_CASE("kill switches are told in words") {
  CHECK(kill_texts(answer(R"([{"level":"venue","scope":"bybit","person":"api","reason":"too fast"},
                            {"level":"all","scope":"","person":"signal","reason":""}])"))
        == std::vector<std::string>{"venue bybit (by api: too fast)", "all (by signal)"});
}
