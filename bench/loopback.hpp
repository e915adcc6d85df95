/// A Binance spot market and a whole engine in this process, joined by real sockets on loopback:
/// both ends of a measurement read the same clock. The market serves what the engine asks for
/// (instruments, time, order-book snapshots, subscriptions) and sends the depth frames it is told
/// to send. Source of the shapes: Binance Spot API, "WebSocket Streams" and "Market Data
/// endpoints".
#pragma once

#include "actors/api/grpc.hpp"
#include "actors/supervisor/root.hpp"
#include "actors/supervisor/scheduling.hpp"
#include "adapters/transport/http_server.hpp"
#include "bench/support.hpp"
#include "core/market/depth_slot.hpp"
#include "messages/events.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <array>
#include <atomic>
#include <cctype>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

namespace tandem::bench {

using namespace std::chrono_literals;

[[nodiscard]] inline core::Clocks machine_clocks() {
  return {.mono = [] { return core::MonoTime{Clock::now()}; },
          .wall = [] { return core::WallTime{std::chrono::system_clock::now()}; }};
}

/// Waits by looking. @throws std::runtime_error after `limit`.
inline void wait_until(std::string_view what, const std::function<bool()>& condition,
                       std::chrono::seconds limit = 60s) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > deadline)
      throw std::runtime_error{fmt::format("not within {} s: {}", limit.count(), what)};
    std::this_thread::sleep_for(5ms);
  }
}

/// A server on a free port of loopback: `answer` to requests, `on_text` to what comes by WebSocket.
/// @throws std::runtime_error when there is no port.
[[nodiscard]] inline std::unique_ptr<adapters::transport::HttpServer>
serve(adapters::transport::Io& io,
      std::function<adapters::transport::ServerResponse(const adapters::transport::ServerRequest&)>
          answer,
      std::function<void(const adapters::transport::ServerSocketPtr&, std::string_view)> on_text) {
  adapters::transport::ServerEvents events;
  events.on_request
      = [answer = std::move(answer)](const adapters::transport::ServerRequest& request,
                                     const adapters::transport::Respond& respond) {
          respond(answer(request));
        };
  events.on_upgrade = [](const adapters::transport::ServerRequest&) { return std::nullopt; };
  events.on_socket_open = [](const adapters::transport::ServerSocketPtr&,
                             const adapters::transport::ServerRequest&) {};
  events.on_socket_text = std::move(on_text);
  auto server = adapters::transport::serve_http(io, "127.0.0.1:0", {}, std::move(events));
  if (!server)
    throw std::runtime_error{core::describe(server.error())};
  return std::move(*server);
}

/// An empty folder below --dir, or below that for temporary files.
[[nodiscard]] inline std::string scratch_folder(const Options& options, const std::string& name) {
  const auto& dir = options.text("dir");
  const auto folder
      = (dir.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path{dir}) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder.string();
}

/// One symbol of the market. Prices are counts of 0.01.
struct VenueSymbol {
  std::string name; ///< upper case, ends with USDT
  std::int64_t bid = 9'999;
  std::int64_t ask = 10'001;
};

/// One change of a level.
struct LevelChange {
  std::int64_t price = 0;    ///< count of 0.01
  std::int64_t quantity = 0; ///< whole base units; 0 deletes
};

class LoopbackVenue {
public:
  static constexpr std::size_t stamps = 1U << 16U; ///< frames whose send time is remembered

  /// @param io outlives it.
  LoopbackVenue(adapters::transport::Io& io, std::vector<VenueSymbol> symbols)
      : symbols_{std::move(symbols)}, sockets_(symbols_.size()) {
    server_ = serve(
        io, [this](const adapters::transport::ServerRequest& request) { return answer(request); },
        [this](const adapters::transport::ServerSocketPtr& socket, std::string_view text) {
          on_text(socket, text);
        });
  }

  [[nodiscard]] std::string address() const { return server_->address(); }

