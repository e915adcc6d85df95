// Bybit v5 WebSocket: topics, acknowledgements, pings and limits.
#include "apps/tandem_sim/bybit.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t spot_args_max = 10;           // per request
constexpr std::size_t args_characters_max = 21'000; // of one connection

struct Depth {
  std::string_view text;
  std::size_t levels;
  core::UnixMillis every;
};

/// Source: "WebSocket Stream: Orderbook", read 2026-07-24. Spot level 200 is pushed every 100 ms
/// too.
constexpr std::array<Depth, 4> depths{
    {{"1", 1, 10}, {"50", 50, 20}, {"200", 200, 100}, {"1000", 1'000, 200}}};

std::vector<std::string> arguments(const json::object& request) {
  std::vector<std::string> result;
  const auto* args = request.if_contains("args");
  if (args == nullptr || !args->is_array())
    return result;
  for (const auto& each : args->get_array())
    result.emplace_back(each.is_string() ? std::string{each.get_string()} : std::string{});
  return result;
}

std::string text_levels(const std::vector<TextLevel>& levels) {
  std::string out{"["};
  for (const auto& level : levels)
    out += fmt::format(R"({}["{}","{}"])", out.size() > 1 ? "," : "", level.price, level.quantity);
  return out + ']';
}

} // namespace

Bybit::Bybit(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults,
             ReplayBooks& replay, Exchange& exchange, Outlet& outlet,
             std::shared_ptr<BybitPrivate> account_side)
    : Surface{id, scenario, flow, faults, replay, exchange, outlet},
      account_side_{std::move(account_side)} {
  for (const auto* list : {&scenario.generated, &scenario.replayed}) {
    std::ranges::copy_if(*list, std::back_inserter(instruments_),
                         [id](const Instrument& instrument) { return instrument.surface == id; });
  }
}

std::optional<HttpAnswer> Bybit::check_upgrade(const HttpAsk& ask) {
  const bool known = ask.path == (spot() ? "/v5/public/spot" : "/v5/public/linear")
                     || BybitPrivate::is_socket(ask.path);
  return known ? std::nullopt : std::optional{HttpAnswer{404, {}, {}}};
}

void Bybit::open_private(Socket& socket, const HttpAsk& ask, Time now) {
  const auto id = socket.id;
  account_side_->opened(id_, id, ask,
                        {[this, id](std::string text) {
                           if (const auto* there = find(id))
                             send(*there, std::move(text));
                         },
                         [this, id](std::uint16_t code, std::string reason) {
                           if (find(id) != nullptr)
                             cut(id, code, std::move(reason));
                         }},
                        now);
}

void Bybit::opened(Socket& socket, const HttpAsk& ask, Time now) {
  if (BybitPrivate::is_socket(ask.path))
    return open_private(socket, ask, now);
  const auto high = random_.next();
  const auto low = random_.next();
  connection_names_[socket.id]
      = fmt::format("{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                    high & 0xfffU, low >> 52U, low & 0xffffffffffffU);
}

std::string Bybit::wrap(const Stream&, const std::string& data, bool) const {
  return data;
}

void Bybit::say_shutdown(Socket&, Time) {} // Bybit does not announce its breaks

std::unique_ptr<BybitTopic> Bybit::make_topic(const std::string& name) const {
  const auto last = name.rfind('.');
  if (last == std::string::npos)
    return nullptr;
  auto made = std::make_unique<BybitTopic>();
  made->name = name;
  made->symbol = name.substr(last + 1);
  made->kind = name.substr(0, last);
  if (!known(made->symbol))
    return nullptr;
  made->market = flow_.find(id_, made->symbol);
  constexpr std::string_view book = "orderbook.";
  constexpr std::string_view kline = "kline.";
  if (made->kind.starts_with(book)) {
    const auto wanted = made->kind.substr(book.size());
    const auto* depth = std::ranges::find(depths, wanted, &Depth::text);
    made->book = true;
    if (depth != depths.end()) {
      made->window.depth = depth->levels;
      made->window.every = depth->every;
      return made;
    }
    // Level 500 existed when some recordings were made.
    std::from_chars(wanted.data(), wanted.data() + wanted.size(), made->window.depth);
    return made->market == nullptr && wanted == "500" ? std::move(made) : nullptr;
  }
  if (made->kind == "publicTrade") {
    made->type = BybitTopic::Kind::trade;
    return made;
  }
  if (made->kind == "tickers") {
    made->type = BybitTopic::Kind::ticker;
    return made;
  }
  if (!made->kind.starts_with(kline))
    return nullptr;
  made->type = BybitTopic::Kind::kline;
  made->interval_name = made->kind.substr(kline.size());
  const auto interval = bybit_interval(made->interval_name);
  if (!interval)
    return nullptr;
  made->interval = *interval;
  return made;
}

void Bybit::reply(Socket& socket, bool success, std::string_view message, std::string_view op,
                  const std::string& req_id) {
  const auto& connection = connection_names_[socket.id];
  // Spot leaves an empty req_id out of pongs, linear does not.
  const auto echoed = spot() && req_id.empty()
                          ? std::string{}
                          : fmt::format(R"("req_id":{},)", json_quoted(req_id));
  send(socket, fmt::format(R"({{"success":{},"ret_msg":{},"conn_id":"{}",{}"op":"{}"}})", success,
                           json_quoted(message), connection, echoed, op));
}

void Bybit::handle(Socket& socket, std::string_view text, Time now) {
  if (account_side_->has_socket(socket.id))
    return account_side_->on_text(socket.id, text, now);
  boost::system::error_code error;
  const auto value = json::parse(json::string_view{text.data(), text.size()}, error);
  if (error || !value.is_object())
    return reply(socket, false, "Invalid JSON", "", "");
  const auto& request = value.get_object();
  const auto text_of = [&](std::string_view key) {
    const auto* field = request.if_contains({key.data(), key.size()});
    return field != nullptr && field->is_string() ? std::string{field->get_string()}
                                                  : std::string{};
  };
  const auto op = text_of("op");
  const auto req_id = text_of("req_id");
  if (op == "ping")
    return reply(socket, true, "pong", "ping", req_id);
  if (op == "subscribe")
    return subscribe(socket, request, req_id, now);
  if (op == "unsubscribe")
    return unsubscribe(socket, request, req_id);
  if (op == "auth") // public sockets know no login
    return reply(socket, false, "Request not authorized", "auth", req_id);
  reply(socket, false, "Invalid op: " + op, op, req_id);
}

void Bybit::subscribe(Socket& socket, const json::object& request, const std::string& req_id,
                      Time now) {
  const auto names = arguments(request);
  if (names.empty())
    return reply(socket, false, "Request args are empty", "subscribe", req_id);
  if (spot() && names.size() > spot_args_max)
    return reply(socket, false, fmt::format("args size >{}", spot_args_max), "subscribe", req_id);
  std::size_t characters = 0;
  for (const auto& name : names)
    characters += name.size();
  for (const auto& name : socket.names)
    characters += name.size();
  if (characters > args_characters_max)
    return reply(socket, false, "args length exceeds 21000 characters", "subscribe", req_id);
  std::vector<std::unique_ptr<BybitTopic>> made;
  for (const auto& name : names) {
    if (std::ranges::find(socket.names, name) != socket.names.end())
      return reply(socket, false, "error:already subscribed,topic:" + name, "subscribe", req_id);
    auto topic = make_topic(name);
    if (topic == nullptr)
      return reply(socket, false, "Invalid topic: " + name, "subscribe", req_id);
    made.push_back(std::move(topic));
  }
  reply(socket, true, spot() ? "subscribe" : "", "subscribe", req_id);
  for (auto& topic : made) {
    const auto name = topic->name;
    socket.names.push_back(name);
    attach(std::move(topic), socket);
    greet(socket, static_cast<BybitTopic&>(*stream(name)), now);
  }
}

void Bybit::unsubscribe(Socket& socket, const json::object& request, const std::string& req_id) {
  for (const auto& name : arguments(request))
    detach(name, socket);
  reply(socket, true, spot() ? "unsubscribe" : "", "unsubscribe", req_id);
}

/// The state a new subscriber begins with.
void Bybit::greet(Socket& socket, BybitTopic& topic, Time time) {
  const auto now = core::to_millis(time);
  const bool alone = topic.sockets.size() == 1;
  if (topic.market == nullptr) {
    const auto* book = topic.book ? replay_.find(id_, topic.name) : nullptr;
    if (book == nullptr)
      return; // its first frame will be the recording's own snapshot
    topic.window.update_id = book->update_id;
    topic.window.sequence = book->sequence;
    return send(socket, book_frame(topic, true, text_levels(book->bids(0)),
                                   text_levels(book->asks(0)), book->event_at, book->matched_at));
  }
  switch (topic.type) {
  case BybitTopic::Kind::book: {
    auto& window = topic.window;
    if (alone) {
      constexpr std::int64_t first_id_min = 100'000;
      constexpr std::int64_t first_id_max = 90'000'000;
      auto& id = update_ids_.try_emplace(topic.name, random_.between(first_id_min, first_id_max))
                     .first->second;
      window.update_id = ++id;
      window.bids = topic.market->book().top(Side::bid, window.depth);
      window.asks = topic.market->book().top(Side::ask, window.depth);
      window.sequence = topic.market->update_id();
      window.said_at = now;
    }
    const auto kept = kept_.find(topic.name);
    if (kept == kept_.end() || !faults_.hit(id_, FaultKind::stale_snapshot, topic.symbol, time))
      return send(socket, window_frame(topic, now));
    // The old picture under its old number: the next delta does not follow it.
    const auto& old = kept->second;
    const auto present = std::exchange(window, old);
    send(socket, window_frame(topic, now));
    window = present;
    return;
  }
  case BybitTopic::Kind::ticker:
    if (alone)
      topic.told = ticker_fields(*topic.market, now, false);
    return send(socket, ticker_frame(topic, topic.told, true, now));
  case BybitTopic::Kind::kline:
    if (alone)
      topic.bar_begin = topic.interval.begin_of(now);
    return;
  case BybitTopic::Kind::trade:
    return;
  }
}

void Bybit::keep_snapshots(std::string_view symbol) {
  for (const Market* market : flow_.on(id_)) {
    const auto& name = market->instrument().symbol;
    if (!symbol.empty() && symbol != name)
      continue;
    for (const auto& depth : depths) {
      const auto topic = fmt::format("orderbook.{}.{}", depth.text, name);
      BybitWindow window;
      window.depth = depth.levels;
      window.every = depth.every;
      const auto id = update_ids_.find(topic);
      window.update_id = id == update_ids_.end() ? 1 : id->second;
      window.sequence = market->update_id();
      window.bids = market->book().top(Side::bid, depth.levels);
      window.asks = market->book().top(Side::ask, depth.levels);
      kept_[topic] = std::move(window);
    }
  }
}

bool Bybit::has_listener(std::string_view symbol, std::string_view kind) const {
  return std::ranges::any_of(streams_, [&](const auto& entry) {
    return entry.second->symbol == symbol && entry.second->kind == kind
           && !entry.second->sockets.empty();
  });
}

std::vector<SocketId> Bybit::play(const RecordedFrame& frame, Time now) {
  auto* topic = stream(frame.stream);
  return topic == nullptr ? std::vector<SocketId>{} : publish(*topic, frame.data, now);
}

} // namespace tandem::sim
