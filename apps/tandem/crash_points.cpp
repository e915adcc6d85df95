#include "apps/tandem/crash_points.hpp"

#include "adapters/files/faulty_files.hpp"
#include "adapters/transport/reading.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace tandem::apps {
namespace {

using adapters::transport::HeldReading;
using adapters::transport::HttpCallback;
using adapters::transport::HttpClient;
using adapters::transport::HttpRequest;
using adapters::transport::HttpResponse;
using adapters::transport::Strand;
using adapters::transport::WebSocket;
using adapters::transport::WebSocketConnector;
using adapters::transport::WebSocketEvents;
using adapters::transport::WebSocketOptions;

/// Long enough for a venue on loopback to act, short enough that its reply is often not read.
constexpr std::chrono::microseconds after_a_send{2'000};

constexpr std::array<std::pair<std::string_view, CrashKind>, 5> kinds{{
    {"any", CrashKind::any},
    {"journal", CrashKind::journal},
    {"send", CrashKind::send},
    {"receive", CrashKind::receive},
    {"timer", CrashKind::timer},
}};
constexpr std::array<std::pair<std::string_view, CrashMoment>, 3> moments{{
    {"before", CrashMoment::before},
    {"within", CrashMoment::within},
    {"after", CrashMoment::after},
}};

template <class Table, class Value>
bool look_up(const Table& table, std::string_view name, Value& out) {
  for (const auto& [known, value] : table)
    if (known == name) {
      out = value;
      return true;
    }
  return false;
}

class CountedHttp final : public HttpClient {
public:
  CountedHttp(CrashPoints& points, HttpClient& real, Strand& strand)
      : points_{points}, real_{real}, strand_{strand} {}

  void send(HttpRequest request, HttpCallback done) override {
    const bool chosen = points_.arrive(CrashKind::send);
    real_.send(std::move(request),
               [&points = points_, done = std::move(done)](core::Result<HttpResponse> reply) {
                 points.pass(CrashKind::receive, [&] { done(std::move(reply)); });
               });
    if (chosen)
      points_.leave_send(strand_);
  }

private:
  CrashPoints& points_;
  HttpClient& real_;
  Strand& strand_;
};

class CountedSocket final : public WebSocket, public HeldReading {
public:
  CountedSocket(CrashPoints& points, std::unique_ptr<WebSocket> real, Strand& strand)
      : points_{points}, real_{std::move(real)}, strand_{strand} {}

  void send(std::string text) override {
    const bool chosen = points_.arrive(CrashKind::send);
    real_->send(std::move(text));
    if (chosen)
      points_.leave_send(strand_);
  }

  void ping() override { real_->ping(); }

  void pause_reading(bool paused) override {
    adapters::transport::pause_reading(real_.get(), paused);
  }

  void close() override { real_->close(); }

private:
  CrashPoints& points_;
  std::unique_ptr<WebSocket> real_;
  Strand& strand_;
};

class CountedConnector final : public WebSocketConnector {
public:
  CountedConnector(CrashPoints& points, WebSocketConnector& real, Strand& strand)
      : points_{points}, real_{real}, strand_{strand} {}

  std::unique_ptr<WebSocket> open(WebSocketOptions options, WebSocketEvents events) override {
    events.on_text = [&points = points_, hear = std::move(events.on_text)](
                         std::string_view text, core::MonoTime received_at) {
      points.pass(CrashKind::receive, [&] { hear(text, received_at); });
    };
    return std::make_unique<CountedSocket>(
        points_, real_.open(std::move(options), std::move(events)), strand_);
  }

private:
  CrashPoints& points_;
  WebSocketConnector& real_;
  Strand& strand_;
};

class CountedTimers final : public Strand {
public:
  CountedTimers(CrashPoints& points, Strand& real) : points_{points}, real_{real} {}

  void post(std::function<void()> task) override { real_.post(std::move(task)); }

  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override {
    real_.post_after(delay, [&points = points_, task = std::move(task)] {
      points.pass(CrashKind::timer, task);
    });
  }

private:
  CrashPoints& points_;
  Strand& real_;
};

} // namespace

core::Result<CrashSpec> parse_crash_spec(std::string_view text) {
  const auto refuse = [&] {
    return core::fail(
        core::Errc::validation_error,
        "must be KIND:NUMBER:MOMENT, such as send:17:after (kinds: any, journal, send, "
        "receive, timer; moments: before, within, after)",
        "TANDEM_CRASH_AT");
  };
  const auto first = text.find(':');
  const auto second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos)
    return refuse();
  CrashSpec spec;
  const auto number = text.substr(first + 1, second - first - 1);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), spec.number);
  if (!look_up(kinds, text.substr(0, first), spec.kind)
      || !look_up(moments, text.substr(second + 1), spec.moment) || read.ec != std::errc{}
      || read.ptr != number.data() + number.size() || spec.number == 0)
    return refuse();
  return spec;
}

bool CrashPoints::arrive(CrashKind kind) {
  if (spec_.kind != CrashKind::any && spec_.kind != kind)
    return false;
  if (seen_.fetch_add(1, std::memory_order_relaxed) + 1 != spec_.number)
    return false;
  if (spec_.moment == CrashMoment::before)
    die();
  return true;
}

void CrashPoints::leave_send(Strand& strand) {
  const auto wait = spec_.moment == CrashMoment::after ? std::chrono::nanoseconds{after_a_send}
                                                       : std::chrono::nanoseconds{0};
  strand.post_after(wait, [this] { die(); });
}

void CrashPoints::die() const {
  // Nothing is flushed, closed or said: the machine could not do better either.
  ::kill(::getpid(), SIGKILL);
  for (;;)
    ::pause();
}

std::unique_ptr<adapters::files::FileLayer>
CrashPoints::files(std::unique_ptr<adapters::files::FileLayer> real) {
  using adapters::files::Fate;
  return adapters::files::faulty_files(
      std::move(real),
      [this](const adapters::files::NumberedOperation& operation) {
        Fate fate;
        if (!arrive(CrashKind::journal))
          return fate;
        fate.kind = spec_.moment == CrashMoment::within ? Fate::Kind::crash_within
                                                        : Fate::Kind::crash_after;
        fate.bytes = operation.bytes / 2;
        return fate;
      },
      [this] { die(); });
}

std::unique_ptr<HttpClient> CrashPoints::http(HttpClient& real, Strand& strand) {
  return std::make_unique<CountedHttp>(*this, real, strand);
}

std::unique_ptr<WebSocketConnector> CrashPoints::connector(WebSocketConnector& real,
                                                           Strand& strand) {
  return std::make_unique<CountedConnector>(*this, real, strand);
}

std::unique_ptr<Strand> CrashPoints::timers(Strand& real) {
  return std::make_unique<CountedTimers>(*this, real);
}

} // namespace tandem::apps
