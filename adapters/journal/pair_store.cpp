#include "adapters/journal/pair_store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace tandem::adapters::journal {
namespace {

using core::Errc;
using core::fail;
using core::strategy::PairConfig;

constexpr int application_id = 0x54'4e'44'50; ///< "TNDP" in the file's header: ours
constexpr int schema_version = 1;             ///< in the file's header (user_version)

/// Decimals are texts (exact), fees counts of 10^-8.
constexpr const char* schema = R"(
  CREATE TABLE pairs (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    leg1_venue TEXT NOT NULL, leg1_type TEXT NOT NULL, leg1_symbol TEXT NOT NULL,
    leg2_venue TEXT NOT NULL, leg2_type TEXT NOT NULL, leg2_symbol TEXT NOT NULL,
    threshold TEXT NOT NULL, quantity TEXT NOT NULL, total_amount TEXT NOT NULL,
    direction TEXT NOT NULL, enabled INTEGER NOT NULL, mode TEXT NOT NULL,
    leg1_fee_e8 INTEGER, leg2_fee_e8 INTEGER, book_age_max_ms INTEGER NOT NULL,
    change_percent TEXT NOT NULL, levels INTEGER NOT NULL) STRICT;
  CREATE TABLE deleted_pairs (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;)";

constexpr const char* insert_pair = R"(
  INSERT INTO pairs (id, leg1_venue, leg1_type, leg1_symbol, leg2_venue, leg2_type, leg2_symbol,
    threshold, quantity, total_amount, direction, enabled, mode, leg1_fee_e8, leg2_fee_e8,
    book_age_max_ms, change_percent, levels)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    leg1_venue = excluded.leg1_venue, leg1_type = excluded.leg1_type,
    leg1_symbol = excluded.leg1_symbol, leg2_venue = excluded.leg2_venue,
    leg2_type = excluded.leg2_type, leg2_symbol = excluded.leg2_symbol,
    threshold = excluded.threshold, quantity = excluded.quantity,
    total_amount = excluded.total_amount, direction = excluded.direction,
    enabled = excluded.enabled, mode = excluded.mode, leg1_fee_e8 = excluded.leg1_fee_e8,
    leg2_fee_e8 = excluded.leg2_fee_e8, book_age_max_ms = excluded.book_age_max_ms,
    change_percent = excluded.change_percent, levels = excluded.levels)";

constexpr const char* select_pairs = R"(
  SELECT id, leg1_venue, leg1_type, leg1_symbol, leg2_venue, leg2_type, leg2_symbol, threshold,
    quantity, total_amount, direction, enabled, mode, leg1_fee_e8, leg2_fee_e8, book_age_max_ms,
    change_percent, levels
  FROM pairs ORDER BY position)";

