/// Binance's private streams: every published event, the traps in their letters, and bytes that are
/// none of them.
#include "tests/adapters/venues/binance/trading_fixture.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Decimal;
using core::Errc;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueFill;
using core::orders::VenueOrder;
using core::orders::VenueStatus;
using tests::Padded;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

core::Money money(std::string_view text) {
  return core::parse_money(text).value();
}

/// Decodes one frame and keeps what its views point into.
class Decoded {
public:
  Decoded(core::MarketType type, std::string_view text)
      : frame_{text}, codec_{tests::binance_trading(type)->make_private_codec()},
        events_{codec_->decode(frame_.view())} {}

  [[nodiscard]] bool refused() const { return !events_ && events_.error().code == Errc::malformed; }

  [[nodiscard]] std::size_t size() const { return events_.value().size(); }

  template <class T>
  [[nodiscard]] const T& at(std::size_t n) const {
    return std::get<T>(events_.value().at(n));
  }

  template <class T>
  [[nodiscard]] bool is(std::size_t n) const {
    return std::holds_alternative<T>(events_.value().at(n));
  }

private:
  Padded frame_;
  std::unique_ptr<PrivateCodec> codec_;
  core::Result<std::vector<PrivateEvent>> events_;
};

/// A spot execution report with some members changed; an empty value leaves its member out.
std::string report(const std::map<std::string, std::string>& changes) {
  std::map<std::string, std::string> fields{{"e", "\"executionReport\""},
                                            {"E", "1499405658658"},
                                            {"s", "\"ETHBTC\""},
                                            {"c", "\"own\""},
                                            {"S", "\"BUY\""},
                                            {"o", "\"LIMIT\""},
                                            {"f", "\"GTC\""},
                                            {"q", "\"1.00\""},
                                            {"p", "\"0.1\""},
                                            {"C", "\"\""},
                                            {"x", "\"NEW\""},
                                            {"X", "\"NEW\""},
                                            {"r", "\"NONE\""},
                                            {"i", "4293153"},
                                            {"l", "\"0.00\""},
                                            {"z", "\"0.00\""},
                                            {"L", "\"0.00\""},
                                            {"n", "\"0\""},
                                            {"N", "null"},
                                            {"T", "1499405658657"},
                                            {"t", "-1"},
                                            {"m", "false"}};
  for (const auto& [key, value] : changes)
    fields[key] = value;
  std::string text;
  for (const auto& [key, value] : fields)
    if (!value.empty())
      text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", key, value);
  return text + "}";
}

std::map<std::string, std::string> trade() {
  return {{"x", "\"TRADE\""},  {"X", "\"PARTIALLY_FILLED\""},
          {"l", "\"0.25\""},   {"z", "\"0.75\""},
          {"L", "\"0.0999\""}, {"n", "\"0.001\""},
          {"N", "\"BNB\""},    {"t", "77"},
          {"m", "true"}};
}

std::vector<std::string> fixtures(std::string_view folder) {
  std::vector<std::string> texts;
  const auto path = tests::shared_file("venues/binance/fixtures-nautilus.json");
  if (!path)
    return texts;
  simdjson::dom::parser parser;
  for (const auto& [name, sample] : parser.load(path->string()).get_object())
    if (name.starts_with(folder))
      texts.push_back(simdjson::minify(sample));
  return texts;
}

std::vector<std::string> spot_events() {
  auto texts = fixtures("spot/user_data_json/");
  const auto path = tests::shared_file("venues/binance/doc-samples-spot.json");
  if (!path)
    return texts;
  simdjson::dom::parser parser;
  for (const auto entry : parser.load(path->string())["user-data-stream.md"].get_array())
    texts.push_back(simdjson::minify(entry["sample"].value()));
  return texts;
}

} // namespace

