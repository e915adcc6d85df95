#include "apps/tandem/capture/machine.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace tandem::apps::capture {
namespace {

namespace transport = adapters::transport;

constexpr std::size_t crowd = 50'000;

/// What must not be in a file never comes in: keys given by interface, tokens, cookies.
transport::ServerRequest without_secrets(transport::ServerRequest request) {
  constexpr std::array<std::string_view, 3> secret{"authorization", "cookie", "x-api-key"};
  std::erase_if(request.headers, [&](const auto& header) {
    return std::find(secret.begin(), secret.end(), header.first) != secret.end();
  });
  if (request.path.starts_with("/api/settings/") && !request.body.empty())
    request.body = "{}";
  return request;
}

} // namespace

void Queue::put(Item item) {
  {
    const std::lock_guard held{mutex_};
    items_.push_back(std::move(item));
  }
  wake_.notify_one();
}

std::optional<Item> Queue::wait_until(std::optional<core::MonoTime> deadline) {
  std::unique_lock lock{mutex_};
  const auto some = [this] { return !items_.empty(); };
  if (deadline)
    wake_.wait_until(lock, *deadline, some);
  else
    wake_.wait(lock, some);
  if (items_.empty())
    return std::nullopt;
  auto item = std::move(items_.front());
  items_.pop_front();
  return item;
}

bool Queue::crowded() const {
  const std::lock_guard held{mutex_};
  return items_.size() > crowd;
}

/// Who asks and listens at our interfaces, by the numbers that the items carry. Thread safe.
class Sockets::Clients {
public:
  [[nodiscard]] std::uint64_t asks(transport::Respond respond) {
    const std::lock_guard held{mutex_};
    responds_.emplace(++last_, std::move(respond));
    return last_;
  }

  [[nodiscard]] transport::Respond take(std::uint64_t id) {
    const std::lock_guard held{mutex_};
    const auto found = responds_.extract(id);
    return found ? std::move(found.mapped()) : transport::Respond{};
  }

  [[nodiscard]] std::uint64_t opens(std::uint64_t listener, const transport::ServerSocketPtr& one) {
    const std::lock_guard held{mutex_};
    numbers_[{listener, one->id()}] = ++last_;
    sockets_[last_] = one;
    return last_;
  }

  /// 0: not there.
  [[nodiscard]] std::uint64_t number(std::uint64_t listener, const transport::ServerSocketPtr& one,
                                     bool last = false) {
    const std::lock_guard held{mutex_};
    const auto found = numbers_.find({listener, one->id()});
    if (found == numbers_.end())
      return 0;
    const auto id = found->second;
    if (last) {
      sockets_.erase(id);
      numbers_.erase(found);
    }
    return id;
  }

  [[nodiscard]] transport::ServerSocketPtr find(std::uint64_t id) {
    const std::lock_guard held{mutex_};
    const auto found = sockets_.find(id);
    return found == sockets_.end() ? nullptr : found->second;
  }

private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, transport::Respond> responds_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> numbers_;
  std::map<std::uint64_t, transport::ServerSocketPtr> sockets_;
};

Sockets::Sockets(transport::Io& venues, transport::Io& interfaces, Queue& queue)
    : queue_{queue}, connector_{transport::make_websocket_connector(venues)},
      http_{transport::make_http_client(venues)}, serve_{transport::serve_on(interfaces)},
      clients_{std::make_shared<Clients>()} {}

Sockets::~Sockets() = default;

void Sockets::connect(std::uint64_t id, const transport::WebSocketOptions& options) {
  transport::WebSocketEvents events;
  events.on_open = [this, id] { queue_.put({.kind = Kind::opened, .id = id}); };
  events.on_text = [this, id](std::string_view text, core::MonoTime at) {
    queue_.put({.kind = Kind::text,
                .id = id,
                .at = at.time_since_epoch().count(),
                .texts = {std::string{text}}});
  };
  events.on_control = [this, id](core::MonoTime at) {
    queue_.put({.kind = Kind::control, .id = id, .at = at.time_since_epoch().count()});
  };
  events.on_down = [this, id](const core::Error& why) { queue_.put(failed(Kind::down, id, why)); };
  sockets_[id] = connector_->open(options, std::move(events));
}

transport::WebSocket* Sockets::socket(std::uint64_t id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.get();
}

void Sockets::close(std::uint64_t id) {
  sockets_.erase(id);
}

void Sockets::ask(std::uint64_t id, const transport::HttpRequest& request) {
  http_->send(request, [this, id](core::Result<transport::HttpResponse> result) {
    if (!result) {
      queue_.put(failed(Kind::failure, id, result.error()));
      return;
    }
    queue_.put({.kind = Kind::reply,
                .id = id,
                .number = result->status,
                .at = result->received_at.time_since_epoch().count(),
                .sent = result->sent_at.time_since_epoch().count(),
                .texts = with_headers({std::move(result->body)}, result->headers)});
  });
}

core::Result<std::string> Sockets::listen(std::uint64_t id, const std::string& address,
                                          transport::ServerLimits limits,
                                          const transport::ServerEvents& events) {
  transport::ServerEvents own;
  own.on_upgrade = events.on_upgrade;
  own.on_refusal = events.on_refusal;
  auto& queue = queue_;
  const auto clients = clients_;
  own.on_request
      = [&queue, clients, id](transport::ServerRequest request, transport::Respond respond) {
          const auto number = clients->asks(std::move(respond));
          queue.put(asked(Kind::request, number, id, without_secrets(std::move(request))));
        };
  own.on_socket_open = [&queue, clients, id](const transport::ServerSocketPtr& socket,
                                             const transport::ServerRequest& request) {
    queue.put(asked(Kind::client_opened, clients->opens(id, socket), id, without_secrets(request)));
  };
  own.on_socket_text
      = [&queue, clients, id](const transport::ServerSocketPtr& socket, std::string_view text) {
          if (queue.crowded())
            socket->close(1008, "too many messages at once");
          else if (const auto number = clients->number(id, socket))
            queue.put({.kind = Kind::client_text, .id = number, .texts = {std::string{text}}});
        };
  own.on_socket_closed = [&queue, clients, id](const transport::ServerSocketPtr& socket) {
    if (const auto number = clients->number(id, socket, true))
      queue.put({.kind = Kind::client_closed, .id = number});
  };
  auto server = serve_(address, limits, std::move(own));
  if (!server)
    return tl::unexpected{server.error()};
  auto bound = (*server)->address();
  listeners_[id] = *std::move(server);
  return bound;
}

void Sockets::unlisten(std::uint64_t id) {
  listeners_.erase(id);
}

transport::ServerCounters Sockets::counters(std::uint64_t id) {
  const auto found = listeners_.find(id);
  return found == listeners_.end() ? transport::ServerCounters{} : found->second->counters();
}

void Sockets::respond(std::uint64_t id, transport::ServerResponse response) {
  if (const auto to = clients_->take(id))
    to(std::move(response));
}

transport::ServerSocketPtr Sockets::client(std::uint64_t id) {
  return clients_->find(id);
}

} // namespace tandem::apps::capture
