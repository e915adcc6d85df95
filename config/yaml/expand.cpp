#include "config/yaml/expand.hpp"

#include "core/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tandem::config::yaml {
namespace {

bool is_name(std::string_view text) noexcept {
  const auto is_part
      = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0
         && std::all_of(text.begin(), text.end(), is_part);
}

/// @param inside what stands between the braces.
core::Result<std::string> value_of(std::string_view inside, const Environment& environment) {
  const auto fallback_at = inside.find(":-");
  const auto name = inside.substr(0, fallback_at);
  if (!is_name(name))
    return core::fail(core::Errc::configuration,
                      fmt::format("'${{{}}}' is not ${{NAME}} or ${{NAME:-default}}", inside));
  const auto value = environment ? environment(std::string{name}) : std::nullopt;
  if (fallback_at == std::string_view::npos) {
    if (!value)
      return core::fail(
          core::Errc::configuration,
          fmt::format("the environment variable {0} is not set: set it, or write ${{{0}:-default}}",
                      name));
    return *value;
  }
  if (value && !value->empty())
    return *value;
  const auto fallback = inside.substr(fallback_at + 2);
  if (fallback.find("${") != std::string_view::npos)
    return core::fail(core::Errc::configuration,
                      fmt::format("the default of {} may not hold another ${{...}}", name));
  return std::string{fallback};
}

core::Result<std::string> expanded(std::string_view text, const Environment& environment) {
  std::string result;
  while (true) {
    const auto at = text.find("${");
    if (at == std::string_view::npos)
      return result.append(text);
    if (at > 0 && text[at - 1] == '$') { // $${ is a literal ${
      result.append(text.substr(0, at)).append("{");
      text.remove_prefix(at + 2);
      continue;
    }
    const auto end = text.find('}', at);
    if (end == std::string_view::npos)
      return core::fail(core::Errc::configuration, "'${' without a closing '}'");
    auto value = value_of(text.substr(at + 2, end - at - 2), environment);
    if (!value)
      return value;
    result.append(text.substr(0, at)).append(*value);
    text.remove_prefix(end + 1);
  }
}

void expand_below(Node& node, const std::string& path, const Environment& environment,
                  Report& report) {
  for (auto& entry : node.entries)
    expand_below(entry.value, join(path, entry.key), environment, report);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    expand_below(node.items[i], join(path, i), environment, report);
  if (node.kind != Node::Kind::scalar || node.text.find("${") == std::string::npos)
    return;
  auto text = expanded(node.text, environment);
  if (!text) {
    report.add(node.line, path, text.error().detail);
    node.broken = true;
    return;
  }
  node.text = std::move(*text);
  node.style = Style::either;
}

} // namespace

void expand(Node& root, const Environment& environment, Report& report) {
  expand_below(root, {}, environment, report);
}

} // namespace tandem::config::yaml
