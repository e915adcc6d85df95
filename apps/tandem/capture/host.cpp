#include "apps/tandem/capture/host.hpp"

#include "apps/tandem/config_watch.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/report.hpp"
#include "apps/tandem/trading.hpp"
#include "messages/strategy.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <ostream>
#include <utility>

namespace tandem::apps::capture {

using core::MonoTime;
using core::WallTime;
using std::chrono::nanoseconds;

config::LoadResult load(const Header& header, const std::string& text) {
  std::vector<config::Override> overrides;
  for (std::size_t i = 0; i + 1 < header.overrides.size(); i += 2)
    overrides.emplace_back(header.overrides[i], header.overrides[i + 1]);
  return config::load_text(
      text, header.config_name,
      [&header](const std::string& name) -> std::optional<std::string> {
        const auto found = header.environment.find(name);
        return found == header.environment.end() ? std::nullopt : std::optional{found->second};
      },
      overrides);
}

Host::Host(Parts parts)
    : given_{std::move(parts)}, random_{given_.header.seed},
      time_{MonoTime{nanoseconds{given_.header.mono}}, one_thread::InTurn{}},
      wall_{nanoseconds{given_.header.wall}}, ports_{given_.outside} {
  parts_.context = make_context(
      {[this] { return time_.now(); }, [this] { return wall_; }}, [this] { return random_(); },
      given_.log, given_.config.mode);
  parts_.config = given_.config;
  parts_.venue_strand = &time_.strand();
  parts_.connector = &ports_.connector();
  parts_.http = &ports_.http();
  parts_.serve = ports_.serve();
  parts_.own_threads = false;
  parts_.tape = given_.tape;
  parts_.version = given_.header.version;
  parts_.proxy_for = [this](const std::string& url) {
    return given_.proxy_for ? given_.proxy_for(url) : std::string{};
  };
  parts_.on_listening = [this](config::Surface surface, const std::string& address) {
    if (given_.on_listening)
      given_.on_listening(surface, address);
  };
  time_.before_step([this](const one_thread::StepAbout& about) {
    running_ = about.actor;
    steps_.push_back(static_cast<std::uint32_t>(about.actor));
    if (watcher_)
      watcher_(about);
  });
}

core::Status Host::open(std::unique_ptr<adapters::files::FileLayer> journal,
                        std::shared_ptr<adapters::venues::KeyRing> keys) {
  if (auto made = actors::supervisor::make_markets(parts_); !made)
    return made;
  auto trading = open_trading(parts_.config, std::move(journal), std::move(keys), parts_.context,
                              parts_.version, Threads::none);
  if (!trading)
    return tl::unexpected{trading.error()};
  parts_.trading = *std::move(trading);
  return {};
}

void Host::turn(const Item& item) {
  steps_.clear();
  running_ = 0;
  wall_ = WallTime{nanoseconds{item.wall}};
  time_.move_to(std::max(time_.now(), MonoTime{nanoseconds{item.mono}}));
  switch (item.kind) {
  case Kind::begin:
    root_ = actors::supervisor::start_engine(time_.system(), parts_);
    root_->attach_functor([this](const caf::error& reason) {
      gave_up_ = gave_up_ || (reason && reason != caf::exit_reason::user_shutdown);
    });
    break;
  case Kind::kill:
    if (parts_.trading)
      kill_all(*parts_.trading, *parts_.context, item.texts.front());
    break;
  case Kind::reload:
    reload(item);
    break;
  case Kind::report:
    report();
    break;
  case Kind::stop:
    stopping_ = true;
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    break;
  default:
    ports_.deliver(item);
    break;
  }
  run();
  running_ = 0;
}

/// What waits for the disk is written when all have had their turn: the records of one turn are one
/// group.
void Host::run() {
  do {
    while (time_.run_one()) {
    }
  } while (parts_.trading && parts_.trading->sync_journal && parts_.trading->sync_journal());
}

bool Host::ended() {
  return stopping_ && time_.system().registry().running() == 0;
}

void Host::reload(const Item& item) {
  take_over(load(given_.header, item.texts.front()), given_.header.config_name, *parts_.context,
            parts_.trading ? parts_.trading->desk->epoch() : std::uint64_t{0});
}

void Host::report() {
  const auto log
      = parts_.context->directory->get<messages::EventLogHandle>(messages::paths::event_log);
  if (!log)
    return;
  caf::scoped_actor self{time_.system()};
  auto asked = self->request(log, caf::infinite,
                             messages::GetOpportunities{.limit = 1'000'000, .pair = {}});
  run();
  asked.receive(
      [this](const messages::OpportunityRecords& records) {
        print_opportunities(records, given_.report);
      },
      [this](const caf::error&) { given_.report << "opportunities=unknown\n"; });
  given_.report << std::flush;
}

std::string Host::name_of(std::uint64_t actor) const {
  if (actor == 0)
    return "the connections";
  const auto path = parts_.context->directory->path_of(actor);
  return path.empty() ? "actor " + std::to_string(actor) : path;
}

Host::~Host() {
  if (root_ && !ended()) {
    stopping_ = true;
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  }
  root_ = nullptr;
  // What is left ends in virtual time.
  while (true) {
    run();
    const auto next = time_.next_timer();
    if (time_.system().registry().running() == 0 || !next)
      break;
    time_.move_to(std::max(*next, time_.now()));
  }
  parts_.context->directory->clear();
  time_.before_step({});
  run();
  time_.forget_tasks();
}

} // namespace tandem::apps::capture
