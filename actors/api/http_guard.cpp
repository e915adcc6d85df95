#include "actors/api/http_guard.hpp"

#include "adapters/security/guard.hpp"
#include "adapters/security/sha256.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::security::Guard;
using adapters::transport::header;
using core::Errc;
using core::security::Answer;
using core::security::AuditPhase;
using core::security::AuditRecord;
using core::security::Caller;

constexpr std::size_t request_id_size_max = 64;
constexpr std::size_t target_size_max = 256;

/// Without the query: secrets do not belong there, and if somebody puts one there, it is not kept.
std::string target_of(const ServerRequest& request) {
  return request.method + " " + request.path.substr(0, target_size_max);
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= request_id_size_max
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                     || c == '-' || c == '_' || c == '.' || c == ':';
            });
}

AuditRecord record_of(const HttpCall& call, AuditPhase phase) {
  return {.at = {},
          .phase = phase,
          .who = call.caller.name,
          .key_id = call.caller.key_id,
          .from = call.request.peer,
          .what = std::string{call.route.operation->name},
          .target = target_of(call.request),
          .status = 0,
          .code = {},
          .request_id = call.caller.request_id,
          .idempotency_key = {},
          .request = {}};
}

/// One command on its way. Its end without an answer is recorded too.
class Command {
public:
  Command(std::shared_ptr<Guard> guard, AuditRecord asked, Respond respond)
      : guard_{std::move(guard)}, record_{std::move(asked)}, respond_{std::move(respond)} {}

  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  ~Command() {
    if (answered_.exchange(true))
      return;
    if (!record_.idempotency_key.empty())
      guard_->lose(record_.who, record_.idempotency_key);
    record_.phase = AuditPhase::answered;
    record_.code = "NO_ANSWER";
    guard_->record(std::move(record_));
  }

  void answer(ServerResponse response) {
    if (answered_.exchange(true))
      return;
    if (!record_.idempotency_key.empty()) {
      // Nothing was done: what is too much now may be asked again under the same key.
      if (response.status == 429)
        guard_->abandon(record_.who, record_.idempotency_key);
      else
        guard_->finish(record_.who, record_.idempotency_key, {response.status, response.body});
    }
    auto record = record_;
    record.phase = AuditPhase::answered;
    record.status = response.status;
    guard_->record(std::move(record),
                   [respond = respond_, response = std::move(response)] { respond(response); });
  }

private:
  std::shared_ptr<Guard> guard_;
  AuditRecord record_;
  Respond respond_;
  std::atomic<bool> answered_{false};
};

/// False: it was done before or may not be done; answered.
bool begin_once(HttpSurface& impl, HttpCall& call, AuditRecord& asked) {
  const std::string key{header(call.request, "idempotency-key")};
  if (key.empty())
    return true;
  const auto refuse = [&](const core::Error& error) {
    auto record = asked;
    record.phase = AuditPhase::refused;
    record.status = core::http_status(error.code);
    record.code = core::to_string(error.code);
    impl.options.guard->record(std::move(record));
    impl.fail(call.respond, error);
    return false;
  };
  if (!core::security::is_idempotency_key(key))
    return refuse(
        {Errc::validation_error, "must be 1 to 128 visible ASCII characters", "Idempotency-Key"});
  const auto& request = call.request;
  asked.idempotency_key = key;
  asked.request = adapters::security::sha256(request.method + " " + request.path + "?"
                                             + request.query + "\n" + request.body);
  const auto before = impl.options.guard->begin(call.caller.name, key, *asked.request);
  if (!before)
    return refuse(before.error());
  if (!*before)
    return true;
  auto record = asked;
  record.phase = AuditPhase::answered;
  record.status = (*before)->status;
  record.code = "REPLAYED";
  impl.options.guard->record(std::move(record));
  ServerResponse again;
  again.status = (*before)->status;
  again.body = (*before)->body;
  again.headers.emplace_back("Idempotency-Replayed", "true");
  impl.answer(call.respond, std::move(again));
  return false;
}

} // namespace

std::string request_id_of(const ServerRequest& request, HttpSurface& impl) {
  const auto given = header(request, "x-request-id");
  if (is_request_id(given))
    return std::string{given};
  return impl.run + "-" + std::to_string(impl.request_ids.fetch_add(1, std::memory_order_relaxed));
}

