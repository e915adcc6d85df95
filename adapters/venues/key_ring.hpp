/// The keys of all venues, for whoever has to sign. Held in memory only; where they come from and
/// how they are kept at rest is their owner's business. Thread safe.
#pragma once

#include "adapters/venues/trading.hpp"
#include "core/types/ids.hpp"

#include <map>
#include <mutex>
#include <string>
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
    refused_.erase(venue);
  }

  void remove(const core::VenueId& venue) {
    const std::lock_guard lock{mutex_};
    keys_.erase(venue);
    refused_.erase(venue);
  }

  /// No order may be signed with the key that is there now. Found out by one of the venue's
  /// markets, it holds for all of them, until another key is put.
  void refuse(const core::VenueId& venue, std::string why) {
    const std::lock_guard lock{mutex_};
    refused_[venue] = std::move(why);
  }

  /// Why the venue's key is refused; empty = it is not.
  [[nodiscard]] std::string refused(const core::VenueId& venue) const {
    const std::lock_guard lock{mutex_};
    const auto found = refused_.find(venue);
    return found == refused_.end() ? std::string{} : found->second;
  }

private:
  mutable std::mutex mutex_;
  std::map<core::VenueId, Credentials> keys_;
  std::map<core::VenueId, std::string> refused_;
};

} // namespace tandem::adapters::venues
