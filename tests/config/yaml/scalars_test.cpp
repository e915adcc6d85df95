// One scalar, one type, no guessing.
#include "config/yaml/scalars.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::config::yaml;
using namespace std::chrono_literals;

TEST_CASE("a boolean is true or false and no other word") {
  CHECK(parse_boolean("true").value());
  CHECK_FALSE(parse_boolean("false").value());
  for (const auto* text :
       {"yes", "no", "on", "off", "True", "FALSE", "y", "n", "1", "0", "", "tru"})
    CHECK_FALSE(parse_boolean(text).has_value());
  CHECK(parse_boolean("yes").error().detail == "'yes' is neither true nor false; write true");
  CHECK(parse_boolean("off").error().detail == "'off' is neither true nor false; write false");
}

TEST_CASE("a whole number is decimal digits within its range") {
  CHECK(parse_integer("0", 0, 10).value() == 0);
  CHECK(parse_integer("10", 0, 10).value() == 10);
  CHECK(parse_integer("-3", -5, 10).value() == -3);
  for (const auto* text : {"", "11", "-1", "+1", "01", "0x1", "0b1", "0o1", "1.0", "1e1", "1_0",
                           "1,0", " 1", "1 ", "ten", "-", "99999999999999999999"})
    CHECK_FALSE(parse_integer(text, 0, 10).has_value());
  CHECK(parse_integer("0123", 0, 200).error().detail
        == "'0123' has a leading zero, which YAML reads as octal; write it without");
  CHECK(parse_integer("0x10", 0, 200).error().detail
        == "'0x10' is hexadecimal, octal or binary; write a decimal number");
}

TEST_CASE("a duration is a whole number and its unit") {
  CHECK(parse_duration("250ms", 0ms, 24h).value() == 250ms);
  CHECK(parse_duration("30s", 0ms, 24h).value() == 30s);
  CHECK(parse_duration("2m", 0ms, 24h).value() == 2min);
  CHECK(parse_duration("1h", 0ms, 24h).value() == 1h);
  for (const auto* text : {"", "30", "-30", "s", "30 s", "1.5s", "-1s", "+1s", "1d", "1S", "1min",
                           "1h30m", "030s", "25h", "9999999999999999999h", "1e3ms"})
    CHECK_FALSE(parse_duration(text, 0ms, 24h).has_value());
  CHECK(parse_duration("30", 0ms, 24h).error().detail
        == "'30' needs a unit: 30ms, 30s, 30m or 30h");
  CHECK(parse_duration("9ms", 10ms, 24h).error().detail == "must be between 10ms and 24h, is 9ms");
}

TEST_CASE("a decimal is exact, and traps of other readers are refused") {
  CHECK(parse_decimal("0.000000000000000001").value().to_string() == "0.000000000000000001");
  CHECK(parse_decimal("-12.50").value().to_string() == "-12.5");
  CHECK(parse_decimal("0").value().is_zero());
  for (const auto* text : {"", ".", "-", "1,5", "1_000", "0x1F", "007", "00.5", "+1", "5%", "NaN",
                           ".inf", "1:30", "1.2.3", "12345678901234567890", "abc", "1 "})
    CHECK_FALSE(parse_decimal(text).has_value());
}

TEST_CASE("a fee is a share of the notional within sane bounds") {
  CHECK(parse_rate("0.001").value().e8 == 100'000);
  CHECK(parse_rate("-0.00025").value().e8 == -25'000);
  for (const auto* text : {"0.11", "-0.011", "1", "0.1%", "0.000000001", "free"})
    CHECK_FALSE(parse_rate(text).has_value());
}

TEST_CASE("a duration is shown in the largest unit that holds it") {
  CHECK(to_text(0ms) == "0ms");
  CHECK(to_text(1500ms) == "1500ms");
  CHECK(to_text(90s) == "90s");
  CHECK(to_text(10min) == "10m");
  CHECK(to_text(24h) == "24h");
}

TEST_CASE("text that YAML takes for something else must be quoted") {
  for (const auto* text :
       {"true", "No", "on", "null", "~", "1", "-1.5", "1e3", "0x1f", ".5", "1_0"})
    CHECK(needs_quotes(text));
  for (const auto* text :
       {"", "tandem", "1INCHUSDT", "100ms", "127.0.0.1:7000", "127.0.0.1", "none", "-", "nope"})
    CHECK_FALSE(needs_quotes(text));
}
