#include "apps/tandem_world/judge.hpp"

#include "adapters/journal/file_journal.hpp"
#include "apps/tandem_world/wild.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using core::Money;

constexpr std::size_t client_id_length = 19;
/// Beyond the limits: from the last frame of one instrument to that of its market.
constexpr auto book_age_slack = 100ms;
/// From a fill to the engine's next order that knows of it, and on to the venue: what an order was
/// decided on may be older than its arrival by that.
constexpr auto news_takes_max = 6s;
/// From the mid that the gate reckoned with to the price right now.
constexpr std::int64_t price_moves_percent = 2;
/// Generated markets move less than that within the age that a book may have.
constexpr std::int64_t price_off_max_ppm = 20'000;

bool is_new_order(std::string_view head, std::string_view body) {
  if (!head.empty())
    return head.starts_with("POST /api/v3/order?") || head.starts_with("POST /fapi/v1/order?")
           || head.starts_with("POST /v5/order/create?");
  return body.find(R"("method":"order.place")") != std::string_view::npos
         || body.find(R"("op":"order.create")") != std::string_view::npos;
}

sim::SurfaceId surface_of(const core::InstrumentKey& instrument) {
  return sim::surface_of(instrument.venue.text() + '_'
                         + std::string{core::to_string(instrument.type)})
      .value_or(sim::SurfaceId::binance_spot);
}

/// Of a file that stands for others; null: it stands for itself.
const core::orders::CheckpointRecord*
checkpoint_of(const adapters::journal::SegmentContents& contents) {
  return contents.records.empty()
             ? nullptr
             : std::get_if<core::orders::CheckpointRecord>(&contents.records.back());
}

/// What forbids new orders, by the journal's records up to one of them.
class Obstacles {
public:
  /// Why an order that was decided now should not have been; empty = nothing stood in the way.
  [[nodiscard]] std::string against(const core::orders::OrderIntent& intent) const {
    const auto& draft = intent.draft;
    const auto& origin = draft.origin;
    const auto& strategy = origin.pair.empty() ? origin.plan : origin.pair.text();
    for (const auto* breaker : {"global", "venue.", "pair."}) {
      std::string name{breaker};
      if (name == "venue.")
        name += draft.instrument.venue.text();
      else if (name == "pair.")
        name += strategy;
      if (open_.contains(name))
        return "breaker " + name + " was open";
    }
    const auto pause = paused_.lower_bound({strategy, ""});
    if (pause != paused_.end() && pause->first == strategy)
      return strategy + " was paused by " + pause->second;
    const bool killed = std::ranges::any_of(kills_, [&](const core::risk::KillOrder& kill) {
      return kill.level == core::risk::KillLevel::all || kill.scope == strategy
             || kill.scope == draft.instrument.venue.text();
    });
    return killed ? "a kill switch was thrown" : std::string{};
  }

  void note(const core::orders::Record& record) {
    if (const auto* breaker = std::get_if<core::orders::BreakerRecord>(&record))
      put(open_, breaker->breaker, breaker->saved.state == core::risk::BreakerState::open);
    else if (const auto* pause = std::get_if<core::orders::PausedRecord>(&record))
      put(paused_, {pause->strategy, pause->by}, !pause->reason.empty());
    else if (const auto* kill = std::get_if<core::orders::KillRecord>(&record)) {
      std::erase_if(kills_, [&](const auto& known) {
        return known.level == kill->order.level && known.scope == kill->order.scope;
      });
      if (!kill->released)
        kills_.push_back(kill->order);
    }
  }

private:
  template <class Name>
  static void put(std::set<Name>& set, const Name& name, bool in) {
    if (in)
      set.insert(name);
    else
      set.erase(name);
  }

  std::set<std::string> open_;
  std::set<std::pair<std::string, std::string>> paused_; ///< strategy, by whom
  std::vector<core::risk::KillOrder> kills_;
};

} // namespace

Judge::Judge(const Timeline& timeline, adapters::files::MemoryDisk& disk, sim::Simulator& simulator,
             const config::Config& config, const sim::Scenario& scenario, Lookup lookup)
    : timeline_{timeline}, disk_{disk}, simulator_{simulator}, config_{config}, scenario_{scenario},
      lookup_{std::move(lookup)}, prefix_{"td" + config.trading.engine_id} {}

