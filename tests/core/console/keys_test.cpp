#include "core/console/keys.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tandem::core::console;
using Name = Key::Name;
using Keys = std::vector<Key>;

TEST_CASE("letters, control keys and sequences are told apart") {
  KeyReader reader;
  CHECK(reader.read("a\r\t\x7f\x03")
        == Keys{
            {Name::letter, "a"}, {Name::enter}, {Name::tab}, {Name::backspace}, {Name::interrupt}});
  CHECK(reader.read("\x1b[A\x1bOB\x1b[5~\x1b[Z")
        == Keys{{Name::up}, {Name::down}, {Name::page_up}, {Name::back_tab}});
  CHECK(reader.read("\xc3\xa9") == Keys{{Name::letter, "\xc3\xa9"}});
}

TEST_CASE("a sequence may come in pieces") {
  KeyReader reader;
  CHECK(reader.read("\x1b").empty());
  CHECK(reader.read("[").empty());
  CHECK(reader.read("6~x") == Keys{{Name::page_down}, {Name::letter, "x"}});
}

TEST_CASE("ESC alone is a key once nothing follows it") {
  KeyReader reader;
  CHECK(reader.quiet().empty());
  CHECK(reader.read("\x1b").empty());
  CHECK(reader.quiet() == Keys{{Name::escape}});
  CHECK(reader.quiet().empty());
}

TEST_CASE("sequences that nobody knows do nothing") {
  KeyReader reader;
  CHECK(reader.read("\x1b[200~\x1b[1;5Cq") == Keys{{Name::letter, "q"}});
}

TEST_CASE("ESC and a key pressed soon after it are two keys") {
  KeyReader reader;
  CHECK(reader.read("\x1b\x1b[A") == Keys{{Name::escape}, {Name::up}});
  CHECK(reader.read("\x1b"
                    "2")
        == Keys{{Name::escape}, {Name::letter, "2"}});
}

TEST_CASE("any bytes are read, and what is left over stays small") {
  rc::check([](const std::string& bytes) {
    KeyReader reader;
    for (int i = 0; i < 100; ++i)
      for (const auto& key : reader.read(bytes))
        RC_ASSERT(key.name != Name::letter || !key.letter.empty());
    (void)reader.quiet();
    RC_ASSERT(reader.read("q") == (Keys{{Name::letter, "q"}}));
  });
}