TEST_CASE("a new order is told wrapped and bare") {
  for (const auto& text : {report({}), R"({"subscriptionId":0,"event":)" + report({}) + "}"}) {
    const Decoded events{spot, text};
    REQUIRE(events.size() == 1);
    const auto& order = events.at<VenueOrder>(0);
    CHECK(core::to_string(order.instrument) == "binance.spot.ETHBTC");
    CHECK(order.client_id == "own");
    CHECK(order.venue_order_id == "4293153");
    CHECK(order.side == Side::buy);
    CHECK(order.type == OrderType::limit);
    CHECK(order.tif == TimeInForce::gtc);
    CHECK(order.price == Decimal{1, 1});
    CHECK(order.quantity == Decimal{1, 0});
    CHECK(order.status == VenueStatus::open);
    CHECK(order.cumulative == Decimal{});
    CHECK(order.reason.empty());
    CHECK(order.venue_time == 1499405658657);
  }
}

TEST_CASE("an execution is a fill first and then the order's state") {
  const Decoded events{spot, report(trade())};
  REQUIRE(events.size() == 2);
  const auto& fill = events.at<VenueFill>(0);
  CHECK(fill.trade_id == "77");
  CHECK(fill.price == Decimal{999, 4});
  CHECK(fill.quantity == Decimal{25, 2});
  CHECK(fill.fee == money("0.001"));
  CHECK(fill.fee_asset == "BNB");
  CHECK(fill.maker);
  CHECK(fill.client_id == "own");
  CHECK(fill.venue_order_id == "4293153");
  CHECK(events.at<VenueOrder>(1).cumulative == Decimal{75, 2});
  CHECK(events.at<VenueOrder>(1).status == VenueStatus::open);
}

TEST_CASE("a commission asset may be null where nothing was charged") {
  auto fields = trade();
  fields["N"] = "null";
  CHECK(Decoded(spot, report(fields)).refused()); // 0.001 of what?
  fields["n"] = "\"0\"";
  const Decoded free{spot, report(fields)};
  CHECK(free.at<VenueFill>(0).fee == core::Money{});
  CHECK(free.at<VenueFill>(0).fee_asset.empty());
}

TEST_CASE("a cancel's own id is not the order's") {
  const Decoded events{spot, report({{"x", "\"CANCELED\""},
                                     {"X", "\"CANCELED\""},
                                     {"c", "\"the cancel\""},
                                     {"C", "\"own\""},
                                     {"z", "\"0.40\""}})};
  REQUIRE(events.size() == 1);
  CHECK(events.at<VenueOrder>(0).client_id == "own");
  CHECK(events.at<VenueOrder>(0).status == VenueStatus::cancelled);
  CHECK(events.at<VenueOrder>(0).cumulative == Decimal{4, 1});
}

TEST_CASE("an order that expired in part says how much and why") {
  const Decoded expired{spot, report({{"x", "\"EXPIRED\""},
                                      {"X", "\"EXPIRED\""},
                                      {"f", "\"IOC\""},
                                      {"z", "\"0.30\""},
                                      {"eR", "\"UNFILLED_IOC_QUANTITY_EXPIRED\""}})};
  CHECK(expired.at<VenueOrder>(0).status == VenueStatus::expired);
  CHECK(expired.at<VenueOrder>(0).cumulative == Decimal{3, 1});
  CHECK(expired.at<VenueOrder>(0).reason == "UNFILLED_IOC_QUANTITY_EXPIRED");
  const Decoded rejected{
      spot,
      report({{"x", "\"REJECTED\""}, {"X", "\"REJECTED\""}, {"r", "\"INSUFFICIENT_BALANCES\""}})};
  CHECK(rejected.at<VenueOrder>(0).status == VenueStatus::rejected);
  CHECK(rejected.at<VenueOrder>(0).reason == "INSUFFICIENT_BALANCES");
  const Decoded prevented{
      spot, report({{"x", "\"TRADE_PREVENTION\""}, {"X", "\"EXPIRED_IN_MATCH\""}, {"t", "5"}})};
  REQUIRE(prevented.size() == 1); // no money changed hands
  CHECK(prevented.at<VenueOrder>(0).reason == "EXPIRED_IN_MATCH");
}

