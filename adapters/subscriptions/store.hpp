/// The symbols that the price stream subscribes, durable across restarts: a table of one SQLite
/// file or of a PostgreSQL database, with the name and the columns that earlier versions of the
/// server gave it, so that theirs goes on being used. Blocking.
#pragma once

#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::subscriptions {

/// Not thread safe. Every change is on disk before the call returns.
class Store {
public:
  virtual ~Store() = default;

  /// In the order in which they were put. Errors: internal (the disk, the database's own words),
  /// connection_lost (PostgreSQL does not answer), configuration (a row that is no symbol).
  [[nodiscard]] virtual core::Result<std::vector<core::Symbol>> load() const = 0;
  /// Silent when it is there already. Errors: internal, connection_lost.
  [[nodiscard]] virtual core::Status put(const core::Symbol& symbol) = 0;
  /// Silent when it is not there. Errors: internal, connection_lost.
  [[nodiscard]] virtual core::Status remove(const core::Symbol& symbol) = 0;
};

/// Opens or creates the file, with the directories that it lies in. Errors: configuration (cannot
/// be opened for writing, is no database, has a table of this name with other columns).
[[nodiscard]] core::Result<std::unique_ptr<Store>> open_sqlite(const std::string& file);

/// Connects, and makes the table where there is none. A connection that was lost is made again by
/// the next call; no call takes longer than a few seconds. @param url postgresql://..., a secret:
/// no error quotes it. Errors: configuration (no URL of a database, a table of this name with other
/// columns), connection_lost, internal (the database's own words).
[[nodiscard]] core::Result<std::unique_ptr<Store>> open_postgres(const std::string& url);

} // namespace tandem::adapters::subscriptions
