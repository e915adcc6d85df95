#include "adapters/venues/binance/rest.hpp"

#include "adapters/venues/binance/errors.hpp"
#include "adapters/venues/binance/fields.hpp"
#include "adapters/venues/binance/instruments.hpp"
#include "adapters/venues/crypto.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tandem::adapters::venues::binance {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

using core::Decimal;
using core::Errc;
using core::Result;

constexpr std::size_t excerpt_max = 200;

struct Tier {
  int levels;
  int weight;
};

constexpr Tier spot_depth_tiers[]
    = {{5, 5}, {10, 5}, {20, 5}, {50, 5}, {100, 5}, {500, 25}, {1'000, 50}, {5'000, 250}};
constexpr Tier linear_depth_tiers[]
    = {{5, 2}, {10, 2}, {20, 2}, {50, 2}, {100, 5}, {500, 10}, {1'000, 20}};

std::optional<int> number_of(std::string_view text) noexcept {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < 0)
    return std::nullopt;
  return value;
}

std::optional<Decimal> decimal_of(simdjson::simdjson_result<dom::element> element) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  const auto value = Decimal::parse(text);
  if (!value)
    return std::nullopt;
  return *value;
}

std::optional<Decimal> volume_of(simdjson::simdjson_result<dom::element> element) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  const auto value = parse_volume(text);
  if (!value)
    return std::nullopt;
  return *value;
}

class BinanceRest final : public Rest {
public:
  explicit BinanceRest(core::MarketType type)
      : type_{type},
        source_{core::to_string(core::MarketKey{core::VenueId{"binance"}, type}) + " REST"} {}

  RestRequest time() const override { return {path("time"), 1}; }

  RestRequest instruments(std::string_view /*cursor*/) const override {
    return {path("exchangeInfo"), spot() ? 20 : 1}; // always one page
  }

  RestRequest depth(const core::Symbol& symbol, int levels) const override {
    const std::span<const Tier> tiers = spot() ? std::span<const Tier>{spot_depth_tiers}
                                               : std::span<const Tier>{linear_depth_tiers};
    const auto fit = std::ranges::find_if(tiers, [levels](Tier t) { return t.levels >= levels; });
    const Tier tier = fit == tiers.end() ? tiers.back() : *fit;
    return {fmt::format("{}?symbol={}&limit={}", path("depth"), percent_encoded(symbol.text()),
                        tier.levels),
            tier.weight};
  }

  RestRequest klines(const core::Symbol& symbol, std::string_view interval,
                     int count) const override {
    return klines(symbol, interval, {}, count);
  }

  RestRequest klines_between(const core::Symbol& symbol, std::string_view interval,
                             core::UnixMillis from, core::UnixMillis until,
                             int count) const override {
    // endTime is inclusive.
    return klines(symbol, interval, fmt::format("&startTime={}&endTime={}", from, until - 1),
                  count);
  }

  RestRequest ticker(const core::Symbol& symbol) const override {
    return {fmt::format("{}?symbol={}", path("ticker/24hr"), percent_encoded(symbol.text())),
            spot() ? 2 : 1};
  }

  Result<core::UnixMillis> parse_time(std::string_view body) const override {
    dom::parser parser;
    dom::element root;
    std::int64_t time = 0;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS
        || root["serverTime"].get_int64().get(time) != simdjson::SUCCESS || time <= 0)
      return malformed("no serverTime", body);
    return time;
  }

  Result<InstrumentPage> parse_instruments(std::string_view body) const override {
    return parse_exchange_info(type_, body);
  }

  Result<DepthSnapshot> parse_depth(std::string_view body) const override;
  Result<std::vector<core::market::Kline>> parse_klines(std::string_view body) const override;
  Result<core::market::Ticker> parse_ticker(std::string_view body) const override;
  core::Error parse_error(int status, std::string_view body) const override;
  RateReading read_limits(int status, const Headers& headers, std::string_view body) const override;

private:
  bool spot() const noexcept { return type_ == core::MarketType::spot; }

  RestRequest klines(const core::Symbol& symbol, std::string_view interval, std::string_view range,
                     int count) const {
    const int limit = std::clamp(count, 1, spot() ? 1'000 : 1'500);
    int weight = 2;
    if (!spot())
      weight = limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1'000 ? 5 : 10;
    return {fmt::format("{}?symbol={}&interval={}{}&limit={}", path("klines"),
                        percent_encoded(symbol.text()), percent_encoded(interval), range, limit),
            weight};
  }

  std::string path(std::string_view name) const {
    return std::string{spot() ? "/api/v3/" : "/fapi/v1/"}.append(name);
  }

  tl::unexpected<core::Error> malformed(std::string_view why, std::string_view body) const {
    return core::fail(Errc::malformed, fmt::format("{}: {}", why, body.substr(0, excerpt_max)),
                      source_);
  }

  core::MarketType type_;
  std::string source_;
};

