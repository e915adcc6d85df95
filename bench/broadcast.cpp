/// Measures how soon WebSocket clients hear of an event: a whole engine without a venue runs in
/// this process, real sockets on loopback join it to its clients, and every event carries the
/// moment before it was given to the engine's market bus. The clients share one thread, as far
/// readers do not: what it takes to read is in the figures.
///
/// usage: bench_broadcast [--clients 1,100,1000] [--rate 20] [--seconds 10]
///   --clients  how many at the same time; one figure for each
///   --rate     events a second; every client hears every one
#include "adapters/transport/websocket.hpp"
#include "bench/loopback.hpp"

#include <charconv>

namespace tandem::bench {
namespace {

constexpr std::string_view mark = "sent_ns=";

struct Silence final : core::Log {
  void write(core::LogLevel, std::string_view, std::initializer_list<core::LogField>) override {}
};

class BareEngine {
public:
  explicit BareEngine(std::size_t clients_max) {
    context_->clocks = machine_clocks();
    context_->random = [] { return std::uint64_t{1}; };
    context_->log = &log_;
    context_->board = std::make_shared<core::market::Board>();
    context_->directory = std::make_shared<messages::Directory>();
    context_->cells = std::make_shared<messages::CellRegistry>();
    context_->mode = "mock";
    auto pattern = (std::filesystem::temp_directory_path() / "tandem_broadcast_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    parts_.config.engine.state_dir = state_dir_ = pattern;
    auto& listener = parts_.config.listeners.emplace_back();
    listener.address = "127.0.0.1:0";
    listener.websockets_max = clients_max;
    parts_.context = context_;
    parts_.serve = adapters::transport::serve_on(io_);
    parts_.proxy_for = [](const std::string&) { return std::string{}; };
    parts_.on_listening
        = [this](config::Surface, const std::string& address) { address_ = address; };
    actors::supervisor::set_scheduling(caf_config_, config::EngineConfig{}.worker_threads);
    system_ = std::make_unique<caf::actor_system>(caf_config_);
    root_ = actors::supervisor::start_engine(*system_, parts_);
    wait_until("the interface listens", [this] { return listening(); });
  }

  ~BareEngine() {
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    {
      caf::scoped_actor self{*system_};
      self->wait_for(root_);
    }
    root_ = nullptr;
    system_.reset();
    context_->directory->clear();
    std::error_code ignored;
    std::filesystem::remove_all(state_dir_, ignored);
  }

  BareEngine(const BareEngine&) = delete;
  BareEngine& operator=(const BareEngine&) = delete;

  [[nodiscard]] std::string address() const { return address_; }

  void tell() {
    messages::EngineAlert alert;
    alert.code = "BENCH";
    alert.message = fmt::format("{}{} ", mark, now_ns());
    caf::anon_send(context_->directory->get<messages::MarketBusHandle>(messages::paths::market_bus),
                   std::move(alert));
  }

private:
  [[nodiscard]] bool listening() const {
    const auto cells = context_->cells->all();
    return std::ranges::any_of(cells, [](const auto& cell) {
      return cell->path() == messages::paths::http && cell->state() == "listening";
    });
  }

  Silence log_;
  std::shared_ptr<messages::Context> context_ = std::make_shared<messages::Context>();
  std::string state_dir_, address_;
  adapters::transport::Io io_{"api", machine_clocks()};
  actors::supervisor::EngineParts parts_;
  caf::actor_system_config caf_config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor root_;
};

/// Many clients on one thread, and what they hear.
class Audience {
public:
  Audience(const std::string& address, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) {
      adapters::transport::WebSocketOptions options;
      options.url = "ws://" + address + "/ws";
      adapters::transport::WebSocketEvents events;
      events.on_open = [this] { ++open_; };
      events.on_text = [this](std::string_view text, core::MonoTime) { hear(text); };
      events.on_down = [this](const core::Error&) { ++down_; };
      sockets_.push_back(connector_->open(std::move(options), std::move(events)));
      // A crowd at one door at once is another measurement.
      wait_until("a client is let in", [this, n] { return open_ + down_ > n; });
    }
    if (down_ > 0)
      throw std::runtime_error{fmt::format("{} clients were refused", down_.load())};
  }

  [[nodiscard]] std::size_t heard() const noexcept { return heard_; }

  [[nodiscard]] std::size_t down() const noexcept { return down_; }

  /// When nothing comes any more.
  [[nodiscard]] std::vector<std::int64_t>& samples() noexcept { return samples_; }

private:
  void hear(std::string_view text) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos)
      return;
    std::int64_t sent = 0;
    const auto* first = text.data() + at + mark.size();
    std::from_chars(first, text.data() + text.size(), sent);
    samples_.push_back(now_ns() - sent);
    ++heard_;
  }

  std::atomic<std::size_t> open_{0}, down_{0}, heard_{0};
  std::vector<std::int64_t> samples_; ///< of the Io's thread
  adapters::transport::Io io_{"clients", machine_clocks()};
  std::unique_ptr<adapters::transport::WebSocketConnector> connector_
      = adapters::transport::make_websocket_connector(io_);
  std::vector<std::unique_ptr<adapters::transport::WebSocket>> sockets_;
};

void measure(std::size_t clients, std::int64_t rate, std::int64_t seconds) {
  BareEngine engine{clients + 1};
  Audience audience{engine.address(), clients};
  const auto events = rate * seconds;
  adapters::transport::Io pace{"pace", machine_clocks()};
  std::atomic<std::int64_t> told{0};
  std::atomic<bool> done{false};
  Pacer::start(
      pace, rate,
      [&] {
        if (told == events)
          return false;
        engine.tell();
        ++told;
        return true;
      },
      [&done] { done = true; });
  wait_until(
      "all is told", [&done] { return done.load(); }, std::chrono::seconds{seconds + 60});
  const auto wanted = static_cast<std::size_t>(events) * clients;
  wait_until("all is heard", [&] { return audience.heard() >= wanted || audience.down() > 0; });
  Figure{"broadcast"}
      .add("clients", clients)
      .add("events_per_s", rate)
      .add("frames_per_s", rate * static_cast<std::int64_t>(clients))
      .add("cut", audience.down())
      .add_latency(audience.samples())
      .print();
}

int run(const Options& options) {
  std::string_view rest = options.text("clients");
  while (!rest.empty()) {
    std::size_t clients = 0;
    const auto comma = rest.find(',');
    const auto word = rest.substr(0, comma);
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), clients);
    if (failed != std::errc{} || end != word.data() + word.size() || clients < 1)
      throw std::runtime_error{"--clients: whole numbers above zero, divided by commas"};
    measure(clients, options.number("rate"), options.number("seconds"));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench("broadcast", count, arguments,
                                  {{"clients", "1,100,1000"}, {"rate", "20"}, {"seconds", "10"}},
                                  tandem::bench::run);
}
