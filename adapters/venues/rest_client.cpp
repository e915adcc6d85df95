#include "adapters/venues/rest_client.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::market::RateUse;
using core::market::RateVerdict;

constexpr core::supervision::BackoffLimits retry_limits{.first = std::chrono::milliseconds{250},
                                                        .cap = std::chrono::milliseconds{10'000}};

} // namespace

RestClient::RestClient(const Market& market, RestOptions options, transport::HttpClient& http,
                       transport::Strand& strand, core::Clocks clocks,
                       std::function<std::uint64_t()> random,
                       std::shared_ptr<core::market::RateBudget> budget)
    : market_{market}, options_{std::move(options)}, http_{http}, strand_{strand},
      clocks_{std::move(clocks)}, random_{std::move(random)},
      budget_{budget ? std::move(budget)
                     : std::make_shared<core::market::RateBudget>(market.traits().requests)} {
  counters_.weight_limit = budget_->limit();
}

void RestClient::get(RestRequest request, bool urgent, RestCallback done) {
  strand_.post([self = shared_from_this(), request = std::move(request), urgent,
                done = std::move(done)]() mutable {
    if (self->waiting_.size() >= self->options_.queued_max) {
      ++self->counters_.throttled;
      done(core::fail(core::Errc::rate_limited,
                      "too many requests are waiting for the venue's budget",
                      core::to_string(self->market_.key())));
      return;
    }
    self->wait(
        {std::move(request), urgent, core::supervision::Backoff{retry_limits}, std::move(done)});
  });
}

void RestClient::set_limit(int weight_per_minute) {
  strand_.post([self = shared_from_this(), weight_per_minute] {
    self->budget_->on_limit(weight_per_minute);
    self->note_budget();
  });
}

/// In order, urgent calls before the others.
void RestClient::wait(Call call) {
  const auto place = call.urgent ? std::find_if(waiting_.begin(), waiting_.end(),
                                                [](const Call& other) { return !other.urgent; })
                                 : waiting_.end();
  waiting_.insert(place, std::move(call));
  pump();
}

void RestClient::pump() {
  while (!waiting_.empty()) {
    const auto now = clocks_.wall();
    const auto verdict
        = budget_->take(waiting_.front().request.weight,
                        waiting_.front().urgent ? RateUse::query : RateUse::ordinary, now);
    counters_.banned = verdict == RateVerdict::banned;
    if (verdict == RateVerdict::go) {
      auto call = std::move(waiting_.front());
      waiting_.pop_front();
      note_budget();
      send(std::move(call));
      continue;
    }
    ++counters_.throttled;
    if (verdict == RateVerdict::banned) {
      auto call = std::move(waiting_.front());
      waiting_.pop_front();
      call.done(core::fail(core::Errc::rate_limited,
                           "the venue has banned this address for a while",
                           core::to_string(market_.key())));
      continue;
    }
    if (!std::exchange(pump_scheduled_, true)) {
      const auto wait = std::max<std::chrono::nanoseconds>(budget_->retry_at(now) - now,
                                                           std::chrono::milliseconds{10});
      strand_.post_after(wait, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->pump_scheduled_ = false;
          self->pump();
        }
      });
    }
    return;
  }
}

void RestClient::send(Call call) {
  ++counters_.requests;
  transport::HttpRequest request;
  request.url = options_.base_url + call.request.target;
  request.timeout = options_.timeout;
  request.proxy = options_.proxy;
  request.tls = options_.tls;
  auto shared = std::make_shared<Call>(std::move(call));
  http_.send(std::move(request),
             [weak = weak_from_this(), shared](core::Result<transport::HttpResponse> reply) {
               if (const auto self = weak.lock())
                 self->on_reply(std::move(*shared), std::move(reply));
             });
}

void RestClient::on_reply(Call call, core::Result<transport::HttpResponse> reply) {
  const auto now = clocks_.wall();
  if (!reply) {
    const bool again = core::is_retryable(reply.error());
    retry_or_fail(std::move(call), reply.error(), again);
    return;
  }
  counters_.last_latency_us
      = std::chrono::duration_cast<std::chrono::microseconds>(reply->received_at - reply->sent_at)
            .count();
  const auto reading = market_.rest().read_limits(reply->status, reply->headers, reply->body);
  heed(*budget_, reading, now - (clocks_.mono() - reply->sent_at), now);
  note_budget();
  if (reply->status >= 200 && reply->status < 300) {
    call.done(std::move(reply));
    return;
  }
  auto error = market_.rest().parse_error(reply->status, reply->body);
  // A query changes nothing at the venue, so that it may be sent again whatever a 5xx meant.
  const bool again = core::is_retryable(error) || reply->status >= 500;
  retry_or_fail(std::move(call), std::move(error), again);
}

void RestClient::retry_or_fail(Call call, core::Error error, bool retryable) {
  if (!retryable || call.backoff.failures() + 1 >= options_.tries_max) {
    ++counters_.failures;
    if (error.source.empty())
      error.source = core::to_string(market_.key());
    call.done(tl::unexpected{std::move(error)});
    return;
  }
  ++counters_.retries;
  const auto delay = call.backoff.next(random_(), std::chrono::nanoseconds{0});
  auto shared = std::make_shared<Call>(std::move(call));
  strand_.post_after(delay, [weak = weak_from_this(), shared] {
    if (const auto self = weak.lock()) {
      self->wait(std::move(*shared));
    }
  });
}

void RestClient::note_budget() {
  counters_.used_weight = budget_->used(clocks_.wall());
  counters_.weight_limit = budget_->limit();
}

} // namespace tandem::adapters::venues