  [[nodiscard]] const std::vector<VenueSymbol>& symbols() const noexcept { return symbols_; }

  [[nodiscard]] std::size_t subscribed() const noexcept { return subscribed_; }

  /// When the frame that ends with this update was about to be written; 0 = not among the latest.
  /// Any thread.
  [[nodiscard]] std::int64_t sent_ns(std::uint64_t update) const noexcept {
    const auto& slot = sent_[update % stamps];
    return slot.update.load(std::memory_order_acquire) == update
               ? slot.ns.load(std::memory_order_relaxed)
               : 0;
  }

  /// Sends one depth frame. On the Io's thread. Returns the time just before it was written.
  std::int64_t send(std::size_t symbol, std::span<const LevelChange> bids,
                    std::span<const LevelChange> asks) {
    const auto& name = symbols_[symbol].name;
    const auto update = ++update_;
    auto text = std::make_shared<std::string>();
    text->reserve(1024);
    fmt::format_to(
        std::back_inserter(*text),
        R"({{"stream":"{}@depth@100ms","data":{{"e":"depthUpdate","E":{},"s":"{}","U":{},"u":{},"b":)",
        lower(name), wall_ms(), name, symbol_update(symbol) + 1, update);
    updates_[symbol] = update;
    add_levels(*text, bids);
    *text += R"(,"a":)";
    add_levels(*text, asks);
    *text += "}}";
    auto& stamp = sent_[update % stamps];
    const auto now = now_ns();
    stamp.ns.store(now, std::memory_order_relaxed);
    stamp.update.store(update, std::memory_order_release);
    if (sockets_[symbol] && !sockets_[symbol]->send(std::move(text)))
      throw std::runtime_error{"the engine has closed its connection"};
    return now;
  }

private:
  static constexpr std::uint64_t first_update = 1'000;

  struct Stamp {
    std::atomic<std::uint64_t> update{0};
    std::atomic<std::int64_t> ns{0};
  };

  [[nodiscard]] static std::int64_t wall_ms() {
    return core::to_millis(core::WallTime{std::chrono::system_clock::now()});
  }

  [[nodiscard]] static std::string lower(std::string text) {
    for (char& c : text)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }

  static void add_levels(std::string& text, std::span<const LevelChange> levels) {
    text += '[';
    for (const auto& level : levels)
      fmt::format_to(std::back_inserter(text), R"({}["{}.{:02}000000","{}.00000000"])",
                     &level == levels.data() ? "" : ",", level.price / 100, level.price % 100,
                     level.quantity);
    text += ']';
  }

  [[nodiscard]] std::uint64_t symbol_update(std::size_t symbol) {
    const auto [found, made] = updates_.try_emplace(symbol, first_update);
    return found->second;
  }

  [[nodiscard]] adapters::transport::ServerResponse
  answer(const adapters::transport::ServerRequest& request) {
    adapters::transport::ServerResponse response;
    if (request.path == "/api/v3/time")
      response.body = fmt::format(R"({{"serverTime":{}}})", wall_ms());
    else if (request.path == "/api/v3/exchangeInfo")
      response.body = instruments();
    else if (request.path == "/api/v3/depth")
      response.body = snapshot(adapters::transport::query_value(request, "symbol").value_or(""));
    else
      response = {.status = 404, .headers = {}, .body = R"({"code":-1000,"msg":"no such path"})"};
    return response;
  }

