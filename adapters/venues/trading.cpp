#include "adapters/venues/trading.hpp"

#include "adapters/venues/binance/trading.hpp"
#include "adapters/venues/bybit/trading.hpp"

#include <fmt/format.h>

#include <utility>

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

core::Status check_terms(core::MarketType type, const core::orders::OrderDraft& draft,
                         std::string source) {
  using core::orders::OrderType;
  const auto invalid = [&](std::string detail) {
    return core::fail(core::Errc::validation_error, std::move(detail), std::move(source));
  };
  if (draft.quantity.units <= 0)
    return invalid(fmt::format("quantity {}, above 0 is wanted", draft.quantity.units));
  if (draft.type == OrderType::limit && draft.price.units <= 0)
    return invalid(fmt::format("limit price {}, above 0 is wanted", draft.price.units));
  if (draft.type == OrderType::market && draft.tif == core::orders::TimeInForce::post_only)
    return invalid("a market order cannot be post-only");
  if (draft.reduce_only && type == core::MarketType::spot)
    return invalid("reduce-only exists on linear markets only");
  return {};
}

core::Result<std::string> Trading::prehash(const SigningParts& /*request*/) const {
  return core::fail(core::Errc::validation_error, "this venue's requests are signed as given");
}

std::optional<core::market::OrderRate> Trading::read_order_rate(const Headers& /*headers*/) const {
  return std::nullopt;
}

std::unique_ptr<Trading> make_trading(const core::MarketKey& key) {
  if (key.venue.text() == "binance")
    return binance::make_binance_trading(key.type);
  if (key.venue.text() == "bybit")
    return bybit::make_bybit_trading(key.type);
  return nullptr;
}

} // namespace tandem::adapters::venues
