#include "core/console/render.hpp"

#include "core/console/text.hpp"
#include "tests/core/console/models.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

using namespace tandem::core::console;
using namespace tandem::core::console::testing;

namespace {

std::string screen_text(const Model& model, Screen& screen, Size size = {76, 12}) {
  return plain_text(render(model, screen, size));
}

} // namespace

TEST_CASE("the tree as a screen") {
  Screen screen;
  CHECK(screen_text(small_model(), screen)
        == R"( tandem  mock-engine  0.1.0  up 2m  [mock]            unix:run/console.sock
 1 tree  2 pairs  3 plans  4 orders  5 breakers  6 sinks  7 venues  8 log
name        state          mailbox  last error
engine      rest_for_one         0
  services  one_for_one          0
    venues  one_for_one          0
      feed  restarting           7  killed
    risk    one_for_one          2



 ? help  Enter look closely  / filter  s sort  p pause  u resume  r restart~
)");
}

TEST_CASE("a lost connection and a thrown kill switch cannot be overlooked") {
  Screen screen;
  auto model = small_model();
  model.connected = false;
  model.trouble = "connection refused";
  model.kills = {"all (by api: too fast)"};
  const auto lines = render(model, screen, {76, 12});
  CHECK(lines[2].front().look == Look::alarm);
  CHECK(lines[3].front().look == Look::alarm);
  const auto text = plain_text(lines);
  CHECK(text.find("NO CONNECTION to the engine, trying again; what is shown is old: ")
        != std::string::npos);
  CHECK(text.find("KILL SWITCH THROWN: all (by api: too fast)") != std::string::npos);
}

TEST_CASE("sorted, the tree is flat and tells paths") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "sss");
  CHECK(screen_text(model, screen)
            .find(R"(name                         state         mailbox-  last error
engine/services/venues/feed  restarting           7  killed
engine/services/risk         one_for_one          2
engine                       rest_for_one         0)")
        != std::string::npos);
}

TEST_CASE("a question stands where everybody looks") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "jjjr");
  const auto lines = render(model, screen, {76, 12});
  CHECK(lines[10].front().look == Look::alarm);
  CHECK(lines[10].front().text.starts_with(
      " restart engine/services/venues/feed?  y = yes, any other key = no"));
}

TEST_CASE("an actor looked at closely, with its last messages") {
  Screen screen;
  auto model = small_model();
  screen.detail = "engine/services/venues/feed";
  CHECK(screen_text(model, screen).find("nothing is known of it (yet)") != std::string::npos);
  Detail detail;
  detail.path = *screen.detail;
  detail.facts = {{"state", "live"}, {"last error", "killed"}};
  detail.counters.columns = {{"counter"}, {"value", true}};
  detail.counters.rows = {{"frames", 0, Tone::plain, {{"frames"}, {"12", 12}}}};
  detail.messages.columns = {{"message"}, {"took", true}};
  detail.messages.rows = {{"2", 0, Tone::plain, {{"Tick"}, {"4us", 4'000}}}};
  model.detail = detail;
  CHECK(screen_text(model, screen, {76, 14})
        == R"( tandem  mock-engine  0.1.0  up 2m  [mock]            unix:run/console.sock
 1 tree  2 pairs  3 plans  4 orders  5 breakers  6 sinks  7 venues  8 log
engine/services/venues/feed
state           live
last error      killed

counter    value
frames        12

message    took
Tick        4us


 ? help  Enter look closely  / filter  s sort  p pause  u resume  r restart~
)");
}

TEST_CASE("where there is room, an actor's counters and messages stand beside each other") {
  Screen screen;
  auto model = small_model();
  screen.detail = "engine/services";
  Detail detail;
  detail.path = *screen.detail;
  detail.counters.columns = {{"counter"}, {"value", true}};
  detail.counters.rows = {{"a", 0, Tone::plain, {{"frames"}, {"12", 12}}}};
  detail.messages.columns = {{"message"}, {"took", true}};
  detail.messages.rows = {{"2", 0, Tone::plain, {{"Tick"}, {"4us", 4'000}}},
                          {"1", 0, Tone::plain, {{"Trade"}, {"5us", 5'000}}}};
  model.detail = detail;
  CHECK(screen_text(model, screen, {100, 14}).find(R"(
counter    value                    message    took
frames        12                    Tick        4us
                                    Trade       5us
)") != std::string::npos);
}

TEST_CASE("the chosen row is always seen") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "8");
  CHECK(screen_text(model, screen).find("12:00:30") != std::string::npos);
  for (int i = 0; i < 29; ++i)
    type_keys(screen, model, "k");
  const auto text = screen_text(model, screen);
  CHECK(text.find("12:00:1 ") != std::string::npos);
  CHECK(text.find("12:00:30") == std::string::npos);
}

TEST_CASE("whatever is shown, a screen has its size") {
  rc::check([](const std::string& engine, const std::string& cell, const std::string& filter) {
    auto model = small_model();
    model.engine = engine;
    model.trouble = cell;
    model.connected = *rc::gen::arbitrary<bool>();
    model.table(View::tree).rows[1].cells[3].text = cell;
    Screen screen;
    screen.view = static_cast<View>(*rc::gen::inRange(0, static_cast<int>(view_count)));
    screen.state().filter = filter;
    screen.help = *rc::gen::arbitrary<bool>();
    screen.said = cell;
    const Size size{static_cast<std::size_t>(*rc::gen::inRange(0, 200)),
                    static_cast<std::size_t>(*rc::gen::inRange(0, 60))};
    const auto lines = render(model, screen, size);
    RC_ASSERT(lines.size() == std::max(size.lines, lines_min));
    for (const auto& line : lines) {
      std::size_t columns = 0;
      for (const auto& span : line) {
        columns += width(span.text);
        RC_ASSERT(clean(span.text) == span.text);
      }
      if (!screen.help)
        RC_ASSERT(columns <= std::max(size.columns, columns_min));
    }
  });
}

TEST_CASE("a table for scripts and logs shows every row and column") {
  CHECK(table_text(small_model().table(View::breakers)) == R"(name         state
global       closed
venue.bybit  open
)");
}
