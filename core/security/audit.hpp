/// What the audit log says of a command, and the chain of hashes that shows when somebody has
/// touched it. Pure; how a record is written is adapters/security/audit_codec's business, where it
/// stands audit_log's.
#pragma once

#include "core/result.hpp"
#include "core/security/digest.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::security {

/// asked     a command was let through, before anything was done
/// answered  what became of it
/// refused   it was not let through: no key, wrong role, too often...
/// noted     something of the log or the keys themselves
enum class AuditPhase : std::uint8_t { asked, answered, refused, noted };

[[nodiscard]] std::string_view to_string(AuditPhase phase) noexcept;
[[nodiscard]] std::optional<AuditPhase> parse_audit_phase(std::string_view text) noexcept;

/// Never a body, a query or a secret.
struct AuditRecord {
  WallTime at{}; ///< written in milliseconds
  AuditPhase phase = AuditPhase::asked;
  std::string who{};    ///< the key's name; "api" on a listener without keys, "unknown" without one
  std::string key_id{}; ///< empty without a key
  std::string from{};   ///< address and port
  std::string what{};   ///< name of the operation
  std::string target{}; ///< method and path as asked
  int status = 0;       ///< HTTP status of the answer; 0 = none yet
  std::string code{};   ///< of a refusal or failure, e.g. "FORBIDDEN"
  std::string request_id{};        ///< the same in `asked` and `answered`
  std::string idempotency_key{};   ///< as sent
  std::optional<Digest> request{}; ///< digest of operation, path and body, with an idempotency key

  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

/// Where a chain stands: the last record's number and hash. Known elsewhere, it shows a cut tail.
struct ChainHead {
  std::uint64_t sequence = 0; ///< 0 = nothing yet
  Digest hash{};

  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

/// "17:<hash>".
[[nodiscard]] std::string to_string(const ChainHead& head);
[[nodiscard]] std::optional<ChainHead> parse_chain_head(std::string_view text) noexcept;

/// "<sequence> <hash> <payload>\n", the hash being over the hash before, the number and the
/// payload; moves the head. @param payload without line breaks.
[[nodiscard]] std::string chain_line(ChainHead& head, std::string_view payload,
                                     const Sha256& sha256);

struct ChainedLine {
  ChainHead head; ///< with this line
  std::string_view payload;
};

/// Checks the line that follows `before`. @param line without its line break. Error: malformed,
/// saying what was done to it: altered, removed before it, inserted, no line of a chain at all.
[[nodiscard]] Result<ChainedLine> read_chain_line(const ChainHead& before, std::string_view line,
                                                  const Sha256& sha256);

} // namespace tandem::core::security
