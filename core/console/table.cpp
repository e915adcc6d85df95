#include "core/console/table.hpp"

#include <algorithm>
#include <numeric>

namespace tandem::core::console {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::vector<std::string> words_of(std::string_view filter) {
  std::vector<std::string> words;
  auto rest = lower(filter);
  std::string word;
  for (const char c : rest + ' ') {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (!word.empty())
      words.push_back(std::move(word));
    word.clear();
  }
  return words;
}

bool matches(const Row& row, const std::vector<std::string>& words) {
  auto text = lower(row.id);
  for (const auto& cell : row.cells)
    text += '\n' + lower(cell.text);
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

/// With the rows above each match, by their depth.
std::vector<std::size_t> filtered(const Table& table, const std::vector<std::string>& words,
                                  bool with_parents) {
  std::vector<bool> shown(table.rows.size());
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (!matches(table.rows[i], words))
      continue;
    shown[i] = true;
    auto depth = table.rows[i].depth;
    for (auto above = i; with_parents && above-- > 0 && depth > 0;) {
      if (table.rows[above].depth >= depth)
        continue;
      shown[above] = true;
      depth = table.rows[above].depth;
    }
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (shown[i])
      result.push_back(i);
  return result;
}

/// Numbers before texts.
bool before(const Cell& a, const Cell& b) {
  if (a.number && b.number)
    return *a.number < *b.number;
  if (a.number || b.number)
    return a.number.has_value();
  return lower(a.text) < lower(b.text);
}

} // namespace

const Row* Table::find(std::string_view id) const {
  const auto found
      = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.id == id; });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::size_t> visible(const Table& table, std::string_view filter, const Order& order) {
  const bool sorted = order.column && *order.column < table.columns.size();
  auto result = filtered(table, words_of(filter), !sorted);
  if (!sorted)
    return result;
  std::stable_sort(result.begin(), result.end(), [&](std::size_t a, std::size_t b) {
    const auto& one = table.rows[a].cells[*order.column];
    const auto& other = table.rows[b].cells[*order.column];
    return order.descending ? before(other, one) : before(one, other);
  });
  return result;
}

} // namespace tandem::core::console
