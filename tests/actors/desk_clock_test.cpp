// The desk's clockwork in virtual time: a kill switch acts at once and is answered when the journal
// has it; what the desk must do by itself happens without anybody's word.
#include "actors/risk/desk_clock.hpp"

#include "tests/actors/risk_world.hpp"

#include <doctest/doctest.h>

namespace tandem::tests {
namespace {

struct Clock : RiskWorld {
  Clock() {
    handle = own(messages::paths::risk, "desk", [&](const auto& cell) {
      return sim.system.spawn(actors::desk_clock, sim.context(), cell, &world.desk);
    });
  }

  /// Throws "all"; the answer comes into `answers`.
  void throw_all() {
    core::risk::KillOrder order;
    order.person = "ann";
    order.reason = "drill";
    asked.push_back(std::make_unique<Pending>(
        sim.self->request(handle, caf::infinite, messages::ThrowKill{order})));
    sim.settle();
  }

  using Pending = decltype(std::declval<caf::scoped_actor&>()->request(
      std::declval<messages::RiskHandle&>(), caf::infinite, std::declval<messages::ThrowKill>()));

  /// The oldest answer; nullopt while there is none.
  std::optional<messages::KillOutcome> answer() {
    std::optional<messages::KillOutcome> got;
    if (!sim.self->has_next_message())
      return got;
    asked.front()->receive([&](messages::KillOutcome& outcome) { got = std::move(outcome); },
                           [&](caf::error& why) { FAIL(sim.system.render(why)); });
    asked.erase(asked.begin());
    return got;
  }

