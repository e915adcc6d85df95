#include "apps/tandem_world/faults.hpp"

#include "apps/tandem_sim/random.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tandem::world {
namespace {

using std::chrono::milliseconds;

struct Weight {
  FaultClass kind;
  std::int64_t share;
};

constexpr std::array weights{
    Weight{FaultClass::link_stalls, 6},   Weight{FaultClass::link_resets, 6},
    Weight{FaultClass::link_refuses, 3},  Weight{FaultClass::link_floods, 3},
    Weight{FaultClass::link_slow, 4},     Weight{FaultClass::request_lost, 6},
    Weight{FaultClass::reply_lost, 8},    Weight{FaultClass::venue, 30},
    Weight{FaultClass::clock_jumps, 3},   Weight{FaultClass::clock_drifts, 2},
    Weight{FaultClass::disk_slow, 3},     Weight{FaultClass::disk_fails, 2},
    Weight{FaultClass::disk_full, 1},     Weight{FaultClass::actor_killed, 8},
    Weight{FaultClass::actor_throws, 6},  Weight{FaultClass::actor_hangs, 4},
    Weight{FaultClass::process_stops, 3}, Weight{FaultClass::process_killed, 22},
    Weight{FaultClass::power_lost, 3},    Weight{FaultClass::kill_switch, 2},
};

/// Of a person's commands; drawn for themselves, so that a seed's other faults stay what they are.
constexpr std::array commands{
    Weight{FaultClass::kill_switch, 10},     Weight{FaultClass::breaker_tripped, 4},
    Weight{FaultClass::pair_paused, 4},      Weight{FaultClass::pair_changed, 3},
    Weight{FaultClass::pair_executed, 2},    Weight{FaultClass::plan_paused, 2},
    Weight{FaultClass::plan_changed, 2},     Weight{FaultClass::plan_cancelled, 1},
    Weight{FaultClass::account_moved, 3},    Weight{FaultClass::keys_renewed, 1},
    Weight{FaultClass::settings_renewed, 1},
};
constexpr std::int64_t commands_max = 3;

/// Of the simulator's menu, with a value's range and how many hits at most (0 = for a time).
struct VenueFault {
  std::string_view word;
  std::int64_t value_min = 0, value_max = 0;
  std::int64_t count_max = 0;
};

constexpr std::array venue_faults{
    VenueFault{"half_open"},
    VenueFault{"disconnect"},
    VenueFault{"delay", 50, 1'500, 200},
    VenueFault{"drop", 0, 0, 5},
    VenueFault{"duplicate", 0, 0, 20},
    VenueFault{"reorder", 0, 0, 5},
    VenueFault{"gap", 0, 0, 4},
    VenueFault{"corrupt", 0, 0, 5},
    VenueFault{"429", 1, 5, 3},
    VenueFault{"5xx", 500, 504, 5},
    VenueFault{"stale_snapshot", 0, 0, 1},
    VenueFault{"silence"},
    VenueFault{"refuse_connect"},
    VenueFault{"ack_lost", 0, 0, 4},
    VenueFault{"order_unknown", 0, 0, 4},
    VenueFault{"order_unknown_refused", 0, 0, 4},
    VenueFault{"order_reject", 0, 0, 4},
    VenueFault{"order_delay", 50, 4'000, 4},
    VenueFault{"partial_fill", 100'000, 900'000, 6},
    VenueFault{"fill_before_ack", 20, 1'000, 6},
    VenueFault{"duplicate_fill_event", 0, 0, 6},
    VenueFault{"late_fill_after_expiry", 20, 4'000, 3},
    VenueFault{"late_fill_after_cancel", 20, 4'000, 3},
    VenueFault{"user_stream_drop"},
    VenueFault{"order_rate_limit", 1, 3, 3},
    VenueFault{"maintenance"},
};

std::string_view word_of(FaultClass kind) noexcept {
  switch (kind) {
  case FaultClass::link_stalls:
    return "link stalls";
  case FaultClass::link_resets:
    return "link is reset";
  case FaultClass::link_refuses:
    return "link refuses";
  case FaultClass::link_slow:
    return "link is slow";
  case FaultClass::link_floods:
    return "link floods";
  case FaultClass::request_lost:
    return "requests are lost";
  case FaultClass::reply_lost:
    return "replies are lost";
  case FaultClass::venue:
    return "venue";
  case FaultClass::clock_jumps:
    return "clock jumps";
  case FaultClass::clock_drifts:
    return "clock drifts";
  case FaultClass::disk_slow:
    return "disk is slow";
  case FaultClass::disk_fails:
    return "disk fails";
  case FaultClass::disk_full:
    return "disk is full";
  case FaultClass::actor_killed:
    return "actor is killed";
  case FaultClass::actor_throws:
    return "actor throws";
  case FaultClass::actor_hangs:
    return "actor hangs";
  case FaultClass::process_stops:
    return "process stands still";
  case FaultClass::process_killed:
    return "process is killed";
  case FaultClass::power_lost:
    return "power is lost";
  case FaultClass::kill_switch:
    return "kill switch";
  case FaultClass::journal_folded:
    return "journal is folded";
  case FaultClass::journal_damaged:
    return "journal is damaged";
  case FaultClass::sink_away:
    return "sink's destination is away";
  case FaultClass::sink_mute:
    return "sink's destination is mute";
  case FaultClass::breaker_tripped:
    return "breaker is tripped";
  case FaultClass::pair_paused:
    return "pair is paused";
  case FaultClass::pair_changed:
    return "pair is changed";
  case FaultClass::pair_executed:
    return "pair is executed";
  case FaultClass::plan_paused:
    return "plan is paused";
  case FaultClass::plan_cancelled:
    return "plan is cancelled";
  case FaultClass::plan_changed:
    return "plan is changed";
  case FaultClass::account_moved:
    return "account is moved";
  case FaultClass::keys_renewed:
    return "keys are renewed";
  case FaultClass::settings_renewed:
    return "settings are renewed";
  case FaultClass::order_decided:
    return "unknown orders are decided";
  case FaultClass::orders_wild:
    return "a strategy is wild";
  }
  return "?";
}

bool is_of_plan(FaultClass kind) noexcept {
  return kind == FaultClass::plan_paused || kind == FaultClass::plan_cancelled
         || kind == FaultClass::plan_changed;
}

std::string venue_word(sim::SurfaceId surface) {
  return sim::venue_of(surface) == sim::VenueName::bybit ? "bybit" : "binance";
}

template <std::size_t Size>
FaultClass draw_of(sim::Random& random, const std::array<Weight, Size>& menu) {
  std::int64_t all = 0;
  for (const auto& weight : menu)
    all += weight.share;
  auto drawn = random.between(0, all - 1);
  for (const auto& weight : menu) {
    drawn -= weight.share;
    if (drawn < 0)
      return weight.kind;
  }
  return menu.back().kind;
}

bool is_of_link(FaultClass kind) noexcept {
  return kind == FaultClass::link_stalls || kind == FaultClass::link_resets
         || kind == FaultClass::link_refuses || kind == FaultClass::link_floods
         || kind == FaultClass::link_slow || kind == FaultClass::request_lost
         || kind == FaultClass::reply_lost;
}

// Of the deaths of the process: how many come while it starts, which happens once in a life.
constexpr std::int64_t start_share = 330'000; // of a million
constexpr std::int64_t start_lasts = 1'500;   // ms

class Drawer {
public:
  Drawer(std::uint64_t seed, const FaultBounds& bounds)
      : seed_{seed}, random_{sim::mix_seed(seed, "world faults")},
        person_{sim::mix_seed(seed, "world person")}, bounds_{bounds} {}

  std::vector<Fault> draw() {
    const auto count = random_.between(0, static_cast<std::int64_t>(bounds_.count_max));
    for (std::int64_t n = 0; n < count; ++n)
      add(kind());
    if (random_.chance(150'000))
      swizzle();
    command();
    halt();
    fold();
    damage();
    trouble_sink();
    decide();
    run_wild();
    std::ranges::stable_sort(faults_, {}, &Fault::at);
    return std::move(faults_);
  }

  std::vector<Fault> draw_crashes() {
    fold();
    damage();
    trouble_sink();
    for (auto left = random_.between(1, 3); left > 0; --left) {
      add(bounds_.power_may_fail && random_.chance(300'000) ? FaultClass::power_lost
                                                            : FaultClass::process_killed);
      if (random_.chance(start_share))
        faults_.back().at = milliseconds{random_.between(0, start_lasts)};
    }
    std::ranges::stable_sort(faults_, {}, &Fault::at);
    return std::move(faults_);
  }

private:
  FaultClass kind() {
    const auto drawn = draw_of(random_, weights);
    return drawn == FaultClass::power_lost && !bounds_.power_may_fail ? FaultClass::process_killed
                                                                      : drawn;
  }

  milliseconds moment() {
    return milliseconds{random_.between(bounds_.from.count(), bounds_.to.count())};
  }

  sim::SurfaceId surface() {
    return bounds_.surfaces.at(static_cast<std::size_t>(
        random_.between(0, static_cast<std::int64_t>(bounds_.surfaces.size()) - 1)));
  }

  LinkId link(bool rest_only) {
    const auto channel = rest_only ? Channel::rest : static_cast<Channel>(random_.between(0, 2));
    return {surface(), channel};
  }

  void add(FaultClass kind) {
    Fault fault;
    fault.kind = kind;
    fault.at = moment();
    fault.lasts = milliseconds{random_.between(100, 8'000)};
    switch (kind) {
    case FaultClass::link_stalls:
    case FaultClass::link_resets:
    case FaultClass::link_refuses:
    case FaultClass::link_slow:
    case FaultClass::link_floods:
    case FaultClass::request_lost:
    case FaultClass::reply_lost:
      draw_link(fault);
      break;
    case FaultClass::venue:
      draw_venue(fault);
      break;
    case FaultClass::clock_jumps:
      fault.value = random_.between(-5'000, 5'000);
      break;
    case FaultClass::clock_drifts:
      fault.value = random_.between(-50'000, 50'000);
      break;
    case FaultClass::disk_slow:
      fault.value = random_.between(10, 800);
      break;
    case FaultClass::disk_fails:
      fault.value = random_.between(1, 300);
      break;
    case FaultClass::disk_full:
      break;
    case FaultClass::kill_switch:
      fault.word = "all";
      break;
    case FaultClass::actor_killed:
    case FaultClass::actor_throws:
    case FaultClass::actor_hangs:
      fault.value = random_.between(0, 1'000'000);
      fault.lasts = std::min(fault.lasts, milliseconds{6'000});
      break;
    case FaultClass::process_stops:
      fault.lasts = milliseconds{random_.between(20, 20'000)};
      break;
    case FaultClass::process_killed:
    case FaultClass::power_lost:
      fault.value = random_.between(1, 400);
      fault.moment = static_cast<Moment>(random_.between(0, 2));
      fault.lasts = milliseconds{random_.between(50, 4'000)};
      break;
    case FaultClass::journal_folded:  // see fold()
    case FaultClass::journal_damaged: // see damage()
    case FaultClass::sink_away:       // see trouble_sink()
    case FaultClass::sink_mute:
    case FaultClass::breaker_tripped:
    case FaultClass::pair_paused:
    case FaultClass::pair_changed:
    case FaultClass::pair_executed:
    case FaultClass::plan_paused:
    case FaultClass::plan_cancelled:
    case FaultClass::plan_changed:
    case FaultClass::account_moved:
    case FaultClass::keys_renewed:
    case FaultClass::settings_renewed:
      break;                        // see command()
    case FaultClass::order_decided: // see decide()
    case FaultClass::orders_wild:   // see run_wild()
      break;
    }
    faults_.push_back(std::move(fault));
  }

  void draw_link(Fault& fault) {
    if (fault.kind == FaultClass::link_floods) {
      fault.link = {surface(), random_.chance(500'000) ? Channel::market : Channel::account};
      fault.value = random_.between(100, 5'000);
      return;
    }
    const bool loses
        = fault.kind == FaultClass::request_lost || fault.kind == FaultClass::reply_lost;
    fault.link = link(loses);
    if (loses)
      fault.value = random_.between(50, 1'000);
    else if (fault.kind == FaultClass::link_slow)
      fault.value = random_.between(5, 1'500);
  }

  void draw_venue(Fault& fault) {
    const auto& drawn = venue_faults.at(static_cast<std::size_t>(
        random_.between(0, static_cast<std::int64_t>(venue_faults.size()) - 1)));
    fault.word = drawn.word;
    fault.link = {surface(), Channel::market};
    fault.value = random_.between(drawn.value_min, drawn.value_max);
    const auto count = random_.between(1, std::max<std::int64_t>(drawn.count_max, 1));
    fault.count = drawn.count_max > 0 ? count : 0;
  }

  template <class T>
  const T& any_of(const std::vector<T>& all) {
    return all.at(
        static_cast<std::size_t>(person_.between(0, static_cast<std::int64_t>(all.size()) - 1)));
  }

  std::string strategy() {
    auto all = bounds_.pairs;
    all.insert(all.end(), bounds_.plans.begin(), bounds_.plans.end());
    return any_of(all);
  }

  /// The whole engine, a venue or, for the last third, what `strategy_word` says.
  std::string scope(const char* whole, const std::string& strategy_word) {
    switch (person_.between(0, 2)) {
    case 0:
      return whole;
    case 1:
      return "venue." + venue_word(any_of(bounds_.surfaces));
    default:
      return strategy_word;
    }
  }

  /// A venue trades nothing of one market for a while; drawn for itself, too.
  void halt() {
    sim::Random random{sim::mix_seed(seed_, "world halt")};
    if (!random.chance(200'000))
      return;
    Fault fault;
    fault.kind = FaultClass::venue;
    fault.word = "halt";
    fault.link = {bounds_.surfaces.at(static_cast<std::size_t>(
                      random.between(0, static_cast<std::int64_t>(bounds_.surfaces.size()) - 1))),
                  Channel::market};
    fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
    fault.lasts = milliseconds{random.between(500, 15'000)};
    faults_.push_back(std::move(fault));
  }

  void fold() {
    sim::Random random{sim::mix_seed(seed_, "world fold")};
    if (!random.chance(250'000))
      return;
    for (auto left = random.between(1, 2); left > 0; --left) {
      Fault fault;
      fault.kind = FaultClass::journal_folded;
      fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
      faults_.push_back(std::move(fault));
    }
  }

  void damage() {
    sim::Random random{sim::mix_seed(seed_, "world damage")};
    if (!random.chance(150'000))
      return;
    Fault fault;
    fault.kind = FaultClass::journal_damaged;
    fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
    fault.lasts = milliseconds{random.between(50, 4'000)};
    fault.value = random.between(1, 1'000'000'000);
    faults_.push_back(std::move(fault));
  }

  void trouble_sink() {
    sim::Random random{sim::mix_seed(seed_, "world sink")};
    for (auto left = random.between(0, 2); left > 0; --left) {
      Fault fault;
      fault.kind = random.chance(500'000) ? FaultClass::sink_away : FaultClass::sink_mute;
      fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
      fault.lasts = milliseconds{random.between(200, 12'000)};
      if (fault.kind == FaultClass::sink_mute)
        fault.value = random.between(50, 1'000);
      faults_.push_back(std::move(fault));
    }
  }

  void decide() {
    sim::Random random{sim::mix_seed(seed_, "world decisions")};
    if (!random.chance(250'000))
      return;
    Fault fault;
    fault.kind = FaultClass::order_decided;
    fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
    fault.lasts = milliseconds{random.between(2'000, 20'000)};
    faults_.push_back(std::move(fault));
  }

  void run_wild() {
    sim::Random random{sim::mix_seed(seed_, "world wild orders")};
    if (!random.chance(150'000))
      return;
    Fault fault;
    fault.kind = FaultClass::orders_wild;
    fault.at = milliseconds{random.between(bounds_.from.count(), bounds_.to.count())};
    fault.lasts = milliseconds{random.between(200, 4'000)};
    fault.value = random.between(1, 1'000'000'000);
    faults_.push_back(std::move(fault));
  }

  /// What a person does in this world: nothing in every other.
  void command() {
    if (bounds_.pairs.empty() || person_.chance(500'000))
      return;
    for (auto left = person_.between(1, commands_max); left > 0; --left) {
      Fault fault;
      fault.kind = draw_of(person_, commands);
      fault.at = milliseconds{person_.between(bounds_.from.count(), bounds_.to.count())};
      fault.lasts = milliseconds{person_.between(200, 12'000)};
      if (is_of_plan(fault.kind) && bounds_.plans.empty())
        fault.kind = FaultClass::pair_paused;
      fault.word = is_of_plan(fault.kind) ? any_of(bounds_.plans) : any_of(bounds_.pairs);
      if (fault.kind == FaultClass::kill_switch) {
        fault.word = scope("all", strategy());
        fault.value = person_.between(0, 1);
      } else if (fault.kind == FaultClass::breaker_tripped) {
        fault.word = scope("global", "pair." + fault.word);
      } else if (fault.kind == FaultClass::pair_changed) {
        fault.value = person_.between(0, 1);
      } else if (fault.kind == FaultClass::account_moved) {
        fault.link = {any_of(bounds_.surfaces), Channel::account};
        fault.word = person_.chance(500'000) ? "BTC" : "ETH";
        fault.value = person_.between(-900, 900);
      } else if (fault.kind == FaultClass::keys_renewed) {
        fault.word = venue_word(any_of(bounds_.surfaces));
        fault.value = person_.between(0, 2);
      } else if (fault.kind == FaultClass::settings_renewed) {
        fault.word.clear();
      }
      faults_.push_back(std::move(fault));
    }
  }

  /// Links stop one by one and come back in another order.
  void swizzle() {
    std::vector<LinkId> links;
    for (const auto surface : bounds_.surfaces)
      for (const auto channel : {Channel::market, Channel::account, Channel::rest})
        links.push_back({surface, channel});
    for (std::size_t n = links.size(); n > 1; --n)
      std::swap(
          links[n - 1],
          links[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(n) - 1))]);
    auto at = moment();
    const auto over = at + milliseconds{random_.between(1'000, 6'000)};
    for (const auto& one : links) {
      Fault fault;
      fault.kind = FaultClass::link_stalls;
      fault.link = one;
      fault.at = at;
      fault.lasts = std::max(over - at, milliseconds{0}) + milliseconds{random_.between(0, 3'000)};
      faults_.push_back(fault);
      at += milliseconds{random_.between(10, 400)};
    }
  }

  std::uint64_t seed_;
  sim::Random random_, person_;
  const FaultBounds& bounds_;
  std::vector<Fault> faults_;
};

} // namespace

std::string describe(const Fault& fault) {
  auto text = std::to_string(fault.at.count()) + " ms: " + std::string{word_of(fault.kind)};
  if (is_of_link(fault.kind))
    text += ' ' + to_string(fault.link);
  if (fault.kind == FaultClass::venue)
    text += ' ' + std::string{sim::name_of(fault.link.surface)} + ' ' + fault.word
            + (fault.count > 0 ? ' ' + std::to_string(fault.count) : std::string{});
  else if (!fault.word.empty())
    text += ' ' + fault.word;
  if (fault.kind == FaultClass::process_killed || fault.kind == FaultClass::power_lost)
    text += std::string{fault.moment == Moment::before   ? " before"
                        : fault.moment == Moment::within ? " within"
                                                         : " after"}
            + " its next operation no.";
  if (fault.value != 0)
    text += ' ' + std::to_string(fault.value);
  return text + ", " + std::to_string(fault.lasts.count()) + " ms long";
}

std::vector<Fault> draw_faults(std::uint64_t seed, const FaultBounds& bounds) {
  return Drawer{seed, bounds}.draw();
}

std::vector<Fault> draw_crashes(std::uint64_t seed, const FaultBounds& bounds) {
  return Drawer{seed, bounds}.draw_crashes();
}

} // namespace tandem::world
