/// Actors in virtual time: CAF's deterministic scheduler, a strand that a test turns by hand and
/// clocks that follow both. One thread, no sleeps. The one place in the tests that knows CAF's test
/// coordinator.
#pragma once

#include "apps/one_thread/task_strand.hpp"
#include "core/log.hpp"
#include "messages/context.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

using namespace std::chrono_literals;

/// Keeps the event words.
class MemoryLog final : public core::Log {
public:
  void write(core::LogLevel, std::string_view event,
             std::initializer_list<core::LogField>) override {
    events.emplace_back(event);
  }

  std::vector<std::string> events;
};

class Sim {
  static caf::actor_system_config& prepare(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    config.set("logger.file-verbosity", caf::atom("quiet"));
    return config;
  }

public:
  Sim() {
    context_->clocks.mono = [this] {
      if (const auto text = std::exchange(trip, std::nullopt))
        throw std::runtime_error{*text};
      return now();
    };
    context_->clocks.wall = [this] { return true_time() + set_by; };
    context_->random = [this] { return random; };
    context_->log = &log;
    context_->board = std::make_shared<core::market::Board>();
    context_->directory = std::make_shared<messages::Directory>();
    context_->cells = std::make_shared<messages::CellRegistry>();
    context_->mode = "mock";
  }

  ~Sim() { finish(); }

  /// Actors that the test did not end itself are killed: the system waits for every one. To be
  /// called before things go that tasks on the strand refer to.
  void finish() {
    for (auto& actor : owned)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    owned.clear();
    advance(1s);
    context_->directory->clear();
    strand.clear();
    settle();
  }

  Sim(const Sim&) = delete;
  Sim& operator=(const Sim&) = delete;

  [[nodiscard]] core::MonoTime now() {
    return core::MonoTime{scheduler.clock().now().time_since_epoch()} + std::chrono::hours{1};
  }

  /// What every other clock shows, and ours when nobody set it.
  [[nodiscard]] core::WallTime true_time() {
    return core::WallTime{std::chrono::seconds{1'700'000'000}} + now().time_since_epoch();
  }

  [[nodiscard]] messages::ContextPtr context() const { return context_; }

  template <class Handle>
  Handle own(Handle actor) {
    owned.push_back(caf::actor_cast<caf::actor>(actor));
    settle();
    return actor;
  }

  /// Until neither an actor nor the strand has anything to do.
  void settle() {
    for (std::size_t left = 1'000'000; left > 0; --left) {
      const bool ran = scheduler.try_run_once();
      if (!ran && !turn_strand())
        return;
    }
    throw std::runtime_error{"actors never settle"};
  }

  /// In steps of a millisecond, so that timers armed by timers fire in time.
  void advance(std::chrono::milliseconds span) {
    settle();
    for (std::int64_t step = 0; step < span.count(); ++step) {
      scheduler.advance_time(1ms);
      settle();
    }
  }

  /// Advances until `done`. False after `limit`. @returns the time it took through `took`.
  bool until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    settle();
    took = 0ms;
    while (!done() && took < limit) {
      advance(1ms);
      took += 1ms;
    }
    return done();
  }

  /// A request and its answer, without a second thread.
  template <class Result, class Handle, class... Ts>
  Result ask(const Handle& actor, Ts&&... xs) {
    auto pending = self->request(actor, caf::infinite, std::forward<Ts>(xs)...);
    settle();
    Result result{};
    pending.receive([&](Result& got) { result = std::move(got); },
                    [&](caf::error& why) { throw std::runtime_error{system.render(why)}; });
    return result;
  }

  /// Dies as if it had been killed in the middle of its work.
  void kill(const std::string& path) {
    const auto actor = context_->directory->get<caf::actor>(path);
    REQUIRE_MESSAGE(static_cast<bool>(actor), path);
    caf::anon_send<caf::message_priority::high>(
        actor, caf::exit_msg{actor.address(), caf::exit_reason::kill});
    settle();
  }

  [[nodiscard]] messages::CellPtr cell(const std::string& path) const {
    for (const auto& known : context_->cells->all())
      if (known->path() == path)
        return known;
    return nullptr;
  }

private:
  /// Runs everything that is due. True when something ran.
  bool turn_strand() {
    strand.wake(now());
    const bool any = strand.has_task();
    while (strand.has_task())
      strand.run_one();
    return any;
  }

  caf::actor_system_config config_;
  std::shared_ptr<messages::Context> context_ = std::make_shared<messages::Context>();

public:
  MemoryLog log;
  std::chrono::milliseconds set_by{0}; ///< somebody set our wall clock by so much
  std::uint64_t random = 0;            ///< 0: a back-off takes half its ceiling
  /// The next one who asks for the time gets this thrown instead. Every handler asks first of all.
  std::optional<std::string> trip;
  caf::actor_system system{prepare(config_)};
  caf::scheduler::test_coordinator& scheduler
      = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  caf::scoped_actor self{system};
  one_thread::TaskStrand strand{[this] { return now(); }};
  std::vector<caf::actor> owned;
  std::chrono::milliseconds took{0};
};

} // namespace tandem::tests
