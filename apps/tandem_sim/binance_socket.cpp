// Binance WebSocket: paths, tiers, control frames and limits.
#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t id_length_max = 36;

/// What stands before "/ws" or "/stream": the tier on USD-M, nothing on Spot.
std::string_view tier_of(std::string_view path) noexcept {
  for (const std::string_view tier : {"/public", "/market", "/private"}) {
    if (path.starts_with(tier) && (path.size() == tier.size() || path[tier.size()] == '/'))
      return tier;
  }
  return {};
}

std::string upper(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool has_upper(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find('/'), text.size());
    if (end > 0)
      parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// The id as it is echoed, or nullopt when it is none. Source: "Live Subscribing/Unsubscribing to
/// streams": 64-bit signed integer, alphanumeric string of at most 36 characters, or null.
std::optional<std::string> id_text(const json::object& request) {
  const auto* id = request.if_contains("id");
  if (id == nullptr || id->is_null())
    return "null";
  if (id->is_int64())
    return std::to_string(id->get_int64());
  if (!id->is_string() || id->get_string().size() > id_length_max)
    return std::nullopt;
  const auto& text = id->get_string();
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
           || c == '_';
  });
  if (!plain)
    return std::nullopt;
  return json_quoted({text.data(), text.size()});
}

} // namespace

Binance::Binance(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults,
                 ReplayBooks& replay, Exchange& exchange, Outlet& outlet)
    : Surface{id, scenario, flow, faults, replay, exchange, outlet},
      private_{id, scenario, exchange, faults, links()} {
  for (const auto* list : {&scenario.generated, &scenario.replayed}) {
    std::ranges::copy_if(*list, std::back_inserter(instruments_),
                         [id](const Instrument& instrument) { return instrument.surface == id; });
  }
}

BinanceLinks Binance::links() {
  return {.send =
              [this](SocketId id, std::string text) {
                if (const auto* socket = find(id); socket != nullptr && !socket->half_open)
                  send(*socket, std::move(text));
              },
          .later = [this](Time due, std::function<void(Time)> act) { later(due, std::move(act)); },
          .throttle = [this](const std::string& host, std::int64_t weight, Time now,
                             std::int64_t& used) { return throttle(host, weight, now, used); }};
}

std::optional<HttpAnswer> Binance::check_upgrade(const HttpAsk& ask) {
  if (private_.is_api_path(ask.path))
    return std::nullopt;
  std::string_view path = ask.path;
  if (!spot())
    path.remove_prefix(tier_of(path).size());
  const bool known = path == "/ws" || path.starts_with("/ws/") || path == "/stream";
  return known ? std::nullopt : std::optional{HttpAnswer{404, {}, {}}};
}

void Binance::opened(Socket& socket, const HttpAsk& ask, Time now) {
  if (private_.is_api_path(ask.path))
    return private_.open_api(socket.id, ask, now);
  std::string_view path = ask.path;
  if (!spot())
    path.remove_prefix(tier_of(path).size());
  socket.combined = path == "/stream";
  if (!spot() && tier_of(ask.path) == "/private")
    return open_user_stream(socket, ask, path);
  const auto listed = socket.combined ? query_value(ask, "streams").value_or("")
                                      : std::string{path.substr(std::string_view{"/ws"}.size())};
  for (const auto& name : split(listed))
    subscribe(socket, name, now);
}

/// "/private/ws/<listenKey>", "/private/ws?listenKey=...&events=A/B",
/// "/private/stream?streams=...".
void Binance::open_user_stream(const Socket& socket, const HttpAsk& ask, std::string_view path) {
  constexpr std::string_view one{"/ws/"};
  auto key = query_value(ask, socket.combined ? "streams" : "listenKey").value_or("");
  if (path.starts_with(one))
    key = std::string{path.substr(one.size())};
  private_.open_stream(socket.id, key, query_value(ask, "events").value_or(""), socket.combined);
}

