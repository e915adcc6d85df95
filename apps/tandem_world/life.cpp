#include "apps/tandem_world/life.hpp"

#include "adapters/files/faulty_files.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/trading.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <stdexcept>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using adapters::files::Fate;
using adapters::files::FileFault;
using adapters::files::FileOperation;
using adapters::files::NumberedOperation;

/// How long a closing tree is given, in its own time.
constexpr auto closing_max = 10min;
/// Small, so that there is something to fold within seconds.
constexpr std::size_t segment_bytes_max = 16U * 1024;
/// Beyond what a journal keeps unfolded.
constexpr auto days_later = 24h * 30;
constexpr std::size_t sink_queue_max = 100'000;

} // namespace

/// The engine's own log, as part of the trace: what it decided and why.
class Life::TraceLog final : public core::Log {
public:
  explicit TraceLog(const Ground& ground, const Operations& operations)
      : ground_{ground}, operations_{operations} {}

  void write(core::LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    if (operations_.dead() || level == core::LogLevel::debug)
      return;
    std::string text;
    for (const auto& field : fields)
      text.append(text.empty() ? "" : " ").append(field.key).append("=").append(field.value);
    ground_.trace.line(ground_.timeline.elapsed(), "log", event, text);
    ground_.on_log(event, text);
  }

private:
  const Ground& ground_;
  const Operations& operations_;
};

/// Where the interface listens: nothing is bound, a person knows the way.
class Life::Door final : public adapters::transport::HttpServer {
public:
  Door(std::shared_ptr<adapters::transport::ServerEvents> place, std::string address)
      : place_{std::move(place)}, address_{std::move(address)} {}

  ~Door() override { *place_ = {}; }

  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  [[nodiscard]] std::string address() const override { return address_; }

  [[nodiscard]] adapters::transport::ServerCounters counters() const override { return {}; }

private:
  std::shared_ptr<adapters::transport::ServerEvents> place_;
  std::string address_;
};

Life::Life(const Ground& ground, std::uint64_t seed, CrashPlan crash)
    : ground_{ground}, operations_{crash}, random_{seed},
      log_{std::make_unique<TraceLog>(ground, operations_)},
      time_{std::make_unique<one_thread::VirtualTime>(ground.timeline.now(), random_())},
      side_{ground.net.connect(time_->strand(), operations_)} {
  core::Clocks clocks;
  clocks.mono = [this] {
    if (std::exchange(throw_now_, false))
      throw std::runtime_error{"made to throw by the world"};
    return time_->now();
  };
  clocks.wall = [this] { return ground_.net.wall() + ground_.clock_error(); };
  parts_.context = apps::make_context(
      std::move(clocks), [this] { return random_(); }, *log_, ground.config.mode);
  parts_.config = ground.config;
  parts_.venue_strand = &time_->strand();
  parts_.connector = &side_->connector(Channel::market);
  parts_.http = &side_->http();
  parts_.private_connector = &side_->connector(Channel::account);
  parts_.own_threads = false;
  parts_.serve = [events = events_](const std::string& address, adapters::transport::ServerLimits,
                                    adapters::transport::ServerEvents heard)
      -> core::Result<std::unique_ptr<adapters::transport::HttpServer>> {
    *events = std::move(heard);
    return std::make_unique<Door>(events, address);
  };
  parts_.on_listening = [](config::Surface, const std::string&) {};
  parts_.version = "world";
  parts_.proxy_for = [](const std::string&) { return std::string{}; };
  time_->before_step([this](const one_thread::StepAbout& about) {
    throw_now_ = throws_next_ && about.actor == *throws_next_;
    if (throw_now_)
      throws_next_.reset();
  });
}

core::Result<std::unique_ptr<Life>> Life::begin(const Ground& ground, std::uint64_t seed,
                                                CrashPlan crash) {
  std::unique_ptr<Life> life{new Life{ground, seed, crash}};
  const auto opened = life->open();
  if (!opened && !life->dead())
    return tl::unexpected{opened.error()};
  return life;
}

