#include "apps/tandem_world/captured.hpp"

#include "adapters/venues/venue.hpp"
#include "apps/one_thread/padded.hpp"
#include "apps/tandem/capture/file.hpp"
#include "apps/tandem/capture/host.hpp"
#include "apps/tandem_sim/recording.hpp"
#include "config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tandem::world {
namespace {

using apps::capture::Item;
using apps::capture::Kind;
using core::Errc;
using core::fail;

constexpr int status_ok = 200;

/// Where one market speaks.
struct Place {
  sim::SurfaceId surface;
  std::string websocket, rest;
  std::string public_path; ///< of its market connections
  std::string listed_at;   ///< in the address of its list of instruments
  std::shared_ptr<const adapters::venues::Market> market;
};

std::vector<Place> places_of(const config::Config& config) {
  std::vector<Place> places;
  for (const auto& venue : config.venues)
    for (const auto& market : venue.markets) {
      const std::string type{core::to_string(market.type)};
      const auto surface = sim::surface_of(venue.id.text() + '_' + type);
      if (!surface)
        continue;
      const bool bybit = sim::venue_of(*surface) == sim::VenueName::bybit;
      places.push_back({*surface, market.websocket, market.rest,
                        bybit ? "/v5/public/" + type : std::string{"/stream"},
                        bybit ? "/instruments-info?category=" + type : std::string{"/exchangeInfo"},
                        adapters::venues::make_market({venue.id, market.type}, {})});
    }
  return places;
}

/// One market's symbol: its lines, and whether a book can be made of them.
struct Recorded {
  std::string name; ///< of its file
  std::ofstream lines;
  std::int64_t last_ns = 0;
  bool has_book = false;
};

class Extractor {
public:
  Extractor(const apps::capture::Header& header, const config::Config& config,
            std::string directory)
      : directory_{std::move(directory)}, wall_less_mono_{header.wall - header.mono},
        places_{places_of(config)} {}

  void take(const Item& item) {
    if (item.kind == Kind::connect)
      connect(item);
    else if (item.kind == Kind::ask)
      ask(item);
    else if (item.kind == Kind::text)
      text(item);
    else if (item.kind == Kind::reply)
      reply(item);
  }

  /// As YAML; empty without a book.
  [[nodiscard]] std::string sources() const {
    std::string list;
    for (const auto& [market, recorded] : recorded_) {
      const auto listed = listed_.find(market);
      if (!recorded.has_book || listed == listed_.end())
        continue;
      const auto& rules = listed->second;
      const core::Decimal tick{rules.tick.units, rules.scale.price_decimals};
      const core::Decimal lot{rules.lot.units, rules.scale.quantity_decimals};
      list += fmt::format("    - {{surface: {}, symbol: {}, base: {}, quote: {}, tick: \"{}\", "
                          "lot: \"{}\", min_notional: \"{}\", files: [{}]}}\n",
                          sim::name_of(market.first), market.second, rules.base, rules.quote,
                          tick.to_string(), lot.to_string(),
                          rules.notional_min.value_or(core::Decimal{1, 0}).to_string(),
                          recorded.name);
    }
    return list;
  }

  /// All lines are on the disk.
  [[nodiscard]] bool close() {
    return std::ranges::all_of(recorded_, [](auto& one) {
      one.second.lines.close();
      return static_cast<bool>(one.second.lines);
    });
  }

private:
  using Market = std::pair<sim::SurfaceId, std::string>;

  struct Asked {
    const Place* place;
    std::string symbol; ///< empty: for the list of instruments
  };

  void connect(const Item& item) {
    const auto& url = item.texts.front();
    for (const auto& place : places_)
      if (url.starts_with(place.websocket) && url.find(place.public_path) != std::string::npos)
        sockets_[item.id] = place.surface;
  }

  void text(const Item& item) {
    if (const auto from = sockets_.find(item.id); from != sockets_.end())
      keep(sim::parse_line(line_of(item), from->second), item);
  }

