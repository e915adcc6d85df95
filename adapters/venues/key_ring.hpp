/// The keys of all venues, for whoever has to sign. Held in memory only; where they come from and
/// how they are kept at rest is their owner's business. Thread safe.
#pragma once

#include "adapters/venues/trading.hpp"
#include "core/types/ids.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace tandem::adapters::venues {

class KeyRing {
public:
  /// Empty credentials when there are none.
  [[nodiscard]] Credentials get(const core::VenueId& venue) const {
    const std::lock_guard lock{mutex_};
    const auto found = keys_.find(venue);
    return found == keys_.end() ? Credentials{} : found->second;
  }

  [[nodiscard]] bool has(const core::VenueId& venue) const { return get(venue).complete(); }

  void put(const core::VenueId& venue, Credentials keys) {
    const std::lock_guard lock{mutex_};
    keys_[venue] = std::move(keys);
  }

  void remove(const core::VenueId& venue) {
    const std::lock_guard lock{mutex_};
    keys_.erase(venue);
  }

private:
  mutable std::mutex mutex_;
  std::map<core::VenueId, Credentials> keys_;
};

} // namespace tandem::adapters::venues
