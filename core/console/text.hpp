/// Text on a terminal: how many columns it takes, cut and filled to a width. UTF-8; what is not is
/// shown as '?', and so are control characters, so that no venue's bytes steer the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::core::console {

/// Printable, in one line.
[[nodiscard]] std::string clean(std::string_view text);

/// Columns of a clean text.
[[nodiscard]] std::size_t width(std::string_view text);

/// At most that wide; what was cut ends in '~'.
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);

/// Exactly that wide. @param right the text stands at the right end.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns, bool right = false);

/// "0", "850ns", "12us", "3.4ms", "1.2s", "5m", "3h": two figures are enough for a column.
[[nodiscard]] std::string duration_text(std::int64_t ns);

/// "950", "12.3k", "4.5M".
[[nodiscard]] std::string count_text(std::int64_t count);

/// Tenths as "0.5", "12".
[[nodiscard]] std::string tenths_text(std::int64_t tenths);

} // namespace tandem::core::console
