#include "config/diff.hpp"

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>

namespace tandem::config {
namespace {

/// What a value says, however it is written: comments, styles and the order of keys do not count.
/// Texts are marked with their length, so that no two values look alike.
std::string meaning_of(const YAML::Node& node) {
  if (node.IsScalar())
    return std::to_string(node.Scalar().size()) + ':' + node.Scalar();
  std::string text;
  if (node.IsSequence()) {
    for (const auto& item : node)
      text += meaning_of(item) + ',';
    return '[' + text + ']';
  }
  if (!node.IsMap())
    return "null";
  std::map<std::string, std::string> members;
  for (const auto& member : node)
    members[meaning_of(member.first)] = meaning_of(member.second);
  for (const auto& [name, value] : members)
    text += name + '=' + value + ',';
  return '{' + text + '}';
}

std::map<std::string, std::string> sections_of(const std::string& yaml) {
  std::map<std::string, std::string> sections;
  for (const auto& entry : YAML::Load(yaml))
    sections[entry.first.as<std::string>()] = meaning_of(entry.second);
  return sections;
}

template <class Value>
void compare(const std::map<std::string, Value>& running,
             const std::map<std::string, Value>& wanted, const std::string& prefix,
             const char* changed, std::vector<std::string>& out) {
  std::set<std::string> names;
  for (const auto& [name, value] : running)
    names.insert(name);
  for (const auto& [name, value] : wanted)
    names.insert(name);
  for (const auto& name : names) {
    const auto before = running.find(name);
    const auto after = wanted.find(name);
    if (before == running.end())
      out.push_back(prefix + name + ": added");
    else if (after == wanted.end())
      out.push_back(prefix + name + ": removed");
    else if (!(before->second == after->second))
      out.push_back(prefix + name + ": " + changed);
  }
}

std::map<std::string, core::strategy::PairConfig> pairs_of(const Config& config) {
  std::map<std::string, core::strategy::PairConfig> pairs;
  for (const auto& pair : config.pairs)
    pairs[pair.id.text()] = pair;
  return pairs;
}

std::map<std::string, core::twap::PlanConfig> plans_of(const Config& config) {
  std::map<std::string, core::twap::PlanConfig> plans;
  for (const auto& plan : config.plans)
    plans[plan.plan.id.text()] = plan.plan;
  return plans;
}

} // namespace

Difference difference(const ReadConfig& running, const ReadConfig& wanted) {
  Difference result;
  compare(pairs_of(running.config), pairs_of(wanted.config), "pairs.", "changed", result.changes);
  compare(plans_of(running.config), plans_of(wanted.config), "plans.",
          "changed; a plan that was made goes on as it was", result.changes);
  auto before = sections_of(running.yaml);
  auto after = sections_of(wanted.yaml);
  for (const auto* taken_over : {"pairs", "plans"}) {
    before.erase(taken_over);
    after.erase(taken_over);
  }
  compare(before, after, "", "changed", result.need_restart);
  return result;
}

} // namespace tandem::config
