/// The door of our interfaces: who asks and whether he is heard, what was asked before, and what
/// the audit log is told. It holds the pure rules of core/security together and locks around them;
/// what a refusal looks like on the wire is the interfaces' business.
#pragma once

#include "adapters/security/audit_writer.hpp"
#include "core/security/api_keys.hpp"
#include "core/security/caller.hpp"
#include "core/security/idempotency.hpp"
#include "core/security/lock_out.hpp"
#include "core/security/rate_limit.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::security {

/// What a request brings, as it came.
struct Presented {
  std::string_view authorization; ///< the header of that name; "Bearer <token>"
  std::string_view api_key;       ///< the header X-Api-Key
  std::string_view address;       ///< host without port
  std::string_view peer;          ///< with port
  std::string_view target;        ///< "GET /api/alerts"
  bool urgent = false;            ///< counted by itself against the key's rate
};

/// The id of the token that is presented; empty when it is none. Says nothing about its secret.
[[nodiscard]] std::string key_id_of(const Presented& presented);

struct Refusal {
  core::Error error; ///< unauthenticated or rate_limited
  std::chrono::seconds retry_after{0};
};

struct GuardCounters {
  std::uint64_t admitted = 0;
  std::uint64_t keyless = 0;    ///< no key at all
  std::uint64_t wrong = 0;      ///< not, or no longer, a key
  std::uint64_t locked_out = 0; ///< not heard, for too many wrong ones before
  std::uint64_t too_often = 0;  ///< beyond a key's rate
};

/// Thread safe.
class Guard {
public:
  /// @param audit null: nothing is recorded (tests).
  Guard(core::Clocks clocks, std::unique_ptr<AuditWriter> audit);

  /// From the next request on.
  void set_keys(core::security::ApiKeys keys);

  /// Who it is. Wrong keys are counted against the address, which after ten of them is not heard
  /// for a quarter of an hour, whatever it brings. The request id is left empty.
  /// @param per_second requests of one key.
  [[nodiscard]] tl::expected<core::security::Caller, Refusal> admit(const Presented& presented,
                                                                    std::uint32_t per_second);

  /// Whether a key that was admitted before would be so still: not revoked, expired or removed.
  [[nodiscard]] bool holds(std::string_view key_id) const;

  /// As IdempotencyStore's, for the caller's name.
  [[nodiscard]] core::Result<std::optional<core::security::Answer>>
  begin(const std::string& caller, const std::string& key, const core::security::Digest& request);
  void finish(const std::string& caller, const std::string& key, core::security::Answer answer);
  void lose(const std::string& caller, const std::string& key);
  void abandon(const std::string& caller, const std::string& key);

  /// Commands that earlier runs have begun are not done again. @param record of the audit log.
  void remember(const core::security::AuditRecord& record);

  /// Stamps and writes. @param done as of AuditWriter::write.
  void record(core::security::AuditRecord record, std::function<void()> done = {});

  [[nodiscard]] GuardCounters counters() const;
  [[nodiscard]] AuditCounters audit_counters() const;

private:
  [[nodiscard]] tl::expected<core::security::Caller, Refusal>
  admit_token(std::string_view token, const Presented& presented, std::uint32_t per_second);
  [[nodiscard]] Refusal refuse(const core::Error& error, const Presented& presented);

  const core::Clocks clocks_;
  const std::unique_ptr<AuditWriter> audit_;
  mutable std::mutex mutex_;
  core::security::ApiKeys keys_;
  core::security::LockOut lock_out_;
  core::security::RateLimit rates_;
  core::security::IdempotencyStore done_;
  GuardCounters counters_;
};

} // namespace tandem::adapters::security
