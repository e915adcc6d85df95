#include "adapters/venues/binance/venue.hpp"

#include "adapters/venues/binance/book_sync.hpp"
#include "adapters/venues/binance/codec.hpp"
#include "adapters/venues/binance/rest.hpp"

#include <string_view>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

using namespace std::chrono_literals;

/// Limits with the reserve we keep. Source: Binance Spot and USD-M Futures "WebSocket Streams",
/// general information.
MarketTraits traits_of(core::MarketType type) {
  MarketTraits traits;
  traits.snapshot_by_rest = true;
  traits.streams_per_connection = 200; // of 1024 documented; mature clients stop at 200 on USD-M
  traits.streams_per_request = 100;
  traits.request_chars_max
      = 4'000; // measured by others: a request above 4088 bytes is never answered
  traits.lifetime = 24h;
  if (type == core::MarketType::spot) {
    traits.snapshot_levels = 5'000;
    traits.request_spacing = 300ms;     // 5 messages a second, our pongs included
    traits.transport_silence_max = 45s; // the server pings every 20 s
    traits.requests.weight_per_window = 6'000;
  } else {
    traits.snapshot_levels = 1'000;
    traits.request_spacing = 150ms;      // 10 messages a second, our pongs included
    traits.transport_silence_max = 200s; // the server pings every 3 min
    traits.requests.weight_per_window = 2'400;
  }
  return traits;
}

/// The word behind "@depth@" for the configured speed; nullopt when the market has no such stream.
std::optional<std::string> depth_speed_of(core::MarketType type, std::string_view word) {
  if (word.empty() || word == "100ms")
    return "100ms";
  if (type == core::MarketType::spot)
    return word == "1000ms" ? std::optional<std::string>{""} : std::nullopt;
  if (word == "250ms")
    return "";
  if (word == "500ms" || word == "0ms")
    return std::string{word};
  return std::nullopt;
}

class BinanceMarket final : public Market {
public:
  BinanceMarket(core::MarketType type, std::string depth_speed)
      : key_{core::VenueId{"binance"}, type}, traits_{traits_of(type)},
        depth_speed_{std::move(depth_speed)}, rest_{make_rest(type)} {}

  const core::MarketKey& key() const override { return key_; }

  const MarketTraits& traits() const override { return traits_; }

  std::string route(Channel channel) const override {
    if (key_.type == core::MarketType::spot)
      return "/stream";
    // A wrong tier acknowledges the subscription and stays silent.
    switch (channel) {
    case Channel::depth:
    case Channel::best:
      return "/public/stream";
    case Channel::trades:
    case Channel::klines:
    case Channel::ticker:
      return "/market/stream";
    }
    return "/public/stream";
  }

  std::unique_ptr<Codec> make_codec() const override {
    return binance::make_codec(key_.type, depth_speed_);
  }

  std::unique_ptr<BookSync> make_book_sync() const override {
    return std::make_unique<BinanceBookSync>(key_.type);
  }

  const Rest& rest() const override { return *rest_; }

private:
  core::MarketKey key_;
  MarketTraits traits_;
  std::string depth_speed_;
  std::unique_ptr<Rest> rest_;
};

} // namespace

std::unique_ptr<Market> make_binance_market(core::MarketType type, const MarketOptions& options) {
  auto depth_speed = depth_speed_of(type, options.depth_stream);
  if (!depth_speed)
    return nullptr;
  return std::make_unique<BinanceMarket>(type, *std::move(depth_speed));
}

} // namespace tandem::adapters::venues::binance
