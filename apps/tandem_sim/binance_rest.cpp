// Binance REST: routes, weights and limits.
#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/binance_reply.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis minute = 60'000;
constexpr core::UnixMillis second = 1'000;

/// Routes that need a signature; with a key header nobody here knows the key, without one its
/// format is wrong.
constexpr std::array<std::string_view, 26> signed_routes{"order",
                                                         "order/test",
                                                         "openOrders",
                                                         "allOrders",
                                                         "account",
                                                         "myTrades",
                                                         "orderList",
                                                         "order/cancelReplace",
                                                         "account/commission",
                                                         "rateLimit/order",
                                                         "sor/order",
                                                         "allOpenOrders",
                                                         "openOrder",
                                                         "userTrades",
                                                         "balance",
                                                         "positionRisk",
                                                         "leverage",
                                                         "marginType",
                                                         "positionSide/dual",
                                                         "commissionRate",
                                                         "countdownCancelAll",
                                                         "batchOrders",
                                                         "algoOrder",
                                                         "listenKey",
                                                         "leverageBracket",
                                                         "multiAssetsMargin"};

std::string text_levels(const std::vector<TextLevel>& levels) {
  std::string out{"["};
  for (const auto& level : levels)
    out += fmt::format(R"({}["{}","{}"])", out.size() > 1 ? "," : "", level.price, level.quantity);
  return out + ']';
}

} // namespace

bool Binance::known(const std::string& symbol) const {
  return std::ranges::any_of(instruments_, [&](const auto& each) { return each.symbol == symbol; });
}

std::int64_t Binance::weight_of(const HttpAsk& ask, std::string_view route) const {
  const bool one = query_value(ask, "symbol").has_value();
  const auto limit = number(ask, "limit");
  if (route == "depth" && spot()) {
    const auto levels = limit < 0 ? 100 : limit;
    return levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1'000 ? 50 : 250;
  }
  if (route == "depth") {
    const auto levels = limit < 0 ? 500 : limit;
    return levels <= 50 ? 2 : levels <= 100 ? 5 : levels <= 500 ? 10 : 20;
  }
  if (route == "klines" && !spot()) {
    const auto rows = limit < 0 ? 500 : limit;
    return rows < 100 ? 1 : rows < 500 ? 2 : rows <= 1'000 ? 5 : 10;
  }
  if (route == "klines")
    return 2;
  if (route == "exchangeInfo")
    return spot() ? 20 : 1;
  if (route == "trades")
    return spot() ? 25 : 5;
  if (route == "aggTrades")
    return spot() ? 4 : 20;
  if (route == "ticker/24hr")
    return spot() ? (one ? 2 : 80) : (one ? 1 : 40);
  if (route == "ticker/bookTicker")
    return spot() ? (one ? 2 : 4) : (one ? 2 : 5);
  if (route == "ticker/price")
    return spot() ? (one ? 2 : 4) : (one ? 1 : 2);
  return 1;
}

std::optional<HttpAnswer> Binance::throttle(const std::string& host, std::int64_t weight, Time now,
                                            std::int64_t& used) {
  used = 0;
  if (options_.weight_max == 0)
    return std::nullopt; // this venue does not count
  const auto ms = core::to_millis(now);
  auto& ban = bans_[host];
  if (now < ban.until) {
    const auto left = (core::to_millis(ban.until) - ms + second - 1) / second;
    auto refusal = error(
        418, -1003,
        fmt::format("Way too much request weight used; IP banned until {}. Please use WebSocket "
                    "Streams for live updates to avoid bans.",
                    core::to_millis(ban.until)));
    refusal.headers.emplace_back("Retry-After", std::to_string(left));
    return refusal;
  }
  auto& window = weights_.try_emplace(host, minute).first->second;
  used = window.add(weight, ms);
  if (used <= options_.weight_max)
    return std::nullopt;
  if (ban.window != ms / minute) {
    ban.window = ms / minute;
    ban.overruns = 0;
  }
  if (++ban.overruns > options_.overruns_max) {
    ban.until = now + options_.ban;
    return throttle(host, 0, now, used);
  }
  auto refusal = error(
      429, -1003,
      fmt::format("Too much request weight used; current limit is {} request weight per 1 MINUTE. "
                  "Please use WebSocket Streams for live updates to avoid polling the API.",
                  options_.weight_max));
  refusal.headers.emplace_back("Retry-After",
                               std::to_string((window.left(ms) + second - 1) / second));
  return refusal;
}

