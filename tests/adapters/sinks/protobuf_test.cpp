/// A record as tandem.v1.Record, read by the generated code: every field, exactly.
#include "adapters/sinks/protobuf.hpp"

#include <doctest/doctest.h>
#include <tandem/v1/record.pb.h>

namespace {

using namespace tandem;
using core::sinks::Kind;

core::sinks::Numbered trade() {
  core::sinks::Numbered item;
  item.sequence = 7;
  item.record.kind = Kind::trade;
  item.record.instrument
      = {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  item.record.name = "99";
  item.record.time = 1'700'000'000'123;
  item.record.number("price", "61737.630000000000000001")
      .integer("receivedAt", -5)
      .boolean("maker", false)
      .text("taker", "b\"uy");
  return item;
}

TEST_CASE("a record is read back with every field and no digit lost") {
  tandem::v1::Record read;
  REQUIRE(read.ParseFromString(adapters::sinks::to_protobuf("a-1", trade(), "prod")));
  CHECK(read.stream() == "a-1");
  CHECK(read.seq() == 7);
  CHECK(read.kind() == "trade");
  CHECK(read.mode() == "prod");
  CHECK(read.exchange() == "binance");
  CHECK(read.type() == "linear");
  CHECK(read.symbol() == "BTCUSDT");
  CHECK(read.id() == "99");
  CHECK(read.ts() == 1'700'000'000'123);
  REQUIRE(read.fields_size() == 4);
  CHECK(read.fields(0).name() == "price");
  CHECK(read.fields(0).decimal() == "61737.630000000000000001");
  CHECK(read.fields(1).integer() == -5);
  CHECK(read.fields(2).value_case() == tandem::v1::RecordField::kFlag); // false is told, too
  CHECK(read.fields(3).text() == "b\"uy");
}

TEST_CASE("what is about no instrument names none") {
  core::sinks::Numbered item;
  item.sequence = 1;
  item.record.text("message", "x");
  tandem::v1::Record read;
  REQUIRE(read.ParseFromString(adapters::sinks::to_protobuf("s", item, "mock")));
  CHECK(read.kind() == "alert");
  CHECK(read.exchange().empty());
  CHECK(read.type().empty());
  CHECK(read.symbol().empty());
}

} // namespace
