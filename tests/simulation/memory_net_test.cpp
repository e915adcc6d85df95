// The network of the simulated worlds: what a link may do to requests, replies and frames.
#include "apps/tandem_world/memory_net.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::world;
using namespace std::chrono_literals;
using adapters::transport::HttpResponse;

namespace {

constexpr auto surface = sim::SurfaceId::binance_spot;
constexpr LinkId rest{surface, Channel::rest};
constexpr LinkId market{surface, Channel::market};

/// Runs what it is handed at once.
struct Now final : adapters::transport::Strand {
  void post(std::function<void()> task) override { task(); }

  void post_after(std::chrono::nanoseconds, std::function<void()> task) override { task(); }
};

struct Net {
  Net() { net.bind(simulator); }

  void run(std::chrono::milliseconds span) {
    const auto end = timeline.now() + span;
    while (true) {
      while (timeline.run_one()) {
      }
      auto next = core::MonoTime{1h} + (simulator.next_due() - net_start);
      if (const auto event = timeline.next())
        next = std::min(next, *event);
      if (next > end)
        break;
      timeline.move_to(next);
      simulator.advance(net.wall());
    }
    timeline.move_to(end);
  }

  std::shared_ptr<std::optional<core::Result<HttpResponse>>> ask() {
    auto answer = std::make_shared<std::optional<core::Result<HttpResponse>>>();
    adapters::transport::HttpRequest request;
    request.url = "http://127.0.0.1:7101/api/v3/time";
    request.timeout = 1s;
    side->http().send(request,
                      [answer](core::Result<HttpResponse> got) { *answer = std::move(got); });
    return answer;
  }

  /// A subscribed socket.
  void open() {
    adapters::transport::WebSocketOptions options;
    options.url = "ws://127.0.0.1:7101/stream?streams=btcusdt@depth@100ms";
    socket = side->connector(Channel::market)
                 .open(options, {.on_open = [this] { opened = true; },
                                 .on_text = [this](std::string_view text,
                                                   core::MonoTime) { texts.emplace_back(text); },
                                 .on_down = [this](const core::Error& why) { down = why; }});
    run(20ms);
  }

  [[nodiscard]] std::vector<std::int64_t> ids() const {
    std::vector<std::int64_t> found;
    for (const auto& text : texts)
      if (const auto at = text.find("\"u\":"); at != std::string::npos)
        found.push_back(std::stoll(text.substr(at + 4)));
    return found;
  }

  static constexpr sim::Time net_start{1'723'161'600'000ms};
  Timeline timeline{core::MonoTime{1h}};
  Trace trace{nullptr};
  MemoryNet net{timeline, trace, 1, net_start};
  sim::Simulator simulator{sim::parse_scenario("symbols: [BTCUSDT]\nflow: {history_minutes: 2}",
                                               "test", ".", {},
                                               [](const std::string&) { return std::nullopt; })
                               .scenario,
                           nullptr, net, net_start};
  Now strand;
  Operations operations{{}};
  std::shared_ptr<NetSide> side = net.connect(strand, operations);
  std::unique_ptr<adapters::transport::WebSocket> socket;
  bool opened = false;
  std::vector<std::string> texts;
  std::optional<core::Error> down;
};

} // namespace

TEST_CASE("a request is answered by the venue within two ways of the network") {
  Net net;
  const auto answer = net.ask();
  CHECK_FALSE(answer->has_value());
  net.run(5ms);
  REQUIRE(answer->has_value());
  REQUIRE((*answer)->has_value());
  CHECK((**answer)->status == 200);
  CHECK((**answer)->body.find("serverTime") != std::string::npos);
  CHECK((**answer)->body.capacity() >= (**answer)->body.size() + 64);
}

TEST_CASE("a lost request and a lost reply look alike: no answer in time") {
  for (const bool request : {true, false}) {
    Net net;
    auto state = net.net.state(rest);
    (request ? state.lose_request_per_mille : state.lose_reply_per_mille) = 1'000;
    net.net.set(rest, state);
    const auto answer = net.ask();
    net.run(999ms);
    CHECK_FALSE(answer->has_value());
    net.run(2ms);
    REQUIRE(answer->has_value());
    CHECK((*answer)->error().code == core::Errc::timed_out);
  }
}

TEST_CASE("a stalled link delivers, in order, what was sent meanwhile, when it wakes") {
  Net net;
  net.open();
  REQUIRE(net.opened);
  net.run(500ms);
  const auto before = net.texts.size();
  REQUIRE(before > 0);
  net.net.set(market, {.stalled = true});
  net.run(1s);
  CHECK(net.texts.size() <= before + 1); // what had passed already
  net.net.set(market, {});
  net.run(10ms);
  CHECK(net.texts.size() > before + 5);
  const auto ids = net.ids();
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK_FALSE(net.down.has_value());
}

TEST_CASE("a reset link ends its connections; a refusing one lets none begin") {
  Net net;
  net.open();
  net.net.reset(market);
  net.run(5ms);
  REQUIRE(net.down.has_value());
  CHECK(net.down->code == core::Errc::connection_lost);
  net.net.set(market, {.refusing = true});
  net.opened = false;
  net.down.reset();
  net.open();
  CHECK_FALSE(net.opened);
  CHECK(net.down.has_value());
}

TEST_CASE("a flood is the last text again and again") {
  Net net;
  net.open();
  net.run(500ms);
  const auto before = net.texts.size();
  net.net.flood(market, 100);
  net.run(2ms);
  CHECK(net.texts.size() >= before + 100);
  CHECK(net.texts.back() == net.texts[net.texts.size() - 50]);
}

TEST_CASE("a process that died hears nothing; what it sent arrives") {
  Net net;
  std::size_t seen = 0;
  net.net.observe([&](LinkId, const std::string&, const std::string&) { ++seen; }, {});
  net.operations.plan({1, Moment::after});
  const auto answer = net.ask(); // dies right behind its bytes
  CHECK(net.operations.dead());
  const auto late = net.ask(); // nobody is there to send it
  net.run(2s);
  CHECK(seen == 1);
  CHECK_FALSE(answer->has_value());
  CHECK_FALSE(late->has_value());
}
