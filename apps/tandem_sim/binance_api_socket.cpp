// Binance's WebSocket API: requests and replies on one connection, sessions, and the spot user data
// subscriptions. Sources: Spot "WebSocket API", USD-M "Websocket API General Info".
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr core::UnixMillis second = 1'000;

/// As the sender wrote it: that is what was signed.
std::string text_of(const json::value& value) {
  if (value.is_string())
    return std::string{value.get_string()};
  return value.is_null() ? std::string{} : json::serialize(value);
}

HttpAnswer not_logged_on() {
  return error(401, -1193, "Session is not authenticated.");
}

/// Why the WebSocket API says no: with 418 and 429 it says until when.
std::string error_text(const HttpAnswer& answer, core::UnixMillis now) {
  if (answer.status != 429 && answer.status != 418)
    return answer.body;
  std::int64_t seconds = 0;
  for (const auto& [name, value] : answer.headers)
    if (name == "Retry-After")
      std::from_chars(value.data(), value.data() + value.size(), seconds);
  auto body = answer.body;
  if (!body.empty() && body.back() == '}')
    body.pop_back();
  return body
         + fmt::format(R"(,"data":{{"serverTime":{},"retryAfter":{}}}}})", now,
                       now + seconds * second);
}

} // namespace

bool BinancePrivate::is_api_path(std::string_view path) const noexcept {
  return path == (spot() ? "/ws-api/v3" : "/ws-fapi/v1");
}

void BinancePrivate::open_api(SocketId socket, const HttpAsk& ask, Time now) {
  constexpr std::int64_t connect_weight = 2;
  auto& session = sessions_[socket];
  session.host = host_of(ask);
  session.opened_at = core::to_millis(now);
  session.rate_limits = query_value(ask, "returnRateLimits").value_or("true") != "false";
  std::int64_t used = 0;
  std::ignore = links_.throttle(session.host, connect_weight, now, used);
}

void BinancePrivate::on_api_text(SocketId socket, std::string_view text, Time now) {
  now_ = now;
  auto& session = sessions_.at(socket);
  Asked asked;
  asked.id = "null";
  asked.rate_limits = session.rate_limits;
  boost::system::error_code failed;
  const auto value = json::parse(json::string_view{text.data(), text.size()}, failed);
  if (failed || !value.is_object())
    return answer_api(socket, asked, error(400, -1135, "Invalid JSON Request"), nullptr, now);
  const auto& request = value.get_object();
  if (const auto* id = request.if_contains("id"))
    asked.id = json::serialize(*id);
  if (const auto* method = request.if_contains("method"); method != nullptr && method->is_string())
    asked.method = std::string{method->get_string()};
  if (const auto* params = request.if_contains("params"); params != nullptr && params->is_object())
    for (const auto& [name, field] : params->get_object())
      asked.params.emplace_back(std::string{name}, text_of(field));
  if (auto done = session_call(session, asked, now))
    return answer_api(socket, asked, *done, nullptr, now);
  const auto* known = route("", asked.method);
  if (known == nullptr)
    return answer_api(socket, asked, error(400, -1020, "Unsupported method."), nullptr, now);
  BinanceCall call;
  call.now = now;
  call.params = asked.params;
  std::int64_t used = 0;
  const auto weight = call.text("symbol") ? known->weight : known->weight_all;
  if (auto refusal = links_.throttle(session.host, weight, now, used))
    return answer_api(socket, asked, *refusal, nullptr, now);
  if (auto refusal = admit(session, *known, call))
    return answer_api(socket, asked, *refusal, nullptr, now);
  perform(*known, call, [this, socket, asked, account = call.account](const HttpAnswer& answer) {
    if (sessions_.contains(socket)) // it may have gone meanwhile
      answer_api(socket, asked, answer, &account, now_);
  });
}

void BinancePrivate::answer_api(SocketId socket, const Asked& asked, const HttpAnswer& answer,
                                const AccountId* account, Time now) {
  const bool good = answer.status >= 200 && answer.status < 300;
  auto out = fmt::format(R"({{"id":{},"status":{},"{}":{})", asked.id, answer.status,
                         good ? "result" : "error",
                         good ? answer.body : error_text(answer, core::to_millis(now)));
  if (asked.rate_limits) {
    std::int64_t used = 0;
    std::ignore = links_.throttle(sessions_.at(socket).host, 0, now, used);
    out += fmt::format(
        R"(,"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":{},"count":{}}}{}{}])",
        options_.weight_max, used, account == nullptr ? "" : ",",
        account == nullptr ? std::string{} : order_count_rows(*account, now));
  }
  links_.send(socket, out + '}');
}

