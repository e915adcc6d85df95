// A pair as the traders' surface writes it ("Pairs" of the interface): what is read, what is kept
// by a partial change, and every way a field can be wrong.
#include "adapters/traders/pairs.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::traders;
using namespace std::chrono_literals;
using core::Decimal;
using core::strategy::DirectionRule;
using core::strategy::PairConfig;
using core::strategy::PairMode;

namespace {

constexpr std::string_view leg1 = R"({"exchange":"bybit","symbol":"BTCUSDT","type":"spot"})";
constexpr std::string_view leg2 = R"({"exchange":"binance","symbol":"BTCUSDT","type":"linear"})";

core::Result<PairConfig> parsed(const std::string& body,
                                const std::optional<PairConfig>& base = std::nullopt) {
  const auto json = parse_json(body);
  REQUIRE(json.has_value());
  return parse_pair(*json, base);
}

/// The required fields and `more`, e.g. ",\"mode\":\"active\"".
std::string body(std::string_view more = "") {
  return "{\"leg1\":" + std::string{leg1} + ",\"leg2\":" + std::string{leg2}
         + ",\"threshold\":0.1,\"qty\":0.01" + std::string{more} + "}";
}

/// The required fields with one of them replaced; an empty value leaves it out.
std::string body_with(std::string_view key, std::string_view value) {
  std::string text{"{"};
  const auto add = [&](std::string_view name, std::string_view usual) {
    const auto used = name == key ? value : usual;
    if (!used.empty())
      text += (text.size() > 1 ? ",\"" : "\"") + std::string{name} + "\":" + std::string{used};
  };
  add("leg1", leg1);
  add("leg2", leg2);
  add("threshold", "0.1");
  add("qty", "0.01");
  for (const std::string_view name :
       {"totalAmount", "direction", "enabled", "mode", "id", "options"})
    add(name, "");
  return text + "}";
}

PairConfig some_pair() {
  auto pair = parsed(body(R"(,"id":"a","totalAmount":5000,"direction":"leg1_sell_leg2_buy",
    "enabled":false,"mode":"read_only","options":{"leg1Fee":0.001,"leg2Fee":-0.0001,
    "bookAgeMaxMs":300,"changePercent":0.005,"levels":7})"));
  REQUIRE(pair.has_value());
  return *pair;
}

/// The field that the refusal names; "accepted" when there is none.
std::string refused_field(const std::string& text,
                          const std::optional<PairConfig>& base = std::nullopt) {
  const auto pair = parsed(text, base);
  if (pair)
    return "accepted";
  CHECK(pair.error().code == core::Errc::validation_error);
  CHECK(!pair.error().detail.empty());
  return pair.error().source;
}

std::string written(const PairConfig& pair) {
  JsonWriter out;
  write_pair(out, pair);
  return out.take();
}

} // namespace

TEST_CASE("a pair is read field by field") {
  const auto pair = some_pair();
  CHECK(pair.id.text() == "a");
  CHECK(pair.leg1
        == core::InstrumentKey{core::VenueId{"bybit"}, core::MarketType::spot,
                               core::Symbol{"BTCUSDT"}});
  CHECK(pair.leg2
        == core::InstrumentKey{core::VenueId{"binance"}, core::MarketType::linear,
                               core::Symbol{"BTCUSDT"}});
  CHECK(pair.threshold == Decimal{1, 1});
  CHECK(pair.quantity == Decimal{1, 2});
  CHECK(pair.total_amount == Decimal{5'000, 0});
  CHECK(pair.direction == DirectionRule::leg1_sell_leg2_buy);
  CHECK(!pair.enabled);
  CHECK(pair.mode == PairMode::read_only);
  CHECK(pair.options.leg1_fee->e8 == 100'000);
  CHECK(pair.options.leg2_fee->e8 == -10'000);
  CHECK(pair.options.book_age_max == 300ms);
  CHECK(pair.options.change_percent == Decimal{5, 3});
  CHECK(pair.options.levels == 7);
}

TEST_CASE("what a new pair leaves out has its documented default") {
  const auto pair = parsed(body());
  REQUIRE(pair.has_value());
  CHECK(pair->id.empty());
  CHECK(pair->total_amount.is_zero());
  CHECK(pair->direction == DirectionRule::automatic);
  CHECK(pair->enabled);
  CHECK(pair->mode == PairMode::active);
  CHECK(pair->options == core::strategy::PairOptions{});
}

TEST_CASE("a partial change keeps every field it does not name") {
  const auto base = some_pair();
  CHECK(parsed("{}", base).value() == base);
  const auto changed = [&](const std::string& text, auto change) {
    auto expected = base;
    change(expected);
    CHECK_MESSAGE(parsed(text, base).value() == expected, text);
  };
  changed(R"({"threshold":0.25})", [](auto& pair) { pair.threshold = Decimal{25, 2}; });
  changed(R"({"qty":"3"})", [](auto& pair) { pair.quantity = Decimal{3, 0}; });
  changed(R"({"totalAmount":0})", [](auto& pair) { pair.total_amount = {}; });
  changed(R"({"enabled":true})", [](auto& pair) { pair.enabled = true; });
  changed(R"({"direction":"auto"})", [](auto& pair) { pair.direction = DirectionRule::automatic; });
  changed(R"({"mode":"active"})", [](auto& pair) { pair.mode = PairMode::active; });
  changed(R"({"leg1":{"symbol":"ETHUSDT"}})",
          [](auto& pair) { pair.leg1.symbol = core::Symbol{"ETHUSDT"}; });
  changed(R"({"leg2":{"type":"spot"}})",
          [](auto& pair) { pair.leg2.type = core::MarketType::spot; });
  changed(R"({"options":{"levels":9}})", [](auto& pair) { pair.options.levels = 9; });
  changed(R"({"options":{"leg1Fee":null}})", [](auto& pair) { pair.options.leg1_fee.reset(); });
  SUBCASE("and is refused when the whole is then wrong") {
    CHECK(refused_field(R"({"leg2":{"exchange":"bybit","type":"spot"}})", base) == "leg2");
  }
}

TEST_CASE("a new pair names every required field that is missing") {
  for (const std::string key : {"leg1", "leg2", "threshold", "qty"}) {
    CHECK(refused_field(body_with(key, "")) == key);
    CHECK(parsed(body_with(key, "")).error().detail == "is missing");
  }
  for (const std::string leg : {"leg1", "leg2"}) {
    CHECK(refused_field(body_with(leg, R"({"symbol":"A","type":"spot"})")) == leg + ".exchange");
    CHECK(refused_field(body_with(leg, R"({"exchange":"a","type":"spot"})")) == leg + ".symbol");
    CHECK(refused_field(body_with(leg, R"({"exchange":"a","symbol":"A"})")) == leg + ".type");
  }
}

TEST_CASE("a field of the wrong JSON type is refused by name") {
  const std::vector<std::string> values{"null", "true", "1",   "\"x\"",
                                        "[]",   "{}",   "[1]", "{\"a\":1}"};
  const auto refused_unless = [&](const std::string& key, std::vector<std::string> right) {
    for (const auto& value : values) {
      if (std::find(right.begin(), right.end(), value) != right.end())
        continue;
      const auto field = refused_field(body_with(key, value));
      // An object in the place of a leg is searched for its members.
      CHECK_MESSAGE(field.substr(0, key.size()) == key, key << " = " << value << " -> " << field);
    }
  };
  refused_unless("leg1", {});
  refused_unless("leg2", {});
  refused_unless("threshold", {"1"});
  refused_unless("qty", {"1"});
  refused_unless("totalAmount", {"1"});
  refused_unless("direction", {});
  refused_unless("enabled", {"true"});
  refused_unless("mode", {});
  refused_unless("id", {"\"x\""});
  refused_unless("options", {"{}"});
  for (const std::string member : {"exchange", "symbol", "type"})
    for (const std::string value : {"null", "1", "true", "[]", "{}", "\"\""}) {
      std::string leg{"{"};
      for (const std::string name : {"exchange", "symbol", "type"})
        leg += (leg.size() > 1 ? ",\"" : "\"") + name
               + "\":" + (name == member ? value : "\"spot\"");
      CHECK(refused_field(body_with("leg2", leg + "}")) == "leg2." + member);
    }
  for (const std::string member : {"bookAgeMaxMs", "changePercent", "levels"})
    for (const std::string value : {"null", "true", "[]", "{}", "\"x\""})
      CHECK(refused_field(body_with("options", "{\"" + member + "\":" + value + "}"))
            == "options." + member);
  for (const std::string member : {"leg1Fee", "leg2Fee"})
    for (const std::string value : {"true", "[]", "{}", "\"x\"", "\"\""})
      CHECK(refused_field(body_with("options", "{\"" + member + "\":" + value + "}"))
            == "options." + member);
}

TEST_CASE("an amount that means nothing is refused by name") {
  for (const std::string key : {"threshold", "qty"})
    for (const std::string value :
         {"0", "-1", "-0.1", "0.0", "\"NaN\"", "\"Infinity\"", "\"\"", "\" 1\"", "\"1,5\"", "1e308",
          "1e-30", "0.0000000000000000001", "99999999999999999999", "\"0x1\"", "\"1.\""})
      CHECK_MESSAGE(refused_field(body_with(key, value)) == key, key << " = " << value);
  CHECK(refused_field(body_with("threshold", "100.00000001")) == "threshold");
  CHECK(refused_field(body_with("threshold", "0.000000001")) == "threshold");
  CHECK(refused_field(body_with("threshold", "100")) == "accepted");
  CHECK(refused_field(body_with("threshold", "0.00000001")) == "accepted");
  CHECK(refused_field(body_with("qty", "0.0000000000001")) == "qty");
  CHECK(refused_field(body_with("qty", "0.000000000001")) == "accepted");
  CHECK(refused_field(body_with("totalAmount", "-0.01")) == "totalAmount");
  CHECK(refused_field(body_with("totalAmount", "0")) == "accepted");
  CHECK(refused_field(body_with("totalAmount", "0.0000000000001")) == "totalAmount");
  SUBCASE("and what means the same in other words is taken") {
    CHECK(parsed(body_with("threshold", "\"0.10\"")).value().threshold == Decimal{1, 1});
    CHECK(parsed(body_with("threshold", "1e-1")).value().threshold == Decimal{1, 1});
  }
}

TEST_CASE("a word or number outside its range is refused by name") {
  CHECK(refused_field(body_with("direction", "\"AUTO\"")) == "direction");
  CHECK(refused_field(body_with("direction", "\"leg2_buy_leg1_sell\"")) == "direction");
  CHECK(refused_field(body_with("mode", "\"shadow\"")) == "mode");
  CHECK(refused_field(body_with("leg1", R"({"exchange":"a","symbol":"A","type":"inverse"})"))
        == "leg1.type");
  CHECK(refused_field(body_with("leg2", std::string{leg1})) == "leg2");
  for (const auto& id : {std::string{}, std::string{"a b"}, std::string{"a/b"},
                         std::string{"\xC3\xA9"}, std::string{"a.b"}, std::string(65, 'a')})
    CHECK_MESSAGE(refused_field(body_with("id", "\"" + id + "\"")) == "id", id);
  CHECK(refused_field(body_with("id", "\"" + std::string(64, 'a') + "\"")) == "accepted");
  const auto option = [](const std::string& text) {
    return refused_field(body_with("options", "{" + text + "}"));
  };
  for (const auto* value : {"9", "600001", "-1", "0", "1.5", "1e18", "99999999999999999999"})
    CHECK_MESSAGE(option("\"bookAgeMaxMs\":" + std::string{value}) == "options.bookAgeMaxMs",
                  value);
  CHECK(option(R"("bookAgeMaxMs":10)") == "accepted");
  CHECK(option(R"("bookAgeMaxMs":600000.0)") == "accepted");
  for (const auto* value : {"0", "-1", "0.000000001"})
    CHECK(option("\"changePercent\":" + std::string{value}) == "options.changePercent");
  for (const auto* value : {"0", "-1", "51", "1.5", "1e18"})
    CHECK(option("\"levels\":" + std::string{value}) == "options.levels");
  CHECK(option(R"("levels":1)") == "accepted");
  CHECK(option(R"("levels":50)") == "accepted");
  for (const auto* value : {"0.100000001", "0.10000001", "-0.01000001", "1", "0.000000001"})
    CHECK_MESSAGE(option("\"leg1Fee\":" + std::string{value}) == "options.leg1Fee", value);
  CHECK(option(R"("leg1Fee":0.1,"leg2Fee":-0.01)") == "accepted");
  for (const std::string member : {"exchange", "symbol"}) {
    const std::string longest(64, 'x');
    const auto leg = [&](const std::string& text) {
      return body_with("leg1", member == "exchange"
                                   ? R"({"symbol":"A","type":"spot","exchange":")" + text + "\"}"
                                   : R"({"exchange":"a","type":"spot","symbol":")" + text + "\"}");
    };
    CHECK(refused_field(leg(longest)) == "accepted");
    CHECK(refused_field(leg(longest + "x")) == "leg1." + member);
  }
}

TEST_CASE("an unknown field is refused, so that no misspelt limit is silently off") {
  CHECK(refused_field(body(R"(,"treshold":1)")) == "treshold");
  CHECK(refused_field(body(R"(,"Qty":1)")) == "Qty");
  CHECK(refused_field(body_with("leg1", R"({"exchange":"a","symbol":"A","type":"spot","Type":1})"))
        == "leg1.Type");
  CHECK(refused_field(body_with("options", R"({"level":1})")) == "options.level");
  SUBCASE("and quoted in part when it is long") {
    CHECK(refused_field(body(",\"" + std::string(100'000, 'k') + "\":1")).size() < 100);
  }
}

TEST_CASE("a body that is no object is refused") {
  CHECK(refused_field("[]") == "");
  CHECK(refused_field("[{}]") == "");
}

TEST_CASE("a pair that was written reads back as the same pair") {
  for (const auto& pair : {some_pair(), parsed(body(R"(,"id":"b")")).value()}) {
    CHECK(parsed(written(pair)).value() == pair);
    CHECK(parsed(written(pair), some_pair()).value().threshold == pair.threshold);
  }
}

TEST_CASE("a pair is written with the documented names and JSON types") {
  CHECK(written(some_pair())
        == R"({"id":"a","leg1":{"exchange":"bybit","symbol":"BTCUSDT","type":"spot"},)"
           R"("leg2":{"exchange":"binance","symbol":"BTCUSDT","type":"linear"},)"
           R"("threshold":0.1,"qty":0.01,"totalAmount":5000,"direction":"leg1_sell_leg2_buy",)"
           R"("enabled":false,"mode":"read_only","options":{"leg1Fee":0.001,"leg2Fee":-0.0001,)"
           R"("bookAgeMaxMs":300,"changePercent":0.005,"levels":7}})");
}

TEST_CASE("one way of a spread is written with numbers") {
  core::strategy::Spread spread;
  spread.scale = {1, 2};
  spread.quantity = core::Quantity{50};
  spread.buy = core::Notional{680'001 * 50};
  spread.sell = core::Notional{680'005 * 50};
  spread.buy_fee = core::Notional{10};
  JsonWriter out;
  write_spread(out, spread);
  CHECK(out.text()
        == R"({"direction":"leg1_buy_leg2_sell","qty":0.5,"buyPrice":68000.1,"sellPrice":68000.5,)"
           R"("spread":0.4,"grossPercent":0.00058823,"netPercent":0.00055882})");
}
