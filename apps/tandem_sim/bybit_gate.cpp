// Bybit's gateway: routes, signatures, limits, and the way of a request to its answer.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/bybit_signature.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr core::UnixMillis window_default = 5'000; // X-BAPI-RECV-WINDOW
constexpr core::UnixMillis ahead_max = 1'000;      // a timestamp may be so far in the future

constexpr std::string_view too_many = "Too many visits. Exceeded the API Rate Limit.";
constexpr std::int64_t newcomers_rate = 10; // orders_fast_max that stands for the published limits

struct Route {
  std::string_view method;
  std::string_view path;
  BybitOperation operation;
};

constexpr std::array routes{
    Route{"POST", "/v5/order/create", BybitOperation::create},
    Route{"POST", "/v5/order/cancel", BybitOperation::cancel},
    Route{"POST", "/v5/order/amend", BybitOperation::amend},
    Route{"POST", "/v5/order/cancel-all", BybitOperation::cancel_all},
    Route{"POST", "/v5/order/create-batch", BybitOperation::create_batch},
    Route{"POST", "/v5/order/amend-batch", BybitOperation::amend_batch},
    Route{"POST", "/v5/order/cancel-batch", BybitOperation::cancel_batch},
    Route{"POST", "/v5/order/disconnected-cancel-all", BybitOperation::set_guard},
    Route{"GET", "/v5/order/realtime", BybitOperation::realtime},
    Route{"GET", "/v5/order/history", BybitOperation::history},
    Route{"GET", "/v5/execution/list", BybitOperation::executions},
    Route{"GET", "/v5/account/wallet-balance", BybitOperation::wallet},
    Route{"GET", "/v5/account/info", BybitOperation::account_info},
    Route{"GET", "/v5/account/query-dcp-info", BybitOperation::guard_info},
    Route{"GET", "/v5/account/fee-rate", BybitOperation::fee_rate},
    Route{"GET", "/v5/asset/coin/query-info", BybitOperation::coins},
    Route{"GET", "/v5/position/list", BybitOperation::positions},
    Route{"POST", "/v5/position/set-leverage", BybitOperation::set_leverage},
    Route{"POST", "/v5/position/switch-mode", BybitOperation::switch_mode},
    Route{"GET", "/v5/user/query-api", BybitOperation::key_info},
};

std::string_view header(const HttpAsk& ask, std::string_view name) {
  for (const auto& [key, value] : ask.headers) {
    if (key == name)
      return value;
  }
  return {};
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

HttpAnswer envelope(int status, const BybitAnswer& answer, Time now) {
  return {status,
          {},
          fmt::format(R"({{"retCode":{},"retMsg":{},"result":{},"retExtInfo":{},"time":{}}})",
                      answer.code, json_quoted(answer.message), answer.result, answer.extra,
                      core::to_millis(now))};
}

/// The query of a GET as an object of texts.
json::object query_fields(const HttpAsk& ask) {
  json::object fields;
  for (std::size_t at = 0; at < ask.query.size();) {
    const auto end = std::min(ask.query.find('&', at), ask.query.size());
    const auto pair = std::string_view{ask.query}.substr(at, end - at);
    const auto key = pair.substr(0, pair.find('='));
    if (auto value = query_value(ask, key); value && !key.empty())
      fields[json::string_view{key.data(), key.size()}] = *value;
    at = end + 1;
  }
  return fields;
}

std::optional<json::object> body_fields(const std::string& body) {
  boost::system::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object())
    return std::nullopt;
  return std::move(value.get_object());
}

} // namespace

std::string BybitCall::text(std::string_view name) const {
  const auto* field = fields.if_contains({name.data(), name.size()});
  if (field == nullptr)
    return {};
  if (field->is_int64()) // positionIdx, timeWindow and mode are numbers in a body
    return std::to_string(field->get_int64());
  return field->is_string() ? std::string{field->get_string()} : std::string{};
}

