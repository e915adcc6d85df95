/// The interface as its I/O thread sees it: counts, limits and times every request, answers what
/// needs no other actor, and hands the rest to the actor. It knows nothing of mailboxes.
#pragma once

#include "actors/api/http_options.hpp"
#include "actors/api/http_state.hpp"
#include "adapters/traders/replies.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/venues/price_source.hpp"
#include "core/security/rate_limit.hpp"
#include "messages/context.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::actors {

using adapters::transport::Respond;
using adapters::transport::ServerRequest;
using adapters::transport::ServerResponse;

/// Requests of one client address per second. Thread safe.
class RequestLimiter {
public:
  [[nodiscard]] bool pass(const std::string& address, std::size_t limit, core::MonoTime now) {
    const std::lock_guard lock{mutex_};
    return rates_.pass(address, static_cast<std::uint32_t>(limit), now);
  }

private:
  std::mutex mutex_;
  core::security::RateLimit rates_;
};

/// Takes over a call that needs other actors. Thread safe.
using ToActor = std::function<void(HttpCall)>;

/// ?limit of a list.
inline constexpr std::size_t list_limit_default = 100;
inline constexpr std::size_t list_limit_max = 1'000;

class KeyedSockets; // http_guard.hpp

/// Shared with the callbacks on the I/O thread, which may outlast the actor by a turn.
struct HttpSurface : std::enable_shared_from_this<HttpSurface> {
  messages::ContextPtr context;
  messages::CellPtr cell;
  HttpOptions options;
  std::shared_ptr<adapters::venues::PriceSource> prices;
  RequestLimiter limiter;
  RequestLimiter error_lines;                 ///< of the log
  std::atomic<std::uint64_t> errors_quiet{0}; ///< that were not logged since the last that was
  messages::HandlingHistogram response_time;
  std::atomic<std::uint64_t> requests{0}, errors{0};
  std::atomic<std::uint64_t> clients{0}; ///< numbers them over all listeners
  core::MonoTime started_at{};
  std::string run; ///< tells the request ids of this start from those of others
  std::atomic<std::uint64_t> request_ids{1};
  std::vector<std::unique_ptr<adapters::transport::HttpServer>> servers;
  std::shared_ptr<KeyedSockets> keyed_sockets;
  std::once_flag openapi_made;
  std::string openapi;      ///< the document; the same for every request of a run
  std::mutex servers_mutex; ///< counters are read from the I/O thread

  // ---- answers ----

  void answer(const Respond& respond, ServerResponse response) {
    if (response.status >= 400)
      errors.fetch_add(1, std::memory_order_relaxed);
    respond(std::move(response));
  }

  void ok(const Respond& respond, std::string_view data) {
    ServerResponse response;
    response.body = adapters::traders::success(data, context->mode);
    answer(respond, std::move(response));
  }

  [[nodiscard]] ServerResponse refusal(const core::Error& error) const {
    ServerResponse response;
    response.status = core::http_status(core::public_code(error.code));
    response.body = adapters::traders::failure(error, context->mode);
    if (response.status == 429)
      response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  void fail(const Respond& respond, const core::Error& error) { answer(respond, refusal(error)); }

  // ---- the I/O thread ----

  void on_request(const config::ListenerConfig& listener, const ToActor& to_actor,
                  ServerRequest request, Respond respond);
  /// One way for every call, whichever interface it came by: roles, what this engine can do, and
  /// then the handler, here or in the actor.
  void dispatch(const ToActor& to_actor, HttpCall call);
  [[nodiscard]] std::optional<ServerResponse> page(const config::ListenerConfig& listener,
                                                   const ServerRequest& request);
  [[nodiscard]] ServerResponse metrics();
  [[nodiscard]] std::optional<ServerResponse> upgrade(const config::ListenerConfig& listener,
                                                      const ServerRequest& request);
  [[nodiscard]] adapters::transport::ServerEvents events(const config::ListenerConfig& listener,
                                                         ToActor to_actor);
};

/// A whole number of the query, 1 to max. Error: validation_error naming it.
[[nodiscard]] core::Result<std::size_t> number_query(const ServerRequest& request,
                                                     std::string_view name, std::size_t fallback,
                                                     std::size_t max);

} // namespace tandem::actors
