// The server of adapters/transport as an echo, for tests/integration/websocket_protocol_test.py:
// Autobahn's cases want their messages back, and that is all this adds to the server of the engine.
#include "adapters/transport/http_server.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

namespace {

using namespace tandem::adapters::transport;

/// Autobahn's largest message is 16 MiB.
constexpr std::size_t message_bytes_max = 17U * 1024 * 1024;

tandem::core::Clocks machine_clocks() {
  return {
      .mono = [] { return tandem::core::MonoTime{std::chrono::steady_clock::now()}; },
      .wall = [] { return tandem::core::WallTime{std::chrono::system_clock::now()}; },
  };
}

ServerEvents echo() {
  ServerEvents events;
  events.on_upgrade = [](const ServerRequest&) { return std::nullopt; };
  events.on_socket_text = [](const ServerSocketPtr& socket, std::string_view text) {
    socket->send(std::make_shared<const std::string>(text));
  };
  return events;
}

} // namespace

int main() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Io io{"echo", machine_clocks()};
  ServerLimits limits;
  limits.websocket_message_bytes_max = message_bytes_max;
  limits.websocket_buffer_bytes_max = 2 * message_bytes_max;
  const auto server = serve_http(io, "127.0.0.1:0", limits, echo());
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().detail.c_str());
    return 1;
  }
  std::printf("ready http=%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int number = 0;
  sigwait(&ends, &number);
  return 0;
}
