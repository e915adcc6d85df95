/// Which of the things that trade depend on a place of the tree. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::supervision {

/// Something that trades, and the places it cannot do without: its own actor, its markets.
struct Dependent {
  std::string id;
  std::vector<std::string> places; ///< paths
};

/// Those that live below the place or rest on it: of a feed all whose market it is, of a pair's own
/// actor that pair, of the root all.
/// @param path of a place. @return ids in the order given
[[nodiscard]] std::vector<std::string> dependents_of(std::string_view path,
                                                     std::span<const Dependent> all);

} // namespace tandem::core::supervision
