#include "adapters/subscriptions/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace tandem;
using adapters::subscriptions::open_sqlite;
using core::Symbol;

namespace {

/// A directory of its own, gone at the end.
struct Place {
  Place()
      : directory{std::filesystem::temp_directory_path()
                  / ("tandem_subscriptions_" + std::to_string(::getpid()))} {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
  }

  ~Place() { std::filesystem::remove_all(directory); }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (directory / name); }

  std::filesystem::path directory;
};

} // namespace

TEST_CASE("S1-15: subscriptions are there again after a restart, in their order and once each") {
  const Place place;
  const auto file = place.file("below/sqlite.db");
  {
    const auto store = open_sqlite(file).value();
    for (const auto* name : {"ETHUSDT", "BTCUSDT", "ETHUSDT", "BNBUSDT"})
      REQUIRE(store->put(Symbol{name}));
    REQUIRE(store->remove(Symbol{"BTCUSDT"}));
    REQUIRE(store->remove(Symbol{"NEVER"}));
  }
  CHECK(open_sqlite(file).value()->load().value()
        == std::vector{Symbol{"ETHUSDT"}, Symbol{"BNBUSDT"}});
}

TEST_CASE("S1-16: a database of the earlier server goes on being used") {
  const Place place;
  {
    SQLite::Database old{place.file("old.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    old.exec("CREATE TABLE subscriptions (id INTEGER PRIMARY KEY AUTOINCREMENT, "
             "symbol TEXT NOT NULL UNIQUE, interval TEXT)");
    old.exec("INSERT INTO subscriptions (symbol, interval) VALUES ('BNBUSDT', '1m')");
  }
  const auto store = open_sqlite(place.file("old.db")).value();
  REQUIRE(store->put(Symbol{"ETHUSDT"}));
  CHECK(store->load().value() == std::vector{Symbol{"BNBUSDT"}, Symbol{"ETHUSDT"}});
}

TEST_CASE("what is no store of subscriptions is refused with the file's name") {
  const Place place;
  std::ofstream{place.file("text.db")} << std::string(4'096, 'x');
  const auto text = open_sqlite(place.file("text.db"));
  REQUIRE_FALSE(text);
  CHECK(text.error().code == core::Errc::configuration);
  CHECK(text.error().source == place.file("text.db"));
  CHECK_FALSE(open_sqlite(place.directory));
  {
    SQLite::Database other{place.file("other.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    other.exec("CREATE TABLE subscriptions (person TEXT)");
  }
  CHECK_FALSE(open_sqlite(place.file("other.db")));
}

TEST_CASE("a stored row that is no symbol is told, not subscribed") {
  const Place place;
  REQUIRE(open_sqlite(place.file("a.db")));
  SQLite::Database{place.file("a.db"), SQLite::OPEN_READWRITE}.exec(
      "INSERT INTO subscriptions (symbol) VALUES ('a b')");
  const auto loaded = open_sqlite(place.file("a.db")).value()->load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == core::Errc::configuration);
}