TEST_CASE("an order event with a member missing or wrong is refused whole") {
  for (const auto* key : {"E", "s", "c", "S", "o", "f", "q", "p", "x", "X", "i", "z", "T"}) {
    CAPTURE(key);
    CHECK(Decoded(spot, report({{key, ""}})).refused());
    CHECK(Decoded(spot, report({{key, "null"}})).refused());
    CHECK(Decoded(spot, report({{key, "[]"}})).refused());
  }
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"S", "\"HOLD\""},
                                                        {"X", "\"SOMETHING_NEW\""},
                                                        {"q", "\"-1\""},
                                                        {"q", "1.0"},
                                                        {"z", "\"NaN\""},
                                                        {"p", "\"1e999\""},
                                                        {"i", "0"},
                                                        {"i", "-3"},
                                                        {"i", "1.5"},
                                                        {"i", "99999999999999999999"},
                                                        {"T", "-1"},
                                                        {"s", "\"\""},
                                                        {"C", "7"},
                                                        {"s", "\"lower\""}}) {
    CAPTURE(key + value);
    CHECK(Decoded(spot, report({{key, value}})).refused());
  }
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"t", "-1"},
                                                        {"t", ""},
                                                        {"l", "\"0.00\""},
                                                        {"l", "\"-1\""},
                                                        {"L", "7"},
                                                        {"m", "\"no\""},
                                                        {"n", "0.001"},
                                                        {"N", "5"}}) {
    CAPTURE(key + value);
    auto fields = trade();
    fields[key] = value;
    CHECK(Decoded(spot, report(fields)).refused());
  }
  CHECK(Decoded(spot, R"({"e":"executionReport","e":"executionReport"})").refused());
}

TEST_CASE("ids beyond a double's precision arrive whole") {
  const Decoded events{spot, report({{"i", "9223372036854775807"}})};
  CHECK(events.at<VenueOrder>(0).venue_order_id == "9223372036854775807");
}

TEST_CASE("a spot account update gives what balances now are") {
  const Decoded events{
      spot,
      R"({"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[{"a":"ETH","f":"10000.000000","l":"0.5"},{"a":"BTC","f":"1","l":"0"}]}})"};
  REQUIRE(events.size() == 2);
  CHECK(events.at<Balance>(0).asset == "ETH");
  CHECK(events.at<Balance>(0).free == money("10000"));
  CHECK(events.at<Balance>(0).locked == money("0.5"));
  CHECK(Decoded(spot, R"({"e":"outboundAccountPosition","E":1})").refused());
  CHECK(Decoded(spot, R"({"e":"outboundAccountPosition","E":1,"B":[{"a":"ETH"}]})").refused());
  CHECK(Decoded(spot, R"({"e":"outboundAccountPosition","E":1,"B":[5]})").refused());
}

TEST_CASE("a difference beside the sums is passed over") {
  const Decoded events{spot, R"({"e":"balanceUpdate","E":1,"a":"BTC","d":"100.0","T":1})"};
  CHECK(events.at<OtherFrame>(0).kind == "balanceUpdate");
}

