#include "tests/core/twap/twap_world.hpp"

#include <algorithm>
#include <utility>

namespace tandem::tests {

using namespace core::twap;
using core::orders::OrderIntent;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueStatus;

namespace {

core::Instrument rules_of(const core::InstrumentKey& key) {
  auto rules = Gated::listed(key);
  rules.quantity_min = {2};
  rules.notional_min = core::Decimal{1, 1};
  return rules;
}

} // namespace

/// Hands what the desk sends to the venue, as long as its engine lives.
struct TwapWorld::Connection final : core::orders::OrderPort {
  explicit Connection(TwapWorld& of) : world{of} {}

  void send(const core::risk::ApprovedOrder& order) override {
    world.maybe_die();
    world.sent.emplace_back(world.now.mono, order.intent());
    if (world.venue_.orders.contains(order.intent().id.text()))
      world.venue_.sent_twice.push_back(order.intent().id.text());
    world.take(order.intent());
    world.maybe_die();
  }

  void cancel(const OrderIntent& intent, const std::string&) override {
    if (world.happens(world.faults_.lose_cancel))
      return;
    world.later([this, intent] {
      const auto known = world.venue_.orders.find(intent.id.text());
      if (known != world.venue_.orders.end() && !known->second.over)
        world.end(known->second, "cancelled");
    });
  }

  void query(const OrderIntent& intent, const std::string&, bool) override {
    world.later(
        [this, intent, asked_at = world.now.mono] { world.answer_query(intent, asked_at); });
  }

  void cancel_all() override {}

