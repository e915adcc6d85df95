#include "adapters/transport/server_core.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace tandem::adapters::transport {

namespace {

/// Deadlines are checked this often, so that even small test limits hold to about a tenth.
constexpr int ticks_per_shortest_limit = 10;
constexpr std::chrono::milliseconds tick_min{2};
constexpr std::chrono::milliseconds tick_max{100};
/// Of the request's time: who took it all the same is slow.
constexpr int slow_share = 8;

std::chrono::milliseconds choose_tick(const ServerLimits& limits) {
  const auto shortest
      = std::min({limits.request_timeout, limits.answer_timeout, limits.handshake_timeout,
                  limits.idle_timeout, limits.websocket_idle_timeout});
  return std::clamp(shortest / ticks_per_shortest_limit, tick_min, tick_max);
}

/// RFC 9110 section 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::chrono::sys_seconds time) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const std::chrono::weekday weekday{day};
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      days.at(weekday.c_encoding()), static_cast<unsigned>(date.day()),
      months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool breaks_a_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

/// 1xx and 204 have no body and no length (RFC 9110 section 8.6); 304 speaks of a body it does not
/// carry.
bool has_length(int status) {
  return status >= 200 && status != 204 && status != 304;
}

} // namespace

ServerCore::ServerCore(Io::Impl& network, const ServerLimits& bounds, ServerEvents handlers)
    : io{network}, limits{bounds}, events{std::move(handlers)},
      postbox{std::make_shared<Postbox>(network)}, tick_length_{choose_tick(bounds)} {}

void ServerCore::enter(std::shared_ptr<Session> session) {
  auto* const key = session.get();
  sessions_.emplace(key, std::move(session));
}

std::uint64_t ServerCore::deadline(std::chrono::milliseconds from_now) const {
  const auto ticks = (from_now + tick_length_ - std::chrono::milliseconds{1}) / tick_length_;
  return tick_ + 1 + static_cast<std::uint64_t>(std::max<std::int64_t>(ticks, 0));
}

void ServerCore::tick() {
  ++tick_;
  slow_.clear(); // whoever has left since is not kept
  // A copy: sessions leave while they are asked.
  std::vector<std::shared_ptr<Session>> asked;
  asked.reserve(sessions_.size());
  // any order: real clients come in any
  for (const auto& [key, session] : sessions_)
    asked.push_back(session);
  for (const auto& session : asked)
    session->on_tick();
}

bool ServerCore::is_slow(const Session& session) const {
  const auto since = session.waited_for_since();
  return since && (tick_ - *since) * tick_length_ >= limits.request_timeout / slow_share;
}

/// Looked for once a tick: a flood of connections costs no look at all sessions for each.
bool ServerCore::make_room() {
  if (std::exchange(looked_at_, tick_) != tick_) {
    slow_.clear();
    // any order: sorted below
    for (const auto& [key, session] : sessions_)
      if (is_slow(*session))
        slow_.push_back(session);
    std::ranges::sort(slow_, std::greater{},
                      [](const auto& session) { return session->waited_for_since(); });
  }
  while (!slow_.empty()) {
    const auto session = std::move(slow_.back());
    slow_.pop_back();
    if (!sessions_.contains(session.get()) || !is_slow(*session))
      continue;
    ++counters.timed_out;
    session->cut();
    return true;
  }
  return false;
}

void ServerCore::cut_all() {
  slow_.clear();
  const auto cut = std::move(sessions_);
  sessions_.clear();
  for (const auto& [key, session] : cut)
    session->cut();
}

ServerResponse ServerCore::refusal(int status, std::string_view reason) noexcept {
  try {
    if (events.on_refusal)
      return events.on_refusal(status, reason);
  } catch (...) { // the user's envelope failed; the refusal itself must not
    io.fault("on_refusal threw");
  }
  return {.status = status,
          .headers = {},
          .body = std::string{reason} + "\n",
          .content_type = "text/plain"};
}

std::optional<std::string> ServerCore::response_head(const ServerResponse& response,
                                                     bool keep_alive) {
  const auto status = static_cast<unsigned>(response.status);
  if (status < 200 || status > 599 || breaks_a_line(response.content_type))
    return std::nullopt;
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head += boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  head += "\r\nDate: " + date();
  if (has_length(response.status))
    head += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (!response.content_type.empty() && has_length(response.status))
    head += "\r\nContent-Type: " + response.content_type;
  for (const auto& [name, value] : response.headers) {
    if (breaks_a_line(name) || breaks_a_line(value) || name.empty())
      return std::nullopt;
    head += "\r\n" + name + ": " + value;
  }
  head += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

const std::string& ServerCore::date() {
  const auto now = std::chrono::floor<std::chrono::seconds>(io.clocks.wall());
  if (now.time_since_epoch().count() != date_second_) {
    date_second_ = now.time_since_epoch().count();
    date_ = http_date(now);
  }
  return date_;
}

} // namespace tandem::adapters::transport