core::Status Life::open() {
  if (auto made = actors::supervisor::make_markets(parts_); !made)
    return made;
  auto keys = apps::find_keys(parts_.config, [](const std::string&) { return std::string{}; });
  if (!keys)
    return tl::unexpected{keys.error()};
  adapters::journal::FileJournalOptions options;
  options.mode = parts_.config.trading.durability == config::Durability::fsync
                     ? adapters::journal::SyncMode::manual
                     : adapters::journal::SyncMode::os;
  options.engine = core::orders::EngineId{parts_.config.trading.engine_id};
  options.run_mode = parts_.context->mode;
  options.build = parts_.version;
  options.wall = [this, wall = parts_.context->clocks.wall] {
    return wall() + (folding_ ? days_later : 0h);
  };
  options.segment_bytes_max = segment_bytes_max;
  options.compact_bytes_min = 0;
  options.reserve_bytes = 16U * 1024;
  auto opened = adapters::journal::FileJournal::open(files(ground_.disk), std::move(options));
  if (!opened)
    return tl::unexpected{opened.error()};
  journal_ = opened->journal.get();
  parts_.trading = actors::supervisor::make_trading(
      parts_.config, std::move(opened->journal), opened->records, *std::move(keys), parts_.context);
  add_sink();
  root_ = actors::supervisor::start_engine(time_->system(), parts_);
  root_->attach_functor([this, alive = std::weak_ptr{alive_}](const caf::error&) {
    if (!alive.expired())
      gave_up_ = true;
  });
  return {};
}

/// What the engine does goes to a destination outside, too.
void Life::add_sink() {
  using enum core::sinks::Kind;
  core::sinks::Filter filter;
  filter.kinds = {opportunity, alert, order, fill, execution, plan};
  const auto tape = std::make_shared<core::sinks::Tape>();
  actors::SinkOptions options;
  options.courier.id = "world";
  options.courier.mode = parts_.context->mode;
  options.courier.spool.segment_bytes = segment_bytes_max;
  options.reader = tape->add_reader(std::move(filter), sink_queue_max);
  options.files = [this] { return files(ground_.sink_disk); };
  options.writer = [this]() -> core::Result<std::unique_ptr<adapters::sinks::Writer>> {
    return ground_.warehouse.writer(operations_);
  };
  parts_.tape = tape;
  parts_.sinks.push_back(std::move(options));
}

std::unique_ptr<adapters::files::FileLayer> Life::files(adapters::files::MemoryDisk& disk) {
  const bool journal = &disk == &ground_.disk;
  const auto plan = [this, journal](const NumberedOperation& operation) -> Fate {
    if (operations_.dead())
      return {.kind = Fate::Kind::crash_before};
    if (const auto fate = operations_.arrive()) {
      switch (*fate) {
      case Moment::before:
        return {.kind = Fate::Kind::crash_before};
      case Moment::within:
        return {.kind = Fate::Kind::crash_within, .bytes = operation.bytes / 2};
      case Moment::after:
        return {.kind = Fate::Kind::crash_after};
      }
    }
    const auto per_mille = ground_.disk_state.fail_per_mille;
    const bool may_fail = operation.operation == FileOperation::append
                          || operation.operation == FileOperation::sync;
    if (may_fail && per_mille > 0 && random_() % 1'000 < per_mille)
      return {.kind = Fate::Kind::fail,
              .fault = FileFault::other,
              .bytes = operation.bytes > 0 ? random_() % operation.bytes : 0};
    if (journal && operation.operation == FileOperation::append)
      sync_later();
    return {};
  };
  return adapters::files::faulty_files(disk.files(), plan, [this] { operations_.die(); });
}

void Life::sync_later() {
  if (std::exchange(sync_due_, true))
    return;
  ground_.timeline.after(ground_.disk_state.sync_takes, [this, alive = std::weak_ptr{alive_}] {
    if (alive.expired())
      return;
    sync_due_ = false;
    if (journal_ != nullptr && !dead() && journal_->pump())
      sync_later();
  });
}

void Life::call(adapters::transport::ServerRequest request, adapters::transport::Respond answer) {
  if (!dead() && events_->on_request)
    events_->on_request(std::move(request),
                        [this, alive = std::weak_ptr{alive_},
                         answer = std::move(answer)](adapters::transport::ServerResponse response) {
                          // What a dying process still says nobody hears.
                          if (!alive.expired() && !dead())
                            answer(std::move(response));
                        });
}

core::Result<adapters::journal::Compaction> Life::fold_journal() {
  folding_ = true;
  auto done = journal_->compact();
  folding_ = false;
  return done;
}

bool Life::step() {
  return time_->run_one();
}

void Life::end() {
  operations_.die();
  side_->cut();
  time_->before_step({});
  throw_now_ = false;
  time_->forget_tasks();
  if (root_)
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  auto& registry = time_->system().registry();
  const auto limit = time_->now() + closing_max;
  while (registry.running() > 0 && time_->now() < limit) {
    if (time_->run_one())
      continue;
    const auto next = time_->next_timer();
    if (!next)
      break;
    time_->move_to(std::max(*next, time_->now()));
  }
  parts_.context->directory->clear();
  while (time_->run_one()) {
  }
}

Life::~Life() {
  alive_.reset();
  end();
}

} // namespace tandem::world
