#include "core/klines/relay.hpp"

#include <algorithm>

namespace tandem::core::klines {

Relay::Line* Relay::line(const Symbol& symbol, const Interval& interval) {
  const std::pair key{symbol, interval.millis()};
  if (const auto found = lines_.find(key); found != lines_.end())
    return &found->second;
  return lines_.size() < lines_max ? &lines_[key] : nullptr;
}

UnixMillis Relay::stamp(const Symbol& symbol, const Interval& interval, UnixMillis now) {
  auto* known = line(symbol, interval);
  if (known == nullptr)
    return now;
  return known->given = std::max(now, known->given + 1);
}

bool Relay::is_news(const Symbol& symbol, const Interval& interval, UnixMillis stamp) {
  auto* known = line(symbol, interval);
  if (known == nullptr)
    return true;
  if (stamp <= known->heard)
    return false;
  known->heard = stamp;
  return true;
}

} // namespace tandem::core::klines
