// The client order id: what it tells, and what it takes for none of ours.
#include "core/orders/client_id.hpp"

#include "core/ensure.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace tandem::core;
using namespace tandem::core::orders;

TEST_CASE("a client id tells engine, run and order") {
  const ClientIdParts parts{EngineId{"ab01"}, 37, 1'296};
  const auto id = make_client_id(parts);
  CHECK(id.text()
        == "tdab01"
           "00011"
           "00000100");
  CHECK(id.text().size() == 19);
  CHECK(parse_client_id(id.text()) == parts);
}

TEST_CASE("the largest numbers fit and larger ones are refused") {
  const ClientIdParts most{EngineId{"zzzz"}, epoch_max, sequence_max};
  CHECK(make_client_id(most).text() == "tdzzzzzzzzzzzzzzzzz");
  CHECK(parse_client_id("tdzzzzzzzzzzzzzzzzz") == most);
  CHECK_THROWS_AS(make_client_id({most.engine, epoch_max + 1, 1}), BrokenPromise);
  CHECK_THROWS_AS(make_client_id({most.engine, 1, sequence_max + 1}), BrokenPromise);
  for (const auto* engine : {"", "abc", "abcde", "ABCD", "ab-1"})
    CHECK_THROWS_AS(make_client_id({EngineId{engine}, 1, 1}), BrokenPromise);
}

TEST_CASE("an engine id is exactly four letters and digits in lower case") {
  CHECK(parse_engine_id("a1b2").value().text() == "a1b2");
  for (const auto* text : {"", "abc", "abcde", "Abcd", "ab d", "ab\xC3\xA9"})
    CHECK(parse_engine_id(text).error().code == Errc::validation_error);
}

TEST_CASE("an id that no engine of ours made is nobody's") {
  for (const auto* text : {"", "td", "x-td01", "tdab0100011000001000", "tdab01000110000010",
                           "TDab01000110000010", "txab010001100000100", "tdAb010001100000100",
                           "tdab01000110000010_", "tdab0100011 0000100", "tdab01000110000010Z"})
    CHECK_MESSAGE(!parse_client_id(text).has_value(), text);
}

TEST_CASE("ids of one run sort in the order of sending") {
  CHECK(rc::check("parse(make(x)) == x, and order is kept", [] {
    const auto epoch = *rc::gen::inRange<std::uint64_t>(0, epoch_max + 1);
    const auto sequence = *rc::gen::inRange<std::uint64_t>(0, sequence_max);
    const ClientIdParts parts{EngineId{"t3st"}, epoch, sequence};
    RC_ASSERT(parse_client_id(make_client_id(parts).text()) == parts);
    const ClientIdParts next{EngineId{"t3st"}, epoch, sequence + 1};
    RC_ASSERT(make_client_id(parts) < make_client_id(next));
  }));
}
