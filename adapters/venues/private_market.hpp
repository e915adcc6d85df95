/// What the private side of one market is made of, for whoever opens its stream or sends its
/// orders. A value; what it points to outlives it.
#pragma once

#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/private_link.hpp"
#include "adapters/venues/signed_client.hpp"
#include "adapters/venues/trading.hpp"
#include "core/market/board.hpp"
#include "core/orders/desk.hpp"
#include "core/supervision/backoff.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace tandem::adapters::venues {

struct PrivateMarket {
  const Market* market = nullptr;
  const Trading* trading = nullptr;
  transport::Strand* strand = nullptr;
  transport::WebSocketConnector* connector = nullptr;
  transport::HttpClient* http = nullptr;
  core::orders::Desk* desk = nullptr;
  std::shared_ptr<KeyRing> keys;
  std::shared_ptr<core::market::Board> board; ///< knows the venue's clock
  core::Clocks clocks;
  std::function<std::uint64_t()> random;
  SignedOptions rest;
  std::shared_ptr<core::market::RateBudget> budget; ///< of the market's host
  core::supervision::BackoffLimits backoff;
  std::function<std::size_t()> waiting; ///< PrivateTools::waiting

  /// Signs with the keys that the venue has now: make another one when they change.
  [[nodiscard]] std::shared_ptr<SignedClient> make_client() const {
    return std::make_shared<SignedClient>(
        *market, rest, keys->get(market->key().venue), *http, *strand, clocks, random,
        [board = board, key = market->key(), clocks = clocks] {
          return board->clock_offset(key, clocks.mono(), clocks.wall())
              .value_or(std::chrono::milliseconds{0});
        },
        budget);
  }

  [[nodiscard]] PrivateTools tools(std::shared_ptr<SignedClient> client) const {
    return {.trading = trading,
            .strand = strand,
            .connector = connector,
            .rest = std::move(client),
            .clocks = clocks,
            .waiting = waiting};
  }
};

} // namespace tandem::adapters::venues