std::optional<HttpAnswer> Binance::faulty(std::string_view symbol, Time now) {
  constexpr std::int64_t default_wait_s = 5;
  constexpr std::int64_t default_ban_s = 120;
  if (const auto fault = faults_.hit(id_, FaultKind::too_many_requests, symbol, now)) {
    auto refusal = error(429, -1003, "Too much request weight used.");
    refusal.headers.emplace_back("Retry-After",
                                 std::to_string(fault->value.value_or(default_wait_s)));
    return refusal;
  }
  if (const auto fault = faults_.hit(id_, FaultKind::banned, symbol, now)) {
    const auto seconds = fault->value.value_or(default_ban_s);
    auto refusal = error(418, -1003,
                         fmt::format("Way too much request weight used; IP banned until {}.",
                                     core::to_millis(now) + seconds * second));
    refusal.headers.emplace_back("Retry-After", std::to_string(seconds));
    return refusal;
  }
  if (const auto fault = faults_.hit(id_, FaultKind::server_error, symbol, now))
    return error(static_cast<int>(fault->value.value_or(503)), -1001,
                 "Internal error; unable to process your request. Please try again.");
  return std::nullopt;
}

void Binance::on_http(const HttpAsk& ask, Reply reply, Time now) {
  ++counters_.requests;
  const auto* signed_route = private_.route(ask.method, ask.path);
  const std::string_view prefix = spot() ? "/api/v3/" : "/fapi/v1/";
  std::string_view route = ask.path;
  const bool versioned
      = route.starts_with(prefix)
        || (!spot() && (route.starts_with("/fapi/v2/") || route.starts_with("/fapi/v3/")));
  if (!versioned && signed_route == nullptr) {
    ++counters_.refused_requests;
    return reply({404, {}, R"({"code":-5000,"msg":"Path not found"})"});
  }
  route.remove_prefix(std::min(prefix.size(), route.size()));
  const auto symbol = query_value(ask, "symbol").value_or("");
  std::int64_t used = 0;
  const auto weight = signed_route == nullptr ? weight_of(ask, route)
                      : symbol.empty()        ? signed_route->weight_all
                                              : signed_route->weight;
  auto refusal = faulty(symbol, now);
  if (!refusal)
    refusal = throttle(host_of(ask), weight, now, used);
  if (refusal) {
    ++counters_.refused_requests;
    refusal->headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
    return reply(std::move(*refusal));
  }
  if (signed_route != nullptr)
    return private_.on_http(*signed_route, ask, reply, now);
  if (route == "depth" && replay_.declared(id_, symbol) && replay_.snapshot_ahead(id_, symbol))
    return hold(symbol, ask, std::move(reply), now);
  auto found = answer(ask, route, now);
  if (found.status >= 400)
    ++counters_.refused_requests;
  if (spot())
    found.headers.emplace_back("X-MBX-USED-WEIGHT", std::to_string(used));
  found.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
  reply(std::move(found));
}

void Binance::answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) {
  auto found = depth(ask, now);
  std::int64_t used = 0;
  std::ignore = throttle(host_of(ask), 0, now, used);
  found.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
  reply(std::move(found));
}

