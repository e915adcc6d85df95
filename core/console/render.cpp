#include "core/console/render.hpp"

#include "core/console/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

namespace tandem::core::console {
namespace {

constexpr std::size_t gap = 2; ///< columns of the terminal between those of a table

Look look_of(Tone tone) {
  switch (tone) {
  case Tone::plain:
    return Look::plain;
  case Tone::dim:
    return Look::dim;
  case Tone::good:
    return Look::good;
  case Tone::warn:
    return Look::warn;
  case Tone::bad:
    return Look::bad;
  }
  return Look::plain;
}

/// In a tree the name stands under its parent; sorted, it is flat and says where it is.
std::string cell_text(const Row& row, std::size_t column, bool flat) {
  if (column != 0)
    return clean(row.cells[column].text);
  if (flat && row.depth > 0)
    return clean(row.id);
  return std::string(2 * row.depth, ' ') + clean(row.cells[0].text);
}

std::vector<std::size_t> widths_of(const Table& table, const std::vector<std::size_t>& shown,
                                   bool flat) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    auto widest = width(table.columns[c].name) + 1; // room for the mark of the order
    for (const auto row : shown)
      widest = std::max(widest, width(cell_text(table.rows[row], c, flat)));
    widths.push_back(std::min(widest, table.columns[c].width_max));
  }
  return widths;
}

/// The first column gives way down to half of what it wants; the last takes what is left, unless it
/// is a figure, which stands near what it belongs to.
void squeeze(std::vector<std::size_t>& widths, const Table& table, std::size_t columns) {
  if (widths.empty())
    return;
  const auto others = std::accumulate(widths.begin(), widths.end() - 1, std::size_t{0})
                      + gap * (widths.size() - 1);
  constexpr std::size_t last_min = 8, first_min = 12;
  if (others + last_min > columns && widths.size() > 1) {
    const auto least = std::min(widths[0], std::max(widths[0] / 2, first_min));
    widths[0] -= std::min(others + last_min - columns, widths[0] - least);
  }
  const auto used = std::accumulate(widths.begin(), widths.end() - 1, std::size_t{0})
                    + gap * (widths.size() - 1);
  const auto left = columns > used ? columns - used : 0;
  widths.back() = table.columns.back().right ? std::min(widths.back(), left) : left;
}

Line row_line(const Table& table, const Row& row, const std::vector<std::size_t>& widths, bool flat,
              bool selected, std::size_t columns) {
  std::string text;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (c != 0)
      text += std::string(gap, ' ');
    text += fit(cell_text(row, c, flat), widths[c], table.columns[c].right);
  }
  text = fit(text, columns);
  return {{std::move(text), selected ? Look::selected : look_of(row.tone)}};
}

Line head_line(const Table& table, const std::vector<std::size_t>& widths, const Order& order,
               std::size_t columns) {
  std::string text;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (c != 0)
      text += std::string(gap, ' ');
    auto name = table.columns[c].name;
    if (order.column == c)
      name += order.descending ? '-' : '+';
    text += fit(name, widths[c], table.columns[c].right);
  }
  return {{fit(text, columns), Look::title}};
}

std::vector<Line> table_lines(const Model& model, Screen& screen, Size area) {
  const auto& table = model.table(screen.view);
  auto& state = screen.state();
  const auto shown = visible(table, state.filter, state.order);
  const bool flat = state.order.column.has_value();
  auto widths = widths_of(table, shown, flat);
  squeeze(widths, table, area.columns);
  std::vector<Line> lines;
  if (!table.columns.empty())
    lines.push_back(head_line(table, widths, state.order, area.columns));
  const auto room = area.lines > 1 ? area.lines - 1 : 1;
  const auto at = selected_index(table, shown, state, screen.view);
  state.top = std::min(state.top, at);
  if (at >= state.top + room)
    state.top = at - room + 1;
  state.top = shown.size() > room ? std::min(state.top, shown.size() - room) : 0;
  for (auto i = state.top; i < shown.size() && i < state.top + room; ++i)
    lines.push_back(row_line(table, table.rows[shown[i]], widths, flat, i == at, area.columns));
  if (shown.empty())
    lines.push_back({{state.filter.empty() ? "  nothing here" : "  nothing matches", Look::dim}});
  return lines;
}

