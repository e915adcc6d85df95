#include "adapters/traders/risk.hpp"

#include "core/types/time.hpp"

#include <array>
#include <optional>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::Errc;
using core::fail;
using core::risk::KillLevel;
using core::risk::Rule;

constexpr std::size_t text_max = 256;

/// The rules that traders meet most, in 繁體中文; the others keep the gate's own sentence.
std::optional<std::string_view> chinese(Rule rule) {
  constexpr std::array<std::pair<Rule, std::string_view>, 14> texts{{
      {Rule::kill_switch, "緊急停止已啟動"},
      {Rule::market_closed, "交易通道未開啟"},
      {Rule::strategy_paused, "此交易對已暫停"},
      {Rule::unknown_order, "有委託狀態未明"},
      {Rule::book_age, "行情已過時"},
      {Rule::price_outlier, "價格異常"},
      {Rule::slippage, "滑點超出上限"},
      {Rule::balance, "餘額不足"},
      {Rule::order_notional_max, "單筆金額超出上限"},
      {Rule::position_max, "持倉超出上限"},
      {Rule::strategy_total, "累計金額超出上限"},
      {Rule::daily_notional_max, "每日額度已用完"},
      {Rule::daily_loss_max, "每日虧損達上限"},
      {Rule::order_rate, "下單頻率超出上限"},
  }};
  for (const auto& [known, text] : texts)
    if (known == rule)
      return text;
  return std::nullopt;
}

std::optional<KillLevel> level_of(std::string_view word) {
  for (const auto level : {KillLevel::all, KillLevel::venue, KillLevel::strategy})
    if (core::risk::to_string(level) == word)
      return level;
  return std::nullopt;
}

/// A short text member; empty when absent.
core::Result<std::string> text_of(const Json& body, std::string_view key) {
  const auto* value = body.find(key);
  if (value == nullptr)
    return std::string{};
  if (value->string() == nullptr || value->string()->size() > text_max)
    return fail(Errc::validation_error, "must be a text of at most 256 bytes", std::string{key});
  return *value->string();
}

} // namespace

Errc code_of(const core::risk::Refusal& refusal) noexcept {
  if (refusal.rule == Rule::balance)
    return Errc::insufficient_funds;
  if (refusal.rule == Rule::market_closed)
    return Errc::exchange_unavailable;
  return Errc::risk_rejected;
}

std::string refusal(const core::risk::Refusal& refusal, std::string_view language,
                    std::string_view mode) {
  const auto translated = language.starts_with("zh") ? chinese(refusal.rule) : std::nullopt;
  JsonWriter out;
  out.begin_object().field("success", false).field("mode", mode).key("error").begin_object();
  out.field("code", core::to_string(code_of(refusal)))
      .field("message", translated ? *translated : std::string_view{refusal.detail});
  out.key("details")
      .begin_object()
      .field("rule", core::risk::to_string(refusal.rule))
      .field("value", refusal.value)
      .field("limit", refusal.limit)
      .field("leg", static_cast<std::int64_t>(refusal.draft + 1))
      .end_object();
  out.end_object().end_object();
  return out.take();
}

void write_exposure(JsonWriter& out, const core::risk::ExposureView& exposure) {
  out.begin_object().key("positions").begin_array();
  for (const auto& row : exposure.positions) {
    out.begin_object()
        .field("exchange", row.instrument.venue.text())
        .field("type", core::to_string(row.instrument.type))
        .field("symbol", row.instrument.symbol.text());
    out.key("qty").raw(core::to_string(row.quantity));
    out.key("inFlightBuy").raw(core::to_string(row.in_flight_buy));
    out.key("inFlightSell").raw(core::to_string(row.in_flight_sell));
    out.key("cost").raw(core::to_string(row.cost));
    out.key("realised").raw(core::to_string(row.realised));
    out.key("fees").begin_object();
    for (const auto& [asset, amount] : row.fees)
      out.key(asset).raw(core::to_string(amount));
    out.end_object().end_object();
  }
  out.end_array();
  out.key("dayNotional").raw(core::to_string(exposure.day_notional));
  out.key("dayRealised").raw(core::to_string(exposure.day_realised));
  out.field("openOrders", static_cast<std::int64_t>(exposure.open_orders))
      .field("unknownOrders", static_cast<std::int64_t>(exposure.unknown_orders))
      .end_object();
}

void write_breaker(JsonWriter& out, std::string_view name,
                   const core::risk::Breaker::Saved& saved) {
  out.begin_object()
      .field("name", name)
      .field("state", core::risk::to_string(saved.state))
      .field("cause", core::risk::to_string(saved.cause))
      .field("detail", saved.detail)
      .field("trips", saved.trips)
      .field("since", core::to_millis(saved.since))
      .end_object();
}

void write_kill(JsonWriter& out, const core::risk::KillOrder& order) {
  out.begin_object()
      .field("level", core::risk::to_string(order.level))
      .field("scope", order.scope)
      .field("flatten", order.flatten)
      .field("person", order.person)
      .field("reason", order.reason)
      .field("ts", order.ts)
      .end_object();
}

core::Result<core::risk::KillOrder> parse_kill(std::string_view body) {
  core::risk::KillOrder order;
  if (body.empty())
    return order;
  const auto json = parse_json(body);
  if (!json)
    return tl::unexpected{json.error()};
  for (const auto& [key, value] : json->object() == nullptr ? Json::Object{} : *json->object())
    if (key != "level" && key != "scope" && key != "reason" && key != "flatten")
      return fail(Errc::validation_error, "unknown field", excerpt(key));
  const auto level = text_of(*json, "level");
  const auto scope = text_of(*json, "scope");
  const auto reason = text_of(*json, "reason");
  for (const auto* text : {&level, &scope, &reason})
    if (!*text)
      return tl::unexpected{text->error()};
  if (const auto* flatten = json->find("flatten")) {
    const auto* wanted = flatten->boolean();
    if (wanted == nullptr)
      return fail(Errc::validation_error, "must be true or false", "flatten");
    order.flatten = *wanted;
  }
  const auto known = level->empty() ? std::optional{KillLevel::all} : level_of(*level);
  if (!known)
    return fail(Errc::validation_error, "must be all, venue or strategy", "level");
  if ((*known == KillLevel::all) != scope->empty())
    return fail(Errc::validation_error,
                *known == KillLevel::all ? "goes with venue or strategy"
                                         : "must name the venue, pair or plan",
                "scope");
  order.level = *known;
  order.scope = *scope;
  order.reason = *reason;
  return order;
}

} // namespace tandem::adapters::traders
