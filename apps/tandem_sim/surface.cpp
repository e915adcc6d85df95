#include "apps/tandem_sim/surface.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis connection_window
    = 300'000; // both venues count new connections per five minutes
constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t policy_violation = 1008;
constexpr std::int64_t default_delay_ms = 1'000;
constexpr Millis patience{
    4'500}; ///< whoever asked for a snapshot so long ago has probably given up

} // namespace

Surface::Surface(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults,
                 ReplayBooks& replay, Exchange& exchange, Outlet& outlet)
    : id_{id}, options_{scenario.surfaces[static_cast<std::size_t>(id)]}, flow_{flow},
      faults_{faults}, replay_{replay}, exchange_{exchange}, outlet_{outlet},
      random_{mix_seed(scenario.seed, name_of(id).data())} {}

std::optional<HttpAnswer> Surface::on_upgrade(const HttpAsk& ask, Time now) {
  if (faults_.hit(id_, FaultKind::refuse_connect, {}, now)) {
    ++counters_.sockets_refused;
    return HttpAnswer{503, {}, {}};
  }
  if (auto refusal = check_upgrade(ask)) {
    ++counters_.sockets_refused;
    return refusal;
  }
  auto& window = connections_.try_emplace(host_of(ask), connection_window).first->second;
  if (options_.connections_max > 0
      && window.add(1, core::to_millis(now)) > options_.connections_max) {
    ++counters_.sockets_refused;
    return HttpAnswer{429, {}, {}};
  }
  return std::nullopt;
}

void Surface::on_open(SocketId id, const HttpAsk& ask, Time now) {
  auto& socket = sockets_[id];
  socket.id = id;
  socket.host = host_of(ask);
  socket.path = ask.path;
  socket.opened_at = socket.heard_at = socket.ping_at = now;
  ++counters_.sockets_opened;
  opened(socket, ask, now);
}

void Surface::on_text(SocketId id, std::string_view text, Time now) {
  auto* socket = find(id);
  if (socket == nullptr || socket->half_open)
    return;
  ++counters_.messages_in;
  socket->heard_at = now;
  if (options_.messages_max > 0 && counts_messages(*socket)
      && socket->messages.add(1, core::to_millis(now)) > options_.messages_max) {
    cut(id, policy_violation, "Too many requests");
    return;
  }
  handle(*socket, text, now);
}

void Surface::on_pong(SocketId id, std::string_view payload, Time now) {
  auto* socket = find(id);
  if (socket == nullptr)
    return;
  socket->heard_at = now;
  // Only the answer with the ping's own payload keeps the link alive.
  if (socket->ping && *socket->ping == payload)
    socket->ping.reset();
}

void Surface::on_closed(SocketId id) {
  auto* socket = find(id);
  if (socket == nullptr)
    return;
  const auto names = socket->names;
  for (const auto& name : names)
    detach(name, *socket);
  sockets_.erase(id);
  closed(id);
}

