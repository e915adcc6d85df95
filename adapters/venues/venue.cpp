#include "adapters/venues/venue.hpp"

#include "adapters/venues/binance/venue.hpp"
#include "adapters/venues/bybit/venue.hpp"

#include <algorithm>

namespace tandem::adapters::venues {
namespace {

/// Each try during a ban makes it longer.
constexpr std::chrono::minutes ban_unsaid{10};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

std::string_view to_string(SyncAction action) noexcept {
  switch (action) {
  case SyncAction::apply:
    return "apply";
  case SyncAction::ignore:
    return "ignore";
  case SyncAction::buffer:
    return "buffer";
  case SyncAction::resync:
    return "resync";
  }
  return "?";
}

const std::string* find_header(const Headers& headers, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(headers, [name](const auto& header) {
    return std::ranges::equal(header.first, name,
                              [](char a, char b) { return lower(a) == lower(b); });
  });
  return found == headers.end() ? nullptr : &found->second;
}

void heed(core::market::RateBudget& budget, const RateReading& reading, core::WallTime sent,
          core::WallTime now) {
  if (reading.used)
    budget.on_used(*reading.used, sent, now);
  if (reading.limit)
    budget.on_limit(*reading.limit);
  if (reading.retry_after || reading.banned)
    budget.on_refused(reading.banned, now + reading.retry_after.value_or(ban_unsaid));
}

std::unique_ptr<Market> make_market(const core::MarketKey& key, const MarketOptions& options) {
  if (key.venue.text() == "binance")
    return binance::make_binance_market(key.type, options);
  if (key.venue.text() == "bybit")
    return bybit::make_bybit_market(key.type, options);
  return nullptr;
}

} // namespace tandem::adapters::venues
