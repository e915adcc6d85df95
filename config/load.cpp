#include "config/load.hpp"

#include "config/check.hpp"
#include "config/read.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/expand.hpp"
#include "config/yaml/overrides.hpp"
#include "config/yaml/report.hpp"
#include "config/yaml/section.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <ios>
#include <map>
#include <system_error>

namespace tandem::config {
namespace {

/// Dotted path -> line, for the rules that only know keys.
using Places = std::map<std::string, int, std::less<>>;

void collect_places(const yaml::Node& node, const std::string& path, Places& places) {
  places.emplace(path, node.line);
  for (const auto& entry : node.entries)
    collect_places(entry.value, yaml::join(path, entry.key), places);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    collect_places(node.items[i], yaml::join(path, i), places);
}

/// The line of the key or, when it is absent, of the nearest one above it.
int line_of(const Places& places, std::string_view key) {
  while (true) {
    if (const auto found = places.find(key); found != places.end())
      return found->second;
    const auto cut = key.find_last_of(".[");
    key = cut == std::string_view::npos ? std::string_view{} : key.substr(0, cut);
  }
}

/// A rule that fails where the file is already known to be wrong would only confuse.
void report_violations(std::vector<Violation> violations, const Places& places,
                       yaml::Report& report) {
  for (auto& violation : violations) {
    if (report.covers(violation.key))
      continue;
    const auto line = line_of(places, violation.key);
    report.add(line, std::move(violation.key), std::move(violation.message));
  }
}

Config read_document(yaml::Node root, const Environment& environment,
                     const std::vector<Override>& overrides, yaml::Report& report) {
  yaml::apply_overrides(root, overrides, report);
  yaml::expand(root, environment, report);
  auto config = read_config(yaml::Section{root, {}, report});
  Places places;
  collect_places(root, {}, places);
  places.emplace(std::string{}, 1);
  const bool mode_known = !report.covers("mode");
  report_violations(check_structure(config), places, report);
  if (mode_known)
    report_violations(check_mode(config), places, report);
  return config;
}

} // namespace

std::string describe(const Mistake& mistake) {
  auto text = mistake.file;
  if (mistake.line != 0)
    text += fmt::format(":{}", mistake.line);
  if (!mistake.key.empty())
    text += fmt::format(": {}", mistake.key);
  return fmt::format("{}: {}", text, mistake.message);
}

LoadResult load_text(std::string_view yaml, const std::string& name, const Environment& environment,
                     const std::vector<Override>& overrides) {
  yaml::Report report{name};
  LoadResult result;
  auto root = yaml::parse_document(yaml, report);
  if (root && root->kind == yaml::Node::Kind::map)
    result.config = read_document(std::move(*root), environment, overrides, report);
  else if (root && root->kind != yaml::Node::Kind::null)
    report.add(root->line, {},
               "must be a map of sections such as mode, listeners, venues and pairs");
  else if (report.empty())
    report.add_file("is empty; config/examples/mock.yaml shows what belongs here");
  result.mistakes = std::move(report).take_sorted();
  return result;
}

LoadResult load_file(const std::string& path, const Environment& environment,
                     const std::vector<Override>& overrides) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  std::string text(yaml::document_bytes_max + 1, '\0'); // one more, so that a longer file is seen
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    const auto reason
        = errno == 0 ? std::string{"not a readable file"} : std::generic_category().message(errno);
    return {{}, {{path, 0, {}, fmt::format("cannot be read: {}", reason)}}};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return load_text(text, path, environment, overrides);
}

} // namespace tandem::config
