#include "apps/tandem_sim/scenario_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace tandem::sim {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::optional<std::int64_t> whole(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed != std::errc{} || end != text.data() + text.size() ? std::nullopt
                                                                   : std::optional{value};
}

std::string shown(Millis duration) {
  const auto ms = duration.count();
  if (ms != 0 && ms % 3'600'000 == 0)
    return fmt::format("{}h", ms / 3'600'000);
  if (ms % 1'000 == 0)
    return fmt::format("{}s", ms / 1'000);
  return fmt::format("{}ms", ms);
}

} // namespace

std::optional<std::string> expand(std::string_view text, const Environment& environment,
                                  std::string& why) {
  std::string out;
  while (true) {
    const auto begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos)
      return out;
    text.remove_prefix(begin + 2);
    const auto end = text.find('}');
    if (end == std::string_view::npos) {
      why = "'${' without '}'";
      return std::nullopt;
    }
    const auto inner = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto mark = inner.find(":-");
    const std::string name{inner.substr(0, mark)};
    const auto value = environment(name);
    if (value && !value->empty()) {
      out += *value;
    } else if (mark != std::string_view::npos) {
      out += inner.substr(mark + 2);
    } else {
      why = fmt::format(
          "the environment variable {} is not set; ${{{}:-default}} gives it a default", name,
          name);
      return std::nullopt;
    }
  }
}

std::optional<Millis> parse_duration(std::string_view text) noexcept {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole(text.substr(0, digits));
  const auto unit = text.substr(digits);
  constexpr std::int64_t number_max = 1'000'000'000;
  if (!number || *number > number_max)
    return std::nullopt;
  if (unit == "ms")
    return Millis{*number};
  if (unit == "s")
    return std::chrono::seconds{*number};
  if (unit == "m")
    return std::chrono::minutes{*number};
  if (unit == "h")
    return std::chrono::hours{*number};
  return std::nullopt;
}

