/// One market's REST calls: keeps the venue's budget, waits when it is spent, tries again what may
/// be tried again. GET only; orders have their own way.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/rate_budget.hpp"
#include "core/supervision/backoff.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace tandem::adapters::venues {

struct RestOptions {
  std::string base_url; ///< http(s)://host[:port][/path], without a trailing slash
  std::string proxy;
  transport::TlsOptions tls;
  std::chrono::milliseconds timeout{5'000};
  std::uint32_t tries_max = 3;    ///< 429, 5xx and time-outs are tried again with growing delay
  std::size_t queued_max = 2'000; ///< beyond: rate_limited at once
};

/// Read by anyone at any time.
struct RestCounters {
  std::atomic<std::uint64_t> requests{0}, failures{0}, retries{0}, throttled{0};
  std::atomic<std::int64_t> used_weight{0}, weight_limit{0};
  std::atomic<std::int64_t> last_latency_us{0};
  std::atomic<bool> banned{false};
};

using RestCallback = std::function<void(core::Result<transport::HttpResponse>)>;

/// Thread safe; callbacks run on the strand. Results are 2xx replies; everything else is an Error
/// by the venue's table.
class RestClient : public std::enable_shared_from_this<RestClient> {
public:
  /// @param budget shared by all who ask the same host from the same strand; null: one of its own.
  RestClient(const Market& market, RestOptions options, transport::HttpClient& http,
             transport::Strand& strand, core::Clocks clocks, std::function<std::uint64_t()> random,
             std::shared_ptr<core::market::RateBudget> budget = nullptr);

  /// @param urgent a book waits for it: may go further into the budget.
  void get(RestRequest request, bool urgent, RestCallback done);

  [[nodiscard]] const RestCounters& counters() const noexcept { return counters_; }

  [[nodiscard]] const std::shared_ptr<core::market::RateBudget>& budget() const noexcept {
    return budget_;
  }

  /// The venue declared its limit (exchangeInfo).
  void set_limit(int weight_per_minute);

private:
  struct Call {
    RestRequest request;
    bool urgent = false;
    core::supervision::Backoff backoff;
    RestCallback done;
  };

  void wait(Call call);
  void pump();
  void send(Call call);
  void on_reply(Call call, core::Result<transport::HttpResponse> reply);
  void retry_or_fail(Call call, core::Error error, bool retryable);
  void note_budget();

  const Market& market_;
  RestOptions options_;
  transport::HttpClient& http_;
  transport::Strand& strand_;
  core::Clocks clocks_;
  std::function<std::uint64_t()> random_;
  std::shared_ptr<core::market::RateBudget> budget_;
  std::deque<Call> waiting_;
  bool pump_scheduled_ = false;
  RestCounters counters_;
};

} // namespace tandem::adapters::venues
