// Bybit v5 /v5/private: login, topics, pings, and what happens when the sockets have gone.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr std::uint16_t going_away = 1001;
constexpr Millis idle_shortest{30'000}; // of max_active_time
constexpr Millis idle_longest{600'000};
constexpr Millis scan_every{30'000}; // the venue looks at its sockets so often
constexpr Millis guard_default{10'000};

constexpr std::array<std::string_view, 6> shared_topics{"order",    "execution", "execution.fast",
                                                        "position", "wallet",    "greeks"};
constexpr std::array<std::string_view, 3> guard_topics{"dcp.spot", "dcp.future", "dcp.option"};
constexpr std::array<std::string_view, 4> categories{"spot", "linear", "inverse", "option"};

bool contains(const auto& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

/// "order.linear", "execution.fast.spot"; wallet and greeks have no such form.
bool is_categorised(std::string_view topic) {
  const auto dot = topic.rfind('.');
  if (dot == std::string_view::npos || !contains(categories, topic.substr(dot + 1)))
    return false;
  const auto base = topic.substr(0, dot);
  return base != "wallet" && base != "greeks" && contains(shared_topics, base);
}

/// "30s", "2m", bounded as the venue bounds it. Nullopt for anything else.
std::optional<Millis> active_time(const std::string& text) {
  std::int64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  if (failed != std::errc{} || (unit != "s" && unit != "m"))
    return std::nullopt;
  constexpr std::int64_t longest_seconds = 600;
  count = std::clamp<std::int64_t>(count, 0, longest_seconds) * (unit == "m" ? 60 : 1);
  return std::clamp<Millis>(std::chrono::seconds{count}, idle_shortest, idle_longest);
}

std::string text_of(const json::object& request, std::string_view key) {
  const auto* field = request.if_contains({key.data(), key.size()});
  return field != nullptr && field->is_string() ? std::string{field->get_string()} : std::string{};
}

std::vector<std::string> arguments(const json::object& request) {
  std::vector<std::string> result;
  const auto* args = request.if_contains("args");
  if (args == nullptr || !args->is_array())
    return result;
  for (const auto& each : args->get_array())
    result.emplace_back(each.is_string() ? std::string{each.get_string()} : std::string{});
  return result;
}

} // namespace

bool BybitPrivate::is_socket(std::string_view path) noexcept {
  return path == "/v5/private" || path == "/v5/trade";
}

std::vector<SocketId> BybitPrivate::sockets_of(SurfaceId listener) const {
  std::vector<SocketId> ids;
  for (const auto& [id, session] : sessions_) {
    if (session.listener == listener)
      ids.push_back(id);
  }
  return ids;
}

void BybitPrivate::opened(SurfaceId listener, SocketId socket, const HttpAsk& ask, Wire wire,
                          Time now) {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
  auto& session = sessions_[socket];
  session.id = socket;
  session.listener = listener;
  session.door = ask.path == "/v5/trade" ? Door::trade : Door::user;
  session.wire = std::move(wire);
  session.active_at = session.scanned_at = now;
  session.idle_max = active_time(query_value(ask, "max_active_time").value_or(""));
  constexpr int name_letters = 20;
  for (int i = 0; i < name_letters; ++i)
    session.name += letters[static_cast<std::size_t>(random_.between(0, 31))];
  session.name += fmt::format("-{:x}", socket);
}

void BybitPrivate::on_text(SocketId socket, std::string_view text, Time now) {
  const auto found = sessions_.find(socket);
  if (found == sessions_.end())
    return;
  auto& session = found->second;
  session.active_at = now;
  boost::system::error_code error;
  const auto value = json::parse(json::string_view{text.data(), text.size()}, error);
  const bool readable = !error && value.is_object();
  if (session.door == Door::trade) {
    if (!readable)
      return trade_reply(session, "", "", {10001, "Params Error", "{}", "{}"}, {}, now);
    return on_trade_request(session, value.get_object(), now);
  }
  if (!readable)
    return reply(session, false, "Invalid JSON", "", "", now);
  on_user_request(session, value.get_object(), now);
}

void BybitPrivate::closed(SocketId socket, Time now) {
  const auto found = sessions_.find(socket);
  if (found == sessions_.end())
    return;
  const auto session = std::move(found->second);
  sessions_.erase(found);
  if (!session.account)
    return;
  for (const auto& [topic, product] :
       {std::pair{"dcp.spot", Product::spot}, std::pair{"dcp.future", Product::derivatives}}) {
    if (contains(session.topics, topic) && !watched(*session.account, product))
      guard(*session.account, product).dead_since = now;
  }
}

void BybitPrivate::send(Session& session, std::string text, Time now) {
  session.active_at = now;
  session.wire.send(std::move(text));
}

void BybitPrivate::reply(Session& session, bool success, std::string_view message,
                         std::string_view op, const std::string& req_id, Time now) {
  const auto echoed
      = req_id.empty() ? std::string{} : fmt::format(R"("req_id":{},)", json_quoted(req_id));
  send(session,
       fmt::format(R"({{"success":{},"ret_msg":{},"op":{},{}"conn_id":"{}"}})", success,
                   json_quoted(message), json_quoted(op), echoed, session.name),
       now);
}

void BybitPrivate::on_user_request(Session& session, const json::object& request, Time now) {
  const auto op = text_of(request, "op");
  const auto req_id = text_of(request, "req_id");
  if (op == "ping")
    return send(session,
                fmt::format(R"({{"req_id":{},"op":"pong","args":["{}"],"conn_id":"{}"}})",
                            json_quoted(req_id), core::to_millis(now), session.name),
                now);
  if (op == "auth")
    return login(session, request, now);
  if (op != "subscribe" && op != "unsubscribe")
    return reply(session, false, "Invalid op: " + op, op, req_id, now);
  if (!session.account)
    return reply(session, false, "Request not authorized", op, req_id, now);
  if (op == "subscribe")
    return subscribe(session, request, now);
  for (const auto& topic : arguments(request))
    std::erase(session.topics, topic);
  reply(session, true, "", op, req_id, now);
}

void BybitPrivate::login(Session& session, const json::object& request, Time now) {
  const auto req_id = text_of(request, "req_id");
  if (session.account)
    return reply(session, false, "Repeat auth", "auth", req_id, now);
  const auto signer = check_login(request, now);
  if (signer.code != 0)
    return reply(session, false, signer.message, "auth", req_id, now);
  session.account = signer.account;
  session.key = signer.key;
  reply(session, true, "", "auth", req_id, now);
}

/// No picture of the present follows, on no topic: what there is already is asked over REST.
void BybitPrivate::subscribe(Session& session, const json::object& request, Time now) {
  const auto req_id = text_of(request, "req_id");
  const auto topics = arguments(request);
  const auto refuse
      = [&](const std::string& why) { reply(session, false, why, "subscribe", req_id, now); };
  if (topics.empty())
    return refuse("Request args are empty");
  bool shared = false;
  bool categorised = false;
  for (const auto& topic : topics) {
    // wallet and greeks have one form only and go with either.
    shared = shared || (contains(shared_topics, topic) && topic != "wallet" && topic != "greeks");
    categorised = categorised || is_categorised(topic);
    if (!contains(shared_topics, topic) && !contains(guard_topics, topic) && !is_categorised(topic))
      return refuse("Invalid topic: " + topic);
    if (contains(session.topics, topic))
      return refuse("error:already subscribed,topic:" + topic);
  }
  if (shared && categorised)
    return refuse("All-In-One topic and Categorised topic cannot be in the same request");
  for (const auto& topic : topics) {
    if (!contains(session.topics, topic))
      session.topics.push_back(topic);
    if (topic == "dcp.spot")
      guard(*session.account, Product::spot).dead_since.reset();
    if (topic == "dcp.future")
      guard(*session.account, Product::derivatives).dead_since.reset();
  }
  reply(session, true, "", "subscribe", req_id, now);
}

/// Every 30 s, as the venue does: a socket that was asked to live so long without traffic is closed
/// up to half a minute later than it asked for.
void BybitPrivate::scan(Time now) {
  std::vector<SocketId> idle;
  for (auto& [id, session] : sessions_) {
    if (!session.idle_max || now < session.scanned_at + scan_every)
      continue;
    session.scanned_at = now;
    if (now >= session.active_at + *session.idle_max)
      idle.push_back(id);
  }
  for (const auto id : idle) {
    const auto wire = sessions_.at(id).wire;
    closed(id, now);
    wire.close(going_away, "max_active_time");
  }
}

BybitPrivate::Guard& BybitPrivate::guard(AccountId account, Product product) {
  return guards_.try_emplace({account, product}, Guard{guard_default, std::nullopt}).first->second;
}

bool BybitPrivate::watched(AccountId account, Product product) const {
  const std::string_view topic = product == Product::spot ? "dcp.spot" : "dcp.future";
  return std::ranges::any_of(sessions_, [&](const auto& entry) {
    return entry.second.account == account && contains(entry.second.topics, topic);
  });
}

void BybitPrivate::watch_guards(Time now) {
  for (auto& [key, each] : guards_) {
    if (!each.dead_since || now < *each.dead_since + each.window)
      continue;
    each.dead_since.reset();
    const auto& [account, product] = key;
    const auto surface = product == Product::spot ? SurfaceId::bybit_spot : SurfaceId::bybit_linear;
    exchange_.cancel_all(account, surface, {}, Refusal::countdown, now);
  }
}

} // namespace tandem::sim