  /// Binance's books begin with a snapshot that was asked for; it does not say of what it is.
  void ask(const Item& item) {
    const auto& url = item.texts.at(1);
    const std::string_view key = "symbol=";
    const auto at = url.find(key);
    const auto rest = at == std::string::npos ? std::string{} : url.substr(at + key.size());
    for (const auto& place : places_) {
      if (!url.starts_with(place.rest))
        continue;
      if (url.find(place.listed_at) != std::string::npos)
        asked_[item.id] = {&place, {}};
      else if (url.find("/depth?") != std::string::npos && !rest.empty())
        asked_[item.id] = {&place, rest.substr(0, rest.find('&'))};
    }
  }

  void reply(const Item& item) {
    const auto asked = asked_.extract(item.id);
    if (asked.empty() || item.number != status_ok)
      return;
    const auto& [place, symbol] = asked.mapped();
    if (symbol.empty())
      return list(*place, item.texts.front());
    auto frame = sim::parse_line(line_of(item), place->surface);
    if (frame)
      frame->symbol = symbol;
    keep(std::move(frame), item);
  }

  void list(const Place& place, const std::string& body) {
    const auto page = place.market->rest().parse_instruments(one_thread::padded(body));
    if (!page)
      return; // the engine could not read it either
    for (const auto& instrument : page->instruments)
      listed_[{place.surface, instrument.key.symbol.text()}] = instrument;
  }

  [[nodiscard]] std::string line_of(const Item& item) const {
    return std::to_string(item.at + wall_less_mono_) + ' ' + item.texts.front();
  }

  void keep(std::optional<sim::RecordedFrame> frame, const Item& item) {
    if (!frame || frame->symbol.empty())
      return;
    auto& recorded = recorded_[{frame->surface, frame->symbol}];
    if (recorded.name.empty()) {
      recorded.name = std::string{sim::name_of(frame->surface)} + '_' + frame->symbol + ".lines";
      recorded.lines.open(directory_ + '/' + recorded.name);
    }
    recorded.has_book
        = recorded.has_book || frame->kind == "snapshot" || frame->kind.starts_with("orderbook.");
    // A reply may be handled behind what came in after it.
    recorded.last_ns = std::max(recorded.last_ns, frame->received_ns);
    recorded.lines << recorded.last_ns << ' ' << item.texts.front() << '\n';
  }

  std::string directory_;
  std::int64_t wall_less_mono_;
  std::vector<Place> places_;
  std::map<std::uint64_t, sim::SurfaceId> sockets_;
  std::map<std::uint64_t, Asked> asked_;
  std::map<Market, Recorded> recorded_;
  std::map<Market, core::Instrument> listed_;
};

} // namespace

core::Result<sim::Scenario> scenario_of_capture(const std::string& file,
                                                const std::string& directory) {
  auto reader = apps::capture::Reader::open(file);
  if (!reader)
    return tl::unexpected{reader.error()};
  const auto& header = (*reader)->header();
  const auto loaded = apps::capture::load(header, header.config);
  if (!loaded.mistakes.empty())
    return fail(Errc::configuration, config::describe(loaded.mistakes.front()), file);
  Extractor extractor{header, loaded.config, directory};
  while (const auto item = (*reader)->next())
    extractor.take(*item);
  const auto sources = extractor.sources();
  if (!extractor.close())
    return fail(Errc::internal, "the lines of a capture cannot be written", directory);
  if (sources.empty())
    return fail(Errc::malformed,
                "holds no book (depth updates with their snapshot) of a listed instrument", file);
  auto scenario = sim::parse_scenario(
      "replay:\n  sources:\n" + sources, file, directory, {},
      [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
  if (!scenario.mistakes.empty())
    return fail(Errc::validation_error, sim::describe(scenario.mistakes.front()), file);
  return std::move(scenario.scenario);
}

} // namespace tandem::world
