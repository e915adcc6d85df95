#include "config/read_plans.hpp"

#include "core/twap/week.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::config {
namespace {

using core::MarketType;
using core::orders::Side;
using namespace core::twap;
using yaml::Choice;
using yaml::Section;

constexpr std::array<Choice<MarketType>, 2> market_types{
    {{"spot", MarketType::spot}, {"linear", MarketType::linear}}};
constexpr std::array<Choice<Side>, 2> sides{{{"buy", Side::buy}, {"sell", Side::sell}}};
constexpr std::array<Choice<SliceType>, 3> slice_types{
    {{"market", SliceType::market}, {"limit", SliceType::limit}, {"pegged", SliceType::pegged}}};
constexpr std::array<Choice<CatchUp>, 3> catch_ups{
    {{"extend", CatchUp::extend}, {"catch_up", CatchUp::catch_up}, {"skip", CatchUp::skip}}};
constexpr std::array<Choice<Remainder>, 2> remainders{
    {{"merge", Remainder::merge}, {"leave", Remainder::leave}}};
constexpr std::array<Choice<LegDown>, 2> legs_down{
    {{"pauseBoth", LegDown::pause_both}, {"pauseLeg", LegDown::pause_leg}}};
constexpr std::size_t day_ms = 86'400'000;

/// `count` digits at `at`; nullopt when one is none.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t n = at; n < at + count; ++n) {
    if (n >= text.size() || text[n] < '0' || text[n] > '9')
      return std::nullopt;
    value = value * 10 + (text[n] - '0');
  }
  return value;
}

/// "2026-12-01T09:00:00Z" in Unix milliseconds.
std::optional<core::UnixMillis> stamp(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view pattern = "0000-00-00T00:00:00Z";
  if (text.size() != pattern.size())
    return std::nullopt;
  for (std::size_t n = 0; n < pattern.size(); ++n)
    if (pattern[n] != '0' && text[n] != pattern[n])
      return std::nullopt;
  const auto year_now = digits(text, 0, 4);
  const auto month_now = digits(text, 5, 2);
  const auto day_now = digits(text, 8, 2);
  const auto time = parse_time_of_day(text.substr(11, 5));
  const auto second = digits(text, 17, 2);
  if (!year_now || !month_now || !day_now || !time || !second || *second > 59 || *time >= hours{24})
    return std::nullopt;
  const year_month_day date{year{*year_now}, month{static_cast<unsigned>(*month_now)},
                            day{static_cast<unsigned>(*day_now)}};
  if (!date.ok())
    return std::nullopt;
  return duration_cast<milliseconds>(sys_days{date}.time_since_epoch() + *time + seconds{*second})
      .count();
}

void read_stamp(Section& section, std::string_view key, std::optional<core::UnixMillis>& target) {
  if (!section.has(key)) {
    section.allow(key);
    return;
  }
  // What is no text is reported already: then the fallback is none that is reported again.
  target = stamp(section.text(key, "1970-01-01T00:00:00Z"));
  if (!target)
    section.refuse(key, "must be a time in UTC, quoted: \"2026-12-01T09:00:00Z\"");
}

std::chrono::minutes read_time(Section& section, std::string_view key) {
  section.require(key);
  const auto time = parse_time_of_day(section.text(key, "00:00"));
  if (!time)
    section.refuse(key, "must be a time of day from \"00:00\" to \"24:00\", quoted");
  return time.value_or(std::chrono::minutes{0});
}

Session read_session(Section section) {
  Session session;
  session.from = read_time(section, "from");
  session.until = read_time(section, "until");
  const bool all = !section.has("days");
  const auto days = section.texts("days");
  if (!all)
    session.days = 0;
  for (const auto& name : days) {
    if (const auto day = parse_day(name))
      session.days = static_cast<std::uint8_t>(session.days | *day);
    else
      section.refuse("days", "'" + name + "' is not mon, tue, wed, thu, fri, sat or sun");
  }
  section.finish();
  return session;
}

PlanLeg read_leg(Section section) {
  PlanLeg leg;
  for (const auto* key : {"exchange", "symbol", "side", "type"})
    section.require(key);
  leg.instrument.venue = core::VenueId{section.text("exchange", {})};
  leg.instrument.symbol = core::Symbol{section.text("symbol", {})};
  leg.instrument.type = section.choice("marketType", leg.instrument.type, market_types);
  leg.side = section.choice("side", leg.side, sides);
  // A word that is wrong stands for the type that goes with all other keys.
  leg.type = section.choice("type", SliceType::limit, slice_types);
  if (section.has("limitPrice"))
    leg.limit_price = section.decimal("limitPrice", {});
  else
    section.allow("limitPrice");
  leg.offset_percent = section.decimal("offsetPercent", leg.offset_percent);
  section.finish();
  return leg;
}

std::chrono::milliseconds read_ms(Section& section, std::string_view key,
                                  std::chrono::milliseconds fallback) {
  const auto count = section.count(key, static_cast<std::size_t>(fallback.count()), 0, day_ms);
  return std::chrono::milliseconds{count};
}

PlanOptions read_options(Section section) {
  PlanOptions options;
  read_stamp(section, "startAt", options.start_at);
  read_stamp(section, "endAt", options.end_at);
  for (auto& session : section.sections("sessions"))
    options.calendar.sessions.push_back(read_session(std::move(session)));
  const auto offset = section.decimal("utcOffsetMinutes", {}).at_scale(0);
  if (offset)
    options.calendar.utc_offset = std::chrono::minutes{*offset};
  else
    section.refuse("utcOffsetMinutes", "must be whole minutes");
  options.size_jitter_percent = section.decimal("sizeJitterPercent", options.size_jitter_percent);
  options.time_jitter = read_ms(section, "timeJitterMs", options.time_jitter);
  options.seed = section.count("seed", options.seed, 0,
                               static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()));
  options.guard_percent = section.decimal("guardPercent", options.guard_percent);
  options.slippage_percent = section.decimal("slippagePercent", options.slippage_percent);
  options.participation_percent
      = section.decimal("participationPercent", options.participation_percent);
  options.catch_up = section.choice("catchUp", options.catch_up, catch_ups);
  options.catch_up_slices
      = static_cast<std::uint32_t>(section.count("catchUpSlices", options.catch_up_slices, 1, 100));
  options.remainder = section.choice("remainder", options.remainder, remainders);
  options.leg_down = section.choice("legDown", options.leg_down, legs_down);
  options.imbalance_max = section.decimal("imbalanceMax", options.imbalance_max);
  options.reprice = read_ms(section, "repriceMs", options.reprice);
  options.sweep = section.boolean("sweep", options.sweep);
  options.failures_max
      = static_cast<std::uint32_t>(section.count("failuresMax", options.failures_max, 1, 100));
  section.finish();
  return options;
}

} // namespace

ConfiguredPlan read_plan(Section section) {
  ConfiguredPlan result;
  auto& plan = result.plan;
  for (const auto* key : {"id", "name", "totalQty", "sliceQty", "intervalMs", "legs"})
    section.require(key);
  plan.id = PlanId{section.text("id", {})};
  plan.name = section.text("name", {});
  plan.total_quantity = section.decimal("totalQty", plan.total_quantity);
  plan.slice_quantity = section.decimal("sliceQty", plan.slice_quantity);
  plan.interval = read_ms(section, "intervalMs", plan.interval);
  for (auto& leg : section.sections("legs"))
    plan.legs.push_back(read_leg(std::move(leg)));
  plan.options = read_options(section.section("options"));
  result.each_run = section.boolean("eachRun", result.each_run);
  section.finish();
  return result;
}

} // namespace tandem::config
