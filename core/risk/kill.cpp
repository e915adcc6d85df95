#include "core/risk/kill.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

bool covers(const KillOrder& order, std::string_view strategy, const VenueId& venue) noexcept {
  switch (order.level) {
  case KillLevel::strategy:
    return order.scope == strategy;
  case KillLevel::venue:
    return order.scope == venue.text();
  case KillLevel::all:
    return true;
  }
  return true; // what cannot be understood blocks
}

bool same_place(const KillOrder& order, KillLevel level, std::string_view scope) noexcept {
  return order.level == level && (level == KillLevel::all || order.scope == scope);
}

} // namespace

std::string_view to_string(KillLevel level) noexcept {
  switch (level) {
  case KillLevel::strategy:
    return "strategy";
  case KillLevel::venue:
    return "venue";
  case KillLevel::all:
    return "all";
  }
  return "all"; // the one that lets nobody trade
}

std::string place_of(KillLevel level, const std::string& scope) {
  return std::string{to_string(level)} + (scope.empty() ? "" : " " + scope);
}

bool KillSwitches::kill(const KillOrder& order) {
  const auto thrown_already = std::ranges::find_if(
      thrown_, [&](const KillOrder& other) { return same_place(other, order.level, order.scope); });
  if (thrown_already == thrown_.end()) {
    thrown_.push_back(order);
    return true;
  }
  return order.flatten && !std::exchange(thrown_already->flatten, true);
}

bool KillSwitches::release(KillLevel level, std::string_view scope) {
  return std::erase_if(thrown_,
                       [&](const KillOrder& order) { return same_place(order, level, scope); })
         > 0;
}

const KillOrder* KillSwitches::blocks(std::string_view strategy,
                                      const VenueId& venue) const noexcept {
  for (const auto& order : thrown_)
    if (covers(order, strategy, venue))
      return &order;
  return nullptr;
}

const KillOrder* KillSwitches::blocks_flatten(std::string_view strategy,
                                              const VenueId& venue) const noexcept {
  for (const auto& order : thrown_)
    if (!order.flatten && covers(order, strategy, venue))
      return &order;
  return nullptr;
}

} // namespace tandem::core::risk