void Judge::fault(std::string text) {
  constexpr std::size_t told_max = 50;
  if (broken_.size() < told_max)
    broken_.push_back(
        std::to_string(
            std::chrono::duration_cast<std::chrono::milliseconds>(timeline_.elapsed()).count())
        + " ms: " + std::move(text));
}

void Judge::on_begin() {
  heard_ = {};
}

void Judge::on_log(std::string_view event, const std::string& fields) {
  if (event == "ACTOR_RESTARTED" && !struck_)
    fault("an actor failed by itself: " + fields);
}

void Judge::on_delivered(LinkId link) {
  if (link.channel == Channel::market)
    heard_.at(static_cast<std::size_t>(link.surface)) = timeline_.now();
}

void Judge::on_sent(LinkId link, const std::string& head, const std::string& body) {
  if (!is_new_order(head, body))
    return;
  for (const auto* text : {&head, &body})
    if (const auto at = text->find(prefix_); at != std::string::npos)
      return judge_order(link, text->substr(at, client_id_length));
  fault("an order without an id of this engine was sent: " + head + body);
}

void Judge::judge_order(LinkId link, const std::string& id) {
  if (!sent_.insert(id).second)
    fault("order " + id + " was sent twice");
  const bool synced = config_.trading.durability == config::Durability::fsync;
  if (!disk_.holds(id, synced))
    fault("order " + id + " was sent before its intent was durable");
  const auto order = lookup_(id);
  if (!order) {
    fault("order " + id + " was sent and the engine does not know it");
    return;
  }
  const auto& intent = order->intent();
  if (core::orders::is_closing(intent.draft.origin.purpose))
    return;
  if (killed_at_ && intent.created_at > *killed_at_)
    fault("order " + id + " was decided while the kill switch was thrown");
  judge_rate(intent.draft.instrument.venue);
  judge_market(link, *order);
}

Judge::Done Judge::Track::before(core::MonoTime at) const {
  const auto later
      = std::ranges::upper_bound(states_, at, {}, &decltype(states_)::value_type::first);
  if (later != states_.begin())
    return std::prev(later)->second;
  const auto& first = states_.front().second;
  return {.filled = 0, .rest = first.filled + first.rest};
}

bool Judge::Track::filled_late() const {
  return std::ranges::adjacent_find(states_,
                                    [](const auto& earlier, const auto& later) {
                                      return earlier.second.rest == 0
                                             && earlier.second.filled != later.second.filled;
                                    })
         != states_.end();
}

std::int64_t Judge::Standing::worst(bool buys, const std::string& upto) const {
  std::int64_t sum = 0;
  for (auto one = orders.begin(); one != orders.end() && one->first <= upto; ++one) {
    const auto& done = one->second.now();
    sum += done.filled + ((done.rest > 0) == buys ? done.rest : 0);
  }
  return std::max<std::int64_t>(buys ? sum : -sum, 0);
}

std::int64_t Judge::Standing::worst_before(const std::string& order, core::MonoTime since) const {
  std::int64_t most = 0, least = 0;
  for (auto one = orders.begin(); one != orders.end() && one->first < order; ++one) {
    const auto done = one->second.before(since);
    most += done.filled + std::max<std::int64_t>(done.rest, 0);
    least += done.filled + std::min<std::int64_t>(done.rest, 0);
  }
  return std::max({most, -least, std::int64_t{0}});
}

const Judge::Track* Judge::track_of(const std::string& client_id) const {
  for (const auto& [place, standing] : standings_)
    if (const auto order = standing.orders.find(client_id); order != standing.orders.end())
      return &order->second;
  return nullptr;
}

std::optional<Judge::Done> Judge::at_venue(const std::string& client_id) const {
  const auto* track = track_of(client_id);
  return track == nullptr ? std::nullopt : std::optional{track->now()};
}

void Judge::on_order(const sim::OrderEvent& event) {
  const auto& order = event.order;
  if (!order.client_id.starts_with(prefix_))
    return; // a person's, by hand: no limit of the engine speaks of it
  const std::int64_t sign = order.side == sim::Side::bid ? 1 : -1;
  standings_[{order.surface, order.symbol}].orders[order.client_id].add(
      timeline_.now(),
      {.filled = sign * order.filled, .rest = sim::is_open(order.state) ? sign * order.left() : 0});
  if (event.kind == sim::OrderEventKind::accepted)
    judge_limits(order);
}