  [[nodiscard]] std::string instruments() const {
    std::string text = fmt::format(
        R"({{"timezone":"UTC","serverTime":{},"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1000000}}],"exchangeFilters":[],"symbols":[)",
        wall_ms());
    for (const auto& symbol : symbols_)
      fmt::format_to(
          std::back_inserter(text),
          R"({}{{"symbol":"{}","status":"TRADING","baseAsset":"{}","baseAssetPrecision":8,"quoteAsset":"USDT","quoteAssetPrecision":8,"isSpotTradingAllowed":true,"filters":[{{"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"}},{{"filterType":"LOT_SIZE","minQty":"0.00100000","maxQty":"100000.00000000","stepSize":"0.00100000"}},{{"filterType":"NOTIONAL","minNotional":"5.00000000"}}]}})",
          &symbol == symbols_.data() ? "" : ",", symbol.name,
          symbol.name.substr(0, symbol.name.size() - 4));
    return text + "]}";
  }

  [[nodiscard]] std::string snapshot(const std::string& name) {
    constexpr std::int64_t levels = 200;
    constexpr std::int64_t quantity = 10;
    const auto found = std::ranges::find(symbols_, name, &VenueSymbol::name);
    if (found == symbols_.end())
      return R"({"code":-1121,"msg":"Invalid symbol."})";
    std::vector<LevelChange> bids;
    std::vector<LevelChange> asks;
    for (std::int64_t i = 0; i < levels; ++i) {
      bids.push_back({found->bid - i, quantity});
      asks.push_back({found->ask + i, quantity});
    }
    auto text = fmt::format(R"({{"lastUpdateId":{},"bids":)",
                            symbol_update(static_cast<std::size_t>(found - symbols_.begin())));
    add_levels(text, bids);
    text += R"(,"asks":)";
    add_levels(text, asks);
    return text + "}";
  }

  /// {"method":"SUBSCRIBE","params":["aaausdt@depth@100ms"],"id":1}
  void on_text(const adapters::transport::ServerSocketPtr& socket, std::string_view text) {
    for (std::size_t i = 0; i < symbols_.size(); ++i)
      if (text.find("\"" + lower(symbols_[i].name) + "@depth") != std::string_view::npos) {
        subscribed_ += sockets_[i] ? 0 : 1;
        sockets_[i] = socket;
      }
    constexpr std::string_view key = "\"id\":";
    const auto at = text.find(key);
    const auto id
        = at == std::string_view::npos ? std::string_view{"null"} : text.substr(at + key.size());
    socket->send(std::make_shared<const std::string>(
        fmt::format(R"({{"result":null,"id":{}}})", id.substr(0, id.find_first_of(",}")))));
  }

  std::vector<VenueSymbol> symbols_;
  std::vector<adapters::transport::ServerSocketPtr> sockets_; ///< by symbol
  std::map<std::size_t, std::uint64_t> updates_;              ///< last one sent, by symbol
  std::uint64_t update_ = first_update;
  std::atomic<std::size_t> subscribed_{0};
  std::unique_ptr<std::array<Stamp, stamps>> sent_store_
      = std::make_unique<std::array<Stamp, stamps>>();
  std::array<Stamp, stamps>& sent_ = *sent_store_;
  std::unique_ptr<adapters::transport::HttpServer> server_; ///< last: its events use the rest
};

/// As in engine.trading_cpus and engine.serving_cpus; empty: any.
struct Processors {
  std::vector<std::size_t> trading;
  std::vector<std::size_t> serving;
};