TEST_CASE("a USD-M account update gives positions, and wallets only by name") {
  const Decoded events{
      linear,
      R"({"e":"ACCOUNT_UPDATE","E":1,"T":1,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"122624.12","cw":"100.12","bc":"50.1"}],"P":[{"s":"BTCUSDT","pa":"-0.5","ep":"6563.66","cr":"0","up":"2850.21","mt":"cross","iw":"0","ps":"BOTH"},{"s":"BTCUSDT","pa":"20","ep":"1","up":"0","ps":"LONG"}]}})"};
  REQUIRE(events.size() == 2);
  const auto& position = events.at<VenuePosition>(0);
  CHECK(core::to_string(position.instrument) == "binance.linear.BTCUSDT");
  CHECK(position.quantity == money("-0.5"));
  CHECK(position.entry_price == money("6563.66"));
  CHECK(position.unrealised == money("2850.21"));
  CHECK(events.at<OtherFrame>(1).kind == "ACCOUNT_UPDATE");
  for (const auto* text :
       {R"({"e":"ACCOUNT_UPDATE","E":1})", R"({"e":"ACCOUNT_UPDATE","a":{"B":5}})",
        R"({"e":"ACCOUNT_UPDATE","a":{"B":[{}],"P":[]}})",
        R"({"e":"ACCOUNT_UPDATE","a":{"P":[{"s":"A"}]}})", R"({"e":"ACCOUNT_UPDATE","a":{"P":7}})"})
    CHECK(Decoded(linear, text).refused());
}

TEST_CASE("streams that end say so in three ways") {
  CHECK(Decoded(linear, R"({"e":"listenKeyExpired","E":1,"listenKey":"k"})").is<KeyExpired>(0));
  CHECK(
      Decoded(linear, R"({"stream":"k","data":{"e":"listenKeyExpired","E":1}})").is<KeyExpired>(0));
  CHECK(Decoded(spot, R"({"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}})")
            .is<KeyExpired>(0));
  CHECK(
      Decoded(spot, R"({"event":{"e":"serverShutdown","E":1770123456789}})").is<ShutdownNotice>(0));
}

TEST_CASE("replies name their request and keep their bytes") {
  const Decoded logon{spot,
                      R"({"id":"logon","status":200,"result":{"apiKey":"k","authorizedSince":1}})"};
  CHECK(logon.at<AuthReply>(0).accepted);
  const Decoded refused{
      spot, R"({"id":"logon","status":401,"error":{"code":-2015,"msg":"Invalid API-key."}})"};
  CHECK_FALSE(refused.at<AuthReply>(0).accepted);
  CHECK(refused.at<AuthReply>(0).error.code == Errc::risk_rejected);
  const Decoded subscribed{spot,
                           R"({"id":"subscribe","status":200,"result":{"subscriptionId":0}})"};
  CHECK(subscribed.at<SocketReply>(0).request_id == "subscribe");
  CHECK(subscribed.at<SocketReply>(0).accepted);
  const std::string order
      = R"({"id":12,"status":400,"error":{"code":-2010,"msg":"Duplicate order sent."}})";
  const Decoded placed{linear, order};
  CHECK(placed.at<SocketReply>(0).request_id == "12");
  CHECK_FALSE(placed.at<SocketReply>(0).accepted);
  CHECK(placed.at<SocketReply>(0).error.code == Errc::conflict);
  CHECK(placed.at<SocketReply>(0).body == order);
  const Decoded nobody{spot, R"({"id":null,"status":400,"error":{"code":-1135,"msg":"bad"}})"};
  CHECK(nobody.at<SocketReply>(0).request_id.empty());
  for (const auto* text : {R"({"id":"1"})", R"({"id":"1","status":"200"})",
                           R"({"id":[],"status":200})", R"({"id":"1","status":20})"})
    CHECK(Decoded(spot, text).refused());
}

TEST_CASE("every published spot event is understood") {
  std::map<std::string, int> kinds;
  for (const auto& text : spot_events()) {
    CAPTURE(text);
    const Decoded events{spot, text};
    REQUIRE_FALSE(events.refused());
    REQUIRE(events.size() > 0);
    kinds[events.is<VenueOrder>(0)   ? "order"
          : events.is<VenueFill>(0)  ? "fill"
          : events.is<Balance>(0)    ? "balance"
          : events.is<KeyExpired>(0) ? "end"
                                     : "other"]
        += 1;
  }
  if (kinds.empty())
    return;
  CHECK(kinds
        == std::map<std::string, int>{
            {"balance", 2}, {"end", 1}, {"fill", 1}, {"order", 4}, {"other", 5}});
}

