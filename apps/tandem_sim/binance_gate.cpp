// Binance's gate: private routes, keys, times, signatures, order limits, and the way of an order
// through the armed faults.
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::sim {
namespace {

using Action = BinanceAction;

constexpr core::UnixMillis window_default = 5'000;
constexpr core::UnixMillis window_max = 60'000;
constexpr core::UnixMillis ahead_max = 1'000;
constexpr std::chrono::seconds backend_patience{10}; // then the venue itself says -1007
constexpr core::UnixMillis second = 1'000;

constexpr std::array routes{
    BinanceRoute{true, "POST", "/api/v3/order", Action::place, 0, 0},
    BinanceRoute{true, "POST", "/api/v3/order/test", Action::test, 1, 1},
    BinanceRoute{true, "DELETE", "/api/v3/order", Action::cancel, 0, 0},
    BinanceRoute{true, "GET", "/api/v3/order", Action::query, 4, 4},
    BinanceRoute{true, "DELETE", "/api/v3/openOrders", Action::cancel_all, 1, 1},
    BinanceRoute{true, "GET", "/api/v3/openOrders", Action::open_orders, 6, 80},
    BinanceRoute{true, "GET", "/api/v3/allOrders", Action::all_orders, 20, 20},
    BinanceRoute{true, "GET", "/api/v3/account", Action::account, 20, 20},
    BinanceRoute{true, "GET", "/api/v3/myTrades", Action::trades, 20, 20},
    BinanceRoute{true, "GET", "/api/v3/account/commission", Action::commission, 20, 20},
    BinanceRoute{true, "GET", "/api/v3/rateLimit/order", Action::order_counts, 40, 40},
    BinanceRoute{true, "GET", "/sapi/v1/account/apiRestrictions", Action::key_rights, 1, 1},
    BinanceRoute{false, "POST", "/fapi/v1/order", Action::place, 0, 0},
    BinanceRoute{false, "POST", "/fapi/v1/order/test", Action::test, 1, 1},
    BinanceRoute{false, "PUT", "/fapi/v1/order", Action::modify, 1, 1},
    BinanceRoute{false, "DELETE", "/fapi/v1/order", Action::cancel, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/order", Action::query, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/openOrder", Action::open_order, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/openOrders", Action::open_orders, 1, 40},
    BinanceRoute{false, "DELETE", "/fapi/v1/allOpenOrders", Action::cancel_all, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/allOrders", Action::all_orders, 5, 5},
    BinanceRoute{false, "POST", "/fapi/v1/countdownCancelAll", Action::countdown, 10, 10},
    BinanceRoute{false, "GET", "/fapi/v2/balance", Action::balance, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v3/balance", Action::balance, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v2/account", Action::account, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v3/account", Action::account, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v2/positionRisk", Action::positions, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v3/positionRisk", Action::positions, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v1/userTrades", Action::trades, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v1/commissionRate", Action::commission, 20, 20},
    BinanceRoute{false, "GET", "/fapi/v1/rateLimit/order", Action::order_counts, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/accountConfig", Action::key_rights, 5, 5},
    BinanceRoute{false, "GET", "/fapi/v1/positionSide/dual", Action::position_mode, 30, 30},
    BinanceRoute{false, "POST", "/fapi/v1/positionSide/dual", Action::set_position_mode, 1, 1},
    BinanceRoute{false, "POST", "/fapi/v1/leverage", Action::leverage, 1, 1},
    BinanceRoute{false, "POST", "/fapi/v1/marginType", Action::margin_type, 1, 1},
    BinanceRoute{false, "GET", "/fapi/v1/leverageBracket", Action::leverage_tiers, 1, 1},
    BinanceRoute{false, "POST", "/fapi/v1/listenKey", Action::open_stream, 1, 1},
    BinanceRoute{false, "PUT", "/fapi/v1/listenKey", Action::renew_stream, 1, 1},
    BinanceRoute{false, "DELETE", "/fapi/v1/listenKey", Action::close_stream, 1, 1},
    BinanceRoute{true, "", "order.place", Action::place, 0, 0},
    BinanceRoute{true, "", "order.test", Action::test, 1, 1},
    BinanceRoute{true, "", "order.cancel", Action::cancel, 0, 0},
    BinanceRoute{true, "", "order.status", Action::query, 4, 4},
    BinanceRoute{true, "", "openOrders.status", Action::open_orders, 6, 80},
    BinanceRoute{true, "", "openOrders.cancelAll", Action::cancel_all, 1, 1},
    BinanceRoute{true, "", "allOrders", Action::all_orders, 20, 20},
    BinanceRoute{true, "", "myTrades", Action::trades, 20, 20},
    BinanceRoute{true, "", "account.status", Action::account, 20, 20},
    BinanceRoute{true, "", "account.commission", Action::commission, 20, 20},
    BinanceRoute{true, "", "account.rateLimits.orders", Action::order_counts, 40, 40},
    BinanceRoute{false, "", "order.place", Action::place, 0, 0},
    BinanceRoute{false, "", "order.modify", Action::modify, 1, 1},
    BinanceRoute{false, "", "order.cancel", Action::cancel, 1, 1},
    BinanceRoute{false, "", "order.status", Action::query, 1, 1},
    BinanceRoute{false, "", "account.balance", Action::balance, 5, 5},
    BinanceRoute{false, "", "v2/account.balance", Action::balance, 5, 5},
    BinanceRoute{false, "", "account.position", Action::positions, 5, 5},
    BinanceRoute{false, "", "v2/account.position", Action::positions, 5, 5},
    BinanceRoute{false, "", "account.status", Action::account, 5, 5},
    BinanceRoute{false, "", "v2/account.status", Action::account, 5, 5},
    BinanceRoute{false, "", "userDataStream.start", Action::open_stream, 5, 5},
    BinanceRoute{false, "", "userDataStream.ping", Action::renew_stream, 1, 1},
    BinanceRoute{false, "", "userDataStream.stop", Action::close_stream, 1, 1},
};

bool is_stream(Action action) noexcept {
  return action == Action::open_stream || action == Action::renew_stream
         || action == Action::close_stream;
}

bool trades(Action action) noexcept {
  return action <= Action::modify || action == Action::countdown;
}

HttpAnswer timeout() {
  return error(503, -1007,
               "Timeout waiting for response from backend server. Send status unknown; execution "
               "status unknown.");
}

HttpAnswer bad_key() {
  return error(401, -2015, "Invalid API-key, IP, or permissions for action.");
}

} // namespace

std::optional<std::string> BinanceCall::text(std::string_view name) const {
  const auto found
      = std::ranges::find_if(params, [&](const auto& each) { return each.first == name; });
  return found == params.end() || found->second.empty() ? std::nullopt
                                                        : std::optional{found->second};
}

std::string BinanceCall::text_or(std::string_view name, std::string_view fallback) const {
  return text(name).value_or(std::string{fallback});
}

BinancePrivate::BinancePrivate(SurfaceId id, const Scenario& scenario, Exchange& exchange,
                               Faults& faults, BinanceLinks links)
    : id_{id}, options_{scenario.surfaces[static_cast<std::size_t>(id)]}, exchange_{exchange},
      faults_{faults}, links_{std::move(links)},
      random_{mix_seed(scenario.seed, name_of(id).data()) + 1} {
  for (const auto* list : {&scenario.generated, &scenario.replayed}) {
    std::ranges::copy_if(*list, std::back_inserter(instruments_),
                         [id](const Instrument& each) { return each.surface == id; });
  }
}

const BinanceRoute* BinancePrivate::route(std::string_view method, std::string_view path) const {
  const auto* found = std::ranges::find_if(routes, [&](const BinanceRoute& each) {
    return each.spot == spot() && each.method == method && each.path == path;
  });
  return found == routes.end() ? nullptr : found;
}

std::string BinancePrivate::made_up_id(std::size_t length) {
  constexpr std::string_view letters{
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"};
  std::string out;
  while (out.size() < length)
    out += letters[static_cast<std::size_t>(
        random_.between(0, static_cast<std::int64_t>(letters.size()) - 1))];
  return out;
}

std::optional<HttpAnswer> BinancePrivate::check_key(std::string_view key, BinanceCall& call) const {
  if (key.empty())
    return error(401, -2014, "API-key format invalid.");
  const auto holder = exchange_.key_holder(VenueName::binance, key);
  if (!holder)
    return bad_key();
  call.account = holder->account;
  call.key = holder->key;
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::check_time(const BinanceCall& call) const {
  const auto stamp = call.text("timestamp");
  if (!stamp)
    return missing("timestamp");
  auto sent = whole_number(*stamp);
  if (!sent)
    return illegal("timestamp");
  constexpr std::int64_t micros_from = 100'000'000'000'000; // a timestamp may be in microseconds
  if (*sent >= micros_from)
    sent = *sent / 1'000;
  auto window = window_default;
  if (const auto given = call.text("recvWindow")) {
    const auto value = core::Decimal::parse(*given); // up to three decimals
    if (!value || value->is_negative() || value->decimals() > 3)
      return illegal("recvWindow");
    window = value->mantissa() / core::pow10(value->decimals());
    if (window > window_max)
      return error(400, -1131, "recvWindow must be less than 60000.");
  }
  const auto server = core::to_millis(call.now);
  if (*sent >= server + ahead_max)
    return error(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  if (server - *sent > window)
    return error(400, -1021, "Timestamp for this request is outside of the recvWindow.");
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::check_signature(const BinanceCall& call,
                                                          const std::string& payload) const {
  const auto signature = call.text("signature");
  if (!signature)
    return missing("signature");
  if (!signature_right(*call.key, payload, *signature))
    return error(400, -1022, "Signature for this request is not valid.");
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::authenticate(const BinanceRoute& route,
                                                       const HttpAsk& ask,
                                                       BinanceCall& call) const {
  std::string_view key;
  for (const auto& [name, value] : ask.headers) {
    if (name == "x-mbx-apikey")
      key = value;
  }
  if (auto refusal = check_key(key, call))
    return refusal;
  if (!add_params(call.params, ask.query) || !add_params(call.params, ask.body))
    return error(400, -1101, "Malformed parameters.");
  return admit_signed(route, call, rest_payload(ask.query, ask.body));
}

std::optional<HttpAnswer> BinancePrivate::admit_signed(const BinanceRoute& route,
                                                       const BinanceCall& call,
                                                       const std::string& payload) const {
  if (!is_stream(route.action)) {
    if (auto refusal = check_time(call))
      return refusal;
    if (!payload.empty())
      if (auto refusal = check_signature(call, payload))
        return refusal;
  }
  if (trades(route.action) && !call.key->may_trade)
    return bad_key();
  return std::nullopt;
}

BinancePrivate::Counts& BinancePrivate::counts_of(AccountId account) {
  constexpr core::UnixMillis fast = 10'000;
  constexpr core::UnixMillis minute = 60'000;
  constexpr core::UnixMillis day = 86'400'000;
  return counts_.try_emplace(account, Counts{Window{fast}, Window{spot() ? day : minute}})
      .first->second;
}

std::optional<HttpAnswer> BinancePrivate::count_order(const BinanceCall& call) {
  auto& counts = counts_of(call.account);
  const auto now = core::to_millis(call.now);
  const auto refuse = [&](Window& window, std::int64_t limit, std::string_view interval) {
    window.add(-1, now);
    auto answer = error(
        429, -1015,
        fmt::format("Too many new orders; current limit is {} orders per {}.", limit, interval));
    answer.headers.emplace_back("Retry-After",
                                std::to_string((window.left(now) + second - 1) / second));
    return answer;
  };
  if (counts.fast.add(1, now) > options_.orders_fast_max && options_.orders_fast_max > 0)
    return refuse(counts.fast, options_.orders_fast_max, "10 SECOND");
  if (counts.slow.add(1, now) > options_.orders_slow_max && options_.orders_slow_max > 0)
    return refuse(counts.slow, options_.orders_slow_max, spot() ? "1 DAY" : "1 MINUTE");
  return std::nullopt;
}

void BinancePrivate::add_counts(HttpAnswer& answer, const BinanceCall& call) {
  auto& counts = counts_of(call.account);
  const auto now = core::to_millis(call.now);
  answer.headers.emplace_back("X-MBX-ORDER-COUNT-10S", std::to_string(counts.fast.add(0, now)));
  answer.headers.emplace_back(spot() ? "X-MBX-ORDER-COUNT-1D" : "X-MBX-ORDER-COUNT-1M",
                              std::to_string(counts.slow.add(0, now)));
}

void BinancePrivate::answering_first(const std::function<void()>& act) {
  answering_ = true;
  act();
  answering_ = false;
  const auto untold = std::move(untold_);
  untold_.clear();
  for (const auto& tell : untold)
    tell();
}

void BinancePrivate::on_http(const BinanceRoute& route, const HttpAsk& ask, const Reply& reply,
                             Time now) {
  BinanceCall call;
  call.now = now;
  if (auto refusal = authenticate(route, ask, call))
    return reply(std::move(*refusal));
  const auto host = host_of(ask);
  perform(route, call, [this, reply, host, now, free = route.weight == 0](HttpAnswer answer) {
    // An order that is refused costs what an accepted one does not.
    std::int64_t used = 0;
    std::ignore = links_.throttle(host, free && answer.status >= 400 ? 1 : 0, now, used);
    answer.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
    reply(std::move(answer));
  });
}

void BinancePrivate::perform(const BinanceRoute& route, const BinanceCall& call,
                             const Answer& answer) {
  if (route.action == Action::place)
    return place_by_fate(call, answer);
  if (faults_.hit(id_, FaultKind::maintenance, call.text_or("symbol", ""), call.now))
    return answer(error(503, -1016, "This service is no longer available."));
  answering_first([&] { answer(act(route, call)); });
}

void BinancePrivate::place_by_fate(const BinanceCall& call, const Answer& answer) {
  OrderAsk ask;
  const auto wrong = read_order(call, ask);
  const auto fate = fate_of_order(faults_, id_, ask.symbol, call.now);
  if (fate.maintenance)
    return answer(error(503, -1016, "This service is no longer available."));
  if (fate.retry_after) {
    auto refused = error(429, -1015,
                         fmt::format("Too many new orders; current limit is {} orders per 10 "
                                     "SECOND.",
                                     options_.orders_fast_max));
    refused.headers.emplace_back("Retry-After", std::to_string(*fate.retry_after));
    return answer(std::move(refused));
  }
  if (wrong)
    return answer(*wrong);
  if (auto refused = count_order(call)) {
    add_counts(*refused, call);
    return answer(std::move(*refused));
  }
  if (fate.halted)
    return answer(refusal(Refusal::market_closed, ask));
  if (fate.reject)
    return answer(refusal(Refusal::injected, ask));
  if (fate.unknown && !fate.unknown_taken)
    return answer(timeout());
  const auto take = [this, call, ask, fate, answer](Time now) {
    auto when = call;
    when.now = now;
    const bool hold = fate.answer_after.count() == 0;
    const auto do_it = [&] {
      auto result = place(when, ask, fate);
      add_counts(result, when);
      if (fate.answer_lost || fate.delay >= backend_patience)
        return;
      if (fate.unknown)
        result = timeout();
      if (hold)
        return answer(std::move(result));
      links_.later(now + fate.answer_after, [answer, result](Time) { answer(result); });
    };
    hold ? answering_first(do_it) : do_it();
  };
  if (fate.delay.count() == 0)
    return take(call.now);
  links_.later(call.now + fate.delay, take);
  if (fate.delay >= backend_patience && !fate.answer_lost)
    links_.later(call.now + backend_patience, [answer](Time) { answer(timeout()); });
}

HttpAnswer BinancePrivate::act(const BinanceRoute& route, const BinanceCall& call) {
  switch (route.action) {
  case Action::place:
    break; // place_by_fate
  case Action::test:
    return test(call);
  case Action::cancel:
    return cancel(call);
  case Action::cancel_all:
    return cancel_all(call);
  case Action::modify:
    return modify(call);
  case Action::query:
    return query(call, false);
  case Action::open_order:
    return query(call, true);
  case Action::open_orders:
    return list_orders(call, true);
  case Action::all_orders:
    return list_orders(call, false);
  case Action::trades:
    return list_trades(call);
  case Action::account:
    return account(call);
  case Action::balance:
    return balance(call);
  case Action::positions:
    return positions(call);
  case Action::commission:
    return commission(call);
  case Action::order_counts:
    return order_counts(call);
  case Action::countdown:
    return countdown(call);
  case Action::position_mode:
    return ok(R"({"dualSidePosition":false})");
  case Action::set_position_mode:
    return set_position_mode(call);
  case Action::leverage:
    return set_leverage(call);
  case Action::margin_type:
    return set_margin_type(call);
  case Action::leverage_tiers:
    return leverage_tiers(call);
  case Action::open_stream:
    return open_stream(call);
  case Action::renew_stream:
    return renew_stream(call);
  case Action::close_stream:
    return close_stream(call);
  case Action::key_rights:
    return key_rights(call);
  }
  return error(400, -1020, "This operation is not supported.");
}

} // namespace tandem::sim
