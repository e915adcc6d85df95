#include "apps/tandem/trading.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "messages/alert.hpp"

#include <openssl/rand.h>

#include <cstddef>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::journal::SyncMode;
using adapters::venues::Credentials;
using core::Errc;
using core::fail;

SyncMode sync_mode(const config::Config& config) {
  const auto durability = config.trading.durability.value_or(
      config.mode == config::Mode::prod ? config::Durability::fsync : config::Durability::os);
  return durability == config::Durability::fsync ? SyncMode::fsync : SyncMode::os;
}

Credentials credentials(std::string api_key, std::string secret) {
  Credentials made;
  made.api_key = std::move(api_key);
  made.secret = std::move(secret);
  return made;
}

std::string random_bytes(std::size_t size) {
  std::string drawn(size, '\0');
  const bool good
      = RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), static_cast<int>(size)) == 1;
  return good ? drawn : std::string{};
}

} // namespace

core::Result<std::shared_ptr<adapters::venues::KeyRing>> find_keys(const config::Config& config,
                                                                   const Environment& environment) {
  auto keys = std::make_shared<adapters::venues::KeyRing>();
  for (const auto& venue : config.venues) {
    if (config.mode == config::Mode::mock) {
      // Published in config/scenarios/*.yaml: they open nothing but the simulator.
      const auto name = "mock-" + venue.id.text();
      keys->put(venue.id, credentials(name + "-key", name + "-secret"));
      continue;
    }
    if (!venue.keys)
      continue;
    auto found
        = credentials(environment(venue.keys->api_key_env), environment(venue.keys->secret_env));
    if (!venue.keys->passphrase_env.empty())
      found.passphrase = environment(venue.keys->passphrase_env);
    if (!found.complete())
      return fail(Errc::configuration,
                  "the environment variables " + venue.keys->api_key_env + " and "
                      + venue.keys->secret_env
                      + " must both be set; leave `keys` out for a public-only venue",
                  "venues." + venue.id.text() + ".keys");
    if (const auto ready = found.prepare(); !ready)
      return fail(Errc::configuration, ready.error().detail, "venues." + venue.id.text() + ".keys");
    keys->put(venue.id, std::move(found));
  }
  return keys;
}

core::Result<std::shared_ptr<adapters::venues::KeyVault>>
open_vault(const config::Config& config, const Environment& environment,
           adapters::venues::KeyRing& keys) {
  auto vault = adapters::venues::KeyVault::open(config.engine.state_dir,
                                                environment("TANDEM_MASTER_KEY"), random_bytes);
  if (!vault)
    return vault;
  for (const auto& [venue, key] : (*vault)->keys()) {
    auto ready = adapters::venues::credentials_of(key);
    if (!ready)
      return fail(Errc::configuration, ready.error().detail, "the stored key of " + venue.text());
    keys.put(venue, *std::move(ready));
  }
  return vault;
}

namespace {

void tell(const core::Result<adapters::journal::Compaction>& done, core::Log& log) {
  if (!done)
    log.write(core::LogLevel::warning, "journal_not_compacted",
              {{"reason", core::describe(done.error())}});
  else if (done->files != 0)
    log.write(core::LogLevel::info, "journal_compacted",
              {{"files", std::to_string(done->files)},
               {"records", std::to_string(done->records_before) + " -> "
                               + std::to_string(done->records_after)},
               {"bytes",
                std::to_string(done->bytes_before) + " -> " + std::to_string(done->bytes_after)}});
}

} // namespace

std::unique_ptr<adapters::files::FileLayer> journal_files(const config::Config& config) {
  return adapters::files::posix_files(config.engine.state_dir + "/journal");
}

core::Result<std::shared_ptr<actors::supervisor::TradingParts>>
open_trading(const config::Config& config, std::unique_ptr<adapters::files::FileLayer> files,
             std::shared_ptr<adapters::venues::KeyRing> keys, const messages::ContextPtr& context,
             const std::string& version, Threads threads) {
  if (!config.trading.enabled)
    return std::shared_ptr<actors::supervisor::TradingParts>{};
  adapters::journal::FileJournalOptions options;
  options.mode = sync_mode(config);
  if (threads == Threads::none && options.mode == SyncMode::fsync)
    options.mode = SyncMode::manual;
  options.engine = core::orders::EngineId{config.trading.engine_id};
  options.run_mode = std::string{config::to_string(config.mode)};
  options.build = version;
  options.wall = context->clocks.wall;
  options.keep = std::chrono::days{config.trading.journal_keep_days};
  const auto mode = options.mode;
  auto opened = adapters::journal::FileJournal::open(std::move(files), std::move(options));
  if (!opened)
    return tl::unexpected{std::move(opened).error()};
  context->log->write(opened->cut.empty() ? core::LogLevel::info : core::LogLevel::warning,
                      "journal_opened",
                      {{"records", std::to_string(opened->records.size())},
                       {"epoch", std::to_string(opened->journal->epoch())},
                       {"cut", opened->cut}});
  tell(opened->compacted, *context->log);
  auto* journal = opened->journal.get();
  auto trading = actors::supervisor::make_trading(config, std::move(opened->journal),
                                                  opened->records, std::move(keys), context);
  if (threads == Threads::own)
    trading->compact_journal = [journal, context] { tell(journal->compact(), *context->log); };
  else if (mode == SyncMode::manual)
    trading->sync_journal = [journal] { return journal->pump(); };
  return trading;
}

void kill_all(actors::supervisor::TradingParts& trading, const messages::Context& context,
              const std::string& person) {
  const auto cancelling = trading.desk->kill(
      {.level = core::risk::KillLevel::all,
       .scope = {},
       .flatten = false,
       .person = person,
       .reason = "thrown from outside the interfaces",
       .ts = core::to_millis(context.clocks.wall())},
      {context.clocks.mono(), context.clocks.wall()}, [log = context.log, person] {
        log->write(core::LogLevel::info, "kill_journalled", {{"by", person}});
      });
  messages::publish_alert(context, messages::Severity::critical, "KILL_SWITCH", "all",
                          "thrown by " + person + "; " + std::to_string(cancelling.size())
                              + " orders are being cancelled");
}

} // namespace tandem::apps
