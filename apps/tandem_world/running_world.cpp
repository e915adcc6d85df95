#include "apps/tandem_world/running_world.hpp"

#include "adapters/files/crc32c.hpp"
#include "adapters/files/frame.hpp"
#include "adapters/journal/file_journal.hpp"
#include "adapters/journal/segment.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using core::MonoTime;
using std::chrono::milliseconds;

constexpr auto recovery_max = 180s; ///< within this everything works again
constexpr auto calm_tail = 3s;      ///< how long it must go on well
constexpr auto look_every = 500ms;
constexpr auto sink_delay_max = 2s; ///< of one whose destination is well
constexpr auto fill_told_max = 6s;  ///< from the trade until the engine hears of it
constexpr std::uint64_t steps_at_once_max = 3'000'000;

/// What of its records waits longer than it should; empty: nothing.
std::string slow_sink(const messages::ActorCell& cell) {
  for (const auto& [name, value] : cell.counters())
    if (name == "lag_ms" && milliseconds{value} > sink_delay_max)
      return "a record waits since " + std::to_string(value) + " ms in the sink ("
             + cell.last_error() + "); ";
  return cell.state() == "live" ? "" : "the sink is " + cell.state() + "; ";
}

struct Damage {
  std::string file, what;
  std::optional<std::string> bytes; ///< nullopt: the file is gone
  bool cut = false;                 ///< its end is gone
};

/// As a program of another time may have written it, and whole by its checksums: the file's head in
/// another format, or a record that is longer, shorter, of a kind or of a version that this one
/// does not know.
std::string of_another_time(const std::string& bytes, sim::Random& random) {
  constexpr std::size_t format_at = 8; // behind the magic
  constexpr std::size_t head_size
      = adapters::journal::segment_header_bytes - sizeof(std::uint32_t); // without its checksum
  const auto what = random.between(0, 4);
  if (what == 0) {
    auto head = bytes.substr(0, head_size);
    head[format_at] = static_cast<char>(head[format_at] + 1);
    adapters::files::put_number(head, adapters::files::crc32c(head));
    return head + bytes.substr(head.size());
  }
  auto at = adapters::journal::segment_header_bytes;
  auto frame = adapters::files::frame_at(bytes, at);
  for (auto left = random.between(0, 9); left > 0; --left)
    if (const auto next = adapters::files::frame_at(bytes, at + frame->size())) {
      at += frame->size();
      frame = next;
    }
  std::string payload{frame->payload};
  constexpr char unknown = 99;
  if (what == 1)
    payload[0] = unknown;
  else if (what == 2)
    payload[1] = unknown;
  else if (what == 3)
    payload += unknown;
  else
    payload.pop_back();
  auto changed = bytes.substr(0, at);
  adapters::files::append_frame(changed, frame->sequence, payload);
  return changed + bytes.substr(at + frame->size());
}

/// Of a file that was whole: a bit is another one, another program wrote it, or, where a later file
/// follows, its end or all of it is gone. What is cut from the last file nobody could miss. @return
/// nullopt: none is large enough.
std::optional<Damage> draw_damage(adapters::files::MemoryDisk& disk, std::uint64_t draw) {
  constexpr std::size_t large = 2'048; // a whole record lies behind its first half
  const auto read = adapters::journal::read_journal(*disk.files());
  std::vector<std::string> found;
  for (const auto& file : read ? *read : std::vector<adapters::journal::JournalFile>{})
    if (file.contents && file.bytes >= large)
      found.push_back(file.name);
  if (found.empty())
    return std::nullopt;
  sim::Random random{draw};
  const auto any = [&random](std::size_t size) {
    return static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(size) - 1));
  };
  Damage damage;
  damage.file = found.at(any(found.size()));
  auto bytes = disk.contents().at(damage.file);
  const bool last = damage.file == read->back().name;
  const auto kind = any(last ? 2 : 4);
  constexpr std::size_t head = 16; // what kind of file it is, and which engine's
  if (kind == 0) {
    const auto at = any(any(4) == 0 ? head : bytes.size() / 2);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << any(8)));
    damage.what = "has another bit in byte " + std::to_string(at);
  } else if (kind == 1) {
    bytes = of_another_time(bytes, random);
    damage.what = "was written by another program";
  } else if (kind == 2) {
    bytes.resize(bytes.size() - 1 - any(bytes.size() / 2));
    damage.what = "ends with byte " + std::to_string(bytes.size());
    damage.cut = true;
  } else {
    damage.what = "is gone";
    return damage;
  }
  damage.bytes = std::move(bytes);
  return damage;
}

