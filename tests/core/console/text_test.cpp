#include "core/console/text.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace tandem::core::console;

TEST_CASE("what a venue sends cannot steer the terminal") {
  CHECK(clean("a\x1b[2Jb") == "a?[2Jb");
  CHECK(clean("two\nlines\tand\x07") == "two lines and?");
  CHECK(clean("\xff\xc0 caf\xc3\xa9") == "?? caf\xc3\xa9");
  CHECK(clean("\xe2\x80\xae") == "???"); // right-to-left override
}

TEST_CASE("a text takes as many columns as it shows letters, East Asian ones two") {
  CHECK(width("abc") == 3);
  CHECK(width("caf\xc3\xa9") == 4);
  CHECK(width("\xe5\xa5\x97\xe5\x88\xa9") == 4);
}

TEST_CASE("a text is cut and filled to a width and says that it was cut") {
  CHECK(fit("abc", 5) == "abc  ");
  CHECK(fit("abc", 5, true) == "  abc");
  CHECK(fit("abcdef", 4) == "abc~");
  CHECK(fit("\xe5\xa5\x97\xe5\x88\xa9", 3) == "\xe5\xa5\x97~");
  CHECK(fit("abc", 0).empty());
}

TEST_CASE("durations and counts are short") {
  CHECK(duration_text(0) == "0");
  CHECK(duration_text(850) == "850ns");
  CHECK(duration_text(12'345) == "12us");
  CHECK(duration_text(3'400'000) == "3.4ms");
  CHECK(duration_text(59'999'999'999) == "59s");
  CHECK(duration_text(300'000'000'000) == "5m");
  CHECK(count_text(9'999) == "9999");
  CHECK(count_text(12'345) == "12.3k");
  CHECK(count_text(45'600'000) == "45.6M");
  CHECK(tenths_text(5) == "0.5");
  CHECK(tenths_text(20) == "2");
  CHECK(tenths_text(1'234) == "123");
}

TEST_CASE("any bytes become printable and are fitted to any width") {
  rc::check([](const std::string& bytes) {
    const auto columns = static_cast<std::size_t>(*rc::gen::inRange(0, 50));
    const auto text = clean(bytes);
    RC_ASSERT(clean(text) == text);
    const auto fitted = fit(text, columns);
    RC_ASSERT(width(fitted) == columns);
    RC_ASSERT(fitted.find('\x1b') == std::string::npos);
  });
}
