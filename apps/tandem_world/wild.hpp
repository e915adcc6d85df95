/// A strategy that has lost its mind: asks the desk for whatever comes to it. What leaves all the
/// same keeps every limit and every rule of its venue, or the judge says so.
#pragma once

#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_world/life.hpp"
#include "core/market/depth_view.hpp"
#include "core/orders/order.hpp"

#include <cstdint>
#include <memory>

namespace tandem::world {

/// In whose name its orders are.
inline constexpr auto* wild_person = "wild";

class WildStrategy {
public:
  explicit WildStrategy(std::uint64_t seed) : random_{seed} {}

  /// For one order, of any instrument that is followed.
  void ask(Life& life);

private:
  [[nodiscard]] core::orders::OrderDraft draft(const core::market::DepthView& view);
  [[nodiscard]] std::int64_t price(std::int64_t touch, std::int64_t tick);
  [[nodiscard]] std::int64_t quantity(std::int64_t lot);

  sim::Random random_;
  std::shared_ptr<const core::market::DepthView> remembered_; ///< the first one: old by and by
};

} // namespace tandem::world
