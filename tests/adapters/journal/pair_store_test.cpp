// What a person did to the pairs survives the engine's death, and nothing else is ever taken for
// it.
#include "adapters/journal/pair_store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace tandem;
using adapters::journal::PairStore;
using adapters::journal::StoredPair;
using core::strategy::PairConfig;

namespace {

/// A directory of this test's own, gone with it.
class Directory {
public:
  Directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "tandem-journal-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  ~Directory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string state() const { return path_ + "/state"; }

  [[nodiscard]] std::string file() const { return state() + "/pairs.db"; }

private:
  std::string path_;
};

PairConfig plain_pair(const std::string& id) {
  PairConfig pair;
  pair.id = core::PairId{id};
  pair.leg1 = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  pair.leg2 = {core::VenueId{"bybit"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  pair.threshold = core::Decimal::parse("0.05").value();
  pair.quantity = core::Decimal::parse("0.01").value();
  return pair;
}

PairConfig full_pair(const std::string& id) {
  auto pair = plain_pair(id);
  pair.leg1.symbol = core::Symbol{"币安人生USDT"};
  pair.threshold = core::Decimal::parse("0.000000000000000001").value();
  pair.quantity = core::Decimal::parse("9007199254740993").value();
  pair.total_amount = core::Decimal::parse("123456789.123456789").value();
  pair.direction = core::strategy::DirectionRule::leg1_sell_leg2_buy;
  pair.enabled = false;
  pair.mode = core::strategy::PairMode::read_only;
  pair.options.leg1_fee = core::strategy::FeeRate{-25'000};
  pair.options.leg2_fee = core::strategy::FeeRate{0};
  pair.options.book_age_max = std::chrono::milliseconds{1'234};
  pair.options.change_percent = core::Decimal::parse("0.025").value();
  pair.options.levels = 7;
  return pair;
}

std::unique_ptr<PairStore> open(const Directory& directory) {
  auto store = PairStore::open(directory.state());
  REQUIRE_MESSAGE(store.has_value(), (store ? std::string{} : core::describe(store.error())));
  return *std::move(store);
}

/// Why the directory's store does not open.
std::string refusal(const std::string& directory) {
  const auto store = PairStore::open(directory);
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().code == core::Errc::configuration);
  return store.error().source + ": " + store.error().detail;
}

/// Changes the file as another program would.
void tamper(const Directory& directory, const std::string& sql) {
  SQLite::Database database{directory.file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  database.exec(sql);
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a pair comes back exactly as it was put, after any number of restarts") {
  const Directory directory;
  const auto plain = plain_pair("plain");
  const auto full = full_pair("full");
  {
    const auto store = open(directory);
    REQUIRE(store->put(full));
    REQUIRE(store->put(plain));
  }
  for (int restart = 0; restart < 2; ++restart) {
    const auto pairs = open(directory)->load().value();
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].pair == full);
    CHECK(pairs[1].pair == plain);
    CHECK_FALSE(pairs[0].deleted);
  }
}

TEST_CASE("a changed pair replaces the old one and keeps its place") {
  const Directory directory;
  const auto store = open(directory);
  REQUIRE(store->put(plain_pair("one")));
  REQUIRE(store->put(plain_pair("two")));
  REQUIRE(store->put(full_pair("one")));
  const auto pairs = store->load().value();
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].pair == full_pair("one"));
  CHECK(pairs[1].pair == plain_pair("two"));
}

TEST_CASE("a deleted pair leaves a mark until it is put again") {
  const Directory directory;
  auto store = open(directory);
  REQUIRE(store->put(plain_pair("stored")));
  REQUIRE(store->remove(core::PairId{"stored"}));
  REQUIRE(store->remove(core::PairId{"of_the_file"}));
  REQUIRE(store->remove(core::PairId{"of_the_file"}));
  store.reset();
  store = open(directory);
  const auto marks = store->load().value();
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].pair.id == core::PairId{"of_the_file"});
  CHECK(marks[0].deleted);
  CHECK(marks[1].pair.id == core::PairId{"stored"});
  CHECK(marks[1].deleted);

  REQUIRE(store->put(plain_pair("stored")));
  const auto after = store->load().value();
  REQUIRE(after.size() == 2);
  CHECK(after[0].pair == plain_pair("stored"));
  CHECK_FALSE(after[0].deleted);
}

TEST_CASE("a put that returned is there after the process was killed") {
  const Directory directory;
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) { // no destructor of this process may run
    auto store = PairStore::open(directory.state());
    const bool stored = store && (*store)->put(full_pair("kept"));
    ::_exit(stored ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  const auto pairs = open(directory)->load().value();
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].pair == full_pair("kept"));
}

