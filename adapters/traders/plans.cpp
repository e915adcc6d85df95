#include "adapters/traders/plans.hpp"

#include "adapters/traders/fields.hpp"
#include "adapters/traders/frame.hpp"
#include "core/twap/week.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::Decimal;
using core::orders::Side;
using namespace core::twap;

constexpr std::int64_t duration_max = 366 * std::int64_t{86'400'000}; ///< ms
constexpr std::int64_t integer_max = std::numeric_limits<std::int64_t>::max();

std::optional<Side> parse_side(std::string_view text) {
  if (text == "buy")
    return Side::buy;
  return text == "sell" ? std::optional{Side::sell} : std::nullopt;
}

std::optional<core::MarketType> parse_market(std::string_view text) {
  if (text == "spot")
    return core::MarketType::spot;
  return text == "linear" ? std::optional{core::MarketType::linear} : std::nullopt;
}

core::Status read_leg(const Json& body, const std::string& prefix, bool required, PlanLeg& leg) {
  Fields fields{body, prefix};
  if (required)
    for (const auto* key : {"exchange", "symbol", "side", "type"})
      fields.require(key);
  std::string exchange = leg.instrument.venue.text();
  std::string symbol = leg.instrument.symbol.text();
  fields.text("exchange", exchange);
  fields.text("symbol", symbol);
  fields.word("marketType", leg.instrument.type, parse_market, "'spot' or 'linear'");
  fields.word("side", leg.side, parse_side, "'buy' or 'sell'");
  fields.word("type", leg.type, parse_slice_type, "'market', 'limit' or 'pegged'");
  fields.decimal("limitPrice", leg.limit_price);
  fields.decimal("offsetPercent", leg.offset_percent);
  leg.instrument.venue = core::VenueId{std::move(exchange)};
  leg.instrument.symbol = core::Symbol{std::move(symbol)};
  return fields.finish();
}

core::Status read_days(const Json& value, const std::string& field, std::uint8_t& days) {
  const auto* list = value.array();
  if (list == nullptr || list->empty())
    return refuse(field, "must be a list of days, e.g. [\"mon\", \"fri\"]");
  days = 0;
  for (const auto& item : *list) {
    const auto* name = item.string();
    const auto day = name == nullptr ? std::nullopt : parse_day(*name);
    if (!day)
      return refuse(field, "must hold mon, tue, wed, thu, fri, sat or sun");
    days = static_cast<std::uint8_t>(days | *day);
  }
  return {};
}

core::Status read_sessions(const Json& value, std::vector<Session>& sessions) {
  const auto* list = value.array();
  if (list == nullptr)
    return refuse("options.sessions", "must be a list");
  sessions.clear();
  for (const auto& item : *list) {
    const auto prefix = "options.sessions[" + std::to_string(sessions.size()) + "].";
    Fields fields{item, prefix};
    auto& session = sessions.emplace_back();
    fields.require("from");
    fields.require("until");
    fields.word("from", session.from, parse_time_of_day, "a time of day, 00:00 to 24:00");
    fields.word("until", session.until, parse_time_of_day, "a time of day, 00:00 to 24:00");
    if (const auto* days = fields.find("days"))
      fields.take(read_days(*days, prefix + "days", session.days));
    if (auto status = fields.finish(); !status)
      return status;
  }
  return {};
}

