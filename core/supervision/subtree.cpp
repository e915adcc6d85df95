#include "core/supervision/subtree.hpp"

#include <algorithm>

namespace tandem::core::supervision {
namespace {

bool is_at_or_below(std::string_view path, std::string_view place) {
  return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

} // namespace

std::vector<std::string> dependents_of(std::string_view path, std::span<const Dependent> all) {
  std::vector<std::string> result;
  for (const auto& one : all)
    if (std::any_of(one.places.begin(), one.places.end(), [&](const std::string& place) {
          return is_at_or_below(place, path) || is_at_or_below(path, place);
        }))
      result.push_back(one.id);
  return result;
}

} // namespace tandem::core::supervision
