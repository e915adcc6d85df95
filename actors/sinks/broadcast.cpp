#include "actors/sinks/broadcast.hpp"

#include "adapters/traders/events.hpp"
#include "adapters/traders/orders.hpp"
#include "adapters/traders/plans.hpp"
#include "core/ensure.hpp"
#include "messages/observe.hpp"
#include "messages/strategy.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::BroadcastHandle::stateful_pointer<BroadcastState>;
using adapters::traders::AlertNews;
using adapters::traders::ClientFilter;
using adapters::traders::OpportunityNews;
using adapters::traders::PairsByLeg;
using core::market::BoardEntry;
using messages::Client;

constexpr std::chrono::milliseconds tick_interval{20};
/// How soon a client that asked for a pair by name hears the prices of a pair made or changed
/// since.
constexpr std::chrono::seconds pairs_interval{1};
/// A client this far behind gets no prices until it has read; events go on until the server cuts
/// it.
constexpr std::size_t conflate_above_bytes = 1U * 1024 * 1024;
/// Close code "service restart": clients come back.
constexpr std::uint16_t close_restart = 1012;

struct Session {
  std::shared_ptr<Client> client;
  ClientFilter filter;
  std::chrono::nanoseconds price_interval{};
  std::map<const BoardEntry*, core::MonoTime> sent_at;
  std::map<core::InstrumentKey, std::shared_ptr<BoardEntry>>
      owed; ///< changed since they were last sent
};

/// One instrument's frame, made when the first client needs it and shared by all.
class FrameCache {
public:
  explicit FrameCache(const messages::Context& context) : context_{context} {}

  /// Null when the book has no live top.
  const std::shared_ptr<const std::string>& price(const std::shared_ptr<BoardEntry>& entry) {
    auto [found, inserted] = frames_.try_emplace(entry.get());
    if (inserted) {
      const auto view = entry->view();
      auto text = view ? adapters::traders::price_frame(
                      entry->key(), *view, core::to_millis(context_.clocks.wall()), context_.mode)
                       : std::string{};
      if (!text.empty())
        found->second = std::make_shared<const std::string>(std::move(text));
    }
    return found->second;
  }

private:
  const messages::Context& context_;
  std::map<const BoardEntry*, std::shared_ptr<const std::string>> frames_;
};

OpportunityNews news_of(const messages::Opportunity& event) {
  return {event.pair, event.leg1, event.leg2, event.event, event.ts};
}

AlertNews news_of(const messages::EngineAlert& alert) {
  return {messages::to_string(alert.severity),
          alert.code,
          alert.message,
          alert.pair,
          alert.source,
          alert.ts};
}

} // namespace

struct BroadcastState::Impl {
  messages::ContextPtr context;
  messages::CellPtr cell;
  std::map<std::uint64_t, Session> sessions;
  PairsByLeg pairs_by_leg; ///< kept up to date while a client names pairs
  core::MonoTime pairs_asked_at{};
  std::uint64_t sent = 0, conflated = 0;

  void send(Session& session, const std::shared_ptr<const std::string>& frame) {
    if (session.client->send(frame))
      ++sent;
  }

  /// Not too soon after the last one, and not on top of a pile.
  [[nodiscard]] static bool is_due(const Session& session, const BoardEntry& entry,
                                   core::MonoTime now) {
    if (session.client->buffered() > conflate_above_bytes)
      return false;
    const auto last = session.sent_at.find(&entry);
    return last == session.sent_at.end() || now - last->second >= session.price_interval;
  }

  void send_price(Session& session, const std::shared_ptr<BoardEntry>& entry, FrameCache& frames,
                  core::MonoTime now) {
    session.owed.erase(entry->key());
    const auto& frame = frames.price(entry);
    if (!frame)
      return;
    session.sent_at[entry.get()] = now;
    send(session, frame);
  }

  void on_board() {
    const auto now = context->clocks.mono();
    FrameCache frames{*context};
    for (const auto& entry : context->board->collect())
      for (auto& [id, session] : sessions) {
        if (!session.filter.wants_price(entry->key(), pairs_by_leg))
          continue;
        if (is_due(session, *entry, now))
          send_price(session, entry, frames, now);
        else if (!session.owed.emplace(entry->key(), entry).second)
          ++conflated; // replaces one that was not sent yet
      }
  }

  void on_tick() {
    const auto now = context->clocks.mono();
    FrameCache frames{*context};
    for (auto& [id, session] : sessions) {
      const auto owed = session.owed; // sending changes it
      for (const auto& [key, entry] : owed) {
        if (!session.filter.wants_price(key, pairs_by_leg))
          session.owed.erase(key);
        else if (is_due(session, *entry, now))
          send_price(session, entry, frames, now);
      }
    }
    cell->set_counter("clients", static_cast<std::int64_t>(sessions.size()));
    cell->set_counter("sent", static_cast<std::int64_t>(sent));
    cell->set_counter("conflated", static_cast<std::int64_t>(conflated));
  }

  template <class News, class Wants>
  void on_event(const News& news, std::string text, Wants wants) {
    const auto frame = std::make_shared<const std::string>(std::move(text));
    for (auto& [id, session] : sessions)
      if ((session.filter.*wants)(news))
        send(session, frame);
  }

