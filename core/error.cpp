#include "core/error.hpp"

namespace tandem::core {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
  case Errc::validation_error:
    return "VALIDATION_ERROR";
  case Errc::unauthenticated:
    return "UNAUTHENTICATED";
  case Errc::forbidden:
    return "FORBIDDEN";
  case Errc::not_found:
    return "NOT_FOUND";
  case Errc::conflict:
    return "CONFLICT";
  case Errc::risk_rejected:
    return "RISK_REJECTED";
  case Errc::insufficient_funds:
    return "INSUFFICIENT_FUNDS";
  case Errc::rate_limited:
    return "RATE_LIMITED";
  case Errc::upstream_error:
    return "UPSTREAM_ERROR";
  case Errc::exchange_unavailable:
    return "EXCHANGE_UNAVAILABLE";
  case Errc::internal:
    return "INTERNAL";
  case Errc::malformed:
    return "malformed";
  case Errc::out_of_range:
    return "out_of_range";
  case Errc::scale_too_coarse:
    return "scale_too_coarse";
  case Errc::book_gap:
    return "book_gap";
  case Errc::book_crossed:
    return "book_crossed";
  case Errc::timed_out:
    return "timed_out";
  case Errc::connection_lost:
    return "connection_lost";
  case Errc::configuration:
    return "configuration";
  }
  return "INTERNAL"; // a value no enumerator has: only a cast makes one
}

Errc public_code(Errc code) noexcept {
  switch (code) {
  case Errc::malformed:
  case Errc::out_of_range:
  case Errc::scale_too_coarse:
  case Errc::book_gap:
  case Errc::book_crossed:
    return Errc::upstream_error;
  case Errc::timed_out:
  case Errc::connection_lost:
    return Errc::exchange_unavailable;
  case Errc::configuration:
    return Errc::internal;
  case Errc::validation_error:
  case Errc::unauthenticated:
  case Errc::forbidden:
  case Errc::not_found:
  case Errc::conflict:
  case Errc::risk_rejected:
  case Errc::insufficient_funds:
  case Errc::rate_limited:
  case Errc::upstream_error:
  case Errc::exchange_unavailable:
  case Errc::internal:
    return code;
  }
  return Errc::internal;
}

int http_status(Errc code) noexcept {
  switch (public_code(code)) {
  case Errc::validation_error:
    return 400;
  case Errc::unauthenticated:
    return 401;
  case Errc::forbidden:
    return 403;
  case Errc::not_found:
    return 404;
  case Errc::conflict:
    return 409;
  case Errc::risk_rejected:
  case Errc::insufficient_funds:
    return 422;
  case Errc::rate_limited:
    return 429;
  case Errc::upstream_error:
    return 502;
  case Errc::exchange_unavailable:
    return 503;
  case Errc::internal:
  case Errc::malformed: // public_code returns none of the following
  case Errc::out_of_range:
  case Errc::scale_too_coarse:
  case Errc::book_gap:
  case Errc::book_crossed:
  case Errc::timed_out:
  case Errc::connection_lost:
  case Errc::configuration:
    return 500;
  }
  return 500;
}

std::string describe(const Error& error) {
  const std::string code{to_string(error.code)};
  std::string text = error.source;
  if (!error.detail.empty())
    text += (text.empty() ? "" : ": ") + error.detail;
  return text.empty() ? code : text + " (" + code + ")";
}

bool is_retryable(const Error& error) noexcept {
  return error.code == Errc::rate_limited || public_code(error.code) == Errc::exchange_unavailable;
}

bool needs_resync(const Error& error) noexcept {
  return error.code == Errc::malformed || error.code == Errc::out_of_range
         || error.code == Errc::book_gap || error.code == Errc::book_crossed;
}

bool is_fatal(const Error& error) noexcept {
  return error.code == Errc::unauthenticated || error.code == Errc::forbidden
         || public_code(error.code) == Errc::internal;
}

} // namespace tandem::core
