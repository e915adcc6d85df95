#include "adapters/sinks/capture/taps.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace tandem::adapters::sinks::capture {
namespace {

constexpr int status_ok = 200;
constexpr std::string_view book_path = "/depth?";

std::int64_t nanoseconds(auto duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

/// Wall time of a moment of the monotonic clock: a wall clock that is set back does not put later
/// frames before earlier ones.
class Stamp {
public:
  explicit Stamp(const core::Clocks& clocks)
      : wall_less_mono_{nanoseconds(clocks.wall().time_since_epoch())
                        - nanoseconds(clocks.mono().time_since_epoch())} {}

  [[nodiscard]] std::int64_t operator()(core::MonoTime at) const {
    return nanoseconds(at.time_since_epoch()) + wall_less_mono_;
  }

private:
  std::int64_t wall_less_mono_;
};

class Connector final : public transport::WebSocketConnector {
public:
  Connector(transport::WebSocketConnector& real, std::shared_ptr<const Tap> tap)
      : real_{real}, tap_{std::move(tap)}, stamp_{tap_->clocks} {}

  std::unique_ptr<transport::WebSocket> open(transport::WebSocketOptions options,
                                             transport::WebSocketEvents events) override {
    for (const auto& place : tap_->places)
      if (options.url.starts_with(place.websocket)
          && options.url.find(place.public_path) != std::string::npos) {
        events.on_text
            = [tap = tap_, market = place.market, stamp = stamp_,
               next = std::move(events.on_text)](std::string_view text, core::MonoTime received) {
                for (const auto& recorder : tap->recorders)
                  recorder->take(market, stamp(received), text);
                if (next)
                  next(text, received);
              };
        break;
      }
    return real_.open(std::move(options), std::move(events));
  }

private:
  transport::WebSocketConnector& real_;
  std::shared_ptr<const Tap> tap_;
  Stamp stamp_;
};

class Http final : public transport::HttpClient {
public:
  Http(transport::HttpClient& real, std::shared_ptr<const Tap> tap)
      : real_{real}, tap_{std::move(tap)}, stamp_{tap_->clocks} {}

  void send(transport::HttpRequest request, transport::HttpCallback done) override {
    for (const auto& place : tap_->places)
      if (request.url.starts_with(place.rest) && request.url.find(book_path) != std::string::npos) {
        done = [tap = tap_, market = place.market, stamp = stamp_, url = request.url,
                next = std::move(done)](core::Result<transport::HttpResponse> reply) {
          if (reply && reply->status == status_ok)
            for (const auto& recorder : tap->recorders)
              recorder->take_answer(market, url, stamp(reply->received_at), reply->body);
          next(std::move(reply));
        };
        break;
      }
    real_.send(std::move(request), std::move(done));
  }

private:
  transport::HttpClient& real_;
  std::shared_ptr<const Tap> tap_;
  Stamp stamp_;
};

} // namespace

std::unique_ptr<transport::WebSocketConnector> tapped(transport::WebSocketConnector& real,
                                                      std::shared_ptr<const Tap> tap) {
  return std::make_unique<Connector>(real, std::move(tap));
}

std::unique_ptr<transport::HttpClient> tapped(transport::HttpClient& real,
                                              std::shared_ptr<const Tap> tap) {
  return std::make_unique<Http>(real, std::move(tap));
}

} // namespace tandem::adapters::sinks::capture
