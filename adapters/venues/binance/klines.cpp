#include "adapters/venues/binance/klines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

using core::Decimal;
using core::Errc;
using core::Result;

constexpr std::string_view source = "binance klines";
constexpr std::size_t excerpt_max = 200;

/// Nullopt when the member is absent, no string, no decimal or negative.
std::optional<Decimal> price(const Members& members, char key) {
  const auto text = members.text(key);
  if (!text)
    return std::nullopt;
  const auto value = Decimal::parse(*text);
  if (!value || value->is_negative())
    return std::nullopt;
  return *value;
}

std::optional<Decimal> volume(const Members& members, char key) {
  const auto text = members.text(key);
  if (!text)
    return std::nullopt;
  const auto value = parse_volume(*text);
  if (!value || value->is_negative())
    return std::nullopt;
  return *value;
}

tl::unexpected<core::Error> wrong(std::string_view why) {
  return core::fail(Errc::malformed, std::string{why}, std::string{source});
}

/// Beside the candle or in it; where both say one, the same.
std::optional<std::string_view> symbol_of(const Fields& fields) {
  const auto outer = fields.event().text('s');
  const auto inner = fields.kline().text('s');
  if (outer && inner && *outer != *inner)
    return std::nullopt;
  const auto symbol = outer ? outer : inner;
  return symbol && is_symbol(*symbol) ? symbol : std::nullopt;
}

std::string excerpt(std::string_view frame) {
  std::string text{frame.substr(0, excerpt_max)};
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

/// The members that may be absent, but must be right where they are there.
bool read_optional(const Members& bar, core::market::Kline& kline) {
  if (bar.find('T') != nullptr) {
    const auto close_time = bar.id('T');
    if (!close_time)
      return false;
    kline.close_time = static_cast<core::UnixMillis>(*close_time);
  }
  if (bar.find('i') != nullptr) {
    const auto interval = bar.text('i');
    if (!interval)
      return false;
    kline.interval = *interval;
  }
  if (bar.find('x') != nullptr) {
    const auto closed = bar.flag('x');
    if (!closed)
      return false;
    kline.closed = *closed;
  }
  if (bar.find('q') != nullptr) {
    const auto quote_volume = volume(bar, 'q');
    if (!quote_volume)
      return false;
    kline.quote_volume = *quote_volume;
  }
  return true;
}

} // namespace

Result<KlineEvent> kline_event(const Fields& fields) {
  if (!fields.has_kline())
    return wrong("kline needs k");
  const auto symbol = symbol_of(fields);
  const Members& bar = fields.kline();
  const auto open_time = bar.id('t');
  const auto count = bar.id('n');
  if (!symbol || !open_time || !count)
    return wrong("kline needs s, and k with t and n");
  const auto open = price(bar, 'o');
  const auto high = price(bar, 'h');
  const auto low = price(bar, 'l');
  const auto close = price(bar, 'c');
  const auto traded = volume(bar, 'v');
  if (!open || !high || !low || !close || !traded)
    return wrong("kline needs decimals o, h, l, c and v");
  KlineEvent event{std::string{*symbol}, {}};
  if (!read_optional(bar, event.kline))
    return wrong("kline with a wrong T, i, x or q");
  event.kline.open_time = static_cast<core::UnixMillis>(*open_time);
  event.kline.open = *open;
  event.kline.high = *high;
  event.kline.low = *low;
  event.kline.close = *close;
  event.kline.volume = *traded;
  event.kline.trade_count = static_cast<std::int64_t>(*count);
  return event;
}

Result<std::optional<KlineEvent>> KlineReader::read(std::string_view frame) {
  ++counts_.received;
  const auto refuse = [this, frame](std::string_view why) {
    ++counts_.failed;
    return wrong(fmt::format("{}: {}", why, excerpt(frame)));
  };
  if (!fields_.read(frame))
    return refuse(fields_.why());
  const auto* kind = fields_.event().find('e');
  const bool names_kline = kind != nullptr && kind->text == "kline";
  if (!fields_.has_kline() && !names_kline) {
    ++counts_.ignored;
    return std::optional<KlineEvent>{};
  }
  auto event = kline_event(fields_);
  if (!event)
    return refuse(event.error().detail);
  ++counts_.processed;
  return std::optional{std::move(*event)};
}

} // namespace tandem::adapters::venues::binance
