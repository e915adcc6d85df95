/// The engine's own keys and its audit log, as they stand in its state directory: opened at the
/// start, and the keys read again when their file was written.
#pragma once

#include "adapters/security/guard.hpp"
#include "apps/tandem/config_watch.hpp"
#include "config/schema.hpp"
#include "core/result.hpp"
#include "messages/context.hpp"

#include <memory>
#include <string>

namespace tandem::apps {

/// Where the audit log of a configuration stands.
[[nodiscard]] std::string audit_directory(const config::Config& config);

/// Reads the keys, opens the audit log and has it remember which commands were begun before.
/// Errors: configuration (the key file: file and line; others may write it), conflict (another
/// engine has the log), internal (the disk).
[[nodiscard]] core::Result<std::shared_ptr<adapters::security::Guard>>
open_guard(const config::Config& config, const messages::ContextPtr& context);

/// Takes over a key file that was written again; one with mistakes changes nothing.
class KeyWatch {
public:
  /// @param guard may be null.
  KeyWatch(const config::Config& config, messages::ContextPtr context,
           std::shared_ptr<adapters::security::Guard> guard);

  /// Several times a second.
  void look();

private:
  std::string state_dir_;
  ConfigWatch watch_;
  messages::ContextPtr context_;
  std::shared_ptr<adapters::security::Guard> guard_;
};

} // namespace tandem::apps
