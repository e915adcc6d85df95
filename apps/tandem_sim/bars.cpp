#include "apps/tandem_sim/bars.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis second = 1'000;
constexpr core::UnixMillis minute = 60 * second;
constexpr core::UnixMillis hour = 60 * minute;
constexpr core::UnixMillis day_length = 24 * hour;
constexpr core::UnixMillis week_offset = 4 * day_length; ///< 1970-01-05 was a Monday
constexpr std::size_t seconds_kept = 1'000;

using Days = std::chrono::sys_days;

core::UnixMillis to_unix(Days days) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(days.time_since_epoch()).count();
}

} // namespace

void Bar::add(const Trade& trade) noexcept {
  if (trades == 0) {
    open = high = low = trade.price;
    first_id = trade.id;
  }
  high = std::max(high, trade.price);
  low = std::min(low, trade.price);
  close = trade.price;
  last_id = trade.id;
  ++trades;
  const auto value = static_cast<core::Int128>(trade.price) * trade.quantity;
  volume += trade.quantity;
  quote += value;
  if (!trade.buyer_is_maker) {
    taker_buy_volume += trade.quantity;
    taker_buy_quote += value;
  }
}

void Bar::add(const Bar& later) noexcept {
  if (later.trades == 0)
    return;
  if (trades == 0) {
    const auto begin = open_at;
    *this = later;
    open_at = begin;
    return;
  }
  high = std::max(high, later.high);
  low = std::min(low, later.low);
  close = later.close;
  volume += later.volume;
  taker_buy_volume += later.taker_buy_volume;
  quote += later.quote;
  taker_buy_quote += later.taker_buy_quote;
  trades += later.trades;
  last_id = later.last_id;
}

core::UnixMillis Interval::begin_of(core::UnixMillis at) const noexcept {
  if (unit == Unit::fixed)
    return at - (at - offset) % length;
  const Days date{std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{at}})};
  const std::chrono::year_month_day parts{date};
  return to_unix(Days{parts.year() / parts.month() / 1});
}

core::UnixMillis Interval::end_of(core::UnixMillis begin) const noexcept {
  if (unit == Unit::fixed)
    return begin + length;
  constexpr core::UnixMillis into_next_month = 32 * day_length;
  return begin_of(begin + into_next_month);
}

std::optional<Interval> binance_interval(std::string_view text, bool spot) noexcept {
  constexpr std::array<std::pair<std::string_view, core::UnixMillis>, 14> known{
      {{"1s", second},
       {"1m", minute},
       {"3m", 3 * minute},
       {"5m", 5 * minute},
       {"15m", 15 * minute},
       {"30m", 30 * minute},
       {"1h", hour},
       {"2h", 2 * hour},
       {"4h", 4 * hour},
       {"6h", 6 * hour},
       {"8h", 8 * hour},
       {"12h", 12 * hour},
       {"1d", day_length},
       {"3d", 3 * day_length}}};
  if (text == "1M")
    return Interval{Interval::Unit::month, 0, 0};
  if (text == "1w")
    return Interval{Interval::Unit::fixed, 7 * day_length, week_offset};
  const auto found = std::ranges::find(known, text, [](const auto& entry) { return entry.first; });
  if (found == known.end() || (!spot && text == "1s"))
    return std::nullopt;
  return Interval{Interval::Unit::fixed, found->second, 0};
}

std::optional<Interval> bybit_interval(std::string_view text) noexcept {
  if (text == "D")
    return Interval{Interval::Unit::fixed, day_length, 0};
  if (text == "W")
    return Interval{Interval::Unit::fixed, 7 * day_length, week_offset};
  if (text == "M")
    return Interval{Interval::Unit::month, 0, 0};
  constexpr std::array<std::string_view, 10> minutes{"1",  "3",   "5",   "15",  "30",
                                                     "60", "120", "240", "360", "720"};
  if (std::ranges::find(minutes, text) == minutes.end())
    return std::nullopt;
  core::UnixMillis count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return Interval{Interval::Unit::fixed, count * minute, 0};
}

void Bars::append(std::deque<Bar>& bars, const Trade& trade, core::UnixMillis length,
                  std::size_t kept) {
  const auto begin = trade.at - trade.at % length;
  if (bars.empty() || bars.back().open_at != begin) {
    Bar bar;
    bar.open_at = begin;
    bars.push_back(bar);
    if (bars.size() > kept)
      bars.pop_front();
  }
  bars.back().add(trade);
}

void Bars::add_history(const Bar& bar) {
  minutes_.push_back(bar);
  last_price_ = bar.close;
}

void Bars::add(const Trade& trade) {
  append(minutes_, trade, minute, minutes_kept_);
  append(seconds_, trade, second, seconds_kept);
  last_price_ = trade.price;
}

std::optional<Bar> Bars::sum(const std::deque<Bar>& bars, core::UnixMillis begin,
                             core::UnixMillis end) const {
  const auto before = [](const Bar& bar, core::UnixMillis at) { return bar.open_at < at; };
  auto from = std::lower_bound(bars.begin(), bars.end(), begin, before);
  if (from == bars.begin() && (bars.empty() || end <= bars.front().open_at))
    return std::nullopt;
  Bar total;
  total.open_at = begin;
  if (from != bars.begin())
    total.open = total.high = total.low = total.close = std::prev(from)->close;
  for (; from != bars.end() && from->open_at < end; ++from)
    total.add(*from);
  return total;
}

std::optional<Bar> Bars::bar(const Interval& interval, core::UnixMillis at) const {
  const auto begin = interval.begin_of(at);
  const bool seconds = interval.unit == Interval::Unit::fixed && interval.length < minute;
  return sum(seconds ? seconds_ : minutes_, begin, interval.end_of(begin));
}

Bar Bars::day(core::UnixMillis now) const {
  const auto end = now - now % minute + minute;
  if (auto total = sum(minutes_, end - day_length, end))
    return *total;
  Bar flat;
  flat.open_at = end - day_length;
  flat.open = flat.high = flat.low = flat.close = last_price_;
  return flat;
}

core::UnixMillis Bars::oldest() const noexcept {
  return minutes_.empty() ? 0 : minutes_.front().open_at;
}

} // namespace tandem::sim
