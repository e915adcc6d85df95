// Decimal text <-> integers: what is accepted, what is refused and with which words, and that
// nothing is lost between.
#include "core/types/decimal.hpp"

#include "core/ensure.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace tandem::core;

namespace {

constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
constexpr auto int64_min = std::numeric_limits<std::int64_t>::min();

std::int64_t parsed(std::string_view text, int decimals) {
  const auto result = parse_scaled(text, decimals);
  REQUIRE_MESSAGE(result.has_value(), text);
  return *result;
}

Error refused(std::string_view text, int decimals) {
  const auto result = parse_scaled(text, decimals);
  REQUIRE_MESSAGE(!result.has_value(), text);
  return result.error();
}

const std::vector<std::string_view> not_numbers{
    "",     "-",   ".",     "-.",   "1.",       ".5",           "-.5",   "-1.",   "+1",
    "--1",  "1-",  "1.2.3", "1..2", "1,5",      " 1",           "1 ",    "1 2",   "\t1",
    "NaN",  "nan", "inf",   "-inf", "Infinity", "null",         "abc",   "0x10",  "1a",
    "a1",   "1.a", "1.5a",  "e5",   "1e",       "1e+",          "1e-",   "1e1.5", "1ee5",
    "1.e5", ".e5", "-e5",   "1e 5", "1_000",    "\xEF\xBC\x91", "1.50x", "1.00."};

} // namespace

