#include "adapters/venues/binance/codec.hpp"

#include "adapters/venues/binance/fields.hpp"
#include "adapters/venues/binance/klines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

using core::Errc;
using core::Result;

constexpr std::size_t excerpt_max = 200;

/// Printable beginning of a frame for an error's detail.
std::string excerpt(std::string_view frame) {
  std::string text{frame.substr(0, excerpt_max)};
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

/// Digits with at most one point: what Binance sends as price or size of a best-price frame.
bool is_plain_decimal(std::string_view text) noexcept {
  std::size_t digits = 0;
  std::size_t points = 0;
  for (const char c : text) {
    if (c == '.')
      ++points;
    else if (c >= '0' && c <= '9')
      ++digits;
    else
      return false;
  }
  return digits > 0 && points <= 1;
}

bool is_zero(std::string_view text) noexcept {
  return text.find_first_not_of("0.") == std::string_view::npos;
}

/// A partial book (`@depth5`) looks like a diff on USD-M; only the stream name tells. So does
/// `@rpiDepth`.
bool is_diff_stream(std::string_view stream) noexcept {
  if (stream.empty()) // a raw stream carries no name
    return true;
  const std::size_t at = stream.find('@');
  if (at == std::string_view::npos)
    return false;
  const std::string_view kind = stream.substr(at);
  return kind == "@depth" || kind.starts_with("@depth@");
}

class BinanceCodec final : public Codec {
public:
  BinanceCodec(core::MarketType type, std::string depth_speed)
      : type_{type}, depth_speed_{std::move(depth_speed)},
        source_{core::to_string(core::MarketKey{core::VenueId{"binance"}, type}) + " stream"} {}

  Result<Frame> decode(std::string_view frame) override {
    frame_ = frame;
    if (!fields_.read(frame))
      return malformed(fields_.why());
    const Members& event = fields_.event();
    if (const Scalar* kind = event.find('e')) {
      if (kind->kind != Scalar::Kind::string)
        return malformed("\"e\" is not a text");
      return decode_event(kind->text);
    }
    if (type_ == core::MarketType::spot && event.find('u') != nullptr && event.find('B') != nullptr)
      return best();
    return control();
  }

  std::string subscribe(std::span<const Stream> streams, std::uint64_t request_id) const override {
    return request("SUBSCRIBE", streams, request_id);
  }

  std::string unsubscribe(std::span<const Stream> streams,
                          std::uint64_t request_id) const override {
    return request("UNSUBSCRIBE", streams, request_id);
  }

  std::optional<std::string> ping(std::uint64_t /*request_id*/) const override {
    return std::nullopt; // Binance pings with WebSocket control frames
  }

private:
  tl::unexpected<core::Error> malformed(std::string_view why) const {
    return core::fail(Errc::malformed, fmt::format("{}: {}", why, excerpt(frame_)), source_);
  }

  Result<Frame> decode_event(std::string_view kind) {
    if (kind == "depthUpdate")
      return depth();
    if (kind == "bookTicker")
      return best();
    if (kind == "trade")
      return trade(kind, 't');
    if (kind == "aggTrade")
      return trade(kind, 'a');
    if (kind == "kline")
      return kline();
    if (kind == "24hrTicker")
      return ticker();
    if (kind == "serverShutdown")
      return Frame{ShutdownNotice{}};
    return Frame{OtherFrame{kind}};
  }

  Result<Frame> depth() const {
    const Members& event = fields_.event();
    const Scalar* stream = event.find(Named::stream);
    if (stream != nullptr && !is_diff_stream(stream->text))
      return Frame{OtherFrame{"depthUpdate"}};

    const auto symbol = event.text('s');
    const auto time = event.id('E');
    const auto first = event.id('U');
    const auto last = event.id('u');
    if (!symbol || !is_symbol(*symbol) || !time || !first || !last || !fields_.has_levels())
      return malformed("depthUpdate needs s, E, U, u, b and a");
    if (*first > *last)
      return malformed("depthUpdate with U above u");
    std::optional<std::uint64_t> previous;
    if (type_ == core::MarketType::linear) {
      previous = event.id(Named::pu);
      if (!previous || *previous > *last)
        return malformed("depthUpdate needs pu, not above u");
    }
    DepthFrame depth;
    depth.symbol = *symbol;
    depth.first_id = *first;
    depth.last_id = *last;
    depth.previous_id = previous;
    depth.venue_time = static_cast<core::UnixMillis>(*time);
    depth.bids = fields_.bids();
    depth.asks = fields_.asks();
    return Frame{depth};
  }

  Result<Frame> best() const {
    const Members& event = fields_.event();
    const auto symbol = event.text('s');
    const auto id = event.id('u');
    const auto bid = event.text('b');
    const auto bid_size = event.text('B');
    const auto ask = event.text('a');
    const auto ask_size = event.text('A');
    if (!symbol || !is_symbol(*symbol) || !id || !bid || !bid_size || !ask || !ask_size)
      return malformed("bookTicker needs s, u, b, B, a and A");
    if (!is_plain_decimal(*bid) || !is_plain_decimal(*bid_size) || !is_plain_decimal(*ask)
        || !is_plain_decimal(*ask_size))
      return malformed("bookTicker with a price or size that is not a decimal");
    BestFrame best;
    best.symbol = *symbol;
    best.id = *id;
    if (event.find('E') != nullptr || type_ == core::MarketType::linear) {
      const auto time = event.id('E');
      if (!time)
        return malformed("bookTicker needs E");
      best.venue_time = static_cast<core::UnixMillis>(*time);
    }
    if (!is_zero(*bid_size)) // an empty side is sent as zeros
      best.bid = {*bid, *bid_size};
    if (!is_zero(*ask_size))
      best.ask = {*ask, *ask_size};
    return Frame{best};
  }

  Result<Frame> trade(std::string_view kind, char id_key) const {
    const Members& event = fields_.event();
    // USD-M also reports insurance-fund and auto-deleveraging fills here, some of them at price 0.
    if (const Scalar* order = event.find('X'); order != nullptr && order->text != "MARKET")
      return Frame{OtherFrame{kind}};
    const auto symbol = event.text('s');
    const auto id = event.id(id_key);
    const auto time = event.id('T');
    const auto maker_bought = event.flag('m');
    if (!symbol || !is_symbol(*symbol) || !id || !time || !maker_bought)
      return malformed("a trade needs s, its id, T and m");
    const auto price = decimal(event, 'p');
    const auto quantity = decimal(event, 'q');
    if (!price || !quantity || price->is_negative() || quantity->is_negative())
      return malformed("a trade needs decimals p and q");
    TradesFrame frame{*symbol, {}};
    frame.trades.push_back(
        {std::to_string(*id), *price, *quantity,
         *maker_bought ? core::market::TakerSide::sell : core::market::TakerSide::buy,
         static_cast<core::UnixMillis>(*time)});
    return Frame{std::move(frame)};
  }

  Result<Frame> kline() const {
    auto event = kline_event(fields_);
    if (!event)
      return malformed(event.error().detail);
    const auto outer = fields_.event().text('s');
    KlinesFrame frame{outer ? *outer : *fields_.kline().text('s'), {}};
    frame.klines.push_back(std::move(event->kline));
    return Frame{std::move(frame)};
  }

  Result<Frame> ticker() const {
    const Members& event = fields_.event();
    const auto symbol = event.text('s');
    const auto time = event.id('E');
    if (!symbol || !is_symbol(*symbol) || !time)
      return malformed("24hrTicker needs s and E");
    TickerFrame frame;
    frame.symbol = *symbol;
    core::market::Ticker& ticker = frame.ticker;
    ticker.venue_time = static_cast<core::UnixMillis>(*time);
    const std::pair<char, std::optional<core::Decimal>*> members[]
        = {{'c', &ticker.last},          {'b', &ticker.best_bid}, {'B', &ticker.best_bid_size},
           {'a', &ticker.best_ask},      {'v', &ticker.volume},   {'A', &ticker.best_ask_size},
           {'q', &ticker.quote_volume},  {'h', &ticker.high},     {'l', &ticker.low},
           {'P', &ticker.change_percent}};
    for (const auto& [key, value] : members) {
      if (event.find(key) == nullptr)
        continue; // USD-M sends no best prices here
      *value = key == 'v' || key == 'q' ? traded(event, key) : decimal(event, key);
      if (!*value)
        return malformed("24hrTicker with a value that is not a decimal");
    }
    return Frame{frame};
  }

  Result<Frame> control() const {
    const Members& event = fields_.event();
    const Scalar* id = event.find(Named::id);
    std::uint64_t request_id = 0;
    if (id != nullptr && id->kind == Scalar::Kind::number) {
      const auto echoed = event.id(Named::id);
      if (!echoed)
        return malformed("a reply with an id nobody sent");
      request_id = *echoed;
    }
    const Scalar* code = event.find(Named::code);
    const Scalar* message = event.find(Named::message);
    if (code != nullptr && message != nullptr)
      return Frame{
          ControlReply{request_id, false, fmt::format("{}: {}", code->text, message->text)}};
    const Scalar* result = event.find(Named::result);
    if (result != nullptr && id != nullptr && result->text == "null"
        && result->kind == Scalar::Kind::literal)
      return Frame{ControlReply{request_id, true, {}}};
    const Scalar* stream = event.find(Named::stream);
    return Frame{OtherFrame{stream != nullptr ? stream->text : std::string_view{}}};
  }

  /// Nullopt when the member is absent, no string or no decimal.
  static std::optional<core::Decimal> decimal(const Members& members, char key) {
    const auto text = members.text(key);
    if (!text)
      return std::nullopt;
    const auto value = core::Decimal::parse(*text);
    if (!value)
      return std::nullopt;
    return *value;
  }

  static std::optional<core::Decimal> traded(const Members& members, char key) {
    const auto text = members.text(key);
    if (!text)
      return std::nullopt;
    const auto value = parse_volume(*text);
    if (!value)
      return std::nullopt;
    return *value;
  }

  std::string request(std::string_view method, std::span<const Stream> streams,
                      std::uint64_t request_id) const {
    std::string names;
    for (const Stream& stream : streams) {
      if (!names.empty())
        names += ',';
      names += '"' + stream_name(type_, depth_speed_, stream) + '"';
    }
    return fmt::format(R"({{"method":"{}","params":[{}],"id":{}}})", method, names, request_id);
  }

  core::MarketType type_;
  std::string depth_speed_;
  std::string source_;
  std::string_view frame_; // of the decode under way, for error texts
  Fields fields_;
};

} // namespace

std::string stream_name(core::MarketType type, const std::string& depth_speed,
                        const Stream& stream) {
  std::string name = stream.symbol.text();
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  switch (stream.channel) {
  case Channel::depth:
    return name + (depth_speed.empty() ? "@depth" : "@depth@" + depth_speed);
  case Channel::best:
    return name + "@bookTicker";
  case Channel::trades:
    // USD-M documents only aggregated trades; `@trade` is there, undocumented and on another route.
    return name + (type == core::MarketType::spot ? "@trade" : "@aggTrade");
  case Channel::klines:
    return name + "@kline_" + stream.interval;
  case Channel::ticker:
    return name + "@ticker";
  }
  return name;
}

std::unique_ptr<Codec> make_codec(core::MarketType type, std::string depth_speed) {
  return std::make_unique<BinanceCodec>(type, std::move(depth_speed));
}

} // namespace tandem::adapters::venues::binance
