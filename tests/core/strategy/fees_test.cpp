// Fee rates: their texts, their range, and that no rounding is ever in our favour.
#include "core/strategy/fees.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace tandem::core;
using namespace tandem::core::strategy;

TEST_CASE("a fee rate is read exactly, down to a ten-thousandth of a basis point") {
  CHECK(parse_fee_rate("0.001").value() == FeeRate{100'000});
  CHECK(parse_fee_rate("0.00055").value() == FeeRate{55'000});
  CHECK(parse_fee_rate("0.00000001").value() == FeeRate{1});
  CHECK(parse_fee_rate("-0.00005").value() == FeeRate{-5'000}); // a rebate
  CHECK(parse_fee_rate("0").value() == FeeRate{0});
}

TEST_CASE("a fee rate outside one percent of rebate and ten percent of fee is refused") {
  CHECK(parse_fee_rate("0.1").value() == FeeRate{10'000'000});
  CHECK(parse_fee_rate("-0.01").value() == FeeRate{-1'000'000});
  for (const auto* text : {"0.10000001", "-0.01000001", "1", "10", "-0.1"}) {
    CAPTURE(text);
    const auto refused = parse_fee_rate(text);
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == Errc::out_of_range);
    CHECK(refused.error().detail
          == "a fee rate is between -0.01 and 0.1, not " + std::string{text});
  }
  CHECK(parse_fee_rate("0.000000001").error().code == Errc::scale_too_coarse);
  CHECK(parse_fee_rate("0.1 %").error().code == Errc::malformed);
  CHECK(parse_fee_rate("NaN").error().code == Errc::malformed);
  CHECK(parse_fee_rate("1e20").error().code == Errc::out_of_range);
}

TEST_CASE("a fee is rounded away from zero and a rebate towards it") {
  CHECK(fee_of({100'000'000}, {100'000}).units == 100'000);
  CHECK(fee_of({1'000}, {100'000}).units == 1); // 1.000
  CHECK(fee_of({1'001}, {100'000}).units == 2); // 1.001
  CHECK(fee_of({999}, {100'000}).units == 1);   // 0.999
  CHECK(fee_of({1}, {1}).units == 1);
  CHECK(fee_of({1'001}, {-100'000}).units == -1);
  CHECK(fee_of({999}, {-100'000}).units == 0);
  CHECK(fee_of({0}, {100'000}).units == 0);
  CHECK(fee_of({12'345}, {0}).units == 0);
}

TEST_CASE("the fee on a thousand million million at eighteen decimals is exact") {
  const Int128 notional = static_cast<Int128>(pow10(18)) * pow10(15) + 1;
  // 0.1 % of 10^33 + 1: the rest of 1 is what rounds up.
  CHECK(fee_of({notional}, {100'000}).units == static_cast<Int128>(pow10(18)) * pow10(12) + 1);
  CHECK(fee_of({notional}, {-100'000}).units == -static_cast<Int128>(pow10(18)) * pow10(12));
}

TEST_CASE("a fee is the least whole amount that is not below its rate") {
  CHECK(rc::check("fee - 1 < notional * rate <= fee", [] {
    const auto notional = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000'000'000);
    const auto rate = *rc::gen::inRange<std::int64_t>(-1'000'000, 10'000'001);
    const Int128 exact = static_cast<Int128>(notional) * rate;
    const Int128 fee = fee_of({notional}, {rate}).units * fee_one;
    RC_ASSERT(exact <= fee);
    RC_ASSERT(fee - exact < fee_one);
  }));
}
