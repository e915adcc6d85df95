#include "adapters/venues/bybit/wire.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace tandem::adapters::venues::bybit::wire {

namespace {

constexpr std::size_t excerpt_bytes = 200;
constexpr std::size_t text_bytes_max = 64; // the longest number or symbol is far shorter

using Field = std::optional<core::Decimal> core::market::Ticker::*;

struct TickerField {
  std::string_view key;
  Field field;
  bool statistic = false;
};

constexpr std::array ticker_fields{
    TickerField{"lastPrice", &core::market::Ticker::last},
    TickerField{"bid1Price", &core::market::Ticker::best_bid},
    TickerField{"bid1Size", &core::market::Ticker::best_bid_size},
    TickerField{"ask1Price", &core::market::Ticker::best_ask},
    TickerField{"ask1Size", &core::market::Ticker::best_ask_size},
    TickerField{"volume24h", &core::market::Ticker::volume, true},
    TickerField{"turnover24h", &core::market::Ticker::quote_volume, true},
    TickerField{"highPrice24h", &core::market::Ticker::high},
    TickerField{"lowPrice24h", &core::market::Ticker::low},
    TickerField{"markPrice", &core::market::Ticker::mark_price},
    TickerField{"indexPrice", &core::market::Ticker::index_price},
    TickerField{"fundingRate", &core::market::Ticker::funding_rate},
};

/// The venue sends a share ("0.0068"), the engine speaks percent.
core::Result<core::Decimal> percent(const core::Decimal& share) {
  if (share.decimals() >= 2)
    return core::Decimal{share.mantissa(), share.decimals() - 2};
  const auto factor = core::pow10(2 - share.decimals());
  const auto wide = static_cast<core::Int128>(share.mantissa()) * factor;
  if (wide > std::numeric_limits<std::int64_t>::max()
      || wide < std::numeric_limits<std::int64_t>::min())
    return core::fail(core::Errc::out_of_range, "price24hPcnt " + share.to_string());
  return core::Decimal{static_cast<std::int64_t>(wide), 0};
}

} // namespace

core::Error malformed(std::string_view why, std::string_view message) {
  std::string detail{why};
  detail += ": ";
  for (const char c : message.substr(0, excerpt_bytes))
    detail += c >= ' ' && c <= '~' ? c : '?';
  return {core::Errc::malformed, std::move(detail), std::string{source}};
}

std::string_view venue_interval(std::string_view canonical) noexcept {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> names{{
      {"1m", "1"},
      {"3m", "3"},
      {"5m", "5"},
      {"15m", "15"},
      {"30m", "30"},
      {"1h", "60"},
      {"2h", "120"},
      {"4h", "240"},
      {"6h", "360"},
      {"12h", "720"},
      {"1d", "D"},
      {"1w", "W"},
      {"1M", "M"},
  }};
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const auto& name) { return name.first == canonical; });
  return found == names.end() ? canonical : found->second;
}

bool plain_text(simdjson::ondemand::value value, std::string_view& text) noexcept {
  simdjson::ondemand::raw_json_string raw;
  if (value.get_raw_json_string().get(raw) != simdjson::SUCCESS)
    return false;
  const char* begin = raw.raw();
  for (std::size_t size = 0; size <= text_bytes_max; ++size) {
    if (begin[size] == '"') {
      text = {begin, size};
      return true;
    }
    if (begin[size] == '\\')
      return false;
  }
  return false;
}

bool read_levels(simdjson::ondemand::value value, std::vector<LevelText>& levels) {
  simdjson::ondemand::array rows;
  if (value.get_array().get(rows) != simdjson::SUCCESS)
    return false;
  for (auto row : rows) {
    simdjson::ondemand::array cells;
    if (row.get_array().get(cells) != simdjson::SUCCESS)
      return false;
    std::array<std::string_view, 2> texts;
    std::size_t count = 0;
    for (auto cell : cells) {
      simdjson::ondemand::value text;
      if (cell.get(text) != simdjson::SUCCESS || count == texts.size()
          || !plain_text(text, texts[count]) || texts[count].empty())
        return false;
      ++count;
    }
    if (count != texts.size())
      return false;
    levels.push_back({texts[0], texts[1]});
  }
  return true;
}

bool read_id(simdjson::ondemand::value value, std::uint64_t& id) noexcept {
  constexpr auto id_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return value.get_uint64().get(id) == simdjson::SUCCESS && id >= 1 && id <= id_max;
}

core::Result<core::Decimal> parse_statistic(std::string_view text) {
  auto parsed = core::Decimal::parse(text);
  const auto point = text.find('.');
  const bool cuttable
      = point != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos;
  while (!parsed && cuttable && text.size() > point + 1
         && parsed.error().code != core::Errc::malformed) {
    text.remove_suffix(1);
    parsed = core::Decimal::parse(text.size() == point + 1 ? text.substr(0, point) : text);
  }
  return parsed;
}

core::Status set_ticker_field(core::market::Ticker& ticker, std::string_view key,
                              std::string_view text) {
  if (text.empty())
    return {};
  if (key == "price24hPcnt") {
    auto share = core::Decimal::parse(text).and_then(percent);
    if (!share)
      return tl::unexpected{share.error()};
    ticker.change_percent = *share;
    return {};
  }
  for (const auto& known : ticker_fields) {
    if (known.key != key)
      continue;
    const auto value = known.statistic ? parse_statistic(text) : core::Decimal::parse(text);
    if (!value)
      return tl::unexpected{value.error()};
    ticker.*known.field = *value;
    return {};
  }
  return {};
}

} // namespace tandem::adapters::venues::bybit::wire