/// The engine's whole tree, with I/O threads of its own, watching the market above.
class Engine {
public:
  /// @param interfaces_for WebSocket clients, and as many streams; 0: no interfaces at all.
  Engine(const std::string& venue_address, std::vector<core::Symbol> symbols,
         std::vector<core::strategy::PairConfig> pairs, std::size_t interfaces_for = 0,
         const Processors& processors = {})
      : trading_{processors.trading, false}, serving_{processors.serving, true} {
    const auto folder = (std::filesystem::temp_directory_path() / "tandem-bench-XXXXXX").string();
    std::vector<char> name{folder.c_str(), folder.c_str() + folder.size() + 1};
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no temporary folder"};
    state_dir_ = name.data();
    context_->clocks = machine_clocks();
    context_->random = [source = std::make_shared<std::atomic<std::uint64_t>>(1)] {
      std::mt19937_64 engine{source->fetch_add(1)};
      return engine();
    };
    context_->log = &log_;
    context_->board = std::make_shared<core::market::Board>();
    context_->directory = std::make_shared<messages::Directory>();
    context_->cells = std::make_shared<messages::CellRegistry>();
    context_->mode = "mock";

    config::MarketConfig market;
    market.rest = "http://" + venue_address;
    market.websocket = "ws://" + venue_address;
    market.depth_stream = "100ms";
    market.symbols = std::move(symbols);
    parts_.config.engine.state_dir = state_dir_;
    parts_.serving = serving_;
    parts_.config.venues = {{core::VenueId{"binance"}, {market}}};
    parts_.config.pairs = std::move(pairs);
    parts_.context = context_;
    parts_.venue_strand = &io_;
    parts_.connector = connector_.get();
    parts_.http = http_.get();
    parts_.proxy_for = [](const std::string&) { return std::string{}; };
    if (interfaces_for > 0)
      add_interfaces(interfaces_for);
    if (const auto made = actors::supervisor::make_markets(parts_); !made)
      throw std::runtime_error{core::describe(made.error())};
    actors::supervisor::set_scheduling(caf_config_, config::EngineConfig{}.worker_threads,
                                       trading_);
    system_ = std::make_unique<caf::actor_system>(caf_config_);
    root_ = actors::supervisor::start_engine(*system_, parts_);
    wait_until("the market bus runs", [this] {
      return static_cast<bool>(
          context_->directory->get<messages::MarketBusHandle>(messages::paths::market_bus));
    });
    wait_until("the interfaces listen", [this] {
      const std::lock_guard lock{addresses_mutex_};
      return addresses_.size() == parts_.config.listeners.size();
    });
  }

  /// Of the interface as bound.
  [[nodiscard]] std::string address(config::Surface surface) const {
    const std::lock_guard lock{addresses_mutex_};
    return addresses_.at(surface);
  }

  ~Engine() {
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    { // held until it has ended: an idle actor that nobody refers to is dropped in the middle of it
      caf::scoped_actor self{*system_};
      self->wait_for(root_);
    }
    root_ = nullptr;
    listeners_.clear();
    system_.reset(); // waits for every actor
    context_->directory->clear();
    std::error_code ignored;
    std::filesystem::remove_all(state_dir_, ignored);
  }

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// @param hear is called on an actor's thread, one opportunity after the other.
  void on_opportunity(std::function<void(const messages::Opportunity&)> hear) {
    using Handle = messages::EventListenerHandle;
    const Handle listener = system_->spawn([hear](Handle::pointer) -> Handle::behavior_type {
      return {[hear](const messages::Opportunity& event) { hear(event); },
              [](const messages::EngineAlert&) {}, [](const messages::OrderMoved&) {},
              [](const messages::ExecutionMoved&) {}, [](const messages::PlanMoved&) {}};
    });
    listeners_.push_back(listener);
    caf::anon_send(bus(), messages::AddListener{listener});
  }

  /// @param publish is called on the feed's thread with every published view of this book.
  void on_book(const core::Symbol& symbol,
               std::function<void(const core::market::DepthView&)> publish) {
    struct Tap {
      std::shared_ptr<core::market::DepthSlot> slot;
    };

    const auto tap = std::make_shared<Tap>();
    // Reader and writer are one thread here: the view is read inside the wake-up.
    const auto wake
        = std::make_shared<core::market::WakeFlag>([weak = std::weak_ptr<Tap>{tap}, publish] {
            const auto alive = weak.lock();
            if (!alive)
              return;
            alive->slot->wake().begin();
            bool changed = false;
            publish(alive->slot->read(changed));
            alive->slot->wake().end();
          });
    tap->slot = std::make_shared<core::market::DepthSlot>(core::market::depth_view_levels_max,
                                                          core::Quantity{0}, wake);
    taps_.push_back(tap);
    caf::anon_send(
        bus(), messages::SubscribeBook{{core::VenueId{"binance"}, core::MarketType::spot, symbol},
                                       tap->slot});
  }

private:
  struct Quiet final : core::Log {
    void write(core::LogLevel level, std::string_view event,
               std::initializer_list<core::LogField> fields) override {
      if (level < core::LogLevel::warning)
        return;
      std::string line{event};
      for (const auto& field : fields)
        line += fmt::format(" {}={}", field.key, field.value);
      const std::lock_guard lock{mutex};
      std::cerr << line << '\n';
    }

