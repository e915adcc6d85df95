#include "tests/adapters/journal/crash_world.hpp"

#include "tests/adapters/journal/journal_world.hpp"
#include "tests/core/orders/desk_world.hpp"
#include "tests/core/strategy/two_leg_world.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <set>
#include <utility>

namespace tandem::tests {
namespace {

using namespace std::chrono_literals;
using adapters::files::Fate;
using core::orders::Desk;
using core::strategy::Direction;
using core::strategy::ExecutionPhase;
using core::strategy::LegOrder;

constexpr auto tick_interval = 100ms; ///< as pair_monitor and order_gateway have it
constexpr auto idle_interval = 500ms; ///< while nothing but a venue's word can bring it on
constexpr auto read_again = 1'000ms;  ///< as order_gateway while orders are open
constexpr auto books_after = 1'000ms;
/// Far beyond every wait that is meant to end: what is not over by then never will be.
constexpr auto patience = 30min;
/// In thousandths of the base asset: what the execution is to trade, and the coarser of the lots.
constexpr std::int64_t decided = 1'000, coarser_lot = 10;
constexpr std::array<std::string_view, 2> venues{"one", "two"};

const core::Money loss_max = core::to_money(core::Decimal{2, 0});

core::market::DepthView book_of(std::size_t leg, std::string_view bid, std::string_view ask) {
  auto view = two_leg_book(
      {{bid, "50"}}, {{ask, "50"}},
      {.lot = leg == 0 ? "0.001" : "0.01", .quantity_min = "0", .notional_min = "0.5"});
  auto rules = *view.instrument;
  rules.key = leg == 0 ? two_leg_pair().leg1 : two_leg_pair().leg2;
  view.instrument = std::make_shared<const core::Instrument>(std::move(rules));
  return view;
}

using Books = std::array<core::market::DepthView, 2>;

/// Bought where it is cheap, whichever leg that is.
Books books_in(Market market, Direction direction) {
  const std::size_t cheap = direction == Direction::leg1_buy_leg2_sell ? 0 : 1;
  const auto books = [&](std::string_view cheap_bid, std::string_view cheap_ask,
                         std::string_view dear_bid, std::string_view dear_ask) {
    Books made{book_of(cheap, cheap_bid, cheap_ask), book_of(1 - cheap, dear_bid, dear_ask)};
    if (cheap == 1)
      std::swap(made[0], made[1]);
    return made;
  };
  switch (market) {
  case Market::calm:
    return books("99.99", "100.00", "100.50", "100.51");
  case Market::dear:
    return books("99.00", "101.60", "99.20", "101.80");
  case Market::run_away:
    return books("94.00", "106.00", "94.50", "106.50");
  }
  return {};
}

/// The process: all that a kill takes away.
class Engine {
public:
  Engine(adapters::files::MemoryDisk& disk, Operations& operations, CrashVenue& venue,
         LegOrder order, const core::risk::Now& now)
      : ports_{Port{operations, venue}, Port{operations, venue}},
        opened_{open_journal(killable(disk, operations))},
        desk{options(opened_.journal->epoch()), {}, *opened_.journal, log_},
        executor{two_leg_pair(), limits(order), desk, book} {
    const auto restored = desk.restore(opened_.records, now);
    book.restore(restored.executions, restored.totals, restored.history);
    desk.add_listener([this](const core::orders::OrderUpdate& update) { heard.push_back(update); });
    executor.resume(now);
    for (std::size_t leg = 0; leg < 2; ++leg)
      desk.set_port(market_of(leg), &ports_.at(leg), now);
    desk.with_gate([&](core::risk::Gate& gate) {
      for (std::size_t leg = 0; leg < 2; ++leg) {
        gate.set_fee(market_of(leg), core::Symbol{"BTCUSDT"}, two_leg_fee);
        gate.set_balance(std::string{venues.at(leg)}, "USDT", money("1000000"));
        gate.set_balance(std::string{venues.at(leg)}, "BTC", money("1000"));
      }
    });
  }

  static core::MarketKey market_of(std::size_t leg) {
    return {core::VenueId{std::string{venues.at(leg)}}, core::MarketType::spot};
  }

  void set_market(std::size_t leg, bool open) {
    desk.with_gate([&](core::risk::Gate& gate) {
      gate.set_market(market_of(leg), {.open = open,
                                       .reason = open ? "" : "reconciling",
                                       .account = std::string{venues.at(leg)}});
    });
  }

