#include "config/yaml/section.hpp"

namespace tandem::config::yaml {
namespace {

std::string_view kind_name(Node::Kind kind) noexcept {
  switch (kind) {
  case Node::Kind::null:
    return "nothing";
  case Node::Kind::scalar:
    return "a single value";
  case Node::Kind::sequence:
    return "a list";
  case Node::Kind::map:
    return "a map";
  }
  return "nothing";
}

/// Stands for a map that is absent or no map: every key takes its default and none is missed.
const Node& empty_map() noexcept {
  static const Node node = [] {
    Node map;
    map.kind = Node::Kind::map;
    map.broken = true;
    return map;
  }();
  return node;
}

} // namespace

Section::Section(const Node& node, std::string path, Report& report)
    : node_{node.kind == Node::Kind::map ? &node : &empty_map()},
      usable_{node.kind == Node::Kind::map && !node.broken}, path_{std::move(path)},
      report_{&report} {
  if (!usable_ && !node.broken)
    report_->add(node.line, path_,
                 fmt::format("must be a map (key: value), is {}", kind_name(node.kind)));
}

void Section::require(std::string_view key) {
  if (usable_ && !has(key))
    report_->add(node_->line, join(path_, key), "is missing and has no default");
}

bool Section::has(std::string_view key) const noexcept {
  return node_->find(key) != nullptr;
}

const Node* Section::find(std::string_view key) {
  asked_.emplace_back(key);
  const auto* node = node_->find(key);
  return node == nullptr || node->broken ? nullptr : node;
}

const Node* Section::scalar(std::string_view key, std::string_view wanted) {
  const auto* node = find(key);
  if (node == nullptr || node->kind == Node::Kind::scalar)
    return node;
  if (node->kind == Node::Kind::null)
    refuse(key, fmt::format("has no value; give {}, or leave the key out", wanted));
  else
    refuse(key, fmt::format("must be {}, is {}", wanted, kind_name(node->kind)));
  return nullptr;
}

const Node* Section::number(std::string_view key, std::string_view wanted) {
  const auto* node = scalar(key, wanted);
  if (node == nullptr || node->style != Style::quoted)
    return node;
  refuse(key,
         fmt::format("must be {}, is the text '{}': leave the quotes out", wanted, node->text));
  return nullptr;
}

bool Section::is_text(const Node& node, const std::string& path) {
  if (node.style != Style::plain || !needs_quotes(node.text))
    return true;
  report_->add(node.line, path,
               fmt::format("must be text, but {0} is not one to YAML: write \"{0}\"", node.text));
  return false;
}

std::string Section::text(std::string_view key, std::string fallback) {
  const auto* node = scalar(key, "text");
  if (node != nullptr && is_text(*node, join(path_, key)))
    return node->text;
  return fallback;
}

bool Section::boolean(std::string_view key, bool fallback) {
  const auto* node = number(key, "true or false");
  return node == nullptr ? fallback
                         : accept(*node, key, parse_boolean(node->text)).value_or(fallback);
}

std::size_t Section::count(std::string_view key, std::size_t fallback, std::size_t min,
                           std::size_t max) {
  const auto* node = number(key, "a whole number");
  if (node == nullptr)
    return fallback;
  const auto value = accept(
      *node, key,
      parse_integer(node->text, static_cast<std::int64_t>(min), static_cast<std::int64_t>(max)));
  return value ? static_cast<std::size_t>(*value) : fallback;
}

std::chrono::milliseconds Section::duration(std::string_view key,
                                            std::chrono::milliseconds fallback,
                                            std::chrono::milliseconds min,
                                            std::chrono::milliseconds max) {
  const auto* node = scalar(key, "a duration such as 5s");
  return node == nullptr
             ? fallback
             : accept(*node, key, parse_duration(node->text, min, max)).value_or(fallback);
}

core::Decimal Section::decimal(std::string_view key, core::Decimal fallback) {
  const auto* node = scalar(key, "a decimal number");
  return node == nullptr ? fallback
                         : accept(*node, key, parse_decimal(node->text)).value_or(fallback);
}

std::optional<core::strategy::FeeRate> Section::rate(std::string_view key) {
  const auto* node = scalar(key, "a share of the notional");
  return node == nullptr ? std::nullopt : accept(*node, key, parse_rate(node->text));
}

std::vector<std::pair<const Node*, std::string>>
Section::scalars(std::string_view key, std::string_view wanted, std::string_view each) {
  std::vector<std::pair<const Node*, std::string>> result;
  const auto* list = find(key);
  if (list == nullptr)
    return result;
  if (list->kind != Node::Kind::sequence) {
    refuse(key, fmt::format("must be {}, is {}", wanted, kind_name(list->kind)));
    return result;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto& item = list->items[i];
    if (item.broken)
      continue;
    auto path = join(join(path_, key), i);
    if (item.kind == Node::Kind::scalar)
      result.emplace_back(&item, std::move(path));
    else
      report_->add(item.line, path, fmt::format("must be {}, is {}", each, kind_name(item.kind)));
  }
  return result;
}

std::vector<std::string> Section::texts(std::string_view key) {
  std::vector<std::string> result;
  for (const auto& [item, path] : scalars(key, "a list of texts ([a, b])", "text"))
    if (is_text(*item, path))
      result.push_back(item->text);
  return result;
}

std::vector<std::size_t> Section::counts(std::string_view key, std::size_t min, std::size_t max) {
  std::vector<std::size_t> result;
  for (const auto& [item, path] :
       scalars(key, "a list of whole numbers ([0, 1])", "a whole number")) {
    const auto value
        = parse_integer(item->text, static_cast<std::int64_t>(min), static_cast<std::int64_t>(max));
    if (value)
      result.push_back(static_cast<std::size_t>(*value));
    else
      report_->add(item->line, path, value.error().detail);
  }
  return result;
}

Section Section::section(std::string_view key) {
  const auto* node = find(key);
  return Section{node == nullptr ? empty_map() : *node, join(path_, key), *report_};
}

std::vector<Section> Section::sections(std::string_view key) {
  std::vector<Section> result;
  const auto* list = find(key);
  if (list == nullptr)
    return result;
  if (list->kind != Node::Kind::sequence) {
    refuse(key, fmt::format("must be a list ('- ...'), is {}", kind_name(list->kind)));
    return result;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i)
    result.emplace_back(list->items[i], join(join(path_, key), i), *report_);
  return result;
}

std::vector<std::pair<std::string, Section>> Section::children() {
  std::vector<std::pair<std::string, Section>> result;
  for (const auto& entry : node_->entries) {
    asked_.push_back(entry.key);
    result.emplace_back(entry.key, Section{entry.value, join(path_, entry.key), *report_});
  }
  return result;
}

void Section::refuse(std::string_view key, std::string message) {
  const auto* node = node_->find(key);
  report_->add(node == nullptr ? node_->line : node->line, join(path_, key), std::move(message));
}

void Section::finish() {
  if (!usable_)
    return;
  std::vector<std::string_view> known{asked_.begin(), asked_.end()};
  for (const auto& entry : node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      refuse(entry.key, fmt::format("unknown key; {}", suggest(entry.key, known)));
  }
}

} // namespace tandem::config::yaml
