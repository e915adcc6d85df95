#include "apps/tandem_world/memory_net.hpp"

#include "apps/one_thread/padded.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using adapters::transport::HttpCallback;
using adapters::transport::HttpRequest;
using adapters::transport::HttpResponse;
using adapters::transport::WebSocketEvents;
using adapters::transport::WebSocketOptions;
using sim::SurfaceId;

/// What a URL says, as far as the world is concerned.
struct Target {
  std::string host; ///< with the port
  std::string path;
  std::string query;
};

Target parse(std::string_view url) {
  Target target;
  const auto scheme = url.find("://");
  auto rest = url.substr(scheme == std::string_view::npos ? 0 : scheme + 3);
  const auto slash = rest.find('/');
  target.host = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{"/"} : rest.substr(slash);
  const auto question = rest.find('?');
  target.path = rest.substr(0, question);
  if (question != std::string_view::npos)
    target.query = rest.substr(question + 1);
  return target;
}

/// Of the first surface; the others follow. As the defaults in config/examples/mock.yaml.
constexpr int first_port = 7'101;

std::optional<SurfaceId> surface_at(std::string_view host) {
  for (std::size_t n = 0; n < sim::surface_count; ++n)
    if (host == address_of(static_cast<SurfaceId>(n)))
      return static_cast<SurfaceId>(n);
  return std::nullopt;
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

core::Error lost(std::string detail) {
  return {core::Errc::connection_lost, std::move(detail), {}};
}

} // namespace

std::string address_of(sim::SurfaceId surface) {
  return "127.0.0.1:" + std::to_string(first_port + static_cast<int>(surface));
}

std::string to_string(LinkId link) {
  return std::string{sim::name_of(link.surface)} + '/'
         + channel_names.at(static_cast<std::size_t>(link.channel));
}

/// One direction of a connection: what is on its way, in order.
struct MemoryNet::Pipe {
  struct Item {
    core::MonoTime due{};
    std::function<void()> run;
  };

  std::deque<Item> items;
};

struct MemoryNet::Wire {
  sim::SocketId id = 0;
  LinkId link;
  std::weak_ptr<Side> side;
  WebSocketEvents events;
  bool engine_open = false; ///< the engine was told that it is open and not that it is down
  bool engine_wants = true; ///< it holds the handle
  bool venue_open = false;  ///< the venue knows it
  bool venue_reads = true;
  sim::Text last_text; ///< of the venue; null before the first
  Pipe to_venue, to_engine;
};

class MemoryNet::Side final : public NetSide, public std::enable_shared_from_this<Side> {
public:
  Side(MemoryNet& network, adapters::transport::Strand& strand, Operations& operations)
      : net{network}, tasks{strand}, ops{operations}, market_{*this, Channel::market},
        account_{*this, Channel::account}, http_{*this} {}

  adapters::transport::WebSocketConnector& connector(Channel channel) override {
    return channel == Channel::account ? account_ : market_;
  }

  adapters::transport::HttpClient& http() override { return http_; }

  void cut() override {
    for (const auto& weak : net.made_)
      if (const auto wire = weak.lock(); wire && wire->side.lock().get() == this) {
        wire->events = {}; // they may hold what ends with the process
        wire->engine_wants = wire->engine_open = false;
        net.hang_up(wire);
      }
  }

  /// Hands something to the engine on its strand: an operation of its process.
  void hand_over(LinkId link, std::function<void()> work) {
    if (ops.dead())
      return;
    tasks.post([weak = weak_from_this(), link, work = std::move(work)] {
      const auto self = weak.lock();
      if (!self)
        return;
      self->ops.pass([&] {
        if (self->net.delivered_)
          self->net.delivered_(link);
        work();
      });
    });
  }

  MemoryNet& net;
  adapters::transport::Strand& tasks;
  Operations& ops;

private:
  class Connector final : public adapters::transport::WebSocketConnector {
  public:
    Connector(Side& side, Channel channel) : side_{side}, channel_{channel} {}

    std::unique_ptr<adapters::transport::WebSocket> open(WebSocketOptions options,
                                                         WebSocketEvents events) override;

  private:
    Side& side_;
    Channel channel_;
  };

  class Http final : public adapters::transport::HttpClient {
  public:
    explicit Http(Side& side) : side_{side} {}

    void send(HttpRequest request, HttpCallback done) override {
      const auto target = parse(request.url);
      const auto surface = surface_at(target.host);
      if (!surface) {
        side_.hand_over({}, [done = std::move(done), host = target.host] {
          done(tl::unexpected{lost("no such host: " + host)});
        });
        return;
      }
      const LinkId link{*surface, Channel::rest};
      side_.ops.pass([&] {
        side_.net.exchange(link, side_.shared_from_this(), std::move(request), std::move(done));
      });
    }

