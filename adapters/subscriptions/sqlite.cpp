// Subscriptions in one SQLite file.
#include "adapters/subscriptions/store.hpp"
#include "adapters/subscriptions/stored_symbol.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace tandem::adapters::subscriptions {
namespace {

using core::Errc;
using core::fail;
using core::Symbol;

constexpr const char* schema = "CREATE TABLE IF NOT EXISTS subscriptions ("
                               "id INTEGER PRIMARY KEY AUTOINCREMENT, symbol TEXT NOT NULL UNIQUE)";
/// Another program that reads the same file keeps it for moments only.
constexpr int busy_timeout_ms = 2'000;

class SqliteStore final : public Store {
public:
  explicit SqliteStore(const std::string& file)
      : file_{file},
        database_{file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_timeout_ms} {
    database_.exec("PRAGMA synchronous = FULL");
    database_.exec(schema);
    // A table of other columns is found now, not at the first subscription.
    SQLite::Statement{database_, "SELECT id, symbol FROM subscriptions LIMIT 1"};
  }

  core::Result<std::vector<Symbol>> load() const override {
    try {
      std::vector<Symbol> result;
      SQLite::Statement rows{database_, "SELECT symbol FROM subscriptions ORDER BY id"};
      while (rows.executeStep()) {
        auto text = rows.getColumn(0).getString();
        if (!is_stored_symbol(text))
          return fail(Errc::configuration, no_symbol, file_);
        result.emplace_back(std::move(text));
      }
      return result;
    } catch (const SQLite::Exception& error) {
      return fail(Errc::internal, std::string{"cannot be read: "} + error.what(), file_);
    }
  }

  core::Status put(const Symbol& symbol) override {
    return change("INSERT OR IGNORE INTO subscriptions (symbol) VALUES (?)", symbol);
  }

  core::Status remove(const Symbol& symbol) override {
    return change("DELETE FROM subscriptions WHERE symbol = ?", symbol);
  }

private:
  core::Status change(const char* sql, const Symbol& symbol) {
    try {
      SQLite::Statement statement{database_, sql};
      statement.bind(1, symbol.text());
      statement.exec();
      return {};
    } catch (const SQLite::Exception& error) {
      return fail(Errc::internal, std::string{"the change was not stored: "} + error.what(), file_);
    }
  }

  std::string file_;
  SQLite::Database database_;
};

} // namespace

core::Result<std::unique_ptr<Store>> open_sqlite(const std::string& file) {
  std::error_code ignored; // the open below says what is wrong
  const auto directory = std::filesystem::path{file}.parent_path();
  if (!directory.empty())
    std::filesystem::create_directories(directory, ignored);
  try {
    return std::unique_ptr<Store>{std::make_unique<SqliteStore>(file)};
  } catch (const SQLite::Exception& error) {
    return fail(Errc::configuration, std::string{"cannot keep the subscriptions: "} + error.what(),
                file);
  }
}

} // namespace tandem::adapters::subscriptions
