/// One map of a scenario read key by key, strictly: wrong types, unknown and doubled keys are
/// mistakes with file, line and key.
#pragma once

#include "apps/tandem_sim/scenario.hpp"

#include <yaml-cpp/node/node.h>

#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

struct ReadContext {
  std::string file;
  Environment environment;
  std::vector<Mistake> mistakes;

  void add(const YAML::Node& node, const std::string& key, std::string text);
};

class Reader {
public:
  /// @param path of the map, empty for the document. @param context must outlive it.
  Reader(YAML::Node node, std::string path, ReadContext& context);

  [[nodiscard]] bool has(std::string_view key) const;
  void require(std::string_view key);
  [[nodiscard]] std::string text(std::string_view key, std::string fallback);
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                                     std::int64_t max);
  [[nodiscard]] bool boolean(std::string_view key, bool fallback);
  [[nodiscard]] Millis duration(std::string_view key, Millis fallback, Millis min, Millis max);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  /// `[min, max]`; with `durations` both carry a unit and are milliseconds.
  [[nodiscard]] Range range(std::string_view key, Range fallback, std::int64_t max, bool durations);
  [[nodiscard]] Reader section(std::string_view key);
  [[nodiscard]] std::vector<Reader> items(std::string_view key);
  /// The keys of this map as written, for maps whose keys are names; none of them is a mistake
  /// then.
  [[nodiscard]] std::vector<std::string> keys();
  /// A mistake of the value at `key`.
  void refuse(std::string_view key, std::string text);
  /// Reports the keys nobody asked for and those given twice.
  void finish();

  [[nodiscard]] std::string join(std::string_view key) const;

private:
  [[nodiscard]] YAML::Node find(std::string_view key);
  [[nodiscard]] std::optional<std::string> scalar(std::string_view key, std::string_view wanted);
  [[nodiscard]] std::optional<std::string> expanded(const YAML::Node& node, const std::string& key);

  YAML::Node node_;
  std::string path_;
  ReadContext* context_;
  std::vector<std::string> asked_;
};

/// accounts: (scenario_accounts.cpp).
void read_accounts(Reader& in, Scenario& out);

/// Replaces ${NAME} and ${NAME:-default}. Nullopt and a mistake text in `why` when a name is unset
/// or a brace missing.
[[nodiscard]] std::optional<std::string> expand(std::string_view text,
                                                const Environment& environment, std::string& why);

/// "250ms", "5s", "2m", "24h".
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text) noexcept;

/// The candidate that was probably meant; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string>& candidates);

} // namespace tandem::sim