std::vector<Line> whole_table(const Table& table, std::size_t columns) {
  std::vector<std::size_t> all(table.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  auto widths = widths_of(table, all, false);
  squeeze(widths, table, columns);
  std::vector<Line> lines{head_line(table, widths, {}, columns)};
  for (const auto& row : table.rows)
    lines.push_back(row_line(table, row, widths, false, false, columns));
  return lines;
}

/// Counters and messages: beside each other where there is room, else one below the other.
std::vector<Line> detail_tables(const Detail& detail, std::size_t columns) {
  constexpr std::size_t beside_from = 100, left = 36;
  if (columns < beside_from) {
    auto lines = whole_table(detail.counters, columns);
    lines.emplace_back();
    for (auto& line : whole_table(detail.messages, columns))
      lines.push_back(std::move(line));
    return lines;
  }
  auto lines = whole_table(detail.counters, left - gap);
  auto messages = whole_table(detail.messages, columns - left);
  for (std::size_t i = 0; i < std::max(lines.size(), messages.size()); ++i) {
    if (i == lines.size())
      lines.push_back({{std::string(left - gap, ' '), Look::plain}});
    if (i >= messages.size())
      continue;
    lines[i].push_back({std::string(gap, ' '), Look::plain});
    lines[i].insert(lines[i].end(), messages[i].begin(), messages[i].end());
  }
  return lines;
}

std::vector<Line> detail_lines(const Model& model, Screen& screen, Size area) {
  std::vector<Line> all;
  all.push_back({{cut(clean(*screen.detail), area.columns), Look::title}});
  if (!model.detail || model.detail->path != *screen.detail) {
    all.push_back({{"  nothing is known of it (yet)", Look::dim}});
    return all;
  }
  for (const auto& [name, value] : model.detail->facts)
    all.push_back({{fit(name, 16), Look::dim},
                   {cut(clean(value), area.columns > 16 ? area.columns - 16 : 0), Look::plain}});
  all.emplace_back();
  for (auto& line : detail_tables(*model.detail, area.columns))
    all.push_back(std::move(line));
  const auto last = all.size() > area.lines ? all.size() - area.lines : 0;
  screen.detail_top = std::min(screen.detail_top, last);
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(screen.detail_top));
  return all;
}

std::vector<Line> help_lines() {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> keys{{
      {"1 .. 8, Tab", "views: tree, pairs, plans, orders, breakers, sinks, venues, log"},
      {"up, down, j, k", "choose; PgUp, PgDn, Home, End"},
      {"Enter", "look at the actor closely; Esc: back"},
      {"/", "filter by words; Enter keeps it, Esc clears it"},
      {"s, S", "sort by the next column; the other way round"},
      {"", ""},
      {"p", "pause the pairs and plans that depend on the chosen actor"},
      {"u", "resume them                                        (asks)"},
      {"r", "restart the actor in order, through its supervisor (asks)"},
      {"K", "kill the actor; mode mock only                     (asks)"},
      {"t, c", "breaker: trip; reset, which lets it try again      (asks)"},
      {"!", "KILL SWITCH: no new orders, cancel all             (asks)"},
      {"R", "release the kill switch                            (asks)"},
      {"", ""},
      {"?", "this help"},
      {"Ctrl-L", "draw again"},
      {"q, Ctrl-C", "leave; the engine goes on"},
      {"", "any key goes back"},
  }};
  std::vector<Line> lines{{{"Keys", Look::title}}, {}};
  for (const auto& [key, what] : keys)
    lines.push_back({{"  " + fit(key, 18), Look::good}, {std::string{what}, Look::plain}});
  return lines;
}