  [[nodiscard]] const std::vector<core::orders::Record>& records() const { return opened_.records; }

  [[nodiscard]] ExecutionPhase phase() const {
    const auto last = book.last(two_leg_pair().id);
    return last ? last->phase : ExecutionPhase::legs;
  }

private:
  struct Port final : core::orders::OrderPort {
    Port(Operations& counted, CrashVenue& to) : operations{counted}, venue{to} {}

    void send(const core::risk::ApprovedOrder& order) override {
      operations.request([&] { venue.send(order.intent()); });
    }

    void cancel(const core::orders::OrderIntent& intent, const std::string&) override {
      operations.request([&] { venue.cancel(intent.id); });
    }

    void query(const core::orders::OrderIntent& intent, const std::string&, bool) override {
      operations.request([&] { venue.query(intent.id); });
    }

    void cancel_all() override {}

    Operations& operations;
    CrashVenue& venue;
  };

  static std::unique_ptr<adapters::files::FileLayer> killable(adapters::files::MemoryDisk& disk,
                                                              Operations& operations) {
    return adapters::files::faulty_files(
        disk.files(),
        [&operations](const adapters::files::NumberedOperation& operation) {
          if (operation.operation != adapters::files::FileOperation::append)
            return adapters::files::Fate{};
          return operations.write(operation.bytes);
        },
        [] { throw Operations::Killed{}; });
  }

  static core::orders::DeskOptions options(std::uint64_t epoch) {
    core::orders::DeskOptions made;
    made.engine = core::orders::EngineId{"test"};
    made.epoch = epoch;
    return made;
  }

  static core::strategy::ExecutorLimits limits(LegOrder order) {
    core::strategy::ExecutorLimits made;
    made.legs.order = order;
    made.legs.max_leg_loss = loss_max;
    return made;
  }

  std::array<Port, 2> ports_;
  SilentLog log_;
  adapters::journal::FileJournal::Opened opened_;

public:
  Desk desk;
  core::strategy::ExecutionBook book;
  core::strategy::Executor executor;
  std::deque<core::orders::OrderUpdate> heard;
};

class CrashWorld {
public:
  CrashWorld(const CrashCase& one, std::vector<Kill> kills)
      : case_{one}, kills_{std::move(kills)}, venue_{one.script, now_},
        calm_{books_in(Market::calm, one.direction)}, moved_{books_in(one.market, one.direction)} {}

  CrashOutcome run() {
    for (std::size_t life = 0;; ++life) {
      const auto kill = life < kills_.size() ? kills_[life] : Kill{};
      try {
        live(life, kill);
        break;
      } catch (const Operations::Killed&) {
        // A crash while it opens its journal is one in the state that the journal holds.
        outcome_.crashed_in.push_back(engine_ ? engine_->phase() : phase_before_);
        phase_before_ = outcome_.crashed_in.back();
        venue_.connect(nullptr);
        engine_.reset();
        down(kill.restart);
      }
    }
    check();
    return std::move(outcome_);
  }

private:
  void live(std::size_t life, const Kill& kill) {
    const bool first = life == 0;
    const bool slowly = !first && kills_.at(life - 1).restart == Restart::slowly;
    operations_.begin(first ? Kill{} : kill); // its first birth is no part of the execution
    engine_ = std::make_unique<Engine>(disk_, operations_, venue_, case_.order, now_);
    check_intents();
    life_ = {.books_at = now_.mono + (slowly ? books_after : 0ms),
             .read_at = now_.mono,
             .compared = {!slowly, !slowly}};
    venue_.connect(&engine_->desk);
    for (std::size_t leg = 0; leg < 2; ++leg)
      engine_->set_market(leg, !slowly && case_.begin != Begin::refused_by_gate);
    if (first) {
      operations_.begin(kill);
      execute();
    }
    drive();
    outcome_.writes = operations_.writes();
  }

