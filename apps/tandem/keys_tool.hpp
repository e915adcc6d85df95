/// The tools of whoever runs an engine: its API keys (`tandem keys`) and its audit log (`tandem
/// audit`). They work beside a running engine, which reads changed keys by itself.
#pragma once

#include "config/schema.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

namespace tandem::apps {

struct KeysToolOptions {
  std::string name, roles; ///< of create; roles as "viewer,risk"
  int days = 0;            ///< until it expires; 0 = never
  std::string id;          ///< of revoke
  bool json = false;       ///< of list: one object per line
};

/// The token, alone and once, on `output`; about it for people on `errors`. Exit codes of all: 0;
/// 64 wrong arguments; 69 the disk; 78 the key file has a mistake.
int run_keys_create(const config::Config& config, const KeysToolOptions& options,
                    std::ostream& output, std::ostream& errors);

/// One line per key; never a secret nor its digest.
int run_keys_list(const config::Config& config, const KeysToolOptions& options,
                  std::ostream& output, std::ostream& errors);

int run_keys_revoke(const config::Config& config, const KeysToolOptions& options,
                    std::ostream& output, std::ostream& errors);

struct AuditToolOptions {
  std::string head;      ///< of verify: where the chain must have come by, "17:<hash>"
  std::size_t last = 50; ///< of show
  bool json = false;     ///< of show
};

/// Walks every record. Exit codes: 0 in order; 65 touched (what and where on `errors`); 69 not to
/// be read.
int run_audit_verify(const config::Config& config, const AuditToolOptions& options,
                     std::ostream& output, std::ostream& errors);

/// The last records, for people or as JSON lines.
int run_audit_show(const config::Config& config, const AuditToolOptions& options,
                   std::ostream& output, std::ostream& errors);

} // namespace tandem::apps
