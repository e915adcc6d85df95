#include "adapters/sinks/record_codec.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::core::sinks;

namespace {

Record sample() {
  Record record;
  record.kind = Kind::trade;
  record.instrument = {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  record.name = "123456";
  record.time = -5;
  record.number("price", "61737.63")
      .integer("n", -7)
      .boolean("maker", true)
      .text("note", "a\0b \xE4");
  record.text("empty", "");
  return record;
}

} // namespace

TEST_CASE("a spooled record comes back as it was, of every kind") {
  for (const auto kind : all_kinds) {
    auto record = sample();
    record.kind = kind;
    const auto back = adapters::sinks::decode(adapters::sinks::encode(record));
    REQUIRE(back.has_value());
    CHECK(*back == record);
  }
  CHECK(*adapters::sinks::decode(adapters::sinks::encode(Record{})) == Record{});
}

TEST_CASE("spooled bytes that are cut off or continued are refused") {
  const auto bytes = adapters::sinks::encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(adapters::sinks::decode(std::string_view{bytes}.substr(0, size)).has_value());
  CHECK_FALSE(adapters::sinks::decode(bytes + "x").has_value());
}
