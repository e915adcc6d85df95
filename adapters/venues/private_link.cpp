#include "adapters/venues/private_link.hpp"

#include "adapters/transport/reading.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::adapters::venues {
namespace {

constexpr std::chrono::milliseconds timer_interval{250};
/// From the start to the last accepted frame of the opening.
constexpr std::chrono::seconds opening_limit{15};
/// While the stream is not read: how soon it is seen that it may be.
constexpr std::chrono::milliseconds held_look_interval{5};

} // namespace

// ---- the opening
// ---------------------------------------------------------------------------------------------------

PrivateSession::PrivateSession(StreamOpening opening, std::function<void(std::string)> send,
                               std::function<void()> done)
    : opening_{std::move(opening)}, send_{std::move(send)}, done_{std::move(done)} {}

void PrivateSession::on_open() {
  advance();
}

void PrivateSession::advance() {
  if (next_ < opening_.frames.size()) {
    send_(std::move(opening_.frames[next_++]));
    return;
  }
  if (next_++ == opening_.frames.size())
    done_();
}

core::Result<bool> PrivateSession::on_event(const PrivateEvent& event) {
  if (done())
    return false;
  if (const auto* auth = std::get_if<AuthReply>(&event)) {
    if (!auth->accepted)
      return tl::unexpected{auth->error};
    advance();
    return true;
  }
  if (const auto* reply = std::get_if<SocketReply>(&event)) {
    if (!reply->accepted)
      return tl::unexpected{reply->error};
    advance();
    return true;
  }
  return false;
}

// ---- the stream
// ----------------------------------------------------------------------------------------------------

PrivateLink::PrivateLink(PrivateTools tools, transport::WebSocketOptions socket,
                         PrivateEvents events)
    : tools_{std::move(tools)}, options_{std::move(socket)}, events_{std::move(events)},
      codec_{tools_.trading->make_private_codec()} {}

std::shared_ptr<PrivateLink>
PrivateLink::open(PrivateTools tools, transport::WebSocketOptions socket, PrivateEvents events) {
  auto& strand = *tools.strand;
  std::shared_ptr<PrivateLink> link{
      new PrivateLink{std::move(tools), std::move(socket), std::move(events)}};
  strand.post([link] { link->start(); });
  return link;
}

void PrivateLink::start() {
  if (over_)
    return;
  opened_at_ = heard_at_ = pinged_at_ = key_renewed_at_ = tools_.clocks.mono();
  arm_timer();
  if (tools_.trading->traits().stream_key)
    fetch_key();
  else
    connect({});
}

void PrivateLink::fetch_key() {
  tools_.rest->call(
      CallKind::query,
      [trading = tools_.trading, key = stream_key_](const Credentials& keys, const Stamp&) {
        auto request = trading->stream_key(key, keys);
        return request ? *std::move(request)
                       : core::fail(core::Errc::internal, "the venue has no stream keys");
      },
      [weak = weak_from_this()](const SignedReply& reply) {
        const auto self = weak.lock();
        if (!self || self->over_)
          return;
        if (!reply.response) {
          self->fail(reply.response.error());
          return;
        }
        const bool renewing = !self->stream_key_.empty();
        auto key
            = self->tools_.trading->parse_stream_key(reply.response->status, reply.response->body);
        if (!key)
          self->fail(std::move(key).error());
        else if (!renewing)
          self->connect(self->stream_key_ = *std::move(key));
      });
}

void PrivateLink::connect(const std::string& stream_key) {
  auto opening = tools_.trading->open_stream(stream_key, tools_.rest->keys(), tools_.rest->stamp());
  if (!opening) {
    fail(std::move(opening).error());
    return;
  }
  auto socket = options_;
  socket.url += opening->route;
  session_ = std::make_unique<PrivateSession>(
      *std::move(opening), [this](std::string text) { socket_->send(std::move(text)); },
      [this] { events_.ready(); });
  const auto weak = weak_from_this();
  transport::WebSocketEvents events;
  events.on_open = [weak] {
    if (const auto self = weak.lock(); self && !self->over_) {
      self->open_ = true;
      self->heard_at_ = self->tools_.clocks.mono();
      self->session_->on_open();
    }
  };
  events.on_text = [weak](std::string_view text, core::MonoTime received_at) {
    if (const auto self = weak.lock(); self && !self->over_)
      self->on_text(text, received_at);
  };
  events.on_control = [weak](core::MonoTime received_at) {
    if (const auto self = weak.lock())
      self->heard_at_ = received_at;
  };
  events.on_down = [weak](core::Error why) {
    if (const auto self = weak.lock())
      self->fail(std::move(why));
  };
  socket_ = tools_.connector->open(std::move(socket), std::move(events));
}

