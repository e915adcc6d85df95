#include "adapters/traders/events.hpp"

#include "adapters/traders/frame.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace tandem::adapters::traders {
namespace {

constexpr std::array<std::string_view, 8> event_names{
    "price_update", "opportunity",   "order_submitted", "order_filled",
    "order_failed", "twap_progress", "engine_alert",    "execution"};
/// Business events that a front end may report; anything else is refused.
constexpr std::array<std::string_view, 4> log_names{"arbitrage_trigger", "arbitrage_success",
                                                    "arbitrage_failure", "connection_change"};

std::string refusal(std::string_view mode, std::string_view message, std::string_view field) {
  auto out = begin_frame("error", mode);
  out.begin_object().field("code", "VALIDATION_ERROR").field("message", message);
  if (!field.empty())
    out.field("field", field);
  out.end_object();
  return end_frame(out);
}

/// Names of one list; an error text when it is not a list of short strings.
core::Result<std::vector<std::string>> names(const Json& body, std::string_view key) {
  std::vector<std::string> result;
  const auto* value = body.find(key);
  if (value == nullptr)
    return result;
  const auto* list = value->array();
  if (list == nullptr || list->size() > filter_names_max)
    return core::fail(core::Errc::validation_error, "must be a list of at most 1000 names",
                      std::string{key});
  for (const auto& item : *list) {
    const auto* text = item.string();
    if (text == nullptr || text->empty() || text->size() > 64)
      return core::fail(core::Errc::validation_error, "must hold strings of 1 to 64 characters",
                        std::string{key});
    result.push_back(*text);
  }
  return result;
}

template <class Names>
void write_names(JsonWriter& out, std::string_view key, const Names& names_now) {
  out.key(key).begin_array();
  for (const auto& name : names_now)
    out.string(name);
  out.end_array();
}

} // namespace

// ---- frames
// -------------------------------------------------------------------------------------------------------

void write_opportunity(JsonWriter& out, const OpportunityNews& news) {
  const auto& event = news.event;
  const auto& spread = event.spread;
  const bool first_buys = spread.direction == core::strategy::Direction::leg1_buy_leg2_sell;
  const auto percent = spread.gross_percent();
  out.begin_object().field("pairId", news.pair.text());
  out.field("spread", spread.price_difference())
      .field("spreadPercent", percent)
      .field("spreadPct", percent);
  out.field("leg1Price", first_buys ? spread.buy_price() : spread.sell_price());
  out.field("leg2Price", first_buys ? spread.sell_price() : spread.buy_price());
  out.field("direction", core::strategy::to_string(spread.direction))
      .field("netPercent", spread.net_percent());
  out.field("bestNetPercent", event.net_percent_best);
  out.key("qty").raw(core::format_scaled(spread.quantity.units, spread.scale.quantity_decimals));
  out.field("number", event.number).field("phase", core::strategy::to_string(event.phase));
  out.field("lifetimeMs",
            static_cast<std::int64_t>(
                std::chrono::duration_cast<std::chrono::milliseconds>(event.lifetime).count()));
  out.field("ts", news.ts).end_object();
}

std::string opportunity_frame(const OpportunityNews& news, std::string_view mode) {
  auto out = begin_frame("opportunity", mode);
  write_opportunity(out, news);
  return end_frame(out);
}

void write_alert(JsonWriter& out, const AlertNews& news) {
  out.begin_object()
      .field("severity", news.severity)
      .field("code", news.code)
      .field("message", news.message)
      .key("pairId");
  if (news.pair.empty())
    out.null();
  else
    out.string(news.pair.text());
  out.field("source", news.source).field("ts", news.ts).end_object();
}

std::string alert_frame(const AlertNews& news, std::string_view mode) {
  auto out = begin_frame("engine_alert", mode);
  write_alert(out, news);
  return end_frame(out);
}

std::string price_frame(const core::InstrumentKey& key, const core::market::DepthView& view,
                        core::UnixMillis ts, std::string_view mode) {
  if (view.condition != core::market::BookCondition::live || view.bid_count == 0
      || view.ask_count == 0)
    return {};
  auto out = begin_frame("price_update", mode);
  out.begin_object()
      .field("exchange", key.venue.text())
      .field("symbol", key.symbol.text())
      .field("type", core::to_string(key.type));
  out.key("bid").raw(
      core::format_scaled(view.bids().front().price.units, view.scale.price_decimals));
  out.key("ask").raw(
      core::format_scaled(view.asks().front().price.units, view.scale.price_decimals));
  out.field("ts", ts).end_object();
  return end_frame(out);
}

// ---- the filter
// ---------------------------------------------------------------------------------------------------

bool ClientFilter::wants_event(std::string_view event) const {
  return events_.empty() || events_.contains(event);
}

bool ClientFilter::wants_instrument(const core::InstrumentKey& key) const {
  if (exchanges_.empty() && symbols_.empty())
    return pairs_.empty();
  return (exchanges_.empty() || exchanges_.contains(key.venue.text()))
         && (symbols_.empty() || symbols_.contains(key.symbol.text()));
}

