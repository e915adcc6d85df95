/// What the engine needs before it may trade: its journal opened, its keys found. The only place
/// that reads keys from the environment.
#pragma once

#include "actors/supervisor/trading_parts.hpp"
#include "adapters/files/file_layer.hpp"
#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/key_vault.hpp"
#include "config/schema.hpp"
#include "core/result.hpp"
#include "messages/context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tandem::apps {

/// A variable of the environment; empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;

/// Mode mock: the simulator's own keys and no others. Else those that the configuration names; a
/// venue without is public only. Error: configuration (a variable that is named and not set, or
/// only half of a key).
[[nodiscard]] core::Result<std::shared_ptr<adapters::venues::KeyRing>>
find_keys(const config::Config& config, const Environment& environment);

/// The keys that were given by interface: `state_dir`/api_keys.vault under TANDEM_MASTER_KEY or
/// `state_dir`/master.key. They go before those of the environment and are put into `keys` here.
/// Errors: as KeyVault::open; a key that cannot sign.
[[nodiscard]] core::Result<std::shared_ptr<adapters::venues::KeyVault>>
open_vault(const config::Config& config, const Environment& environment,
           adapters::venues::KeyRing& keys);

/// `state_dir`/journal on the disk.
[[nodiscard]] std::unique_ptr<adapters::files::FileLayer>
journal_files(const config::Config& config);

/// own: the journal syncs on a thread of its own. none: it does when `sync_journal` is called, and
/// is folded only as it opens.
enum class Threads : std::uint8_t { own, none };

/// Opens the journal and restores from it. Null in the value: trading is switched off.
/// Errors: configuration (held by another engine, damaged), internal (the disk).
[[nodiscard]] core::Result<std::shared_ptr<actors::supervisor::TradingParts>>
open_trading(const config::Config& config, std::unique_ptr<adapters::files::FileLayer> files,
             std::shared_ptr<adapters::venues::KeyRing> keys, const messages::ContextPtr& context,
             const std::string& version, Threads threads = Threads::own);

/// Throws the kill switch for everything, straight at the desk: it works while every actor hangs
/// and no interface answers.
void kill_all(actors::supervisor::TradingParts& trading, const messages::Context& context,
              const std::string& person);

} // namespace tandem::apps
