// Money: exact at 18 decimals, rounded once where it must be, and never wrapped.
#include "core/types/money.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <string>
#include <string_view>

using namespace tandem::core;

namespace {

Money money(std::string_view text) {
  const auto parsed = parse_money(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

Errc refusal(std::string_view text) {
  const auto parsed = parse_money(text);
  REQUIRE_MESSAGE(!parsed.has_value(), text);
  return parsed.error().code;
}

} // namespace

TEST_CASE("an amount is read and printed exactly") {
  CHECK(to_string(money("0")) == "0");
  CHECK(to_string(money("-0")) == "0");
  CHECK(to_string(money("-0.50")) == "-0.5");
  CHECK(to_string(money("50000")) == "50000");
  CHECK(to_string(money("0.000000000000000001")) == "0.000000000000000001");
  CHECK(to_string(money("1e-18")) == "0.000000000000000001");
  CHECK(to_string(money("99999999999999999999.999999999999999999"))
        == "99999999999999999999.999999999999999999");
  CHECK(to_string(money("-99999999999999999999")) == "-99999999999999999999");
  CHECK(to_string(money("12e18")) == "12000000000000000000");
}

TEST_CASE("an amount that is no number, too fine or too large is refused") {
  for (const auto* text : {"", "-", "+1", "1.", ".5", "1 ", "nan", "0x1", "1e", "--1"})
    CHECK(refusal(text) == Errc::malformed);
  CHECK(refusal("0.0000000000000000001") == Errc::scale_too_coarse);
  CHECK(refusal("1e-19") == Errc::scale_too_coarse);
  CHECK(refusal("100000000000000000000") == Errc::out_of_range);
  CHECK(refusal("1e20") == Errc::out_of_range);
  CHECK(refusal("1e999999999999") == Errc::out_of_range);
}

TEST_CASE("sums of amounts are exact and saturate instead of wrapping") {
  CHECK(money("0.1") + money("0.2") == money("0.3"));
  CHECK(money("0.1") - money("0.3") == -money("0.2"));
  auto sum = money("1");
  sum += money("0.5");
  sum -= money("2");
  CHECK(to_string(sum) == "-0.5");
  const Money most{money_units_max};
  CHECK(most + money("1") == most);
  CHECK(-most - money("1") == -most);
  CHECK(most - most == Money{});
  CHECK(-Money{-money_units_max - 1} == most);
  CHECK(Money{} - Money{-money_units_max - 1} == most);
}

TEST_CASE("a decimal becomes an amount without loss") {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  CHECK(to_money(Decimal{5, 1}) == money("0.5"));
  CHECK(to_string(to_money(Decimal{max, 0})) == "9223372036854775807");
  CHECK(to_string(to_money(Decimal{-max, 18})) == "-9.223372036854775807");
}

TEST_CASE("a quantity is an amount of its base asset") {
  CHECK(to_money(Quantity{1'500}, {2, 3}) == money("1.5"));
  CHECK(to_money(Quantity{-1}, {2, 18}) == money("-0.000000000000000001"));
}

TEST_CASE("a notional is exact up to 18 decimals and rounded half to even beyond") {
  CHECK(to_money(Price{6'173'763} * Quantity{2}, {2, 3}) == money("123.47526"));
  CHECK(to_money(Notional{1}, {9, 9}) == money("1e-18"));
  CHECK(to_money(Notional{25}, {9, 10}) == money("2e-18"));
  CHECK(to_money(Notional{35}, {9, 10}) == money("4e-18"));
  CHECK(to_money(Notional{-25}, {9, 10}) == money("-2e-18"));
  CHECK(to_money(Notional{26}, {9, 10}) == money("3e-18"));
  CHECK(to_money(Notional{Int128{1} << 120}, {0, 0}).units == money_units_max);
  CHECK(to_money(Notional{-(Int128{1} << 120)}, {0, 0}).units == -money_units_max);
}

TEST_CASE("the value of an amount is rounded half to even once") {
  CHECK(value_at(money("1.5"), {6'173'763}, {2, 3}) == money("92606.445"));
  CHECK(value_at(money("-1.5"), {6'173'763}, {2, 3}) == money("-92606.445"));
  CHECK(value_at(money("1e-18"), {5}, {1, 0}) == Money{0});
  CHECK(value_at(money("3e-18"), {5}, {1, 0}) == Money{2});
  CHECK(value_at(money("5e-18"), {5}, {1, 0}) == Money{2});
  CHECK(value_at(money("1.000000000000000001"), {15}, {1, 0}).units
        == Int128{1'500'000'000} * 1'000'000'000 + 2);
  CHECK(value_at(money("99999999999999999999"), {1'000}, {0, 0}).units == money_units_max);
  CHECK(value_at(money("-99999999999999999999"), {1'000}, {0, 0}).units == -money_units_max);
}

TEST_CASE("a value agrees with one division of the whole product") {
  CHECK(rc::check("value_at == divide(amount * price)", [] {
    const auto amount
        = *rc::gen::inRange<std::int64_t>(-1'000'000'000'000'000'000, 1'000'000'000'000'000'000);
    const auto price = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    const auto decimals = *rc::gen::inRange(0, 19);
    const auto naive
        = divide(static_cast<Int128>(amount) * price, pow10(decimals), Rounding::half_even);
    const Scale scale{static_cast<std::int8_t>(decimals), 0};
    RC_ASSERT((value_at(Money{amount}, {price}, scale).units == naive));
  }));
}

TEST_CASE("what is printed is read back") {
  CHECK(rc::check("parse(print(x)) == x", [] {
    const auto high = *rc::gen::arbitrary<std::int64_t>();
    const auto low = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000'000'000);
    const Money amount{static_cast<Int128>(high) * 1'000'000'000'000'000'000 + low};
    RC_ASSERT((parse_money(to_string(amount)).value() == amount));
  }));
}

TEST_CASE("a sum as a decimal keeps every digit that fits") {
  const auto as_text
      = [](std::string_view text) { return to_decimal(parse_money(text).value()).to_string(); };
  CHECK(as_text("0.1") == "0.1");
  CHECK(as_text("-50000.00000001") == "-50000.00000001");
  CHECK(as_text("1.000000000000000001") == "1.000000000000000001");
  CHECK(as_text("123456.1234567890125") == "123456.1234567890125");
  CHECK(as_text("50000000000000000000") == "9223372036854775807");
}
