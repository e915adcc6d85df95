// A typing mistake is answered with the word that was meant.
#include "config/suggest.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace tandem::config;

namespace {

constexpr std::array<std::string_view, 4> words{"threshold", "totalAmount", "qty", "stop_timeout"};

} // namespace

TEST_CASE("the nearest word within a third of its length is suggested") {
  CHECK(nearest("treshold", words) == "threshold");
  CHECK(nearest("thershold", words) == "threshold");
  CHECK(nearest("total_amount", words) == "totalAmount");
  CHECK(nearest("stopTimeout", words) == "stop_timeout");
  CHECK(nearest("QTY", words) == "qty");
  CHECK(nearest("price", words).empty());
  CHECK(nearest("", words).empty());
  CHECK(nearest(std::string(100'000, 'x'), words).empty());
}

TEST_CASE("with nothing near, the known words are listed") {
  CHECK(suggest("treshold", words) == "did you mean 'threshold'?");
  CHECK(suggest("price", words) == "known: threshold, totalAmount, qty, stop_timeout");
}

TEST_CASE("alternatives read like a sentence") {
  CHECK(alternatives(words) == "threshold, totalAmount, qty or stop_timeout");
  CHECK(alternatives(std::array<std::string_view, 1>{"a"}) == "a");
  CHECK(alternatives({}).empty());
}
