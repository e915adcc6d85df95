// Instruments: the lot grid and the table a market is looked up in.
#include "core/types/instrument.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>

using namespace tandem::core;

namespace {

Instrument instrument(const char* symbol) {
  Instrument result;
  result.key = {VenueId{"binance"}, MarketType::spot, Symbol{symbol}};
  return result;
}

} // namespace

TEST_CASE("a quantity is rounded towards zero to the lot") {
  auto btc = instrument("BTCUSDT");
  btc.lot = {5};
  CHECK(round_to_lot(btc, {0}).units == 0);
  CHECK(round_to_lot(btc, {4}).units == 0);
  CHECK(round_to_lot(btc, {5}).units == 5);
  CHECK(round_to_lot(btc, {14}).units == 10);
  CHECK(round_to_lot(btc, {-14}).units == -10);
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  CHECK(round_to_lot(btc, {max}).units == max - 2);
  SUBCASE("an instrument without a lot leaves it as it is") {
    btc.lot = {0};
    CHECK(round_to_lot(btc, {14}).units == 14);
  }
}

TEST_CASE("a table finds what it was given and nothing else") {
  const InstrumentTable table{{instrument("BTCUSDT"), instrument("ETHUSDT")}};
  CHECK(table.size() == 2);
  CHECK(table.all().size() == 2);
  REQUIRE(table.find(Symbol{"ETHUSDT"}) != nullptr);
  CHECK(table.find(Symbol{"ETHUSDT"})->key.symbol.text() == "ETHUSDT");
  CHECK(table.find(Symbol{"ethusdt"}) == nullptr);
  CHECK(table.find(Symbol{}) == nullptr);
  CHECK(InstrumentTable{}.find(Symbol{"BTCUSDT"}) == nullptr);
  CHECK(InstrumentTable{}.all().empty());
}

TEST_CASE("an entry outlives its table") {
  std::shared_ptr<const Instrument> kept;
  {
    const InstrumentTable table{{instrument("BTCUSDT")}};
    kept = table.find(Symbol{"BTCUSDT"});
  }
  CHECK(kept->key.symbol.text() == "BTCUSDT");
}

TEST_CASE("of a symbol listed twice the later entry counts") {
  auto later = instrument("BTCUSDT");
  later.status = InstrumentStatus::halted;
  const InstrumentTable table{{instrument("BTCUSDT"), later}};
  CHECK(table.size() == 1);
  CHECK(table.find(Symbol{"BTCUSDT"})->status == InstrumentStatus::halted);
}

TEST_CASE("every status has its word") {
  CHECK(to_string(InstrumentStatus::trading) == "trading");
  CHECK(to_string(InstrumentStatus::halted) == "halted");
  CHECK(to_string(InstrumentStatus::pre_open) == "pre_open");
  CHECK(to_string(InstrumentStatus::closed) == "closed");
}
