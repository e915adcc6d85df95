#include "apps/tandem/security.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/security/key_file.hpp"
#include "messages/events.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::security::AuditLog;
using adapters::security::AuditWriter;
using adapters::security::Guard;
using core::security::AuditPhase;
using core::security::AuditRecord;

/// Files of the audit log that are read at the start for commands that were begun before.
constexpr std::size_t files_read_again = 8;
/// As long as an idempotency key is remembered.
constexpr std::chrono::hours remembered{24};

std::string key_file_of(const std::string& state_dir) {
  return state_dir + "/" + std::string{adapters::security::key_file_name};
}

core::Result<adapters::security::Keys> read_keys(const std::string& state_dir) {
  const auto path = key_file_of(state_dir);
  std::error_code absent;
  const auto mode = std::filesystem::status(path, absent).permissions();
  using std::filesystem::perms;
  if (!absent && mode != perms::unknown
      && (mode & (perms::group_write | perms::others_write)) != perms::none)
    return core::fail(core::Errc::configuration, "others may write it: chmod 600", path);
  const auto files = adapters::files::posix_files(state_dir);
  return adapters::security::load_keys(*files);
}

void alert(const messages::Context& context, messages::Severity severity, std::string code,
           std::string text) {
  context.log->write(severity == messages::Severity::info ? core::LogLevel::info
                                                          : core::LogLevel::error,
                     code, {{"message", text}});
  const auto bus = context.directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    caf::anon_send(bus, messages::EngineAlert{.severity = severity,
                                              .code = std::move(code),
                                              .message = std::move(text),
                                              .pair = {},
                                              .source = "security",
                                              .ts = core::to_millis(context.clocks.wall())});
}

std::string count_of(const adapters::security::Keys& keys) {
  const auto revoked = std::count_if(keys.begin(), keys.end(),
                                     [](const auto& key) { return key.revoked.has_value(); });
  return std::to_string(keys.size()) + " keys, " + std::to_string(revoked) + " of them revoked";
}

void note(Guard& guard, const char* what, std::string target) {
  guard.record({.at = {},
                .phase = AuditPhase::noted,
                .who = "local",
                .key_id = {},
                .from = {},
                .what = what,
                .target = std::move(target),
                .status = 0,
                .code = {},
                .request_id = {},
                .idempotency_key = {},
                .request = {}});
}

/// What was found in the log when it was opened, in log, alert and the audit log itself.
void tell_opened(const adapters::security::AuditOpened& opened, const messages::Context& context) {
  context.log->write(core::LogLevel::info, "audit_opened",
                     {{"head", core::security::to_string(opened.head)},
                      {"torn_bytes", std::to_string(opened.torn_bytes)}});
  if (!opened.damaged.empty())
    alert(context, messages::Severity::critical, "AUDIT_DAMAGED",
          "the audit log does not hold together: kept as " + opened.damaged
              + ", `tandem audit verify` tells where; a new file goes on");
}

} // namespace

std::string audit_directory(const config::Config& config) {
  return config.engine.state_dir + "/audit";
}

core::Result<std::shared_ptr<Guard>> open_guard(const config::Config& config,
                                                const messages::ContextPtr& context) {
  auto keys = read_keys(config.engine.state_dir);
  if (!keys)
    return tl::unexpected{keys.error()};
  auto log = AuditLog::open(adapters::files::posix_files(audit_directory(config)));
  if (!log)
    return tl::unexpected{log.error()};
  const auto opened = (*log)->opened();
  std::vector<AuditRecord> before;
  const auto horizon = context->clocks.wall() - remembered;
  (*log)->recent(files_read_again, [&](const AuditRecord& record) {
    if (record.at >= horizon && record.request)
      before.push_back(record);
    return record.at >= horizon;
  });
  auto writer = std::make_unique<AuditWriter>(
      *std::move(log), [context](const std::optional<core::Error>& trouble) {
        if (trouble)
          alert(*context, messages::Severity::critical, "AUDIT_FAILED",
                core::describe(*trouble) + "; what is asked is kept in memory and written later");
        else
          alert(*context, messages::Severity::info, "AUDIT_BACK", "the audit log is written again");
      });
  auto guard = std::make_shared<Guard>(context->clocks, std::move(writer));
  for (const auto& record : before)
    guard->remember(record);
  const auto listening
      = std::any_of(config.listeners.begin(), config.listeners.end(),
                    [](const auto& listener) { return listener.auth == config::Auth::keys; });
  if (listening)
    context->log->write(core::LogLevel::info, "keys_read", {{"keys", count_of(*keys)}});
  guard->set_keys(core::security::ApiKeys{*std::move(keys)});
  tell_opened(opened, *context);
  note(*guard, "engine.start", "head " + core::security::to_string(opened.head));
  return guard;
}

KeyWatch::KeyWatch(const config::Config& config, messages::ContextPtr context,
                   std::shared_ptr<Guard> guard)
    : state_dir_{config.engine.state_dir}, watch_{key_file_of(state_dir_)},
      context_{std::move(context)}, guard_{std::move(guard)} {}

void KeyWatch::look() {
  if (!guard_ || !watch_.changed())
    return;
  auto keys = read_keys(state_dir_);
  if (!keys) {
    alert(*context_, messages::Severity::warning, "KEYS_REFUSED",
          core::describe(keys.error()) + "; the keys that were read before are kept");
    return;
  }
  const auto count = count_of(*keys);
  guard_->set_keys(core::security::ApiKeys{*std::move(keys)});
  note(*guard_, "keys.read", count);
  alert(*context_, messages::Severity::info, "KEYS_READ", count);
}

} // namespace tandem::apps
