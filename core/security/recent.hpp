/// A map that remembers the most recently used entries and forgets the others: what is kept of
/// clients must be bounded whatever they send.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::core::security {

/// Not thread safe.
template <class Value>
class Recent {
public:
  /// @param entries_max at least 1.
  explicit Recent(std::size_t entries_max) : entries_max_{entries_max} {}

  /// Null when it is not known (any more). Using an entry makes it the most recent one.
  [[nodiscard]] Value* find(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end())
      return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  /// The entry of that name, made when it is not there. The least recently used one makes room.
  Value& get(std::string_view name, Value fresh) {
    if (auto* known = find(name))
      return *known;
    if (entries_.size() >= entries_max_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::string{name}, std::move(fresh));
    index_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  using Entries = std::list<std::pair<std::string, Value>>;

  std::size_t entries_max_;
  Entries entries_; ///< most recent first
  std::map<std::string, typename Entries::iterator, std::less<>> index_;
};

} // namespace tandem::core::security
