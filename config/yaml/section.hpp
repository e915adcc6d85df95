/// One map of the document, read key by key into typed values. Every getter takes the default, so
/// that schema.hpp stays the one place that has them; finish() then refuses the keys that nobody
/// asked for.
#pragma once

#include "config/suggest.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::config::yaml {

/// One word of a closed list and what it stands for.
template <class T>
using Choice = std::pair<std::string_view, T>;

/// Reports into the report it was given; a getter whose value is wrong returns the default. Node
/// and report must outlive it.
class Section {
public:
  /// @param path of the node; empty for the whole document.
  Section(const Node& node, std::string path, Report& report);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Reports the key when it is absent.
  void require(std::string_view key);

  [[nodiscard]] bool has(std::string_view key) const noexcept;

  /// Makes a key known (to finish() and its suggestions) without reading it.
  void allow(std::string_view key) { asked_.emplace_back(key); }

  [[nodiscard]] std::string text(std::string_view key, std::string fallback);
  [[nodiscard]] bool boolean(std::string_view key, bool fallback);
  [[nodiscard]] std::size_t count(std::string_view key, std::size_t fallback, std::size_t min,
                                  std::size_t max);
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                   std::chrono::milliseconds fallback,
                                                   std::chrono::milliseconds min,
                                                   std::chrono::milliseconds max);
  [[nodiscard]] core::Decimal decimal(std::string_view key, core::Decimal fallback);
  [[nodiscard]] std::optional<core::strategy::FeeRate> rate(std::string_view key);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] std::vector<std::size_t> counts(std::string_view key, std::size_t min,
                                                std::size_t max);

  template <class T, std::size_t N>
  [[nodiscard]] T choice(std::string_view key, T fallback, const std::array<Choice<T>, N>& choices);

  /// The map below `key`; an empty one when it is absent.
  [[nodiscard]] Section section(std::string_view key);

  /// The maps in the list below `key`; none when it is absent.
  [[nodiscard]] std::vector<Section> sections(std::string_view key);

  /// The maps below every key of this one, whatever its name: (name, map).
  [[nodiscard]] std::vector<std::pair<std::string, Section>> children();

  /// A mistake at `key`, which is read and wrong for a reason that only the caller knows.
  void refuse(std::string_view key, std::string message);

  /// Reports every key that was never asked for.
  void finish();

private:
  [[nodiscard]] const Node* find(std::string_view key);
  /// The scalar at `key`; null when absent, broken or not a scalar (reported).
  [[nodiscard]] const Node* scalar(std::string_view key, std::string_view wanted);
  [[nodiscard]] const Node* number(std::string_view key, std::string_view wanted);
  [[nodiscard]] bool is_text(const Node& node, const std::string& path);
  /// The scalars of the list at `key` with their paths; what is none is reported. @param wanted as
  /// in "a list of texts ([a, b])". @param each of its items.
  [[nodiscard]] std::vector<std::pair<const Node*, std::string>>
  scalars(std::string_view key, std::string_view wanted, std::string_view each);

  template <class T>
  [[nodiscard]] std::optional<T> accept(const Node& node, std::string_view key,
                                        core::Result<T> value) {
    if (value)
      return *std::move(value);
    report_->add(node.line, join(path_, key), std::move(value.error().detail));
    return std::nullopt;
  }

  const Node* node_; ///< always a map, perhaps an empty stand-in
  bool usable_;      ///< false: the node is no map, which is reported; missing keys are not news
  std::string path_;
  Report* report_;
  std::vector<std::string> asked_;
};

template <class T, std::size_t N>
T Section::choice(std::string_view key, T fallback, const std::array<Choice<T>, N>& choices) {
  std::array<std::string_view, N> words{};
  std::transform(choices.begin(), choices.end(), words.begin(),
                 [](const Choice<T>& choice) { return choice.first; });
  const auto* node = scalar(key, alternatives(words));
  if (node == nullptr)
    return fallback;
  for (const auto& [word, value] : choices) {
    if (word == node->text)
      return value;
  }
  const auto meant = nearest(node->text, words);
  refuse(key, meant.empty() ? fmt::format("'{}' must be {}", node->text, alternatives(words))
                            : fmt::format("'{}' must be {}; did you mean '{}'?", node->text,
                                          alternatives(words), meant));
  return fallback;
}

} // namespace tandem::config::yaml
