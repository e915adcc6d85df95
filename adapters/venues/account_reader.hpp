/// Reads one account's truth from its venue in one go: balances, positions, open orders, recent
/// fills, fees, what the key may do. Asks only; compares and decides nothing.
#pragma once

#include "adapters/venues/signed_client.hpp"
#include "adapters/venues/trading.hpp"
#include "core/orders/desk.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::adapters::venues {

/// What is wanted beyond balances, positions and open orders, which are always read.
struct AccountPlan {
  std::vector<core::Symbol> fees;                       ///< taker and maker rates of these
  std::map<core::Symbol, core::UnixMillis> fills_since; ///< all fills of these since then
  bool rights = false;
};

struct AccountReading {
  std::vector<Balance> balances;
  std::vector<VenuePosition> positions;
  std::vector<core::orders::VenueOrder> open_orders;
  std::vector<core::orders::VenueFill> fills;
  std::map<core::Symbol, AccountFees> fees;
  KeyRights rights;
};

/// Runs on the strand; `done` once, with everything or the first failure (unauthenticated: the key
/// is no good; others: try again later).
void read_account(const Trading& trading, const std::shared_ptr<SignedClient>& rest,
                  AccountPlan plan, std::function<void(core::Result<AccountReading>)> done);

} // namespace tandem::adapters::venues
