#include "core/sinks/tape.hpp"

#include "core/sinks/records.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::sinks;

namespace {

const InstrumentKey btc{VenueId{"binance"}, MarketType::spot, Symbol{"BTCUSDT"}};
const InstrumentKey eth{VenueId{"bybit"}, MarketType::linear, Symbol{"ETHUSDT"}};

MarketNews trade(const InstrumentKey& instrument, const char* id) {
  market::Trade trade;
  trade.trade_id = id;
  trade.price = Decimal::parse("61737.63").value();
  trade.quantity = Decimal::parse("0.5").value();
  trade.taker = market::TakerSide::sell;
  trade.venue_time = 1'700'000'000'123;
  return {instrument, trade, 1'700'000'000'150};
}

std::size_t waiting(TapeReader& reader) {
  std::vector<NewsPtr> news;
  reader.take(news);
  return news.size();
}

} // namespace

TEST_CASE("each reader of the tape hears what it wants, in order") {
  Tape tape;
  const auto everything = tape.add_reader({}, 100);
  const auto btc_only = tape.add_reader({{}, {}, {Symbol{"BTCUSDT"}}}, 100);
  const auto alerts = tape.add_reader({{Kind::alert}, {}, {}}, 100);
  tape.write(trade(btc, "1"));
  tape.write(trade(eth, "2"));
  tape.write(Record{.kind = Kind::alert, .instrument = {}, .name = {}, .time = 1, .fields = {}});
  std::vector<NewsPtr> news;
  everything->take(news);
  REQUIRE(news.size() == 3);
  CHECK(std::get<MarketNews>(*news[0]).instrument == btc);
  CHECK(std::get<MarketNews>(*news[1]).instrument == eth);
  CHECK(waiting(*btc_only) == 2); // an alert concerns everybody
  CHECK(waiting(*alerts) == 1);
  CHECK(tape.wants(Kind::trade, eth));
}

TEST_CASE("a tape without readers wants nothing") {
  CHECK_FALSE(Tape{}.wants(Kind::trade, btc));
}

TEST_CASE("a reader is woken when its empty queue gets something, also when it comes late") {
  Tape tape;
  const auto reader = tape.add_reader({}, 100);
  tape.write(trade(btc, "1"));
  int woken = 0;
  reader->on_news([&] { ++woken; });
  CHECK(woken == 1); // something waited already
  tape.write(trade(btc, "2"));
  CHECK(woken == 1);
  CHECK(waiting(*reader) == 2);
  tape.write(trade(btc, "3"));
  CHECK(woken == 2);
}

TEST_CASE("what a reader's bounded queue cannot hold is counted") {
  Tape tape;
  const auto reader = tape.add_reader({}, 3);
  for (int n = 0; n < 10; ++n)
    tape.write(trade(btc, "1"));
  CHECK(reader->dropped() == 7);
  CHECK(waiting(*reader) == 3);
}

TEST_CASE("several threads write to one tape") {
  Tape tape;
  const auto reader = tape.add_reader({}, 1'000'000);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n)
        tape.write(trade(btc, "1"));
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(waiting(*reader) == 3'000);
  CHECK(reader->dropped() == 0);
}

TEST_CASE("a trade, a candle and a ticker become records with exact numbers") {
  const auto record = record_of(trade(btc, "99"));
  CHECK(record.kind == Kind::trade);
  CHECK(record.instrument == btc);
  CHECK(record.name == "99");
  CHECK(record.time == 1'700'000'000'123);
  const std::vector<Field> fields{{"price", Number{"61737.63"}},
                                  {"qty", Number{"0.5"}},
                                  {"taker", std::string{"sell"}},
                                  {"receivedAt", std::int64_t{1'700'000'000'150}}};
  CHECK(record.fields == fields);

  market::Kline kline;
  kline.interval = "1m";
  kline.open_time = 60'000;
  kline.trade_count = 7;
  CHECK(record_of(MarketNews{btc, kline, 0}).name == "1m:60000");
  CHECK(record_of(MarketNews{btc, kline, 0}).time == 60'000);

  market::Ticker ticker;
  ticker.last = Decimal::parse("3").value();
  const auto told = record_of(MarketNews{btc, ticker, 5});
  CHECK(told.time == 5);          // the venue stamped nothing
  CHECK(told.fields.size() == 2); // what it left out is left out
}