TEST_CASE("all spellings of a number are one integer") {
  for (const std::string_view text :
       {"8477", "8477.0", "8477.00", "8477.00000000", "08477", "8.477e3", "8.477E+3", "84770e-1",
        "0.08477e5", "8477e0", "8477.000000000000000000000000"}) {
    CAPTURE(text);
    CHECK(parsed(text, 0) == 8477);
    CHECK(parsed(text, 2) == 847'700);
    CHECK(parsed(text, 8) == 847'700'000'000);
  }
}

TEST_CASE("every spelling of zero is zero at every scale") {
  for (const std::string_view text : {"0", "0.0", "0.000", "-0", "-0.0", "0e5", "0e-400",
                                      "0.000e999999999999", "0000000000000000000000000000.0000"})
    for (int decimals = 0; decimals <= decimals_max; ++decimals) {
      CAPTURE(text);
      CHECK(parsed(text, decimals) == 0);
    }
}

TEST_CASE("texts as venues send them become exact integers") {
  CHECK(parsed("61737.63000000", 2) == 6'173'763);
  CHECK(parsed("61737.63000000", 8) == 6'173'763'000'000);
  CHECK(parsed("0.00000001", 8) == 1);
  CHECK(parsed("1e-8", 8) == 1);
  CHECK(parsed("-0.00000001", 8) == -1);
  CHECK(parsed("0.00000479", 8) == 479);        // VVSUSDT
  CHECK(parsed("0.00000794300", 10) == 79'430); // CULTUSDT with two digits more
  CHECK(parsed("91234567890.12345678", 8) == 9'123'456'789'012'345'678);
  CHECK(parsed("0.000000000000000001", 18) == 1);
}

TEST_CASE("the ends of the range are accepted and the next number is not") {
  CHECK(parsed("9223372036854775807", 0) == int64_max);
  CHECK(parsed("-9223372036854775808", 0) == int64_min);
  CHECK(parsed("92233720368.54775807", 8) == int64_max);
  CHECK(parsed("-9.223372036854775808", 18) == int64_min);
  CHECK(parsed("9223372036854775807000e-3", 0) == int64_max);
  CHECK(parsed("00000000000000000000009223372036854775807", 0) == int64_max);
  for (const std::string_view text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
        "18446744073709551617", "36893488147419103232", "99999999999999999999",
        "100000000000000000000000000000000000000000", "1e19", "1e400", "9e999999999999", "-1e19"}) {
    CAPTURE(text);
    CHECK(refused(text, 0).code == Errc::out_of_range);
  }
  CHECK(refused("9223372036854775808.5", 0).code == Errc::scale_too_coarse);
  CHECK(refused("9223372036854775808.5", 1).code == Errc::out_of_range);
  CHECK(refused("9.223372036854775808", 18).code == Errc::out_of_range);
  CHECK(refused("10", 18).code == Errc::out_of_range);
  CHECK(refused("92233720368.54775808", 8).code == Errc::out_of_range);
}

TEST_CASE("digits that the scale cannot hold are refused, never rounded") {
  CHECK(parsed("1.100000000", 8) == 110'000'000);
  CHECK(refused("1.123456789", 8).code == Errc::scale_too_coarse);
  CHECK(refused("0.5", 0).code == Errc::scale_too_coarse);
  CHECK(refused("-0.001", 2).code == Errc::scale_too_coarse);
  CHECK(refused("1e-9", 8).code == Errc::scale_too_coarse);
  CHECK(refused("1e-999999999999", 18).code == Errc::scale_too_coarse);
  CHECK(refused("1.00000000000000000000000001", 18).code == Errc::scale_too_coarse);
}

TEST_CASE("what is not a number is malformed at every scale") {
  for (const auto text : not_numbers) {
    CAPTURE(text);
    CHECK(refused(text, 0).code == Errc::malformed);
    CHECK(refused(text, 8).code == Errc::malformed);
    CHECK(refused(text, 18).code == Errc::malformed);
    const auto needed = decimals_needed(text);
    REQUIRE(!needed.has_value());
    CHECK(needed.error().code == Errc::malformed);
    const auto decimal = Decimal::parse(text);
    REQUIRE(!decimal.has_value());
    CHECK(decimal.error().code == Errc::malformed);
  }
  CHECK(refused(std::string_view{"1\0", 2}, 0).code == Errc::malformed);
  CHECK(refused(std::string_view{}, 0).code == Errc::malformed);
}

TEST_CASE("a refusal names the text and the two numbers") {
  CHECK(refused("1.234", 2).detail == "'1.234' needs 3 decimals, the scale has 2");
  CHECK(refused("1.2340", 1).detail == "'1.2340' needs 3 decimals, the scale has 1");
  CHECK(refused("25e-4", 2).detail == "'25e-4' needs 4 decimals, the scale has 2");
  CHECK(refused("99999999999", 9).detail == "'99999999999' at 9 decimals does not fit 64 bits");
  CHECK(refused("4\n\xff", 2).detail == "'4\?\?' is not a decimal number");
  CHECK(refused("1", 19).detail == "19 decimals are outside 0..18");
  CHECK(refused("1", -1).detail == "-1 decimals are outside 0..18");
  CHECK(refused("1", 19).code == Errc::out_of_range);
  const auto long_text = refused(std::string(100'000, 'x'), 2).detail;
  CHECK(long_text == "'" + std::string(64, 'x') + "...' is not a decimal number");
}

TEST_CASE("decimals_needed counts what must be kept") {
  const auto needed = [](std::string_view text) { return decimals_needed(text).value(); };
  CHECK(needed("61737.63000000") == 2);
  CHECK(needed("5") == 0);
  CHECK(needed("500") == 0);
  CHECK(needed("0.00000000") == 0);
  CHECK(needed("0.00000001") == 8);
  CHECK(needed("1e-8") == 8);
  CHECK(needed("10e-8") == 7);
  CHECK(needed("1.5e1") == 0);
  CHECK(needed("1.55e1") == 1);
  CHECK(needed("1e-30") == 30);
}

TEST_CASE("formats drop or keep zeros") {
  CHECK(format_scaled(6'173'763, 2) == "61737.63");
  CHECK(format_scaled(500, 2) == "5");
  CHECK(format_scaled(5'000, 0) == "5000");
  CHECK(format_scaled(0, 8) == "0");
  CHECK(format_scaled(-1, 8) == "-0.00000001");
  CHECK(format_scaled(-150, 2) == "-1.5");
  CHECK(format_fixed(500, 2) == "5.00");
  CHECK(format_fixed(0, 2) == "0.00");
  CHECK(format_fixed(0, 0) == "0");
  CHECK(format_fixed(7, 0) == "7");
  CHECK(format_fixed(-5, 2) == "-0.05");
  CHECK(format_fixed(int64_min, 18) == "-9.223372036854775808");
  CHECK(format_fixed(int64_max, 0) == "9223372036854775807");
  CHECK_THROWS_AS((void)format_fixed(1, -1), BrokenPromise);
}

TEST_CASE("formats write 128 bits in full") {
  const auto max = ~(static_cast<Int128>(1) << 127);
  CHECK(format_fixed(max, 0) == "170141183460469231731687303715884105727");
  CHECK(format_fixed(-max - 1, 0) == "-170141183460469231731687303715884105728");
  CHECK(format_fixed(max, 36) == "170.141183460469231731687303715884105727");
  CHECK(format_fixed(1, 36) == "0.000000000000000000000000000000000001");
  CHECK(format_scaled(static_cast<Int128>(pow10(18)) * pow10(18), 36) == "1");
  CHECK(format_fixed(static_cast<Int128>(pow10(18)), 0) == "1000000000000000000");
}

TEST_CASE("what is printed parses to the same integer") {
  std::mt19937_64 random{1};
  for (int n = 0; n < 20'000; ++n) {
    const auto units = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto decimals = static_cast<int>(random() % (decimals_max + 1));
    CAPTURE(units);
    CAPTURE(decimals);
    CHECK(parsed(format_fixed(units, decimals), decimals) == units);
    const auto text = format_scaled(units, decimals);
    CHECK(parsed(text, decimals) == units);
    CHECK(decimals_needed(text).value() <= decimals);
    CHECK(Decimal::parse(text).value().to_string() == text);
    CHECK(Decimal(units, decimals).to_string() == text);
  }
}

TEST_CASE("mangled numbers are refused or exact, never anything else") {
  std::mt19937_64 random{2};
  constexpr std::string_view alphabet = "0123456789012345678900.-e+ E";
  int accepted = 0;
  for (int n = 0; n < 50'000; ++n) {
    std::string text(random() % 12, '0');
    for (auto& c : text)
      c = alphabet[random() % alphabet.size()];
    const auto decimals = static_cast<int>(random() % (decimals_max + 1));
    const auto units = parse_scaled(text, decimals);
    if (!units)
      continue;
    ++accepted;
    CAPTURE(text);
    const auto decimal = Decimal::parse(text);
    CHECK(decimal.value() == Decimal(*units, decimals));
    CHECK((decimal->decimals() == 0 || decimal->mantissa() % 10 != 0));
    CHECK(decimals_needed(text).value() <= decimals);
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("division rounds as the caller says") {
  struct Row {
    int value, divisor, toward_zero, away, down, up, half_even;
  };

  for (const auto& row : std::vector<Row>{{7, 2, 3, 4, 3, 4, 4},
                                          {5, 2, 2, 3, 2, 3, 2},
                                          {-7, 2, -3, -4, -4, -3, -4},
                                          {-5, 2, -2, -3, -3, -2, -2},
                                          {1, 3, 0, 1, 0, 1, 0},
                                          {2, 3, 0, 1, 0, 1, 1},
                                          {-1, 3, 0, -1, -1, 0, 0},
                                          {-2, 3, 0, -1, -1, 0, -1},
                                          {1, 2, 0, 1, 0, 1, 0},
                                          {-1, 2, 0, -1, -1, 0, 0},
                                          {3, 2, 1, 2, 1, 2, 2},
                                          {6, 3, 2, 2, 2, 2, 2},
                                          {-6, 3, -2, -2, -2, -2, -2},
                                          {0, 5, 0, 0, 0, 0, 0}}) {
    CAPTURE(row.value);
    CAPTURE(row.divisor);
    CHECK(divide(row.value, row.divisor, Rounding::toward_zero) == row.toward_zero);
    CHECK(divide(row.value, row.divisor, Rounding::away_from_zero) == row.away);
    CHECK(divide(row.value, row.divisor, Rounding::down) == row.down);
    CHECK(divide(row.value, row.divisor, Rounding::up) == row.up);
    CHECK(divide(row.value, row.divisor, Rounding::half_even) == row.half_even);
  }
  SUBCASE("also where twice the rest would overflow") {
    const auto max = ~(static_cast<Int128>(1) << 127);
    CHECK(divide(max - 1, max, Rounding::half_even) == 1);
    CHECK(divide(max / 2, max, Rounding::half_even) == 0);
    CHECK(divide(max / 2 + 1, max, Rounding::half_even) == 1);
    CHECK(divide(-max - 1, 2, Rounding::down) == (-max - 1) / 2);
  }
}

TEST_CASE("a Decimal is its value, however it was written") {
  CHECK(Decimal(1'500, 3) == Decimal(15, 1));
  CHECK(Decimal::parse("1.5000").value() == Decimal(15, 1));
  CHECK(Decimal::parse("15e-1").value() == Decimal(15, 1));
  CHECK(Decimal::parse("-0.00").value() == Decimal{});
  CHECK(Decimal(0, 18).decimals() == 0);
  CHECK(Decimal(15, 1).mantissa() == 15);
  CHECK(Decimal(15, 1).decimals() == 1);
  CHECK(Decimal(int64_min, 18).is_negative());
  CHECK(Decimal(0, 4).is_zero());
  CHECK_THROWS_AS(Decimal(1, 19), BrokenPromise);
  CHECK_THROWS_AS(Decimal(1, -1), BrokenPromise);
  CHECK(Decimal::parse("100").value() == Decimal(100, 0));
  CHECK(Decimal::parse("0100.0").value() == Decimal(100, 0));
  CHECK(Decimal::parse("-0.000000000000000001").value() == Decimal(-1, 18));
  CHECK(Decimal::parse("999999999999999999.000000000").value()
        == Decimal(999'999'999'999'999'999, 0));
  CHECK(Decimal::parse("-9223372036854775808").value() == Decimal(int64_min, 0));
  CHECK(Decimal::parse("1e-19").error().code == Errc::scale_too_coarse);
  CHECK(Decimal::parse("1e-19").error().detail == "'1e-19' needs 19 decimals, the scale has 18");
  CHECK(Decimal::parse("1e19").error().code == Errc::out_of_range);
  CHECK(Decimal::parse("10.000000000000000001").error().code == Errc::out_of_range);
}

TEST_CASE("a Decimal at a scale is exact or refused") {
  CHECK(Decimal(15, 1).at_scale(1).value() == 15);
  CHECK(Decimal(15, 1).at_scale(8).value() == 150'000'000);
  CHECK(Decimal(15, 1).at_scale(0).error().code == Errc::scale_too_coarse);
  CHECK(Decimal(15, 1).at_scale(0).error().detail == "'1.5' needs 1 decimals, the scale has 0");
  CHECK(Decimal(100, 0).at_scale(18).error().code == Errc::out_of_range);
  CHECK(Decimal(100, 0).at_scale(18).error().detail == "'100' at 18 decimals does not fit 64 bits");
  CHECK(Decimal(1, 0).at_scale(19).error().code == Errc::out_of_range);
  CHECK(Decimal(1, 0).at_scale(-1).error().code == Errc::out_of_range);
}

TEST_CASE("Decimals compare by value across all scales") {
  CHECK(Decimal(1, 18) > Decimal(0, 0));
  CHECK(Decimal(-1, 18) < Decimal(0, 0));
  CHECK(Decimal(int64_max, 0) > Decimal(int64_max, 18));
  CHECK(Decimal(int64_min, 0) < Decimal(int64_min, 18));
  CHECK(Decimal(int64_max, 0) > Decimal(int64_max - 2, 0));
  CHECK(Decimal(99, 1) < Decimal(10, 0));
  CHECK(Decimal(100, 1) <= Decimal(10, 0));
  CHECK((Decimal(1, 1) <=> Decimal(10, 2)) == std::strong_ordering::equal);
}