  void down(Restart restart) {
    const auto until = now_.mono + (restart == Restart::slowly ? 3'000ms : 50ms);
    for (auto next = venue_.next(); next && *next <= until; next = venue_.next()) {
      wait_until(*next);
      venue_.step();
    }
    wait_until(until);
  }

  void wait_until(core::MonoTime then) {
    if (then <= now_.mono)
      return;
    now_.wall += then - now_.mono;
    now_.mono = then;
  }

  // ---- what the actors do

  core::strategy::LegBooks books() {
    auto& shown = venue_.sent().empty() ? calm_ : moved_;
    const bool live = now_.mono >= life_.books_at && case_.begin != Begin::without_book;
    for (auto& view : shown) {
      view.received_at = now_.mono;
      view.condition
          = live ? core::market::BookCondition::live : core::market::BookCondition::syncing;
    }
    return {&shown[0], &shown[1]};
  }

  void execute() {
    const auto spread = core::strategy::executable_spread(
        case_.direction, calm_[0], calm_[1], core::Quantity{decided}, {two_leg_fee, two_leg_fee});
    engine_->executor.execute(spread.value(), books(), {}, now_);
    hear();
  }

  void hear() {
    while (!engine_->heard.empty()) {
      const auto update = std::move(engine_->heard.front());
      engine_->heard.pop_front();
      engine_->executor.on_order(*update.order, books(), now_);
    }
  }

  /// As order_gateway: reads the account when it begins and until the market was compared in quiet.
  void read_accounts() {
    if (now_.mono < life_.read_at)
      return;
    life_.read_at = now_.mono + read_again;
    for (std::size_t leg = 0; leg < 2; ++leg) {
      if (life_.read && life_.compared.at(leg))
        continue;
      const auto market = Engine::market_of(leg);
      const auto before = engine_->desk.updates(market);
      venue_.tell_account(leg);
      if (!life_.compared.at(leg) && engine_->desk.updates(market) == before
          && engine_->desk.unsettled(market).empty() && agrees(leg)) {
        life_.compared.at(leg) = true;
        engine_->set_market(leg, true);
      }
    }
    life_.read = true;
    hear();
  }

  [[nodiscard]] bool agrees(std::size_t leg) const {
    const auto pair = two_leg_pair();
    return engine_->desk.position(leg == 0 ? pair.leg1 : pair.leg2)
           == core::to_money(core::Quantity{venue_.position(leg)}, two_leg_scale);
  }

  void tick() {
    engine_->desk.with_gate(
        [&](core::risk::Gate& gate) { gate.standstill().beat(now_.mono, now_.wall); });
    read_accounts();
    engine_->desk.on_tick(now_);
    hear();
    engine_->executor.on_tick(books(), now_);
    hear();
  }

  [[nodiscard]] bool over() const {
    return engine_->executor.idle() && engine_->desk.unsettled().empty() && venue_.quiet()
           && now_.mono >= life_.books_at;
  }

  void drive() {
    const auto until = now_.mono + patience;
    auto next_tick = now_.mono;
    for (int calm = 0; calm < 3;) { // a few ticks more: nothing may begin again by itself
      const auto event = venue_.next();
      wait_until(event ? std::min(next_tick, *event) : next_tick);
      while (venue_.step())
        hear();
      if (now_.mono < next_tick)
        continue;
      tick();
      const bool waits = engine_->phase() == ExecutionPhase::waiting;
      next_tick = now_.mono + (waits ? idle_interval : tick_interval);
      calm = over() ? calm + 1 : 0;
      if (now_.mono >= until)
        return;
    }
  }

  // ---- what must be true

  void fault(bool holds, const std::string& what) {
    if (!holds)
      outcome_.faults.push_back(what);
  }

  /// Whatever reached a wire is in the files.
  void check_intents() {
    std::set<std::string> intents;
    for (const auto& record : engine_->records())
      if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record))
        intents.insert(intent->intent.id.text());
    for (const auto& id : venue_.sent())
      fault(intents.contains(id), "order " + id + " was sent without an intent in the journal");
  }

  void check() {
    outcome_.end = engine_->phase();
    outcome_.sent_twice = venue_.sent_twice();
    outcome_.beyond_cap = venue_.realised() < -loss_max;
    fault(over(), "not over after half an hour");
    fault(outcome_.sent_twice == 0, "a client id was sent twice");
    fault(!outcome_.beyond_cap, "lost " + core::to_string(venue_.realised()));
    check_orders();
    check_books("in memory");
    // What is flagged must stay so for whoever comes next: asked of the files alone.
    venue_.connect(nullptr);
    engine_.reset();
    operations_.begin({});
    engine_ = std::make_unique<Engine>(disk_, operations_, venue_, case_.order, now_);
    check_intents();
    check_books("in the files");
  }