  private:
    Side& side_;
  };

  Connector market_, account_;
  Http http_;
};

class MemoryNet::Socket final : public adapters::transport::WebSocket {
public:
  Socket(std::weak_ptr<Side> side, WirePtr wire) : side_{std::move(side)}, wire_{std::move(wire)} {}

  ~Socket() override { close(); }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string text) override {
    operate([&](Side& side) {
      if (!wire_->engine_open)
        return;
      auto& net = side.net;
      net.trace("text", wire_->link, text);
      if (net.sent_)
        net.sent_(wire_->link, {}, text);
      net.push(wire_, true, [network = &net, wire = wire_, text = std::move(text)] {
        if (wire->venue_open)
          network->simulator_->on_text(wire->link.surface, wire->id, text, network->wall());
      });
    });
  }

  void ping() override {
    operate([&](Side& side) {
      side.net.push(wire_, true, [network = &side.net, wire = wire_] {
        if (!wire->venue_open)
          return;
        network->to_engine(wire, [network](Wire& to) {
          if (to.events.on_control)
            to.events.on_control(network->timeline_.now());
        });
      });
    });
  }

  void close() override {
    if (!std::exchange(wire_->engine_wants, false))
      return;
    wire_->engine_open = false;
    const auto side = side_.lock();
    if (!side || side->ops.dead())
      return; // its end ends its connections
    side->net.hang_up(wire_);
  }

private:
  template <class Work>
  void operate(Work&& work) {
    if (const auto side = side_.lock())
      side->ops.pass([&] { work(*side); });
  }

  std::weak_ptr<Side> side_;
  WirePtr wire_;
};

std::unique_ptr<adapters::transport::WebSocket>
MemoryNet::Side::Connector::open(WebSocketOptions options, WebSocketEvents events) {
  auto& net = side_.net;
  auto wire = std::make_shared<Wire>();
  wire->id = ++net.last_socket_;
  wire->side = side_.weak_from_this();
  wire->events = std::move(events);
  const auto target = parse(options.url);
  const auto surface = surface_at(target.host);
  wire->link = {surface.value_or(SurfaceId::binance_spot), channel_};
  std::erase_if(net.made_, [](const auto& weak) { return weak.expired(); });
  net.made_.push_back(wire);
  auto handle = std::make_unique<Socket>(side_.weak_from_this(), wire);
  side_.ops.pass([&] {
    net.trace("connect", wire->link, options.url);
    const auto fail = [&net, wire](core::Error why) {
      net.to_engine(wire, [why](Wire& to) {
        to.engine_wants = false;
        to.events.on_down(why);
      });
    };
    if (!surface || net.state(wire->link).refusing) {
      net.timeline_.after(net.latency(wire->link), [fail] { fail(lost("connection refused")); });
      return;
    }
    net.wires_[wire->id] = wire;
    net.push(wire, true,
             [network = &net, wire, url = options.url] { network->connect_wire(wire, url); });
    net.timeline_.after(options.open_timeout, [network = &net, wire, fail] {
      if (wire->engine_wants && !wire->engine_open && !wire->venue_open) {
        network->wires_.erase(wire->id);
        fail({core::Errc::timed_out, "no answer while connecting", {}});
      }
    });
  });
  return handle;
}

MemoryNet::MemoryNet(Timeline& timeline, Trace& trace, std::uint64_t seed, sim::Time base)
    : timeline_{timeline}, trace_{trace}, random_{seed}, base_{base}, start_{timeline.now()} {
  for (std::size_t surface = 0; surface < sim::surface_count; ++surface)
    for (const auto channel : {Channel::market, Channel::account, Channel::rest})
      links_[{static_cast<SurfaceId>(surface), channel}] = {};
}

/// What is on its way refers to its own wire.
MemoryNet::~MemoryNet() {
  for (const auto& weak : made_)
    if (const auto wire = weak.lock()) {
      wire->to_venue.items.clear();
      wire->to_engine.items.clear();
    }
}

void MemoryNet::observe(Observer sent, Delivered delivered) {
  sent_ = std::move(sent);
  delivered_ = std::move(delivered);
}

std::shared_ptr<NetSide> MemoryNet::connect(adapters::transport::Strand& strand,
                                            Operations& operations) {
  return std::make_shared<Side>(*this, strand, operations);
}

sim::Time MemoryNet::wall() const {
  return base_ + (timeline_.now() - start_);
}

void MemoryNet::set_latency(std::chrono::nanoseconds least, std::chrono::nanoseconds jitter) {
  latency_least_ = least;
  latency_jitter_ = jitter;
}

const LinkState& MemoryNet::state(LinkId link) const {
  return links_.at(link);
}

