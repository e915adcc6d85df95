/// The one error vocabulary. What went wrong, in words a person can act on; never how to recover
/// (the three questions at the end say that, and nobody else does).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::core {

/// The first block is what a client of any interface sees (one name, HTTP status and gRPC code
/// each); the second stays inside the engine and is mapped to the first at the edge.
enum class Errc : std::uint8_t {
  validation_error,
  unauthenticated,
  forbidden,
  not_found,
  conflict,
  risk_rejected,
  insufficient_funds,
  rate_limited,
  upstream_error,
  exchange_unavailable,
  internal,
  // engine-internal
  malformed,        ///< bytes that are not what their protocol allows
  out_of_range,     ///< a number that does not fit its type or scale
  scale_too_coarse, ///< a number with more decimals than the book's scale: refine, do not round
  book_gap,         ///< the venue's sequence chain is broken
  book_crossed,     ///< best bid at or above best ask after a whole frame
  timed_out,
  connection_lost,
  configuration,
};

/// Upper-case name as interfaces print it, e.g. "VALIDATION_ERROR"; internal codes print lower
/// case.
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// The public code an internal one is shown as; public codes map to themselves.
[[nodiscard]] Errc public_code(Errc code) noexcept;

/// HTTP status of a code: the one table (`shared` name: venues/traders.md section 1).
[[nodiscard]] int http_status(Errc code) noexcept;

struct Error {
  Errc code = Errc::internal;
  std::string detail; ///< the two numbers or the 200 bytes that matter; never a secret
  std::string source; ///< venue, file or field it came from
};

/// "source: detail (CODE)" for logs; an empty part is left out with its punctuation.
[[nodiscard]] std::string describe(const Error& error);

/// The same request may succeed later: rate limits and unreachable venues. Whether it may be *sent*
/// again is the sender's question (an order never is while its outcome is unknown).
[[nodiscard]] bool is_retryable(const Error& error) noexcept;

/// A book that met this error is no longer the venue's book: drop it and take a new snapshot.
/// scale_too_coarse is not one of them: the book is refined and goes on.
[[nodiscard]] bool needs_resync(const Error& error) noexcept;

/// Neither time nor a resync helps, only a person: keys, rights, configuration, our own fault.
[[nodiscard]] bool is_fatal(const Error& error) noexcept;

} // namespace tandem::core
