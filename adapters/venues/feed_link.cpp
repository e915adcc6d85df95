#include "adapters/venues/feed_link.hpp"

#include <utility>

namespace tandem::adapters::venues {
namespace {

constexpr std::chrono::milliseconds timer_interval{25};

} // namespace

FeedLink::FeedLink(LinkTools tools, SessionLimits limits, bool publishing, LinkEvents events)
    : tools_{std::move(tools)}, events_{std::move(events)},
      session_{*tools_.market, limits, *this, tools_.sinks, tools_.counters, publishing} {}

std::shared_ptr<FeedLink> FeedLink::open(LinkTools tools, transport::WebSocketOptions socket,
                                         SessionLimits limits, bool publishing, LinkEvents events) {
  auto& strand = *tools.strand;
  std::shared_ptr<FeedLink> link{
      new FeedLink{std::move(tools), limits, publishing, std::move(events)}};
  strand.post([link, socket = std::move(socket)]() mutable { link->start(std::move(socket)); });
  return link;
}

void FeedLink::start(transport::WebSocketOptions socket) {
  if (over_)
    return;
  // The socket's events hold the link weakly: the link owns the socket.
  const auto weak = weak_from_this();
  transport::WebSocketEvents events;
  events.on_open = [weak] {
    if (const auto self = weak.lock(); self && !self->over_) {
      self->session_.on_open(self->tools_.clocks.mono());
      self->events_.opened();
    }
  };
  events.on_text = [weak](std::string_view text, core::MonoTime received_at) {
    if (const auto self = weak.lock(); self && !self->over_)
      self->session_.on_text(text, received_at);
  };
  events.on_control = [weak](core::MonoTime received_at) {
    if (const auto self = weak.lock(); self && !self->over_)
      self->session_.on_control(received_at);
  };
  events.on_down = [weak](core::Error why) {
    if (const auto self = weak.lock())
      self->on_down(std::move(why));
  };
  socket_ = tools_.connector->open(std::move(socket), std::move(events));
  arm_timer();
}

void FeedLink::arm_timer() {
  tools_.strand->post_after(timer_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    self->session_.on_timer(self->tools_.clocks.mono());
    self->arm_timer();
  });
}

void FeedLink::add(std::vector<Stream> streams,
                   std::shared_ptr<const core::InstrumentTable> table) {
  tools_.strand->post(
      [self = shared_from_this(), streams = std::move(streams), table = std::move(table)] {
        const auto now = self->tools_.clocks.mono();
        for (const auto& stream : streams) {
          auto instrument = table->find(stream.symbol);
          if (instrument)
            self->session_.add(stream, std::move(instrument), now);
        }
      });
}

void FeedLink::remove(Stream stream) {
  tools_.strand->post([self = shared_from_this(), stream = std::move(stream)] {
    self->session_.remove(stream, self->tools_.clocks.mono());
  });
}

void FeedLink::republish(core::Symbol symbol) {
  tools_.strand->post([self = shared_from_this(), symbol = std::move(symbol)] {
    self->session_.republish(symbol, self->tools_.clocks.mono());
  });
}

void FeedLink::read(core::Symbol symbol, std::function<void(const BookReplica*)> done) {
  tools_.strand->post([self = shared_from_this(), symbol = std::move(symbol),
                       done = std::move(done)] { done(self->session_.replica(symbol)); });
}

void FeedLink::set_instruments(std::shared_ptr<const core::InstrumentTable> table) {
  tools_.strand->post([self = shared_from_this(), table = std::move(table)] {
    for (const auto& instrument : table->all())
      self->session_.set_instrument(instrument, self->tools_.clocks.mono());
  });
}

void FeedLink::set_clock_bad(bool bad) {
  tools_.strand->post([self = shared_from_this(), bad] {
    self->session_.set_clock_bad(bad, self->tools_.clocks.mono());
  });
}

void FeedLink::take_over(std::shared_ptr<FeedLink> old) {
  tools_.strand->post([self = shared_from_this(), old = std::move(old)] {
    const auto now = self->tools_.clocks.mono();
    old->session_.set_publishing(false, now);
    self->session_.set_publishing(true, now);
    old->finish();
  });
}

void FeedLink::stop(bool mark_down) {
  tools_.strand->post([self = shared_from_this(), mark_down] {
    if (self->over_)
      return;
    self->finish();
    if (mark_down)
      self->session_.on_down(self->tools_.clocks.mono());
  });
}

void FeedLink::finish() {
  over_ = true;
  socket_.reset();
}

void FeedLink::on_down(core::Error why) {
  if (std::exchange(over_, true))
    return;
  session_.on_down(tools_.clocks.mono());
  // The socket may be below us on the stack: it goes in a turn of its own.
  tools_.strand->post([self = shared_from_this()] { self->socket_.reset(); });
  events_.down(std::move(why));
}

void FeedLink::send(std::string text) {
  if (socket_)
    socket_->send(std::move(text));
}

void FeedLink::ping() {
  if (socket_)
    socket_->ping();
}

void FeedLink::give_up(core::Error why) {
  // Called from inside the session: it must not be torn down under its own feet.
  tools_.strand->post([self = shared_from_this(), why = std::move(why)]() mutable {
    self->on_down(std::move(why));
  });
}

void FeedLink::fetch_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                              std::chrono::milliseconds delay) {
  const auto ask = [weak = weak_from_this(), symbol, generation] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    auto request
        = self->tools_.market->rest().depth(symbol, self->tools_.market->traits().snapshot_levels);
    self->tools_.rest->get(std::move(request), false,
                           [weak, symbol, generation](core::Result<transport::HttpResponse> reply) {
                             const auto link = weak.lock();
                             if (!link || link->over_)
                               return;
                             auto body = std::move(reply).map(
                                 [](transport::HttpResponse&& got) { return std::move(got.body); });
                             link->session_.on_snapshot(symbol, generation, body,
                                                        link->tools_.clocks.mono());
                           });
  };
  if (delay.count() == 0)
    ask();
  else
    tools_.strand->post_after(delay, ask);
}

void FeedLink::book_changed(const core::Symbol& symbol, core::market::BookCondition condition,
                            const core::Error& why) {
  if (events_.book_changed)
    events_.book_changed(symbol, condition, why);
}

void FeedLink::all_live() {
  events_.all_live();
}

void FeedLink::refused(const Stream& stream, const core::Error& why) {
  events_.refused(stream, why);
}

void FeedLink::malformed(std::string_view frame, const core::Error& why) {
  events_.malformed(std::string{frame}, why);
}

void FeedLink::shutdown_soon() {
  events_.shutdown_soon();
}

void FeedLink::top_differs(const core::Symbol& symbol, const core::Error& why) {
  if (events_.top_differs)
    events_.top_differs(symbol, why);
}

std::uint64_t FeedLink::random() {
  return tools_.random();
}

} // namespace tandem::adapters::venues