/// mkdir -p, the last directory for this user only. An existing directory stays as it is.
core::Status make_directory(const std::string& directory) {
  const std::filesystem::path path{directory};
  std::error_code error;
  if (path.has_parent_path())
    std::filesystem::create_directories(path.parent_path(), error);
  if (!error && ::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    error = {errno, std::generic_category()};
  if (!error && !std::filesystem::is_directory(path, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    return fail(Errc::configuration, "cannot make the state directory: " + error.message(),
                directory);
  return {};
}

/// Why the file did not open, and what to do.
core::Error refusal(const SQLite::Exception& error, const std::string& file) {
  const auto with = [&file](std::string text) {
    return core::Error{Errc::configuration, std::move(text), file};
  };
  switch (error.getErrorCode()) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return with("another engine uses this state directory: stop it, or give this one an "
                "engine.state_dir of its own");
  case SQLITE_NOTADB:
  case SQLITE_CORRUPT:
    return with(std::string{"is damaged or no pair store ("} + error.what()
                + "): move it away to start with the pairs of the configuration only");
  default:
    return with(std::string{"cannot be opened for writing: "} + error.what());
  }
}

int header_number(SQLite::Database& database, const char* pragma) {
  return database.execAndGet(std::string{"PRAGMA "} + pragma).getInt();
}

/// Inside the exclusive transaction: makes a fresh file ours, or refuses what is not.
core::Status adopt(SQLite::Database& database, const std::string& file) {
  const auto owner = header_number(database, "application_id");
  const auto version = header_number(database, "user_version");
  const auto tables = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
  if (owner == 0 && version == 0 && tables == 0) {
    database.exec(schema);
    database.exec("PRAGMA application_id = " + std::to_string(application_id));
    database.exec("PRAGMA user_version = " + std::to_string(schema_version));
    return {};
  }
  if (owner != application_id)
    return fail(Errc::configuration,
                "is another program's database: move it away, or choose another engine.state_dir",
                file);
  if (version > schema_version)
    return fail(Errc::configuration,
                "was written by a newer version of this program (format " + std::to_string(version)
                    + ", this one reads up to " + std::to_string(schema_version)
                    + "): run that version",
                file);
  const std::string verdict = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (version < 1 || verdict != "ok")
    return fail(Errc::configuration,
                "is damaged (" + verdict
                    + "): move it away to start with the pairs of the configuration only",
                file);
  return {};
}

void bind_leg(SQLite::Statement& statement, int first, const core::InstrumentKey& leg) {
  statement.bind(first, leg.venue.text());
  statement.bind(first + 1, std::string{core::to_string(leg.type)});
  statement.bind(first + 2, leg.symbol.text());
}

void bind_fee(SQLite::Statement& statement, int index,
              const std::optional<core::strategy::FeeRate>& fee) {
  if (fee)
    statement.bind(index, fee->e8);
  else
    statement.bind(index);
}

void bind_pair(SQLite::Statement& statement, const PairConfig& pair) {
  statement.bind(1, pair.id.text());
  bind_leg(statement, 2, pair.leg1);
  bind_leg(statement, 5, pair.leg2);
  statement.bind(8, pair.threshold.to_string());
  statement.bind(9, pair.quantity.to_string());
  statement.bind(10, pair.total_amount.to_string());
  statement.bind(11, std::string{to_string(pair.direction)});
  statement.bind(12, pair.enabled ? 1 : 0);
  statement.bind(13, std::string{to_string(pair.mode)});
  bind_fee(statement, 14, pair.options.leg1_fee);
  bind_fee(statement, 15, pair.options.leg2_fee);
  statement.bind(16, static_cast<std::int64_t>(pair.options.book_age_max.count()));
  statement.bind(17, pair.options.change_percent.to_string());
  statement.bind(18, static_cast<std::int64_t>(pair.options.levels));
}

core::Result<core::InstrumentKey> read_leg(SQLite::Statement& row, int first) {
  core::InstrumentKey leg;
  leg.venue = core::VenueId{row.getColumn(first).getString()};
  leg.symbol = core::Symbol{row.getColumn(first + 2).getString()};
  const auto type = row.getColumn(first + 1).getString();
  for (const auto known : {core::MarketType::spot, core::MarketType::linear}) {
    if (type == core::to_string(known)) {
      leg.type = known;
      return leg;
    }
  }
  return fail(Errc::configuration, "'" + type + "' is no market type");
}

std::optional<core::strategy::FeeRate> read_fee(SQLite::Statement& row, int index) {
  const auto column = row.getColumn(index);
  if (column.isNull())
    return std::nullopt;
  return core::strategy::FeeRate{column.getInt64()};
}

/// Columns of select_pairs.
core::Result<PairConfig> read_pair(SQLite::Statement& row) {
  const auto text = [&row](int index) { return row.getColumn(index).getString(); };
  PairConfig pair;
  pair.id = core::PairId{text(0)};
  auto leg1 = read_leg(row, 1);
  auto leg2 = read_leg(row, 4);
  const auto threshold = core::Decimal::parse(text(7));
  const auto quantity = core::Decimal::parse(text(8));
  const auto total_amount = core::Decimal::parse(text(9));
  const auto direction = core::strategy::parse_direction_rule(text(10));
  const auto mode = core::strategy::parse_pair_mode(text(12));
  const auto change_percent = core::Decimal::parse(text(16));
  const auto levels = row.getColumn(17).getInt64();
  if (!leg1 || !leg2 || !threshold || !quantity || !total_amount || !direction || !mode
      || !change_percent || levels < 1)
    return fail(Errc::configuration, "the stored pair '" + pair.id.text()
                                         + "' cannot be read: the file was changed by hand");
  pair.leg1 = *std::move(leg1);
  pair.leg2 = *std::move(leg2);
  pair.threshold = *threshold;
  pair.quantity = *quantity;
  pair.total_amount = *total_amount;
  pair.direction = *direction;
  pair.enabled = row.getColumn(11).getInt() != 0;
  pair.mode = *mode;
  pair.options.leg1_fee = read_fee(row, 13);
  pair.options.leg2_fee = read_fee(row, 14);
  pair.options.book_age_max = std::chrono::milliseconds{row.getColumn(15).getInt64()};
  pair.options.change_percent = *change_percent;
  pair.options.levels = static_cast<std::size_t>(levels);
  return pair;
}

} // namespace

struct PairStore::Impl {
  std::string file;
  SQLite::Database database;

  /// One change, whole or not at all.
  template <class Change>
  core::Status change(Change&& work) {
    try {
      SQLite::Transaction transaction{database};
      std::forward<Change>(work)();
      transaction.commit();
      return {};
    } catch (const SQLite::Exception& error) {
      return fail(Errc::internal, std::string{"the change was not stored: "} + error.what(), file);
    }
  }
};

PairStore::PairStore(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

PairStore::~PairStore() = default;

core::Result<std::unique_ptr<PairStore>> PairStore::open(const std::string& directory) {
  if (auto status = make_directory(directory); !status)
    return tl::unexpected{status.error()};
  const auto file = directory + "/pairs.db";
  try {
    auto impl = std::unique_ptr<Impl>{
        new Impl{file, SQLite::Database{file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}}};
    auto& database = impl->database;
    // The first exclusive transaction's lock is kept until the file is closed: one engine per state
    // directory.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA synchronous = FULL");
    database.exec(
        "PRAGMA journal_mode = TRUNCATE"); // FULL syncs the truncation, which is the commit
    database.exec("BEGIN EXCLUSIVE");
    if (auto status = adopt(database, file); !status)
      return tl::unexpected{status.error()}; // closing rolls back
    database.exec("COMMIT");
    return std::unique_ptr<PairStore>{new PairStore{std::move(impl)}};
  } catch (const SQLite::Exception& error) {
    return tl::unexpected{refusal(error, file)};
  }
}

core::Result<std::vector<StoredPair>> PairStore::load() const {
  try {
    std::vector<StoredPair> result;
    SQLite::Statement pairs{impl_->database, select_pairs};
    while (pairs.executeStep()) {
      auto pair = read_pair(pairs);
      if (!pair)
        return fail(pair.error().code, pair.error().detail, impl_->file);
      result.push_back({*std::move(pair), false});
    }
    SQLite::Statement marks{impl_->database, "SELECT id FROM deleted_pairs ORDER BY id"};
    while (marks.executeStep()) {
      PairConfig pair;
      pair.id = core::PairId{marks.getColumn(0).getString()};
      result.push_back({std::move(pair), true});
    }
    return result;
  } catch (const SQLite::Exception& error) {
    return fail(Errc::internal, std::string{"cannot be read: "} + error.what(), impl_->file);
  }
}

core::Status PairStore::put(const PairConfig& pair) {
  return impl_->change([&] {
    SQLite::Statement unmark{impl_->database, "DELETE FROM deleted_pairs WHERE id = ?"};
    unmark.bind(1, pair.id.text());
    unmark.exec();
    SQLite::Statement insert{impl_->database, insert_pair};
    bind_pair(insert, pair);
    insert.exec();
  });
}

core::Status PairStore::remove(const core::PairId& id) {
  return impl_->change([&] {
    SQLite::Statement forget{impl_->database, "DELETE FROM pairs WHERE id = ?"};
    forget.bind(1, id.text());
    forget.exec();
    SQLite::Statement mark{impl_->database, "INSERT OR IGNORE INTO deleted_pairs (id) VALUES (?)"};
    mark.bind(1, id.text());
    mark.exec();
  });
}

} // namespace tandem::adapters::journal