Money Judge::value_of(const Place& place, std::int64_t quantity) {
  const auto* market = simulator_.market(place.first, place.second);
  if (market == nullptr || market->book().empty(sim::Side::ask))
    return {};
  const auto& instrument = market->instrument();
  const core::Scale scale{static_cast<std::int8_t>(instrument.price_decimals),
                          static_cast<std::int8_t>(instrument.quantity_decimals)};
  return core::to_money(
      core::Price{market->book().best(sim::Side::ask).price} * core::Quantity{quantity}, scale);
}

/// A new order: even if all that is open were filled, no limit would be passed, but for orders that
/// close.
void Judge::judge_limits(const sim::Order& order) {
  const auto& limits = config_.trading.limits;
  if (!limits.position_notional_max && !limits.gross_exposure_max && !limits.venue_exposure_max
      && !limits.order_quantity_max)
    return;
  const auto known = lookup_(order.client_id);
  if (!known || core::orders::is_closing(known->intent().draft.origin.purpose))
    return;
  const auto passes = [](Money worst, const std::optional<Money>& limit) {
    return limit && worst.units / (100 + price_moves_percent) * 100 > limit->units;
  };
  const auto& id = order.client_id;
  const Place place{order.surface, order.symbol};
  const auto worst = value_of(place, standings_.at(place).worst(order.side == sim::Side::bid, id));
  if (passes(worst, limits.position_notional_max))
    fault("order " + id + " makes for a position worth " + to_string(worst)
          + ", beyond position_notional_max");
  const auto& draft = known->intent().draft;
  if (limits.order_quantity_max
      && core::to_money(core::Decimal{draft.quantity.units, draft.scale.quantity_decimals})
             > core::to_money(*limits.order_quantity_max))
    fault("order " + id + " is larger than order_quantity_max");
  const auto venue = sim::venue_of(order.surface);
  const auto worth = [&](bool of_venue, const auto& worst_of) {
    Money sum;
    for (const auto& [where, known_there] : standings_)
      if (!of_venue || sim::venue_of(where.first) == venue)
        sum += value_of(where, worst_of(known_there));
    return sum;
  };
  const auto judge_sum = [&](bool of_venue, const std::optional<Money>& limit, const char* name) {
    const auto sum = worth(of_venue, [&](const Standing& there) {
      return std::max(there.worst(true, id), there.worst(false, id));
    });
    const auto before = worth(of_venue, [&](const Standing& there) {
      return there.worst_before(id, timeline_.now() - news_takes_max);
    });
    if (sum > before && passes(sum, limit))
      fault("order " + id + " makes for positions worth " + to_string(sum) + ", beyond " + name);
  };
  judge_sum(true, limits.venue_exposure_max, "venue_exposure_max");
  judge_sum(false, limits.gross_exposure_max, "gross_exposure_max");
}

void Judge::judge_rate(const core::VenueId& venue) {
  auto& times = opened_at_[venue];
  times.push_back(timeline_.now());
  while (timeline_.now() - times.front() >= 1s)
    times.pop_front();
  // What waited for the disk leaves together with what came after it.
  const auto room = config_.trading.limits.orders_per_second_max * 2;
  if (times.size() > room)
    fault(std::to_string(times.size()) + " orders within a second to " + venue.text());
}

void Judge::judge_market(LinkId link, const core::orders::Order& order) {
  const auto& draft = order.intent().draft;
  const auto& id = order.intent().id.text();
  const auto heard = heard_.at(static_cast<std::size_t>(link.surface));
  const auto& limits = config_.trading.limits;
  const auto age_max = limits.book_age_max + limits.send_delay_max + book_age_slack;
  if (!heard || timeline_.now() - *heard > age_max)
    fault("order " + id + " was sent on a book of a market that said nothing for too long");
  if (core::to_money(draft.price * draft.quantity, draft.scale)
      > config_.trading.limits.order_notional_max)
    fault("order " + id + " is worth more than order_notional_max");
  const auto* market = simulator_.market(link.surface, draft.instrument.symbol.text());
  if (market == nullptr || market->book().empty(sim::Side::bid)
      || market->book().empty(sim::Side::ask))
    return;
  // At the venue's own decimals.
  const auto& instrument = market->instrument();
  const auto mid = core::to_money(core::Decimal{
      (market->book().best(sim::Side::bid).price + market->book().best(sim::Side::ask).price) / 2,
      static_cast<std::int8_t>(instrument.price_decimals)});
  const auto limit = core::to_money(core::Decimal{draft.price.units, draft.scale.price_decimals});
  // A pair or a plan asks near the touch; one that is wild as far off as the gate lets it.
  constexpr int ppm_of_percent = 4;
  const auto band = draft.origin.person == wild_person
                        ? limits.price_band_percent.at_scale(ppm_of_percent).value_or(0)
                        : 0;
  const auto off = magnitude(limit - mid);
  if (off.units / (price_off_max_ppm + band) * 1'000'000 > mid.units)
    fault("order " + id + " at " + to_string(limit) + " while the market stood at "
          + to_string(mid));
}