Line top_line(const Model& model, std::size_t columns) {
  std::string left = " tandem";
  for (const auto* part : {&model.engine, &model.version})
    if (!part->empty())
      left += "  " + clean(*part);
  if (!model.uptime.empty())
    left += "  up " + model.uptime;
  const auto mode = model.mode.empty() ? std::string{} : "  [" + clean(model.mode) + ']';
  const auto used = width(left) + width(mode);
  Line line{{cut(left, columns), Look::title}};
  if (used < columns) {
    line.push_back({mode, model.mode == "prod" ? Look::bad : Look::good});
    line.push_back({fit(clean(model.address) + ' ', columns - used, true), Look::dim});
  }
  return line;
}

Line tab_line(const Screen& screen, std::size_t columns) {
  Line line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < view_count; ++i) {
    const auto view = static_cast<View>(i);
    auto text = ' ' + std::to_string(i + 1) + ' ' + std::string{to_string(view)} + ' ';
    if (used + text.size() > columns)
      break;
    used += text.size();
    line.push_back({std::move(text), view == screen.view ? Look::selected : Look::dim});
  }
  return line;
}

std::vector<Line> banners(const Model& model, std::size_t columns) {
  std::vector<Line> lines;
  if (!model.connected)
    lines.push_back({{fit(" NO CONNECTION to the engine, trying again; what is shown is old: "
                              + clean(model.trouble),
                          columns),
                      Look::alarm}});
  if (!model.kills.empty()) {
    std::string text = " KILL SWITCH THROWN:";
    for (const auto& kill : model.kills)
      text += ' ' + clean(kill);
    lines.push_back({{fit(text, columns), Look::alarm}});
  }
  return lines;
}

Line status_line(const Screen& screen, std::size_t columns) {
  const auto& state = screen.state();
  if (screen.confirm)
    return {
        {fit(" " + clean(describe(*screen.confirm)) + "?  y = yes, any other key = no", columns),
         Look::alarm}};
  if (screen.typing)
    return {{cut(" filter: " + clean(state.filter) + '_', columns), Look::warn}};
  if (!screen.said.empty())
    return {{cut(' ' + clean(screen.said), columns), Look::warn}};
  if (!state.filter.empty())
    return {{cut(" filter: " + clean(state.filter) + "  (Esc clears it)", columns), Look::dim}};
  return {};
}

Line key_line(std::size_t columns) {
  return {{cut(" ? help  Enter look closely  / filter  s sort  p pause  u resume  r restart"
               "  ! KILL SWITCH  q leave",
               columns),
           Look::dim}};
}

} // namespace

std::size_t page_of(const Model& model, Size size) {
  const auto frame = 5 + (model.connected ? 0U : 1U) + (model.kills.empty() ? 0U : 1U);
  return size.lines > frame + 1 ? size.lines - frame : 1;
}

std::vector<Line> render(const Model& model, Screen& screen, Size size) {
  size.columns = std::max(size.columns, columns_min);
  size.lines = std::max(size.lines, lines_min);
  std::vector<Line> lines{top_line(model, size.columns), tab_line(screen, size.columns)};
  for (auto& line : banners(model, size.columns))
    lines.push_back(std::move(line));
  const Size area{size.columns, size.lines - lines.size() - 2};
  auto body = screen.help     ? help_lines()
              : screen.detail ? detail_lines(model, screen, area)
                              : table_lines(model, screen, area);
  body.resize(area.lines);
  for (auto& line : body)
    lines.push_back(std::move(line));
  lines.push_back(status_line(screen, size.columns));
  lines.push_back(key_line(size.columns));
  return lines;
}

std::string plain_text(const std::vector<Line>& lines) {
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (const auto& span : line)
      row += span.text;
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::string table_text(const Table& table) {
  std::vector<std::size_t> all(table.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto widths = widths_of(table, all, false);
  const auto columns = std::accumulate(widths.begin(), widths.end(), std::size_t{0})
                       + gap * (widths.empty() ? 0 : widths.size() - 1);
  std::vector<Line> lines{head_line(table, widths, {}, columns)};
  for (const auto row : all)
    lines.push_back(row_line(table, table.rows[row], widths, false, false, columns));
  return plain_text(lines);
}

} // namespace tandem::core::console