TEST_CASE("a second engine is refused while the first one runs") {
  const Directory directory;
  auto first = open(directory);
  CHECK(mentions(refusal(directory.state()), "another engine uses this state directory"));

  SUBCASE("the first one is not disturbed") {
    REQUIRE(first->put(plain_pair("one")));
    CHECK(first->load().value().size() == 1);
  }
  SUBCASE("and the second one starts when the first has ended") {
    first.reset();
    CHECK(PairStore::open(directory.state()).has_value());
  }
}

TEST_CASE("an engine in another process is refused too") {
  const Directory directory;
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const auto child = ::fork(); // before the store opens, so that the child inherits nothing of it
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ready[1]);
    char byte = 0;
    const bool opened = ::read(ready[0], &byte, 1) == 1; // waits for the parent
    const auto store = PairStore::open(directory.state());
    ::_exit(opened && !store && mentions(store.error().detail, "another engine") ? 0 : 1);
  }
  const auto store = open(directory);
  REQUIRE(::write(ready[1], "x", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a store of a newer version is refused and left alone") {
  const Directory directory;
  REQUIRE(open(directory)->put(plain_pair("one")));
  tamper(directory, "PRAGMA user_version = 2");
  const auto text = refusal(directory.state());
  CHECK(mentions(text,
                 "written by a newer version of this program (format 2, this one reads up to 1)"));
  tamper(directory, "PRAGMA user_version = 1");
  CHECK(open(directory)->load().value().size() == 1);
}

TEST_CASE("another program's database is refused") {
  const Directory directory;
  std::filesystem::create_directories(directory.state());
  tamper(directory, "CREATE TABLE notes (text TEXT)");
  CHECK(mentions(refusal(directory.state()), "is another program's database"));
}

TEST_CASE("a file that is no database is refused") {
  const Directory directory;
  std::filesystem::create_directories(directory.state());
  std::ofstream{directory.file()} << std::string(8'192, 'x');
  CHECK(mentions(refusal(directory.state()), "is damaged or no pair store"));
}

TEST_CASE("a damaged store is refused wherever the damage lies") {
  const Directory directory;
  {
    const auto store = open(directory);
    for (int i = 0; i < 100; ++i)
      REQUIRE(store->put(full_pair("pair_" + std::to_string(i))));
  }
  std::fstream file{directory.file(), std::ios::in | std::ios::out | std::ios::binary};
  const auto size = std::filesystem::file_size(directory.file());
  SUBCASE("overwritten pages") {
    for (std::uintmax_t at = 4'096; at < size; at += 4'096) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(512, '\xff');
    }
    file.close();
    CHECK(mentions(refusal(directory.state()), "is damaged"));
  }
  SUBCASE("cut off") {
    file.close();
    std::filesystem::resize_file(directory.file(), size / 2);
    CHECK(mentions(refusal(directory.state()), "is damaged"));
  }
}

TEST_CASE("a row that this program would not write is refused by name") {
  const Directory directory;
  REQUIRE(open(directory)->put(plain_pair("one")));
  for (const auto* sql : {"UPDATE pairs SET threshold = '0,05'", "UPDATE pairs SET quantity = ''",
                          "UPDATE pairs SET direction = 'both'", "UPDATE pairs SET mode = 'x'",
                          "UPDATE pairs SET leg1_type = 'swap'", "UPDATE pairs SET levels = 0"}) {
    const auto backup = directory.file() + ".bak";
    std::filesystem::copy_file(directory.file(), backup,
                               std::filesystem::copy_options::overwrite_existing);
    tamper(directory, sql);
    const auto pairs = open(directory)->load();
    REQUIRE_FALSE(pairs.has_value());
    CHECK(pairs.error().code == core::Errc::configuration);
    CHECK(mentions(pairs.error().detail, "the stored pair 'one' cannot be read"));
    std::filesystem::rename(backup, directory.file());
  }
}

TEST_CASE("the state directory is made for this user alone") {
  const Directory directory;
  const auto deep = directory.state() + "/a/b";
  REQUIRE(PairStore::open(deep).has_value());
  CHECK(std::filesystem::status(deep).permissions() == std::filesystem::perms::owner_all);
}

TEST_CASE("a state directory that cannot be one is refused") {
  const Directory directory;
  std::filesystem::create_directories(directory.state());
  std::ofstream{directory.state() + "/file"} << "x";
  CHECK(mentions(refusal(directory.state() + "/file"), "cannot make the state directory"));
  CHECK(mentions(refusal(directory.state() + "/file/below"), "cannot make the state directory"));
  CHECK(mentions(refusal("/proc/tandem"), "cannot make the state directory"));
  std::filesystem::create_directories(directory.file());
  CHECK(mentions(refusal(directory.state()), "cannot be opened for writing"));
}
