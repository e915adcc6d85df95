/// Collects every mistake of one load, in any order, and hands them out sorted by line.
#pragma once

#include "config/load.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::config::yaml {

class Report {
public:
  explicit Report(std::string file) : file_{std::move(file)} {}

  /// @param line 1-based; 0 = the value came from --set.
  void add(int line, std::string key, std::string message);

  /// A mistake of the file as a whole.
  void add_file(std::string message);

  /// A mistake at this key, at one above it or at one below it: a rule about it would only repeat
  /// what is known.
  [[nodiscard]] bool covers(std::string_view key) const noexcept;

  [[nodiscard]] bool empty() const noexcept { return mistakes_.empty(); }

  [[nodiscard]] std::vector<Mistake> take_sorted() &&;

private:
  std::string file_;
  std::vector<Mistake> mistakes_;
};

} // namespace tandem::config::yaml
