/// The person at the engine: gives commands as REST requests, asks again until each is answered,
/// and takes everything back at the end. What they do stands in faults.hpp.
#pragma once

#include "adapters/venues/trading.hpp"
#include "apps/tandem_world/faults.hpp"
#include "apps/tandem_world/judge.hpp"
#include "apps/tandem_world/life.hpp"
#include "apps/tandem_world/scenery.hpp"
#include "core/risk/kill.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tandem::world {

class Person {
public:
  /// All outlive it. @param living the process that can be spoken to; null: none at the moment.
  Person(const Scenery& scenery, Timeline& timeline, Judge& judge, sim::Simulator& simulator,
         const MemoryNet& net, std::function<Life*()> living)
      : scenery_{scenery}, timeline_{timeline}, judge_{judge}, simulator_{simulator}, net_{net},
        living_{std::move(living)} {}

  /// From now on whatever the interface shows is asked for now and then, as screens do.
  void look_around();
  void act(const Fault& fault);
  /// A new process: a switch that it does not know (the disk had not taken it yet) is thrown again.
  void on_begin();
  /// What the journal did not have on the disk is lost: orders that it does not know any more are
  /// accepted from now on, and whatever was asked of the engine is asked again.
  void on_journal_lost();
  /// From now on everything is taken back; switches that flatten when there is nothing left.
  void finish();

  /// Why it is not all taken back yet; empty = it is.
  [[nodiscard]] std::string waits_for() const;

private:
  struct Request {
    std::string method, path, query, body;
  };

  /// Asked again until the engine has answered; what it cannot do at the moment, too.
  struct Wish {
    std::vector<Request> requests; ///< the next one when the one before it is done
    std::uint64_t number = 0;
    std::optional<core::MonoTime> asked_at;
  };

  struct Thrown {
    core::risk::KillOrder order;
    bool seen = false;     ///< the engine has it
    bool promised = false; ///< it said that a crash does not undo it
    std::optional<core::MonoTime> again_at;
  };

  /// Another one of the same name is given up.
  void want(const std::string& name, std::vector<Request> requests);
  /// As want, and not again when the journal is lost.
  void want_once(const std::string& name, std::vector<Request> requests);
  void work();
  void ask(Life& life, const std::string& name);
  void on_promise(const std::string& name);
  void take_back_later(const Fault& fault, const std::string& name, std::function<void()> what);

  [[nodiscard]] std::string trial_of(const std::string& plan) const;
  void decide_in_vain();
  void give_keys(const core::VenueId& venue, const adapters::venues::Credentials& keys);
  void tell_of_keys(const core::VenueId& of);
  void throw_switch(const Fault& fault);
  void want_thrown(const core::risk::KillOrder& order);
  [[nodiscard]] bool lifts(const core::risk::KillOrder& order) const;
  void release(core::risk::KillLevel level, const std::string& scope);
  void flatten();
  void trip(const Fault& fault);
  void pause_pair(const Fault& fault);
  void change_pair(const Fault& fault);
  void execute_pair(const Fault& fault);
  void steer_plan(const Fault& fault);
  void move_account(const Fault& fault);
  void accept(Life& life);
  void begin_deciding(const Fault& fault);
  void decide(Life& life);
  void renew_keys(const Fault& fault);
  void renew_settings(const Fault& fault);

  const Scenery& scenery_;
  Timeline& timeline_;
  Judge& judge_;
  sim::Simulator& simulator_;
  const MemoryNet& net_;
  std::function<Life*()> living_;
  std::map<std::string, Wish> wishes_;
  std::map<std::string, std::vector<Request>> wanted_; ///< last, whether it was done or not
  std::map<std::string, std::function<void()>> to_take_back_;
  std::vector<Thrown> thrown_;
  std::set<core::MarketKey> accepts_; ///< where the account was moved
  core::MonoTime accept_at_{}, decides_until_{};
  std::uint64_t wished_ = 0, looks_ = 0;
  bool works_ = false;
  bool finishing_ = false;
  bool accepts_orders_ = false;
};

} // namespace tandem::world
