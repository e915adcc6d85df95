#include "apps/tandem_sim/scenario.hpp"

#include "apps/tandem_sim/scenario_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tandem::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t count_max = 1'000'000'000;
constexpr std::int64_t million = 1'000'000;
constexpr int prices_decimals_max = 8;

void read_surface(Reader in, SurfaceOptions& out) {
  out.listen = in.text("listen", out.listen);
  out.weight_max = in.integer("weight_max", out.weight_max, 0, count_max);
  out.overruns_max = in.integer("overruns_max", out.overruns_max, 0, count_max);
  out.ban = in.duration("ban", out.ban, 1s, 72h);
  out.messages_max = in.integer("messages_max", out.messages_max, 0, count_max);
  out.connections_max = in.integer("connections_max", out.connections_max, 0, count_max);
  out.streams_max = static_cast<std::size_t>(
      in.integer("streams_max", static_cast<std::int64_t>(out.streams_max), 1, count_max));
  out.ping_every = in.duration("ping_every", out.ping_every, 0ms, 24h);
  out.pong_within = in.duration("pong_within", out.pong_within, 0ms, 24h);
  out.lifetime = in.duration("lifetime", out.lifetime, 0ms, 72h);
  out.shutdown_notice = in.duration("shutdown_notice", out.shutdown_notice, 0ms, 24h);
  out.idle_max = in.duration("idle_max", out.idle_max, 0ms, 24h);
  out.orders_fast_max = in.integer("orders_fast_max", out.orders_fast_max, 0, count_max);
  out.orders_slow_max = in.integer("orders_slow_max", out.orders_slow_max, 0, count_max);
  in.finish();
}