Result<DepthSnapshot> BinanceRest::parse_depth(std::string_view body) const {
  // simdjson wants padding behind its input; the texts found in the copy are handed out at their
  // place in `body`.
  const simdjson::padded_string copy{body};
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (std::ranges::find(body, '\\') != body.end())
    return malformed("depth with escapes", body); // prices have none
  if (parser.iterate(copy).get(document) != simdjson::SUCCESS
      || document.get_object().get(object) != simdjson::SUCCESS)
    return malformed("depth is not a JSON object", body);
  DepthSnapshot snapshot;
  std::optional<std::uint64_t> id, time;
  bool has_bids = false, has_asks = false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS
        || field.value().get(value) != simdjson::SUCCESS)
      return malformed("depth is broken JSON", body);
    std::string_view raw = value.raw_json_token();
    raw = raw.substr(0, raw.find_last_not_of(" \t\r\n") + 1);
    bool good = true;
    if (key == "lastUpdateId")
      good = !id && (id = parse_id(raw)).has_value();
    else if (key == "E")
      good = !time && (time = parse_id(raw)).has_value();
    else if (key == "bids")
      good = !std::exchange(has_bids, true) && append_levels(value, false, snapshot.bids);
    else if (key == "asks")
      good = !std::exchange(has_asks, true) && append_levels(value, false, snapshot.asks);
    else
      good = is_well_formed(value, false);
    if (!good)
      return malformed(fmt::format("depth with a wrong \"{}\"", key), body);
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS || !id || !has_bids
      || !has_asks)
    return malformed("depth needs lastUpdateId, bids and asks", body);
  const auto in_body = [&](std::string_view& text) {
    text = body.substr(static_cast<std::size_t>(text.data() - copy.data()), text.size());
  };
  for (auto* side : {&snapshot.bids, &snapshot.asks})
    for (LevelText& level : *side) {
      in_body(level.price);
      in_body(level.size);
    }
  snapshot.last_id = *id;
  snapshot.venue_time = static_cast<core::UnixMillis>(time.value_or(0));
  return snapshot;
}

/// Rows [openMs,"o","h","l","c","vol",closeMs,"quoteVol",trades,...]. They say neither interval nor
/// whether the last bar is final, so `interval` stays empty and `closed` false: the caller knows
/// what it asked for and when.
Result<std::vector<core::market::Kline>> BinanceRest::parse_klines(std::string_view body) const {
  dom::parser parser;
  dom::array rows;
  if (parser.parse(body.data(), body.size()).get_array().get(rows) != simdjson::SUCCESS)
    return malformed("klines are not a JSON array", body);
  std::vector<core::market::Kline> klines;
  klines.reserve(rows.size());
  for (const dom::element row : rows) {
    const auto open = decimal_of(row.at(1));
    const auto high = decimal_of(row.at(2));
    const auto low = decimal_of(row.at(3));
    const auto close = decimal_of(row.at(4));
    const auto volume = volume_of(row.at(5));
    const auto quote_volume = volume_of(row.at(7));
    core::market::Kline kline;
    if (!open || !high || !low || !close || !volume || !quote_volume
        || row.at(0).get_int64().get(kline.open_time) != simdjson::SUCCESS
        || row.at(6).get_int64().get(kline.close_time) != simdjson::SUCCESS
        || row.at(8).get_int64().get(kline.trade_count) != simdjson::SUCCESS)
      return malformed("a kline row of another shape", body);
    kline.open = *open;
    kline.high = *high;
    kline.low = *low;
    kline.close = *close;
    kline.volume = *volume;
    kline.quote_volume = *quote_volume;
    klines.push_back(std::move(kline));
  }
  return klines;
}

Result<core::market::Ticker> BinanceRest::parse_ticker(std::string_view body) const {
  dom::parser parser;
  dom::element root;
  core::market::Ticker ticker;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS
      || root["closeTime"].get_int64().get(ticker.venue_time) != simdjson::SUCCESS)
    return malformed("ticker needs closeTime", body);
  const std::pair<std::string_view, std::optional<Decimal>*> members[]
      = {{"lastPrice", &ticker.last},
         {"bidPrice", &ticker.best_bid},
         {"bidQty", &ticker.best_bid_size},
         {"askPrice", &ticker.best_ask},
         {"askQty", &ticker.best_ask_size},
         {"volume", &ticker.volume},
         {"quoteVolume", &ticker.quote_volume},
         {"highPrice", &ticker.high},
         {"lowPrice", &ticker.low},
         {"priceChangePercent", &ticker.change_percent}};
  for (const auto& [key, value] : members) {
    const auto element = root[key];
    if (element.error() == simdjson::NO_SUCH_FIELD)
      continue; // USD-M sends no best prices here
    const bool sum = value == &ticker.volume || value == &ticker.quote_volume;
    *value = sum ? volume_of(element) : decimal_of(element);
    if (!*value)
      return malformed(fmt::format("ticker with a wrong \"{}\"", key), body);
  }
  if (!ticker.last)
    return malformed("ticker needs lastPrice", body);
  return ticker;
}

core::Error BinanceRest::parse_error(int status, std::string_view body) const {
  dom::parser parser;
  dom::element root;
  std::int64_t code = 0;
  std::string_view message;
  if (parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS
      && root["code"].get_int64().get(code) == simdjson::SUCCESS
      && root["msg"].get_string().get(message) == simdjson::SUCCESS)
    return {error_code(type_, status, code, message),
            fmt::format("HTTP {}: {} {}", status, code, message.substr(0, excerpt_max)), source_};
  return {error_code(status), fmt::format("HTTP {}: {}", status, body.substr(0, excerpt_max)),
          source_};
}

RateReading BinanceRest::read_limits(int status, const Headers& headers,
                                     std::string_view /*body*/) const {
  RateReading reading;
  if (const std::string* used = find_header(headers, "X-MBX-USED-WEIGHT-1M"))
    reading.used = number_of(*used);
  if (status == 429 || status == 418) {
    reading.banned = status == 418;
    if (const std::string* after = find_header(headers, "Retry-After"))
      if (const auto seconds = number_of(*after))
        reading.retry_after = std::chrono::seconds{*seconds};
  }
  return reading;
}

} // namespace

std::unique_ptr<Rest> make_rest(core::MarketType type) {
  return std::make_unique<BinanceRest>(type);
}

} // namespace tandem::adapters::venues::binance