std::unique_ptr<BinanceStream> Binance::make_stream(const std::string& name) const {
  using Kind = BinanceStream::Kind;
  const auto at = name.find('@');
  if (at == std::string::npos || has_upper(name.substr(0, at)))
    return nullptr; // stream names are lower case; anything else is acknowledged and silent
  auto made = std::make_unique<BinanceStream>();
  made->name = name;
  made->symbol = upper(name.substr(0, at));
  const auto rest = name.substr(at + 1);
  const auto speed_at = rest.find('@');
  const auto kind = rest.substr(0, speed_at);
  const auto speed = speed_at == std::string::npos ? std::string{} : rest.substr(speed_at + 1);
  const core::UnixMillis usual_depth = spot() ? 1'000 : 250;
  made->kind = kind;
  if (kind.starts_with("depth")) {
    made->book = true;
    if (speed.empty())
      made->every = usual_depth;
    else if (speed == "100ms" || (!spot() && speed == "500ms"))
      made->every = speed == "100ms" ? 100 : 500;
    else if (spot() ? speed != "1000ms" : (speed != "0ms" && speed != "250ms"))
      return nullptr;
    else
      made->every = speed == "0ms" ? 0 : usual_depth;
    if (kind == "depth")
      return made;
    made->type = Kind::partial;
    made->levels = kind == "depth5" ? 5 : kind == "depth10" ? 10 : kind == "depth20" ? 20 : 0;
    return made->levels == 0 ? nullptr : std::move(made);
  }
  if (!speed.empty())
    return nullptr;
  if (kind.starts_with("kline_")) {
    made->type = Kind::kline;
    made->interval_name = kind.substr(std::string_view{"kline_"}.size());
    const auto interval = binance_interval(made->interval_name, spot());
    if (!interval)
      return nullptr;
    made->interval = *interval;
    made->every = !spot() ? 250 : made->interval_name == "1s" ? 1'000 : 2'000;
    return made;
  }
  if (kind == "ticker" || kind == "miniTicker") {
    made->type = kind == "ticker" ? Kind::ticker : Kind::mini_ticker;
    made->every = spot() ? 1'000 : 2'000;
    return made;
  }
  if (kind != "bookTicker" && kind != "trade" && kind != "aggTrade")
    return nullptr;
  made->type = kind == "bookTicker" ? Kind::book_ticker
               : kind == "trade"    ? Kind::trade
                                    : Kind::aggregate;
  return made;
}

bool Binance::routed(const Socket& socket, const BinanceStream& stream) const {
  if (spot())
    return true;
  using Kind = BinanceStream::Kind;
  const auto tier = tier_of(socket.path);
  const bool book = stream.type == Kind::depth || stream.type == Kind::partial
                    || stream.type == Kind::book_ticker || stream.type == Kind::trade;
  return book ? tier.empty() || tier == "/public" : tier == "/market";
}

void Binance::subscribe(Socket& socket, const std::string& name, Time now) {
  if (std::ranges::find(socket.names, name) != socket.names.end())
    return;
  if (socket.names.size() >= options_.streams_max)
    return;
  socket.names.push_back(name);
  auto made = make_stream(name);
  if (made == nullptr || !routed(socket, *made))
    return;
  made->market = flow_.find(id_, made->symbol);
  if (made->market == nullptr && !replay_.declared(id_, made->symbol))
    return;
  if (made->market != nullptr)
    made->previous_id = made->market->update_id();
  if (made->every > 0) {
    const auto phase = static_cast<core::UnixMillis>(mix_seed(0, name.c_str())
                                                     % static_cast<std::uint64_t>(made->every));
    made->due = core::to_millis(now) + 1 + phase;
  }
  if (made->type == BinanceStream::Kind::kline)
    made->bar_begin = made->interval.begin_of(core::to_millis(now));
  attach(std::move(made), socket);
}

void Binance::refuse(Socket& socket, int code, const std::string& message, const std::string& id) {
  send(socket, fmt::format(R"({{"code":{},"msg":{}{}}})", code, json_quoted(message),
                           id.empty() ? "" : R"(,"id":)" + id));
}

void Binance::handle(Socket& socket, std::string_view text, Time now) {
  if (private_.is_api(socket.id))
    return private_.on_api_text(socket.id, text, now);
  boost::system::error_code error;
  const auto value = json::parse(json::string_view{text.data(), text.size()}, error);
  if (error)
    return refuse(socket, 3, "Invalid JSON: expected value at line 1 column 1", {});
  if (!value.is_object())
    return refuse(socket, 2, "Invalid request: expected an object", {});
  control(socket, value.get_object(), now);
}

