#include "core/twap/plan.hpp"

#include "core/types/money.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::core::twap {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<SliceType, std::string_view>, 3> slice_types{
    {{SliceType::market, "market"}, {SliceType::limit, "limit"}, {SliceType::pegged, "pegged"}}};
constexpr std::array<std::pair<CatchUp, std::string_view>, 3> catch_ups{
    {{CatchUp::extend, "extend"}, {CatchUp::catch_up, "catch_up"}, {CatchUp::skip, "skip"}}};
constexpr std::array<std::pair<Remainder, std::string_view>, 2> remainders{
    {{Remainder::merge, "merge"}, {Remainder::leave, "leave"}}};
constexpr std::array<std::pair<LegDown, std::string_view>, 2> legs_down{
    {{LegDown::pause_both, "pauseBoth"}, {LegDown::pause_leg, "pauseLeg"}}};

/// The end of the year 9999: what is reckoned from there stays in range.
constexpr UnixMillis stamp_max = 253'402'300'799'999;

template <class Words, class Value>
std::string_view word_of(const Words& words, Value value) noexcept {
  for (const auto& [known, word] : words)
    if (known == value)
      return word;
  return "unknown";
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& words,
                              std::string_view text) noexcept {
  for (const auto& [value, word] : words)
    if (word == text)
      return value;
  return std::nullopt;
}

constexpr std::size_t id_length_max = 64, name_bytes_max = 100;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_id(std::string_view text) {
  return text.size() <= id_length_max && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                  || c == '_' || c == '-';
         });
}

class Problems {
public:
  void add(std::string field, std::string message) {
    found_.push_back({std::move(field), std::move(message)});
  }

  /// A percentage from 0 to `most`.
  void percent(const std::string& field, const Decimal& value, std::int64_t most) {
    if (value.is_negative() || value > Decimal{most, 0})
      add(field, "must be 0 to " + std::to_string(most) + " percent, not " + value.to_string());
  }

  void time(const std::string& field, std::chrono::milliseconds value,
            std::chrono::milliseconds least, std::chrono::milliseconds most) {
    if (value < least || value > most)
      add(field, "must be " + std::to_string(least.count()) + " to " + std::to_string(most.count())
                     + " ms, not " + std::to_string(value.count()));
  }

  void stamp(const std::string& field, std::optional<UnixMillis> value) {
    if (value && (*value < 0 || *value > stamp_max))
      add(field, "must be a time from 1970 to 9999, not " + std::to_string(*value) + " ms");
  }

  std::vector<PlanProblem> take() { return std::move(found_); }

private:
  std::vector<PlanProblem> found_;
};

void check_sizes(const PlanConfig& plan, Problems& problems) {
  const auto positive = [&](const char* field, const Decimal& value) {
    if (value <= Decimal{})
      problems.add(field, "must be above 0, not " + value.to_string());
    return value > Decimal{};
  };
  const bool total = positive("totalQty", plan.total_quantity);
  const bool slice = positive("sliceQty", plan.slice_quantity);
  if (total && slice && plan.slice_quantity > plan.total_quantity)
    problems.add("sliceQty", "must not be above totalQty (" + plan.total_quantity.to_string()
                                 + "), and is " + plan.slice_quantity.to_string());
  else if (total && slice && slices_of(plan) > slices_max)
    problems.add("sliceQty", "makes more than " + std::to_string(slices_max) + " slices");
  problems.time("intervalMs", plan.interval, interval_min, interval_max);
}

void check_legs(const PlanConfig& plan, Problems& problems) {
  if (plan.legs.empty() || plan.legs.size() > legs_max)
    problems.add("legs", "must be 1 or 2 legs, not " + std::to_string(plan.legs.size()));
  for (std::size_t n = 0; n < plan.legs.size(); ++n) {
    const auto& leg = plan.legs[n];
    const auto prefix = "legs[" + std::to_string(n) + "].";
    if (leg.instrument.venue.empty())
      problems.add(prefix + "exchange", "is empty");
    if (leg.instrument.symbol.empty())
      problems.add(prefix + "symbol", "is empty");
    if (leg.limit_price && *leg.limit_price <= Decimal{})
      problems.add(prefix + "limitPrice", "must be above 0, not " + leg.limit_price->to_string());
    problems.percent(prefix + "offsetPercent", leg.offset_percent, 10);
    if (leg.type == SliceType::market && !leg.offset_percent.is_zero())
      problems.add(prefix + "offsetPercent", "goes with type limit or pegged");
  }
  if (plan.legs.size() == 2 && plan.legs[0].instrument == plan.legs[1].instrument)
    problems.add("legs[1]", "is the same instrument as legs[0]");
}

