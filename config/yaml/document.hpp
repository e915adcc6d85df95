/// A YAML text as a tree that still knows its lines and its quotes. yaml-cpp's own nodes forget
/// both, take the first of two equal keys and read 0123 as octal; here every scalar stays text
/// until somebody asks for a type (scalars.hpp).
#pragma once

#include "config/yaml/report.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config::yaml {

inline constexpr std::size_t document_bytes_max = 4U << 20U; ///< beyond: refused before parsing
inline constexpr std::size_t document_depth_max = 32;        ///< nested maps and sequences
inline constexpr std::size_t document_keys_max = 10'000;     ///< of one map

/// How a scalar was written. `either` (expanded from the environment, or given by --set) may be
/// read as any type, since neither leaves a choice about quotes.
enum class Style : std::uint8_t { plain, quoted, either };

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };

  Kind kind = Kind::null;
  Style style = Style::plain;
  bool broken
      = false;      ///< its mistake is already reported: readers take the default and stay silent
  int line = 0;     ///< 1-based; 0 = given by --set
  std::string text; ///< scalars only
  std::vector<Node> items;
  std::vector<Entry> entries;

  /// Null when absent or when this is no map.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
  [[nodiscard]] Node* find(std::string_view key) noexcept;
};

struct Entry {
  std::string key;
  int line = 0;
  Node value;
};

/// The dotted path of an entry or item below `path`.
[[nodiscard]] std::string join(const std::string& path, std::string_view key);
[[nodiscard]] std::string join(const std::string& path, std::size_t index);

/// One document. Refuses, into `report`: syntax errors (the first one only), duplicate keys (all),
/// aliases and tags (all), a second document, too deep or too long a text. Nullopt when there is no
/// tree to go on with.
[[nodiscard]] std::optional<Node> parse_document(std::string_view text, Report& report);

} // namespace tandem::config::yaml
