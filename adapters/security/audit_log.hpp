/// The audit log on the disk: files of lines, each chained to the one before by its hash (what a
/// chain is: core/security/audit.hpp). Files are never deleted here; each begins with where the
/// chain stood, so that old ones may be moved to an archive.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "core/result.hpp"
#include "core/security/audit.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::adapters::security {

struct AuditLogOptions {
  std::uint64_t file_bytes_max = 4U * 1024 * 1024; ///< then the next file begins
};

/// What was found when a log was opened.
struct AuditOpened {
  core::security::ChainHead head; ///< as it was left
  std::uint64_t torn_bytes = 0;   ///< of an unfinished write, cut off
  std::string damaged;            ///< a file that does not hold together: set aside under this name
};

/// Not thread safe; blocking.
class AuditLog {
public:
  /// Cuts off what an unfinished write has left. A log that was touched is set aside as evidence
  /// and goes on in a new file; verify_audit will tell. Errors: internal (the disk), conflict
  /// (another process has it).
  [[nodiscard]] static core::Result<std::unique_ptr<AuditLog>>
  open(std::unique_ptr<files::FileLayer> files, AuditLogOptions options = {});

  /// On the disk when it returns without error. After an error none of them counts as written: what
  /// of them reached the disk is cut off before the next. Error: internal.
  [[nodiscard]] core::Status append(std::span<const core::security::AuditRecord> records);

  /// Of what is surely on the disk.
  [[nodiscard]] const core::security::ChainHead& head() const noexcept { return head_; }

  [[nodiscard]] const AuditOpened& opened() const noexcept { return opened_; }

  /// Records of the last files, file by file, the youngest file first. @param files_max as many.
  /// Stops behind the file for which `visit` returned false.
  void recent(std::size_t files_max,
              const std::function<bool(const core::security::AuditRecord&)>& visit) const;

private:
  AuditLog(std::unique_ptr<files::FileLayer> files, AuditLogOptions options);

  [[nodiscard]] files::FileStatus find_end();
  [[nodiscard]] files::FileStatus set_aside(const std::string& name);
  [[nodiscard]] files::FileStatus begin_file();
  [[nodiscard]] files::FileStatus ready();

  std::unique_ptr<files::FileLayer> files_;
  std::unique_ptr<files::FileLock> lock_;
  AuditLogOptions options_;
  AuditOpened opened_;
  core::security::ChainHead head_;
  std::string name_; ///< of the file that is written; empty = none yet
  std::unique_ptr<files::AppendFile> file_;
  std::uint64_t bytes_ = 0; ///< of it that are surely there and whole
  bool doubtful_ = false;   ///< there may be more than that
};

/// What a walk over all files has found.
struct AuditReport {
  std::uint64_t files = 0, records = 0;
  core::security::ChainHead first; ///< where the oldest file begins: 0 unless older ones are gone
  core::security::ChainHead head;
  std::uint64_t torn_bytes = 0;       ///< at the very end: a write under way, or one cut off
  std::optional<core::Error> fault{}; ///< the first; source = file:line
  bool passed = false;                ///< the chain came by the head that was asked for
};

/// Reads one file at a time and takes no lock: works beside a running engine. @param visit each
/// whole record's number and JSON, in order; may be empty. @param wanted a head known elsewhere.
/// Error: internal (the disk), not_found (no log).
[[nodiscard]] core::Result<AuditReport>
walk_audit(files::FileLayer& files,
           const std::function<void(std::uint64_t sequence, std::string_view json)>& visit,
           const std::optional<core::security::ChainHead>& wanted = {});

} // namespace tandem::adapters::security