core::Status read_options(const Json& body, PlanConfig& plan) {
  auto& options = plan.options;
  Fields fields{body, "options."};
  fields.integer("startAt", options.start_at);
  fields.integer("endAt", options.end_at);
  if (const auto* sessions = fields.find("sessions"))
    fields.take(read_sessions(*sessions, options.calendar.sessions));
  auto offset = options.calendar.utc_offset.count();
  fields.integer("utcOffsetMinutes", offset, -14 * 60, 14 * 60);
  options.calendar.utc_offset = std::chrono::minutes{offset};
  fields.decimal("sizeJitterPercent", options.size_jitter_percent);
  fields.milliseconds("timeJitterMs", options.time_jitter);
  fields.integer("seed", options.seed, 0, integer_max);
  fields.decimal("guardPercent", options.guard_percent);
  fields.decimal("slippagePercent", options.slippage_percent);
  fields.decimal("participationPercent", options.participation_percent);
  fields.word("catchUp", options.catch_up, parse_catch_up, "'extend', 'catch_up' or 'skip'");
  fields.integer("catchUpSlices", options.catch_up_slices, 1, 100);
  fields.word("remainder", options.remainder, parse_remainder, "'merge' or 'leave'");
  fields.word("legDown", options.leg_down, parse_leg_down, "'pauseBoth' or 'pauseLeg'");
  fields.decimal("imbalanceMax", options.imbalance_max);
  fields.milliseconds("repriceMs", options.reprice);
  fields.boolean("sweep", options.sweep);
  fields.integer("failuresMax", options.failures_max, 1, 100);
  std::int64_t duration = 0;
  fields.integer("durationMs", duration, 1, duration_max);
  if (const auto slices = slices_of(plan); duration > 0 && slices > 0) {
    plan.interval = std::chrono::milliseconds{duration / slices};
    if (plan.interval < interval_min || plan.interval > interval_max)
      fields.fail("durationMs", "makes " + std::to_string(slices) + " intervals of "
                                    + std::to_string(plan.interval.count()) + " ms; one must be "
                                    + std::to_string(interval_min.count()) + " to "
                                    + std::to_string(interval_max.count()) + " ms");
  }
  return fields.finish();
}

core::Status read_legs(const Json& value, bool required, std::vector<PlanLeg>& legs) {
  const auto* list = value.array();
  if (list == nullptr || list->empty() || list->size() > legs_max)
    return refuse("legs", "must be a list of 1 or 2 legs");
  // What a PUT does not say of a leg stays, as long as there are as many.
  const bool keeps = !required && legs.size() == list->size();
  if (!keeps)
    legs.assign(list->size(), {});
  for (std::size_t n = 0; n < list->size(); ++n)
    if (auto status = read_leg((*list)[n], "legs[" + std::to_string(n) + "].", !keeps, legs[n]);
        !status)
      return status;
  return {};
}

void write_optional(JsonWriter& out, std::string_view name, const std::optional<Decimal>& value) {
  out.key(name);
  if (value)
    out.decimal(*value);
  else
    out.null();
}

void write_stamp(JsonWriter& out, std::string_view name, std::optional<core::UnixMillis> at) {
  out.key(name);
  if (at && *at != 0)
    out.integer(*at);
  else
    out.null();
}

void write_config_leg(JsonWriter& out, const PlanLeg& leg) {
  out.field("exchange", leg.instrument.venue.text())
      .field("symbol", leg.instrument.symbol.text())
      .field("side", core::orders::to_string(leg.side))
      .field("type", to_string(leg.type))
      .field("marketType", core::to_string(leg.instrument.type));
  if (leg.limit_price)
    out.field("limitPrice", *leg.limit_price);
  out.field("offsetPercent", leg.offset_percent);
}

void write_options(JsonWriter& out, const PlanOptions& options) {
  out.key("options").begin_object();
  write_stamp(out, "startAt", options.start_at);
  write_stamp(out, "endAt", options.end_at);
  out.key("sessions").begin_array();
  for (const auto& session : options.calendar.sessions) {
    out.begin_object()
        .field("from", time_of_day_text(session.from))
        .field("until", time_of_day_text(session.until));
    out.key("days").begin_array();
    for (std::size_t day = 0; day < day_names.size(); ++day)
      if ((session.days >> day & 1U) != 0)
        out.string(day_names.at(day));
    out.end_array().end_object();
  }
  out.end_array();
  out.field("utcOffsetMinutes", static_cast<std::int64_t>(options.calendar.utc_offset.count()))
      .field("sizeJitterPercent", options.size_jitter_percent)
      .field("timeJitterMs", static_cast<std::int64_t>(options.time_jitter.count()))
      .field("seed", options.seed)
      .field("guardPercent", options.guard_percent)
      .field("slippagePercent", options.slippage_percent)
      .field("participationPercent", options.participation_percent)
      .field("catchUp", to_string(options.catch_up))
      .field("catchUpSlices", options.catch_up_slices)
      .field("remainder", to_string(options.remainder))
      .field("legDown", to_string(options.leg_down))
      .field("imbalanceMax", options.imbalance_max)
      .field("repriceMs", static_cast<std::int64_t>(options.reprice.count()))
      .field("sweep", options.sweep)
      .field("failuresMax", options.failures_max)
      .end_object();
}

