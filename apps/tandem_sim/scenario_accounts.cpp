// The accounts of a scenario: who may trade at which simulated venue, with what money and fees.
#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/scenario_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::int64_t leverage_max = 125;
constexpr int rate_decimals = 8;

void read_assets(Reader in, std::map<std::string, Amount>& out) {
  for (const auto& asset : in.keys()) {
    const auto amount = parse_amount(in.text(asset, "0"));
    if (!amount || *amount < 0)
      in.refuse(asset, fmt::format("must be a decimal from zero with at most {} digits behind the "
                                   "point",
                                   amount_decimals));
    else
      out[asset] = *amount;
  }
  in.finish();
}

std::int64_t read_rate(Reader& in, std::string_view key) {
  const auto rate = core::Decimal::parse(in.text(key, "0"));
  constexpr std::int64_t tenth = 10'000'000; // 10 % in 10^-8: nobody takes more
  const auto scaled = rate ? rate->at_scale(rate_decimals)
                           : core::Result<std::int64_t>{tl::unexpected{rate.error()}};
  if (!scaled || std::abs(*scaled) > tenth) {
    in.refuse(key, "must be a part of the traded value from -0.1 to 0.1, such as 0.001");
    return 0;
  }
  return *scaled;
}

std::optional<FeeRates> read_fees(Reader& in, std::string_view key) {
  if (!in.has(key)) {
    in.section(key).finish();
    return std::nullopt;
  }
  auto section = in.section(key);
  section.require("maker");
  section.require("taker");
  FeeRates out;
  out.maker_e8 = read_rate(section, "maker");
  out.taker_e8 = read_rate(section, "taker");
  section.finish();
  return out;
}

void read_keys(Reader& in, AccountOrder& out) {
  for (auto& item : in.items("keys")) {
    ApiKey key;
    item.require("key");
    key.key = item.text("key", "");
    key.secret = item.text("secret", "");
    key.public_key = item.text("public_key", "");
    key.may_trade = item.boolean("trade", true);
    key.may_withdraw = item.boolean("withdraw", false);
    if (key.secret.empty() == key.public_key.empty())
      item.refuse("key", "needs a secret (HMAC) or a public_key (Ed25519), not both");
    item.finish();
    out.keys.push_back(std::move(key));
  }
}

AccountOrder read_account(Reader& in) {
  AccountOrder out;
  in.require("name");
  in.require("venue");
  out.name = in.text("name", "");
  const auto venue = in.text("venue", "binance");
  if (venue != "binance" && venue != "bybit")
    in.refuse("venue", fmt::format("'{}' must be binance or bybit", venue));
  out.venue = venue == "bybit" ? VenueName::bybit : VenueName::binance;
  read_keys(in, out);
  auto deposits = in.section("deposits");
  if (out.venue == VenueName::bybit) {
    read_assets(deposits.section("unified"), out.spot);
  } else {
    read_assets(deposits.section("spot"), out.spot);
    read_assets(deposits.section("linear"), out.linear);
  }
  deposits.finish();
  auto fees = in.section("fees");
  out.spot_fees = read_fees(fees, "spot");
  out.linear_fees = read_fees(fees, "linear");
  fees.finish();
  const auto fee_asset = in.text("fee_asset", "received");
  if (fee_asset != "received" && fee_asset != "quote")
    in.refuse("fee_asset", fmt::format("'{}' must be received or quote", fee_asset));
  out.fee_asset = fee_asset == "quote" ? FeeAsset::quote : FeeAsset::received;
  out.leverage = in.integer("leverage", out.leverage, 1, leverage_max);
  in.finish();
  return out;
}

} // namespace

void read_accounts(Reader& in, Scenario& out) {
  std::vector<std::pair<VenueName, std::string>> keys;
  for (auto& item : in.items("accounts")) {
    auto account = read_account(item);
    const bool named
        = std::ranges::find(out.accounts, account.name, &AccountOrder::name) != out.accounts.end();
    if (account.name.empty() || named)
      item.refuse("name", "must be there and unlike the other accounts'");
    for (const auto& key : account.keys) {
      const auto entry = std::pair{account.venue, key.key};
      if (std::ranges::find(keys, entry) != keys.end())
        item.refuse("keys", "one of them is listed twice at this venue");
      keys.push_back(entry);
    }
    out.accounts.push_back(std::move(account));
  }
}

} // namespace tandem::sim