void PrivateLink::on_text(std::string_view text, core::MonoTime received_at) {
  heard_at_ = received_at;
  const auto events = codec_->decode(text);
  if (!events) {
    events_.malformed(events.error());
    return;
  }
  for (const auto& event : *events) {
    handle(event);
    if (over_)
      return;
  }
  hold_when_full();
}

void PrivateLink::hold_when_full() {
  if (held_ || !tools_.waiting || tools_.waiting() < updates_waiting_max)
    return;
  held_ = true;
  transport::pause_reading(socket_.get(), true);
  if (events_.held)
    events_.held(true);
  look_again();
}

void PrivateLink::look_again() {
  tools_.strand->post_after(held_look_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    if (self->tools_.waiting() > updates_waiting_max / 2) {
      self->look_again();
      return;
    }
    self->held_ = false;
    transport::pause_reading(self->socket_.get(), false);
    if (self->events_.held)
      self->events_.held(false);
  });
}

void PrivateLink::handle(const PrivateEvent& event) {
  const auto opening = session_->on_event(event);
  if (!opening) {
    fail(opening.error());
    return;
  }
  if (*opening)
    return;
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, KeyExpired>)
          fail({core::Errc::unauthenticated, "the stream's key ran out", {}});
        else if constexpr (std::is_same_v<What, ShutdownNotice>)
          fail({core::Errc::exchange_unavailable, "the venue announced its shutdown", {}});
        else if constexpr (std::is_same_v<What, core::orders::VenueOrder>
                           || std::is_same_v<What, core::orders::VenueFill>
                           || std::is_same_v<What, Balance> || std::is_same_v<What, VenuePosition>)
          events_.event(event);
      },
      event);
}

void PrivateLink::arm_timer() {
  tools_.strand->post_after(timer_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    self->on_timer();
    self->arm_timer();
  });
}

void PrivateLink::on_timer() {
  const auto now = tools_.clocks.mono();
  const auto& traits = tools_.trading->traits();
  const bool ready = session_ && session_->done();
  if (!ready && now - opened_at_ > opening_limit) {
    fail({core::Errc::timed_out, "the private stream did not open in time", {}});
    return;
  }
  if (open_ && now - heard_at_ > traits.stream_silence_max) {
    fail({core::Errc::timed_out,
          held_ ? "the engine does not work off what the private stream said"
                : "the private stream is silent",
          {}});
    return;
  }
  if (open_ && now - pinged_at_ >= traits.stream_ping) {
    pinged_at_ = now;
    if (auto ping = tools_.trading->stream_ping())
      socket_->send(*std::move(ping));
    else
      socket_->ping();
  }
  if (ready && traits.stream_key && now - key_renewed_at_ >= traits.stream_key_refresh) {
    key_renewed_at_ = now;
    fetch_key();
  }
  if (ready && traits.stream_lifetime && now - opened_at_ >= *traits.stream_lifetime)
    fail({core::Errc::connection_lost, "planned reconnect before the venue's cut", {}});
}

void PrivateLink::fail(core::Error why) {
  if (std::exchange(over_, true))
    return;
  // The socket may be below us on the stack: it goes in a turn of its own.
  tools_.strand->post([self = shared_from_this()] { self->socket_.reset(); });
  events_.down(std::move(why));
}

void PrivateLink::stop() {
  tools_.strand->post([self = shared_from_this()] {
    self->over_ = true;
    self->socket_.reset();
  });
}

} // namespace tandem::adapters::venues
