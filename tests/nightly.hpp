/// How far a test goes: a little on every commit, all the way with scripts/test --nightly.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace tandem::tests {

[[nodiscard]] inline std::size_t cases(std::size_t commit, std::size_t nightly) {
  const char* wish = std::getenv("TANDEM_NIGHTLY");
  return wish != nullptr && std::string_view{wish} == "1" ? nightly : commit;
}

/// Whole plays of random histories: under a sanitizer, which is ten times slower and looks for
/// other mistakes, a tenth of them.
[[nodiscard]] inline std::size_t plays(std::size_t commit, std::size_t nightly) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return cases(commit, nightly) / 10;
#else
  return cases(commit, nightly);
#endif
}

/// Per parser.
[[nodiscard]] inline std::size_t mangled_frames() {
  return cases(10'000, 10'000'000);
}

} // namespace tandem::tests