BybitPrivate::BybitPrivate(const Scenario& scenario, Exchange& exchange, Faults& faults)
    : exchange_{exchange}, faults_{faults}, random_{mix_seed(scenario.seed, "bybit_private")} {
  for (const auto* list : {&scenario.generated, &scenario.replayed}) {
    std::ranges::copy_if(*list, std::back_inserter(instruments_), [](const Instrument& instrument) {
      return venue_of(instrument.surface) == VenueName::bybit;
    });
  }
  for (std::size_t i = 0; i < surface_count; ++i)
    order_rates_[i] = scenario.surfaces[i].orders_fast_max;
  exchange_.listen(*this);
}

bool BybitPrivate::is_signed(std::string_view path) noexcept {
  constexpr std::array<std::string_view, 6> prefixes{
      "/v5/order/", "/v5/execution/", "/v5/position/", "/v5/account/", "/v5/asset/", "/v5/user/"};
  return std::ranges::any_of(prefixes, [&](auto prefix) { return path.starts_with(prefix); });
}

void BybitPrivate::on_http(SurfaceId listener, const HttpAsk& ask, const Reply& reply, Time now) {
  BybitCall call;
  call.now = now;
  call.surface = listener;
  if (auto refusal = authenticate(ask, call))
    return reply(std::move(*refusal));
  const auto* route = std::ranges::find_if(routes, [&](const Route& each) {
    return each.path == ask.path && each.method == ask.method;
  });
  if (route == routes.end())
    return reply({404, {}, "404 page not found"});
  auto fields = ask.method == "GET" ? query_fields(ask) : body_fields(ask.body);
  if (!fields)
    return reply(envelope(200, {10001, "Request parameter error.", "{}", "{}"}, now));
  call.fields = std::move(*fields);
  const auto category = bybit_surface(call.text("category"));
  call.category_known = category.has_value();
  call.surface = category.value_or(listener);
  perform(route->operation, std::move(call),
          [reply](const BybitAnswer& answer, const Allowance& allowance, Time at) {
            auto http = envelope(200, answer, at);
            http.headers = {{"X-Bapi-Limit", std::to_string(allowance.limit)},
                            {"X-Bapi-Limit-Status", std::to_string(allowance.left)},
                            {"X-Bapi-Limit-Reset-Timestamp", std::to_string(allowance.resets_at)}};
            reply(std::move(http));
          });
}

std::optional<HttpAnswer> BybitPrivate::authenticate(const HttpAsk& ask, BybitCall& call) {
  const auto refuse = [&](int status, int code, std::string_view message) {
    return envelope(status, {code, std::string{message}, "{}", "{}"}, call.now);
  };
  if (ask.method == "GET" && !ask.body.empty())
    return HttpAnswer{403, {}, "403 Forbidden"};
  const auto key = header(ask, "x-bapi-api-key");
  const auto stamp = header(ask, "x-bapi-timestamp");
  const auto signature = header(ask, "x-bapi-sign");
  if (key.empty() || stamp.empty() || signature.empty())
    return refuse(401, 10003, "API key is invalid.");
  const auto window = header(ask, "x-bapi-recv-window");
  const auto sent_at = integer(stamp);
  const auto wait = window.empty() ? std::optional{window_default} : integer(window);
  if (!sent_at || !wait || *wait < 0)
    return refuse(200, 10001, "params error: X-BAPI-TIMESTAMP or X-BAPI-RECV-WINDOW invalid");
  const auto holder = exchange_.key_holder(VenueName::bybit, key);
  if (!holder)
    return refuse(200, 10003, "API key is invalid.");
  const auto now = core::to_millis(call.now);
  if (*sent_at < now - *wait || *sent_at >= now + ahead_max)
    return refuse(200, 10002,
                  fmt::format("invalid request, please check your server timestamp or recv_window "
                              "param. req_timestamp[{}],server_timestamp[{}],recv_window[{}]",
                              *sent_at, now, *wait));
  auto payload = std::string{stamp}.append(key).append(window);
  payload += ask.method == "GET" ? ask.query : ask.body;
  if (bybit_signature(holder->key->secret, payload) != signature)
    return refuse(200, 10004, "error sign! Please check your signature generation algorithm.");
  call.account = holder->account;
  call.key = holder->key;
  return std::nullopt;
}

