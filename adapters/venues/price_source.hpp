/// The price of any listed instrument for those that ask by request: from the live book when there
/// is one, else fetched from the venue and kept for a short while. Never an old or made-up price.
/// Thread safe.
#pragma once

#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/board.hpp"
#include "core/market/price_ttl.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tandem::adapters::venues {

struct PriceCounters {
  std::atomic<std::uint64_t> live{0};    ///< answered from a live book
  std::atomic<std::uint64_t> cached{0};  ///< answered from another's fetch
  std::atomic<std::uint64_t> fetched{0}; ///< cost a request to the venue
  std::atomic<std::uint64_t> failed{0};

  /// Share of answers that cost no request, in per mille.
  [[nodiscard]] std::int64_t hit_per_mille() const noexcept {
    const auto hits = live + cached;
    const auto all = hits + fetched;
    return all == 0 ? 1000 : static_cast<std::int64_t>(hits * 1000 / all);
  }
};

struct QuotedPrice {
  core::InstrumentKey key;
  std::shared_ptr<const core::market::DepthView> view; ///< levels best first
  core::UnixMillis ts = 0; ///< the venue's stamp, or the local time of receipt where it sends none
};

using PriceCallback = std::function<void(core::Result<QuotedPrice>)>;

class PriceSource : public std::enable_shared_from_this<PriceSource> {
public:
  struct Source {
    const Market* market = nullptr; ///< outlives the source
    std::shared_ptr<RestClient> rest;
  };

  PriceSource(std::shared_ptr<core::market::Board> board, std::vector<Source> sources,
              core::Clocks clocks);

  /// Which instrument an exchange name, a symbol and an optional type mean. Errors: not_found
  /// (exchange or symbol), validation_error (type), exchange_unavailable (instruments not read
  /// yet).
  [[nodiscard]] core::Result<std::shared_ptr<const core::Instrument>>
  resolve(std::string_view exchange, std::string_view symbol, std::string_view type) const;

  /// `done` runs at once (live, cached) or later on the venue strand. Errors: as the venue's,
  /// exchange_unavailable when it cannot be reached.
  void get(std::shared_ptr<const core::Instrument> instrument, PriceCallback done);

  [[nodiscard]] const PriceCounters& counters() const noexcept { return counters_; }

private:
  struct Entry {
    QuotedPrice price;
    core::MonoTime expires_at{};
    core::market::PriceTtl ttl;
    std::vector<PriceCallback> waiting; ///< one fetch serves all who asked meanwhile
  };

  void fetch(const std::shared_ptr<const core::Instrument>& instrument);
  void on_fetched(const std::shared_ptr<const core::Instrument>& instrument,
                  core::Result<transport::HttpResponse> reply);
  [[nodiscard]] const Source* find(const core::MarketKey& key) const;

  std::shared_ptr<core::market::Board> board_;
  std::map<core::MarketKey, Source> sources_;
  core::Clocks clocks_;
  PriceCounters counters_;
  std::mutex mutex_;
  std::unordered_map<core::InstrumentKey, Entry> entries_;
};

} // namespace tandem::adapters::venues
