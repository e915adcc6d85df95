/// The console as a person sees it: which view, which row, what is being typed, what waits for a
/// yes; and what a key does to that. Knows no terminal and no engine: what a person wishes of the
/// engine comes out as a Wish.
#pragma once

#include "core/console/keys.hpp"
#include "core/console/table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::console {

enum class View : std::uint8_t { tree, pairs, plans, orders, breakers, sinks, venues, log };
inline constexpr std::size_t view_count = 8;

[[nodiscard]] std::string_view to_string(View view) noexcept;

/// One actor, looked at closely.
struct Detail {
  std::string path;
  std::vector<std::pair<std::string, std::string>> facts; ///< "state" -> "live", ...
  Table counters;                                         ///< name, value
  Table messages;                                         ///< the last ones, newest first
};

/// What is known of the engine: a snapshot, as old as `connected` allows.
struct Model {
  std::string address;
  bool connected = false;
  std::string trouble; ///< why not, while not connected
  std::string engine, mode, version, uptime;
  std::vector<std::string> kills; ///< kill switches that are thrown, in words
  std::array<Table, view_count> tables;
  std::optional<Detail> detail; ///< of Screen::detail, once it is there

  [[nodiscard]] const Table& table(View view) const {
    return tables[static_cast<std::size_t>(view)];
  }

  [[nodiscard]] Table& table(View view) { return tables[static_cast<std::size_t>(view)]; }
};

/// What a person wants done.
struct Wish {
  enum class Kind : std::uint8_t {
    quit,
    redraw,
    restart, ///< target: path of an actor
    kill,    ///< target: path of an actor
    pause,   ///< target: path of an actor, pairs and plans below it
    resume,
    trip, ///< target: name of a breaker
    reset,
    kill_switch,
    release,
  };

  Kind kind = Kind::redraw;
  std::string target{};

  friend bool operator==(const Wish&, const Wish&) = default;
};

/// As a question of a person is answered: "restart engine/... ?"
[[nodiscard]] std::string describe(const Wish& wish);

struct ViewState {
  std::string selected; ///< id of a row; empty: the first (in the log: the last, as it grows)
  std::size_t top = 0;  ///< of the rows shown
  Order order;
  std::string filter;
};

struct Screen {
  View view = View::tree;
  std::array<ViewState, view_count> views;
  std::optional<std::string> detail; ///< path of the actor looked at
  std::size_t detail_top = 0;
  bool help = false;
  bool typing = false;         ///< of the filter
  std::optional<Wish> confirm; ///< waits for "y"
  std::string said;            ///< what came of the last wish

  [[nodiscard]] ViewState& state() { return views[static_cast<std::size_t>(view)]; }

  [[nodiscard]] const ViewState& state() const { return views[static_cast<std::size_t>(view)]; }
};

/// Index among the rows shown; 0 when there are none.
[[nodiscard]] std::size_t selected_index(const Table& table, const std::vector<std::size_t>& shown,
                                         const ViewState& state, View view);

/// @param page rows of a table that fit.
[[nodiscard]] std::optional<Wish> on_key(Screen& screen, const Model& model, const Key& key,
                                         std::size_t page);

} // namespace tandem::core::console
