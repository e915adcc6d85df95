/// Measures how soon a kill switch cancels while one actor's mailbox is flooded (promise P19). A
/// whole engine without a venue runs in this process: its interface is asked over HTTP to kill one
/// strategy after the other, each with a working order, and the moment in which the market's port
/// is told to cancel is compared with the one before the request. The same is done straight at the
/// desk, as the signal and the kill file do it.
///
/// usage: bench_flood [--messages 1000000] [--kills 300] [--turn 50]
///   --messages  sent to the flooded actor as fast as one thread can
///   --turn      messages an actor may handle before another one has its turn
#include "actors/supervisor/scheduling.hpp"
#include "bench/loopback.hpp"
#include "core/orders/no_journal.hpp"
#include "messages/clients.hpp"

namespace tandem::bench {
namespace {

const core::MarketKey market_key{core::VenueId{"binance"}, core::MarketType::spot};
const core::InstrumentKey instrument{market_key.venue, market_key.type, core::Symbol{"AAAUSDT"}};
constexpr core::Scale scale{2, 3};

struct Silence final : core::Log {
  void write(core::LogLevel, std::string_view event,
             std::initializer_list<core::LogField>) override {
    if (event == "ENGINE_STOOD_STILL")
      ++standstills;
  }

  std::atomic<std::uint64_t> standstills{0};
};

/// A venue that only notes when a strategy's order was to be cancelled.
struct NotingPort final : core::orders::OrderPort {
  explicit NotingPort(std::size_t strategies) : cancelled_ns(strategies) {}

  void send(const core::risk::ApprovedOrder&) override {}

  void cancel(const core::orders::OrderIntent& intent, const std::string&) override {
    cancelled_ns[std::stoul(intent.draft.origin.pair.text())] = now_ns();
  }

  void query(const core::orders::OrderIntent&, const std::string&, bool) override {}

  void cancel_all() override {}

