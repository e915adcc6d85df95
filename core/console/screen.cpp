#include "core/console/screen.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::console {
namespace {

using Kind = Wish::Kind;
using Name = Key::Name;

constexpr std::size_t filter_max = 64;

/// What is harmless, or only ever makes things stop gently, is done at once.
bool needs_confirmation(Kind kind) {
  switch (kind) {
  case Kind::quit:
  case Kind::redraw:
  case Kind::pause:
    return false;
  case Kind::restart:
  case Kind::kill:
  case Kind::resume:
  case Kind::trip:
  case Kind::reset:
  case Kind::kill_switch:
  case Kind::release:
    return true;
  }
  return true;
}

std::string_view verb(Kind kind) {
  switch (kind) {
  case Kind::quit:
    return "quit";
  case Kind::redraw:
    return "redraw";
  case Kind::restart:
    return "restart";
  case Kind::kill:
    return "kill";
  case Kind::pause:
    return "pause";
  case Kind::resume:
    return "resume";
  case Kind::trip:
    return "trip breaker";
  case Kind::reset:
    return "reset breaker";
  case Kind::kill_switch:
    return "throw the KILL SWITCH: no new orders, cancel all";
  case Kind::release:
    return "release the kill switch";
  }
  return "";
}

std::optional<Wish> ask(Screen& screen, Wish wish) {
  screen.said.clear();
  if (!needs_confirmation(wish.kind))
    return wish;
  screen.confirm = std::move(wish);
  return std::nullopt;
}

const Row* selected_row(const Screen& screen, const Model& model) {
  const auto& table = model.table(screen.view);
  const auto& state = screen.state();
  const auto shown = visible(table, state.filter, state.order);
  if (shown.empty())
    return nullptr;
  return &table.rows[shown[selected_index(table, shown, state, screen.view)]];
}

/// Path of the actor that a wish is about; nullopt: this view has none.
std::optional<std::string> selected_path(const Screen& screen, const Model& model) {
  if (screen.detail)
    return screen.detail;
  const auto* row = selected_row(screen, model);
  const bool actors = screen.view != View::orders && screen.view != View::log;
  return row != nullptr && actors ? std::optional{row->id} : std::nullopt;
}

void move(Screen& screen, const Model& model, std::ptrdiff_t by) {
  if (screen.detail) {
    const auto top = static_cast<std::ptrdiff_t>(screen.detail_top) + by;
    screen.detail_top = static_cast<std::size_t>(std::max<std::ptrdiff_t>(top, 0));
    return;
  }
  auto& state = screen.state();
  const auto& table = model.table(screen.view);
  const auto shown = visible(table, state.filter, state.order);
  if (shown.empty())
    return;
  const auto last = static_cast<std::ptrdiff_t>(shown.size()) - 1;
  const auto at
      = static_cast<std::ptrdiff_t>(selected_index(table, shown, state, screen.view)) + by;
  const auto index = std::clamp<std::ptrdiff_t>(at, 0, last);
  // At its end the log goes on by itself.
  const bool follows = screen.view == View::log && index == last;
  state.selected = follows ? std::string{} : table.rows[shown[static_cast<std::size_t>(index)]].id;
}

void show(Screen& screen, std::size_t view) {
  screen.view = static_cast<View>(view % view_count);
  screen.detail.reset();
  screen.detail_top = 0;
  screen.said.clear();
}

void next_order(Screen& screen, const Model& model) {
  auto& order = screen.state().order;
  const auto columns = model.table(screen.view).columns.size();
  const auto next = order.column ? *order.column + 1 : 0;
  order = next < columns ? Order{next, next != 0} : Order{};
}

void type(Screen& screen, const Key& key) {
  auto& filter = screen.state().filter;
  if (key.name == Name::enter || key.name == Name::escape || key.name == Name::interrupt) {
    if (key.name == Name::escape)
      filter.clear();
    screen.typing = false;
  } else if (key.name == Name::backspace && !filter.empty()) {
    while (!filter.empty() && (static_cast<unsigned char>(filter.back()) & 0xc0) == 0x80)
      filter.pop_back();
    if (!filter.empty())
      filter.pop_back();
  } else if (key.name == Name::letter && filter.size() < filter_max) {
    filter += key.letter;
  }
}

void leave(Screen& screen) {
  if (screen.detail)
    screen.detail.reset();
  else
    screen.state().filter.clear();
  screen.detail_top = 0;
}

/// Of the breaker that is selected; nullopt elsewhere.
std::optional<Wish> breaker_wish(Screen& screen, const Model& model, Kind kind) {
  const auto* row = screen.detail ? nullptr : selected_row(screen, model);
  constexpr std::string_view mark = "/breaker.";
  const auto path = screen.detail ? *screen.detail : row != nullptr ? row->id : std::string{};
  const auto at = path.rfind(mark);
  if (at == std::string::npos) {
    screen.said = "choose a breaker first (view 5)";
    return std::nullopt;
  }
  return ask(screen, {kind, path.substr(at + mark.size())});
}

std::optional<Wish> actor_wish(Screen& screen, const Model& model, Kind kind) {
  auto path = selected_path(screen, model);
  if (!path) {
    screen.said = "choose an actor first";
    return std::nullopt;
  }
  return ask(screen, {kind, *std::move(path)});
}

std::optional<Wish> on_letter(Screen& screen, const Model& model, char letter) {
  if (letter >= '1' && letter < '1' + static_cast<char>(view_count)) {
    show(screen, static_cast<std::size_t>(letter - '1'));
    return std::nullopt;
  }
  switch (letter) {
  case 'q':
    return Wish{Kind::quit};
  case '?':
  case 'h':
    screen.help = true;
    return std::nullopt;
  case '/':
    screen.typing = !screen.detail;
    return std::nullopt;
  case 's':
    next_order(screen, model);
    return std::nullopt;
  case 'S':
    screen.state().order.descending = !screen.state().order.descending;
    return std::nullopt;
  case 'j':
    move(screen, model, 1);
    return std::nullopt;
  case 'k':
    move(screen, model, -1);
    return std::nullopt;
  case 'p':
    return actor_wish(screen, model, Kind::pause);
  case 'u':
    return actor_wish(screen, model, Kind::resume);
  case 'r':
    return actor_wish(screen, model, Kind::restart);
  case 'K':
    return actor_wish(screen, model, Kind::kill);
  case 't':
    return breaker_wish(screen, model, Kind::trip);
  case 'c':
    return breaker_wish(screen, model, Kind::reset);
  case '!':
    return ask(screen, {Kind::kill_switch});
  case 'R':
    return ask(screen, {Kind::release});
  default:
    return std::nullopt;
  }
}

std::optional<Wish> on_confirmation(Screen& screen, const Key& key) {
  auto wish = *std::exchange(screen.confirm, std::nullopt);
  if (key.name == Name::letter && (key.letter == "y" || key.letter == "Y"))
    return wish;
  screen.said = "not done: " + describe(wish);
  return std::nullopt;
}

void open_detail(Screen& screen, const Model& model) {
  if (auto path = selected_path(screen, model); path && !screen.detail) {
    screen.detail = *std::move(path);
    screen.detail_top = 0;
  }
}

} // namespace

