#include "apps/tandem_sim/server.hpp"

#include <array>
#include <map>
#include <utility>

namespace tandem::sim {
namespace {

namespace transport = adapters::transport;

using namespace std::chrono_literals;

/// The venue's own rules cut a client, not the server below them.
transport::ServerLimits limits() {
  transport::ServerLimits limits;
  limits.answer_timeout = 60s; // a snapshot may be held back
  limits.idle_timeout = 300s;
  limits.websocket_idle_timeout = 72h;
  limits.websocket_buffer_bytes_max = 64U * 1024 * 1024;
  return limits;
}

HttpAsk to_ask(const transport::ServerRequest& request) {
  return {request.method, request.path, request.query, request.headers, request.body, request.peer};
}

transport::ServerResponse to_response(HttpAnswer answer) {
  transport::ServerResponse response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  response.body = std::move(answer.body);
  if (response.body.starts_with('<'))
    response.content_type = "text/html";
  return response;
}

/// Everything below runs on the Io's one thread, but for construction and destruction.
struct Bound final : Outlet, std::enable_shared_from_this<Bound> {
  Bound(transport::Io& use_io, Now use_now, std::function<void(std::string)> use_say)
      : io{use_io}, now{std::move(use_now)}, say_line{std::move(use_say)} {}

  void send(SocketId socket, Text text) override {
    if (const auto found = sockets.find(socket); found != sockets.end())
      found->second.second->send(std::move(text));
  }

  void ping(SocketId socket, std::string payload) override {
    if (const auto found = sockets.find(socket); found != sockets.end())
      found->second.second->ping(std::move(payload));
  }

  void close(SocketId socket, std::uint16_t code, std::string reason) override {
    if (const auto found = sockets.find(socket); found != sockets.end())
      found->second.second->close(code, std::move(reason));
  }

  void abort(SocketId socket) override {
    if (const auto found = sockets.find(socket); found != sockets.end())
      found->second.second->abort();
  }

  void pause_reading(SocketId socket, bool paused) override {
    if (const auto found = sockets.find(socket); found != sockets.end())
      found->second.second->pause_reading(paused);
  }

  void say(std::string line) override { say_line(std::move(line)); }

  void timer() {
    if (stopped)
      return;
    simulator->advance(now());
    const auto left = simulator->next_due() - now();
    constexpr std::chrono::nanoseconds shortest{std::chrono::microseconds{200}};
    io.post_after(std::max<std::chrono::nanoseconds>(left, shortest), [self = weak_from_this()] {
      if (const auto alive = self.lock())
        alive->timer();
    });
  }

  transport::ServerEvents events_of(SurfaceId surface);
  transport::ServerEvents admin_events();

  transport::Io& io;
  Now now;
  std::function<void(std::string)> say_line;
  std::unique_ptr<Simulator> simulator;
  SocketId last_socket = 0;
  std::map<std::pair<SurfaceId, std::uint64_t>, SocketId> numbers; ///< of a server's socket
  std::map<SocketId, std::pair<SurfaceId, transport::ServerSocketPtr>> sockets;
  bool stopped = false;
};

transport::ServerEvents Bound::events_of(SurfaceId surface) {
  transport::ServerEvents events;
  auto self = shared_from_this();
  events.on_request
      = [self, surface](transport::ServerRequest request, transport::Respond respond) {
          if (self->stopped)
            return;
          self->simulator->on_http(
              surface, to_ask(request),
              [respond = std::move(respond)](HttpAnswer answer) {
                respond(to_response(std::move(answer)));
              },
              self->now());
        };
  events.on_upgrade
      = [self, surface](
            const transport::ServerRequest& request) -> std::optional<transport::ServerResponse> {
    auto refusal = self->simulator->on_upgrade(surface, to_ask(request), self->now());
    if (!refusal)
      return std::nullopt;
    return to_response(std::move(*refusal));
  };
  events.on_socket_open = [self, surface](transport::ServerSocketPtr socket,
                                          const transport::ServerRequest& request) {
    const auto id = ++self->last_socket;
    self->numbers[{surface, socket->id()}] = id;
    self->sockets[id] = {surface, std::move(socket)};
    self->simulator->on_open(surface, id, to_ask(request), self->now());
  };
  events.on_socket_text
      = [self, surface](const transport::ServerSocketPtr& socket, std::string_view text) {
          if (const auto found = self->numbers.find({surface, socket->id()});
              found != self->numbers.end())
            self->simulator->on_text(surface, found->second, text, self->now());
        };
  events.on_socket_pong
      = [self, surface](const transport::ServerSocketPtr& socket, std::string_view payload) {
          if (const auto found = self->numbers.find({surface, socket->id()});
              found != self->numbers.end())
            self->simulator->on_pong(surface, found->second, payload, self->now());
        };
  events.on_socket_closed = [self, surface](const transport::ServerSocketPtr& socket) {
    const auto found = self->numbers.find({surface, socket->id()});
    if (found == self->numbers.end())
      return;
    const auto id = found->second;
    self->numbers.erase(found);
    self->simulator->on_closed(surface, id, self->now());
    self->sockets.erase(id);
  };
  return events;
}

transport::ServerEvents Bound::admin_events() {
  transport::ServerEvents events;
  auto self = shared_from_this();
  events.on_request = [self](transport::ServerRequest request, transport::Respond respond) {
    respond(to_response(self->simulator->on_admin(to_ask(request), self->now())));
  };
  return events;
}

class BoundServer final : public Server {
public:
  BoundServer(std::shared_ptr<Bound> bound,
              std::vector<std::pair<std::string, std::unique_ptr<transport::HttpServer>>> servers)
      : bound_{std::move(bound)}, servers_{std::move(servers)} {}

  ~BoundServer() override {
    bound_->io.post([bound = bound_] { bound->stopped = true; });
    servers_.clear();
  }

  std::string addresses() const override {
    std::string out;
    for (const auto& [name, server] : servers_)
      out += (out.empty() ? "" : " ") + name + '=' + server->address();
    return out;
  }

private:
  std::shared_ptr<Bound> bound_;
  std::vector<std::pair<std::string, std::unique_ptr<transport::HttpServer>>> servers_;
};

} // namespace

core::Result<std::unique_ptr<Server>> serve(transport::Io& io, const Scenario& scenario,
                                            std::unique_ptr<LineSource> recording, Now now,
                                            std::function<void(std::string)> say) {
  auto bound = std::make_shared<Bound>(io, std::move(now), std::move(say));
  bound->simulator
      = std::make_unique<Simulator>(scenario, std::move(recording), *bound, bound->now());
  std::vector<std::pair<std::string, std::unique_ptr<transport::HttpServer>>> servers;
  for (std::size_t i = 0; i < surface_count; ++i) {
    auto server = transport::serve_http(io, scenario.surfaces[i].listen, limits(),
                                        bound->events_of(static_cast<SurfaceId>(i)));
    if (!server)
      return tl::unexpected{server.error()};
    servers.emplace_back(surface_names[i], std::move(*server));
  }
  auto admin = transport::serve_http(io, scenario.admin_listen, limits(), bound->admin_events());
  if (!admin)
    return tl::unexpected{admin.error()};
  servers.emplace_back("admin", std::move(*admin));
  io.post([bound] { bound->timer(); });
  return std::make_unique<BoundServer>(bound, std::move(servers));
}

} // namespace tandem::sim
