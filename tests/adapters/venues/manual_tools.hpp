/// The private side of one market with everything in the test's hand.
#pragma once

#include "adapters/venues/private_link.hpp"
#include "tests/adapters/venues/transport_fakes.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace tandem::tests {

struct ManualMarket {
  ManualMarket(const std::string& venue, core::MarketType type)
      : key{core::VenueId{venue}, type}, market{adapters::venues::make_market(key, {})},
        trading{adapters::venues::make_trading(key)} {
    adapters::venues::SignedOptions rest;
    rest.base_url = "https://venue.example";
    tools.trading = trading.get();
    tools.strand = &strand;
    tools.connector = &sockets;
    tools.rest = std::make_shared<adapters::venues::SignedClient>(
        *market, rest, adapters::venues::Credentials{"key", "secret", {}, nullptr}, http, strand,
        strand.clocks(), [] { return std::uint64_t{0}; },
        [] { return std::chrono::milliseconds{0}; });
    tools.clocks = strand.clocks();
  }

  ManualMarket(const ManualMarket&) = delete;
  ManualMarket& operator=(const ManualMarket&) = delete;

  core::MarketKey key;
  std::unique_ptr<adapters::venues::Market> market;
  std::unique_ptr<adapters::venues::Trading> trading;
  ManualStrand strand;
  ManualHttp http{strand};
  ManualSockets sockets;
  adapters::venues::PrivateTools tools;
};

} // namespace tandem::tests
