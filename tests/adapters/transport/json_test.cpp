// What the traders' surface takes as JSON and what it writes: numbers stay what was written, and
// nothing a client sends gets past the parser half understood.
#include "adapters/transport/json.hpp"

#include "tests/nightly.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

using namespace tandem;
using namespace tandem::adapters::transport;

namespace {

std::string nested(std::size_t depth, std::string inside = "") {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

std::string list_of(std::size_t count) {
  std::string text{"["};
  for (std::size_t n = 0; n < count; ++n)
    text += n == 0 ? "1" : ",1";
  return text + "]";
}

/// The text of the only member of {"v": ...}, when it is a number.
std::string number_text(std::string_view number) {
  const auto json = parse_json("{\"v\":" + std::string{number} + "}");
  const auto* value = json ? json->find("v") : nullptr;
  return value == nullptr || value->number() == nullptr ? "refused" : value->number()->text;
}

std::string written(const Json& json) {
  JsonWriter out;
  const auto write = [&out](const auto& self, const Json& value) -> void {
    if (const auto* text = value.string()) {
      out.string(*text);
    } else if (const auto* number = value.number()) {
      out.raw(number->text);
    } else if (const auto* flag = value.boolean()) {
      out.boolean(*flag);
    } else if (const auto* items = value.array()) {
      out.begin_array();
      for (const auto& item : *items)
        self(self, item);
      out.end_array();
    } else if (const auto* members = value.object()) {
      out.begin_object();
      for (const auto& [key, member] : *members) {
        out.key(key);
        self(self, member);
      }
      out.end_object();
    } else {
      out.null();
    }
  };
  write(write, json);
  return out.take();
}

} // namespace

TEST_CASE("every JSON type is read as what it is") {
  const auto json = parse_json(
      R"( {"text":"a","number":-1.50,"yes":true,"no":false,"none":null,"list":[1,"b"],"inner":{}} )");
  REQUIRE(json.has_value());
  CHECK(*json->find("text")->string() == "a");
  CHECK(json->find("number")->number()->text == "-1.50");
  CHECK(*json->find("yes")->boolean());
  CHECK(!*json->find("no")->boolean());
  CHECK(json->find("none")->null());
  REQUIRE(json->find("list")->array()->size() == 2);
  CHECK(*json->find("list")->array()->back().string() == "b");
  CHECK(json->find("inner")->object()->empty());
  CHECK(json->find("absent") == nullptr);
  CHECK(json->find("text")->find("absent") == nullptr);
  CHECK(json->find("text")->number() == nullptr);
  CHECK(json->find("number")->string() == nullptr);
}

TEST_CASE("a number keeps the text it was written as") {
  for (const std::string text :
       {"0", "-0", "0.10", "1e-3", "1E+2", "123456789012345678.123456789012345678",
        "-0.000000000000000001", "9223372036854775807", "1e308", "1e-400"})
    CHECK(number_text(text) == text);
  CHECK(number_text("1 ") == "1");
  CHECK(number_text("1\r\n\t ") == "1");
}

TEST_CASE("what is no JSON number is refused") {
  for (const std::string text :
       {"NaN", "nan",  "Infinity", "-Infinity", "inf",   "1e999",        "-1e999", "+1",
        "01",  "1.",   ".5",       "-",         "1e",    "1e+",          "0x10",   "1_000",
        "1,5", "1..2", "--1",      "1-2",       "1e1.5", "\xEF\xBC\x91", ""})
    CHECK_MESSAGE(number_text(text) == "refused", text);
  CHECK(number_text(std::string(64, '1')).size() == 64);
  CHECK(number_text(std::string(65, '1')) == "refused");
  CHECK(number_text(std::string(10'000'000, '1')) == "refused");
}

TEST_CASE("what is no JSON document is refused and nothing crashes") {
  for (const std::string text : {"",           " ",           "{",
                                 "}",          "[",           "]",
                                 "{]",         "[}",          "{\"a\"}",
                                 "{\"a\":}",   "{\"a\":1,}",  "[1,]",
                                 "[,1]",       "[1 2]",       "{\"a\" 1}",
                                 "{a:1}",      "{'a':1}",     "{\"a\":1 \"b\":2}",
                                 "\"",         "{\"a",        "[\"a]",
                                 "[\"\\x\"]",  "[\"\\u12\"]", "[\"\\ud800\"]",
                                 "[\"a\nb\"]", "[tru]",       "[truex]",
                                 "[nul]",      "[nulll]",     "[falsey]",
                                 "/* */{}",    "{}//",        "\xEF\xBB\xBFx",
                                 "[\"\x01\"]"})
    CHECK_MESSAGE(!parse_json(text).has_value(), text);
  SUBCASE("with a code and words a client can act on") {
    CHECK(parse_json("{").error().code == core::Errc::validation_error);
    CHECK(parse_json("{").error().detail == "the body is not valid JSON");
  }
  SUBCASE("bytes that are no UTF-8 too") {
    for (const std::string text : {"[\"\xff\"]", "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]",
                                   "[\"\xe2\x82\"]", "{\"\x80\":1}", "[\"\xf5\x80\x80\x80\"]"})
      CHECK(!parse_json(text).has_value());
  }
  SUBCASE("a NUL among them too") {
    CHECK(!parse_json(std::string_view{"{}\0", 3}).has_value());
    CHECK(!parse_json(std::string_view{"[\"\0\"]", 5}).has_value());
  }
}

TEST_CASE("a lone value is refused: every request is an object or a list") {
  for (const std::string text : {"1", "\"a\"", "true", "null", " 1 "})
    CHECK_MESSAGE(!parse_json(text).has_value(), text);
}

TEST_CASE("bytes behind the document are refused, blanks are not") {
  for (const std::string text :
       {"{}x", "{} {}", "{}1", "[1]]", "{\"a\":1}}", "[] \"a\"", "{},", "[]null"})
    CHECK_MESSAGE(!parse_json(text).has_value(), text);
  CHECK(parse_json("{}\r\n \t").has_value());
  CHECK(parse_json("[1] ").has_value());
}

TEST_CASE("sixteen levels are read, the seventeenth is refused") {
  CHECK(parse_json(nested(16)).has_value());
  CHECK(parse_json(nested(16, "1")).has_value());
  CHECK(!parse_json(nested(17)).has_value());
  CHECK(parse_json(nested(15, "{\"a\":1}")).has_value());
  CHECK(!parse_json(nested(16, "{\"a\":1}")).has_value());
  CHECK(parse_json(nested(17)).error().detail == "nested too deeply");
  CHECK(!parse_json(nested(100'000)).has_value());
  CHECK(!parse_json(std::string(100'000, '[')).has_value());
}

TEST_CASE("ten thousand values are read, one more is refused") {
  CHECK(parse_json(list_of(9'999)).has_value()); // the list itself is one
  CHECK(!parse_json(list_of(10'000)).has_value());
}

TEST_CASE("a key that stands twice is refused, in inner objects too") {
  CHECK(parse_json(R"({"a":1,"b":2,"a":3})").error().detail == "key 'a' stands twice");
  CHECK(!parse_json(R"({"a":1,"\u0061":3})").has_value());
  CHECK(!parse_json(R"([{"x":{"a":1,"a":1}}])").has_value());
  CHECK(parse_json(R"({"a":{"a":1},"A":2})").has_value());
  SUBCASE("a long one is quoted in part") {
    const auto key = "\"" + std::string(10'000, 'k') + "\":1";
    CHECK(parse_json("{" + key + "," + key + "}").error().detail.size() < 100);
  }
  SUBCASE("among ten thousand keys as fast as among ten") {
    std::string text{"{"};
    for (int n = 0; n < 9'998; ++n)
      text += "\"" + std::string(40, 'k') + std::to_string(n) + "\":1,";
    CHECK(parse_json(text + "\"last\":1}").has_value());
  }
}

TEST_CASE("escapes are understood") {
  const auto json = parse_json(R"(["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000"])");
  REQUIRE(json.has_value());
  CHECK(*json->array()->front().string()
        == std::string("\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\0", 15));
}

TEST_CASE("the writer puts commas where they belong") {
  JsonWriter out;
  out.begin_object().field("a", 1).field("b", "x").key("c").begin_array();
  out.string("y").boolean(false).null().begin_object().end_object();
  out.begin_array().end_array().integer(-3).unsigned_integer(4).end_array();
  out.field("d", true).key("e").raw("[1]").field("f", std::string{"z"}).end_object();
  CHECK(out.text()
        == R"({"a":1,"b":"x","c":["y",false,null,{},[],-3,4],"d":true,"e":[1],"f":"z"})");
}

TEST_CASE("the writer escapes what JSON wants escaped and nothing else") {
  const auto quoted = [](std::string_view text) { return JsonWriter{}.string(text).take(); };
  CHECK(quoted("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(quoted(std::string_view{"\0\n\x1f", 3}) == R"("\u0000\u000a\u001f")");
  CHECK(quoted("\x7f \xC3\xA9 \xE6\xBB\x91 \xF0\x9F\x98\x80")
        == "\"\x7f \xC3\xA9 \xE6\xBB\x91 \xF0\x9F\x98\x80\"");
  JsonWriter keys;
  CHECK(keys.begin_object().field("a\"", 1).end_object().take() == R"({"a\"":1})");
}

TEST_CASE("bytes that are no UTF-8 leave the writer as the replacement character") {
  const auto quoted = [](std::string_view text) { return JsonWriter{}.string(text).take(); };
  const std::string mark{"\xEF\xBF\xBD"};
  CHECK(quoted("a\xff"
               "b")
        == "\"a" + mark + "b\"");
  CHECK(quoted("\xE6\xBB") == "\"" + mark + mark + "\""); // cut off
  CHECK(quoted("\xC0\xAF") == "\"" + mark + mark + "\""); // overlong
  CHECK(quoted("\xED\xA0\x80") == "\"" + mark + mark + mark + "\"");
  CHECK(quoted("\xF4\x90\x80\x80").size() == 2 + 4 * mark.size());
  CHECK(quoted("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF")
        == "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\"");
}

TEST_CASE("any bytes become a JSON string that reads back") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random() % 3 == 0 ? 0x80 + random() % 128 : random() % 128);
    const auto text = JsonWriter{}.begin_array().string(bytes).end_array().take();
    const auto json = parse_json(text);
    REQUIRE(json.has_value());
    CHECK(written(*json) == text);
  }
}

TEST_CASE("what was read and written again is the same, numbers to the last digit") {
  for (
      const std::string text :
      {R"({"a":[1,2.50,-3e-7,{"b":null}],"c":"\u0001\"","d":123456789012345678.000000000000000001})",
       R"([])", R"({})", R"([[],{},"",0])"}) {
    const auto json = parse_json(text);
    REQUIRE(json.has_value());
    CHECK(written(*json) == text);
  }
  SUBCASE("decimals are written exactly") {
    for (const std::string text : {"0.000000000000000001", "-9223372036854775808", "68000.1", "0"})
      CHECK(JsonWriter{}.decimal(core::Decimal::parse(text).value()).take() == text);
  }
}

TEST_CASE("mangled documents neither crash the parser nor read back differently") {
  const std::string whole
      = R"({"leg1":{"exchange":"bybit","symbol":"BTCUSDT","type":"spot"},"threshold":0.1,"on":[true,null]})";
  std::mt19937_64 random{11};
  int accepted = 0;
  for (std::size_t round = 0; round < tandem::tests::mangled_frames(); ++round) {
    auto text = whole;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      const auto at = random() % text.size();
      if (random() % 3 == 0)
        text.resize(at + 1);
      else if (random() % 2 == 0)
        text[at] = static_cast<char>(random() % 256);
      else
        text.insert(at, 1, "{}[]\",:0e."[random() % 10]);
    }
    const auto json = parse_json(text);
    if (!json)
      continue;
    ++accepted;
    const auto again = parse_json(written(*json));
    REQUIRE(again.has_value());
    CHECK(written(*again) == written(*json));
  }
  CHECK(accepted > 100);
}
