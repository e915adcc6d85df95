#include "apps/tandem/keys_tool.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/security/audit_codec.hpp"
#include "adapters/security/audit_log.hpp"
#include "adapters/security/key_file.hpp"
#include "adapters/security/sha256.hpp"
#include "adapters/transport/json.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/security.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::security::Keys;
using core::security::ApiKey;

int exit_of(const core::Error& error, std::ostream& errors) {
  errors << core::describe(error) << '\n';
  switch (error.code) {
  case core::Errc::validation_error:
  case core::Errc::not_found:
    return exit_usage;
  case core::Errc::configuration:
    return exit_configuration;
  default:
    return exit_unavailable;
  }
}

/// The system's own randomness, not the jitter's.
std::uint64_t secret_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits))
    throw std::runtime_error{"the system gives no randomness"};
  return bits;
}

std::string day_of(const std::optional<core::WallTime>& time) {
  if (!time)
    return "never";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::floor<std::chrono::system_clock::duration>(*time))));
}

std::string state_of(const ApiKey& key, core::WallTime now) {
  if (key.revoked)
    return "revoked";
  return key.expires && now >= *key.expires ? "expired" : "valid";
}

} // namespace

int run_keys_create(const config::Config& config, const KeysToolOptions& options,
                    std::ostream& output, std::ostream& errors) {
  const auto roles = core::security::parse_roles(options.roles);
  if (!roles)
    return exit_of({core::Errc::validation_error,
                    "some of viewer,trader,risk,admin, each once, separated by commas", "roles"},
                   errors);
  const auto now = machine_clocks().wall();
  const auto expires = options.days > 0
                           ? std::optional<core::WallTime>{now + std::chrono::days{options.days}}
                           : std::nullopt;
  const auto made = core::security::make_key(options.name, *roles, now, expires, secret_bits,
                                             adapters::security::sha256);
  if (!made)
    return exit_of(made.error(), errors);
  const auto files = adapters::files::posix_files(config.engine.state_dir);
  const auto done = adapters::security::change_keys(*files, [&](Keys& keys) -> core::Status {
    if (keys.size() >= core::security::api_keys_max)
      return core::fail(core::Errc::validation_error, "there are too many keys already");
    keys.push_back(made->key);
    return {};
  });
  if (!done)
    return exit_of(done.error(), errors);
  output << made->token << std::endl;
  errors << "key " << made->key.id << " of " << made->key.name << ", roles "
         << core::security::to_string(made->key.roles) << ", expires " << day_of(made->key.expires)
         << "; the line above is its secret and is shown this once\n";
  return exit_ok;
}

int run_keys_list(const config::Config& config, const KeysToolOptions& options,
                  std::ostream& output, std::ostream& errors) {
  const auto files = adapters::files::posix_files(config.engine.state_dir);
  const auto keys = adapters::security::load_keys(*files);
  if (!keys)
    return exit_of(keys.error(), errors);
  const auto now = machine_clocks().wall();
  for (const auto& key : *keys) {
    if (!options.json) {
      output << fmt::format("{}  {:<8} {:<24} {:<26} created {}  expires {}\n", key.id,
                            state_of(key, now), key.name, core::security::to_string(key.roles),
                            day_of(key.created), day_of(key.expires));
      continue;
    }
    adapters::transport::JsonWriter out;
    out.begin_object()
        .field("id", key.id)
        .field("name", key.name)
        .field("state", state_of(key, now))
        .field("roles", core::security::to_string(key.roles))
        .field("created", core::to_millis(key.created));
    if (key.expires)
      out.field("expires", core::to_millis(*key.expires));
    if (key.revoked)
      out.field("revoked", core::to_millis(*key.revoked));
    out.end_object();
    output << out.text() << '\n';
  }
  return exit_ok;
}

int run_keys_revoke(const config::Config& config, const KeysToolOptions& options,
                    std::ostream& output, std::ostream& errors) {
  const auto files = adapters::files::posix_files(config.engine.state_dir);
  const auto done = adapters::security::change_keys(*files, [&](Keys& keys) -> core::Status {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const ApiKey& each) { return each.id == options.id; });
    if (key == keys.end())
      return core::fail(core::Errc::not_found, "there is no key with this id", options.id);
    if (!key->revoked)
      key->revoked = core::WallTime{std::chrono::floor<std::chrono::milliseconds>(
          machine_clocks().wall().time_since_epoch())};
    return {};
  });
  if (!done)
    return exit_of(done.error(), errors);
  output << options.id << " revoked\n";
  return exit_ok;
}

int run_audit_verify(const config::Config& config, const AuditToolOptions& options,
                     std::ostream& output, std::ostream& errors) {
  const auto wanted = core::security::parse_chain_head(options.head);
  if (!options.head.empty() && !wanted)
    return exit_of({core::Errc::validation_error, "is not NUMBER:HASH", "head"}, errors);
  const auto files = adapters::files::posix_files(audit_directory(config));
  const auto report = adapters::security::walk_audit(*files, {}, wanted);
  if (!report) {
    errors << core::describe(report.error()) << '\n';
    return exit_unavailable;
  }
  output << report->files << " files, " << report->records << " records, head "
         << core::security::to_string(report->head) << '\n';
  if (report->first.sequence > 0)
    output << "records 1 to " << report->first.sequence << " are not here (archived?)\n";
  if (report->torn_bytes > 0)
    output << report->torn_bytes << " bytes of an unfinished record at the end\n";
  if (report->fault) {
    errors << core::describe(*report->fault) << '\n';
    return exit_data;
  }
  if (wanted && !report->passed) {
    errors << "the chain did not come by " << options.head
           << ": its end was cut off, or it is another one\n";
    return exit_data;
  }
  output << "audit: in order\n";
  return exit_ok;
}

int run_audit_show(const config::Config& config, const AuditToolOptions& options,
                   std::ostream& output, std::ostream& errors) {
  const auto files = adapters::files::posix_files(audit_directory(config));
  std::deque<std::pair<std::uint64_t, std::string>> last;
  const auto report
      = adapters::security::walk_audit(*files, [&](std::uint64_t sequence, std::string_view json) {
          last.emplace_back(sequence, json);
          if (last.size() > options.last)
            last.pop_front();
        });
  if (!report) {
    errors << core::describe(report.error()) << '\n';
    return exit_unavailable;
  }
  for (const auto& [sequence, json] : last) {
    const auto record = adapters::security::read_audit(json);
    if (options.json || !record) {
      output << json << '\n';
      continue;
    }
    output << fmt::format("{:>8} {} {:<8} {:<20} {:<22} {:<18} {} {} {} {}\n", sequence,
                          day_of(record->at), core::security::to_string(record->phase), record->who,
                          record->from, record->what, record->target, record->status, record->code,
                          record->request_id);
  }
  if (!report->fault)
    return exit_ok;
  errors << core::describe(*report->fault) << '\n';
  return exit_data;
}

} // namespace tandem::apps