  TwapWorld& world;
};

TwapWorld::TwapWorld(PlanConfig plan, TwapFaults faults, std::uint64_t seed)
    : config_{std::move(plan)}, faults_{faults}, random_{seed} {
  for (auto& connection : connections_)
    connection = std::make_shared<Connection>(*this);
  journal.append(core::orders::PlanRecord{config_, false, {}, 1}, {});
  boot();
  journal.maybe_die = [this] { maybe_die(); };
}

void TwapWorld::maybe_die() {
  if (happens(faults_.crash))
    throw Died{};
}

bool TwapWorld::happens(unsigned per_mille) {
  return may_fail && per_mille != 0 && random_() % 1'000 < per_mille;
}

std::size_t TwapWorld::leg_of(const OrderIntent& intent) const {
  return intent.draft.instrument == config_.legs[0].instrument ? 0 : 1;
}

void TwapWorld::boot() {
  ++epoch_;
  auto options = DeskWorld::options(epoch_);
  desk = std::make_unique<core::orders::Desk>(std::move(options), core::risk::GateLimits{}, journal,
                                              log_);
  auto restored = desk->restore(journal.memory.records, now);
  std::vector<KnownPlan> plans;
  for (auto& [id, known] : restored.plans)
    plans.push_back(std::move(known));
  book.restore(std::move(plans), restored.plans_deleted);
  desk->add_listener(
      [this](const core::orders::OrderUpdate& update) { moved_.push_back(update.order); });
  for (std::size_t n = 0; n < config_.legs.size(); ++n) {
    const auto venue = config_.legs[n].instrument.venue.text();
    DeskWorld::open(*desk, venue);
    desk->set_port(DeskWorld::market(venue), connections_.at(n).get(), now);
  }
  runner = std::make_unique<PlanRunner>(*book.find(config_.id), *desk, book, now);
}

void TwapWorld::crash() {
  ++crashes;
  const auto mortal = std::exchange(may_fail, false);
  events_.clear(); // what was on its way to the old one is lost
  moved_.clear();
  runner.reset();
  desk.reset();
  boot();
  may_fail = mortal;
}

void TwapWorld::later(std::function<void()> event) {
  const auto most = static_cast<std::uint64_t>(faults_.delay_max.count());
  const std::chrono::milliseconds delay{most == 0 ? 0 : random_() % (most + 1)};
  events_.emplace(now.mono + delay, std::move(event));
}

// ---- the venue
// ----------------------------------------------------------------------------------

void TwapWorld::take(const OrderIntent& intent) {
  if (happens(faults_.refuse)) {
    later([this, id = intent.id] {
      desk->on_refused(id, {core::Errc::upstream_error, "no", {}}, now);
    });
    return;
  }
  if (happens(faults_.lose_order)) {
    later([this, id = intent.id] {
      desk->on_no_answer(id, {core::Errc::timed_out, "no answer", {}}, now);
    });
    return;
  }
  auto& known = venue_.orders[intent.id.text()];
  known.intent = intent;
  if (happens(faults_.lose_reply))
    later([this, id = intent.id] {
      desk->on_no_answer(id, {core::Errc::timed_out, "no answer", {}}, now);
    });
  else
    later([this, id = intent.id] { desk->on_accepted(id, "v" + id.text(), 5, now); });
  match(known);
}

/// What the book gives at once; the rest of an IOC order is gone.
void TwapWorld::match(VenueSide::Known& known) {
  const auto& draft = known.intent.draft;
  const auto [bid, ask] = quotes.at(leg_of(known.intent));
  const bool meets = draft.side == Side::buy ? draft.price.units >= ask : draft.price.units <= bid;
  if (meets) {
    auto quantity = draft.quantity;
    if (happens(faults_.partial))
      quantity.units = static_cast<std::int64_t>(
          random_() % static_cast<std::uint64_t>(draft.quantity.units + 1));
    if (quantity.units > 0)
      fill(known, quantity, true);
  }
  if (!known.over && draft.tif == TimeInForce::ioc)
    end(known, "expired");
}

void TwapWorld::fill(VenueSide::Known& known, core::Quantity quantity, bool told) {
  const auto& draft = known.intent.draft;
  core::orders::VenueFill fill;
  fill.instrument = draft.instrument;
  fill.client_id = known.intent.id.text();
  fill.venue_order_id = "v" + fill.client_id;
  fill.side = draft.side;
  fill.trade_id = "t" + std::to_string(++trades_);
  fill.price = core::Decimal{draft.price.units, draft.scale.price_decimals};
  fill.quantity = core::Decimal{quantity.units, draft.scale.quantity_decimals};
  fill.fee = core::Money{1};
  fill.fee_asset = "USDT";
  fill.venue_time = core::to_millis(now.wall);
  known.filled = known.filled + quantity;
  known.fills.push_back(fill);
  const bool whole = known.filled == draft.quantity;
  if (told && !happens(faults_.lose_reply)) {
    later([this, fill] { desk->on_fill(fill, now); });
    if (happens(faults_.late_fill)) // and once more
      later([this, fill] { desk->on_fill(fill, now); });
  }
  if (whole)
    end(known, "filled");
}

void TwapWorld::end(VenueSide::Known& known, const std::string& how) {
  known.over = true;
  known.end = how;
  if (!happens(faults_.lose_reply))
    later([this, id = known.intent.id.text()] { tell(venue_.orders.at(id)); });
}

void TwapWorld::tell(const VenueSide::Known& known) {
  const auto& draft = known.intent.draft;
  core::orders::VenueOrder shown;
  shown.instrument = draft.instrument;
  shown.client_id = known.intent.id.text();
  shown.side = draft.side;
  shown.type = draft.type;
  shown.tif = draft.tif;
  shown.price = core::Decimal{draft.price.units, draft.scale.price_decimals};
  shown.quantity = core::Decimal{draft.quantity.units, draft.scale.quantity_decimals};
  shown.venue_order_id = "v" + shown.client_id;
  shown.status = !known.over                ? VenueStatus::open
                 : known.end == "filled"    ? VenueStatus::filled
                 : known.end == "cancelled" ? VenueStatus::cancelled
                                            : VenueStatus::expired;
  shown.cumulative = core::Decimal{known.filled.units, draft.scale.quantity_decimals};
  shown.venue_time = core::to_millis(now.wall);
  desk->on_order(shown, now);
}

void TwapWorld::answer_query(const OrderIntent& intent, core::MonoTime asked_at) {
  const auto known = venue_.orders.find(intent.id.text());
  if (known == venue_.orders.end()) {
    desk->on_not_found(intent.id, asked_at, now);
    return;
  }
  for (const auto& fill : known->second.fills)
    desk->on_fill(fill, now);
  tell(known->second);
}

/// Somebody trades with what rests, now and then.
void TwapWorld::fill_resting() {
  for (auto& [id, known] : venue_.orders) {
    if (known.over || random_() % 20 != 0)
      continue;
    const auto left = known.intent.draft.quantity - known.filled;
    fill(known, {1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(left.units))},
         true);
  }
}

/// As the order gateways do again and again: what rests here is compared with what rests there.
void TwapWorld::reconcile() {
  if (now.mono < reconciled_at_ + 5s)
    return;
  reconciled_at_ = now.mono;
  for (const auto& order : desk->unsettled())
    if (order->state() == core::orders::OrderState::working)
      answer_query(order->intent(), now.mono);
}

// ---- the engine
// ----------------------------------------------------------------------------------

PlanFacts TwapWorld::facts() {
  PlanFacts result;
  for (std::size_t n = 0; n < config_.legs.size(); ++n) {
    auto& view = books_.at(n);
    view.condition = now.mono < away_until_.at(n) ? core::market::BookCondition::stale
                                                  : core::market::BookCondition::live;
    view.scale = cents;
    view.received_at = now.mono;
    if (!view.instrument)
      view.instrument
          = std::make_shared<const core::Instrument>(rules_of(config_.legs[n].instrument));
    view.bid_count = view.ask_count = 1;
    view.bids_store[0] = {{quotes.at(n).first}, {1'000'000}};
    view.asks_store[0] = {{quotes.at(n).second}, {1'000'000}};
    result.legs.at(n).book = &view;
    result.legs.at(n).traded = traded.at(n);
  }
  return result;
}

