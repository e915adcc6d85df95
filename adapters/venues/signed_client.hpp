/// One account's signed REST calls on one market: signs at the moment of sending, keeps the venue's
/// budget with a share for cancels, and never repeats what may have acted. What a reply means is
/// its caller's business.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/venues/trading.hpp"
#include "core/market/rate_budget.hpp"
#include "core/supervision/backoff.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace tandem::adapters::venues {

struct SignedOptions {
  std::string base_url; ///< http(s)://host[:port][/path], without a trailing slash
  std::string proxy;
  transport::TlsOptions tls;
  std::chrono::milliseconds timeout{5'000};
  /// How late a request that was held up may still act at the venue; small on purpose.
  std::chrono::milliseconds recv_window{2'000};
  std::uint32_t query_tries_max = 3;
  std::size_t waiting_max = 500; ///< queries that wait for the budget; beyond: refused unsent
};

/// order: at once or not at all, never twice. cancel: the same, from the reserve. query: waits for
/// the budget and is repeated, since it changes nothing.
enum class CallKind : std::uint8_t { order, cancel, query };

/// A reply of any status, or why there is none.
struct SignedReply {
  bool sent = false; ///< false: no byte left the house, which is evidence
  core::Result<transport::HttpResponse> response;
};

/// Read by anyone at any time.
struct SignedCounters {
  std::atomic<std::uint64_t> requests{0}, failures{0}, throttled{0};
  std::atomic<std::int64_t> last_round_trip_us{0};
};

/// Thread safe; callbacks run on the strand, exactly once unless the client is gone first.
class SignedClient : public std::enable_shared_from_this<SignedClient> {
public:
  using Make = std::function<core::Result<SignedRequest>(const Credentials&, const Stamp&)>;
  using Callback = std::function<void(SignedReply)>;

  /// @param budget as RestClient's.
  SignedClient(const Market& market, SignedOptions options, Credentials keys,
               transport::HttpClient& http, transport::Strand& strand, core::Clocks clocks,
               std::function<std::uint64_t()> random,
               std::function<std::chrono::milliseconds()> clock_offset,
               std::shared_ptr<core::market::RateBudget> budget = nullptr);

  void call(CallKind kind, Make make, Callback done);

  /// By the venue's clock, now.
  [[nodiscard]] Stamp stamp() const;

  [[nodiscard]] const Credentials& keys() const noexcept { return keys_; }

  [[nodiscard]] const SignedCounters& counters() const noexcept { return counters_; }

private:
  struct Call {
    CallKind kind = CallKind::query;
    Make make;
    Callback done;
    core::supervision::Backoff backoff;
  };

  void begin(Call call);
  [[nodiscard]] bool room_for(CallKind kind, int weight);
  void send(Call call, SignedRequest request);
  void on_reply(Call call, core::Result<transport::HttpResponse> reply);
  void wait(Call call, std::chrono::nanoseconds delay);
  void refuse(Call call, core::Error why);

  const Market& market_;
  const SignedOptions options_;
  const Credentials keys_;
  transport::HttpClient& http_;
  transport::Strand& strand_;
  core::Clocks clocks_;
  std::function<std::uint64_t()> random_;
  std::shared_ptr<core::market::RateBudget> budget_;
  std::size_t waiting_ = 0;
  std::function<std::chrono::milliseconds()> clock_offset_; ///< venue time minus ours
  SignedCounters counters_;
};

} // namespace tandem::adapters::venues
