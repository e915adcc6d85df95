#include "adapters/venues/order_link.hpp"

#include <utility>
#include <variant>

namespace tandem::adapters::venues {
namespace {

using core::orders::OrderIntent;

constexpr std::chrono::milliseconds timer_interval{100};
constexpr std::chrono::milliseconds socket_retry{1'000};
constexpr int fill_pages_max = 20;

core::Error no_reply(const std::string& what) {
  return {core::Errc::timed_out, what, {}};
}

PlaceReply unknown_place(core::Error why) {
  PlaceReply reply;
  reply.outcome = PlaceReply::Outcome::unknown;
  reply.error = std::move(why);
  return reply;
}

CancelReply unknown_cancel(core::Error why) {
  CancelReply reply;
  reply.unknown = true;
  reply.error = std::move(why);
  return reply;
}

OrderRef ref_of(const OrderIntent& intent, const std::string& venue_order_id) {
  return {intent.draft.instrument.symbol, intent.id, venue_order_id};
}

} // namespace

OrderLink::OrderLink(core::MarketKey market, PrivateTools tools, OrderLinkOptions options,
                     core::orders::Desk& desk, OrderLinkEvents events)
    : market_{std::move(market)}, tools_{std::move(tools)}, options_{std::move(options)},
      desk_{desk}, events_{std::move(events)}, codec_{tools_.trading->make_private_codec()} {}

std::shared_ptr<OrderLink> OrderLink::open(core::MarketKey market, PrivateTools tools,
                                           OrderLinkOptions options, core::orders::Desk& desk,
                                           OrderLinkEvents events) {
  auto& strand = *tools.strand;
  std::shared_ptr<OrderLink> link{new OrderLink{std::move(market), std::move(tools),
                                                std::move(options), desk, std::move(events)}};
  strand.post([link] { link->start(); });
  return link;
}

core::risk::Now OrderLink::now() const {
  return {tools_.clocks.mono(), tools_.clocks.wall()};
}

void OrderLink::start() {
  if (over_)
    return;
  if (options_.entry == OrderEntry::socket && tools_.trading->traits().order_socket)
    open_socket();
  arm_timer();
}

void OrderLink::stop() {
  tools_.strand->post([self = shared_from_this()] {
    self->over_ = true;
    self->on_socket_down({core::Errc::connection_lost, "the order gateway was stopped", {}});
  });
}

// ---- orders
// ---------------------------------------------------------------------------------------------------------

void OrderLink::send(const core::risk::ApprovedOrder& order) {
  tools_.strand->post([self = shared_from_this(), intent = order.intent(),
                       approved_at = order.approved_at()] {
    auto obstacle = self->lateness(intent, approved_at);
    if (self->over_)
      obstacle = core::Error{core::Errc::exchange_unavailable, "the order gateway is closed", {}};
    if (obstacle) {
      // Nothing left the house: evidence.
      self->desk_.on_refused(intent.id, *obstacle, self->now());
      return;
    }
    ++self->counters_.orders;
    if (self->options_.dead_man_window.count() > 0)
      self->armed_.insert(intent.draft.instrument.symbol);
    if (!self->send_by_socket(intent))
      self->send_by_rest(intent, approved_at);
    if (self->events_.order_left)
      self->events_.order_left(intent.draft.origin.pair);
  });
}

std::optional<core::Error> OrderLink::lateness(const Intent& intent,
                                               core::MonoTime approved_at) const {
  using std::chrono::milliseconds;
  const auto age = std::chrono::duration_cast<milliseconds>(tools_.clocks.mono() - approved_at);
  if (age <= options_.send_delay_max || core::orders::is_closing(intent.draft.origin.purpose))
    return std::nullopt;
  return core::Error{core::Errc::risk_rejected,
                     "approved " + std::to_string(age.count()) + " ms ago, limit "
                         + std::to_string(options_.send_delay_max.count()) + " ms",
                     "send_delay_max"};
}

void OrderLink::send_by_rest(const Intent& intent, core::MonoTime approved_at) {
  const auto sent_at = tools_.clocks.mono();
  tools_.rest->call(
      CallKind::order,
      [self = shared_from_this(), intent,
       approved_at](const Credentials& keys, const Stamp& stamp) -> core::Result<SignedRequest> {
        if (auto late = self->lateness(intent, approved_at))
          return tl::unexpected{*std::move(late)};
        return self->tools_.trading->place(intent, keys, stamp);
      },
      [self = shared_from_this(), intent, sent_at](const SignedReply& reply) {
        if (reply.response) {
          self->heed_rate(self->tools_.trading->read_order_rate(reply.response->headers));
          self->on_place_reply(
              intent,
              self->tools_.trading->parse_place(reply.response->status, reply.response->body),
              sent_at);
          return;
        }
        PlaceReply outcome;
        outcome.outcome = reply.sent ? PlaceReply::Outcome::unknown : PlaceReply::Outcome::refused;
        outcome.error = reply.response.error();
        self->on_place_reply(intent, outcome, sent_at);
      });
}

bool OrderLink::send_by_socket(const Intent& intent) {
  if (!socket_open_)
    return false;
  auto request_id = std::to_string(next_request_++);
  auto text
      = tools_.trading->socket_place(intent, request_id, tools_.rest->keys(), tools_.rest->stamp());
  if (!text)
    return false;
  pending_.emplace(std::move(request_id), Pending{intent, false, tools_.clocks.mono()});
  socket_->send(*std::move(text));
  return true;
}

void OrderLink::on_place_reply(const Intent& intent, const PlaceReply& reply,
                               core::MonoTime sent_at) {
  const auto at = now();
  const auto took = at.mono - sent_at;
  heed_rate(reply.rate);
  switch (reply.outcome) {
  case PlaceReply::Outcome::accepted:
    counters_.last_ack_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    for (const auto& fill : reply.fills)
      desk_.on_fill(fill, at);
    if (reply.order) {
      // The acknowledgement names the id by itself where the venue echoes none.
      auto order = *reply.order;
      if (order.client_id.empty())
        order.client_id = intent.id.text();
      desk_.on_accepted(intent.id, order.venue_order_id, order.venue_time, at);
      if (!tools_.trading->traits().acks_only)
        desk_.on_order(order, at);
    } else {
      desk_.on_accepted(intent.id, {}, 0, at);
    }
    break;
  case PlaceReply::Outcome::refused:
    ++counters_.refused;
    desk_.on_refused(intent.id, reply.error, at);
    break;
  case PlaceReply::Outcome::unknown:
  case PlaceReply::Outcome::duplicate: // the earlier send arrived: the venue has to be asked
    ++counters_.unknown;
    desk_.on_no_answer(intent.id, reply.error, at);
    break;
  }
  const bool worked = reply.outcome == PlaceReply::Outcome::accepted;
  if (events_.request_done)
    events_.request_done(worked, took);
}

void OrderLink::heed_rate(const std::optional<core::market::OrderRate>& rate) {
  if (!rate || rate == order_rate_)
    return;
  order_rate_ = rate;
  if (events_.order_rate)
    events_.order_rate(*rate);
}

// ---- cancels
// --------------------------------------------------------------------------------------------------------

void OrderLink::cancel(const Intent& intent, const std::string& venue_order_id) {
  tools_.strand->post([self = shared_from_this(), intent, venue_order_id] {
    ++self->counters_.cancels;
    const auto ref = ref_of(intent, venue_order_id);
    if (self->socket_open_) {
      auto request_id = std::to_string(self->next_request_++);
      auto text = self->tools_.trading->socket_cancel(ref, request_id, self->tools_.rest->keys(),
                                                      self->tools_.rest->stamp());
      if (text) {
        self->pending_.emplace(std::move(request_id),
                               Pending{intent, true, self->tools_.clocks.mono()});
        self->socket_->send(*std::move(text));
        return;
      }
    }
    self->tools_.rest->call(
        CallKind::cancel,
        [trading = self->tools_.trading, ref](const Credentials& keys, const Stamp& stamp) {
          return trading->cancel(ref, keys, stamp);
        },
        [self, intent](const SignedReply& reply) {
          self->on_cancel_reply(intent, reply.response ? self->tools_.trading->parse_cancel(
                                            reply.response->status, reply.response->body)
                                                       : unknown_cancel(reply.response.error()));
        });
  });
}

void OrderLink::on_cancel_reply(const Intent& intent, const CancelReply& reply) {
  const auto at = now();
  if (reply.order)
    desk_.on_order(*reply.order, at);
  // Whatever else was said: how the order ended is what the venue says of the order.
  if (!reply.order || reply.already_final || reply.unknown) {
    const auto known = desk_.find(intent.id);
    query(intent, known ? known->venue_order_id() : std::string{}, true);
  }
}

void OrderLink::cancel_all() {
  tools_.strand->post([self = shared_from_this()] {
    std::set<core::Symbol> symbols;
    for (const auto& order : self->desk_.unsettled(self->market_))
      symbols.insert(order->intent().draft.instrument.symbol);
    for (const auto& symbol : symbols)
      self->tools_.rest->call(
          CallKind::cancel,
          [trading = self->tools_.trading, symbol](const Credentials& keys, const Stamp& stamp) {
            return trading->cancel_all(symbol, keys, stamp);
          },
          [self](const SignedReply&) {
            // Each order's own end is what counts: ask for them.
            for (const auto& order : self->desk_.unsettled(self->market_))
              self->query(order->intent(), order->venue_order_id(), true);
          });
  });
}

// ---- queries
// --------------------------------------------------------------------------------------------------------

void OrderLink::query(const Intent& intent, const std::string& venue_order_id, bool fills_too) {
  tools_.strand->post([self = shared_from_this(), intent, venue_order_id, fills_too] {
    if (self->over_ || !self->asking_.insert(intent.id.text()).second)
      return;
    ++self->counters_.queries;
    self->ask(intent, ref_of(intent, venue_order_id), 0, fills_too, self->tools_.clocks.mono());
  });
}

void OrderLink::ask(const Intent& intent, OrderRef ref, int attempt, bool fills_too,
                    core::MonoTime asked_at) {
  const auto end = [self = shared_from_this(), id = intent.id.text()] { self->asking_.erase(id); };
  if (!tools_.trading->query(ref, attempt, tools_.rest->keys(), tools_.rest->stamp())) {
    // Every place was looked in.
    end();
    desk_.on_not_found(intent.id, asked_at, now());
    return;
  }
  tools_.rest->call(
      CallKind::query,
      [trading = tools_.trading, ref, attempt](const Credentials& keys, const Stamp& stamp) {
        return *trading->query(ref, attempt, keys, stamp);
      },
      [self = shared_from_this(), intent, ref, attempt, fills_too, asked_at,
       end](const SignedReply& reply) mutable {
        if (!reply.response)
          return end(); // nothing learned: the desk asks again
        const auto found
            = self->tools_.trading->parse_query(reply.response->status, reply.response->body);
        if (!found)
          return end();
        if (!*found)
          return self->ask(intent, std::move(ref), attempt + 1, fills_too, asked_at);
        end();
        const auto& order = **found;
        ref.venue_order_id = order.venue_order_id;
        // Fills first: a final report that finds them already counted settles at once.
        const bool traded = order.cumulative && !order.cumulative->is_zero();
        if (fills_too || traded)
          self->ask_fills(ref, {}, 0);
        self->desk_.on_order(order, self->now());
      });
}

void OrderLink::look_up(OrderRef ref) {
  tools_.rest->call(
      CallKind::query,
      [trading = tools_.trading, ref](const Credentials& keys, const Stamp& stamp) {
        auto request = trading->query(ref, 0, keys, stamp);
        return request ? *std::move(request)
                       : core::fail(core::Errc::internal, "orders cannot be asked for here");
      },
      [self = shared_from_this(), ref](const SignedReply& reply) mutable {
        if (!reply.response)
          return;
        const auto found
            = self->tools_.trading->parse_query(reply.response->status, reply.response->body);
        if (!found || !*found || !self->desk_.on_order(**found, self->now()))
          return;
        ref.client_id = core::orders::ClientOrderId{(*found)->client_id};
        self->ask_fills(ref, {}, 0);
      });
}

void OrderLink::ask_fills(const OrderRef& ref, std::string cursor, int page) {
  tools_.rest->call(
      CallKind::query,
      [trading = tools_.trading, ref, cursor](const Credentials& keys, const Stamp& stamp) {
        return trading->fills(ref, 0, cursor, keys, stamp);
      },
      [self = shared_from_this(), ref, page](const SignedReply& reply) {
        if (!reply.response)
          return;
        const auto found
            = self->tools_.trading->parse_fills(reply.response->status, reply.response->body);
        if (!found)
          return;
        for (auto fill : found->fills) {
          // Fill lists name the venue's id only at some venues.
          if (fill.client_id.empty() && fill.venue_order_id == ref.venue_order_id)
            fill.client_id = ref.client_id.text();
          self->desk_.on_fill(fill, self->now());
        }
        // A list without an end is asked for again when the order still lacks fills.
        if (!found->next_cursor.empty() && page + 1 < fill_pages_max)
          self->ask_fills(ref, found->next_cursor, page + 1);
      });
}

// ---- the order socket
// -----------------------------------------------------------------------------------------------

void OrderLink::open_socket() {
  auto opening = tools_.trading->open_order_socket(tools_.rest->keys(), tools_.rest->stamp());
  socket_retry_at_ = tools_.clocks.mono() + socket_retry;
  if (!opening) {
    if (events_.socket_down)
      events_.socket_down(std::move(opening).error());
    return;
  }
  auto options = options_.socket;
  options.url += opening->route;
  session_ = std::make_unique<PrivateSession>(
      *std::move(opening), [this](std::string text) { socket_->send(std::move(text)); },
      [this] { socket_open_ = true; });
  const auto weak = weak_from_this();
  transport::WebSocketEvents events;
  events.on_open = [weak] {
    if (const auto self = weak.lock(); self && self->session_) {
      self->socket_heard_at_ = self->socket_pinged_at_ = self->tools_.clocks.mono();
      self->session_->on_open();
    }
  };
  events.on_text = [weak](std::string_view text, core::MonoTime received_at) {
    if (const auto self = weak.lock(); self && self->session_) {
      self->socket_heard_at_ = received_at;
      self->on_socket_text(text);
    }
  };
  events.on_control = [weak](core::MonoTime received_at) {
    if (const auto self = weak.lock())
      self->socket_heard_at_ = received_at;
  };
  events.on_down = [weak](core::Error why) {
    if (const auto self = weak.lock())
      self->on_socket_down(std::move(why));
  };
  socket_ = tools_.connector->open(std::move(options), std::move(events));
}

void OrderLink::on_socket_text(std::string_view text) {
  const auto events = codec_->decode(text);
  if (!events)
    return;
  for (const auto& event : *events) {
    const auto opening = session_->on_event(event);
    if (!opening) {
      on_socket_down(opening.error());
      return;
    }
    if (*opening)
      continue;
    if (std::holds_alternative<ShutdownNotice>(event)) {
      on_socket_down({core::Errc::exchange_unavailable, "the venue announced its shutdown", {}});
      return;
    }
    const auto* reply = std::get_if<SocketReply>(&event);
    if (reply == nullptr)
      continue;
    const auto found = pending_.find(reply->request_id);
    if (found == pending_.end())
      continue;
    const auto pending = std::move(found->second);
    pending_.erase(found);
    if (pending.cancel)
      on_cancel_reply(pending.intent, tools_.trading->parse_socket_cancel(reply->body));
    else
      on_place_reply(pending.intent, tools_.trading->parse_socket_place(reply->body),
                     pending.sent_at);
  }
}

void OrderLink::on_socket_down(core::Error why) {
  if (!socket_)
    return;
  socket_open_ = false;
  session_.reset();
  socket_retry_at_ = tools_.clocks.mono() + socket_retry;
  // The socket may be below us on the stack: it goes in a turn of its own.
  tools_.strand->post([gone = std::shared_ptr<transport::WebSocket>{std::move(socket_)}] {});
  const auto lost = std::exchange(pending_, {});
  for (const auto& [id, pending] : lost) {
    if (pending.cancel) {
      on_cancel_reply(pending.intent, unknown_cancel(why));
      continue;
    }
    on_place_reply(pending.intent, unknown_place(why), pending.sent_at);
  }
  if (events_.socket_down && !over_)
    events_.socket_down(std::move(why));
}

// ---- time
// ----------------------------------------------------------------------------------------------------------

void OrderLink::arm_timer() {
  tools_.strand->post_after(timer_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    self->on_timer();
    self->arm_timer();
  });
}

void OrderLink::on_timer() {
  const auto at = tools_.clocks.mono();
  const auto& traits = tools_.trading->traits();
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto entry = next++;
    if (at - entry->second.sent_at < options_.reply_timeout)
      continue;
    const auto pending = std::move(entry->second);
    pending_.erase(entry);
    if (pending.cancel)
      on_cancel_reply(pending.intent, unknown_cancel(no_reply("no reply to a cancel")));
    else
      on_place_reply(pending.intent, unknown_place(no_reply("no reply to an order")),
                     pending.sent_at);
  }
  if (socket_ && socket_open_ && at - socket_heard_at_ > traits.stream_silence_max)
    on_socket_down(no_reply("the order socket is silent"));
  if (socket_ && socket_open_ && at - socket_pinged_at_ >= traits.stream_ping) {
    socket_pinged_at_ = at;
    if (auto ping = tools_.trading->stream_ping())
      socket_->send(*std::move(ping));
    else
      socket_->ping();
  }
  if (!socket_ && options_.entry == OrderEntry::socket && traits.order_socket
      && at >= socket_retry_at_)
    open_socket();
  if (options_.dead_man_window.count() > 0 && traits.dead_man_switch)
    arm_dead_man(at);
}

/// Renewed four times within its window for every symbol with an order that may rest; disarmed when
/// the last one is settled.
void OrderLink::arm_dead_man(core::MonoTime at) {
  if (armed_.empty() || at - armed_at_ < options_.dead_man_window / 4)
    return;
  armed_at_ = at;
  std::set<core::Symbol> working;
  for (const auto& order : desk_.unsettled(market_))
    working.insert(order->intent().draft.instrument.symbol);
  for (auto next = armed_.begin(); next != armed_.end();) {
    const auto symbol = *next;
    const bool keep = working.contains(symbol);
    next = keep ? std::next(next) : armed_.erase(next);
    const auto window = keep ? options_.dead_man_window : std::chrono::milliseconds{0};
    tools_.rest->call(
        CallKind::cancel,
        [trading = tools_.trading, symbol, window](const Credentials& keys, const Stamp& stamp) {
          auto request = trading->arm_dead_man(symbol, window, keys, stamp);
          return request ? *std::move(request)
                         : core::fail(core::Errc::internal, "no dead man's switch here");
        },
        [](const SignedReply&) {});
  }
}

} // namespace tandem::adapters::venues