/// @param said by the engine
bool names(const Damage& damage, const core::Error& said) {
  // What is cut between two records shows in the file behind it.
  return !damage.bytes || said.source.find(damage.file) != std::string::npos
         || (damage.cut && said.detail.find("the file before it ends with") != std::string::npos);
}

} // namespace

/// A whole file of the journal is not what it was: the engine says which, touches nothing, and
/// does not begin until a person has put back what was there.
void World::begin_damaged(std::uint64_t draw) {
  const auto damage = draw_damage(disk_, draw);
  if (!damage)
    return;
  const auto whole = disk_.contents().at(damage->file);
  trace_.line(timeline_.elapsed(), "damage", damage->file, damage->what);
  if (damage->bytes)
    disk_.put(damage->file, *damage->bytes);
  else
    disk_.drop(damage->file);
  const auto damaged = disk_.contents();
  {
    const auto begun = Life::begin(ground_, random_.next(), {});
    if (begun)
      judge_.fault("the engine builds on a damaged journal: " + damage->file + ' ' + damage->what);
    else if (!names(*damage, begun.error()))
      judge_.fault(damage->file + ' ' + damage->what
                   + ", but the engine says: " + core::describe(begun.error()));
    else if (disk_.contents() != damaged)
      judge_.fault("the engine writes beside a damaged journal: " + damage->file + ' '
                   + damage->what);
  }
  disk_.put(damage->file, whole);
}

void World::begin_life() {
  ++lives_;
  judge_.on_begin();
  if (!disk_state_.refuses())
    if (const auto draw = std::exchange(damage_, std::nullopt))
      begin_damaged(*draw);
  auto begun = Life::begin(ground_, random_.next(), std::exchange(crash_plan_, {}));
  if (!begun) {
    if (!disk_state_.refuses() && !std::exchange(cannot_begin_, true))
      judge_.fault("the engine cannot begin: " + core::describe(begun.error()));
    timeline_.after(1s, [this] {
      if (life_ == nullptr)
        begin_life();
    });
    return;
  }
  life_ = std::move(*begun);
  person_.on_begin();
}

void World::bury() {
  if (life_ == nullptr)
    return;
  steps_ += life_->time().steps();
  life_.reset();
  stopped_until_.reset();
  if (!std::exchange(power_goes_, false))
    return;
  disk_.cut_power(random_.next());
  if (scenery_.config.trading.durability == config::Durability::os) {
    person_.on_journal_lost();
    judge_.on_journal_lost();
  }
  // A spool is not synced: what a power loss takes of it is not promised.
  sink_disk_.cut_power(random_.next());
  warehouse_.forgive();
}

/// One turn of the process. False when it has nothing to do, or is not there.
bool World::work() {
  if (!runs())
    return false;
  if (!life_->dead() && !life_->gave_up())
    return life_->step();
  ++crashes_;
  sink_may_lack_ = true; // what had no number yet
  trace_.line(timeline_.elapsed(), "process", life_->dead() ? "killed" : "gave-up", {});
  bury();
  timeline_.after(std::exchange(down_for_, restart_usual), [this] {
    if (life_ == nullptr)
      begin_life();
  });
  return true;
}

void World::run_until(MonoTime end) {
  while (true) {
    std::uint64_t turns = 0;
    while (work() || timeline_.run_one())
      if (++turns > steps_at_once_max)
        throw std::runtime_error{"the world never comes to rest"};
    auto next = begin_at + (simulator_.next_due() - scenery_.beginning);
    const auto sooner = [&next](const std::optional<MonoTime>& at) {
      if (at)
        next = std::min(next, *at);
    };
    sooner(timeline_.next());
    if (life_ != nullptr)
      sooner(stopped_until_ ? stopped_until_ : life_->time().next_timer());
    if (next >= end) {
      timeline_.move_to(end);
      if (runs())
        life_->time().move_to(end);
      return;
    }
    timeline_.move_to(next);
    simulator_.advance(net_.wall());
    if (stopped_until_ && *stopped_until_ <= timeline_.now())
      stopped_until_.reset();
    if (runs())
      life_->time().move_to(timeline_.now());
  }
}

