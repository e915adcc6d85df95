/// Valid configurations with one mistake put in, and the one line that must be reported, for the
/// tests of this folder.
#pragma once

#include "config/load.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::tests {

struct Broken {
  std::string find;    ///< occurs in the valid file; its first occurrence is replaced
  std::string replace; ///< '^' stands where the reported line begins (default: the start)
  std::string key;     ///< expected
  std::string says;    ///< expected part of the message
};

inline const std::string& valid_text() {
  static const std::string text = [] {
    std::ifstream file{"tests/data/config/every_key.yaml"};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  }();
  return text;
}

inline const config::Environment no_environment = [](const std::string&) { return std::nullopt; };

/// The mutated text and the line that must be reported.
inline std::pair<std::string, int> mutate(const Broken& broken) {
  auto text = valid_text();
  const auto at = text.find(broken.find);
  REQUIRE_MESSAGE(at != std::string::npos, "not in the valid file: " << broken.find);
  auto replacement = broken.replace;
  auto mark = replacement.find('^');
  if (mark == std::string::npos)
    mark = 0;
  else
    replacement.erase(mark, 1);
  text.replace(at, broken.find.size(), replacement);
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(at + mark);
  return {text, 1 + static_cast<int>(std::count(text.begin(), end, '\n'))};
}

/// Returns how many there were.
inline std::size_t check_all(std::span<const Broken> cases) {
  for (const auto& broken : cases) {
    const auto [text, line] = mutate(broken);
    const auto mistakes = config::load_text(text, "f", no_environment).mistakes;
    std::string all;
    for (const auto& mistake : mistakes)
      all += config::describe(mistake) + "\n";
    INFO("'" << broken.find << "' -> '" << broken.replace << "' says:\n" << all);
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].file == "f");
    CHECK(mistakes[0].line == line);
    CHECK(mistakes[0].key == broken.key);
    CHECK(mistakes[0].message.find(broken.says) != std::string::npos);
  }
  return cases.size();
}

/// A key of the valid file, as written there, and where it lies.
struct Place {
  std::string written; ///< "stop_timeout: 2s"
  std::string key;     ///< "engine.stop_timeout"
};

struct Wrong {
  std::string_view value;
  std::string_view says;
};

inline std::vector<Broken> each(std::span<const Place> places, std::span<const Wrong> wrongs) {
  std::vector<Broken> cases;
  for (const auto& place : places) {
    const auto name = place.written.substr(0, place.written.find(':'));
    for (const auto& wrong : wrongs)
      cases.push_back({place.written, fmt::format("{}: {}", name, wrong.value), place.key,
                       std::string{wrong.says}});
  }
  return cases;
}

} // namespace tandem::tests
