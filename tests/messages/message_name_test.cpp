#include "messages/message_name.hpp"

#include "messages/actor_cell.hpp"
#include "messages/events.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::messages;

namespace {

struct Local {};

} // namespace

TEST_CASE("a message is called by its type, without namespaces, by value or reference") {
  CHECK(std::string{kind_of_message<Tick>()} == "Tick");
  CHECK(std::string{kind_of_message<const EngineAlert&, int>()} == "EngineAlert");
  CHECK(std::string{kind_of_message<Local>()} == "Local");
  CHECK(std::string{kind_of_message<std::vector<Tick>>()}.starts_with("vector<"));
  CHECK(std::string{kind_of_message<>()} == "nothing");
  CHECK(kind_of_message<Tick>() == kind_of_message<const Tick&>());
}

TEST_CASE("what an actor handles is seen in its cell") {
  ActorCell cell{"engine/x", "x"};
  core::MonoTime now{std::chrono::seconds{100}};
  const std::function<core::MonoTime()> clock
      = [&now] { return now += std::chrono::milliseconds{1}; };
  { const HandlingScope scope{cell, clock, kind_of_message<Tick>(), 3}; }
  CHECK(cell.messages.load() == 1);
  CHECK(cell.mailbox_depth.load() == 3);
  const auto latest = cell.recent.latest();
  REQUIRE(latest.size() == 1);
  CHECK(std::string{latest[0].what} == "Tick");
  CHECK(latest[0].took == std::chrono::milliseconds{1});
  SUBCASE("a message that goes on has not ended yet") {
    const HandlingScope scope{cell, clock, kind_of_message<Tick>(), 0};
    CHECK_FALSE(cell.recent.latest().front().took);
    CHECK(cell.handling_since());
  }
}
