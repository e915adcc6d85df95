/// The symbols that the price stream subscribes, durable across restarts: a table of one SQLite
/// file, with the name and the columns that earlier versions of the server gave it, so that their
/// file goes on being used. Blocking.
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

  /// In the order in which they were put. Errors: internal (the disk), configuration (a row that is
  /// no symbol).
  [[nodiscard]] virtual core::Result<std::vector<core::Symbol>> load() const = 0;
  /// Silent when it is there already. Errors: internal (the disk).
  [[nodiscard]] virtual core::Status put(const core::Symbol& symbol) = 0;
  /// Silent when it is not there. Errors: internal (the disk).
  [[nodiscard]] virtual core::Status remove(const core::Symbol& symbol) = 0;
};

/// Opens or creates the file, with the directories that it lies in. Errors: configuration (cannot
/// be opened for writing, is no database, has a table of this name with other columns).
[[nodiscard]] core::Result<std::unique_ptr<Store>> open_sqlite(const std::string& file);

} // namespace tandem::adapters::subscriptions