std::string host_of(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

bool is_open(const ServerRequest& request) {
  constexpr std::array<std::string_view, 5> open{"/", "/docs", "/openapi.json", "/health/live",
                                                 "/health/ready"};
  return (request.method == "GET" || request.method == "HEAD")
         && std::find(open.begin(), open.end(), request.path) != open.end();
}

tl::expected<Caller, ServerResponse> caller_of(HttpSurface& impl,
                                               const config::ListenerConfig& listener,
                                               const ServerRequest& request, bool urgent) {
  const auto address = host_of(request.peer);
  if (listener.auth == config::Auth::none || is_open(request))
    return Caller{listener.surface == config::Surface::console ? "console" : "api",
                  core::security::RoleSet::all(),
                  address,
                  {},
                  {}};
  if (!impl.options.guard) // never open because something is missing
    return tl::unexpected{impl.refusal({Errc::unauthenticated, "there are no keys here", {}})};
  const auto target = target_of(request);
  auto caller = impl.options.guard->admit({.authorization = header(request, "authorization"),
                                           .api_key = header(request, "x-api-key"),
                                           .address = address,
                                           .peer = request.peer,
                                           .target = target,
                                           .urgent = urgent},
                                          static_cast<std::uint32_t>(listener.requests_per_second));
  if (caller)
    return *std::move(caller);
  auto refused = impl.refusal(caller.error().error);
  if (refused.status == 401)
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (const auto wait = caller.error().retry_after; wait.count() > 1) {
    std::erase_if(refused.headers, [](const auto& each) { return each.first == "Retry-After"; });
    refused.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  }
  return tl::unexpected{std::move(refused)};
}

void record_forbidden(HttpSurface& impl, const HttpCall& call) {
  if (!impl.options.guard)
    return;
  auto record = record_of(call, AuditPhase::refused);
  record.status = core::http_status(Errc::forbidden);
  record.code = core::to_string(Errc::forbidden);
  impl.options.guard->record(std::move(record));
}

bool admit_command(HttpSurface& impl, HttpCall& call) {
  if (!impl.options.guard || call.route.operation->effect != adapters::traders::Effect::commands)
    return true;
  auto asked = record_of(call, AuditPhase::asked);
  if (!begin_once(impl, call, asked))
    return false;
  impl.options.guard->record(asked);
  const auto command
      = std::make_shared<Command>(impl.options.guard, std::move(asked), std::move(call.respond));
  call.respond = [command](ServerResponse response) { command->answer(std::move(response)); };
  return true;
}

void KeyedSockets::opened(const adapters::transport::ServerSocketPtr& socket,
                          const ServerRequest& request) {
  auto id = adapters::security::key_id_of({.authorization = header(request, "authorization"),
                                           .api_key = header(request, "x-api-key"),
                                           .address = {},
                                           .peer = {},
                                           .target = {}});
  const std::lock_guard lock{mutex_};
  held_.insert_or_assign(socket.get(), Held{socket, std::move(id)});
}

void KeyedSockets::closed(const adapters::transport::ServerSocketPtr& socket) {
  const std::lock_guard lock{mutex_};
  held_.erase(socket.get());
}

void KeyedSockets::look(const Guard& guard) {
  std::vector<adapters::transport::ServerSocketPtr> over;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [socket, held] : held_)
      if (!guard.holds(held.key_id))
        if (auto open = held.socket.lock())
          over.push_back(std::move(open));
  }
  for (const auto& socket : over)
    socket->close(1008, "the API key is no longer valid");
}

void add_security_headers(const config::ListenerConfig& listener, ServerResponse& response) {
  auto& headers = response.headers;
  const auto add = [&](const char* name, const char* value) {
    if (std::none_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == name; }))
      headers.emplace_back(name, value);
  };
  const bool page = response.content_type.starts_with("text/html");
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cache-Control", "no-store");
  // The pages are one file each, with their style and script in it.
  add("Content-Security-Policy",
      page ? "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' "
             "'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; "
             "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
           : "default-src 'none'; frame-ancestors 'none'");
  if (listener.tls)
    add("Strict-Transport-Security", "max-age=31536000");
}

} // namespace tandem::actors
