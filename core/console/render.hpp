/// The screen as lines of spans: what stands where and how it is meant to look. The terminal's own
/// codes are the program's business.
#pragma once

#include "core/console/screen.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::core::console {

enum class Look : std::uint8_t { plain, dim, good, warn, bad, title, selected, alarm };

struct Span {
  std::string text;
  Look look = Look::plain;

  friend bool operator==(const Span&, const Span&) = default;
};

using Line = std::vector<Span>;

struct Size {
  std::size_t columns = 80, lines = 24;
};

inline constexpr std::size_t columns_min = 40;
inline constexpr std::size_t lines_min = 8;

/// Exactly size.lines lines of at most size.columns columns. Moves the screen's windows so that the
/// selected row is seen.
[[nodiscard]] std::vector<Line> render(const Model& model, Screen& screen, Size size);

/// Rows of a table that fit.
[[nodiscard]] std::size_t page_of(const Model& model, Size size);

/// Without looks, without spaces at the ends.
[[nodiscard]] std::string plain_text(const std::vector<Line>& lines);

/// A table as a one-shot command prints it: all rows, every column as wide as it needs.
[[nodiscard]] std::string table_text(const Table& table);

} // namespace tandem::core::console
