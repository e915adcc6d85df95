// ${NAME} in a value is the environment's, and a variable that is not there is a mistake where it
// is written.
#include "config/yaml/expand.hpp"

#include <doctest/doctest.h>

using namespace tandem::config;
using namespace tandem::config::yaml;

namespace {

const Environment environment = [](const std::string& name) -> std::optional<std::string> {
  if (name == "HOST")
    return "127.0.0.1";
  if (name == "EMPTY")
    return "";
  if (name == "NESTED")
    return "${HOST}";
  return std::nullopt;
};

struct Expanded {
  std::string text;
  std::vector<Mistake> mistakes;
};

Expanded expanded(const std::string& value) {
  Report report{"x.yaml"};
  auto root = parse_document("mode: mock\nkey: \"" + value + "\"\n", report).value();
  expand(root, environment, report);
  return {root.find("key")->text, std::move(report).take_sorted()};
}

} // namespace

TEST_CASE("variables are replaced wherever they stand in a value") {
  CHECK(expanded("${HOST}").text == "127.0.0.1");
  CHECK(expanded("http://${HOST}:${PORT:-7101}/x").text == "http://127.0.0.1:7101/x");
  CHECK(expanded("no variables, $HOST, $").text == "no variables, $HOST, $");
}

TEST_CASE("a default serves a variable that is unset or empty") {
  CHECK(expanded("${PORT:-7101}").text == "7101");
  CHECK(expanded("${EMPTY:-full}").text == "full");
  CHECK(expanded("${PORT:-}").text.empty());
  CHECK(expanded("${EMPTY}").text.empty());
  CHECK(expanded("${EMPTY}").mistakes.empty());
}

TEST_CASE("a value that came from the environment is not expanded again") {
  CHECK(expanded("${NESTED}").text == "${HOST}");
}

TEST_CASE("two dollars write one") {
  CHECK(expanded("a$${HOST}b").text == "a${HOST}b");
}

TEST_CASE("what cannot be expanded is a mistake at its line and key") {
  for (const auto* value :
       {"${PORT}", "${HOST", "${}", "${1X}", "${A B}", "${HOST-x}", "${:-x}", "${PORT:-${HOST}}"}) {
    const auto mistakes = expanded(value).mistakes;
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].line == 2);
    CHECK(mistakes[0].key == "key");
  }
  CHECK(expanded("${PORT}").mistakes[0].message
        == "the environment variable PORT is not set: set it, or write ${PORT:-default}");
}