void check_calendar(const Calendar& calendar, Problems& problems) {
  for (std::size_t n = 0; n < calendar.sessions.size(); ++n) {
    const auto& session = calendar.sessions[n];
    const auto prefix = "options.sessions[" + std::to_string(n) + "].";
    if (session.from < 0min || session.from >= 24h)
      problems.add(prefix + "from", "must be a time of day from 00:00 to 23:59, not minute "
                                        + std::to_string(session.from.count()));
    if (session.until < 0min || session.until > 24h)
      problems.add(prefix + "until", "must be a time of day from 00:00 to 24:00, not minute "
                                         + std::to_string(session.until.count()));
    if (session.days == 0)
      problems.add(prefix + "days", "names no day");
    if (session.days > 0x7fU)
      problems.add(prefix + "days",
                   "must be bits 0 to 6, Monday to Sunday, not " + std::to_string(session.days));
  }
  if (calendar.utc_offset < -14h || calendar.utc_offset > 14h)
    problems.add("options.utcOffsetMinutes",
                 "must be -840 to 840, not " + std::to_string(calendar.utc_offset.count()));
}

void check_options(const PlanConfig& plan, Problems& problems) {
  const auto& options = plan.options;
  problems.stamp("options.startAt", options.start_at);
  problems.stamp("options.endAt", options.end_at);
  if (options.start_at && options.end_at && *options.end_at <= *options.start_at)
    problems.add("options.endAt", "must be after options.startAt ("
                                      + std::to_string(*options.start_at) + "), and is "
                                      + std::to_string(*options.end_at));
  check_calendar(options.calendar, problems);
  problems.percent("options.sizeJitterPercent", options.size_jitter_percent, 50);
  // An interval that is wrong itself was told of; it is no measure for this.
  const bool paced = plan.interval >= interval_min && plan.interval <= interval_max;
  problems.time("options.timeJitterMs", options.time_jitter, 0ms,
                (paced ? plan.interval : interval_max) / 2);
  problems.percent("options.guardPercent", options.guard_percent, 100);
  problems.percent("options.slippagePercent", options.slippage_percent, 10);
  problems.percent("options.participationPercent", options.participation_percent, 100);
  if (options.catch_up_slices < 1 || options.catch_up_slices > 100)
    problems.add("options.catchUpSlices",
                 "must be 1 to 100, not " + std::to_string(options.catch_up_slices));
  if (options.imbalance_max.is_negative())
    problems.add("options.imbalanceMax",
                 "must not be below 0, and is " + options.imbalance_max.to_string());
  else if (!options.imbalance_max.is_zero() && plan.legs.size() == 2
           && options.imbalance_max < plan.slice_quantity)
    problems.add("options.imbalanceMax", "must be at least sliceQty ("
                                             + plan.slice_quantity.to_string() + "), and is "
                                             + options.imbalance_max.to_string()
                                             + ": both legs of a slice go out together");
  problems.time("options.repriceMs", options.reprice, 100ms, 1h);
  if (options.failures_max < 1 || options.failures_max > 100)
    problems.add("options.failuresMax",
                 "must be 1 to 100, not " + std::to_string(options.failures_max));
}

} // namespace

std::string_view to_string(SliceType type) noexcept {
  return word_of(slice_types, type);
}

std::string_view to_string(CatchUp rule) noexcept {
  return word_of(catch_ups, rule);
}

std::string_view to_string(Remainder rule) noexcept {
  return word_of(remainders, rule);
}

std::string_view to_string(LegDown rule) noexcept {
  return word_of(legs_down, rule);
}

std::optional<SliceType> parse_slice_type(std::string_view text) noexcept {
  return value_of(slice_types, text);
}

std::optional<CatchUp> parse_catch_up(std::string_view text) noexcept {
  return value_of(catch_ups, text);
}

std::optional<Remainder> parse_remainder(std::string_view text) noexcept {
  return value_of(remainders, text);
}

std::optional<LegDown> parse_leg_down(std::string_view text) noexcept {
  return value_of(legs_down, text);
}

std::uint32_t slices_of(const PlanConfig& plan) noexcept {
  const auto total = to_money(plan.total_quantity).units;
  const auto slice = to_money(plan.slice_quantity).units;
  if (total <= 0 || slice <= 0)
    return 0;
  return static_cast<std::uint32_t>(
      std::min<Int128>(slices_max + 1, divide(total, slice, Rounding::up)));
}

std::vector<PlanProblem> check_plan(const PlanConfig& plan) {
  Problems problems;
  if (!is_id(plan.id.text()))
    problems.add("id", "must be 1 to 64 letters, digits, '_' or '-', and has "
                           + std::to_string(plan.id.text().size()) + " bytes");
  const auto& name = plan.name;
  if (name.empty() || name.size() > name_bytes_max)
    problems.add("name", "must be 1 to 100 bytes, not " + std::to_string(name.size()));
  if (std::ranges::any_of(name, is_control))
    problems.add("name", "must not have control characters");
  check_sizes(plan, problems);
  check_legs(plan, problems);
  check_options(plan, problems);
  return problems.take();
}

} // namespace tandem::core::twap
