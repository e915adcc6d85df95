/// A strand that a test turns by hand on a virtual clock, an HTTP client whose answers the test
/// gives, and a socket whose other end it is.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/transport/reading.hpp"
#include "adapters/transport/websocket.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

/// 2023-11-14 22:13:20 UTC, the 20th second of a minute.
inline const core::WallTime virtual_start{std::chrono::seconds{1'700'000'000}};

class ManualStrand final : public adapters::transport::Strand {
public:
  void post(std::function<void()> task) override { ready_.push_back(std::move(task)); }

  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override {
    later_.emplace(now_ + delay, std::move(task));
  }

  void settle() {
    while (!ready_.empty()) {
      const auto task = std::move(ready_.front());
      ready_.pop_front();
      task();
    }
  }

  /// Everything due on the way runs at its own time.
  void advance(std::chrono::nanoseconds span) {
    settle();
    const auto end = now_ + span;
    while (!later_.empty() && later_.begin()->first <= end) {
      now_ = std::max(now_, later_.begin()->first);
      const auto task = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      task();
      settle();
    }
    now_ = end;
  }

  [[nodiscard]] core::Clocks clocks() {
    return {[this] { return core::MonoTime{std::chrono::hours{1}} + now_; },
            [this] { return virtual_start + now_; }};
  }

  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept { return now_; }

private:
  std::chrono::nanoseconds now_{0};
  std::deque<std::function<void()>> ready_;
  std::multimap<std::chrono::nanoseconds, std::function<void()>> later_;
};

class ManualHttp final : public adapters::transport::HttpClient {
public:
  struct Exchange {
    adapters::transport::HttpRequest request;
    adapters::transport::HttpCallback done;
    std::chrono::nanoseconds at{0};
  };

  explicit ManualHttp(ManualStrand& strand) : strand_{strand} {}

  void send(adapters::transport::HttpRequest request,
            adapters::transport::HttpCallback done) override {
    ++sent;
    exchanges.push_back({std::move(request), std::move(done), strand_.elapsed()});
  }

  /// Answers the oldest open request.
  void answer(int status, std::string body, adapters::transport::HeaderList headers = {}) {
    adapters::transport::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    response.body.reserve(response.body.size() + 64);
    response.received_at = strand_.clocks().mono();
    response.sent_at = response.received_at - std::chrono::milliseconds{30};
    finish(std::move(response));
  }

  void fail(core::Errc code) { finish(core::fail(code, "no answer")); }

  std::deque<Exchange> exchanges; ///< not answered yet
  int sent = 0;

private:
  void finish(core::Result<adapters::transport::HttpResponse> reply) {
    REQUIRE_FALSE(exchanges.empty());
    const auto done = std::move(exchanges.front().done);
    exchanges.pop_front();
    done(std::move(reply));
    strand_.settle();
  }

  ManualStrand& strand_;
};

/// One socket at a time, in the test's hand.
class ManualSockets final : public adapters::transport::WebSocketConnector {
public:
  std::unique_ptr<adapters::transport::WebSocket>
  open(adapters::transport::WebSocketOptions options,
       adapters::transport::WebSocketEvents told) override {
    urls.push_back(options.url);
    events = std::move(told);
    return std::make_unique<Socket>(*this);
  }

  /// The venue's word. @param at when it arrives.
  void hear(std::string text, core::MonoTime at) {
    text.reserve(text.size() + 64);
    events.on_text(text, at);
  }

  std::vector<std::string> urls, sent;
  int pings = 0;
  bool paused = false; ///< we do not read
  adapters::transport::WebSocketEvents events;

private:
  class Socket final : public adapters::transport::WebSocket,
                       public adapters::transport::HeldReading {
  public:
    explicit Socket(ManualSockets& owner) : owner_{owner} {}

    void send(std::string text) override { owner_.sent.push_back(std::move(text)); }

    void ping() override { ++owner_.pings; }

    void pause_reading(bool paused) override { owner_.paused = paused; }

    void close() override {}

  private:
    ManualSockets& owner_;
  };
};

} // namespace tandem::tests
