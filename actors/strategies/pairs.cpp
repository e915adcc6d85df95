#include "actors/strategies/pairs.hpp"

#include "core/ensure.hpp"
#include "core/strategy/pair_watch.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::PairsHandle::stateful_pointer<PairsState>;
using core::Errc;
using core::Error;
using core::strategy::PairConfig;
using messages::PairOutcome;

constexpr std::chrono::seconds journal_timeout{5};
/// One engine's worth; more belong to more engines.
constexpr std::size_t pairs_max = 2'000;

PairOutcome refuse(const core::PairId& id, Errc code, std::string detail, std::string field = {}) {
  return {id, std::nullopt, Error{code, std::move(detail), std::move(field)}};
}

auto find(PairsState& state, const core::PairId& id) {
  return std::find_if(state.pairs.begin(), state.pairs.end(),
                      [&](const PairConfig& pair) { return pair.id == id; });
}

void run(PairsState& state, const PairConfig& pair) {
  const core::strategy::SpreadFees fees{
      .leg1 = pair.options.leg1_fee.value_or(state.options.taker_fees[pair.leg1.market()]),
      .leg2 = pair.options.leg2_fee.value_or(state.options.taker_fees[pair.leg2.market()])};
  state.options.start_monitor(pair, fees);
}

void show(PairsState& state) {
  state.cell->set_counter("pairs", static_cast<std::int64_t>(state.pairs.size()));
}

/// Rules that need to know what this engine is connected to.
std::optional<Error> check_legs(const PairsState& state, const PairConfig& pair) {
  int number = 0;
  for (const auto* leg : {&pair.leg1, &pair.leg2}) {
    const auto name = "leg" + std::to_string(++number);
    const auto known_venue
        = std::any_of(state.options.taker_fees.begin(), state.options.taker_fees.end(),
                      [&](const auto& market) { return market.first.venue == leg->venue; });
    if (!known_venue)
      return Error{Errc::validation_error, "unknown exchange '" + leg->venue.text() + "'",
                   name + ".exchange"};
    if (!state.options.taker_fees.contains(leg->market()))
      return Error{Errc::validation_error,
                   leg->venue.text() + " has no market '" + std::string{core::to_string(leg->type)}
                       + "' here",
                   name + ".type"};
    const auto table = state.context->board->instruments(leg->market());
    if (table && !table->find(leg->symbol))
      return Error{Errc::validation_error,
                   leg->venue.text() + " does not list '" + leg->symbol.text() + "'",
                   name + ".symbol"};
  }
  return std::nullopt;
}

bool is_taken(PairsState& state, const core::PairId& id) {
  return find(state, id) != state.pairs.end() || state.being_stored.contains(id);
}

core::PairId unique_id(PairsState& state, const PairConfig& pair) {
  const auto table = state.context->board->instruments(pair.leg1.market());
  const auto instrument = table ? table->find(pair.leg1.symbol) : nullptr;
  const auto wanted = core::strategy::derive_pair_id(
      pair.leg1, pair.leg2, instrument ? instrument->base : pair.leg1.symbol.text());
  auto id = wanted;
  for (int n = 2; is_taken(state, id); ++n)
    id = core::PairId{wanted.text() + "_" + std::to_string(n)};
  return id;
}

/// Durable first, then running, then answered.
caf::result<PairOutcome> put(Self self, const messages::PutPair& request) {
  auto& state = self->state;
  auto pair = request.pair;
  if (request.replace_id) {
    pair.id = *request.replace_id;
    if (find(state, pair.id) == state.pairs.end())
      return refuse(pair.id, Errc::not_found, "no pair '" + pair.id.text() + "'");
  } else if (pair.id.empty()) {
    pair.id = unique_id(state, pair);
  } else if (is_taken(state, pair.id)) {
    return refuse(pair.id, Errc::conflict, "pair '" + pair.id.text() + "' exists", "id");
  }
  if (!request.replace_id && state.pairs.size() + state.being_stored.size() >= pairs_max)
    return refuse(pair.id, Errc::conflict, "already " + std::to_string(pairs_max) + " pairs");
  if (const auto problems = core::strategy::check_pair(pair); !problems.empty())
    return refuse(pair.id, Errc::validation_error, problems.front().message,
                  problems.front().field);
  if (auto problem = check_legs(state, pair))
    return PairOutcome{pair.id, std::nullopt, std::move(problem)};
  const auto journal
      = state.context->directory->get<messages::JournalHandle>(messages::paths::journal);
  if (!journal)
    return refuse(pair.id, Errc::internal, "the journal is not running");
  auto promise = self->make_response_promise<PairOutcome>();
  if (!request.replace_id)
    state.being_stored.insert(pair.id);
  self->request(journal, journal_timeout, messages::StorePair{pair})
      .then(
          [self, promise, pair](const messages::Stored& stored) mutable {
            self->state.being_stored.erase(pair.id);
            if (stored.error) {
              promise.deliver(PairOutcome{pair.id, std::nullopt, stored.error});
              return;
            }
            const auto known = find(self->state, pair.id);
            if (known == self->state.pairs.end())
              self->state.pairs.push_back(pair);
            else
              *known = pair;
            run(self->state, pair);
            show(self->state);
            promise.deliver(PairOutcome{pair.id, pair, std::nullopt});
          },
          [self, promise, id = pair.id](const caf::error& why) mutable {
            self->state.being_stored.erase(id);
            promise.deliver(refuse(id, Errc::internal, "journal: " + self->system().render(why)));
          });
  return promise;
}

