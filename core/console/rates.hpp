/// Messages per second out of counts that are looked at now and then.
#pragma once

#include "core/types/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tandem::core::console {

using Counts = std::map<std::string, std::uint64_t>;
/// Tenths per second.
using Rates = std::map<std::string, std::int64_t>;

class RateMeter {
public:
  /// @return of each name that was there the last time too and did not begin anew
  [[nodiscard]] Rates look(Counts counts, MonoTime now) {
    Rates rates;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - looked_at_).count();
    for (const auto& [name, count] : counts)
      if (const auto before = before_.find(name);
          ms > 0 && before != before_.end() && count >= before->second)
        rates[name] = static_cast<std::int64_t>(count - before->second) * 10'000 / ms;
    before_ = std::move(counts);
    looked_at_ = now;
    return rates;
  }

private:
  Counts before_;
  MonoTime looked_at_{};
};

} // namespace tandem::core::console
