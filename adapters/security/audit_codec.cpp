#include "adapters/security/audit_codec.hpp"

#include "adapters/transport/json.hpp"

#include <charconv>
#include <chrono>

namespace tandem::adapters::security {
namespace {

using core::security::AuditRecord;
using transport::Json;

std::string text_of(const Json& json, std::string_view key) {
  const auto* member = json.find(key);
  const auto* text = member == nullptr ? nullptr : member->string();
  return text == nullptr ? std::string{} : *text;
}

std::optional<std::int64_t> number_of(const Json& json, std::string_view key) {
  const auto* member = json.find(key);
  const auto* number = member == nullptr ? nullptr : member->number();
  std::int64_t value = 0;
  if (number == nullptr)
    return std::nullopt;
  const auto* const end = number->text.data() + number->text.size();
  const auto [stop, problem] = std::from_chars(number->text.data(), end, value);
  if (problem != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

} // namespace

std::string write_audit(const AuditRecord& record) {
  transport::JsonWriter out;
  out.begin_object()
      .field("ts", core::to_millis(record.at))
      .field("phase", core::security::to_string(record.phase))
      .field("who", record.who);
  const auto put = [&](std::string_view name, const std::string& text) {
    if (!text.empty())
      out.field(name, text);
  };
  put("key", record.key_id);
  put("from", record.from);
  put("what", record.what);
  put("target", record.target);
  if (record.status != 0)
    out.field("status", static_cast<std::int64_t>(record.status));
  put("code", record.code);
  put("requestId", record.request_id);
  put("idempotencyKey", record.idempotency_key);
  if (record.request)
    out.field("request", core::security::to_hex(*record.request));
  out.end_object();
  return out.take();
}

core::Result<AuditRecord> read_audit(std::string_view text) {
  const auto wrong = core::fail(core::Errc::malformed, "this is no audit record");
  const auto json = transport::parse_json(text);
  if (!json)
    return wrong;
  const auto at = number_of(*json, "ts");
  const auto phase = core::security::parse_audit_phase(text_of(*json, "phase"));
  const bool has_status = json->find("status") != nullptr;
  const auto status = number_of(*json, "status");
  const auto request = text_of(*json, "request");
  const auto digest = core::security::parse_digest(request);
  if (!at || !phase || (has_status && (!status || *status < 0 || *status > 999))
      || (!request.empty() && !digest))
    return wrong;
  return AuditRecord{.at = core::WallTime{std::chrono::milliseconds{*at}},
                     .phase = *phase,
                     .who = text_of(*json, "who"),
                     .key_id = text_of(*json, "key"),
                     .from = text_of(*json, "from"),
                     .what = text_of(*json, "what"),
                     .target = text_of(*json, "target"),
                     .status = static_cast<int>(status.value_or(0)),
                     .code = text_of(*json, "code"),
                     .request_id = text_of(*json, "requestId"),
                     .idempotency_key = text_of(*json, "idempotencyKey"),
                     .request = digest};
}

} // namespace tandem::adapters::security
