/// YAML plus environment to Config. Reports every mistake at once, each with file, line, key and a
/// hint; never half a configuration.
#pragma once

#include "config/schema.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::config {

struct Mistake {
  std::string file;
  int line = 0;        ///< 1-based; 0 = the file as a whole, or --set (then `file` says so)
  std::string key;     ///< dotted path: "venues.binance.spot.rest", "pairs[1].leg2.symbol"
  std::string message; ///< what is wrong and what would be right
};

/// "config.yaml:12: venues.binance.spot.rest: ..."
[[nodiscard]] std::string describe(const Mistake& mistake);

/// Name -> value; nullopt when unset. Injected so that tests own the environment.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

using Override = std::pair<std::string,
                           std::string>; ///< --set KEY=VALUE, dotted path as in Mistake::key;
                                         ///< a list's item also by its id: pairs.my_pair.threshold

struct LoadResult {
  Config config; ///< only to be used when mistakes is empty
  std::vector<Mistake> mistakes;
};

/// Reads a file and everything it says. ${NAME} and ${NAME:-default} in scalars are expanded from
/// the environment.
[[nodiscard]] LoadResult load_file(const std::string& path, const Environment& environment,
                                   const std::vector<Override>& overrides = {});

/// The same from text; `name` stands in the mistakes.
[[nodiscard]] LoadResult load_text(std::string_view yaml, const std::string& name,
                                   const Environment& environment,
                                   const std::vector<Override>& overrides = {});

} // namespace tandem::config
