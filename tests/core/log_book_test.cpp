#include "core/log_book.hpp"

#include <doctest/doctest.h>

using namespace tandem::core;

namespace {

LogLine line(LogLevel level, std::string event, std::string place = {}) {
  LogLine result;
  result.level = level;
  result.event = std::move(event);
  result.place = std::move(place);
  return result;
}

} // namespace

TEST_CASE("a part of the tree has its own level, and the nearest place above counts") {
  LogBook book{LogLevel::info};
  CHECK(book.set_level("engine/venues", LogLevel::error));
  CHECK(book.set_level("engine/venues/binance", LogLevel::debug));
  CHECK(book.wants(LogLevel::info, "engine/risk"));
  CHECK(book.wants(LogLevel::info, ""));
  CHECK_FALSE(book.wants(LogLevel::debug, "engine/risk"));
  CHECK_FALSE(book.wants(LogLevel::warning, "engine/venues"));
  CHECK_FALSE(book.wants(LogLevel::warning, "engine/venues/bybit/spot/feed"));
  CHECK(book.wants(LogLevel::debug, "engine/venues/binance/spot/feed"));
  SUBCASE("a name that only begins alike is another place") {
    CHECK(book.wants(LogLevel::info, "engine/venues2"));
  }
  SUBCASE("taken away, the place above counts again") {
    CHECK(book.set_level("engine/venues/binance", std::nullopt));
    CHECK_FALSE(book.wants(LogLevel::debug, "engine/venues/binance/spot/feed"));
  }
  SUBCASE("the whole engine has one too") {
    CHECK(book.set_level("", LogLevel::error));
    CHECK_FALSE(book.wants(LogLevel::warning, "engine/risk"));
    CHECK(book.levels().front() == std::pair{std::string{}, LogLevel::error});
    CHECK(book.levels().size() == 3);
  }
}

TEST_CASE("a line is an error, a measurement or an event, and can be asked for by that") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(category_of(LogLevel::info, Fields{}) == LogCategory::event);
  CHECK(category_of(LogLevel::info, Fields{{"success", "true"}, {"error_code", ""}})
        == LogCategory::event);
  CHECK(category_of(LogLevel::debug, Fields{{"latency_ms", "3"}}) == LogCategory::performance);
  CHECK(category_of(LogLevel::warning, Fields{{"latency_ms", "3"}}) == LogCategory::error);
  CHECK(category_of(LogLevel::error, Fields{}) == LogCategory::error);
  CHECK(category_of(LogLevel::info, Fields{{"latency_ms", "3"}, {"success", "false"}})
        == LogCategory::error);
  CHECK(category_of(LogLevel::info, Fields{{"error_code", "TIMED_OUT"}}) == LogCategory::error);
  LogBook book{LogLevel::debug};
  for (const auto category : {LogCategory::error, LogCategory::performance, LogCategory::event}) {
    auto one = line(LogLevel::info, std::string{to_string(category)});
    one.category = category;
    book.add(one);
    CHECK(parse_log_category(to_string(category)) == category);
  }
  CHECK_FALSE(parse_log_category("warning").has_value());
  LogQuery query;
  query.category = LogCategory::performance;
  const auto measured = book.lines(query);
  REQUIRE(measured.size() == 1);
  CHECK(measured[0].event == "performance");
}

TEST_CASE("levels are kept for a bounded number of places") {
  LogBook book{LogLevel::info};
  for (std::size_t i = 0; i < LogBook::places_max; ++i)
    CHECK(book.set_level("place" + std::to_string(i), LogLevel::debug));
  CHECK_FALSE(book.set_level("one more", LogLevel::debug));
  CHECK(book.set_level("place0", LogLevel::error));
}

TEST_CASE("the last lines are kept, and asked for by number, level and place") {
  LogBook book{LogLevel::debug};
  book.add(line(LogLevel::info, "a", "engine/risk"));
  book.add(line(LogLevel::error, "b", "engine/risk/desk"));
  book.add(line(LogLevel::debug, "c"));
  const auto all = book.lines({});
  REQUIRE(all.size() == 3);
  CHECK(all[0].event == "a");
  CHECK(all[2].number == 3);
  CHECK(book.lines({.after = 2}).size() == 1);
  CHECK(book.lines({.limit = 2}).front().event == "b");
  CHECK(book.lines({.level = LogLevel::info}).size() == 2);
  CHECK(book.lines({.place = "engine/risk/desk"}).size() == 1);
  SUBCASE("no more than there is room for") {
    for (std::size_t i = 0; i < 2 * LogBook::lines_max; ++i)
      book.add(line(LogLevel::info, "d"));
    CHECK(book.lines({.limit = 10'000}).size() == LogBook::lines_max);
    CHECK(book.lines({.limit = 1}).front().number == 3 + 2 * LogBook::lines_max);
  }
  SUBCASE("and no value of endless length") {
    auto longer = line(LogLevel::info, "e");
    longer.fields = {{"message", std::string(10'000, 'x')}};
    book.add(std::move(longer));
    CHECK(book.lines({.limit = 1}).front().fields.front().second.size() == LogBook::value_max);
  }
}

TEST_CASE("levels are read as they are written") {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error})
    CHECK(parse_log_level(to_string(level)) == level);
  CHECK_FALSE(parse_log_level("loud"));
}