/// A signed request names its key; on a connection that has logged on it need not.
std::optional<HttpAnswer> BinancePrivate::admit(const Session& session, const BinanceRoute& route,
                                                BinanceCall& call) const {
  const auto key = call.text("apiKey");
  if (!key && !session.account)
    return error(401, -2014, "API-key format invalid.");
  if (key) {
    if (auto refusal = check_key(*key, call))
      return refusal;
  } else {
    call.account = *session.account;
    call.key = session.key;
  }
  return admit_signed(route, call, key.has_value() ? socket_payload(call.params) : std::string{});
}

// ---- sessions

std::optional<HttpAnswer> BinancePrivate::session_call(Session& session, const Asked& asked,
                                                       Time now) {
  const auto& method = asked.method;
  if (method == "ping")
    return ok("{}");
  if (method == "time")
    return ok(fmt::format(R"({{"serverTime":{}}})", core::to_millis(now)));
  if (method == "session.logon")
    return log_on(session, asked, now);
  if (method == "session.status")
    return ok(session_text(session, now));
  if (method == "session.logout") {
    session.account.reset();
    session.key = nullptr;
    session.authorized_at = 0;
    return ok(session_text(session, now));
  }
  if (!spot())
    return std::nullopt;
  if (method == "userDataStream.subscribe")
    return session.account ? subscribe(session, *session.account) : not_logged_on();
  if (method == "userDataStream.subscribe.signature")
    return subscribe_signed(session, asked, now);
  if (method == "session.subscriptions") {
    std::string rows;
    for (const auto& [number, account] : session.subscriptions)
      rows += fmt::format(R"({}{{"subscriptionId":{}}})", rows.empty() ? "" : ",", number);
    return ok('[' + rows + ']');
  }
  if (method != "userDataStream.unsubscribe")
    return std::nullopt;
  BinanceCall call;
  call.params = asked.params;
  if (const auto number = call.text("subscriptionId"))
    std::erase_if(session.subscriptions,
                  [&](const auto& each) { return std::to_string(each.first) == *number; });
  else
    session.subscriptions.clear();
  return ok("{}");
}

HttpAnswer BinancePrivate::log_on(Session& session, const Asked& asked, Time now) {
  BinanceCall call;
  call.now = now;
  call.params = asked.params;
  if (auto refusal = check_key(call.text_or("apiKey", ""), call))
    return *refusal;
  if (call.key->public_key.empty())
    return error(400, -2028, "session.logon is available for Ed25519 keys only.");
  if (auto refusal = check_time(call))
    return *refusal;
  if (auto refusal = check_signature(call, socket_payload(call.params)))
    return *refusal;
  session.account = call.account;
  session.key = call.key;
  session.authorized_at = core::to_millis(now);
  return ok(session_text(session, now));
}

std::string BinancePrivate::session_text(const Session& session, Time now) {
  return fmt::format(
      R"({{"apiKey":{},"authorizedSince":{},"connectedSince":{},"returnRateLimits":{},"serverTime":{},"userDataStream":{}}})",
      session.key == nullptr ? std::string{"null"} : json_quoted(session.key->key),
      session.authorized_at == 0 ? std::string{"null"} : std::to_string(session.authorized_at),
      session.opened_at, session.rate_limits, core::to_millis(now), !session.subscriptions.empty());
}

HttpAnswer BinancePrivate::subscribe(Session& session, AccountId account) {
  const bool already = std::ranges::any_of(
      session.subscriptions, [&](const auto& each) { return each.second == account; });
  if (already)
    return error(400, -1104, "This account is subscribed on this connection already.");
  const int number = session.next_subscription++;
  session.subscriptions[number] = account;
  return ok(fmt::format(R"({{"subscriptionId":{}}})", number));
}

HttpAnswer BinancePrivate::subscribe_signed(Session& session, const Asked& asked, Time now) {
  BinanceCall call;
  call.now = now;
  call.params = asked.params;
  if (auto refusal = check_key(call.text_or("apiKey", ""), call))
    return *refusal;
  if (auto refusal = check_time(call))
    return *refusal;
  if (auto refusal = check_signature(call, socket_payload(call.params)))
    return *refusal;
  return subscribe(session, call.account);
}

} // namespace tandem::sim
