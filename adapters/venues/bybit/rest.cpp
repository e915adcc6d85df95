#include "adapters/venues/bybit/rest.hpp"

#include "adapters/transport/url.hpp"
#include "adapters/venues/bybit/instruments.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace tandem::adapters::venues::bybit {

namespace {

using namespace std::chrono_literals;
using simdjson::dom::element;
using transport::percent_encoded;

constexpr int page_size_max = 1'000;
constexpr int depth_levels_max = 1'000;
constexpr int klines_max = 1'000;
constexpr auto ban = 10min;         // "access too frequent": stop everything this long
constexpr auto rolling_window = 1s; // of the per-endpoint limits behind 10006

/// {"retCode":0,"retMsg":"OK","result":{...},"time":ms}
struct Reply {
  std::int64_t ret_code = 0;
  std::string_view message;
  element result;
  core::UnixMillis time = 0;
};

/// The envelope without judging it. False when the body is none.
bool read_envelope(simdjson::dom::parser& parser, std::string_view body, Reply& reply) {
  element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS
      || root["retCode"].get_int64().get(reply.ret_code) != simdjson::SUCCESS)
    return false;
  if (root["retMsg"].get_string().get(reply.message) != simdjson::SUCCESS)
    reply.message = {};
  if (root["time"].get_int64().get(reply.time) != simdjson::SUCCESS || reply.time < 0)
    reply.time = 0;
  return root["result"].get(reply.result) == simdjson::SUCCESS || reply.ret_code != 0;
}

core::Error business_error(const Reply& reply) {
  return {error_code(reply.ret_code, reply.message),
          fmt::format("{} {}", reply.ret_code, reply.message), std::string{wire::source}};
}

core::Result<Reply> read_reply(simdjson::dom::parser& parser, std::string_view body) {
  Reply reply;
  if (!read_envelope(parser, body, reply))
    return tl::unexpected{wire::malformed("no v5 reply", body)};
  if (reply.ret_code != 0)
    return tl::unexpected{business_error(reply)};
  return reply;
}

/// Times are texts in REST.
bool parse_millis(std::string_view text, core::UnixMillis& time) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  return error == std::errc{} && end == text.data() + text.size() && time > 0;
}

core::Result<core::market::Kline> read_row(element row) {
  const auto bad = [] { return core::fail(core::Errc::malformed, "bad kline row", "bybit"); };
  simdjson::dom::array cells;
  if (row.get_array().get(cells) != simdjson::SUCCESS || cells.size() != 7)
    return bad();
  std::array<std::string_view, 7> texts;
  std::size_t count = 0;
  for (const element cell : cells) {
    if (cell.get_string().get(texts[count++]) != simdjson::SUCCESS)
      return bad();
  }
  core::market::Kline kline;
  if (!parse_millis(texts[0], kline.open_time))
    return bad();
  core::Decimal* const prices[] = {&kline.open, &kline.high, &kline.low, &kline.close};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto price = core::Decimal::parse(texts[i + 1]);
    if (!price || price->is_negative())
      return bad();
    *prices[i] = *price;
  }
  const auto volume = wire::parse_statistic(texts[5]);
  const auto turnover = wire::parse_statistic(texts[6]);
  if (!volume || !turnover)
    return bad();
  kline.volume = *volume;
  kline.quote_volume = *turnover;
  return kline;
}

/// Rows carry no end: a bar ends where the next begins, the newest after as long as the one before
/// it.
void close_rows(std::vector<core::market::Kline>& rows, core::UnixMillis now) {
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    rows[i].close_time = rows[i + 1].open_time - 1;
    rows[i].closed = true;
  }
  if (rows.size() < 2)
    return;
  auto& newest = rows.back();
  newest.close_time = newest.open_time + (newest.open_time - rows[rows.size() - 2].open_time) - 1;
  newest.closed = now > newest.close_time;
}

class BybitRest final : public Rest {
public:
  explicit BybitRest(core::MarketType type) : type_{type} {}

  [[nodiscard]] RestRequest time() const override { return {"/v5/market/time", 1}; }

  [[nodiscard]] RestRequest instruments(std::string_view cursor) const override {
    auto target = fmt::format("/v5/market/instruments-info?category={}", category());
    // Spot knows no pages and answers with everything.
    if (type_ == core::MarketType::linear) {
      target += fmt::format("&limit={}", page_size_max);
      if (!cursor.empty())
        target += "&cursor=" + percent_encoded(cursor);
    }
    return {std::move(target), 1};
  }

  [[nodiscard]] RestRequest depth(const core::Symbol& symbol, int levels) const override {
    return {fmt::format("/v5/market/orderbook?category={}&symbol={}&limit={}", category(),
                        percent_encoded(symbol.text()), std::clamp(levels, 1, depth_levels_max)),
            1};
  }