/// What a leg did, and how well: slippage in percent, positive = worse for us.
void write_progress_leg(JsonWriter& out, const PlanView& view, std::size_t n) {
  const auto& leg = view.plan.legs[n];
  const auto& done = view.state.legs.at(n);
  const auto average = average_price(done);
  const auto twap = benchmark(done);
  out.key("filled").raw(core::to_string(done.filled));
  out.field("shortfall", view.shortfalls.at(n));
  write_optional(out, "avgPrice", average);
  write_optional(out, "arrivalPrice", done.arrival);
  write_optional(out, "twapPrice", twap);
  write_optional(out, "slippageToArrivalPercent",
                 slippage_percent(average, done.arrival, leg.side));
  write_optional(out, "slippageToTwapPercent", slippage_percent(average, twap, leg.side));
  out.field("orders", done.orders);
  out.key("fees").begin_object();
  for (const auto& [asset, amount] : done.fees)
    out.key(asset).raw(core::to_string(amount));
  out.end_object();
}

/// Whose pause it is: a person's goes on by a person, a risk's by itself.
void write_explanation(JsonWriter& out, const PlanView& view) {
  const auto& state = view.state;
  const bool by_person = !state.paused_by.empty();
  const bool by_risk = !state.risk.empty();
  out.key("pausedBy").begin_array();
  if (by_person)
    out.string("person");
  if (by_risk)
    out.string("risk");
  out.end_array();
  out.field("pausePerson", state.paused_by)
      .field("pauseRisk", state.risk)
      .field("cancelling", !state.cancelled_by.empty() && !is_final(state.phase))
      .field("heldBy", view.held_by)
      .field("reason", state.reason)
      .field("imbalance", view.imbalance);
  out.key("skipped").raw(core::to_string(state.skipped));
}

void write_progress(JsonWriter& out, const PlanView& view) {
  out.field("executed", view.executed)
      .field("remaining", view.remaining)
      .field("slicesDone", view.slices_done)
      .field("slicesTotal", view.slices_total);
}

void write_refusals(JsonWriter& out, std::string_view name,
                    const std::vector<core::risk::Refusal>& refusals) {
  out.key(name).begin_array();
  for (const auto& refusal : refusals)
    out.begin_object()
        .field("rule", core::risk::to_string(refusal.rule))
        .field("value", refusal.value)
        .field("limit", refusal.limit)
        .field("message", refusal.detail)
        .end_object();
  out.end_array();
}

} // namespace

core::Result<PlanConfig> parse_plan(const Json& body, const std::optional<PlanConfig>& base,
                                    std::uint64_t seed) {
  auto plan = base.value_or(PlanConfig{});
  const bool required = !base.has_value();
  if (required)
    plan.options.seed = seed & static_cast<std::uint64_t>(integer_max);
  Fields fields{body, ""};
  if (required)
    for (const auto* key : {"name", "totalQty", "sliceQty", "legs"})
      fields.require(key);
  std::string id = plan.id.text();
  fields.text("id", id);
  if (base && id != base->id.text())
    fields.fail("id", "cannot be changed");
  plan.id = PlanId{std::move(id)};
  fields.text("name", plan.name, 100);
  fields.decimal("totalQty", plan.total_quantity);
  fields.decimal("sliceQty", plan.slice_quantity);
  fields.milliseconds("intervalMs", plan.interval);
  if (const auto* legs = fields.find("legs"))
    fields.take(read_legs(*legs, required, plan.legs));
  if (const auto* options = fields.find("options"))
    fields.take(read_options(*options, plan));
  if (required && plan.interval.count() == 0)
    fields.fail("intervalMs", "is missing (or options.durationMs)");
  if (auto status = fields.finish(); !status)
    return tl::unexpected{std::move(status.error())};
  if (const auto problems = check_plan(plan); !problems.empty())
    return refuse(problems.front().field, problems.front().message);
  return plan;
}

core::Result<std::string> parse_plan_action(std::string_view text) {
  const auto body = parse_json(text);
  if (!body)
    return tl::unexpected{body.error()};
  std::string action;
  Fields fields{*body, ""};
  fields.require("action");
  fields.text("action", action);
  if (auto status = fields.finish(); !status)
    return tl::unexpected{std::move(status.error())};
  if (action != "pause" && action != "resume" && action != "cancel")
    return refuse("action", "must be 'pause', 'resume' or 'cancel'");
  return action;
}