caf::result<PairOutcome> remove(Self self, const messages::DeletePair& request) {
  auto& state = self->state;
  if (find(state, request.id) == state.pairs.end())
    return refuse(request.id, Errc::not_found, "no pair '" + request.id.text() + "'");
  const auto journal
      = state.context->directory->get<messages::JournalHandle>(messages::paths::journal);
  if (!journal)
    return refuse(request.id, Errc::internal, "the journal is not running");
  auto promise = self->make_response_promise<PairOutcome>();
  self->request(journal, journal_timeout, messages::ForgetPair{request.id})
      .then(
          [self, promise, id = request.id](const messages::Stored& stored) mutable {
            if (stored.error) {
              promise.deliver(PairOutcome{id, std::nullopt, stored.error});
              return;
            }
            std::erase_if(self->state.pairs, [&](const PairConfig& pair) { return pair.id == id; });
            self->state.options.stop_monitor(id);
            show(self->state);
            promise.deliver(PairOutcome{id, std::nullopt, std::nullopt});
          },
          [self, promise, id = request.id](const caf::error& why) mutable {
            promise.deliver(refuse(id, Errc::internal, "journal: " + self->system().render(why)));
          });
  return promise;
}

/// The file says what there is; the journal what people changed since.
void merge(PairsState& state, const messages::StoredPairs& stored) {
  state.pairs = *state.options.configured;
  std::erase_if(state.pairs, [&](const PairConfig& pair) {
    return std::find(stored.deleted.begin(), stored.deleted.end(), pair.id) != stored.deleted.end();
  });
  for (const auto& pair : stored.pairs) {
    const auto known = find(state, pair.id);
    if (known == state.pairs.end())
      state.pairs.push_back(pair);
    else
      *known = pair;
  }
  std::erase_if(state.pairs, [&](const PairConfig& pair) {
    const bool reachable = state.options.taker_fees.contains(pair.leg1.market())
                           && state.options.taker_fees.contains(pair.leg2.market());
    if (!reachable)
      state.context->log->write(
          core::LogLevel::warning, "pair_without_market",
          {{"pairId", pair.id.text()},
           {"message", "a leg's market is not configured; the pair is kept but not run"}});
    return !reachable;
  });
}

void load(Self self) {
  const auto journal
      = self->state.context->directory->get<messages::JournalHandle>(messages::paths::journal);
  TANDEM_ENSURE(static_cast<bool>(journal));
  const messages::Observe observe{self, self->state.context, self->state.cell};
  self->request(journal, journal_timeout, messages::LoadPairs{})
      .await(observe([self](const messages::StoredPairs& stored) {
        auto& state = self->state;
        const auto before = std::exchange(state.pairs, {});
        merge(state, stored);
        for (const auto& pair : before)
          if (find(state, pair.id) == state.pairs.end())
            state.options.stop_monitor(pair.id);
        // A monitor that already runs with these settings goes on.
        for (const auto& pair : state.pairs)
          run(state, pair);
        state.loaded = true;
        state.cell->set_state("running");
        show(state);
      }));
}

} // namespace

messages::PairsHandle::behavior_type pairs(Self self, messages::ContextPtr context,
                                           messages::CellPtr cell, PairsOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  state.cell->set_state("loading");
  load(self);
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe(
          [self](const messages::ListPairs&) -> messages::PairList { return {self->state.pairs}; }),
      observe([self](const messages::GetPair& request) -> PairOutcome {
        const auto found = find(self->state, request.id);
        if (found == self->state.pairs.end())
          return refuse(request.id, Errc::not_found, "no pair '" + request.id.text() + "'");
        return {request.id, *found, std::nullopt};
      }),
      observe([self](const messages::PutPair& request) -> caf::result<PairOutcome> {
        return put(self, request);
      }),
      observe([self](const messages::DeletePair& request) -> caf::result<PairOutcome> {
        return remove(self, request);
      }),
      observe([self](const messages::ReloadPairs& request) {
        *self->state.options.configured = request.configured;
        load(self);
      }),
  };
}

} // namespace tandem::actors