  messages::RiskHandle handle;
  std::vector<std::unique_ptr<Pending>> asked;
};

} // namespace

TEST_CASE("a kill is answered at once where the journal is as safe as promised at once") {
  Clock clock;
  clock.throw_all();
  const auto answer = clock.answer();
  REQUIRE(answer.has_value());
  CHECK(answer->changed);
  CHECK(answer->journalled);
}

TEST_CASE("a kill acts before the disk has it, and is answered when it has") {
  Clock clock;
  clock.world.journal.delayed = true;
  clock.throw_all();
  CHECK(clock.world.desk.kills().size() == 1);
  CHECK_FALSE(clock.world.submit_pair());
  clock.sim.advance(700ms);
  CHECK_FALSE(clock.answer());
  clock.world.journal.sync();
  clock.sim.settle();
  const auto answer = clock.answer();
  REQUIRE(answer.has_value());
  CHECK(answer->journalled);
  CHECK(clock.told("KILL_NOT_JOURNALLED") == 0);
}

TEST_CASE("whoever kills is not kept waiting by a disk that does not answer, but told of it") {
  Clock clock;
  clock.world.journal.delayed = true;
  clock.throw_all();
  clock.throw_all();
  clock.sim.advance(900ms);
  for (int n = 0; n < 2; ++n) {
    const auto answer = clock.answer();
    REQUIRE(answer.has_value());
    CHECK_FALSE(answer->journalled);
    CHECK(answer->changed == (n == 0));
  }
  CHECK(clock.told("KILL_NOT_JOURNALLED") == 2);
  CHECK(clock.world.desk.kills().size() == 1);
}

TEST_CASE("a kill that the disk refuses is in force, and written as soon as the disk takes it") {
  Clock clock;
  clock.world.journal.room = 0;
  clock.throw_all();
  clock.sim.advance(300ms);
  CHECK_FALSE(clock.answer());
  CHECK(clock.world.desk.kills().size() == 1);
  clock.world.journal.room = 100;
  clock.sim.advance(100ms);
  const auto answer = clock.answer();
  REQUIRE(answer.has_value());
  CHECK(answer->journalled);
}

TEST_CASE("the disk may come back when the one who would answer is gone") {
  Clock clock;
  clock.world.journal.delayed = true;
  clock.throw_all();
  clock.sim.kill(messages::paths::risk);
  clock.handle = nullptr;
  clock.world.journal.sync();
  clock.sim.advance(1s);
  CHECK(clock.world.desk.kills().size() == 1);
}

TEST_CASE("an order without a word is asked for by the clock, again and again, until it is known") {
  Clock clock;
  clock.follow();
  const auto id = clock.world.submit();
  clock.world.desk.on_no_answer(id, {core::Errc::timed_out, "no reply", {}}, clock.world.now);
  clock.sim.advance(100ms);
  auto& port = clock.world.ports["binance"];
  CHECK(port.queried.size() == 1);
  CHECK(clock.sim.cell(messages::paths::risk)->state() == "unknown_orders");
  clock.sim.advance(11s);
  CHECK(port.queried.size() == 3);
  clock.follow();
  clock.world.desk.on_order(DeskWorld::shown(id, core::orders::VenueStatus::expired, "0"),
                            clock.world.now);
  clock.sim.advance(11s);
  CHECK(port.queried.size() == 3);
  CHECK(clock.sim.cell(messages::paths::risk)->state() == "running");
}

TEST_CASE("P15: a disk that takes nothing is told of within a second, once, and when it is well") {
  Clock clock;
  clock.world.journal.room = 0;
  clock.follow();
  REQUIRE(clock.world.submit_pair());
  clock.sim.advance(100ms);
  CHECK(clock.told("JOURNAL_FAILED") == 1);
  CHECK(clock.sim.cell(messages::paths::risk)->state() == "journal_failed");
  for (int n = 0; n < 3; ++n) { // comes and goes
    clock.world.journal.room = 1'000;
    clock.sim.advance(1s);
    clock.world.journal.room = 0;
    clock.world.desk.pause("pair", "ann", "lunch", clock.world.now);
    clock.sim.advance(1s);
  }
  clock.world.journal.room = 1'000;
  clock.sim.advance(4s);
  CHECK(clock.told("JOURNAL_RECOVERED") == 0);
  clock.sim.advance(2s);
  CHECK(clock.told("JOURNAL_FAILED") == 1);
  CHECK(clock.told("JOURNAL_RECOVERED") == 1);
  CHECK(clock.sim.cell(messages::paths::risk)->state() == "running");
}

TEST_CASE("how an unknown order ended is taken from a person, and said to everybody") {
  Clock clock;
  const auto id = clock.world.submit();
  clock.world.desk.on_no_answer(id, {core::Errc::timed_out, "no reply", {}}, clock.world.now);
  const messages::DecideOrder word{id, core::orders::VenueStatus::rejected, "ann"};
  const auto first = clock.sim.ask<messages::DecideOutcome>(clock.handle, word);
  REQUIRE_FALSE(first.error.has_value());
  CHECK(first.journalled);
  CHECK(first.order->state() == core::orders::OrderState::rejected);
  CHECK(clock.told("ORDER_DECIDED") == 1);
  const auto again = clock.sim.ask<messages::DecideOutcome>(clock.handle, word);
  REQUIRE(again.error.has_value());
  CHECK(again.error->code == core::Errc::conflict);
  CHECK(clock.told("ORDER_DECIDED") == 1);
}

TEST_CASE("an order that its venue has forgotten is told of once, until the venue knows it again") {
  Clock clock;
  clock.follow();
  const auto id = clock.world.submit();
  clock.world.desk.on_accepted(id, "v1", 5, clock.world.now);
  const auto forgotten = [&] {
    clock.world.desk.on_not_found(id, clock.world.now.mono, clock.world.now);
    clock.sim.advance(200ms);
    clock.follow();
  };
  forgotten();
  forgotten();
  CHECK(clock.told("ORDER_LOST") == 1);
  clock.world.desk.on_order(DeskWorld::shown(id, core::orders::VenueStatus::open, "0"),
                            clock.world.now);
  clock.sim.advance(200ms);
  clock.follow();
  forgotten();
  CHECK(clock.told("ORDER_LOST") == 2);
}

} // namespace tandem::tests