std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string_view best;
  auto least = word.size() / 3 + 2;
  for (const auto& candidate : candidates) {
    const auto d = distance(word, candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

void ReadContext::add(const YAML::Node& node, const std::string& key, std::string text) {
  const auto mark = node.Mark();
  const bool from_file = !mark.is_null() && mark.line >= 0;
  mistakes.push_back(
      {from_file ? file : "--set", from_file ? mark.line + 1 : 0, key, std::move(text)});
}

Reader::Reader(YAML::Node node, std::string path, ReadContext& context)
    : node_{node}, path_{std::move(path)}, context_{&context} {
  if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap())
    context_->add(node_, path_, "must be a map (key: value)");
}

std::string Reader::join(std::string_view key) const {
  return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

bool Reader::has(std::string_view key) const {
  return node_.IsMap() && static_cast<const YAML::Node&>(node_)[std::string{key}].IsDefined();
}

void Reader::require(std::string_view key) {
  if (!has(key))
    context_->add(node_, join(key), "is missing and has no default");
}

YAML::Node Reader::find(std::string_view key) {
  asked_.emplace_back(key);
  return has(key) ? static_cast<const YAML::Node&>(node_)[std::string{key}]
                  : YAML::Node{YAML::NodeType::Undefined};
}

std::optional<std::string> Reader::expanded(const YAML::Node& node, const std::string& key) {
  std::string why;
  auto text = expand(node.Scalar(), context_->environment, why);
  if (!text)
    context_->add(node, key, why);
  return text;
}

std::optional<std::string> Reader::scalar(std::string_view key, std::string_view wanted) {
  const auto node = find(key);
  if (!node.IsDefined())
    return std::nullopt;
  if (!node.IsScalar()) {
    context_->add(node, join(key), fmt::format("must be {}", wanted));
    return std::nullopt;
  }
  return expanded(node, join(key));
}

std::string Reader::text(std::string_view key, std::string fallback) {
  return scalar(key, "text").value_or(std::move(fallback));
}

std::int64_t Reader::integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                             std::int64_t max) {
  const auto text = scalar(key, "a whole number");
  if (!text)
    return fallback;
  const auto value = whole(*text);
  if (value && *value >= min && *value <= max)
    return *value;
  refuse(key, fmt::format("must be a whole number from {} to {}, is '{}'", min, max, *text));
  return fallback;
}

bool Reader::boolean(std::string_view key, bool fallback) {
  const auto text = scalar(key, "true or false");
  if (!text || *text == "true" || *text == "false")
    return text ? *text == "true" : fallback;
  refuse(key, fmt::format("must be true or false, is '{}'", *text));
  return fallback;
}

Millis Reader::duration(std::string_view key, Millis fallback, Millis min, Millis max) {
  const auto text = scalar(key, "a duration such as 5s");
  if (!text)
    return fallback;
  const auto value = parse_duration(*text);
  if (value && *value >= min && *value <= max)
    return *value;
  refuse(key, fmt::format("must be a duration from {} to {} with its unit (ms, s, m, h), is '{}'",
                          shown(min), shown(max), *text));
  return fallback;
}

std::vector<std::string> Reader::texts(std::string_view key) {
  std::vector<std::string> result;
  const auto node = find(key);
  if (!node.IsDefined())
    return result;
  if (!node.IsSequence()) {
    context_->add(node, join(key), "must be a list of texts");
    return result;
  }
  for (std::size_t i = 0; i < node.size(); ++i) {
    const auto path = fmt::format("{}[{}]", join(key), i);
    if (!node[i].IsScalar())
      context_->add(node[i], path, "must be text");
    else if (auto text = expanded(node[i], path))
      result.push_back(std::move(*text));
  }
  return result;
}

Range Reader::range(std::string_view key, Range fallback, std::int64_t max, bool durations) {
  if (!has(key)) {
    asked_.emplace_back(key);
    return fallback;
  }
  const auto parts = texts(key);
  std::vector<std::int64_t> values;
  for (const auto& part : parts) {
    if (durations) {
      if (const auto value = parse_duration(part))
        values.push_back(value->count());
    } else if (const auto value = whole(part)) {
      values.push_back(*value);
    }
  }
  const bool right = parts.size() == 2 && values.size() == 2 && values[0] >= 0
                     && values[0] <= values[1] && values[1] <= max;
  if (right)
    return {values[0], values[1]};
  refuse(key, durations ? fmt::format(
                  "must be [shortest, longest] with units, such as [5s, 20s], at most {}",
                  shown(Millis{max}))
                        : fmt::format("must be [least, most], whole numbers from 0 to {}", max));
  return fallback;
}

Reader Reader::section(std::string_view key) {
  return {find(key), join(key), *context_};
}

std::vector<Reader> Reader::items(std::string_view key) {
  std::vector<Reader> result;
  const auto node = find(key);
  if (!node.IsDefined())
    return result;
  if (!node.IsSequence()) {
    context_->add(node, join(key), "must be a list");
    return result;
  }
  for (std::size_t i = 0; i < node.size(); ++i)
    result.emplace_back(node[i], fmt::format("{}[{}]", join(key), i), *context_);
  return result;
}

std::vector<std::string> Reader::keys() {
  std::vector<std::string> names;
  if (!node_.IsMap())
    return names;
  for (const auto& entry : node_)
    names.push_back(entry.first.Scalar());
  return names;
}

void Reader::refuse(std::string_view key, std::string text) {
  context_->add(has(key) ? static_cast<const YAML::Node&>(node_)[std::string{key}] : node_,
                join(key), std::move(text));
}

void Reader::finish() {
  if (!node_.IsMap())
    return;
  std::vector<std::string> seen;
  for (const auto& entry : node_) {
    const auto& key = entry.first.Scalar();
    if (std::ranges::find(seen, key) != seen.end())
      context_->add(entry.first, join(key), "is given twice");
    seen.push_back(key);
    if (std::ranges::find(asked_, key) != asked_.end())
      continue;
    const auto meant = nearest(key, asked_);
    context_->add(entry.first, join(key),
                  meant.empty() ? fmt::format("unknown key; known: {}", fmt::join(asked_, ", "))
                                : fmt::format("unknown key; did you mean '{}'?", meant));
  }
}

} // namespace tandem::sim
