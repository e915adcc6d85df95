#include "apps/tandem/capture/ports.hpp"

#include "apps/one_thread/padded.hpp"

#include <fmt/format.h>

#include <sstream>
#include <utility>

namespace tandem::apps::capture {
namespace {

namespace transport = adapters::transport;

using core::MonoTime;
using std::chrono::nanoseconds;

MonoTime mono(std::int64_t ns) {
  return MonoTime{nanoseconds{ns}};
}

std::string as_text(const transport::ServerCounters& c) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {}", c.connections, c.connections_refused,
                     c.requests, c.malformed, c.timed_out, c.websockets_open, c.websockets_total,
                     c.websockets_cut_slow, c.messages_sent, c.bytes_sent);
}

transport::ServerCounters counters_of(const std::string& text) {
  transport::ServerCounters c;
  std::istringstream in{text};
  in >> c.connections >> c.connections_refused >> c.requests >> c.malformed >> c.timed_out
      >> c.websockets_open >> c.websockets_total >> c.websockets_cut_slow >> c.messages_sent
      >> c.bytes_sent;
  return c;
}

} // namespace

struct Ports::State {
  explicit State(Outside& all) : outside{all} {}

  void leaves(Item item, const std::function<void(Machine&)>& perform) {
    outside.leaves(std::move(item), perform);
  }

  Outside& outside;
  std::uint64_t last_id = 0; ///< of connections, requests to venues and listeners
  std::map<std::uint64_t, transport::WebSocketEvents> sockets;
  std::map<std::uint64_t, transport::HttpCallback> calls;
  std::map<std::uint64_t, transport::ServerEvents> listeners;
  std::map<std::uint64_t, std::pair<std::uint64_t, transport::ServerSocketPtr>>
      clients; ///< with their listener
  std::unique_ptr<transport::WebSocketConnector> connector;
  std::unique_ptr<transport::HttpClient> http;
};

// ---- to venues
// ----------------------------------------------------------------------------------------------------

class Ports::Socket final : public transport::WebSocket {
public:
  Socket(std::shared_ptr<State> state, std::uint64_t id) : state_{std::move(state)}, id_{id} {}

  ~Socket() override { close(); }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string text) override {
    if (!open())
      return;
    state_->leaves({.kind = Kind::send, .id = id_, .texts = {text}}, [&](Machine& machine) {
      if (auto* socket = machine.socket(id_))
        socket->send(text);
    });
  }

  void ping() override {
    if (!open())
      return;
    state_->leaves({.kind = Kind::ping, .id = id_}, [&](Machine& machine) {
      if (auto* socket = machine.socket(id_))
        socket->ping();
    });
  }

  void close() override {
    if (state_->sockets.erase(id_) == 0)
      return;
    state_->leaves({.kind = Kind::close, .id = id_}, [&](Machine& machine) { machine.close(id_); });
  }

private:
  [[nodiscard]] bool open() const { return state_->sockets.contains(id_); }

  std::shared_ptr<State> state_;
  std::uint64_t id_;
};

class Ports::Connector final : public transport::WebSocketConnector {
public:
  explicit Connector(std::weak_ptr<State> state) : state_{std::move(state)} {}

  std::unique_ptr<transport::WebSocket> open(transport::WebSocketOptions options,
                                             transport::WebSocketEvents events) override {
    auto state = state_.lock();
    const auto id = ++state->last_id;
    state->sockets.emplace(id, std::move(events));
    state->leaves({.kind = Kind::connect, .id = id, .texts = {options.url}},
                  [&](Machine& machine) { machine.connect(id, options); });
    return std::make_unique<Socket>(std::move(state), id);
  }

private:
  std::weak_ptr<State> state_; ///< which owns this
};

class Ports::Http final : public transport::HttpClient {
public:
  explicit Http(std::weak_ptr<State> state) : state_{std::move(state)} {}

  void send(transport::HttpRequest request, transport::HttpCallback done) override {
    const auto state = state_.lock();
    const auto id = ++state->last_id;
    state->calls.emplace(id, std::move(done));
    state->leaves(
        {.kind = Kind::ask,
         .id = id,
         .texts = with_headers({request.method, request.url, request.body}, request.headers)},
        [&](Machine& machine) { machine.ask(id, request); });
  }

private:
  std::weak_ptr<State> state_;
};

