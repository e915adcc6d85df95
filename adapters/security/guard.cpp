#include "adapters/security/guard.hpp"

#include "adapters/security/sha256.hpp"

#include <utility>

namespace tandem::adapters::security {
namespace {

using core::Errc;
using core::security::AuditPhase;
using core::security::AuditRecord;
using core::security::Caller;

/// The token of "Bearer <token>", in any case of the first word; nothing for another scheme.
std::optional<std::string_view> bearer(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() < scheme.size())
    return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i])
      return std::nullopt;
  }
  return header.substr(scheme.size());
}

} // namespace

std::string key_id_of(const Presented& presented) {
  const auto text = presented.authorization.empty() ? std::optional{presented.api_key}
                                                    : bearer(presented.authorization);
  const auto token = text ? core::security::parse_token(*text) : std::nullopt;
  return token ? std::string{token->id} : std::string{};
}

Guard::Guard(core::Clocks clocks, std::unique_ptr<AuditWriter> audit)
    : clocks_{std::move(clocks)}, audit_{std::move(audit)} {}

void Guard::set_keys(core::security::ApiKeys keys) {
  const std::lock_guard lock{mutex_};
  keys_ = std::move(keys);
}

tl::expected<Caller, Refusal> Guard::admit(const Presented& presented, std::uint32_t per_second) {
  const std::lock_guard lock{mutex_};
  if (const auto left = lock_out_.locked(presented.address, clocks_.mono())) {
    ++counters_.locked_out;
    return tl::unexpected{
        Refusal{{Errc::rate_limited, "too many wrong API keys from this address", {}}, *left}};
  }
  if (presented.authorization.empty() && presented.api_key.empty()) {
    ++counters_.keyless;
    return tl::unexpected{Refusal{{Errc::unauthenticated,
                                   "an API key is needed: Authorization: Bearer tk_..., or "
                                   "X-Api-Key",
                                   {}}}};
  }
  if (presented.authorization.empty())
    return admit_token(presented.api_key, presented, per_second);
  const auto token = bearer(presented.authorization);
  if (!token || (!presented.api_key.empty() && presented.api_key != *token))
    return tl::unexpected{
        refuse({Errc::unauthenticated, "the API key is not valid", {}}, presented)};
  return admit_token(*token, presented, per_second);
}

tl::expected<Caller, Refusal> Guard::admit_token(std::string_view token, const Presented& presented,
                                                 std::uint32_t per_second) {
  const auto key = keys_.verify(token, clocks_.wall(), sha256);
  if (!key)
    return tl::unexpected{refuse(key.error(), presented)};
  if (!rates_.pass(presented.urgent ? core::security::urgent_name(key->id) : key->id, per_second,
                   clocks_.mono())) {
    ++counters_.too_often;
    return tl::unexpected{
        Refusal{{Errc::rate_limited,
                 "more than " + std::to_string(per_second) + " requests of this key in a second",
                 {}},
                std::chrono::seconds{1}}};
  }
  ++counters_.admitted;
  return Caller{key->name, key->roles, std::string{presented.address}, {}, key->id};
}

/// An expired or revoked key was right once: its owner's program must not lock out his neighbours.
Refusal Guard::refuse(const core::Error& error, const Presented& presented) {
  ++counters_.wrong;
  AuditRecord entry{.phase = AuditPhase::refused,
                    .who = "unknown",
                    .key_id = error.source,
                    .from = std::string{presented.peer},
                    .what = "authenticate",
                    .target = std::string{presented.target},
                    .status = core::http_status(error.code),
                    .code = std::string{core::to_string(error.code)}};
  record(entry);
  if (error.source.empty() && lock_out_.failed(presented.address, clocks_.mono())) {
    entry.what = "lock_out";
    entry.status = core::http_status(Errc::rate_limited);
    entry.code = core::to_string(Errc::rate_limited);
    record(std::move(entry));
  }
  return {{error.code, error.detail, {}}};
}

bool Guard::holds(std::string_view key_id) const {
  const auto now = clocks_.wall();
  const std::lock_guard lock{mutex_};
  const auto found = keys_.all().find(key_id);
  return found != keys_.all().end() && !found->second.revoked
         && (!found->second.expires || now < *found->second.expires);
}

core::Result<std::optional<core::security::Answer>>
Guard::begin(const std::string& caller, const std::string& key,
             const core::security::Digest& request) {
  const std::lock_guard lock{mutex_};
  return done_.begin(caller, key, request, clocks_.mono());
}

void Guard::finish(const std::string& caller, const std::string& key,
                   core::security::Answer answer) {
  const std::lock_guard lock{mutex_};
  done_.finish(caller, key, std::move(answer));
}

void Guard::lose(const std::string& caller, const std::string& key) {
  const std::lock_guard lock{mutex_};
  done_.lose(caller, key);
}

void Guard::abandon(const std::string& caller, const std::string& key) {
  const std::lock_guard lock{mutex_};
  done_.abandon(caller, key);
}

void Guard::remember(const AuditRecord& record) {
  if (record.phase != AuditPhase::asked || record.idempotency_key.empty() || !record.request)
    return;
  const std::lock_guard lock{mutex_};
  done_.remember(record.who, record.idempotency_key, *record.request, clocks_.mono());
}

void Guard::record(AuditRecord record, std::function<void()> done) {
  record.at = clocks_.wall();
  if (audit_)
    audit_->write(std::move(record), std::move(done));
  else if (done)
    done();
}

GuardCounters Guard::counters() const {
  const std::lock_guard lock{mutex_};
  return counters_;
}

AuditCounters Guard::audit_counters() const {
  return audit_ ? audit_->counters() : AuditCounters{};
}

} // namespace tandem::adapters::security