std::vector<core::orders::Record> Judge::records() const {
  // A view of its own: reading holds no lock and changes nothing.
  auto files = disk_.files();
  const auto read = adapters::journal::read_journal(*files);
  std::vector<core::orders::Record> all;
  if (!read)
    return all;
  for (const auto& file : *read) {
    if (!file.contents)
      return {};
    if (const auto* checkpoint = checkpoint_of(*file.contents);
        checkpoint != nullptr && checkpoint->through <= archive_.size()) {
      all.assign(archive_.begin(),
                 archive_.begin() + static_cast<std::ptrdiff_t>(checkpoint->through));
      continue;
    }
    all.insert(all.end(), file.contents->records.begin(), file.contents->records.end());
  }
  return all;
}

std::optional<Judge::Accounts> Judge::accounts() {
  const auto all = records();
  if (all.empty())
    return std::nullopt; // every run begins with a record of its own
  Accounts accounts;
  accounts.engine = books_of_journal(all);
  const auto answer = simulator_.on_admin({"GET", "/ledger", {}, {}, {}, "127.0.0.1:1"},
                                          sim::Time{}); // does not ask the time
  accounts.venues
      = books_of_ledger(boost::json::parse(answer.body).as_object().at("data").as_object());
  accounts.differences = compare(accounts.engine, accounts.venues, journal_lost_);
  return accounts;
}

Money Judge::lot_of(const core::InstrumentKey& instrument) const {
  for (const auto& one : scenario_.generated)
    if (one.surface == surface_of(instrument) && one.symbol == instrument.symbol.text())
      return core::to_money(
          core::Decimal{one.lot, static_cast<std::int8_t>(one.quantity_decimals)});
  return {};
}

/// Too little to be an order of its own.
bool Judge::is_dust(const std::string& instrument, Money quantity) {
  for (const auto& one : scenario_.generated) {
    const auto name = std::string{sim::name_of(one.surface)};
    if (name.substr(0, name.find('_')) + '.' + name.substr(name.find('_') + 1) + '.' + one.symbol
        != instrument)
      continue;
    const auto lot
        = core::to_money(core::Decimal{one.lot, static_cast<std::int8_t>(one.quantity_decimals)});
    const auto units = magnitude(quantity).units / lot.units * one.lot;
    // The price may have moved since; a lot more does no harm.
    const auto value = value_of({one.surface, one.symbol}, static_cast<std::int64_t>(units));
    return units == 0
           || value.units
                  < core::to_money(one.notional_min).units / 100 * (100 + price_moves_percent);
  }
  return quantity == Money{};
}

std::optional<std::string> Judge::held(const core::risk::KillOrder& order,
                                       const std::set<core::MarketKey>& moved) {
  using core::risk::KillLevel;
  const auto both = accounts();
  if (!both)
    return std::nullopt;
  std::map<std::string, Money> whole, own;
  for (const auto& [id, theirs] : both->venues.orders) {
    auto filled = theirs.buys ? theirs.filled : -theirs.filled;
    // What a venue took in the base asset is not held, and a trade that was large takes much.
    for (const auto& [asset, fee] : theirs.fees)
      if (theirs.instrument.find('.' + asset) != std::string::npos)
        filled = filled - fee;
    whole[theirs.instrument] += filled;
    const auto ours = both->engine.orders.find(id);
    if (ours != both->engine.orders.end()
        && (ours->second.origin.pair.text() == order.scope
            || ours->second.origin.plan == order.scope))
      own[theirs.instrument] += filled;
  }
  std::string left;
  for (const auto& [instrument, all] : whole) {
    auto part = all;
    if (order.level == KillLevel::venue && !instrument.starts_with(order.scope + '.'))
      continue;
    if (std::ranges::any_of(moved, [&](const core::MarketKey& market) {
          return market.type != core::MarketType::spot
                 && instrument.starts_with(core::to_string(market) + '.');
        }))
      continue;
    if (order.level == KillLevel::strategy) {
      // No more than would bring the whole to zero: others may hold the opposite.
      const auto mine = own[instrument];
      part = mine > Money{} ? std::max(std::min(mine, all), Money{})
                            : std::min(std::max(mine, all), Money{});
    }
    if (!is_dust(instrument, part))
      left += to_string(part) + " of " + instrument + "; ";
  }
  return left;
}

