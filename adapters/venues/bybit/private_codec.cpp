#include "adapters/venues/bybit/private_codec.hpp"

#include "adapters/venues/bybit/order_wire.hpp"
#include "adapters/venues/bybit/replies.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <utility>

namespace tandem::adapters::venues::bybit {
namespace {

namespace dom = simdjson::dom;
using core::MarketType;
using core::Result;

using Events = std::vector<PrivateEvent>;

constexpr std::size_t frame_bytes_max = 4U << 20U; ///< far above any account's whole update

class BybitPrivateCodec final : public PrivateCodec {
public:
  explicit BybitPrivateCodec(MarketType type) : type_{type} {}

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
    if (const auto topic = object->text("topic"))
      return data(*object, *topic);
    if (const auto op = object->text("op"))
      return reply(*object, *op);
    return malformed("neither a topic nor a reply");
  }

private:
  tl::unexpected<core::Error> malformed(std::string_view why) const {
    return tl::unexpected{wire::malformed(why, frame_)};
  }

  Result<Events> data(const Object& object, std::string_view topic) const {
    const auto kind = topic.substr(0, topic.find('.'));
    const auto list = object.array("data");
    if (!list)
      return malformed("a topic without data");
    Events events;
    for (const dom::element row : *list) {
      const auto item = Object::of(dom::element{row});
      if (!item || !read(*item, kind, events))
        return malformed("an item that cannot be understood");
    }
    return events;
  }

  /// False: the item is not what its topic says.
  bool read(const Object& item, std::string_view kind, Events& events) const {
    if (kind == "order") {
      auto order = read_order(type_, item);
      const bool good = order.has_value();
      if (good)
        events.emplace_back(*std::move(order));
      return good;
    }
    if (kind == "execution") {
      auto execution = read_execution(type_, item);
      const bool good = execution.has_value();
      if (good && execution->is_trade)
        events.emplace_back(std::move(execution->fill));
      return good;
    }
    if (kind == "position") {
      const auto position = read_position(item);
      if (position)
        events.emplace_back(*position);
      return position.has_value();
    }
    return kind != "wallet" || read_wallet(item, events);
  }

  static bool read_wallet(const Object& item, Events& events) {
    const auto coins = item.array("coin");
    if (!coins)
      return false;
    for (const dom::element row : *coins) {
      const auto coin = Object::of(dom::element{row});
      auto balance = coin ? read_coin(*coin) : std::nullopt;
      if (!balance)
        return false;
      events.emplace_back(*std::move(balance));
    }
    return true;
  }

  /// The private socket says `success`, the trade socket `retCode`; pongs come in both shapes.
  Result<Events> reply(const Object& object, std::string_view op) const {
    if (op == "pong" || object.text("ret_msg").value_or("") == "pong")
      return Events{PongFrame{}};
    const auto code = object.integer("retCode");
    const auto success = object.flag("success");
    if (!code && !success)
      return malformed("a reply says success or retCode");
    const bool accepted = code ? *code == 0 : *success;
    const auto message = object.text("retMsg").value_or(object.text("ret_msg").value_or(""));
    auto error = accepted ? core::Error{} : error_of(code.value_or(0), message);
    if (op == "auth") {
      if (!accepted)
        error.code = core::Errc::unauthenticated;
      return Events{AuthReply{accepted, std::move(error)}};
    }
    SocketReply answer;
    answer.request_id = object.text("reqId").value_or(object.text("req_id").value_or(""));
    answer.body = frame_;
    answer.accepted = accepted;
    answer.error = std::move(error);
    return Events{std::move(answer)};
  }

  MarketType type_;
  dom::parser parser_{frame_bytes_max};
  std::string_view frame_;
};

} // namespace

std::unique_ptr<PrivateCodec> make_private_codec(MarketType type) {
  return std::make_unique<BybitPrivateCodec>(type);
}

} // namespace tandem::adapters::venues::bybit