void read_flow(Reader in, FlowOptions& out) {
  out.step = in.duration("step", out.step, 1ms, 1s);
  out.events_per_second = in.integer("events_per_second", out.events_per_second, 0, 10'000);
  out.levels = in.integer("levels", out.levels, 5, 5'000);
  out.span_ppm = in.integer("span_ppm", out.span_ppm, 10, 500'000);
  out.spread_ppm = in.integer("spread_ppm", out.spread_ppm, 0, 100'000);
  out.level_value = in.integer("level_value", out.level_value, 1, 100'000'000);
  out.volatility_ppm = in.integer("volatility_ppm", out.volatility_ppm, 0, 10'000);
  out.basis_ppm = in.integer("basis_ppm", out.basis_ppm, 0, 10'000);
  out.history_minutes = in.integer("history_minutes", out.history_minutes, 2, 100'000);
  constexpr std::int64_t day_ms = 86'400'000;
  constexpr std::int64_t excursion_max = 100'000; // ppm
  out.excursion_gap_ms = in.range("excursion_gap", out.excursion_gap_ms, day_ms, true);
  out.excursion_length_ms = in.range("excursion_length", out.excursion_length_ms, day_ms, true);
  out.excursion_ppm = in.range("excursion_ppm", out.excursion_ppm, excursion_max, false);
  in.finish();
}

std::optional<SurfaceId> read_surface_name(Reader& in, std::string_view key) {
  in.require(key);
  const auto name = in.text(key, std::string{surface_names[0]});
  const auto surface = surface_of(name);
  if (!surface)
    in.refuse(key, fmt::format("'{}' must be one of {}", name, fmt::join(surface_names, ", ")));
  return surface;
}

std::vector<SurfaceId> read_surfaces(Reader& in, std::string_view key) {
  std::vector<SurfaceId> result;
  if (!in.has(key)) {
    std::ignore = in.texts(key);
    for (std::size_t i = 0; i < surface_count; ++i)
      result.push_back(static_cast<SurfaceId>(i));
    return result;
  }
  for (const auto& name : in.texts(key)) {
    if (const auto surface = surface_of(name))
      result.push_back(*surface);
    else
      in.refuse(key, fmt::format("'{}' must be one of {}", name, fmt::join(surface_names, ", ")));
  }
  return result;
}

void add_listing(Scenario& out, SurfaceId surface, const std::string& symbol,
                 const Listing& listing) {
  if (const auto& grid = listing.grids[static_cast<std::size_t>(surface)])
    out.generated.push_back(
        on_surface(surface, symbol, listing.base, listing.quote, listing.price, *grid));
}

void read_symbols(Reader& in, Scenario& out) {
  const auto all = catalogue_symbols();
  const std::vector<std::string> known{all.begin(), all.end()};
  for (const auto& symbol : in.texts("symbols")) {
    const auto listing = catalogue(symbol);
    if (!listing) {
      const auto meant = nearest(symbol, known);
      in.refuse("symbols",
                fmt::format("'{}' is not in the catalogue; {}. List it under instruments", symbol,
                            meant.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                          : fmt::format("did you mean '{}'?", meant)));
      continue;
    }
    for (std::size_t i = 0; i < surface_count; ++i)
      add_listing(out, static_cast<SurfaceId>(i), symbol, *listing);
  }
}

/// Tick, lot and minimum of a listed instrument or a replayed symbol; "symbol" has been read.
std::optional<Grid> read_grid(Reader& in) {
  in.require("tick");
  in.require("lot");
  const auto tick = in.text("tick", "0.01");
  const auto lot = in.text("lot", "0.001");
  const auto notional = in.text("min_notional", "5");
  const auto grid = make_grid(tick, lot, notional);
  if (!grid)
    in.refuse("tick", fmt::format("tick '{}', lot '{}' and min_notional '{}' must be decimals "
                                  "above zero with at most {} digits behind the point",
                                  tick, lot, notional, prices_decimals_max));
  return grid;
}

/// Base and quote as given or as the symbol says.
std::optional<std::pair<std::string, std::string>> read_coins(Reader& in,
                                                              const std::string& symbol) {
  auto base = in.text("base", "");
  auto quote = in.text("quote", "");
  if (!base.empty() && !quote.empty())
    return std::pair{std::move(base), std::move(quote)};
  auto coins = split_symbol(symbol);
  if (!coins)
    in.refuse("symbol", fmt::format("'{}' does not say its coins: give base and quote", symbol));
  return coins;
}

void read_instruments(Reader& in, Scenario& out) {
  for (auto item : in.items("instruments")) {
    item.require("symbol");
    item.require("price");
    const auto symbol = item.text("symbol", "");
    const auto coins = read_coins(item, symbol);
    const auto price = core::Decimal::parse(item.text("price", "1"));
    const bool price_right
        = price && price->mantissa() > 0 && price->decimals() <= prices_decimals_max;
    if (!price_right)
      item.refuse("price", "must be a decimal above zero");
    const auto grid = read_grid(item);
    const auto surfaces = read_surfaces(item, "surfaces");
    item.finish();
    if (!coins || !price_right || !grid)
      continue;
    for (const auto surface : surfaces)
      out.generated.push_back(
          on_surface(surface, symbol, coins->first, coins->second, *price, *grid));
  }
}

void read_invented(Reader& in, Scenario& out) {
  if (!in.has("invented"))
    return in.section("invented").finish();
  auto section = in.section("invented");
  const auto count = section.integer("count", 0, 0, 5'000);
  const auto surfaces = read_surfaces(section, "surfaces");
  section.finish();
  for (int i = 0; i < count; ++i) {
    const auto [symbol, listing] = invented(i);
    for (const auto surface : surfaces)
      add_listing(out, surface, symbol, listing);
  }
}

void read_faults(Reader& in, Scenario& out) {
  std::vector<std::string> kinds;
  for (const auto& [name, kind] : fault_names)
    kinds.emplace_back(name);
  for (auto item : in.items("faults")) {
    TimedFault timed;
    item.require("at");
    item.require("kind");
    timed.at = item.duration("at", 0ms, 0ms, 72h);
    const auto surface = read_surface_name(item, "surface");
    const auto kind = item.text("kind", kinds[0]);
    const auto found = std::ranges::find(kinds, kind);
    if (found == kinds.end())
      item.refuse("kind", fmt::format("'{}' must be one of {}", kind, fmt::join(kinds, ", ")));
    auto& fault = timed.fault;
    fault.symbol = item.text("symbol", "");
    fault.probability_ppm = item.integer("probability_ppm", million, 0, million);
    const auto count = item.integer("count", -1, 1, count_max);
    const auto lasts = item.duration("for", 0ms, 1ms, 72h);
    const auto value = item.integer("value", -1, 0, count_max);
    item.finish();
    if (!surface || found == kinds.end())
      continue;
    fault.surface = *surface;
    fault.kind = fault_names[static_cast<std::size_t>(found - kinds.begin())].second;
    if (count > 0)
      fault.count = count;
    if (lasts > 0ms)
      fault.lasts = lasts;
    if (value >= 0)
      fault.value = value;
    out.faults.push_back(timed);
  }
}

/// "real", "max", "10" (times real time) in percent; -1 when it is none.
std::int64_t speed_of(const std::string& text) {
  if (text == "real")
    return 100;
  if (text == "as_fast_as_read")
    return 0;
  std::int64_t factor = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), factor);
  constexpr std::int64_t factor_max = 100'000;
  return failed != std::errc{} || end != text.data() + text.size() || factor < 1
                 || factor > factor_max
             ? -1
             : factor * 100;
}

void read_source(Reader item, const std::string& folder, Scenario& out, ReplayOptions& replay) {
  ReplaySource source;
  item.require("symbol");
  item.require("files");
  const auto surface = read_surface_name(item, "surface");
  source.symbol = item.text("symbol", "");
  for (const auto& file : item.texts("files")) {
    const std::filesystem::path path{file};
    source.files.push_back(
        path.is_absolute() ? file
                           : (std::filesystem::path{folder} / path).lexically_normal().string());
    if (std::error_code error; !std::filesystem::is_regular_file(source.files.back(), error))
      item.refuse("files", fmt::format("'{}' cannot be read", source.files.back()));
  }
  source.wait_for = item.texts("wait_for");
  const auto coins = read_coins(item, source.symbol);
  const auto grid = read_grid(item);
  item.finish();
  if (!surface || !coins || !grid)
    return;
  const bool bybit = *surface == SurfaceId::bybit_spot || *surface == SurfaceId::bybit_linear;
  source.surface = *surface;
  if (source.wait_for.empty())
    source.wait_for = {bybit ? "orderbook.50" : "depth"};
  out.replayed.push_back(
      on_surface(*surface, source.symbol, coins->first, coins->second, core::Decimal{1, 0}, *grid));
  replay.sources.push_back(std::move(source));
}

void read_replay(Reader& in, const std::string& folder, Scenario& out) {
  if (!in.has("replay"))
    return in.section("replay").finish();
  auto section = in.section("replay");
  ReplayOptions replay;
  const auto start = section.text("start", "when_subscribed");
  if (start != "when_subscribed" && start != "at_once")
    section.refuse("start", fmt::format("'{}' must be when_subscribed or at_once", start));
  replay.start = start == "at_once" ? ReplayStart::at_once : ReplayStart::when_subscribed;
  replay.start_timeout = section.duration("start_timeout", replay.start_timeout, 0ms, 24h);
  const auto speed = section.text("speed", "real");
  replay.speed_percent = speed_of(speed);
  if (replay.speed_percent < 0)
    section.refuse(
        "speed",
        fmt::format("'{}' must be real, as_fast_as_read or a whole factor such as 10", speed));
  replay.lockstep = section.boolean("lockstep", replay.lockstep);
  replay.snapshot_wait = section.duration("snapshot_wait", replay.snapshot_wait, 0ms, 1h);
  replay.settle = section.duration("settle", replay.settle, 0ms, 1h);
  replay.pong_wait = section.duration("pong_wait", replay.pong_wait, 1ms, 1h);
  section.require("sources");
  for (auto& item : section.items("sources"))
    read_source(item, folder, out, replay);
  section.finish();
  out.replay = std::move(replay);
}

/// Two instruments of one name on one surface would be one market twice.
void refuse_doubles(Reader& in, const Scenario& scenario) {
  std::vector<std::string> seen;
  for (const auto* list : {&scenario.generated, &scenario.replayed}) {
    for (const auto& instrument : *list) {
      auto name = fmt::format("{} on {}", instrument.symbol, name_of(instrument.surface));
      if (std::ranges::find(seen, name) != seen.end())
        in.refuse("symbols",
                  name + " is listed twice (symbols, instruments, invented, replay.sources)");
      seen.push_back(std::move(name));
    }
  }
}

void read_document(Reader in, const std::string& folder, Scenario& out) {
  out.seed = static_cast<std::uint64_t>(in.integer("seed", static_cast<std::int64_t>(out.seed), 0,
                                                   std::numeric_limits<std::int64_t>::max()));
  auto surfaces = in.section("surfaces");
  for (std::size_t i = 0; i < surface_count; ++i)
    read_surface(surfaces.section(surface_names[i]), out.surfaces[i]);
  surfaces.finish();
  auto admin = in.section("admin");
  out.admin_listen = admin.text("listen", out.admin_listen);
  admin.finish();
  read_flow(in.section("flow"), out.flow);
  read_symbols(in, out);
  read_instruments(in, out);
  read_invented(in, out);
  read_replay(in, folder, out);
  read_faults(in, out);
  read_accounts(in, out);
  refuse_doubles(in, out);
  in.finish();
}

/// Puts one --set into the tree; false when its path does not fit.
bool apply(YAML::Node root, const Setting& setting) {
  auto node = root;
  std::string_view path = setting.key;
  while (!path.empty()) {
    const auto end = std::min(path.find('.'), path.size());
    auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    const auto bracket = part.find('[');
    const std::string key{part.substr(0, bracket)};
    if (key.empty() || (node.IsDefined() && !node.IsNull() && !node.IsMap()))
      return false;
    node.reset(node[key]);
    if (bracket == std::string_view::npos)
      continue;
    std::size_t index = 0;
    const auto digits = part.substr(bracket + 1);
    const auto [stop, failed]
        = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (failed != std::errc{} || stop == digits.data() + digits.size() || *stop != ']'
        || !node.IsSequence() || index >= node.size())
      return false;
    node.reset(node[index]);
  }
  const bool yaml = setting.value.starts_with('[') || setting.value.starts_with('{');
  node = yaml ? YAML::Load(setting.value) : YAML::Node{setting.value};
  return true;
}

} // namespace

SurfaceOptions defaults_of(SurfaceId surface) {
  SurfaceOptions out;
  switch (surface) {
  case SurfaceId::binance_spot:
    out.weight_max = 6'000;
    out.ban = 2min;
    out.messages_max = 5;
    out.connections_max = 300;
    out.ping_every = 20s;
    out.pong_within = 60s;
    out.lifetime = 24h;
    out.shutdown_notice = 10min;
    out.orders_fast_max = 50;
    out.orders_slow_max = 160'000;
    return out;
  case SurfaceId::binance_linear:
    out.weight_max = 2'400;
    out.ban = 2min;
    out.messages_max = 10;
    out.ping_every = 3min;
    out.pong_within = 10min;
    out.lifetime = 24h;
    out.orders_fast_max = 300;
    out.orders_slow_max = 1'200;
    return out;
  case SurfaceId::bybit_spot:
  case SurfaceId::bybit_linear:
    out.weight_max = 600;
    out.ban = 10min;
    out.connections_max = 500;
    out.idle_max = 10min;
    out.orders_fast_max = 10;
    return out;
  }
  return out;
}

std::string describe(const Mistake& mistake) {
  auto out = mistake.file;
  if (mistake.line > 0)
    out += fmt::format(":{}", mistake.line);
  if (!mistake.key.empty())
    out += ": " + mistake.key;
  return out + ": " + mistake.text;
}

ScenarioResult parse_scenario(std::string_view text, const std::string& name,
                              const std::string& folder, const std::vector<Setting>& settings,
                              const Environment& environment) {
  ScenarioResult result;
  ReadContext context{name, environment, {}};
  try {
    auto root = YAML::Load(std::string{text});
    if (!root.IsDefined() || root.IsNull())
      root = YAML::Node{YAML::NodeType::Map};
    for (const auto& setting : settings) {
      if (!apply(root, setting))
        context.mistakes.push_back(
            {"--set", 0, setting.key, "there is nothing of this name to set"});
    }
    read_document(Reader{root, {}, context}, folder, result.scenario);
  } catch (const YAML::Exception& error) {
    context.mistakes.push_back(
        {name, error.mark.is_null() ? 0 : error.mark.line + 1, {}, "not valid YAML: " + error.msg});
  }
  std::ranges::stable_sort(context.mistakes, {}, &Mistake::line);
  result.mistakes = std::move(context.mistakes);
  return result;
}

ScenarioResult load_scenario(const std::string& path, const std::vector<Setting>& settings,
                             const Environment& environment) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  if (!file.is_open() || file.bad()) {
    ScenarioResult result;
    result.mistakes.push_back({path, 0, {}, "cannot be read"});
    return result;
  }
  const auto folder = std::filesystem::path{path}.parent_path().string();
  return parse_scenario(text.str(), path, folder, settings, environment);
}

} // namespace tandem::sim