void Binance::control(Socket& socket, const json::object& request, Time now) {
  const auto id = id_text(request);
  if (!id)
    return refuse(socket, 2,
                  "Invalid request: request ID must be a signed integer, an alphanumeric string of "
                  "at most 36 "
                  "characters, or null",
                  {});
  const auto* method = request.if_contains("method");
  if (method == nullptr)
    return refuse(socket, 2, "Invalid request: missing field `method` at line 1 column 1", *id);
  const std::string name
      = method->is_string() ? std::string{method->get_string()} : json::serialize(*method);
  if (name == "LIST_SUBSCRIPTIONS") {
    json::array names;
    for (const auto& each : socket.names)
      names.emplace_back(each);
    return send(socket, fmt::format(R"({{"result":{},"id":{}}})", json::serialize(names), *id));
  }
  if (name == "SET_PROPERTY")
    return set_property(socket, request, *id);
  if (name == "GET_PROPERTY")
    return get_property(socket, request, *id);
  if (name != "SUBSCRIBE" && name != "UNSUBSCRIBE")
    return refuse(socket, 2,
                  "Invalid request: unknown variant `" + name
                      + "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
                        "`SET_PROPERTY`, `GET_PROPERTY`",
                  *id);
  const auto* params = request.if_contains("params");
  const bool texts = params != nullptr && params->is_array()
                     && std::ranges::all_of(params->get_array(),
                                            [](const auto& each) { return each.is_string(); });
  if (!texts)
    return refuse(socket, 2, "Invalid request: params must be an array of strings", *id);
  for (const auto& each : params->get_array()) {
    const std::string stream{each.get_string()};
    if (name == "SUBSCRIBE")
      subscribe(socket, stream, now);
    else
      detach(stream, socket);
  }
  send(socket, fmt::format(R"({{"result":null,"id":{}}})", *id));
}

void Binance::set_property(Socket& socket, const json::object& request, const std::string& id) {
  const auto* params = request.if_contains("params");
  const auto* list = params == nullptr ? nullptr : params->if_array();
  if (list == nullptr || list->size() != 2 || !(*list)[0].is_string())
    return refuse(socket, 2, "Invalid request: property name must be a string", id);
  if ((*list)[0].get_string() != "combined")
    return refuse(socket, 0, "Unknown property", id);
  if (!(*list)[1].is_bool())
    return refuse(socket, 1, "Invalid value type: expected Boolean", id);
  socket.combined = (*list)[1].get_bool();
  send(socket, fmt::format(R"({{"result":null,"id":{}}})", id));
}

void Binance::get_property(Socket& socket, const json::object& request, const std::string& id) {
  const auto* params = request.if_contains("params");
  const auto* list = params == nullptr ? nullptr : params->if_array();
  if (list == nullptr || list->size() != 1 || !(*list)[0].is_string())
    return refuse(socket, 2, "Invalid request: property name must be a string", id);
  if ((*list)[0].get_string() != "combined")
    return refuse(socket, 0, "Unknown property", id);
  send(socket, fmt::format(R"({{"result":{},"id":{}}})", socket.combined, id));
}

std::string Binance::wrap(const Stream& stream, const std::string& data, bool combined) const {
  if (!combined)
    return data;
  std::string out{R"({"stream":")"};
  out.reserve(out.size() + stream.name.size() + data.size() + 12);
  out += stream.name;
  out += R"(","data":)";
  out += data;
  out += '}';
  return out;
}

void Binance::say_shutdown(Socket& socket, Time now) {
  const auto event = fmt::format(R"({{"e":"serverShutdown","E":{}}})", core::to_millis(now));
  send(socket,
       socket.combined ? fmt::format(R"({{"stream":"!serverShutdown","data":{}}})", event) : event);
}

bool Binance::has_listener(std::string_view symbol, std::string_view kind) const {
  return std::ranges::any_of(streams_, [&](const auto& entry) {
    return entry.second->symbol == symbol && entry.second->kind == kind
           && !entry.second->sockets.empty();
  });
}

std::vector<SocketId> Binance::play(const RecordedFrame& frame, Time now) {
  std::vector<SocketId> reached;
  for (Stream* stream : streams_of(frame.symbol)) {
    if (stream->kind != frame.kind)
      continue;
    const auto sent = publish(*stream, frame.data, now);
    reached.insert(reached.end(), sent.begin(), sent.end());
  }
  return reached;
}

} // namespace tandem::sim