// ---- our interfaces
// -----------------------------------------------------------------------------------------------

class Ports::Client final : public transport::ServerSocket {
public:
  Client(std::weak_ptr<State> state, std::uint64_t id) : state_{std::move(state)}, id_{id} {}

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    const auto state = state_.lock();
    if (!state)
      return false;
    const auto told = state->outside.answer({.kind = Kind::tell, .id = id_, .texts = {*text}},
                                            [&](Machine& machine, Item& answer) {
                                              const auto client = machine.client(id_);
                                              answer.number = client && client->send(text) ? 1 : 0;
                                            });
    return told.number == 1;
  }

  [[nodiscard]] std::size_t buffered() const override {
    const auto state = state_.lock();
    if (!state)
      return 0;
    const auto told = state->outside.answer(
        {.kind = Kind::buffered, .id = id_}, [&](Machine& machine, Item& answer) {
          const auto client = machine.client(id_);
          answer.number = client ? static_cast<std::int64_t>(client->buffered()) : 0;
        });
    return static_cast<std::size_t>(told.number);
  }

  void ping(std::string payload) override {
    leaves({.kind = Kind::client_ping, .id = id_, .texts = {payload}},
           [&](transport::ServerSocket& client) { client.ping(payload); });
  }

  void close(std::uint16_t code, std::string reason) override {
    leaves({.kind = Kind::client_close, .id = id_, .number = code, .texts = {reason}},
           [&](transport::ServerSocket& client) { client.close(code, reason); });
  }

  void abort() override {
    leaves({.kind = Kind::client_abort, .id = id_},
           [](transport::ServerSocket& client) { client.abort(); });
  }

  void pause_reading(bool paused) override {
    leaves({.kind = Kind::client_pause, .id = id_, .number = paused ? 1 : 0},
           [&](transport::ServerSocket& client) { client.pause_reading(paused); });
  }

private:
  void leaves(Item item, const std::function<void(transport::ServerSocket&)>& perform) {
    if (const auto state = state_.lock())
      state->leaves(std::move(item), [&](Machine& machine) {
        if (const auto client = machine.client(id_))
          perform(*client);
      });
  }

  std::weak_ptr<State> state_;
  std::uint64_t id_;
};

class Ports::Server final : public transport::HttpServer {
public:
  Server(std::weak_ptr<State> state, std::uint64_t id, std::string address)
      : state_{std::move(state)}, id_{id}, address_{std::move(address)} {}

  ~Server() override {
    const auto state = state_.lock();
    if (!state || state->listeners.erase(id_) == 0)
      return;
    std::erase_if(state->clients, [this](const auto& one) { return one.second.first == id_; });
    state->leaves({.kind = Kind::unlisten, .id = id_},
                  [&](Machine& machine) { machine.unlisten(id_); });
  }

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string address() const override { return address_; }

  [[nodiscard]] transport::ServerCounters counters() const override {
    const auto state = state_.lock();
    if (!state)
      return {};
    const auto told = state->outside.answer(
        {.kind = Kind::counters, .id = id_},
        [&](Machine& machine, Item& answer) { answer.texts = {as_text(machine.counters(id_))}; });
    return told.texts.empty() ? transport::ServerCounters{} : counters_of(told.texts.front());
  }

private:
  std::weak_ptr<State> state_;
  std::uint64_t id_;
  std::string address_;
};

Ports::Ports(Outside& outside) : state_{std::make_shared<State>(outside)} {
  state_->connector = std::make_unique<Connector>(state_);
  state_->http = std::make_unique<Http>(state_);
}

Ports::~Ports() = default;

transport::WebSocketConnector& Ports::connector() noexcept {
  return *state_->connector;
}

transport::HttpClient& Ports::http() noexcept {
  return *state_->http;
}