std::string_view to_string(View view) noexcept {
  switch (view) {
  case View::tree:
    return "tree";
  case View::pairs:
    return "pairs";
  case View::plans:
    return "plans";
  case View::orders:
    return "orders";
  case View::breakers:
    return "breakers";
  case View::sinks:
    return "sinks";
  case View::venues:
    return "venues";
  case View::log:
    return "log";
  }
  return "";
}

std::string describe(const Wish& wish) {
  std::string text{verb(wish.kind)};
  return wish.target.empty() ? text : text + ' ' + wish.target;
}

std::size_t selected_index(const Table& table, const std::vector<std::size_t>& shown,
                           const ViewState& state, View view) {
  if (shown.empty())
    return 0;
  const auto found = std::find_if(shown.begin(), shown.end(), [&](std::size_t row) {
    return table.rows[row].id == state.selected;
  });
  if (found != shown.end() && !state.selected.empty())
    return static_cast<std::size_t>(found - shown.begin());
  return view == View::log ? shown.size() - 1 : 0;
}

std::optional<Wish> on_key(Screen& screen, const Model& model, const Key& key, std::size_t page) {
  if (screen.confirm)
    return on_confirmation(screen, key);
  if (key.name == Name::interrupt)
    return Wish{Kind::quit};
  if (key.name == Name::redraw)
    return Wish{Kind::redraw};
  if (screen.help) {
    screen.help = false;
    return std::nullopt;
  }
  if (screen.typing) {
    type(screen, key);
    return std::nullopt;
  }
  const auto step = static_cast<std::ptrdiff_t>(std::max<std::size_t>(page, 1));
  constexpr std::ptrdiff_t far = 1'000'000;
  switch (key.name) {
  case Name::letter:
    return key.letter.size() == 1 ? on_letter(screen, model, key.letter.front()) : std::nullopt;
  case Name::up:
    move(screen, model, -1);
    break;
  case Name::down:
    move(screen, model, 1);
    break;
  case Name::page_up:
    move(screen, model, -step);
    break;
  case Name::page_down:
    move(screen, model, step);
    break;
  case Name::home:
    move(screen, model, -far);
    break;
  case Name::end:
    move(screen, model, screen.detail ? step : far);
    break;
  case Name::tab:
  case Name::right:
    show(screen, static_cast<std::size_t>(screen.view) + 1);
    break;
  case Name::back_tab:
  case Name::left:
    show(screen, static_cast<std::size_t>(screen.view) + view_count - 1);
    break;
  case Name::enter:
    open_detail(screen, model);
    break;
  case Name::escape:
  case Name::backspace:
    leave(screen);
    break;
  case Name::interrupt:
  case Name::redraw:
    break;
  }
  return std::nullopt;
}

} // namespace tandem::core::console
