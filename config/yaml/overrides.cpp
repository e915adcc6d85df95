#include "config/yaml/overrides.hpp"

#include "core/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <variant>

namespace tandem::config::yaml {
namespace {

using Step = std::variant<std::string, std::size_t>; ///< a key (or id), or an index

core::Result<std::size_t> parse_index(std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size())
    return core::fail(core::Errc::configuration, fmt::format("'[{}]' is not an index", text));
  return index;
}

/// "pairs[0].leg1" -> pairs, 0, leg1.
core::Result<std::vector<Step>> parse_path(std::string_view path) {
  std::vector<Step> steps;
  while (true) {
    const auto end = path.find_first_of(".[");
    const auto key = path.substr(0, end);
    if (key.empty())
      return core::fail(core::Errc::configuration,
                        "an empty name; write KEY=VALUE with a key such as "
                        "log.level or pairs[0].threshold");
    steps.emplace_back(std::string{key});
    path.remove_prefix(key.size());
    while (!path.empty() && path.front() == '[') {
      const auto close = path.find(']');
      if (close == std::string_view::npos)
        return core::fail(core::Errc::configuration, "'[' without ']'");
      const auto index = parse_index(path.substr(1, close - 1));
      if (!index)
        return tl::unexpected{index.error()};
      steps.emplace_back(*index);
      path.remove_prefix(close + 1);
    }
    if (path.empty())
      return steps;
    if (path.front() != '.')
      return core::fail(core::Errc::configuration, "after ']' comes '.' or '['");
    path.remove_prefix(1);
  }
}

core::Result<Node*> step_into_item(Node& node, std::size_t index) {
  if (node.kind == Node::Kind::null)
    node.kind = Node::Kind::sequence;
  if (node.kind != Node::Kind::sequence)
    return core::fail(core::Errc::configuration,
                      fmt::format("'[{}]' chooses from a list, and this is none", index));
  if (index > node.items.size())
    return core::fail(core::Errc::configuration,
                      fmt::format("there are {} items, so [{}] does not exist ([{}] would append)",
                                  node.items.size(), index, node.items.size()));
  if (index == node.items.size())
    node.items.emplace_back();
  return &node.items[index];
}

core::Result<Node*> step_into_key(Node& node, const std::string& key) {
  if (node.kind == Node::Kind::sequence) {
    const auto found = std::find_if(node.items.begin(), node.items.end(), [&key](const Node& item) {
      const auto* id = item.find("id");
      return id != nullptr && id->text == key;
    });
    if (found == node.items.end())
      return core::fail(core::Errc::configuration, fmt::format("no item has the id '{}'", key));
    return &*found;
  }
  if (node.kind == Node::Kind::null)
    node.kind = Node::Kind::map;
  if (node.kind != Node::Kind::map)
    return core::fail(core::Errc::configuration,
                      fmt::format("'{}' lies below a single value, which has no keys", key));
  if (auto* child = node.find(key); child != nullptr)
    return child;
  node.entries.push_back({key, 0, {}});
  return &node.entries.back().value;
}

void mark_as_given(Node& node) {
  node.line = 0;
  node.style = Style::either;
  for (auto& item : node.items)
    mark_as_given(item);
  for (auto& entry : node.entries) {
    entry.line = 0;
    mark_as_given(entry.value);
  }
}

core::Result<Node> parse_value(const std::string& text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = text;
  if (!text.empty() && (text.front() == '[' || text.front() == '{')) {
    Report inner{"--set"};
    auto parsed = parse_document(text, inner);
    if (auto mistakes = std::move(inner).take_sorted(); !mistakes.empty())
      return core::fail(core::Errc::configuration,
                        fmt::format("'{}': {}", text, mistakes.front().message));
    if (parsed)
      node = std::move(*parsed);
  }
  mark_as_given(node);
  return node;
}

core::Status apply(Node& root, const Override& wanted) {
  const auto steps = parse_path(wanted.first);
  if (!steps)
    return tl::unexpected{steps.error()};
  auto value = parse_value(wanted.second);
  if (!value)
    return tl::unexpected{value.error()};
  Node* at = &root;
  for (const auto& step : *steps) {
    const auto* index = std::get_if<std::size_t>(&step);
    const auto next = index != nullptr ? step_into_item(*at, *index)
                                       : step_into_key(*at, std::get<std::string>(step));
    if (!next)
      return tl::unexpected{next.error()};
    at = *next;
  }
  *at = std::move(*value);
  return {};
}

} // namespace

void apply_overrides(Node& root, const std::vector<Override>& overrides, Report& report) {
  for (const auto& wanted : overrides) {
    if (const auto status = apply(root, wanted); !status)
      report.add(0, wanted.first, status.error().detail);
  }
}

} // namespace tandem::config::yaml
