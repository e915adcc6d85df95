#include "adapters/venues/binance/private_codec.hpp"

#include "adapters/venues/binance/order_wire.hpp"
#include "adapters/venues/binance/replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

namespace dom = simdjson::dom;
using core::Errc;
using core::MarketType;
using core::Result;
using core::orders::VenueFill;
using core::orders::VenueOrder;

using Events = std::vector<PrivateEvent>;

constexpr std::size_t excerpt_max = 200;
constexpr std::size_t frame_bytes_max = 4U << 20U; ///< far above any account's whole update

class BinancePrivateCodec final : public PrivateCodec {
public:
  explicit BinancePrivateCodec(MarketType type)
      : type_{type}, source_{core::to_string(core::MarketKey{core::VenueId{"binance"}, type})
                             + " private stream"} {}

  Result<Events> decode(std::string_view frame) override {
    frame_ = frame;
    dom::element root;
    // The frame's own padding is read: no copy.
    if (frame.size() > frame_bytes_max
        || parser_.parse(frame.data(), frame.size(), false).get(root) != simdjson::SUCCESS)
      return malformed("not JSON in UTF-8");
    const auto object = Object::of(dom::element{root});
    if (!object)
      return malformed("not a JSON object, or one that says something twice");
    if (object->has("e"))
      return event(*object);
    for (const auto* envelope : {"event", "data"})
      if (object->has(envelope)) {
        const auto inner = object->object(envelope);
        return inner ? event(*inner) : malformed("an envelope without an event");
      }
    if (object->has("id"))
      return reply(*object);
    return malformed("neither an event nor a reply");
  }

private:
  tl::unexpected<core::Error> malformed(std::string_view why) const {
    std::string text{frame_.substr(0, excerpt_max)};
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return core::fail(Errc::malformed, fmt::format("{}: {}", why, text), source_);
  }

  Result<Events> event(const Object& object) const {
    const auto kind = object.text("e");
    if (!kind || kind->empty())
      return malformed("\"e\" is not a text");
    if (*kind == "serverShutdown")
      return Events{ShutdownNotice{}};
    // A stream that has ended is like a key that has: open a new one and ask what was missed.
    if (*kind == "listenKeyExpired" || *kind == "eventStreamTerminated")
      return Events{KeyExpired{}};
    if (type_ == MarketType::spot) {
      if (*kind == "executionReport")
        return order_event(object, object);
      if (*kind == "outboundAccountPosition")
        return balances(object);
    } else {
      if (*kind == "ORDER_TRADE_UPDATE") {
        const auto order = object.object("o");
        return order ? order_event(object, *order) : malformed("ORDER_TRADE_UPDATE needs o");
      }
      if (*kind == "ACCOUNT_UPDATE")
        return account(object, *kind);
    }
    // TRADE_LITE repeats a fill of ORDER_TRADE_UPDATE with fewer fields, balanceUpdate is a
    // difference beside outboundAccountPosition's sums: counting them would count twice.
    return Events{OtherFrame{*kind}};
  }

  /// executionReport and the "o" of ORDER_TRADE_UPDATE share their letters.
  Result<Events> order_event(const Object& whole, const Object& fields) const {
    const auto what = fields.text("x");
    const auto event_time = whole.integer("E");
    auto order = read(fields);
    if (!what || !event_time || *event_time < 0 || !order)
      return malformed("an order event needs s, c, S, o, f, q, p, x, X, i, z, T and E");
    Events events;
    // A liquidation's executions are called CALCULATED (USD-M); they move the position as well.
    const bool liquidation
        = *what == "CALCULATED" && fields.amount("l") && !fields.amount("l")->is_zero();
    if (*what == "TRADE" || liquidation) {
      auto fill = read_execution(*order, fields);
      if (!fill)
        return malformed("an execution needs l, L, t and m");
      events.emplace_back(*std::move(fill)); // first, so that a filled order lacks none
    }
    events.emplace_back(*std::move(order));
    return events;
  }

  std::optional<VenueOrder> read(const Object& fields) const {
    const auto symbol = fields.text("s");
    const auto id = fields.integer("i");
    const auto client_id = fields.text("c");
    const auto side_word = fields.text("S");
    const auto kind = fields.text("o");
    const auto tif = fields.text("f");
    const auto status_word = fields.text("X");
    const auto quantity = fields.amount("q");
    const auto price = fields.amount("p");
    const auto filled = fields.amount("z");
    const auto time = fields.integer("T");
    if (!symbol || !id || *id <= 0 || !client_id || !side_word || !kind || !tif || !status_word
        || !quantity || !price || !filled || !time || *time < 0)
      return std::nullopt;
    const auto instrument = instrument_of(type_, *symbol);
    const auto side = side_of(*side_word);
    const auto status = status_of(*status_word);
    if (!instrument || !side || !status)
      return std::nullopt;
    VenueOrder order;
    order.instrument = *instrument;
    order.client_id = *client_id;
    // On a spot cancel "c" names the cancel and "C" the order; else "C" is empty.
    if (fields.has("C")) {
      const auto original = fields.text("C");
      if (!original)
        return std::nullopt;
      if (!original->empty())
        order.client_id = *original;
    }
    order.side = *side;
    order.type = type_of(*kind);
    order.tif = tif_of(*tif, *kind);
    order.price = *price;
    order.quantity = *quantity;
    order.venue_order_id = std::to_string(*id);
    order.status = *status;
    order.cumulative = *filled;
    order.reason = reason_of(fields, *status_word);
    order.venue_time = *time;
    return order;
  }

