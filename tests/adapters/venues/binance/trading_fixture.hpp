/// What the tests of Binance's private side share: a published key pair, a fixed time, orders, and
/// frames with their padding.
#pragma once

#include "adapters/venues/trading.hpp"
#include "tests/adapters/venues/binance/fixture.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tandem::tests {

/// The illustrative pair of the venue's own pages ("SIGNED Endpoint Examples"); it opens nothing.
inline adapters::venues::Credentials example_keys() {
  return {"vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
          "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
          {},
          {}};
}

/// RFC 8032, section 7.1, test 1, as the key of the same account.
inline adapters::venues::Credentials ed25519_keys() {
  auto keys = example_keys();
  keys.secret = "-----BEGIN PRIVATE KEY-----\n"
                "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                "-----END PRIVATE KEY-----\n";
  return keys;
}

inline constexpr adapters::venues::Stamp stamp{1'700'000'000'000, std::chrono::milliseconds{2'000}};

inline constexpr auto own_id = "tdab1200001000000a1";

inline std::unique_ptr<adapters::venues::Trading> binance_trading(core::MarketType type) {
  return adapters::venues::make_trading({core::VenueId{"binance"}, type});
}

/// Buys 0.00847 BTCUSDT at 23416.10 at most, immediate or cancel.
inline core::orders::OrderIntent example_order(core::MarketType type) {
  core::orders::OrderIntent order;
  order.id = core::orders::ClientOrderId{own_id};
  order.draft.instrument = {core::VenueId{"binance"}, type, core::Symbol{"BTCUSDT"}};
  order.draft.scale = {2, 5};
  order.draft.price = {2'341'610};
  order.draft.quantity = {847};
  return order;
}

} // namespace tandem::tests