  std::vector<std::atomic<std::int64_t>> cancelled_ns; ///< by strategy; 0 = not yet
};

class FloodedEngine {
public:
  FloodedEngine(std::size_t strategies, std::size_t turn) : port{strategies} {
    context_->clocks = machine_clocks();
    context_->random = [] { return std::uint64_t{1}; };
    context_->log = &log;
    context_->board = std::make_shared<core::market::Board>();
    context_->directory = std::make_shared<messages::Directory>();
    context_->cells = std::make_shared<messages::CellRegistry>();
    context_->mode = "mock";
    auto pattern = (std::filesystem::temp_directory_path() / "tandem_flood_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    parts_.config.engine.state_dir = state_dir_ = pattern;
    parts_.config.listeners.emplace_back().address = "127.0.0.1:0";
    parts_.config.listeners.back().requests_per_second = 1'000'000;
    auto& limits = parts_.config.trading.limits;
    limits.open_orders_max = limits.orders_per_second_max = 1'000'000;
    limits.duplicate_window = 0ms;
    parts_.context = context_;
    parts_.trading = actors::supervisor::make_trading(
        parts_.config, std::make_unique<core::orders::NoJournal>(), {},
        std::make_shared<adapters::venues::KeyRing>(), context_);
    parts_.serve = adapters::transport::serve_on(api_io_);
    parts_.proxy_for = [](const std::string&) { return std::string{}; };
    parts_.on_listening
        = [this](config::Surface, const std::string& address) { address_ = address; };
    actors::supervisor::set_scheduling(caf_config_, config::EngineConfig{}.worker_threads);
    caf_config_.set("scheduler.max-throughput", turn);
    system_ = std::make_unique<caf::actor_system>(caf_config_);
    root_ = actors::supervisor::start_engine(*system_, parts_);
    wait_until("the interface listens", [this] {
      const auto cell = find(messages::paths::http);
      return cell && cell->state() == "listening";
    });
    for (std::size_t n = 0; n < strategies; ++n)
      place(n);
    // The person's connection is there before the trouble begins.
    std::atomic<bool> heard{false};
    http_->send({.url = "http://" + address_ + "/health"}, [&](const auto&) { heard = true; });
    wait_until("the interface answers", [&] { return heard.load(); });
  }

  ~FloodedEngine() {
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

  FloodedEngine(const FloodedEngine&) = delete;
  FloodedEngine& operator=(const FloodedEngine&) = delete;

  [[nodiscard]] messages::CellPtr find(const std::string& path) const {
    for (const auto& cell : context_->cells->all())
      if (cell->path() == path)
        return cell;
    return nullptr;
  }

  [[nodiscard]] const messages::Directory& directory() const { return *context_->directory; }

  [[nodiscard]] core::orders::Desk& desk() { return *parts_.trading->desk; }

  /// As a person does it.
  void kill_by_http(std::size_t strategy, std::function<void(bool answered)> done) {
    adapters::transport::HttpRequest request;
    request.method = "POST";
    request.url = "http://" + address_ + "/api/risk/kill";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = fmt::format(R"({{"level":"strategy","scope":"{}"}})", strategy);
    http_->send(std::move(request), [done = std::move(done)](const auto& reply) {
      done(reply.has_value() && reply->status == 200);
    });
  }

  /// As the signal and the kill file do it.
  void kill_by_signal(std::size_t strategy) {
    const auto clocks = machine_clocks();
    static_cast<void>(desk().kill({.level = core::risk::KillLevel::strategy,
                                   .scope = std::to_string(strategy),
                                   .person = "bench",
                                   .reason = "measured"},
                                  {clocks.mono(), clocks.wall()}));
  }

  Silence log;
  NotingPort port;

private:
  /// A working order of this strategy.
  void place(std::size_t n) {
    const auto clocks = machine_clocks();
    const core::risk::Now now{clocks.mono(), clocks.wall()};
    if (n == 0)
      open_market(now);
    auto listed = std::make_shared<core::Instrument>();
    listed->key = instrument;
    listed->base = "AAA";
    listed->quote = "USDT";
    listed->status = core::InstrumentStatus::trading;
    listed->scale = scale;
    listed->tick = {1};
    listed->lot = {1};
    core::risk::MarketFacts facts;
    facts.condition = core::market::BookCondition::live;
    facts.received_at = now.mono;
    facts.scale = scale;
    facts.bid = core::Price{100'00};
    facts.ask = core::Price{100'10};
    facts.instrument = std::move(listed);
    core::orders::OrderDraft draft;
    draft.instrument = instrument;
    draft.tif = core::orders::TimeInForce::gtc;
    draft.scale = scale;
    draft.price = {100'00};
    draft.quantity = {1'000};
    draft.origin.pair = core::PairId{std::to_string(n)};
    const auto ids = desk().submit({&draft, 1}, {&facts, 1}, now);
    if (!ids)
      throw std::runtime_error{"refused: " + ids.error().detail};
    desk().on_accepted(ids->front(), std::to_string(n + 1), core::to_millis(now.wall), now);
  }

  void open_market(const core::risk::Now& now) {
    desk().set_port(market_key, &port, now);
    desk().with_gate([](core::risk::Gate& gate) {
      gate.set_market(
          market_key,
          {.open = true, .reason = {}, .account = "binance", .clock_offset = 0ms, .allowed = {}});
      gate.set_fee(market_key, instrument.symbol, {0});
      gate.set_balance("binance", "USDT", core::to_money(core::Decimal{1'000'000'000, 0}));
    });
  }

  std::shared_ptr<messages::Context> context_ = std::make_shared<messages::Context>();
  std::string state_dir_, address_;
  adapters::transport::Io api_io_{"api", machine_clocks()};
  adapters::transport::Io person_io_{"person", machine_clocks()};
  std::unique_ptr<adapters::transport::HttpClient> http_
      = adapters::transport::make_http_client(person_io_);
  actors::supervisor::EngineParts parts_;
  caf::actor_system_config caf_config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor root_;
};

struct Target {
  std::string name, path;
  std::function<caf::message(std::size_t n)> word;
};

std::vector<Target> targets() {
  const messages::OrderMoved moved = [] {
    core::orders::OrderIntent intent;
    intent.draft.instrument = instrument;
    core::orders::OrderUpdate update;
    update.order = std::make_shared<const core::orders::Order>(std::move(intent));
    return messages::OrderMoved{std::move(update)};
  }();
  return {{"nothing", "", {}},
          {"breaker", messages::paths::breaker("global"),
           [](std::size_t) { return caf::make_message(messages::BreakerTold{}); }},
          {"event_log", messages::paths::event_log,
           [moved](std::size_t) { return caf::make_message(moved); }},
          {"market_bus", messages::paths::market_bus,
           [moved](std::size_t) { return caf::make_message(moved); }},
          {"broadcast", messages::paths::broadcast, [](std::size_t n) {
             return caf::make_message(messages::ClientText{n, R"({"op":"ping"})"});
           }}};
}

/// One strategy after the other is killed while the flood comes in and is worked off.
void measure(const Target& target, const Options& options, bool by_http) {
  const auto kills = static_cast<std::size_t>(options.number("kills"));
  const auto count = static_cast<std::size_t>(target.word ? options.number("messages") : 0);
  FloodedEngine engine{kills, static_cast<std::size_t>(options.number("turn"))};
  const auto cell = target.word ? engine.find(target.path) : nullptr;
  std::atomic<bool> over{count == 0};
  std::int64_t flooded_for = 0;
  std::thread flood{[&] {
    if (count == 0)
      return;
    const auto began = now_ns();
    const auto actor = engine.directory().get<caf::actor>(target.path);
    for (std::size_t n = 0; n < count; ++n)
      caf::anon_send(actor, target.word(n));
    wait_until("the flood is worked off", [&] { return cell->messages >= count; });
    flooded_for = now_ns() - began;
    over = true;
  }};
  std::vector<std::int64_t> took;
  std::size_t unanswered = 0, killed = 0;
  for (std::size_t n = 0; n < kills && (killed < 20 || count == 0 || !over); ++n) {
    const auto asked = now_ns();
    std::atomic<int> answer{0};
    if (by_http)
      engine.kill_by_http(n, [&](bool answered) { answer = answered ? 1 : 2; });
    else
      engine.kill_by_signal(n);
    while (by_http && answer == 0)
      std::this_thread::sleep_for(200us);
    const auto at = engine.port.cancelled_ns[n].load();
    if (at == 0)
      ++unanswered;
    else
      took.push_back(at - asked);
    ++killed;
    std::this_thread::sleep_for(2ms);
  }
  flood.join();
  Figure{by_http ? "kill_by_http" : "kill_by_signal"}
      .add("flooded", target.name)
      .add("messages", count)
      .add("turn", options.number("turn"))
      .add("worked_off_ms", static_cast<double>(flooded_for) / 1e6)
      .add("deepest", cell ? cell->mailbox_depth.load() : 0)
      .add("not_cancelled", unanswered)
      .add("standstills", engine.log.standstills.load())
      .add_latency(took)
      .print();
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  const tandem::bench::Options options{
      count, arguments, {{"messages", "1000000"}, {"kills", "300"}, {"turn", "50"}}};
  for (const auto& target : tandem::bench::targets())
    for (const bool by_http : {true, false})
      tandem::bench::measure(target, options, by_http);
}
