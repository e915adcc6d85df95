// A desk on a real journal whose disk is full.
#include "tests/adapters/journal/journal_world.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace tandem;
using namespace tandem::tests;
using tandem::adapters::files::MemoryDisk;

namespace {

std::size_t bytes_on(adapters::files::MemoryDisk& disk) {
  std::size_t used = 0;
  for (const auto& [name, bytes] : disk.contents())
    used += bytes.size();
  return used;
}

} // namespace

TEST_CASE("P15: on a full disk no order leaves without its intent, cancels and the kill switch go "
          "on, and orders leave again when there is space") {
  adapters::files::MemoryDisk disk;
  DeskWorld world; // for its drafts, facts and ports
  std::vector<core::orders::OrderIntent> sent;
  {
    auto opened = open_journal(disk.files());
    core::orders::Desk desk{
        DeskWorld::options(opened.journal->epoch()), {}, *opened.journal, world.log};
    DeskWorld::open(desk, "binance");
    Port port;
    desk.set_port(DeskWorld::market("binance"), &port, world.now);
    const auto submit = [&] {
      auto draft = world.draft(core::orders::Side::buy);
      draft.tif = core::orders::TimeInForce::gtc;
      const auto facts = world.fresh("binance");
      world.wait(100ms); // not the same order at once
      auto again = facts;
      again.received_at = world.now.mono;
      return desk.submit({&draft, 1}, {&again, 1}, world.now);
    };
    const auto first = submit();
    REQUIRE(first.has_value());
    desk.on_accepted(first->front(), "v1", 1, world.now);
    REQUIRE(port.sent.size() == 1);

    disk.set_capacity(bytes_on(disk));
    for (int n = 0; n < 5; ++n) { // refused by the gate, or ended before they leave
      if (const auto tried = submit())
        CHECK(desk.find(tried->front())->state() == core::orders::OrderState::rejected);
      else
        CHECK(tried.error().rule == core::risk::Rule::journal);
    }
    CHECK(port.sent.size() == 1);
    CHECK(desk.cancel(first->front(), world.now).has_value());
    CHECK(port.cancelled == std::vector{first->front().text()});
    CHECK(desk.kill({}, world.now).size() == 1);
    CHECK(desk.kills().size() == 1);
    CHECK(desk.release(core::risk::KillLevel::all, {}, "ann", world.now));

    disk.set_capacity(std::nullopt);
    desk.pause("pair", "person", "", world.now); // the next thing that is written finds space
    REQUIRE(submit().has_value());
    CHECK(port.sent.size() == 2);
    sent = port.sent;
  }
  std::set<std::string> intents;
  for (const auto& record : open_journal(disk.files()).records)
    if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record))
      intents.insert(intent->intent.id.text());
  for (const auto& intent : sent)
    CHECK(intents.contains(intent.id.text()));
  MESSAGE("P15: ", sent.size(), " orders left, ", intents.size(),
          " intents are on the disk, 0 orders without one");
}