void MemoryNet::set(LinkId link, LinkState state) {
  const bool wakes = links_.at(link).stalled && !state.stalled;
  links_.at(link) = state;
  if (!wakes)
    return;
  for (auto& item : std::exchange(waiting_[link], {}))
    timeline_.after(latency(link), std::move(item));
  const auto all = wires_;
  for (const auto& [id, wire] : all)
    if (wire->link == link) {
      pump(wire, true);
      pump(wire, false);
    }
}

void MemoryNet::reset(LinkId link) {
  const auto all = wires_;
  for (const auto& [id, wire] : all) {
    if (wire->link != link)
      continue;
    wire->to_venue.items.clear();
    if (std::exchange(wire->venue_open, false))
      simulator_->on_closed(wire->link.surface, id, wall());
    abort(id);
  }
}

void MemoryNet::flood(LinkId link, std::size_t times) {
  const auto all = wires_;
  for (const auto& [id, wire] : all)
    if (wire->link == link && wire->last_text)
      for (std::size_t n = 0; n < times; ++n)
        send(id, wire->last_text);
}

std::chrono::nanoseconds MemoryNet::latency(LinkId link) {
  const auto jitter = static_cast<std::uint64_t>(latency_jitter_.count()) + 1;
  return latency_least_ + std::chrono::nanoseconds{random_() % jitter} + links_.at(link).delay;
}

bool MemoryNet::chance(std::uint32_t per_mille) {
  return per_mille > 0 && random_() % 1'000 < per_mille;
}

void MemoryNet::trace(std::string_view what, LinkId link, std::string_view bytes) {
  trace_.line(timeline_.elapsed(), what, to_string(link), bytes);
}

void MemoryNet::push(const WirePtr& wire, bool to_venue, std::function<void()> item) {
  auto& pipe = to_venue ? wire->to_venue : wire->to_engine;
  auto due = timeline_.now() + latency(wire->link);
  if (!pipe.items.empty())
    due = std::max(due, pipe.items.back().due);
  pipe.items.push_back({due, std::move(item)});
  timeline_.at(due, [this, wire, to_venue] { pump(wire, to_venue); });
}

void MemoryNet::pump(const WirePtr& wire, bool to_venue) {
  auto& pipe = to_venue ? wire->to_venue : wire->to_engine;
  const bool held = links_.at(wire->link).stalled || (to_venue && !wire->venue_reads);
  while (!held && !pipe.items.empty() && pipe.items.front().due <= timeline_.now()) {
    const auto item = std::move(pipe.items.front().run);
    pipe.items.pop_front();
    item();
  }
}

void MemoryNet::carry(LinkId link, std::function<void()> item) {
  timeline_.after(latency(link), [this, link, item = std::move(item)]() mutable {
    if (links_.at(link).stalled)
      waiting_[link].push_back(std::move(item));
    else
      item();
  });
}

void MemoryNet::to_engine(const WirePtr& wire, std::function<void(Wire&)> item) {
  const auto side = wire->side.lock();
  if (!side)
    return;
  side->hand_over(wire->link, [wire, item = std::move(item)] {
    if (wire->engine_wants)
      item(*wire);
  });
}

void MemoryNet::connect_wire(const WirePtr& wire, std::string url) {
  if (!wire->engine_wants)
    return;
  const auto target = parse(url);
  sim::HttpAsk ask{"GET", target.path, target.query, {}, {}, "127.0.0.1:40000"};
  const auto surface = wire->link.surface;
  if (const auto refusal = simulator_->on_upgrade(surface, ask, wall())) {
    wires_.erase(wire->id);
    push(wire, false, [this, wire, status = refusal->status] {
      trace("refused", wire->link, std::to_string(status));
      to_engine(wire, [status](Wire& to) {
        to.engine_wants = false;
        to.events.on_down({core::Errc::upstream_error,
                           "the upgrade was answered with HTTP " + std::to_string(status),
                           {}});
      });
    });
    return;
  }
  wire->venue_open = true;
  push(wire, false, [this, wire] {
    trace("open", wire->link, {});
    to_engine(wire, [](Wire& to) {
      to.engine_open = true;
      to.events.on_open();
    });
  });
  simulator_->on_open(surface, wire->id, ask, wall());
}

void MemoryNet::hang_up(const WirePtr& wire) {
  push(wire, true, [this, wire] { end_at_venue(*wire); });
}

void MemoryNet::end_at_venue(Wire& wire) {
  if (std::exchange(wire.venue_open, false))
    simulator_->on_closed(wire.link.surface, wire.id, wall());
  wires_.erase(wire.id);
}