Socket* Surface::find(SocketId id) noexcept {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

Stream* Surface::stream(const std::string& name) noexcept {
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second.get();
}

const std::vector<Stream*>& Surface::streams_of(const std::string& symbol) {
  const auto found = by_symbol_.find(symbol);
  return found == by_symbol_.end() ? none_ : found->second;
}

void Surface::attach(std::unique_ptr<Stream> made, Socket& socket) {
  auto* there = stream(made->name);
  if (there == nullptr) {
    there = made.get();
    by_symbol_[there->symbol].push_back(there);
    const auto name = there->name;
    streams_.emplace(name, std::move(made));
  }
  if (std::ranges::find(there->sockets, socket.id) == there->sockets.end())
    there->sockets.push_back(socket.id);
}

void Surface::detach(const std::string& name, Socket& socket) {
  std::erase(socket.names, name);
  auto* there = stream(name);
  if (there == nullptr)
    return;
  std::erase(there->sockets, socket.id);
  if (!there->sockets.empty())
    return;
  std::erase(by_symbol_[there->symbol], there);
  swapped_.erase(name);
  streams_.erase(name);
}

std::size_t Surface::subscription_count() const noexcept {
  std::size_t count = 0;
  for (const auto& [id, socket] : sockets_)
    count += socket.names.size();
  return count;
}

std::vector<std::string> Surface::stream_names() const {
  std::vector<std::string> names;
  for (const auto& [name, stream] : streams_)
    names.push_back(name);
  return names;
}

void Surface::send(const Socket& socket, std::string text) {
  if (socket.half_open)
    return;
  outlet_.send(socket.id, std::make_shared<const std::string>(std::move(text)));
}

void Surface::cut(SocketId id, std::uint16_t code, std::string reason) {
  ++counters_.sockets_cut;
  outlet_.close(id, code, std::move(reason));
  on_closed(id);
}

void Surface::deliver(Stream& stream, const std::string& data, std::vector<SocketId>& reached) {
  Text wrapped;
  Text bare;
  for (const auto id : stream.sockets) {
    const auto* socket = find(id);
    if (socket == nullptr || socket->half_open)
      continue;
    auto& text = socket->combined ? wrapped : bare;
    if (text == nullptr)
      text = std::make_shared<const std::string>(wrap(stream, data, socket->combined));
    outlet_.send(id, text);
    ++counters_.frames_sent;
    counters_.bytes_sent += static_cast<std::int64_t>(text->size());
    reached.push_back(id);
  }
}

std::vector<SocketId> Surface::publish(Stream& stream, std::string data, Time now) {
  std::vector<SocketId> reached;
  const auto hit = [&](FaultKind kind) { return faults_.hit(id_, kind, stream.symbol, now); };
  if (faults_.all().empty() && swapped_.empty() && delayed_.empty()) {
    deliver(stream, data, reached);
    return reached;
  }
  if (hit(FaultKind::silence) || (stream.book && hit(FaultKind::gap)) || hit(FaultKind::drop))
    return reached;
  if (hit(FaultKind::corrupt))
    data.resize(data.size() / 2); // what a cut-off frame looks like: no longer JSON
  if (const auto waiting = swapped_.find(stream.name); waiting != swapped_.end()) {
    deliver(stream, data, reached);
    deliver(stream, waiting->second, reached);
    swapped_.erase(waiting);
    return reached;
  }
  if (hit(FaultKind::reorder)) {
    swapped_.emplace(stream.name, std::move(data));
    return reached;
  }
  const auto delay = hit(FaultKind::delay);
  if (delay || !delayed_.empty()) {
    // Frames keep their order: none overtakes one that is late.
    auto due = delay ? now + Millis{delay->value.value_or(default_delay_ms)} : now;
    if (!delayed_.empty())
      due = std::max(due, delayed_.back().due);
    delayed_.push_back({due, stream.name, std::move(data)});
    return reached;
  }
  deliver(stream, data, reached);
  if (hit(FaultKind::duplicate))
    deliver(stream, data, reached);
  return reached;
}

void Surface::flush_delayed(Time now) {
  std::vector<SocketId> reached;
  while (!delayed_.empty() && delayed_.front().due <= now) {
    if (auto* there = stream(delayed_.front().stream))
      deliver(*there, delayed_.front().data, reached);
    delayed_.pop_front();
  }
}

void Surface::keep_alive(Socket& socket, Time now) {
  if (socket.half_open && socket.half_open_until && now >= *socket.half_open_until) {
    socket.half_open = false;
    outlet_.pause_reading(socket.id, false);
  }
  if (options_.lifetime.count() > 0 && now >= socket.opened_at + options_.lifetime)
    return cut(socket.id, going_away, "24h lifetime");
  if (options_.idle_max.count() > 0 && now >= socket.heard_at + options_.idle_max)
    return cut(socket.id, going_away, "idle");
  if (socket.ping && now >= socket.ping_at + options_.pong_within)
    return cut(socket.id, policy_violation, "Pong timeout");
  if (!socket.notified && options_.shutdown_notice.count() > 0
      && now >= socket.opened_at + options_.lifetime - options_.shutdown_notice) {
    socket.notified = true;
    say_shutdown(socket, now);
  }
  if (options_.ping_every.count() == 0 || socket.ping || now < socket.ping_at + options_.ping_every)
    return;
  socket.ping = std::to_string(random_.between(1'000'000'000'000, 9'999'999'999'999));
  socket.ping_at = now;
  if (!socket.half_open)
    outlet_.ping(socket.id, *socket.ping);
}

void Surface::later(Time due, std::function<void(Time)> act) {
  later_.emplace(due, std::move(act));
}

void Surface::tick(Time now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto act = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    act(now);
  }
  flush_delayed(now);
  std::vector<SocketId> ids;
  for (const auto& [id, socket] : sockets_)
    ids.push_back(id);
  for (const auto id : ids) {
    if (auto* socket = find(id))
      keep_alive(*socket, now);
  }
  on_tick(now);
}