  void on_order(const core::orders::OrderUpdate& update) {
    const auto ts = core::to_millis(context->clocks.wall());
    for (auto& news : adapters::traders::order_news(update, ts, context->mode)) {
      const auto frame = std::make_shared<const std::string>(std::move(news.text));
      for (auto& [id, session] : sessions)
        if (session.filter.wants_order(news.event, news.instrument, news.pair))
          send(session, frame);
    }
  }

  /// Prices it has not heard yet are due; those it does not want are dropped at the next tick.
  void owe_all(Session& session) {
    for (const auto& entry : context->board->all())
      session.owed.emplace(entry->key(), entry);
  }

  void on_pairs(const messages::PairList& list) {
    PairsByLeg known;
    for (const auto& pair : list.pairs)
      for (const auto& leg : {pair.leg1, pair.leg2})
        known[leg].push_back(pair.id);
    if (known == pairs_by_leg)
      return;
    pairs_by_leg = std::move(known);
    for (auto& [id, session] : sessions)
      if (session.filter.names_pairs())
        owe_all(session);
  }

  [[nodiscard]] bool pairs_due(core::MonoTime now) {
    const auto named = std::any_of(sessions.begin(), sessions.end(), [](const auto& item) {
      return item.second.filter.names_pairs();
    });
    if (!named || (pairs_asked_at != core::MonoTime{} && now - pairs_asked_at < pairs_interval))
      return false;
    pairs_asked_at = now;
    return true;
  }

  void on_text(const messages::ClientText& message) {
    const auto found = sessions.find(message.client);
    if (found == sessions.end())
      return;
    auto& session = found->second;
    send(session,
         std::make_shared<const std::string>(session.filter.apply(message.text, context->mode)));
    if (session.filter.take_changed())
      owe_all(session);
    if (const auto logged = session.filter.take_logged(); !logged.empty())
      context->log->write(core::LogLevel::info, "front_end", {{"what", logged}});
  }
};

BroadcastState::BroadcastState(caf::scheduled_actor*) : impl{std::make_unique<Impl>()} {}

BroadcastState::~BroadcastState() {
  if (!impl->context)
    return;
  impl->context->board->on_dirty({});
  for (auto& [id, session] : impl->sessions)
    session.client->close(close_restart, "service restart");
}

namespace {

void ask_for_pairs(Self self) {
  auto* impl = self->state.impl.get();
  const auto pairs = impl->context->directory->get<messages::PairsHandle>(messages::paths::pairs);
  if (!pairs)
    return; // restarting: asked again soon
  const messages::Observe observe{self, impl->context, impl->cell};
  self->request(pairs, std::chrono::seconds{5}, messages::ListPairs{})
      .then(observe([impl](const messages::PairList& list) { impl->on_pairs(list); }),
            [](const caf::error&) {}); // asked again soon
}

} // namespace

messages::BroadcastHandle::behavior_type broadcast(Self self, messages::ContextPtr context,
                                                   messages::CellPtr cell) {
  auto* impl = self->state.impl.get();
  impl->context = context;
  impl->cell = cell;
  cell->set_state("running");
  const auto bus = context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  TANDEM_ENSURE(static_cast<bool>(bus));
  const messages::BroadcastHandle me{self};
  self->send(bus, messages::AddListener{messages::EventListenerHandle{me}});
  context->board->on_dirty([weak = caf::actor_cast<caf::weak_actor_ptr>(me)] {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<messages::BroadcastHandle>(strong), messages::BoardChanged{});
  });
  self->send(self, messages::BoardChanged{}); // what became dirty before
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([impl](const messages::Opportunity& event) {
        const auto news = news_of(event);
        impl->on_event(news, adapters::traders::opportunity_frame(news, impl->context->mode),
                       &ClientFilter::wants_opportunity);
      }),
      observe([impl](const messages::EngineAlert& alert) {
        const auto news = news_of(alert);
        impl->on_event(news, adapters::traders::alert_frame(news, impl->context->mode),
                       &ClientFilter::wants_alert);
      }),
      observe([impl](const messages::OrderMoved& moved) { impl->on_order(moved.update); }),
      observe([impl](const messages::ExecutionMoved& moved) {
        impl->on_event(moved.execution,
                       adapters::traders::execution_frame(moved.execution, impl->context->mode),
                       &ClientFilter::wants_execution);
      }),
      observe([impl](const messages::PlanMoved& moved) {
        impl->on_event(moved.view,
                       adapters::traders::plan_frame(moved.view, moved.ts, impl->context->mode),
                       &ClientFilter::wants_plan);
      }),
      observe([impl](const messages::ClientOpened& opened) {
        Session session;
        session.client = opened.client;
        session.price_interval = std::chrono::nanoseconds{std::chrono::seconds{1}}
                                 / static_cast<std::int64_t>(opened.price_updates_per_second);
        // A newcomer sees every price at once.
        impl->owe_all(session);
        impl->sessions.insert_or_assign(opened.client->id(), std::move(session));
      }),
      observe([impl](const messages::ClientText& message) { impl->on_text(message); }),
      observe(
          [impl](const messages::ClientClosed& closed) { impl->sessions.erase(closed.client); }),
      observe([impl](const messages::BoardChanged&) { impl->on_board(); }),
      observe([self, impl](const messages::Tick&) {
        impl->on_tick();
        if (impl->pairs_due(impl->context->clocks.mono()))
          ask_for_pairs(self);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
