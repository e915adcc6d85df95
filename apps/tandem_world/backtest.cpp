#include "apps/tandem_world/backtest.hpp"

#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/recording.hpp"
#include "apps/tandem_world/captured.hpp"
#include "apps/tandem_world/running_world.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace tandem::world {
namespace {

using core::Errc;
using core::fail;

/// Around a recording: the engine connects; its last orders settle.
constexpr std::chrono::seconds lead{3}, tail{5};
constexpr std::int64_t plenty = 1'000'000; ///< of every asset

/// The engine's side: it talks to the network in memory, as its own mode mock.
core::Status adapt(config::Config& config, std::vector<sim::SurfaceId>& surfaces,
                   const std::string& state_dir) {
  config.mode = config::Mode::mock;
  config.listeners.clear();
  config.engine.state_dir = state_dir;
  config.engine.delivery = config::Delivery::latest; // every frame settles before the next
  config.trading.durability = config::Durability::os;
  for (auto& venue : config.venues) {
    venue.keys.reset();
    for (auto& market : venue.markets) {
      const auto name = venue.id.text() + '_' + std::string{core::to_string(market.type)};
      const auto surface = sim::surface_of(name);
      if (!surface)
        return fail(Errc::validation_error, "no simulated venue has this market", name);
      const auto host = address_of(*surface);
      market.rest = "http://" + host;
      market.websocket = "ws://" + host;
      market.private_websocket.clear();
      market.order_websocket.clear();
      market.ca_file.clear();
      surfaces.push_back(*surface);
    }
  }
  return {};
}

void add_accounts(sim::Scenario& scenario, const config::Config& config) {
  if (!scenario.accounts.empty())
    return;
  std::map<std::string, sim::Amount> money{{"USDT", 0}};
  for (const auto* list : {&scenario.generated, &scenario.replayed})
    for (const auto& instrument : *list) {
      money[instrument.base] = 0;
      money[instrument.quote] = 0;
    }
  for (auto& [asset, amount] : money)
    amount = *sim::parse_amount(std::to_string(plenty));
  for (const auto& venue : config.venues) {
    sim::AccountOrder account;
    account.name = "backtest-" + venue.id.text();
    account.venue = venue.id.text() == "bybit" ? sim::VenueName::bybit : sim::VenueName::binance;
    sim::ApiKey key;
    key.key = "mock-" + venue.id.text() + "-key";
    key.secret = "mock-" + venue.id.text() + "-secret";
    account.keys.push_back(std::move(key));
    account.spot = money;
    account.linear = {{"USDT", *sim::parse_amount(std::to_string(plenty))}};
    scenario.accounts.push_back(std::move(account));
  }
}

using Market = std::pair<sim::SurfaceId, std::string>;

struct Recording {
  std::optional<std::int64_t> first_ns, last_ns;
  std::set<Market> with_book;
};

Recording look_through(sim::LineSource& lines) {
  Recording found;
  sim::ReplayBooks books;
  while (const auto line = lines.next()) {
    found.first_ns = found.first_ns.value_or(line->received_ns);
    found.last_ns = line->received_ns;
    const Market market{line->surface, line->symbol};
    if (found.with_book.contains(market))
      continue;
    books.take(*line);
    const bool binance = sim::venue_of(line->surface) == sim::VenueName::binance;
    if (books.find(line->surface, binance ? line->symbol : line->stream) != nullptr)
      found.with_book.insert(market);
  }
  return found;
}

/// The recording is played at its own time: the engine begins a little earlier and goes on until
/// its orders have settled.
core::Status prepare_recording(Scenery& scenery, std::chrono::milliseconds& length) {
  auto& replay = scenery.scenario.replay;
  if (!replay)
    return {};
  auto lines = sim::open_recordings(replay->sources);
  if (!lines)
    return tl::unexpected{lines.error()};
  const auto found = look_through(**lines);
  if (!found.first_ns)
    return fail(Errc::malformed, "holds no line", "replay.sources");
  for (const auto& source : replay->sources)
    if (!found.with_book.contains({source.surface, source.symbol}))
      return fail(Errc::validation_error,
                  "its recording holds no book (depth updates with their snapshot): no order could "
                  "be filled there",
                  std::string{sim::name_of(source.surface)} + ' ' + source.symbol);
  scenery.beginning = sim::Time{std::chrono::nanoseconds{*found.first_ns}} - lead;
  length = std::min<std::chrono::milliseconds>(
      length, std::chrono::duration_cast<std::chrono::milliseconds>(
                  lead + std::chrono::nanoseconds{*found.last_ns - *found.first_ns} + tail));
  replay->start = sim::ReplayStart::at_its_time;
  replay->speed_percent = 100;
  replay->lockstep = false;
  replay->snapshot_wait = {}; // the others' time goes on where nobody asks
  scenery.recording = [sources = replay->sources] {
    auto opened = sim::open_recordings(sources);
    return opened ? *std::move(opened) : nullptr;
  };
  return {};
}

} // namespace

core::Result<Backtest> run_backtest(BacktestOptions options) {
  const StateDirectory directory;
  Scenery scenery;
  scenery.config = std::move(options.config);
  scenery.scenario = std::move(options.scenario);
  if (const auto adapted = adapt(scenery.config, scenery.surfaces, directory.path()); !adapted)
    return tl::unexpected{adapted.error()};
  if (!options.capture.empty()) {
    auto captured = scenario_of_capture(options.capture, directory.path());
    if (!captured)
      return tl::unexpected{captured.error()};
    scenery.scenario = *std::move(captured);
  }
  add_accounts(scenery.scenario, scenery.config);
  if (const auto prepared = prepare_recording(scenery, options.length); !prepared)
    return tl::unexpected{prepared.error()};
  World world{options.seed, scenery, nullptr};
  world.net().set_latency(options.latency, options.jitter);
  world.run_until(begin_at + options.length);

  Backtest result;
  result.virtual_time = world.now() - begin_at;
  result.report = report_of(std::move(options.title), core::to_millis(scenery.beginning),
                            core::to_millis(world.wall()), world.records());
  auto differences
      = scenery.recording ? world.differences() : std::vector<std::string>{}; // all has settled
  const auto outcome = world.outcome();
  result.digest = outcome.digest;
  result.broken = outcome.broken;
  std::move(differences.begin(), differences.end(), std::back_inserter(result.broken));
  return result;
}

} // namespace tandem::world
