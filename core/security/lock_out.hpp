/// Who tried too many wrong keys is not listened to for a while. Counts per address; a right key in
/// between wins nothing, only time does. No clock.
#pragma once

#include "core/security/recent.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::core::security {

struct LockOutLimits {
  std::uint32_t failures_max = 10;    ///< within the window; then the address is locked out
  std::chrono::seconds window{600};   ///< from the first failure
  std::chrono::seconds lock{900};     ///< from the last failure
  std::size_t addresses_max = 10'000; ///< remembered; the least recently seen is forgotten
};

/// Not thread safe.
class LockOut {
public:
  explicit LockOut(LockOutLimits limits = {}) : limits_{limits}, addresses_{limits.addresses_max} {}

  /// How long still; nothing when the address may try. @param now never earlier than before.
  [[nodiscard]] std::optional<std::chrono::seconds> locked(std::string_view address, MonoTime now) {
    const auto* entry = addresses_.find(address);
    if (entry == nullptr || !entry->until || now >= *entry->until)
      return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(*entry->until - now);
  }

  /// A wrong key. True when this one locks the address out.
  bool failed(std::string_view address, MonoTime now) {
    auto& entry = addresses_.get(address, Entry{0, now, std::nullopt});
    if (now - entry.first >= limits_.window || (entry.until && now >= *entry.until))
      entry = {0, now, std::nullopt};
    if (++entry.failures < limits_.failures_max)
      return false;
    entry.until = now + limits_.lock;
    return true;
  }

private:
  struct Entry {
    std::uint32_t failures = 0;
    MonoTime first{};
    std::optional<MonoTime> until;
  };

  LockOutLimits limits_;
  Recent<Entry> addresses_;
};

} // namespace tandem::core::security