TEST_CASE("every published USD-M event is understood") {
  std::map<std::string, int> kinds;
  for (const auto& text : fixtures("futures/user_data_json/")) {
    CAPTURE(text);
    const Decoded events{linear, text};
    REQUIRE_FALSE(events.refused());
    REQUIRE(events.size() > 0);
    kinds[events.is<VenueFill>(0) ? "fill" : "other"] += 1;
    if (!events.is<VenueFill>(0))
      continue;
    const auto& fill = events.at<VenueFill>(0);
    CHECK(fill.quantity == events.at<VenueOrder>(1).cumulative);
    CHECK(fill.client_id == events.at<VenueOrder>(1).client_id);
  }
  if (kinds.empty())
    return;
  // Trades, liquidations, deliveries; and ACCOUNT_UPDATE, ALGO_UPDATE, TRADE_LITE.
  CHECK(kinds == std::map<std::string, int>{{"fill", 6}, {"other", 3}});
}

TEST_CASE("mangled frames are refused or understood, never believed by half") {
  auto samples = spot_events();
  const auto more = fixtures("futures/user_data_json/");
  samples.insert(samples.end(), more.begin(), more.end());
  samples.push_back(report(trade()));
  samples.push_back(
      R"({"id":"12","status":400,"error":{"code":-2010,"msg":"Duplicate order sent."}})");
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  const auto at = [&random](std::size_t size) { return random() % std::max<std::size_t>(size, 1); };
  const auto s = tests::binance_trading(spot);
  const auto f = tests::binance_trading(linear);
  const auto spot_codec = s->make_private_codec();
  const auto linear_codec = f->make_private_codec();
  std::size_t refused = 0, understood = 0;
  for (std::size_t n = 0; n < tandem::tests::mangled_frames(); ++n) {
    std::string text = samples[n % samples.size()];
    switch (random() % 5) {
    case 0:
      for (auto k = 1 + random() % 4; k > 0; --k)
        text[at(text.size())] ^= static_cast<char>(1U << random() % 8);
      break;
    case 1:
      text.resize(at(text.size()));
      break;
    case 2:
      text.erase(at(text.size()), 1 + at(20));
      break;
    case 3:
      text.insert(at(text.size()), text.substr(at(text.size()), at(40)));
      break;
    default:
      text[at(text.size())] = "{}[]\",:0-.e\\nt "[random() % 15];
      break;
    }
    const Padded frame{text};
    for (auto* codec : {spot_codec.get(), linear_codec.get()}) {
      const auto events = codec->decode(frame.view());
      if (!events) {
        ++refused;
        CHECK(events.error().code == Errc::malformed);
        CHECK(events.error().detail.size() < 400);
        continue;
      }
      ++understood;
      for (const auto& event : *events) {
        if (const auto* fill = std::get_if<VenueFill>(&event)) {
          CHECK_FALSE(fill->quantity.is_zero());
          CHECK_FALSE(fill->quantity.is_negative());
          CHECK_FALSE(fill->trade_id.empty());
        } else if (const auto* order = std::get_if<VenueOrder>(&event)) {
          CHECK_FALSE(order->venue_order_id.empty());
          CHECK(order->cumulative.has_value());
          CHECK(order->venue_time >= 0);
        }
      }
    }
    for (const auto* trading : {s.get(), f.get()}) {
      CHECK(trading->parse_place(400, text).outcome != PlaceReply::Outcome::accepted);
      (void)trading->parse_place(200, text);
      (void)trading->parse_socket_place(text);
      (void)trading->parse_socket_cancel(text);
      (void)trading->parse_fills(200, text);
      (void)trading->parse_balances(200, text);
    }
  }
  CHECK(refused > 0);
  CHECK(understood > 0);
  MESSAGE(refused << " refused, " << understood << " understood");
}