bool ClientFilter::wants_price(const core::InstrumentKey& key,
                               const PairsByLeg& pairs_by_leg) const {
  if (!wants_event("price_update"))
    return false;
  if (wants_instrument(key))
    return true;
  const auto found = pairs_.empty() ? pairs_by_leg.end() : pairs_by_leg.find(key);
  return found != pairs_by_leg.end()
         && std::any_of(found->second.begin(), found->second.end(),
                        [&](const core::PairId& pair) { return pairs_.contains(pair.text()); });
}

bool ClientFilter::wants_opportunity(const OpportunityNews& news) const {
  return wants_event("opportunity")
         && (pairs_.contains(news.pair.text()) || wants_instrument(news.leg1)
             || wants_instrument(news.leg2));
}

bool ClientFilter::wants_alert(const AlertNews& news) const {
  if (!wants_event("engine_alert"))
    return false;
  return news.pair.empty() || pairs_.empty() || pairs_.contains(news.pair.text());
}

bool ClientFilter::wants_order(std::string_view event, const core::InstrumentKey& instrument,
                               const core::PairId& pair) const {
  return wants_event(event)
         && ((!pair.empty() && pairs_.contains(pair.text())) || wants_instrument(instrument));
}

bool ClientFilter::wants_execution(const core::strategy::ExecutionState& execution) const {
  return wants_event("execution")
         && (pairs_.contains(execution.pair.text())
             || wants_instrument(execution.legs[0].instrument)
             || wants_instrument(execution.legs[1].instrument));
}

bool ClientFilter::wants_plan(const core::twap::PlanView& view) const {
  return wants_event("twap_progress")
         && std::ranges::any_of(view.plan.legs, [this](const core::twap::PlanLeg& leg) {
              return wants_instrument(leg.instrument);
            });
}

std::string ClientFilter::take_logged() {
  return std::exchange(logged_, {});
}

std::string ClientFilter::apply(std::string_view text, std::string_view mode) {
  logged_.clear();
  changed_ = false;
  const auto body = parse_json(text);
  if (!body || body->object() == nullptr)
    return refusal(mode, "expected a JSON object with \"op\"", "");
  const auto* op = body->find("op");
  if (op == nullptr || op->string() == nullptr)
    return refusal(mode, "\"op\" must be subscribe, unsubscribe, ping or log", "op");
  if (*op->string() == "subscribe" || *op->string() == "unsubscribe")
    return change(*body, *op->string() == "subscribe", mode);
  if (*op->string() == "log")
    return log(*body, mode);
  if (*op->string() == "ping") {
    auto out = begin_frame("pong", mode);
    out.begin_object().end_object();
    return end_frame(out);
  }
  return refusal(mode, "unknown op '" + excerpt(*op->string()) + "'", "op");
}

std::string ClientFilter::change(const Json& body, bool subscribing, std::string_view mode) {
  const std::array<std::string_view, 4> keys{"pairs", "exchanges", "symbols", "events"};
  std::array<Names, 4> lists{pairs_, exchanges_, symbols_, events_};
  bool named = false;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto list = names(body, keys[i]);
    if (!list)
      return refusal(mode, list.error().detail, list.error().source);
    for (const auto& name : *list) {
      named = true;
      if (keys[i] == "events"
          && std::find(event_names.begin(), event_names.end(), name) == event_names.end())
        return refusal(mode, "unknown event '" + excerpt(name) + "'", keys[i]);
      if (subscribing)
        lists[i].insert(name);
      else
        lists[i].erase(name);
    }
    if (lists[i].size() > filter_names_max)
      return refusal(mode, "more than 1000 names", keys[i]);
  }
  if (!subscribing && !named)
    lists = {};
  pairs_ = std::move(lists[0]);
  exchanges_ = std::move(lists[1]);
  symbols_ = std::move(lists[2]);
  events_ = std::move(lists[3]);
  changed_ = true;
  auto out = begin_frame(subscribing ? "subscribed" : "unsubscribed", mode);
  out.begin_object();
  write_names(out, "pairs", pairs_);
  write_names(out, "exchanges", exchanges_);
  write_names(out, "symbols", symbols_);
  write_names(out, "events", events_);
  out.field("everything", everything()).end_object();
  return end_frame(out);
}

std::string ClientFilter::log(const Json& body, std::string_view mode) {
  const auto* event = body.find("event");
  if (event == nullptr || event->string() == nullptr
      || std::find(log_names.begin(), log_names.end(), *event->string()) == log_names.end())
    return refusal(mode,
                   "only arbitrage_trigger, arbitrage_success, arbitrage_failure and "
                   "connection_change are logged",
                   "event");
  logged_ = *event->string();
  auto out = begin_frame("logged", mode);
  out.begin_object().field("event", logged_).end_object();
  return end_frame(out);
}

} // namespace tandem::adapters::traders
