// A pair that a run before left with a residual nobody could close.
#include "core/orders/no_journal.hpp"
#include "tests/actors/engine_world.hpp"

#include <doctest/doctest.h>

#include <array>

namespace tandem::tests {
namespace {

using core::orders::PausedRecord;

/// An engine whose journal holds this.
struct Restarted : EngineWorld {
  explicit Restarted(std::vector<core::orders::Record> records) {
    parts.trading = actors::supervisor::make_trading(
        parts.config, std::make_unique<core::orders::NoJournal>(), records,
        std::make_shared<adapters::venues::KeyRing>(), sim.context());
    start();
    REQUIRE(both_watching(3s));
  }

  [[nodiscard]] auto told() const {
    return std::count(sim.log.events.begin(), sim.log.events.end(), "PAIR_STRANDED");
  }
};

} // namespace

TEST_CASE("a stranded pair is told again after a restart, to whoever watches now") {
  Restarted engine{{PausedRecord{"btc", "residual", "a residual of 0.5 remains: out of time", 1}}};
  CHECK(engine.told() == 1);
  SUBCASE("and whenever its monitor begins anew") {
    engine.sim.kill(messages::paths::pair_monitor("btc"));
    REQUIRE(engine.both_watching(10s));
    CHECK(engine.told() == 2);
    REQUIRE(engine.alerts("PAIR_STRANDED", "btc") == 1);
    const auto said = std::find_if(engine.heard->alerts.begin(), engine.heard->alerts.end(),
                                   [](const auto& alert) { return alert.code == "PAIR_STRANDED"; });
    CHECK(said->severity == messages::Severity::critical);
    CHECK(said->message.find("a residual of 0.5 remains") != std::string::npos);
  }
  SUBCASE("but not once a person has resumed it") {
    engine.parts.trading->desk->pause("btc", "residual", "", {engine.sim.now(), {}});
    engine.sim.kill(messages::paths::pair_monitor("btc"));
    REQUIRE(engine.both_watching(10s));
    CHECK(engine.told() == 1);
  }
}

TEST_CASE("a pair that a person paused, or let go on, is not called stranded") {
  Restarted engine{{PausedRecord{"btc", "person", "by ann", 1},
                    PausedRecord{"alone", "residual", "a residual of 0.5 remains", 1},
                    PausedRecord{"alone", "residual", "", 2}}};
  CHECK(engine.told() == 0);
}

} // namespace tandem::tests
