#include "adapters/venues/bybit/codec.hpp"

#include "adapters/venues/bybit/payload.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace tandem::adapters::venues::bybit {

namespace {

namespace ondemand = simdjson::ondemand;
using wire::for_each_field;
using wire::malformed;
using wire::plain_text;
using wire::Seen;

/// The top level of any message. Absent keys keep their defaults.
struct Envelope {
  Topic topic;
  std::string_view type;
  std::string_view op;
  std::string message;
  std::string failed_topics;
  std::uint64_t request_id = 0;
  std::optional<bool> success;
  std::uint64_t ts = 0;
  bool data_seen = false;
  bool data_read = false;
};

/// A null, or a string (escapes resolved); anything else fails.
bool read_message(ondemand::value value, std::string& text) {
  bool none = false;
  if (value.is_null().get(none) != simdjson::SUCCESS)
    return false; // a word that begins as null and is another
  if (none)
    return true;
  std::string_view view;
  if (value.get_string().get(view) != simdjson::SUCCESS)
    return false;
  text = view;
  return true;
}

/// Requests carry our numbers; an id that is none was not ours.
std::uint64_t request_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

class BybitCodec final : public Codec {
public:
  explicit BybitCodec(std::uint32_t depth_levels) : depth_levels_{depth_levels} {}

  [[nodiscard]] core::Result<Frame> decode(std::string_view frame) override;
  [[nodiscard]] std::string subscribe(std::span<const Stream> streams,
                                      std::uint64_t request_id) const override;
  [[nodiscard]] std::string unsubscribe(std::span<const Stream> streams,
                                        std::uint64_t request_id) const override;
  [[nodiscard]] std::optional<std::string> ping(std::uint64_t request_id) const override;

private:
  std::string_view walk(ondemand::document& document);
  std::string_view read_top(ondemand::object object, bool data_only);
  bool read_failed_topics(ondemand::value value);
  core::Result<Frame> finish(std::string_view frame);
  core::Result<Frame> finish_data(std::string_view frame);
  [[nodiscard]] std::string topic(const Stream& stream) const;
  [[nodiscard]] std::string request(std::string_view op, std::span<const Stream> streams,
                                    std::uint64_t request_id) const;

  std::uint32_t depth_levels_;
  ondemand::parser parser_;
  Envelope envelope_;
  Payload data_;
};

core::Result<Frame> BybitCodec::decode(std::string_view frame) {
  envelope_ = {};
  data_.clear();
  ondemand::document document;
  const simdjson::padded_string_view padded{frame.data(), frame.size(),
                                            frame.size() + simdjson::SIMDJSON_PADDING};
  if (const auto error = parser_.iterate(padded).get(document); error != simdjson::SUCCESS)
    return tl::unexpected{malformed(simdjson::error_message(error), frame)};
  if (const auto why = walk(document); !why.empty())
    return tl::unexpected{malformed(why, frame)};
  return finish(frame);
}

/// Reads the whole message. Returns what is wrong with it, or nothing.
std::string_view BybitCodec::walk(ondemand::document& document) {
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS)
    return "not a JSON object";
  if (const auto why = read_top(object, false); !why.empty())
    return why;
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
    return "more than one JSON value";
  if (!envelope_.data_seen || envelope_.data_read || envelope_.topic.kind == Kind::none)
    return {};
  // The payload stood before its topic: go through it again, now knowing what it is.
  document.rewind();
  if (document.get_object().get(object) != simdjson::SUCCESS)
    return "not a JSON object";
  return read_top(object, true);
}

std::string_view BybitCodec::read_top(ondemand::object object, bool data_only) {
  Seen seen;
  std::string_view why;
  const bool whole = for_each_field(object, [&](auto key, ondemand::value value) {
    if (key == "data") {
      envelope_.data_seen = true;
      if (envelope_.topic.kind == Kind::none)
        return seen.once(0, read_failed_topics(value));
      envelope_.data_read = true;
      why = "bad data";
      if (!seen.once(0, read_payload(value, envelope_.topic, data_)))
        return false;
      why = {};
      return true;
    }
    if (data_only)
      return true;
    std::string_view text;
    if (key == "topic") {
      const bool named = plain_text(value, text) && !text.empty();
      envelope_.topic = parse_topic(text);
      return seen.once(1, named);
    }
    if (key == "type")
      return seen.once(2, plain_text(value, envelope_.type));
    if (key == "ts")
      return seen.once(3, wire::read_id(value, envelope_.ts));
    if (key == "op")
      return seen.once(4, plain_text(value, envelope_.op));
    if (key == "ret_msg")
      return seen.once(5, read_message(value, envelope_.message));
    if (key == "req_id") {
      std::string id;
      const bool read = read_message(value, id);
      envelope_.request_id = request_number(id);
      return seen.once(6, read);
    }
    if (key == "success") {
      bool success = false;
      const bool read = value.get_bool().get(success) == simdjson::SUCCESS;
      envelope_.success = success;
      return seen.once(7, read);
    }
    return true;
  });
  if (whole)
    return {};
  return why.empty() ? "bad or repeated key" : why;
}