void Surface::apply(const FaultOrder& order, Time now) {
  switch (order.kind) {
  case FaultKind::disconnect:
  case FaultKind::half_open:
    return apply_to_sockets(order, now);
  case FaultKind::stale_snapshot:
    keep_snapshots(order.symbol);
    break;
  case FaultKind::delay:
  case FaultKind::drop:
  case FaultKind::duplicate:
  case FaultKind::reorder:
  case FaultKind::gap:
  case FaultKind::corrupt:
  case FaultKind::too_many_requests:
  case FaultKind::banned:
  case FaultKind::server_error:
  case FaultKind::silence:
  case FaultKind::refuse_connect:
  case FaultKind::ack_lost:
  case FaultKind::order_unknown:
  case FaultKind::order_unknown_refused:
  case FaultKind::order_reject:
  case FaultKind::order_delay:
  case FaultKind::partial_fill:
  case FaultKind::fill_before_ack:
  case FaultKind::duplicate_fill_event:
  case FaultKind::late_fill_after_expiry:
  case FaultKind::late_fill_after_cancel:
  case FaultKind::user_stream_drop:
  case FaultKind::order_rate_limit:
  case FaultKind::maintenance:
  case FaultKind::halt:
    break;
  }
  faults_.arm(order, now);
}

void Surface::apply_to_sockets(const FaultOrder& order, Time now) {
  std::vector<SocketId> ids;
  for (const auto& [id, socket] : sockets_) {
    const bool meant
        = order.symbol.empty() || std::ranges::any_of(socket.names, [&](const auto& name) {
            const auto found = streams_.find(name);
            return found != streams_.end() && found->second->symbol == order.symbol;
          });
    const bool more = !order.count || static_cast<std::int64_t>(ids.size()) < *order.count;
    if (meant && more && random_.chance(order.probability_ppm))
      ids.push_back(id);
  }
  for (const auto id : ids) {
    if (order.kind == FaultKind::disconnect) {
      ++counters_.sockets_cut;
      outlet_.abort(id);
      on_closed(id);
      continue;
    }
    auto& socket = sockets_.at(id);
    socket.half_open = true;
    if (order.lasts)
      socket.half_open_until = now + *order.lasts;
    outlet_.pause_reading(id, true);
  }
}

void Surface::hold(const std::string& symbol, HttpAsk ask, Reply reply, Time now) {
  held_[symbol].push_back({std::move(ask), std::move(reply), now});
}

bool Surface::release_snapshot(const std::string& symbol, Time now) {
  const auto found = held_.find(symbol);
  if (found == held_.end() || found->second.empty())
    return false;
  auto waiting = std::move(found->second);
  held_.erase(found);
  bool patient = false;
  for (auto& held : waiting) {
    patient = patient || now < held.since + patience;
    answer_snapshot(held.ask, held.reply, now);
  }
  return patient;
}

} // namespace tandem::sim
