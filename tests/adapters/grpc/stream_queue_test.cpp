/// What waits for a slow reader: the latest price of each instrument, every event, or nothing more.
#include "adapters/grpc/stream_queue.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace tandem::adapters::grpc;

FramePtr price(const std::string& symbol, const std::string& bid) {
  return std::make_shared<const std::string>(
      R"({"event":"price_update","mode":"mock","data":{"exchange":"binance","symbol":")" + symbol
      + R"(","type":"spot","bid":)" + bid + R"(,"ask":2,"ts":1}})");
}

FramePtr event(const std::string& text) {
  return std::make_shared<const std::string>(R"({"event":"execution","data":)" + text + "}");
}

TEST_CASE("a newer price replaces the one that waits, in its place") {
  StreamQueue queue{10'000};
  CHECK(queue.push(price("BTCUSDT", "1")));
  CHECK(queue.push(price("ETHUSDT", "1")));
  CHECK(queue.push(price("BTCUSDT", "1.25")));
  CHECK(queue.conflated() == 1);
  CHECK(*queue.pop() == *price("BTCUSDT", "1.25"));
  // What is being written is not waiting: the next price is a new one.
  CHECK(queue.push(price("BTCUSDT", "3")));
  CHECK(*queue.pop() == *price("ETHUSDT", "1"));
  CHECK(*queue.pop() == *price("BTCUSDT", "3"));
  CHECK(queue.pop() == nullptr);
  CHECK(queue.bytes() == 0);
}

TEST_CASE("events are never replaced") {
  StreamQueue queue{10'000};
  CHECK(queue.push(event("1")));
  CHECK(queue.push(event("1")));
  CHECK(queue.push(price("BTCUSDT", "1")));
  CHECK(queue.push(event("2")));
  CHECK(*queue.pop() == *event("1"));
  CHECK(*queue.pop() == *event("1"));
  CHECK(*queue.pop() == *price("BTCUSDT", "1"));
  CHECK(*queue.pop() == *event("2"));
}

TEST_CASE("there is room for so many bytes and no more") {
  const auto one = event("123");
  StreamQueue queue{one->size() * 2};
  CHECK(queue.push(one));
  CHECK(queue.push(one));
  CHECK(queue.bytes() == one->size() * 2);
  CHECK_FALSE(queue.push(one));
  CHECK(queue.bytes() == one->size() * 2);
  CHECK(queue.pop() != nullptr);
  CHECK(queue.push(one));
  queue.clear();
  CHECK(queue.bytes() == 0);
  CHECK(queue.pop() == nullptr);
}

TEST_CASE("after all was dropped it goes on as new") {
  StreamQueue queue{10'000};
  CHECK(queue.push(event("1")));
  CHECK(queue.push(price("BTCUSDT", "1")));
  queue.clear();
  CHECK(queue.push(price("ETHUSDT", "1")));
  CHECK(queue.push(price("BTCUSDT", "1")));
  CHECK(queue.push(price("BTCUSDT", "2")));
  CHECK(*queue.pop() == *price("ETHUSDT", "1"));
  CHECK(*queue.pop() == *price("BTCUSDT", "2"));
  CHECK(queue.pop() == nullptr);
}

TEST_CASE("a million prices that nobody reads take the room of one") {
  StreamQueue queue{1'000};
  for (int n = 0; n < 1'000'000; ++n)
    REQUIRE(queue.push(price("BTCUSDT", "1")));
  CHECK(queue.bytes() == price("BTCUSDT", "1")->size());
}

} // namespace