    std::mutex mutex;
  };

  void add_interfaces(std::size_t clients) {
    for (const auto surface :
         {config::Surface::traders, config::Surface::grpc, config::Surface::console}) {
      auto& listener = parts_.config.listeners.emplace_back();
      listener.surface = surface;
      listener.address = surface == config::Surface::console
                             ? "unix:" + state_dir_ + "/console.sock"
                             : "127.0.0.1:0";
      listener.websockets_max = clients;
      listener.requests_per_second = 1'000'000;
    }
    parts_.serve = adapters::transport::serve_on(api_io_);
    parts_.serve_grpc = actors::serve_grpc(api_io_, context_);
    parts_.on_listening = [this](config::Surface surface, const std::string& address) {
      const std::lock_guard lock{addresses_mutex_};
      addresses_[surface] = address;
    };
  }

  [[nodiscard]] messages::MarketBusHandle bus() const {
    return context_->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  }

  // In the order of need: threads outlive the sockets on them, those the actors that use them.
  Quiet log_;
  std::shared_ptr<messages::Context> context_ = std::make_shared<messages::Context>();
  std::string state_dir_;
  mutable std::mutex addresses_mutex_;
  std::map<config::Surface, std::string> addresses_;
  adapters::transport::ThreadPlace trading_;
  adapters::transport::ThreadPlace serving_;
  adapters::transport::Io api_io_{"api", machine_clocks(), serving_};
  adapters::transport::Io io_{"venues", machine_clocks(), trading_};
  std::unique_ptr<adapters::transport::WebSocketConnector> connector_
      = adapters::transport::make_websocket_connector(io_);
  std::unique_ptr<adapters::transport::HttpClient> http_
      = adapters::transport::make_http_client(io_);
  actors::supervisor::EngineParts parts_;
  caf::actor_system_config caf_config_;
  std::vector<std::shared_ptr<void>> taps_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor root_;
  std::vector<messages::EventListenerHandle> listeners_;
};

/// Runs `step` on the Io's thread at fixed distances until it returns false. Late steps follow at
/// once: the rate holds on average.
class Pacer : public std::enable_shared_from_this<Pacer> {
public:
  static void start(adapters::transport::Io& io, std::int64_t per_second,
                    std::function<bool()> step, std::function<void()> done) {
    constexpr std::int64_t ns_per_second = 1'000'000'000;
    const auto pacer
        = std::make_shared<Pacer>(io, ns_per_second / per_second, std::move(step), std::move(done));
    io.post([pacer] {
      pacer->due_ = now_ns();
      pacer->run();
    });
  }

  Pacer(adapters::transport::Io& io, std::int64_t distance_ns, std::function<bool()> step,
        std::function<void()> done)
      : io_{io}, distance_ns_{distance_ns}, step_{std::move(step)}, done_{std::move(done)} {}

private:
  void run() {
    if (!step_())
      return done_();
    due_ += distance_ns_;
    const auto wait = std::max<std::int64_t>(due_ - now_ns(), 0);
    io_.post_after(std::chrono::nanoseconds{wait}, [self = shared_from_this()] { self->run(); });
  }

  adapters::transport::Io& io_;
  std::int64_t distance_ns_;
  std::int64_t due_ = 0;
  std::function<bool()> step_;
  std::function<void()> done_;
};

} // namespace tandem::bench
