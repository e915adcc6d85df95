#include "apps/tandem/lab_life.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

namespace tandem::apps {
namespace {

namespace json = boost::json;
namespace venues = adapters::venues;
using core::orders::Order;
using core::orders::VenueFill;
using core::orders::VenueOrder;
using Outcome = venues::PlaceReply::Outcome;

/// What may be read behind a body.
constexpr std::size_t padding_bytes = 64;

core::Status report(Order& order, const VenueOrder& shown) {
  core::orders::VenueReport said{.venue_order_id = shown.venue_order_id,
                                 .status = shown.status,
                                 .cumulative = std::nullopt,
                                 .reason = shown.reason,
                                 .venue_time = shown.venue_time};
  if (shown.cumulative) {
    const auto units = shown.cumulative->at_scale(order.intent().draft.scale.quantity_decimals);
    if (!units)
      return tl::unexpected{units.error()};
    said.cumulative = core::Quantity{*units};
  }
  order.on_report(said);
  return {};
}

core::Status count(Order& order, const VenueFill& shown) {
  const auto& scale = order.intent().draft.scale;
  const auto price = shown.price.at_scale(scale.price_decimals);
  const auto quantity = shown.quantity.at_scale(scale.quantity_decimals);
  if (!price || !quantity)
    return tl::unexpected{(price ? quantity : price).error()};
  order.on_fill({.trade_id = shown.trade_id,
                 .price = {*price},
                 .quantity = {*quantity},
                 .fee = shown.fee,
                 .fee_asset = shown.fee_asset,
                 .maker = shown.maker,
                 .venue_time = shown.venue_time});
  return {};
}

core::Status placed(Order& order, const venues::PlaceReply& reply, bool acks_only) {
  switch (reply.outcome) {
  case Outcome::accepted:
    for (const auto& fill : reply.fills)
      if (auto counted = count(order, fill); !counted)
        return counted;
    order.on_accepted(reply.order ? reply.order->venue_order_id : std::string{},
                      reply.order ? reply.order->venue_time : 0);
    return reply.order && !acks_only ? report(order, *reply.order) : core::Status{};
  case Outcome::refused:
    order.on_refused(reply.error);
    return {};
  case Outcome::unknown:
  case Outcome::duplicate:
    order.on_no_answer(reply.error);
    return {};
  }
  return {};
}

/// The finest of what was said, so that nothing is ever rounded.
void refine(core::Scale& scale, const core::Decimal& price, const core::Decimal& quantity) {
  scale.price_decimals = std::max(scale.price_decimals, static_cast<std::int8_t>(price.decimals()));
  scale.quantity_decimals
      = std::max(scale.quantity_decimals, static_cast<std::int8_t>(quantity.decimals()));
}

} // namespace

OrderLife::OrderLife(const venues::Trading& trading)
    : trading_{trading}, codec_{trading.make_private_codec()} {}

void OrderLife::note(Word word, const std::string& client_id, const std::string& venue_order_id) {
  const bool first = words_.empty() || (client_id_.empty() && venue_order_id_.empty());
  const bool same = first || (client_id.empty() && venue_order_id.empty())
                    || (!client_id.empty() && client_id == client_id_)
                    || (!venue_order_id.empty() && venue_order_id == venue_order_id_);
  if (!same) {
    ++others_;
    return;
  }
  if (client_id_.empty())
    client_id_ = client_id;
  if (venue_order_id_.empty())
    venue_order_id_ = venue_order_id;
  words_.push_back(std::move(word));
}

core::Status OrderLife::on_frame(std::string_view frame) {
  auto events = codec_->decode(frame);
  if (!events)
    return tl::unexpected{std::move(events).error()};
  for (auto& event : *events)
    std::visit(
        [this](auto& what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, VenueOrder> || std::is_same_v<What, VenueFill>)
            note(what, what.client_id, what.venue_order_id);
        },
        event);
  return {};
}

