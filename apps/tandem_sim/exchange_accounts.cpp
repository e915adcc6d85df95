// Accounts of the simulated venues: keys, wallets, positions, margin, and what a fill does to them.
#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/text.hpp"

#include <algorithm>
#include <utility>

namespace tandem::sim {
namespace {

constexpr std::int64_t e8 = 100'000'000;
constexpr std::size_t entries_max = 1'000'000; // per wallet; older ones are carried as sums

/// Venues charge at eight digits; what lies beyond is not taken.
Amount fee_on(Amount value, std::int64_t rate_e8) noexcept {
  constexpr Amount grid = e8; // 10^(16 - 8)
  const auto exact = core::divide(value * rate_e8, e8, core::Rounding::toward_zero);
  return exact - exact % grid;
}

FeeRates usual_fees(VenueName venue, bool spot) noexcept {
  if (spot)
    return {100'000, 100'000}; // 0.1 %: both venues' first tier
  return venue == VenueName::binance ? FeeRates{20'000, 50'000} : FeeRates{20'000, 55'000};
}

} // namespace

Amount value_of(const Instrument& instrument, std::int64_t price, std::int64_t quantity) noexcept {
  return static_cast<Amount>(price) * quantity
         * core::pow10(amount_decimals - instrument.price_decimals - instrument.quantity_decimals);
}

Amount quantity_amount(const Instrument& instrument, std::int64_t quantity) noexcept {
  return static_cast<Amount>(quantity)
         * core::pow10(amount_decimals - instrument.quantity_decimals);
}

std::optional<Amount> parse_amount(std::string_view text) {
  const auto decimal = core::Decimal::parse(text);
  if (!decimal || decimal->decimals() > amount_decimals)
    return std::nullopt;
  return static_cast<Amount>(decimal->mantissa())
         * core::pow10(amount_decimals - decimal->decimals());
}

std::string amount_text(Amount amount, int digits) {
  std::string out;
  add_wide(out, amount, amount_decimals, digits);
  return out;
}

std::string amount_trimmed(Amount amount) {
  return core::format_scaled(amount, amount_decimals);
}

Exchange::Exchange(const Scenario& scenario, Flow& flow, Time start) : flow_{flow} {
  for (const auto& each : scenario.replayed)
    recorded_[{each.surface, each.symbol}].market = std::make_unique<Market>(each);
  for (const auto* list : {&scenario.generated, &scenario.replayed})
    instruments_.insert(instruments_.end(), list->begin(), list->end());
  last_order_ = 4'000'000'000 + static_cast<OrderId>(scenario.seed % 1'000'000) * 1'000;
  for (const auto& account : scenario.accounts)
    create(account, start);
}

std::optional<AccountId> Exchange::create(const AccountOrder& order, Time now) {
  if (named(order.name))
    return std::nullopt;
  for (const auto& key : order.keys) {
    if (key_holder(order.venue, key.key))
      return std::nullopt;
  }
  Account made;
  made.id = accounts_.size();
  made.name = order.name;
  made.venue = order.venue;
  made.keys = order.keys;
  made.spot_fees = order.spot_fees.value_or(usual_fees(order.venue, true));
  made.linear_fees = order.linear_fees.value_or(usual_fees(order.venue, false));
  made.fee_asset = order.fee_asset;
  made.leverage = order.leverage;
  accounts_.push_back(std::move(made));
  const bool binance = order.venue == VenueName::binance;
  const auto id = accounts_.back().id;
  for (const auto& [asset, amount] : order.spot)
    transfer(id, binance ? SurfaceId::binance_spot : SurfaceId::bybit_spot, asset, amount, now);
  for (const auto& [asset, amount] : order.linear)
    transfer(id, binance ? SurfaceId::binance_linear : SurfaceId::bybit_linear, asset, amount, now);
  return id;
}

std::optional<AccountId> Exchange::named(std::string_view name) const noexcept {
  const auto found = std::ranges::find(accounts_, name, &Account::name);
  return found == accounts_.end() ? std::nullopt : std::optional{found->id};
}

std::optional<Exchange::KeyHolder> Exchange::key_holder(VenueName venue,
                                                        std::string_view key) const noexcept {
  for (const Account& account : accounts_) {
    if (account.venue != venue)
      continue;
    const auto found = std::ranges::find(account.keys, key, &ApiKey::key);
    if (found != account.keys.end())
      return KeyHolder{account.id, &*found};
  }
  return std::nullopt;
}

std::size_t Exchange::wallet_of(const Account& account, SurfaceId surface) noexcept {
  return account.venue == VenueName::binance && !is_spot(surface) ? 1 : 0;
}

void Exchange::add(Account& account, SurfaceId surface, const std::string& asset, Amount delta,
                   BalanceReason reason, std::int64_t execution_id, core::UnixMillis at) {
  const auto wallet = wallet_of(account, surface);
  auto& balance = account.wallets[wallet][asset];
  balance.free += delta;
  balance.changed_at = at;
  auto& entries = account.entries[wallet];
  entries.push_back({asset, delta, reason, execution_id, at});
  while (entries.size() > entries_max) {
    account.carried[wallet][entries.front().asset] += entries.front().delta;
    entries.pop_front();
  }
}

bool Exchange::transfer(AccountId account, SurfaceId surface, const std::string& asset,
                        Amount delta, Time now) {
  if (balance(account, surface, asset).free + delta < 0)
    return false;
  add(owner(account), surface, asset, delta,
      delta < 0 ? BalanceReason::withdraw : BalanceReason::deposit, 0, core::to_millis(now));
  for (auto* listener : listeners_)
    listener->on_transfer({account, surface, asset, delta, now});
  return true;
}

const std::map<std::string, Balance>& Exchange::balances(AccountId account,
                                                         SurfaceId surface) const {
  const auto& owner = accounts_.at(account);
  return owner.wallets[wallet_of(owner, surface)];
}

Balance Exchange::balance(AccountId account, SurfaceId surface, const std::string& asset) const {
  const auto& all = balances(account, surface);
  const auto found = all.find(asset);
  return found == all.end() ? Balance{} : found->second;
}

Position Exchange::position(AccountId account, const std::string& symbol) const {
  const auto& owner = accounts_.at(account);
  const auto found = owner.positions.find(symbol);
  if (found != owner.positions.end())
    return found->second;
  Position none;
  none.leverage = owner.leverage;
  return none;
}

bool Exchange::set_leverage(AccountId account, const std::string& symbol, std::int64_t leverage) {
  if (leverage < 1 || leverage > leverage_max)
    return false;
  owner(account).positions[symbol].leverage = leverage;
  return true;
}

FeeRates Exchange::fees(AccountId account, SurfaceId surface) const {
  const auto& owner = accounts_.at(account);
  return is_spot(surface) ? owner.spot_fees : owner.linear_fees;
}

Amount Exchange::unrealised(AccountId account, SurfaceId surface, const std::string& symbol) const {
  const auto held = position(account, symbol);
  const auto* of = instrument(surface, symbol);
  const auto price = market_price(surface, symbol);
  if (held.quantity == 0 || of == nullptr || !price)
    return 0;
  const auto value = value_of(*of, *price, held.quantity);
  return held.quantity > 0 ? value - held.cost : value + held.cost;
}

MarginState Exchange::margin(AccountId account, SurfaceId surface, const std::string& asset) const {
  return margin_with(account, surface, asset, nullptr, 0);
}

MarginState Exchange::margin_with(AccountId account, SurfaceId surface, const std::string& asset,
                                  const OrderAsk* ask, std::int64_t quantity) const {
  MarginState out;
  const auto wallet = balance(account, surface, asset);
  out.wallet = wallet.free + wallet.locked;

  struct Exposure {
    std::int64_t buys = 0, sells = 0;
  };

  std::map<std::string, Exposure> exposures;
  const auto take_up = [&](const std::string& symbol, Side side, std::int64_t left) {
    (side == Side::bid ? exposures[symbol].buys : exposures[symbol].sells) += left;
  };
  for (const Order* order : orders(account, surface, {}, true)) {
    if (!order->reduce_only)
      take_up(order->symbol, order->side, order->left());
  }
  if (ask != nullptr)
    take_up(ask->symbol, ask->side, quantity);
  for (const auto& [symbol, held] : accounts_.at(account).positions) {
    if (held.quantity != 0)
      exposures.try_emplace(symbol);
  }
  for (const auto& [symbol, open] : exposures) {
    const auto* of = instrument(surface, symbol);
    const auto price = market_price(surface, symbol);
    if (of == nullptr || !price || of->quote != asset)
      continue;
    const auto held = position(account, symbol);
    const auto now = std::abs(held.quantity);
    const auto worst = std::max(
        {now, std::abs(held.quantity + open.buys), std::abs(held.quantity - open.sells)});
    out.position_margin += value_of(*of, *price, now) / held.leverage;
    out.order_margin += value_of(*of, *price, worst - now) / held.leverage;
    out.unrealised += unrealised(account, surface, symbol);
  }
  return out;
}

Amount Exchange::spendable(AccountId account, SurfaceId surface, const std::string& asset) const {
  const auto free = balance(account, surface, asset).free;
  const auto& owner = accounts_.at(account);
  if (owner.venue == VenueName::binance)
    return free;
  // One wallet: what backs contracts cannot be spent on coins.
  const auto locked = balance(account, surface, asset).locked;
  return std::min(free, margin(account, SurfaceId::bybit_linear, asset).available() - locked);
}

Amount Exchange::lock_for(const Order& order) const {
  const auto* of = instrument(order.surface, order.symbol);
  if (of == nullptr || !is_spot(order.surface) || order.type == OrderType::market
      || !is_open(order.state))
    return 0;
  if (order.side == Side::ask)
    return quantity_amount(*of, order.left());
  const auto value = value_of(*of, order.price, order.left());
  const auto& account = accounts_.at(order.account);
  if (account.fee_asset == FeeAsset::received)
    return value;
  const auto rates = account.spot_fees;
  return value + std::max<Amount>(fee_on(value, std::max(rates.maker_e8, rates.taker_e8)), 0);
}

void Exchange::adjust_lock(Order& order) {
  const auto wanted = lock_for(order);
  if (wanted == order.locked)
    return;
  const auto* of = instrument(order.surface, order.symbol);
  auto& account = owner(order.account);
  auto& wallet = account.wallets[wallet_of(account, order.surface)]
                                [order.side == Side::bid ? of->quote : of->base];
  wallet.free += order.locked - wanted;
  wallet.locked += wanted - order.locked;
  order.locked = wanted;
}

void Exchange::settle_spot(Order& order, Fill& fill, const Instrument& of) {
  auto& account = owner(order.account);
  const auto value = value_of(of, fill.price, fill.quantity);
  const auto coins = quantity_amount(of, fill.quantity);
  const bool buys = order.side == Side::bid;
  const auto rate = fill.maker ? account.spot_fees.maker_e8 : account.spot_fees.taker_e8;
  const bool in_base = buys && account.fee_asset == FeeAsset::received;
  fill.fee = fee_on(in_base ? coins : value, rate);
  fill.fee_asset = in_base ? of.base : of.quote;
  adjust_lock(order); // what this fill spends becomes free first
  const auto book = [&](const std::string& asset, Amount delta, BalanceReason reason) {
    if (delta != 0)
      add(account, order.surface, asset, delta, reason, fill.execution_id, fill.at);
  };
  book(of.base, buys ? coins : -coins, BalanceReason::trade);
  book(of.quote, buys ? -value : value, BalanceReason::trade);
  book(fill.fee_asset, -fill.fee, BalanceReason::fee);
}

void Exchange::settle_linear(const Order& order, Fill& fill, const Instrument& of) {
  auto& account = owner(order.account);
  const auto rate = fill.maker ? account.linear_fees.maker_e8 : account.linear_fees.taker_e8;
  fill.fee = fee_on(value_of(of, fill.price, fill.quantity), rate);
  fill.fee_asset = of.quote;
  auto [found, made] = account.positions.try_emplace(order.symbol);
  auto& held = found->second;
  if (made)
    held.leverage = account.leverage;
  const auto signed_quantity = order.side == Side::bid ? fill.quantity : -fill.quantity;
  const bool grows = held.quantity == 0 || (held.quantity > 0) == (signed_quantity > 0);
  const auto closed = grows ? 0 : std::min(fill.quantity, std::abs(held.quantity));
  if (closed > 0) {
    const auto whole = std::abs(held.quantity);
    const auto cost = held.cost * closed / whole; // a residue stays with what is still held
    const auto value = value_of(of, fill.price, closed);
    fill.realised = held.quantity > 0 ? value - cost : cost - value;
    held.cost -= cost;
    held.realised += fill.realised;
  }
  held.cost += value_of(of, fill.price, fill.quantity - closed);
  held.quantity += signed_quantity;
  held.updated_at = fill.at;
  if (fill.realised != 0)
    add(account, order.surface, of.quote, fill.realised, BalanceReason::realised, fill.execution_id,
        fill.at);
  if (fill.fee != 0)
    add(account, order.surface, of.quote, -fill.fee, BalanceReason::fee, fill.execution_id,
        fill.at);
}

} // namespace tandem::sim
