#include "adapters/venues/signed_client.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::market::RateUse;
using core::market::RateVerdict;

constexpr core::supervision::BackoffLimits retry_limits{.first = std::chrono::milliseconds{250},
                                                        .cap = std::chrono::milliseconds{5'000}};
constexpr std::chrono::milliseconds budget_wait_min{20};

RateUse use_of(CallKind kind) noexcept {
  switch (kind) {
  case CallKind::order:
    return RateUse::ordinary;
  case CallKind::cancel:
    return RateUse::cancel;
  case CallKind::query:
    break;
  }
  return RateUse::query;
}

} // namespace

SignedClient::SignedClient(const Market& market, SignedOptions options, Credentials keys,
                           transport::HttpClient& http, transport::Strand& strand,
                           core::Clocks clocks, std::function<std::uint64_t()> random,
                           std::function<std::chrono::milliseconds()> clock_offset,
                           std::shared_ptr<core::market::RateBudget> budget)
    : market_{market}, options_{std::move(options)}, keys_{std::move(keys)}, http_{http},
      strand_{strand}, clocks_{std::move(clocks)}, random_{std::move(random)},
      budget_{budget ? std::move(budget)
                     : std::make_shared<core::market::RateBudget>(market.traits().requests)},
      clock_offset_{std::move(clock_offset)} {}

Stamp SignedClient::stamp() const {
  return {.at = core::to_millis(clocks_.wall() + clock_offset_()),
          .recv_window = options_.recv_window};
}

void SignedClient::call(CallKind kind, Make make, Callback done) {
  strand_.post([self = shared_from_this(), kind, make = std::move(make),
                done = std::move(done)]() mutable {
    self->begin({kind, std::move(make), std::move(done), core::supervision::Backoff{retry_limits}});
  });
}

bool SignedClient::room_for(CallKind kind, int weight) {
  return budget_->take(weight, use_of(kind), clocks_.wall()) == RateVerdict::go;
}

void SignedClient::begin(Call call) {
  // Signed as late as possible: what waited for the budget gets a fresh stamp.
  auto request = call.make(keys_, stamp());
  if (!request) {
    refuse(std::move(call), std::move(request).error());
    return;
  }
  if (room_for(call.kind, request->weight)) {
    send(std::move(call), *std::move(request));
    return;
  }
  ++counters_.throttled;
  if (call.kind != CallKind::query || waiting_ >= options_.waiting_max) {
    refuse(std::move(call), {core::Errc::rate_limited, "the venue's request budget is spent",
                             core::to_string(market_.key())});
    return;
  }
  const auto now = clocks_.wall();
  wait(std::move(call),
       std::max<std::chrono::nanoseconds>(budget_->retry_at(now) - now, budget_wait_min));
}

void SignedClient::wait(Call call, std::chrono::nanoseconds delay) {
  ++waiting_;
  auto shared = std::make_shared<Call>(std::move(call));
  strand_.post_after(delay, [weak = weak_from_this(), shared] {
    if (const auto self = weak.lock()) {
      --self->waiting_;
      self->begin(std::move(*shared));
    }
  });
}

void SignedClient::refuse(Call call, core::Error why) {
  ++counters_.failures;
  if (why.source.empty())
    why.source = core::to_string(market_.key());
  call.done({false, tl::unexpected{std::move(why)}});
}

void SignedClient::send(Call call, SignedRequest request) {
  ++counters_.requests;
  transport::HttpRequest wire;
  wire.method = std::move(request.method);
  wire.url = options_.base_url + request.target;
  wire.headers = std::move(request.headers);
  wire.body = std::move(request.body);
  wire.timeout = options_.timeout;
  wire.proxy = options_.proxy;
  wire.tls = options_.tls;
  auto shared = std::make_shared<Call>(std::move(call));
  http_.send(std::move(wire),
             [weak = weak_from_this(), shared](core::Result<transport::HttpResponse> reply) {
               if (const auto self = weak.lock())
                 self->on_reply(std::move(*shared), std::move(reply));
             });
}

void SignedClient::on_reply(Call call, core::Result<transport::HttpResponse> reply) {
  bool again = false;
  if (!reply) {
    again = core::is_retryable(reply.error()) || reply.error().code == core::Errc::timed_out
            || reply.error().code == core::Errc::connection_lost;
  } else {
    const auto now = clocks_.wall();
    counters_.last_round_trip_us
        = std::chrono::duration_cast<std::chrono::microseconds>(reply->received_at - reply->sent_at)
              .count();
    const auto reading = market_.rest().read_limits(reply->status, reply->headers, reply->body);
    heed(*budget_, reading, now - (clocks_.mono() - reply->sent_at), now);
    again = reply->status >= 500 || reply->status == 429;
  }
  if (again && call.kind == CallKind::query
      && call.backoff.failures() + 1 < options_.query_tries_max) {
    const auto delay = call.backoff.next(random_(), std::chrono::nanoseconds{0});
    wait(std::move(call), delay);
    return;
  }
  if (again)
    ++counters_.failures;
  call.done({true, std::move(reply)});
}

} // namespace tandem::adapters::venues