  void check_orders() {
    for (const auto& order : engine_->desk.latest(1'000)) {
      const auto& draft = order->intent().draft;
      const bool opens = draft.origin.purpose == core::orders::OrderPurpose::open;
      outcome_.closed = outcome_.closed || !opens;
      fault(!order->overfilled(), order->id().text() + " filled more than was ordered");
      fault(!opens || draft.quantity.units <= decided, order->id().text() + " is too large");
    }
  }

  void check_books(const std::string& where) {
    for (std::size_t leg = 0; leg < 2; ++leg)
      fault(agrees(leg), where + ": the position of leg " + std::to_string(leg + 1)
                             + " is not the venue's " + std::to_string(venue_.position(leg)));
    const auto state = engine_->book.last(two_leg_pair().id);
    if (!state) // killed before anything was written
      return fault(venue_.sent().empty(), where + ": orders were sent without an execution");
    bool held = true;
    engine_->desk.with_gate([&](const core::risk::Gate& gate) {
      for (const auto& venue : venues)
        held = held && !gate.held(state->pair.text(), core::VenueId{std::string{venue}}).empty();
    });
    const core::Decimal net{venue_.net(), two_leg_scale.quantity_decimals};
    const bool open = std::abs(venue_.net()) >= coarser_lot;
    const bool flagged = state->phase == ExecutionPhase::stranded && held;
    outcome_.silent = outcome_.silent || (open && !flagged);
    fault(!open || flagged, where + ": residual " + net.to_string() + " in phase "
                                + std::string{to_string(state->phase)}
                                + (held ? "" : ", and the pair is not paused"));
    fault(state->residual == net, where + ": residual " + state->residual.to_string() + " noted, "
                                      + net.to_string() + " at the venues");
    fault(state->profit == venue_.cash(), where + ": profit " + core::to_string(state->profit)
                                              + " noted, " + core::to_string(venue_.cash())
                                              + " at the venues");
  }

  /// What a life begins with.
  struct Life {
    core::MonoTime books_at{}, read_at{};
    std::array<bool, 2> compared{}; ///< the market is open
    bool read = false;
  };

  CrashCase case_;
  std::vector<Kill> kills_;
  core::risk::Now now_{core::MonoTime{1h}, core::WallTime{20'000 * 24h + 12h}};
  adapters::files::MemoryDisk disk_;
  Operations operations_;
  CrashVenue venue_;
  Books calm_, moved_;
  std::unique_ptr<Engine> engine_;
  Life life_;
  ExecutionPhase phase_before_ = ExecutionPhase::legs; ///< of the life before, as it was killed
  CrashOutcome outcome_;
};

} // namespace

std::optional<Moment> Operations::next(bool is_write) {
  writes_.push_back(is_write);
  return writes_.size() == kill_.at ? std::optional{kill_.moment} : std::nullopt;
}

adapters::files::Fate Operations::write(std::size_t bytes) {
  const auto moment = next(true);
  if (!moment)
    return {};
  switch (*moment) {
  case Moment::before:
    return {.kind = adapters::files::Fate::Kind::crash_before};
  case Moment::within:
    return {.kind = adapters::files::Fate::Kind::crash_within, .bytes = bytes / 2};
  case Moment::after:
    return {.kind = adapters::files::Fate::Kind::crash_after};
  }
  return {};
}

std::string describe(const CrashCase& one) {
  constexpr std::array<std::string_view, 3> markets{"calm", "dear", "run away"};
  constexpr std::array<std::string_view, 3> begins{"", ", refused by the gate", ", without a book"};
  constexpr std::array<std::string_view, 3> orders{"concurrent", "leg1_first", "leg2_first"};
  return std::string{orders.at(static_cast<std::size_t>(one.order))} + " "
         + std::string{to_string(one.direction)} + ", leg 1 "
         + std::string{name_of(one.script.leg1)} + ", leg 2 "
         + std::string{name_of(one.script.leg2)} + ", closing "
         + std::string{name_of(one.script.closing)}
         + (one.script.leg2_first ? ", leg 2 and the end first, " : ", leg 1 and fills first, ")
         + std::string{markets.at(static_cast<std::size_t>(one.market))}
         + std::string{begins.at(static_cast<std::size_t>(one.begin))};
}

std::string describe(const Kill& kill) {
  constexpr std::array<std::string_view, 3> moments{"before", "within", "after"};
  return "killed " + std::string{moments.at(static_cast<std::size_t>(kill.moment))} + " operation "
         + std::to_string(kill.at)
         + (kill.restart == Restart::slowly ? ", slow restart" : ", restart at once");
}

CrashOutcome play(const CrashCase& one, const std::vector<Kill>& kills) {
  return CrashWorld{one, kills}.run();
}

} // namespace tandem::tests