/// Options answer {"data":{"failTopics":[...],"successTopics":[...]},"type":"COMMAND_RESP"}. Any
/// other payload that stands before its topic comes through here too and is read on the second
/// walk.
bool BybitCodec::read_failed_topics(ondemand::value value) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS)
    return true;
  return for_each_field(object, [&](auto key, ondemand::value topics) {
    if (!(key == "failTopics"))
      return true;
    ondemand::array array;
    if (topics.get_array().get(array) != simdjson::SUCCESS)
      return false;
    for (auto item : array) {
      std::string_view text;
      if (item.get_string().get(text) != simdjson::SUCCESS)
        return false;
      envelope_.failed_topics += envelope_.failed_topics.empty() ? "failed topics: " : ", ";
      envelope_.failed_topics += text;
    }
    return true;
  });
}

core::Result<Frame> BybitCodec::finish(std::string_view frame) {
  if (envelope_.topic.kind != Kind::none)
    return finish_data(frame);
  const auto op = envelope_.op;
  if (op == "pong" || (op == "ping" && envelope_.message == "pong"))
    return PongFrame{};
  const bool control = op == "subscribe" || op == "unsubscribe" || envelope_.type == "COMMAND_RESP"
                       || (op.empty() && envelope_.success.has_value());
  if (!control) {
    if (op.empty())
      return tl::unexpected{malformed("neither topic nor op", frame)};
    return OtherFrame{op};
  }
  if (!envelope_.success)
    return tl::unexpected{malformed("reply without success", frame)};
  // What is subscribed already is what was asked for.
  const bool repeated = envelope_.message.find("already subscribed") != std::string::npos;
  const bool whole = envelope_.failed_topics.empty();
  ControlReply reply{envelope_.request_id, (*envelope_.success || repeated) && whole, {}};
  if (!reply.accepted)
    reply.message = std::move(whole ? envelope_.message : envelope_.failed_topics);
  return reply;
}

core::Result<Frame> BybitCodec::finish_data(std::string_view frame) {
  const auto& topic = envelope_.topic;
  if (topic.kind == Kind::other)
    return OtherFrame{topic.text};
  if (!envelope_.data_read || envelope_.ts == 0)
    return tl::unexpected{malformed("missing data or ts", frame)};
  const bool snapshot = envelope_.type == "snapshot";
  if (!snapshot && envelope_.type != "delta")
    return tl::unexpected{malformed("type is neither snapshot nor delta", frame)};
  const auto time = static_cast<core::UnixMillis>(envelope_.ts);
  switch (topic.kind) {
  case Kind::best:
    return BestFrame{topic.symbol, data_.update_id,     best_row(data_.bids), best_row(data_.asks),
                     time,         data_.cross_sequence};
  case Kind::depth: {
    DepthFrame depth;
    depth.symbol = topic.symbol;
    // u = 1 is a snapshot whatever its type says: the service restarted and counts anew.
    depth.snapshot = snapshot || data_.update_id == 1;
    depth.first_id = data_.update_id;
    depth.last_id = data_.update_id;
    depth.cross_sequence = data_.cross_sequence;
    depth.levels = topic.levels;
    depth.venue_time = time;
    depth.bids = data_.bids;
    depth.asks = data_.asks;
    return depth;
  }
  case Kind::trades:
    return TradesFrame{topic.symbol, std::move(data_.trades)};
  case Kind::klines:
    return KlinesFrame{topic.symbol, std::move(data_.klines)};
  case Kind::ticker:
    data_.ticker.venue_time = time;
    return TickerFrame{topic.symbol, !snapshot, data_.ticker};
  case Kind::none:
  case Kind::other:
    break;
  }
  return OtherFrame{topic.text};
}

std::string BybitCodec::topic(const Stream& stream) const {
  const auto& symbol = stream.symbol.text();
  switch (stream.channel) {
  case Channel::depth:
    return fmt::format("orderbook.{}.{}", depth_levels_, symbol);
  case Channel::best:
    return "orderbook.1." + symbol;
  case Channel::trades:
    return "publicTrade." + symbol;
  case Channel::klines:
    return fmt::format("kline.{}.{}", wire::venue_interval(stream.interval), symbol);
  case Channel::ticker:
    return "tickers." + symbol;
  }
  return {};
}

std::string BybitCodec::request(std::string_view op, std::span<const Stream> streams,
                                std::uint64_t request_id) const {
  boost::json::array args;
  for (const auto& stream : streams)
    args.emplace_back(topic(stream));
  boost::json::object message;
  message["req_id"] = std::to_string(request_id);
  message["op"] = boost::json::string_view{op.data(), op.size()};
  message["args"] = std::move(args);
  return boost::json::serialize(message);
}

std::string BybitCodec::subscribe(std::span<const Stream> streams, std::uint64_t request_id) const {
  return request("subscribe", streams, request_id);
}

std::string BybitCodec::unsubscribe(std::span<const Stream> streams,
                                    std::uint64_t request_id) const {
  return request("unsubscribe", streams, request_id);
}

std::optional<std::string> BybitCodec::ping(std::uint64_t request_id) const {
  return fmt::format(R"({{"req_id":"{}","op":"ping"}})", request_id);
}

} // namespace

std::unique_ptr<Codec> make_codec(std::uint32_t depth_levels) {
  return std::make_unique<BybitCodec>(depth_levels);
}

} // namespace tandem::adapters::venues::bybit