void TwapWorld::step(std::chrono::milliseconds time) {
  now.mono += time;
  now.wall = core::WallTime{20'000 * 24h + 12h} + (now.mono - core::MonoTime{1h}) + wall_shift;
  for (std::size_t n = 0; n < config_.legs.size(); ++n)
    if (happens(faults_.away))
      away_until_.at(n) = now.mono + std::chrono::milliseconds{random_() % 5'000};
  fill_resting();
  try {
    turn();
  } catch (const Died&) {
    crash();
  }
  check_ledger();
}

/// What the engine hears and does at one moment.
void TwapWorld::turn() {
  while (!events_.empty() && events_.begin()->first <= now.mono) {
    const auto event = events_.extract(events_.begin());
    event.mapped()();
  }
  maybe_die();
  reconcile();
  desk->on_tick(now);
  for (const auto& order : std::exchange(moved_, {}))
    (void)runner->on_order(*order, facts(), now);
  maybe_die();
  (void)runner->on_tick(facts(), now);
}

bool TwapWorld::run(std::chrono::milliseconds limit, std::chrono::milliseconds step_max) {
  const auto until = now.mono + limit;
  const auto is_over = [this] {
    return is_final(plan().state().phase) && desk->unsettled().empty() && moved_.empty();
  };
  while (now.mono < until && !is_over())
    step(std::chrono::milliseconds{1 + random_() % static_cast<std::uint64_t>(step_max.count())});
  return is_over();
}

// ---- the judge
// ----------------------------------------------------------------------------------

core::Money TwapWorld::filled(std::size_t leg) const {
  core::Money sum;
  for (const auto& [id, known] : venue_.orders)
    if (leg_of(known.intent) == leg)
      sum += core::to_money(known.filled, cents);
  return sum;
}

core::Money TwapWorld::at_risk(std::size_t leg) const {
  core::Money sum;
  for (const auto& [id, known] : venue_.orders)
    if (leg_of(known.intent) == leg)
      sum += core::to_money(known.over ? known.filled : known.intent.draft.quantity, cents);
  return sum;
}

void TwapWorld::check_ledger() {
  if (!broken_.empty())
    return;
  if (!venue_.sent_twice.empty())
    broken_ = "sent twice: " + venue_.sent_twice.front();
  for (std::size_t n = 0; n < config_.legs.size(); ++n)
    if (at_risk(n) > core::to_money(plan().plan().total_quantity))
      broken_ = "leg " + std::to_string(n) + " may fill " + core::to_string(at_risk(n)) + " of "
                + plan().plan().total_quantity.to_string();
  for (const auto& [id, known] : venue_.orders)
    if (known.intent.draft.side != config_.legs[leg_of(known.intent)].side)
      broken_ = "wrong side: " + id;
}

std::string TwapWorld::broken() const {
  if (!broken_.empty() || !is_final(plan().state().phase))
    return broken_;
  for (std::size_t n = 0; n < config_.legs.size(); ++n)
    if (filled(n) != plan().state().legs.at(n).filled)
      return "leg " + std::to_string(n) + ": the venue filled " + core::to_string(filled(n))
             + ", the plan says " + core::to_string(plan().state().legs.at(n).filled);
  if (plan().state().phase != PlanPhase::completed)
    return {};
  for (std::size_t n = 0; n < config_.legs.size(); ++n)
    if (core::to_money(plan().shortfall(n)) - core::to_money(plan().schedule()->unscheduled())
        >= core::to_money(plan().state().grid.minimum))
      return "completed, but leg " + std::to_string(n) + " lacks "
             + plan().shortfall(n).to_string();
  return {};
}

PlanConfig twap_plan(std::string_view total, std::string_view slice,
                     std::chrono::milliseconds interval, std::size_t legs) {
  PlanConfig plan;
  plan.id = PlanId{"twap_001"};
  plan.name = "test";
  plan.total_quantity = decimal(total);
  plan.slice_quantity = decimal(slice);
  plan.interval = interval;
  plan.legs.push_back({Gated::key("binance"), Side::buy, SliceType::market, std::nullopt, {}});
  if (legs == 2)
    plan.legs.push_back({Gated::key("bybit"), Side::sell, SliceType::market, std::nullopt, {}});
  // The book of these tests is 1 % wide.
  plan.options.guard_percent = decimal("5");
  return plan;
}

} // namespace tandem::tests
