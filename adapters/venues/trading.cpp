#include "adapters/venues/trading.hpp"

#include "adapters/venues/binance/trading.hpp"
#include "adapters/venues/bybit/trading.hpp"

namespace tandem::adapters::venues {

KeyKind Credentials::kind() const noexcept {
  return prepared ? prepared->kind() : kind_of_secret(secret);
}

core::Status Credentials::prepare() {
  if (prepared)
    return {};
  auto key = SigningKey::prepare(secret);
  if (!key)
    return tl::unexpected{key.error()};
  prepared = *std::move(key);
  wipe(secret);
  return {};
}

core::Result<std::string> Credentials::sign(std::string_view payload) const {
  if (prepared)
    return prepared->sign(payload);
  const auto key = SigningKey::prepare(secret);
  if (!key)
    return tl::unexpected{key.error()};
  return (*key)->sign(payload);
}

core::Result<std::string> Trading::prehash(const SigningParts& /*request*/) const {
  return core::fail(core::Errc::validation_error, "this venue's requests are signed as given");
}

std::unique_ptr<Trading> make_trading(const core::MarketKey& key) {
  if (key.venue.text() == "binance")
    return binance::make_binance_trading(key.type);
  if (key.venue.text() == "bybit")
    return bybit::make_bybit_trading(key.type);
  return nullptr;
}

} // namespace tandem::adapters::venues
