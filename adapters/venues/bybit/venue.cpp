#include "adapters/venues/bybit/venue.hpp"

#include "adapters/venues/bybit/book_sync.hpp"
#include "adapters/venues/bybit/codec.hpp"
#include "adapters/venues/bybit/rest.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <array>
#include <utility>

namespace tandem::adapters::venues::bybit {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t depth_default = 50;

/// Source: bybit-exchange.github.io/docs/v5/ws/connect and .../rate-limit.
MarketTraits traits_of(core::MarketType type) {
  MarketTraits traits;
  traits.snapshot_by_rest = false;
  traits.fixed_window = true;
  // 200 topics of at most 50 characters stay far below the 21,000 a connection may have in total.
  traits.streams_per_connection = 200;
  traits.streams_per_request = type == core::MarketType::spot ? 10 : 100;
  traits.request_chars_max = 21'000;
  traits.request_spacing = 250ms;
  traits.ping_interval = 20s;
  traits.transport_silence_max = 30s;
  // The venue allows 600 requests in any 5 s, then bans for 10 minutes. Our windows follow the
  // calendar: half of it in each, so that bursts on both sides of a window's end stay within.
  traits.requests.weight_per_window = 300;
  traits.requests.window = 5s;
  return traits;
}

class BybitMarket final : public Market {
public:
  BybitMarket(core::MarketType type, std::uint32_t levels)
      : key_{core::VenueId{std::string{wire::source}}, type}, traits_{traits_of(type)},
        levels_{levels}, rest_{make_rest(type)} {}

  [[nodiscard]] const core::MarketKey& key() const override { return key_; }

  [[nodiscard]] const MarketTraits& traits() const override { return traits_; }

  [[nodiscard]] std::string route(Channel /*channel*/) const override {
    return "/v5/public/" + std::string{core::to_string(key_.type)};
  }

  [[nodiscard]] std::unique_ptr<Codec> make_codec() const override {
    return bybit::make_codec(levels_);
  }

  [[nodiscard]] std::unique_ptr<BookSync> make_book_sync() const override {
    return bybit::make_book_sync(levels_);
  }

  [[nodiscard]] const Rest& rest() const override { return *rest_; }

private:
  core::MarketKey key_;
  MarketTraits traits_;
  std::uint32_t levels_;
  std::unique_ptr<Rest> rest_;
};

} // namespace

std::unique_ptr<Market> make_bybit_market(core::MarketType type, const MarketOptions& options) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 5> depths{
      {{"", depth_default}, {"50", 50}, {"200", 200}, {"500", 500}, {"1000", 1000}}};
  for (const auto& [name, levels] : depths) {
    if (name == options.depth_stream)
      return std::make_unique<BybitMarket>(type, levels);
  }
  return nullptr;
}

} // namespace tandem::adapters::venues::bybit