  [[nodiscard]] RestRequest klines(const core::Symbol& symbol, std::string_view interval,
                                   int count) const override {
    return {fmt::format("/v5/market/kline?category={}&symbol={}&interval={}&limit={}", category(),
                        percent_encoded(symbol.text()),
                        percent_encoded(wire::venue_interval(interval)),
                        std::clamp(count, 1, klines_max)),
            1};
  }

  [[nodiscard]] RestRequest klines_between(const core::Symbol& symbol, std::string_view interval,
                                           core::UnixMillis from, core::UnixMillis until,
                                           int count) const override {
    auto request = klines(symbol, interval, count);
    request.target += fmt::format("&start={}&end={}", from, until - 1); // end is inclusive
    return request;
  }

  [[nodiscard]] RestRequest ticker(const core::Symbol& symbol) const override {
    return {fmt::format("/v5/market/tickers?category={}&symbol={}", category(),
                        percent_encoded(symbol.text())),
            1};
  }

  [[nodiscard]] core::Result<core::UnixMillis> parse_time(std::string_view body) const override;
  [[nodiscard]] core::Result<InstrumentPage>
  parse_instruments(std::string_view body) const override;
  [[nodiscard]] core::Result<DepthSnapshot> parse_depth(std::string_view body) const override;
  [[nodiscard]] core::Result<std::vector<core::market::Kline>>
  parse_klines(std::string_view body) const override;
  [[nodiscard]] core::Result<core::market::Ticker>
  parse_ticker(std::string_view body) const override;
  [[nodiscard]] core::Error parse_error(int status, std::string_view body) const override;
  [[nodiscard]] RateReading read_limits(int status, const Headers& headers,
                                        std::string_view body) const override;

private:
  [[nodiscard]] std::string_view category() const noexcept { return core::to_string(type_); }

  core::MarketType type_;
};

core::Result<core::UnixMillis> BybitRest::parse_time(std::string_view body) const {
  simdjson::dom::parser parser;
  const auto reply = read_reply(parser, body);
  if (!reply)
    return tl::unexpected{reply.error()};
  std::string_view nanos;
  core::UnixMillis time = 0;
  if (reply->result["timeNano"].get_string().get(nanos) == simdjson::SUCCESS
      && parse_millis(nanos, time))
    return time / 1'000'000;
  if (reply->time > 0)
    return reply->time;
  return tl::unexpected{wire::malformed("no time", body)};
}

core::Result<InstrumentPage> BybitRest::parse_instruments(std::string_view body) const {
  simdjson::dom::parser parser;
  const auto reply = read_reply(parser, body);
  if (!reply)
    return tl::unexpected{reply.error()};
  std::string_view category_text;
  simdjson::dom::array list;
  // Answers have named their category since it exists; another one is somebody else's list.
  if ((reply->result["category"].get_string().get(category_text) == simdjson::SUCCESS
       && category_text != category())
      || reply->result["list"].get_array().get(list) != simdjson::SUCCESS)
    return tl::unexpected{wire::malformed("no instrument list of this category", body)};
  InstrumentPage page;
  for (const element record : list) {
    auto instrument = read_instrument(record, type_);
    if (!instrument)
      return tl::unexpected{instrument.error()};
    page.instruments.push_back(std::move(*instrument));
  }
  std::string_view cursor;
  if (reply->result["nextPageCursor"].get_string().get(cursor) == simdjson::SUCCESS)
    page.next_cursor = cursor;
  return page;
}

core::Result<DepthSnapshot> BybitRest::parse_depth(std::string_view body) const {
  {
    simdjson::dom::parser parser; // judges the whole body before any part of it is believed
    if (const auto reply = read_reply(parser, body); !reply)
      return tl::unexpected{reply.error()};
  }
  const simdjson::padded_string padded{body};
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object result;
  DepthSnapshot snapshot;
  std::uint64_t time = 0;
  wire::Seen seen;
  const bool whole
      = parser.iterate(padded).get(document) == simdjson::SUCCESS
        && document["result"].get_object().get(result) == simdjson::SUCCESS
        && wire::for_each_field(result, [&](auto key, simdjson::ondemand::value value) {
             if (key == "b")
               return seen.once(0, wire::read_levels(value, snapshot.bids));
             if (key == "a")
               return seen.once(1, wire::read_levels(value, snapshot.asks));
             if (key == "u")
               return seen.once(2, wire::read_id(value, snapshot.last_id));
             if (key == "ts")
               return seen.once(3, wire::read_id(value, time));
             return true;
           });
  if (!whole || !seen.all(4))
    return tl::unexpected{wire::malformed("no order book", body)};
  snapshot.venue_time = static_cast<core::UnixMillis>(time);
  const auto move_to_body = [&](std::string_view& text) {
    text = body.substr(static_cast<std::size_t>(text.data() - padded.data()), text.size());
  };
  for (auto* side : {&snapshot.bids, &snapshot.asks}) {
    for (auto& level : *side) {
      move_to_body(level.price);
      move_to_body(level.size);
    }
  }
  return snapshot;
}

