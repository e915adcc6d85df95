#include "core/console/screen.hpp"

#include "tests/core/console/models.hpp"

#include <doctest/doctest.h>

using namespace tandem::core::console;
using namespace tandem::core::console::testing;
using Kind = Wish::Kind;
using Name = Key::Name;

namespace {

const Row* chosen(Screen& screen, const Model& model) {
  const auto& table = model.table(screen.view);
  const auto shown = visible(table, screen.state().filter, screen.state().order);
  return shown.empty()
             ? nullptr
             : &table.rows[shown[selected_index(table, shown, screen.state(), screen.view)]];
}

} // namespace

TEST_CASE("the choice moves, stops at the ends and stays on its actor when rows come and go") {
  Screen screen;
  auto model = small_model();
  CHECK(chosen(screen, model)->id == "engine");
  type_keys(screen, model, "kjjj");
  CHECK(chosen(screen, model)->id == "engine/services/venues/feed");
  model.table(View::tree).rows.erase(model.table(View::tree).rows.begin() + 2);
  CHECK(chosen(screen, model)->id == "engine/services/venues/feed");
  (void)on_key(screen, model, {Name::end}, 10);
  type_keys(screen, model, "jj");
  CHECK(chosen(screen, model)->id == "engine/services/risk");
  SUBCASE("one that is gone gives way to the first") {
    model.table(View::tree).rows.pop_back();
    CHECK(chosen(screen, model)->id == "engine");
  }
}

TEST_CASE("what destroys asks before it is done, and only y is a yes") {
  const auto model = small_model();
  for (const char* key : {"r", "K", "u", "!", "R"}) {
    CAPTURE(key);
    Screen screen;
    type_keys(screen, model, "jjj");
    CHECK_FALSE(type_keys(screen, model, key));
    REQUIRE(screen.confirm);
    SUBCASE("no") {
      CHECK_FALSE(type_keys(screen, model, "n"));
      CHECK_FALSE(screen.confirm);
      CHECK(screen.said.starts_with("not done: "));
      CHECK_FALSE(type_keys(screen, model, "y"));
    }
    SUBCASE("enter is no yes") {
      CHECK_FALSE(on_key(screen, model, {Name::enter}, 10));
      CHECK_FALSE(screen.confirm);
      CHECK_FALSE(screen.detail);
    }
    SUBCASE("yes") {
      const auto wish = type_keys(screen, model, "y");
      REQUIRE(wish);
      CHECK_FALSE(screen.confirm);
    }
  }
}

TEST_CASE("a wish names the actor that was chosen when it was asked for") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "jjjr");
  CHECK(type_keys(screen, model, "y") == Wish{Kind::restart, "engine/services/venues/feed"});
  CHECK(type_keys(screen, model, "p") == Wish{Kind::pause, "engine/services/venues/feed"});
  SUBCASE("the kill switch needs none") {
    CHECK_FALSE(type_keys(screen, model, "!"));
    CHECK(type_keys(screen, model, "y") == Wish{Kind::kill_switch, ""});
  }
  SUBCASE("in the log there is none") {
    CHECK_FALSE(type_keys(screen, model, "8p"));
    CHECK(screen.said == "choose an actor first");
  }
}

TEST_CASE("breakers are tripped and reset by their names") {
  Screen screen;
  const auto model = small_model();
  CHECK_FALSE(type_keys(screen, model, "t"));
  CHECK(screen.said == "choose a breaker first (view 5)");
  type_keys(screen, model, "5jt");
  CHECK(type_keys(screen, model, "y") == Wish{Kind::trip, "venue.bybit"});
  type_keys(screen, model, "c");
  CHECK(type_keys(screen, model, "y") == Wish{Kind::reset, "venue.bybit"});
}

TEST_CASE("a filter is typed letter by letter, and its letters are no commands") {
  Screen screen;
  const auto model = small_model();
  CHECK_FALSE(type_keys(screen, model, "/q!r"));
  CHECK(screen.state().filter == "q!r");
  CHECK_FALSE(screen.confirm);
  (void)on_key(screen, model, {Name::backspace}, 10);
  (void)on_key(screen, model, {Name::enter}, 10);
  CHECK(screen.state().filter == "q!");
  CHECK_FALSE(screen.typing);
  SUBCASE("Esc clears it") {
    (void)on_key(screen, model, {Name::escape}, 10);
    CHECK(screen.state().filter.empty());
  }
  SUBCASE("each view has its own") {
    type_keys(screen, model, "2");
    CHECK(screen.state().filter.empty());
  }
}

TEST_CASE("s goes through the columns and back to the tree, S turns the order round") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "s");
  CHECK(screen.state().order.column == 0);
  CHECK_FALSE(screen.state().order.descending);
  type_keys(screen, model, "ss");
  CHECK(screen.state().order.column == 2);
  CHECK(screen.state().order.descending); // figures: the largest first
  type_keys(screen, model, "S");
  CHECK_FALSE(screen.state().order.descending);
  type_keys(screen, model, "ss");
  CHECK_FALSE(screen.state().order.column);
}

TEST_CASE("the log follows its end until a person looks further up") {
  Screen screen;
  auto model = small_model();
  type_keys(screen, model, "8");
  CHECK(chosen(screen, model)->id == "30");
  model.table(View::log).rows.push_back({"31", 0, Tone::plain, {{"12:01:00"}, {"event"}}});
  CHECK(chosen(screen, model)->id == "31");
  type_keys(screen, model, "kk");
  model.table(View::log).rows.push_back({"32", 0, Tone::plain, {{"12:01:01"}, {"event"}}});
  CHECK(chosen(screen, model)->id == "29");
  (void)on_key(screen, model, {Name::end}, 10);
  model.table(View::log).rows.push_back({"33", 0, Tone::plain, {{"12:01:02"}, {"event"}}});
  CHECK(chosen(screen, model)->id == "33");
}

TEST_CASE("Enter looks at an actor closely, Esc comes back") {
  Screen screen;
  const auto model = small_model();
  type_keys(screen, model, "jjj");
  (void)on_key(screen, model, {Name::enter}, 10);
  CHECK(screen.detail == "engine/services/venues/feed");
  SUBCASE("wishes are about that actor") {
    CHECK(type_keys(screen, model, "p") == Wish{Kind::pause, "engine/services/venues/feed"});
  }
  SUBCASE("back") {
    (void)on_key(screen, model, {Name::escape}, 10);
    CHECK_FALSE(screen.detail);
    CHECK(chosen(screen, model)->id == "engine/services/venues/feed");
  }
}

TEST_CASE("q and Ctrl-C leave, from anywhere but from a question") {
  const auto model = small_model();
  Screen screen;
  CHECK(type_keys(screen, model, "q") == Wish{Kind::quit, ""});
  CHECK(on_key(screen, model, {Name::interrupt}, 10) == Wish{Kind::quit, ""});
  type_keys(screen, model, "!");
  CHECK_FALSE(on_key(screen, model, {Name::interrupt}, 10));
  CHECK_FALSE(screen.confirm);
}

TEST_CASE("Tab goes round the views") {
  Screen screen;
  const auto model = small_model();
  for (std::size_t i = 0; i < view_count; ++i)
    (void)on_key(screen, model, {Name::tab}, 10);
  CHECK(screen.view == View::tree);
  (void)on_key(screen, model, {Name::back_tab}, 10);
  CHECK(screen.view == View::log);
}
