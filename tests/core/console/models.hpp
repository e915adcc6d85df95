/// A small engine for the console's tests.
#pragma once

#include "core/console/screen.hpp"

#include <string>
#include <string_view>

namespace tandem::core::console::testing {

inline Model small_model() {
  Model model;
  model.address = "unix:run/console.sock";
  model.connected = true;
  model.engine = "mock-engine";
  model.mode = "mock";
  model.version = "0.1.0";
  model.uptime = "2m";
  auto& tree = model.table(View::tree);
  tree.columns = {{"name"}, {"state"}, {"mailbox", true}, {"last error"}};
  const auto add = [&](const char* id, std::size_t depth, const char* name, const char* state,
                       std::int64_t mailbox, Tone tone, const char* error) {
    tree.rows.push_back(
        {id, depth, tone, {{name}, {state}, {std::to_string(mailbox), mailbox}, {error}}});
  };
  add("engine", 0, "engine", "rest_for_one", 0, Tone::plain, "");
  add("engine/services", 1, "services", "one_for_one", 0, Tone::plain, "");
  add("engine/services/venues", 2, "venues", "one_for_one", 0, Tone::plain, "");
  add("engine/services/venues/feed", 3, "feed", "restarting", 7, Tone::bad, "killed");
  add("engine/services/risk", 2, "risk", "one_for_one", 2, Tone::plain, "");
  auto& breakers = model.table(View::breakers);
  breakers.columns = {{"name"}, {"state"}};
  breakers.rows
      = {{"engine/services/risk/breaker.global", 0, Tone::good, {{"global"}, {"closed"}}},
         {"engine/services/risk/breaker.venue.bybit", 0, Tone::bad, {{"venue.bybit"}, {"open"}}}};
  auto& log = model.table(View::log);
  log.columns = {{"time"}, {"event"}};
  for (int i = 1; i <= 30; ++i)
    log.rows.push_back(
        {std::to_string(i), 0, Tone::plain, {{"12:00:" + std::to_string(i)}, {"event"}}});
  return model;
}

/// Letters one after the other; the last wish counts.
inline std::optional<Wish> type_keys(Screen& screen, const Model& model, std::string_view letters) {
  std::optional<Wish> wish;
  for (const char letter : letters)
    wish = on_key(screen, model, {Key::Name::letter, std::string{letter}}, 10);
  return wish;
}

} // namespace tandem::core::console::testing