  /// Spot: "r" why it was rejected, "eR" why it expired. USD-M: "er", a number.
  static std::string reason_of(const Object& fields, std::string_view status) {
    for (const auto* key : {"eR", "r", "er"})
      if (const auto word = fields.text(key);
          word && !word->empty() && *word != "NONE" && *word != "0")
        return std::string{*word};
    return status == "EXPIRED_IN_MATCH" ? std::string{status} : std::string{};
  }

  static std::optional<VenueFill> read_execution(const VenueOrder& order, const Object& fields) {
    const auto quantity = fields.amount("l");
    const auto price = fields.amount("L");
    const auto id = fields.integer("t");
    const auto maker = fields.flag("m");
    if (!quantity || quantity->is_zero() || !price || !id || *id < 0 || !maker)
      return std::nullopt;
    VenueFill fill;
    fill.instrument = order.instrument;
    fill.client_id = order.client_id;
    fill.venue_order_id = order.venue_order_id;
    fill.side = order.side;
    fill.trade_id = std::to_string(*id);
    fill.price = *price;
    fill.quantity = *quantity;
    fill.maker = *maker;
    fill.venue_time = order.venue_time;
    // Both are absent, or the asset null, where nothing was charged.
    if (fields.has("n")) {
      const auto fee = fields.money("n");
      if (!fee)
        return std::nullopt;
      fill.fee = *fee;
    }
    if (fields.has("N") && !fields.at("N").is_null()) {
      const auto asset = fields.text("N");
      if (!asset)
        return std::nullopt;
      fill.fee_asset = *asset;
    }
    if (fill.fee != core::Money{} && fill.fee_asset.empty())
      return std::nullopt;
    return fill;
  }

  /// outboundAccountPosition: what may have changed, as it now is.
  Result<Events> balances(const Object& object) const {
    const auto rows = object.array("B");
    if (!rows)
      return malformed("outboundAccountPosition needs B");
    Events events;
    for (const dom::element row : *rows) {
      const auto fields = Object::of(dom::element{row});
      if (!fields || !add_balance(*fields, events))
        return malformed("a balance needs a, f and l");
    }
    return events;
  }

  static bool add_balance(const Object& fields, Events& events) {
    const auto asset = fields.text("a");
    const auto free = fields.money("f");
    const auto locked = fields.money("l");
    if (!asset || asset->empty() || !free || !locked)
      return false;
    events.emplace_back(Balance{std::string{*asset}, *free, *locked});
    return true;
  }

  /// Positions as they now are. Its balances are wallets: how much of one is free only REST tells,
  /// and a wallet taken for free money would let an order out that the margin does not cover. So
  /// they come as an OtherFrame: whoever keeps balances asks.
  Result<Events> account(const Object& object, std::string_view kind) const {
    const auto update = object.object("a");
    const auto wallets = update ? update->array("B") : std::nullopt;
    const auto rows = update ? update->array("P") : std::nullopt;
    if (!update || (update->has("B") && !wallets) || (update->has("P") && !rows))
      return malformed("ACCOUNT_UPDATE needs a with arrays B and P");
    Events events;
    if (wallets)
      for (const dom::element row : *wallets) {
        const auto fields = Object::of(dom::element{row});
        if (!fields || !fields->text("a") || !fields->money("wb") || !fields->money("cw"))
          return malformed("a wallet needs a, wb and cw");
      }
    if (rows)
      for (const dom::element row : *rows) {
        const auto fields = Object::of(dom::element{row});
        if (!fields || !add_position(*fields, events))
          return malformed("a position needs s, pa, ep, up and ps");
      }
    if (wallets && wallets->size() > 0)
      events.emplace_back(OtherFrame{kind});
    return events;
  }

  bool add_position(const Object& fields, Events& events) const {
    const auto symbol = fields.text("s");
    const auto quantity = fields.money("pa");
    const auto entry = fields.money("ep");
    const auto profit = fields.money("up");
    const auto side = fields.text("ps");
    const auto instrument = symbol ? instrument_of(type_, *symbol) : std::nullopt;
    if (!instrument || !quantity || !entry || !profit || !side)
      return false;
    if (*side == "BOTH") // the others are of hedge mode, which REST refuses with a reason
      events.emplace_back(VenuePosition{*instrument, *quantity, *entry, *profit});
    return true;
  }

  Result<Events> reply(const Object& object) const {
    const auto status = object.integer("status");
    SocketReply answer;
    answer.body = frame_;
    if (const auto id = object.text("id"))
      answer.request_id = *id;
    else if (const auto number = object.integer("id"))
      answer.request_id = std::to_string(*number);
    else if (!object.at("id").is_null())
      return malformed("a reply's id is a text, a number or null");
    if (!status || *status < 100 || *status > 599)
      return malformed("a reply needs a status");
    answer.accepted = *status >= 200 && *status < 300;
    if (!answer.accepted) {
      const auto error = object.object("error");
      const auto code = error ? error->integer("code") : std::nullopt;
      answer.error = error_of(type_, static_cast<int>(*status), code,
                              error ? error->text("msg").value_or("") : "");
    }
    if (answer.request_id == logon_id)
      return Events{AuthReply{answer.accepted, std::move(answer.error)}};
    return Events{std::move(answer)};
  }

  MarketType type_;
  std::string source_;
  dom::parser parser_{frame_bytes_max};
  std::string_view frame_;
};

} // namespace

std::unique_ptr<PrivateCodec> make_private_codec(MarketType type) {
  return std::make_unique<BinancePrivateCodec>(type);
}

} // namespace tandem::adapters::venues::binance