void write_plan(JsonWriter& out, const PlanView& view) {
  const auto& plan = view.plan;
  out.begin_object()
      .field("planId", plan.id.text())
      .field("id", plan.id.text())
      .field("name", plan.name)
      .field("totalQty", plan.total_quantity)
      .field("sliceQty", plan.slice_quantity)
      .field("intervalMs", static_cast<std::int64_t>(plan.interval.count()))
      .field("slicesTotal", view.slices_total)
      .field("state", to_string(view.state.phase));
  out.key("legs").begin_array();
  for (std::size_t n = 0; n < plan.legs.size(); ++n) {
    out.begin_object();
    write_config_leg(out, plan.legs[n]);
    write_progress_leg(out, view, n);
    out.end_object();
  }
  out.end_array();
  write_options(out, plan.options);
  out.key("progress").begin_object();
  write_progress(out, view);
  out.end_object();
  write_stamp(out, "startedTs", view.state.started_at);
  write_stamp(out, "endedTs", view.state.ended_at);
  write_stamp(out, "lastExecutionTs", view.state.last_execution_at);
  write_stamp(out, "nextSliceTs", view.next_due);
  write_explanation(out, view);
  out.end_object();
}

void write_plan_status(JsonWriter& out, const PlanView& view) {
  out.begin_object().field("planId", view.plan.id.text());
  out.key("progress").begin_object();
  write_progress(out, view);
  out.end_object();
  out.field("state", to_string(view.state.phase));
  write_stamp(out, "lastExecutionTs", view.state.last_execution_at);
  write_stamp(out, "nextSliceTs", view.next_due);
  write_explanation(out, view);
  out.key("legs").begin_array();
  for (std::size_t n = 0; n < view.plan.legs.size(); ++n) {
    const auto& leg = view.plan.legs[n];
    out.begin_object()
        .field("exchange", leg.instrument.venue.text())
        .field("symbol", leg.instrument.symbol.text())
        .field("side", core::orders::to_string(leg.side));
    write_progress_leg(out, view, n);
    out.end_object();
  }
  out.end_array().end_object();
}

std::string plan_frame(const PlanView& view, core::UnixMillis ts, std::string_view mode) {
  auto out = begin_frame("twap_progress", mode);
  out.begin_object().field("planId", view.plan.id.text());
  write_progress(out, view);
  out.field("state", to_string(view.state.phase)).field("ts", ts);
  write_explanation(out, view);
  out.end_object();
  return end_frame(out);
}

void write_forecast(JsonWriter& out, const PlanConfig& plan, const Forecast& forecast) {
  out.begin_object()
      .field("dryRun", true)
      .field("slicesTotal", static_cast<std::uint64_t>(forecast.slices.size()))
      .field("lot", forecast.grid.lot)
      .field("minimumQty", forecast.grid.minimum)
      .field("unscheduledQty", forecast.unscheduled)
      .field("startTs", forecast.starts_at)
      .field("endTs", forecast.ends_at);
  out.key("schedule").begin_array();
  for (const auto& slice : forecast.slices)
    out.begin_object()
        .field("slice", slice.number)
        .field("ts", slice.due_at)
        .key("qty")
        .raw(core::to_string(core::Money{core::to_money(forecast.grid.lot).units * slice.lots}))
        .end_object();
  out.end_array();
  out.key("legs").begin_array();
  for (std::size_t n = 0; n < plan.legs.size(); ++n) {
    const auto& leg = forecast.legs.at(n);
    out.begin_object();
    write_config_leg(out, plan.legs[n]);
    write_optional(out, "midPrice", leg.mid);
    write_optional(out, "expectedPrice", leg.average_price);
    out.key("expectedNotional").raw(core::to_string(leg.notional));
    out.key("expectedCost").raw(core::to_string(leg.cost));
    out.key("expectedFees");
    if (leg.fees)
      out.raw(core::to_string(*leg.fees));
    else
      out.null();
    write_refusals(out, "sliceRefusals", leg.slice_refusals);
    write_refusals(out, "planRefusals", leg.plan_refusals);
    out.end_object();
  }
  out.end_array().end_object();
}

} // namespace tandem::adapters::traders