void World::make_whole() {
  whole_ = true;
  for (const auto surface : scenery_.surfaces)
    for (const auto channel : {Channel::market, Channel::account, Channel::rest})
      net_.set({surface, channel}, {});
  static_cast<void>(
      simulator_.on_admin({"DELETE", "/faults", {}, {}, {}, "127.0.0.1:1"}, net_.wall()));
  clock_jump_ = 0ns;
  drift_us_per_s_ = 0;
  disk_state_ = {};
  disk_.set_capacity(std::nullopt);
  warehouse_.close(false);
  warehouse_.lose_answers(0);
  crash_plan_ = {};
  if (life_ != nullptr) {
    life_->plan({});
    stopped_until_.reset();
    life_->time().move_to(timeline_.now());
  }
  person_.finish();
}

std::string World::not_ready() const {
  if (life_ == nullptr)
    return "the engine does not run";
  auto text = person_.waits_for();
  life_->trading().desk->with_gate([&](const core::risk::Gate& gate) {
    for (const auto& venue : scenery_.config.venues)
      for (const auto& market : venue.markets) {
        const auto* status = gate.market({venue.id, market.type});
        if (status == nullptr || !status->open)
          text += venue.id.text() + '.' + std::string{core::to_string(market.type)} + " is closed ("
                  + (status == nullptr ? "unknown" : status->reason) + "); ";
      }
  });
  for (const auto& pair : scenery_.config.pairs)
    for (const auto& leg : {pair.leg1, pair.leg2}) {
      const auto entry = life_->context()->board->find(leg);
      const auto view = entry ? entry->view() : nullptr;
      if (!view || view->condition != core::market::BookCondition::live)
        text += "the book of " + core::to_string(leg) + " is "
                + (view ? std::string{core::market::to_string(view->condition)} : "not there")
                + "; ";
    }
  for (const auto& cell : life_->context()->cells->all())
    if (cell->kind() == "sink")
      text += slow_sink(*cell);
  for (const auto& order : life_->trading().desk->unsettled())
    if (order->state() == core::orders::OrderState::unknown)
      text += "order " + order->intent().id.text() + " is unknown; ";
  return text;
}

/// What has a number is at the destination; and where nothing died, every fill of the journal is.
void World::check_sink() {
  for (auto& gap : warehouse_.gaps())
    judge_.fault("the sink: " + std::move(gap));
  if (sink_may_lack_)
    return;
  // What is younger may wait for company.
  const auto until = core::to_millis(net_.wall() - fill_told_max - sink_delay_max);
  for (auto& one : warehouse_.missing(judge_.records(), until))
    judge_.fault("the sink: " + std::move(one));
}

/// The faults are over: everything must come back by itself, the accounts must agree, and the
/// engine must trade again.
void World::recover() {
  make_whole();
  const auto deadline = timeline_.now() + recovery_max;
  auto orders_before = judge_.orders();
  bool lets = false; // the person has taken everything back
  std::optional<MonoTime> good_since;
  std::string reason;
  std::optional<Judge::Accounts> accounts;
  while (timeline_.now() < deadline) {
    run_until(timeline_.now() + look_every);
    if (!std::exchange(lets, lets || person_.waits_for().empty()))
      orders_before = judge_.orders();
    reason = not_ready();
    if (reason.empty()) {
      accounts = judge_.accounts();
      if (!accounts)
        reason = "the journal cannot be read";
      else if (!accounts->differences.empty())
        reason = accounts->differences.front();
      else if (!accounts->engine.working.empty())
        reason = "pair " + *accounts->engine.working.begin() + " is still at work";
      else if (!scenery_.tight && judge_.orders() == orders_before
               && accounts->engine.paused.size() < scenery_.config.pairs.size())
        reason = "no order was sent since";
    }
    if (!reason.empty())
      continue;
    if (!good_since)
      good_since = timeline_.now();
    if (timeline_.now() - *good_since >= calm_tail)
      break;
  }
  if (good_since && accounts) { // perhaps it only never rests for long
    judge_.check_settled(*accounts);
    return check_sink();
  }
  judge_.fault("not well again within " + std::to_string(recovery_max.count()) + " s: " + reason);
}

} // namespace tandem::world