void Judge::check_settled(const Accounts& accounts) {
  const auto& [engine, venues, differences] = accounts;
  for (const auto& row : differences)
    fault(row);
  for (const auto& [id, order] : venues.orders)
    if (order.filled > order.ordered)
      fault("order " + id + " was filled beyond its quantity");
  for (const auto& [pair, residual] : residuals(engine, venues)) {
    const auto config
        = std::ranges::find(config_.pairs, pair, [](const auto& one) { return one.id.text(); });
    const auto lot = config == config_.pairs.end()
                         ? Money{}
                         : std::max(lot_of(config->leg1), lot_of(config->leg2));
    if (magnitude(residual) >= lot && residual != Money{} && !engine.paused.contains(pair))
      fault("pair " + pair + " holds a residual of " + to_string(residual) + " and is not paused");
  }
  std::map<std::pair<std::string, int>, Money> worked;
  std::set<std::string> late;
  for (const auto& [id, order] : venues.orders)
    if (const auto found = engine.orders.find(id);
        found != engine.orders.end() && !found->second.origin.plan.empty()) {
      worked[{found->second.origin.plan, found->second.origin.leg}] += order.filled;
      if (const auto* track = track_of(id); track != nullptr && track->filled_late())
        late.insert(found->second.origin.plan);
    }
  for (const auto& [leg, filled] : worked)
    for (const auto& configured : config_.plans)
      if (configured.plan.id.text() == leg.first
          && filled > core::to_money(configured.plan.total_quantity) && !late.contains(leg.first))
        fault("plan " + leg.first + " worked " + to_string(filled) + " on leg "
              + std::to_string(leg.second) + ", more than its quantity");
}

/// Its positions are what the folded records came to.
void Judge::check_checkpoint(const core::orders::CheckpointRecord& checkpoint) {
  if (checkpoint.through > archive_.size())
    return fault("the journal was folded through record " + std::to_string(checkpoint.through)
                 + ", of which nobody knew");
  const auto books = books_of_journal(std::span{archive_}.first(checkpoint.through));
  auto left = books.positions;
  // The engine's positions are what can be sold: a fee in the base asset is not.
  for (const auto& [id, order] : books.orders)
    if (order.instrument.find(".spot.") != std::string::npos)
      for (const auto& [asset, fee] : order.fees)
        if (order.instrument.ends_with('.' + asset + "USDT"))
          left[order.instrument] -= fee;
  for (const auto& sum : checkpoint.sums.instruments)
    left[core::to_string(sum.instrument)] -= sum.position.quantity;
  for (const auto& [instrument, difference] : left)
    if (difference != Money{})
      fault("the folded journal lacks " + to_string(difference) + " of " + instrument);
}

void Judge::check_journal() {
  auto files = disk_.files();
  const auto read = adapters::journal::read_journal(*files);
  if (!read)
    return fault("the journal cannot be read: " + core::describe(read.error()));
  std::uint64_t next = 0;
  for (const auto& file : *read) {
    if (!file.contents)
      return fault(file.name + ": " + core::describe(file.contents.error()));
    if (next != 0 && file.contents->header.first_sequence != next)
      fault(file.name + " begins with record "
            + std::to_string(file.contents->header.first_sequence) + " instead of "
            + std::to_string(next));
    next = file.contents->next_sequence();
    if (const auto* checkpoint = checkpoint_of(*file.contents))
      check_checkpoint(*checkpoint);
  }
  Obstacles obstacles;
  for (const auto& record : records()) {
    obstacles.note(record);
    const auto* intent = std::get_if<core::orders::IntentRecord>(&record);
    if (intent == nullptr || core::orders::is_closing(intent->intent.draft.origin.purpose))
      continue;
    if (const auto why = obstacles.against(intent->intent); !why.empty())
      fault("order " + intent->intent.id.text() + " was decided while " + why);
  }
}

} // namespace tandem::world
