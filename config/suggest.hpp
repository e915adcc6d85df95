/// The word somebody probably meant. For messages only.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tandem::config {

/// The candidate nearest to `word` (case, '-' and '_' do not count; up to a third of it may differ,
/// swapped neighbours are one difference); empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// "did you mean 'x'?" or, with nothing near, "known: a, b, c".
[[nodiscard]] std::string suggest(std::string_view word,
                                  std::span<const std::string_view> candidates);

/// "a, b or c".
[[nodiscard]] std::string alternatives(std::span<const std::string_view> words);

} // namespace tandem::config