void MemoryNet::exchange(LinkId link, const std::shared_ptr<Side>& side, HttpRequest request,
                         HttpCallback done) {
  struct Call {
    HttpCallback done;
    core::MonoTime sent_at{};
    bool over = false;
  };

  const auto call = std::make_shared<Call>();
  call->done = std::move(done);
  call->sent_at = timeline_.now();
  const auto target = parse(request.url);
  const auto head = request.method + ' ' + target.path + '?' + target.query;
  trace("request", link, head + ' ' + request.body);
  if (sent_)
    sent_(link, head, request.body);

  const auto finish = [link, weak = std::weak_ptr{side}, call](core::Result<HttpResponse> result) {
    if (std::exchange(call->over, true))
      return;
    if (const auto alive = weak.lock())
      alive->hand_over(link, [call, result = std::move(result)] {
        auto told = result;
        if (told)
          told->body = one_thread::padded(told->body); // a copy has no room behind it
        call->done(std::move(told));
      });
  };
  if (links_.at(link).refusing) {
    timeline_.after(latency(link),
                    [finish] { finish(tl::unexpected{lost("connection refused")}); });
    return;
  }
  timeline_.after(request.timeout, [finish] {
    finish(tl::unexpected{core::Error{core::Errc::timed_out, "no answer in time", {}}});
  });
  if (chance(links_.at(link).lose_request_per_mille))
    return;
  sim::HttpAsk ask{request.method, target.path, target.query, {}, request.body, "127.0.0.1:40001"};
  for (const auto& [name, value] : request.headers)
    ask.headers.emplace_back(lower(name), value);
  carry(link, [this, link, ask = std::move(ask), call, finish] {
    simulator_->on_http(
        link.surface, ask,
        [this, link, call, finish](sim::HttpAnswer answer) {
          if (chance(links_.at(link).lose_reply_per_mille))
            return;
          carry(link, [this, link, call, finish, answer = std::move(answer)] {
            HttpResponse reply;
            reply.status = answer.status;
            reply.headers = answer.headers;
            reply.body = answer.body;
            reply.sent_at = call->sent_at;
            reply.received_at = timeline_.now();
            if (!call->over)
              trace("reply", link, std::to_string(answer.status) + ' ' + answer.body);
            finish(std::move(reply));
          });
        },
        wall());
  });
}

MemoryNet::WirePtr MemoryNet::wire_of(sim::SocketId socket) const {
  const auto found = wires_.find(socket);
  return found == wires_.end() ? nullptr : found->second;
}

void MemoryNet::send(sim::SocketId socket, sim::Text text) {
  const auto wire = wire_of(socket);
  if (!wire || !wire->venue_open)
    return;
  wire->last_text = text;
  push(wire, false, [this, wire, text = std::move(text)] {
    trace("frame", wire->link, *text);
    const auto at = timeline_.now();
    to_engine(wire, [text, at](Wire& to) {
      if (!to.engine_open || !to.events.on_text)
        return;
      const auto copy = one_thread::padded(*text);
      to.events.on_text(copy, at);
    });
  });
}

void MemoryNet::ping(sim::SocketId socket, std::string payload) {
  const auto wire = wire_of(socket);
  if (!wire || !wire->venue_open)
    return;
  push(wire, false, [this, wire, payload = std::move(payload)] {
    // The transport below the engine answers by itself.
    if (wire->engine_open)
      push(wire, true, [this, wire, payload] {
        if (wire->venue_open)
          simulator_->on_pong(wire->link.surface, wire->id, payload, wall());
      });
    to_engine(wire, [at = timeline_.now()](Wire& to) {
      if (to.events.on_control)
        to.events.on_control(at);
    });
  });
}

void MemoryNet::close(sim::SocketId socket, std::uint16_t code, std::string reason) {
  const auto wire = wire_of(socket);
  if (!wire)
    return;
  wire->venue_open = false;
  wires_.erase(socket);
  push(wire, false, [this, wire, code, reason = std::move(reason)] {
    trace("closed", wire->link, std::to_string(code));
    to_engine(wire,
              [why = "closed by the venue: " + std::to_string(code) + ' ' + reason](Wire& to) {
                to.engine_wants = to.engine_open = false;
                to.events.on_down(lost(why));
              });
  });
}

void MemoryNet::abort(sim::SocketId socket) {
  const auto wire = wire_of(socket);
  if (!wire)
    return;
  wire->venue_open = false;
  wire->to_engine.items.clear(); // a reset throws away what was not read yet
  wires_.erase(socket);
  push(wire, false, [this, wire] {
    trace("reset", wire->link, {});
    to_engine(wire, [](Wire& to) {
      to.engine_wants = to.engine_open = false;
      to.events.on_down(lost("connection reset by the venue"));
    });
  });
}

void MemoryNet::pause_reading(sim::SocketId socket, bool paused) {
  const auto wire = wire_of(socket);
  if (!wire)
    return;
  wire->venue_reads = !paused;
  if (!paused)
    pump(wire, true);
}

} // namespace tandem::world