core::Result<std::vector<core::market::Kline>>
BybitRest::parse_klines(std::string_view body) const {
  simdjson::dom::parser parser;
  const auto reply = read_reply(parser, body);
  if (!reply)
    return tl::unexpected{reply.error()};
  simdjson::dom::array list;
  if (reply->result["list"].get_array().get(list) != simdjson::SUCCESS)
    return tl::unexpected{wire::malformed("no kline list", body)};
  std::vector<core::market::Kline> rows;
  for (const element row : list) {
    auto kline = read_row(row);
    if (!kline)
      return tl::unexpected{kline.error()};
    rows.push_back(std::move(*kline));
  }
  std::reverse(rows.begin(), rows.end()); // the venue sends the newest first
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].open_time <= rows[i - 1].open_time)
      return tl::unexpected{wire::malformed("klines out of order", body)};
  }
  close_rows(rows, reply->time);
  return rows;
}

core::Result<core::market::Ticker> BybitRest::parse_ticker(std::string_view body) const {
  simdjson::dom::parser parser;
  const auto reply = read_reply(parser, body);
  if (!reply)
    return tl::unexpected{reply.error()};
  simdjson::dom::object record;
  if (reply->result["list"].at(0).get_object().get(record) != simdjson::SUCCESS)
    return core::fail(core::Errc::not_found, "the ticker list is empty", std::string{wire::source});
  core::market::Ticker ticker;
  ticker.venue_time = reply->time;
  for (const auto field : record) {
    std::string_view text;
    if (field.value.get_string().get(text) != simdjson::SUCCESS)
      continue;
    if (const auto set = wire::set_ticker_field(ticker, field.key, text); !set)
      return tl::unexpected{wire::malformed(fmt::format("{} '{}'", field.key, text), body)};
  }
  return ticker;
}

bool too_frequent(int status, std::string_view body) {
  return status == 403 && body.find("access too frequent") != std::string_view::npos;
}

core::Error BybitRest::parse_error(int status, std::string_view body) const {
  const auto error = [&](core::Errc code) {
    auto made = wire::malformed(fmt::format("HTTP {}", status), body);
    made.code = code;
    return made;
  };
  if (too_frequent(status, body) || status == 429)
    return error(core::Errc::rate_limited);
  simdjson::dom::parser parser;
  if (Reply reply; read_envelope(parser, body, reply) && reply.ret_code != 0)
    return business_error(reply);
  if (status == 401)
    return error(core::Errc::unauthenticated);
  if (status == 403) // a region that is not served
    return error(core::Errc::exchange_unavailable);
  if (status >= 400 && status < 500)
    return error(core::Errc::validation_error);
  return error(core::Errc::upstream_error);
}

std::optional<std::int64_t> header_number(const Headers& headers, std::string_view name) {
  const auto* text = find_header(headers, name);
  std::int64_t number = 0;
  if (text == nullptr)
    return std::nullopt;
  const auto* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < 0)
    return std::nullopt;
  return number;
}

/// X-Bapi-Limit and X-Bapi-Limit-Status count one endpoint of one account per second. They are no
/// part of the address's budget that RateReading::used and ::limit stand for, so only the time they
/// name is used.
RateReading BybitRest::read_limits(int status, const Headers& headers,
                                   std::string_view body) const {
  RateReading reading;
  if (too_frequent(status, body)) {
    reading.banned = true;
    reading.retry_after = ban;
    return reading;
  }
  simdjson::dom::parser parser;
  Reply reply;
  // Ordinary replies are long and hold nothing about limits: look before parsing.
  const bool limited
      = status == 429
        || (body.find("\"retCode\":0,") == std::string_view::npos
            && read_envelope(parser, body, reply) && reply.ret_code != 0
            && error_code(reply.ret_code, reply.message) == core::Errc::rate_limited);
  if (!limited)
    return reading;
  reading.retry_after = rolling_window;
  const auto reset = header_number(headers, "X-Bapi-Limit-Reset-Timestamp");
  const auto now = header_number(headers, "Timenow");
  if (const auto seconds = header_number(headers, "Retry-After"); seconds && *seconds <= 3'600)
    reading.retry_after = std::chrono::seconds{*seconds};
  else if (reset && now && *reset > *now && *reset - *now <= 60'000)
    reading.retry_after = std::chrono::milliseconds{*reset - *now};
  return reading;
}

} // namespace

std::unique_ptr<Rest> make_rest(core::MarketType type) {
  return std::make_unique<BybitRest>(type);
}

} // namespace tandem::adapters::venues::bybit
