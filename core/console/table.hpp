/// What every view of the console is: rows with named columns, sorted and filtered the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::console {

/// How a row or a word is meant to look.
enum class Tone : std::uint8_t { plain, dim, good, warn, bad };

struct Cell {
  std::string text;
  std::optional<std::int64_t> number{}; ///< what it is sorted by; nullopt: its text
};

struct Row {
  std::string id;        ///< stays the same over refreshes; the path of an actor
  std::size_t depth = 0; ///< in the tree; 0 elsewhere
  Tone tone = Tone::plain;
  std::vector<Cell> cells; ///< one for each column
};

struct Column {
  std::string name;
  bool right = false;         ///< figures stand at the right end
  std::size_t width_max = 48; ///< columns of the terminal; the last one takes what is left
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;

  /// nullptr: not there (any more).
  [[nodiscard]] const Row* find(std::string_view id) const;
};

/// nullopt: the order in which the rows came.
struct Order {
  std::optional<std::size_t> column;
  bool descending = false;
};

/// Rows to show, as indices of table.rows. A filter's words must all stand in the row's id or
/// cells, whatever their case. In a tree without order the rows above a match are shown too; with
/// an order it is flat. Rows that are equal keep their order.
[[nodiscard]] std::vector<std::size_t> visible(const Table& table, std::string_view filter,
                                               const Order& order);

} // namespace tandem::core::console