core::Status OrderLife::on_reply(LabReply kind, int status, std::string body) {
  body.reserve(body.size() + padding_bytes);
  switch (kind) {
  case LabReply::place: {
    auto reply = trading_.parse_place(status, body);
    const auto shown = reply.order.value_or(VenueOrder{});
    note(std::move(reply), shown.client_id, shown.venue_order_id);
    return {};
  }
  case LabReply::cancel: {
    const auto reply = trading_.parse_cancel(status, body);
    if (reply.order)
      note(*reply.order, reply.order->client_id, reply.order->venue_order_id);
    return {};
  }
  case LabReply::query: {
    auto found = trading_.parse_query(status, body);
    if (!found)
      return tl::unexpected{std::move(found).error()};
    if (*found)
      note(**found, (*found)->client_id, (*found)->venue_order_id);
    else
      note(NotFound{}, {}, {});
    return {};
  }
  case LabReply::fills: {
    auto page = trading_.parse_fills(status, body);
    if (!page)
      return tl::unexpected{std::move(page).error()};
    for (auto& fill : page->fills)
      note(fill, fill.client_id, fill.venue_order_id);
    return {};
  }
  }
  return {};
}

/// As far as anything said tells: a fill alone shows no more than that it was at least this large.
core::orders::OrderDraft OrderLife::draft() const {
  core::orders::OrderDraft made;
  std::optional<VenueOrder> shown;
  const auto see = [&](const VenueOrder& order) {
    refine(made.scale, order.price, order.quantity);
    refine(made.scale, order.price, order.cumulative.value_or(core::Decimal{}));
    if (!shown || (shown->quantity.is_zero() && !order.quantity.is_zero()))
      shown = order;
  };
  const auto see_fill = [&](const VenueFill& fill) {
    refine(made.scale, fill.price, fill.quantity);
    if (!shown)
      made.side = fill.side;
  };
  for (const auto& word : words_)
    std::visit(
        [&](const auto& what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, VenueOrder>)
            see(what);
          if constexpr (std::is_same_v<What, VenueFill>)
            see_fill(what);
          if constexpr (std::is_same_v<What, venues::PlaceReply>) {
            if (what.order)
              see(*what.order);
            for (const auto& fill : what.fills)
              see_fill(fill);
          }
        },
        word);
  if (!shown)
    return made;
  made.instrument = shown->instrument;
  made.side = shown->side;
  made.type = shown->type;
  made.tif = shown->tif;
  made.price = {shown->price.at_scale(made.scale.price_decimals).value_or(0)};
  made.quantity = {shown->quantity.at_scale(made.scale.quantity_decimals).value_or(0)};
  return made;
}

core::Status OrderLife::apply(Order& order) const {
  const core::orders::NotFoundRule rule;
  core::MonoTime now{};
  order.on_sent(now);
  now += rule.after;
  for (const auto& word : words_) {
    core::Status done;
    std::visit(
        [&](const auto& what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, VenueOrder>)
            done = report(order, what);
          else if constexpr (std::is_same_v<What, VenueFill>)
            done = count(order, what);
          else if constexpr (std::is_same_v<What, venues::PlaceReply>)
            done = placed(order, what, trading_.traits().acks_only);
          else
            order.on_not_found(now += rule.between, rule);
        },
        word);
    if (!done)
      return done;
  }
  return {};
}

core::Result<json::object> OrderLife::end() const {
  core::orders::OrderIntent intent;
  intent.id = core::orders::ClientOrderId{client_id_};
  intent.draft = draft();
  const auto scale = intent.draft.scale;
  Order order{std::move(intent)};
  if (auto applied = apply(order); !applied)
    return tl::unexpected{std::move(applied).error()};
  std::map<std::string, core::Money> fees;
  for (const auto& fill : order.fills())
    fees[fill.fee_asset] += fill.fee;
  json::object fee;
  for (const auto& [asset, amount] : fees)
    fee[asset] = core::to_string(amount);
  const auto average = order.average_price();
  const bool needs_query = order.state() == core::orders::OrderState::unknown
                           || order.state() == core::orders::OrderState::sent
                           || order.lacks_fills();
  return json::object{
      {"state", core::orders::to_string(order.state())},
      {"filled", core::format_scaled(order.filled().units, scale.quantity_decimals)},
      {"average_price", average ? json::value(average->to_string()) : json::value(nullptr)},
      {"fills", order.fills().size()},
      {"fee", std::move(fee)},
      {"needs_query", needs_query}};
}

} // namespace tandem::apps
