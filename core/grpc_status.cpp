#include "core/grpc_status.hpp"

namespace tandem::core {

// UNKNOWN 2, INVALID_ARGUMENT 3, NOT_FOUND 5, PERMISSION_DENIED 7, RESOURCE_EXHAUSTED 8,
// FAILED_PRECONDITION 9, ABORTED 10, INTERNAL 13, UNAVAILABLE 14, UNAUTHENTICATED 16. Clients may
// repeat what is UNAVAILABLE by themselves: what was refused after it had been understood is never
// that.
int grpc_status(Errc code) noexcept {
  switch (public_code(code)) {
  case Errc::validation_error:
    return 3;
  case Errc::unauthenticated:
    return 16;
  case Errc::forbidden:
    return 7;
  case Errc::not_found:
    return 5;
  case Errc::conflict:
    return 10;
  case Errc::risk_rejected:
  case Errc::insufficient_funds:
    return 9;
  case Errc::rate_limited:
    return 8;
  case Errc::upstream_error:
    return 2;
  case Errc::exchange_unavailable:
    return 14;
  case Errc::internal:
  case Errc::malformed: // public_code returns none of the following
  case Errc::out_of_range:
  case Errc::scale_too_coarse:
  case Errc::book_gap:
  case Errc::book_crossed:
  case Errc::timed_out:
  case Errc::connection_lost:
  case Errc::configuration:
    return 13;
  }
  return 13;
}

std::optional<Errc> parse_public_code(std::string_view name) noexcept {
  using enum Errc;
  for (const auto code :
       {validation_error, unauthenticated, forbidden, not_found, conflict, risk_rejected,
        insufficient_funds, rate_limited, upstream_error, exchange_unavailable, internal})
    if (to_string(code) == name)
      return code;
  return std::nullopt;
}

} // namespace tandem::core