HttpAnswer Binance::answer(const HttpAsk& ask, std::string_view route, Time now) {
  if (spot() && route == "userDataStream")
    return {410, {}, "<html><body><h1>410 Gone</h1></body></html>"}; // removed 2026-02-20
  if (std::ranges::find(signed_routes, route) != signed_routes.end()) {
    const bool has_key = std::ranges::any_of(
        ask.headers, [](const auto& each) { return each.first == "x-mbx-apikey"; });
    return has_key ? error(401, -2015, "Invalid API-key, IP, or permissions for action.")
                   : error(401, -2014, "API-key format invalid.");
  }
  if (ask.method != "GET")
    return error(405, -1020, "This operation is not supported.");
  if (route == "ping")
    return ok("{}");
  if (route == "time")
    return ok(fmt::format(R"({{"serverTime":{}}})", core::to_millis(now)));
  if (route == "exchangeInfo")
    return exchange_info(ask, now);
  if (route == "ticker/24hr")
    return day_tickers(ask, now);
  if (route == "ticker/bookTicker")
    return book_tickers(ask, now);
  if (route == "ticker/price")
    return price_tickers(ask);
  const bool per_symbol
      = route == "depth" || route == "klines" || route == "trades" || route == "aggTrades";
  if (!per_symbol)
    return {404, {}, R"({"code":-5000,"msg":"Path not found"})"};
  const auto symbol = query_value(ask, "symbol");
  if (!symbol || symbol->empty())
    return missing("symbol");
  if (!known(*symbol))
    return bad_symbol();
  if (number(ask, "limit") == bad_number)
    return illegal("limit");
  if (route == "depth")
    return depth(ask, now);
  if (route == "klines")
    return klines(ask, now);
  return route == "trades" ? trades(ask) : aggregates(ask);
}

HttpAnswer Binance::depth(const HttpAsk& ask, Time now) {
  const auto symbol = query_value(ask, "symbol").value_or("");
  auto limit = number(ask, "limit");
  if (limit < 0)
    limit = spot() ? 100 : 500;
  constexpr std::array<std::int64_t, 7> linear_limits{5, 10, 20, 50, 100, 500, 1'000};
  if (!spot() && std::ranges::find(linear_limits, limit) == linear_limits.end())
    return error(400, -4021, "depth limit is not in allowed list");
  if (limit == 0 || limit > 5'000)
    return error(400, -1130, "Data sent for parameter 'limit' is not valid.");
  const auto count = static_cast<std::size_t>(limit);
  const auto* market = flow_.find(id_, symbol);
  if (market == nullptr) {
    const auto* book = replay_.find(id_, symbol);
    if (book == nullptr)
      return error(503, -1001, "Internal error; unable to process your request. Please try again.");
    if (!book->verbatim.empty() && book->verbatim_levels <= count)
      return ok(book->verbatim);
    const auto times = spot() ? std::string{}
                              : fmt::format(R"("E":{},"T":{},)", book->event_at, book->matched_at);
    return ok(fmt::format(R"({{"lastUpdateId":{},{}"bids":{},"asks":{}}})", book->update_id, times,
                          text_levels(book->bids(count)), text_levels(book->asks(count))));
  }
  auto bids = market->book().top(Side::bid, count);
  auto asks = market->book().top(Side::ask, count);
  auto update_id = market->update_id();
  auto at = market->changed_at();
  if (const auto kept = kept_.find(symbol);
      kept != kept_.end() && faults_.hit(id_, FaultKind::stale_snapshot, symbol, now)) {
    bids = kept->second.bids;
    asks = kept->second.asks;
    bids.resize(std::min(bids.size(), count));
    asks.resize(std::min(asks.size(), count));
    update_id = kept->second.update_id;
    at = kept->second.at;
  }
  auto out = fmt::format(R"({{"lastUpdateId":{},)", update_id);
  if (!spot())
    out += fmt::format(R"("E":{},"T":{},)", core::to_millis(now), at);
  out += R"("bids":)";
  add_levels(out, market->instrument(), bids);
  out += R"(,"asks":)";
  add_levels(out, market->instrument(), asks);
  out += '}';
  return ok(std::move(out));
}

void Binance::keep_snapshots(std::string_view symbol) {
  constexpr std::size_t levels_max = 5'000;
  for (const Market* market : flow_.on(id_)) {
    const auto& name = market->instrument().symbol;
    if (symbol.empty() || symbol == name)
      kept_[name]
          = {market->book().top(Side::bid, levels_max), market->book().top(Side::ask, levels_max),
             market->update_id(), market->changed_at()};
  }
}

} // namespace tandem::sim