transport::Serve Ports::serve() {
  return [weak = std::weak_ptr{state_}](const std::string& address, transport::ServerLimits limits,
                                        transport::ServerEvents events)
             -> core::Result<std::unique_ptr<transport::HttpServer>> {
    const auto state = weak.lock();
    if (!state)
      return core::fail(core::Errc::internal, "the engine is ending", address);
    const auto id = ++state->last_id;
    const auto& kept = state->listeners.emplace(id, std::move(events)).first->second;
    const auto told = state->outside.answer(
        {.kind = Kind::listen, .id = id, .texts = {address}}, [&](Machine& machine, Item& answer) {
          const auto bound = machine.listen(id, address, limits, kept);
          answer.number = bound ? 1 : 0;
          if (bound)
            answer.texts.push_back(*bound);
          else
            answer.texts.insert(answer.texts.end(), {bound.error().detail, bound.error().source});
        });
    if (told.number == 1 && told.texts.size() == 2)
      return std::make_unique<Server>(state, id, told.texts.back());
    state->listeners.erase(id);
    return core::fail(core::Errc::configuration,
                      told.texts.size() > 1 ? told.texts[1] : "is not bound",
                      told.texts.size() > 2 ? told.texts[2] : address);
  };
}

// ---- what comes in
// ------------------------------------------------------------------------------------------------

void Ports::deliver(const Item& item) {
  const auto state = state_;
  const auto to_socket = [&](auto&& call) {
    const auto found = state->sockets.find(item.id);
    if (found == state->sockets.end())
      return;
    const auto events = found->second; // it may close itself
    call(events);
  };
  const auto to_call = [&](core::Result<transport::HttpResponse> result) {
    const auto found = state->calls.find(item.id);
    if (found == state->calls.end())
      return;
    const auto done = std::move(found->second);
    state->calls.erase(found);
    done(std::move(result));
  };
  const auto to_client = [&](auto&& call) {
    const auto found = state->clients.find(item.id);
    if (found == state->clients.end())
      return;
    const auto [listener, client] = found->second;
    if (item.kind == Kind::client_closed)
      state->clients.erase(found);
    if (const auto events = state->listeners.find(listener); events != state->listeners.end())
      call(events->second, client);
  };
  const auto listener = state->listeners.find(static_cast<std::uint64_t>(item.number));
  switch (item.kind) {
  case Kind::opened:
    return to_socket([](const auto& events) { events.on_open(); });
  case Kind::text:
    return to_socket([&](const auto& events) {
      const auto text = one_thread::padded(item.texts.front());
      events.on_text(text, mono(item.at));
    });
  case Kind::control:
    return to_socket([&](const auto& events) {
      if (events.on_control)
        events.on_control(mono(item.at));
    });
  case Kind::down:
    return to_socket([&](const auto& events) {
      state->sockets.erase(item.id);
      events.on_down(error_of(item));
    });
  case Kind::reply: {
    transport::HttpResponse reply;
    reply.status = static_cast<int>(item.number);
    reply.headers = headers_of(item.texts, 1);
    reply.body = one_thread::padded(item.texts.front());
    reply.sent_at = mono(item.sent);
    reply.received_at = mono(item.at);
    return to_call(std::move(reply));
  }
  case Kind::failure:
    return to_call(tl::unexpected{error_of(item)});
  case Kind::request:
    if (listener != state->listeners.end())
      listener->second.on_request(request_of(item), [weak = std::weak_ptr{state},
                                                     id = item.id](auto response) {
        const auto there = weak.lock();
        if (!there)
          return;
        Item answer{.kind = Kind::respond, .id = id, .number = response.status};
        answer.texts = with_headers({response.content_type, response.body}, response.headers);
        there->leaves(std::move(answer), [&](Machine& machine) { machine.respond(id, response); });
      });
    return;
  case Kind::client_opened:
    if (listener != state->listeners.end()) {
      const auto client = std::make_shared<Client>(state, item.id);
      state->clients[item.id] = {listener->first, client};
      listener->second.on_socket_open(client, request_of(item));
    }
    return;
  case Kind::client_text:
    return to_client([&](const auto& events, const auto& client) {
      events.on_socket_text(client, item.texts.front());
    });
  case Kind::client_closed:
    return to_client(
        [](const auto& events, const auto& client) { events.on_socket_closed(client); });
  default:
    return;
  }
}

} // namespace tandem::apps::capture
