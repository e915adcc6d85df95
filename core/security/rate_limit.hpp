/// How many requests a key or an address may make: a bucket of tokens for each, filled by time. No
/// clock.
#pragma once

#include "core/security/recent.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::core::security {

/// The name under which somebody's urgent requests are counted: a kill switch must not wait behind
/// what the same program or address asked before.
[[nodiscard]] inline std::string urgent_name(std::string_view name) {
  return std::string{name} + " urgent";
}

/// Not thread safe.
class RateLimit {
public:
  /// @param names_max remembered; one that is forgotten begins with a full bucket again.
  explicit RateLimit(std::size_t names_max = 10'000) : buckets_{names_max} {}

  /// Takes one token; false when there is none. A bucket holds one second's worth.
  /// @param per_second 1 to 1'000'000. @param now never earlier than before.
  [[nodiscard]] bool pass(std::string_view name, std::uint32_t per_second, MonoTime now) {
    const auto full = static_cast<std::int64_t>(per_second) * token;
    auto& bucket = buckets_.get(name, Bucket{full, now});
    const auto passed = std::clamp<std::int64_t>((now - bucket.at).count(), 0, token);
    bucket.level = std::min(full, bucket.level + passed * static_cast<std::int64_t>(per_second));
    bucket.at = now;
    if (bucket.level < token)
      return false;
    bucket.level -= token;
    return true;
  }

private:
  /// One request, in the unit in which a nanosecond brings `per_second` of them.
  static constexpr std::int64_t token = 1'000'000'000;

  struct Bucket {
    std::int64_t level = 0;
    MonoTime at{};
  };

  Recent<Bucket> buckets_;
};

} // namespace tandem::core::security