BybitPrivate::Signer BybitPrivate::check_login(const json::object& request, Time now) const {
  const auto* args = request.if_contains("args");
  const bool complete = args != nullptr && args->is_array() && args->get_array().size() == 3
                        && args->get_array()[0].is_string() && args->get_array()[2].is_string();
  if (!complete)
    return {10001, "Params Error", 0, nullptr};
  const auto& list = args->get_array();
  const auto expires
      = list[1].is_int64() ? std::optional{list[1].get_int64()}
        : list[1].is_string()
            ? integer(std::string_view{list[1].get_string().data(), list[1].get_string().size()})
            : std::nullopt;
  if (!expires || *expires <= core::to_millis(now))
    return {10001, "Params Error: expires must be in the future", 0, nullptr};
  const auto& key = list[0].get_string();
  const auto holder = exchange_.key_holder(VenueName::bybit, {key.data(), key.size()});
  if (!holder)
    return {10003, "Invalid apikey", 0, nullptr};
  if (bybit_signature(holder->key->secret, fmt::format("GET/realtime{}", *expires))
      != std::string_view{list[2].get_string().data(), list[2].get_string().size()})
    return {10004, "Invalid sign", 0, nullptr};
  return {0, {}, holder->account, holder->key};
}

BybitPrivate::Allowance BybitPrivate::allow(BybitOperation operation, const BybitCall& call) {
  Allowance allowance;
  const auto now = core::to_millis(call.now);
  const auto rate = order_rates_[static_cast<std::size_t>(call.surface)];
  allowance.limit = bybit_limit(operation, is_spot(call.surface));
  if (changes_orders(operation) && rate > 0) // VIPs have multiples of a newcomer's
    allowance.limit = std::max<std::int64_t>(1, allowance.limit * rate / newcomers_rate);
  allowance.left = allowance.limit;
  allowance.resets_at = now;
  if (rate == 0)
    return allowance;
  std::int64_t amount = 1;
  if (const auto* list = call.fields.if_contains("request");
      is_batch(operation) && list != nullptr && list->is_array())
    amount = std::max<std::int64_t>(1, static_cast<std::int64_t>(list->get_array().size()));
  const auto count
      = limits_.add(call.account, operation, call.surface, amount, allowance.limit, now);
  allowance.left = allowance.limit - count.used;
  allowance.exceeded = count.exceeded;
  allowance.resets_at = count.resets_at;
  return allowance;
}

std::optional<BybitAnswer> BybitPrivate::stopped(const BybitCall& call, Allowance& allowance) {
  const auto symbol = call.text("symbol");
  const auto hit
      = [&](FaultKind kind) { return faults_.hit(call.surface, kind, symbol, call.now); };
  if (hit(FaultKind::maintenance))
    return call.by_socket
               ? BybitAnswer{10019, "ws trade service is restarting, do not accept new request",
                             "{}", "{}"}
               : BybitAnswer{10016, "Server error. Service is restarting", "{}", "{}"};
  if (const auto fault = hit(FaultKind::order_rate_limit)) {
    constexpr std::int64_t default_wait_s = 1;
    allowance.left = 0;
    allowance.resets_at = core::to_millis(call.now) + fault->value.value_or(default_wait_s) * 1'000;
    return BybitAnswer{10006, std::string{too_many}, "{}", "{}"};
  }
  return std::nullopt;
}

