/// Keys that were given by interface, at rest: one file, AES-256-GCM under a master key that is
/// not in it. The file's name and form carry nothing of the keys; nothing here is ever logged.
/// Thread safe.
#pragma once

#include "adapters/venues/trading.hpp"
#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tandem::adapters::venues {

struct StoredKey {
  std::string api_key, secret, passphrase;
};

/// Made ready to sign. Errors: as Credentials::prepare.
[[nodiscard]] core::Result<Credentials> credentials_of(const StoredKey& key);

class KeyVault {
public:
  using Keys = std::map<core::VenueId, StoredKey>;

  /// That many unpredictable bytes; empty when there are none. For nonces and master keys.
  using RandomBytes = std::function<std::string(std::size_t)>;

  /// `directory`/api_keys.vault. The master key is `master` (64 hex digits) or, when that is empty,
  /// the file `directory`/master.key, made with mode 0600 when it is first needed.
  /// Errors: configuration (no 64 hex digits; a master.key that others may read; a vault that this
  /// master key does not open, or that was changed), internal (the disk).
  [[nodiscard]] static core::Result<std::shared_ptr<KeyVault>>
  open(const std::string& directory, const std::string& master, RandomBytes random);

  ~KeyVault();
  KeyVault(const KeyVault&) = delete;
  KeyVault& operator=(const KeyVault&) = delete;

  [[nodiscard]] Keys keys() const;

  /// On the disk when it returns; an error changes nothing. Errors: internal.
  [[nodiscard]] core::Status put(const core::VenueId& venue, StoredKey key);
  /// Nothing there is no error.
  [[nodiscard]] core::Status remove(const core::VenueId& venue);

private:
  using MasterKey = std::array<unsigned char, 32>;

  KeyVault(std::string directory, RandomBytes random)
      : directory_{std::move(directory)}, random_{std::move(random)} {}

  [[nodiscard]] core::Status change(Keys keys);
  [[nodiscard]] core::Result<MasterKey> master_key() const;
  [[nodiscard]] core::Result<MasterKey> make_master_key() const;

  const std::string directory_;
  const RandomBytes random_;
  std::string master_text_; ///< from the environment; empty = the file
  mutable std::mutex mutex_;
  Keys keys_;
};

} // namespace tandem::adapters::venues
