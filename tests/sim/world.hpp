/// A simulator in memory for tests: virtual time, and an outlet that remembers what each socket
/// got.
#pragma once

#include "apps/tandem_sim/simulator.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::sim::testing {

namespace json = boost::json;

inline json::object object_of(const std::string& text) {
  return json::parse(text).as_object();
}

inline std::string text_of(const json::value& value) {
  return std::string{value.as_string()};
}

inline const Time start{std::chrono::milliseconds{1'723'161'600'000}}; // 2024-08-09 00:00:00 UTC

struct Memory final : Outlet {
  struct Wire {
    std::vector<std::string> texts;
    std::vector<std::string> pings;
    std::optional<std::uint16_t> closed;
    bool aborted = false;
    bool paused = false;
  };

  void send(SocketId socket, Text text) override { wires[socket].texts.push_back(*text); }

  void ping(SocketId socket, std::string payload) override {
    wires[socket].pings.push_back(std::move(payload));
  }

  void close(SocketId socket, std::uint16_t code, std::string) override {
    wires[socket].closed = code;
  }

  void abort(SocketId socket) override { wires[socket].aborted = true; }

  void pause_reading(SocketId socket, bool paused) override { wires[socket].paused = paused; }

  void say(std::string line) override { said.push_back(std::move(line)); }

  std::map<SocketId, Wire> wires;
  std::vector<std::string> said;
};

/// Lines of a recording that a test wrote by hand.
struct HandMade final : LineSource {
  explicit HandMade(std::vector<RecordedFrame> frames) : lines{frames.begin(), frames.end()} {
    for (const auto& frame : lines) {
      if (frame.kind == "snapshot")
        snapshots.emplace_back(frame.surface, frame.symbol);
    }
  }

  std::optional<RecordedFrame> next() override {
    if (lines.empty())
      return std::nullopt;
    auto frame = lines.front();
    lines.pop_front();
    return frame;
  }

  bool has_snapshot(SurfaceId surface, const std::string& symbol) const override {
    return std::find(snapshots.begin(), snapshots.end(), std::pair{surface, symbol})
           != snapshots.end();
  }

  std::deque<RecordedFrame> lines;
  std::vector<std::pair<SurfaceId, std::string>> snapshots;
};

inline Scenario scenario_of(const std::string& yaml) {
  auto result
      = parse_scenario(yaml, "test.yaml", ".", {}, [](const std::string&) { return std::nullopt; });
  std::string mistakes;
  for (const auto& mistake : result.mistakes)
    mistakes += describe(mistake) + '\n';
  if (!mistakes.empty())
    throw std::runtime_error{mistakes};
  return result.scenario;
}

struct World {
  explicit World(const Scenario& scenario, std::unique_ptr<LineSource> lines = nullptr)
      : simulator{scenario, std::move(lines), memory, start} {}

  explicit World(const std::string& yaml) : World{scenario_of(yaml)} {}

  SocketId open(SurfaceId surface, const std::string& path, const std::string& query = {}) {
    const auto id = ++last;
    HttpAsk ask{"GET", path, query, {}, {}, "10.0.0.1:5000"};
    refusal = simulator.on_upgrade(surface, ask, now);
    if (!refusal)
      simulator.on_open(surface, id, ask, now);
    surfaces[id] = surface;
    return id;
  }

  void text(SocketId socket, const std::string& message) {
    simulator.on_text(surfaces[socket], socket, message, now);
  }

  void pong(SocketId socket, const std::string& payload) {
    simulator.on_pong(surfaces[socket], socket, payload, now);
  }

  /// Nullopt: no answer yet.
  std::shared_ptr<std::optional<HttpAnswer>> ask(SurfaceId surface, const std::string& path,
                                                 const std::string& query = {},
                                                 const std::string& method = "GET",
                                                 const std::string& peer = "10.0.0.1:5000") {
    auto slot = std::make_shared<std::optional<HttpAnswer>>();
    simulator.on_http(
        surface, {method, path, query, {}, {}, peer},
        [slot](HttpAnswer answer) { *slot = std::move(answer); }, now);
    return slot;
  }

  HttpAnswer get(SurfaceId surface, const std::string& path, const std::string& query = {}) {
    return ask(surface, path, query)->value();
  }

  HttpAnswer admin(const std::string& method, const std::string& path,
                   const std::string& body = {}) {
    return simulator.on_admin({method, path, {}, {}, body, "10.0.0.9:1"}, now);
  }

  void run(std::chrono::milliseconds time) {
    now += time;
    simulator.advance(now);
  }

  std::vector<std::string>& texts(SocketId socket) { return memory.wires[socket].texts; }

  Memory memory;
  Simulator simulator;
  Time now = start;
  SocketId last = 0;
  std::map<SocketId, SurfaceId> surfaces;
  std::optional<HttpAnswer> refusal;
};

inline std::string header_of(const HttpAnswer& answer, const std::string& name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name)
      return value;
  }
  return {};
}

/// Arms a fault through the admin routes.
inline void arm(World& world, const std::string& surface, const std::string& kind,
                const std::string& more = {}) {
  const auto answer = world.admin("POST", "/faults",
                                  fmt::format(R"({{"surface":"{}","kind":"{}"{}{}}})", surface,
                                              kind, more.empty() ? "" : ",", more));
  REQUIRE(answer.status == 200);
}

} // namespace tandem::sim::testing