/// Two of the codes after which an order may or may not be there.
BybitAnswer BybitPrivate::nobody_knows() {
  return random_.chance(500'000) ? BybitAnswer{10000, "Server Timeout", "{}", "{}"}
                                 : BybitAnswer{10016, "Server error.", "{}", "{}"};
}

void BybitPrivate::perform(BybitOperation operation, BybitCall call, const Respond& respond) {
  auto allowance = allow(operation, call);
  if (allowance.exceeded)
    return respond({10006, std::string{too_many}, "{}", "{}"}, allowance, call.now);
  if (!changes_orders(operation)) {
    if (faults_.hit(call.surface, FaultKind::maintenance, call.text("symbol"), call.now))
      return respond({10016, "Server error. Service is restarting", "{}", "{}"}, allowance,
                     call.now);
    return respond(act(operation, call), allowance, call.now);
  }
  if (!call.key->may_trade)
    return respond({10005, "Permission denied, please check your API key permissions.", "{}", "{}"},
                   allowance, call.now);
  if (const auto answer = stopped(call, allowance))
    return respond(*answer, allowance, call.now);
  const auto symbol = call.text("symbol");
  if (operation == BybitOperation::create)
    call.fate = fate_of_order(faults_, call.surface, symbol, call.now);
  if (operation == BybitOperation::cancel)
    call.fill_late_by = late_fill_of(faults_, call.surface, symbol, call.now);
  if (call.fate.delay.count() == 0)
    return carry_out(operation, call, allowance, respond);
  later(call.now + call.fate.delay, [this, operation, call, allowance, respond](Time at) {
    auto late = call;
    late.now = at;
    carry_out(operation, late, allowance, respond);
  });
}

void BybitPrivate::carry_out(BybitOperation operation, const BybitCall& call,
                             const Allowance& allowance, const Respond& respond) {
  const auto& fate = call.fate;
  BybitAnswer answer;
  if (!fate.unknown || fate.unknown_taken)
    answer = act(operation, call);
  if (fate.unknown)
    answer = nobody_knows();
  if (fate.answer_lost)
    return;
  if (fate.answer_after.count() == 0)
    return respond(answer, allowance, call.now);
  flush(call.now);
  later(call.now + fate.answer_after,
        [respond, answer, allowance](Time at) { respond(answer, allowance, at); });
}

BybitAnswer BybitPrivate::act(BybitOperation operation, const BybitCall& call) {
  switch (operation) {
  case BybitOperation::create:
    return create(call);
  case BybitOperation::cancel:
    return cancel(call);
  case BybitOperation::amend:
    return amend(call);
  case BybitOperation::cancel_all:
    return cancel_all(call);
  case BybitOperation::create_batch:
    return batch(BybitOperation::create, call);
  case BybitOperation::amend_batch:
    return batch(BybitOperation::amend, call);
  case BybitOperation::cancel_batch:
    return batch(BybitOperation::cancel, call);
  case BybitOperation::set_guard:
    return set_guard(call);
  case BybitOperation::realtime:
    return realtime(call);
  case BybitOperation::history:
    return history(call);
  case BybitOperation::executions:
    return executions(call);
  case BybitOperation::wallet:
    return wallet(call);
  case BybitOperation::account_info:
    return account_info(call);
  case BybitOperation::guard_info:
    return guard_info(call);
  case BybitOperation::positions:
    return positions(call);
  case BybitOperation::fee_rate:
    return fee_rate(call);
  case BybitOperation::coins:
    return coins(call);
  case BybitOperation::set_leverage:
    return set_leverage(call);
  case BybitOperation::switch_mode:
    return switch_mode(call);
  case BybitOperation::key_info:
    return key_info(call);
  }
  return {10017, "Route not found.", "{}", "{}"};
}

void BybitPrivate::tick(Time now) {
  flush(now);
  // One at a time: an answer may bring another one to wait for.
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto what = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    what(now);
  }
  watch_guards(now);
  scan(now);
}

} // namespace tandem::sim
