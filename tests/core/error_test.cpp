// The error vocabulary: names, statuses and what to do, held against the table of the traders'
// interface.
#include "core/error.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using tandem::core::describe;
using tandem::core::Errc;
using tandem::core::Error;

namespace {

struct Row {
  Errc code;
  std::string_view name;
  int status;
};

const std::vector<Row> public_rows{
    {Errc::validation_error, "VALIDATION_ERROR", 400},
    {Errc::unauthenticated, "UNAUTHENTICATED", 401},
    {Errc::forbidden, "FORBIDDEN", 403},
    {Errc::not_found, "NOT_FOUND", 404},
    {Errc::conflict, "CONFLICT", 409},
    {Errc::risk_rejected, "RISK_REJECTED", 422},
    {Errc::insufficient_funds, "INSUFFICIENT_FUNDS", 422},
    {Errc::rate_limited, "RATE_LIMITED", 429},
    {Errc::upstream_error, "UPSTREAM_ERROR", 502},
    {Errc::exchange_unavailable, "EXCHANGE_UNAVAILABLE", 503},
    {Errc::internal, "INTERNAL", 500},
};

struct InternalRow {
  Errc code;
  std::string_view name;
  Errc shown_as;
};

const std::vector<InternalRow> internal_rows{
    {Errc::malformed, "malformed", Errc::upstream_error},
    {Errc::out_of_range, "out_of_range", Errc::upstream_error},
    {Errc::scale_too_coarse, "scale_too_coarse", Errc::upstream_error},
    {Errc::book_gap, "book_gap", Errc::upstream_error},
    {Errc::book_crossed, "book_crossed", Errc::upstream_error},
    {Errc::timed_out, "timed_out", Errc::exchange_unavailable},
    {Errc::connection_lost, "connection_lost", Errc::exchange_unavailable},
    {Errc::configuration, "configuration", Errc::internal},
};

std::vector<Errc> codes_where(bool (*question)(const Error&) noexcept) {
  std::vector<Errc> result;
  for (const auto& row : public_rows)
    if (question({.code = row.code, .detail = {}, .source = {}}))
      result.push_back(row.code);
  for (const auto& row : internal_rows)
    if (question({.code = row.code, .detail = {}, .source = {}}))
      result.push_back(row.code);
  return result;
}

} // namespace

TEST_CASE("every public code has the name and status of the interface's table") {
  for (const auto& row : public_rows) {
    CAPTURE(row.name);
    CHECK(to_string(row.code) == row.name);
    CHECK(http_status(row.code) == row.status);
    CHECK(public_code(row.code) == row.code);
  }
}

TEST_CASE("every internal code prints lower case and is shown as a public one") {
  for (const auto& row : internal_rows) {
    CAPTURE(row.name);
    CHECK(to_string(row.code) == row.name);
    CHECK(public_code(row.code) == row.shown_as);
    CHECK(http_status(row.code) == http_status(row.shown_as));
  }
}

TEST_CASE("an error describes itself as source, detail and code") {
  CHECK(describe({.code = Errc::book_gap, .detail = "u 7 after 5", .source = "binance.spot"})
        == "binance.spot: u 7 after 5 (book_gap)");
  CHECK(describe({.code = Errc::conflict, .detail = "pair exists", .source = {}})
        == "pair exists (CONFLICT)");
  CHECK(describe({.code = Errc::timed_out, .detail = {}, .source = "bybit"})
        == "bybit (timed_out)");
  CHECK(describe({.code = Errc::internal, .detail = {}, .source = {}}) == "INTERNAL");
}

TEST_CASE("what may succeed later is retryable") {
  CHECK(codes_where(tandem::core::is_retryable)
        == std::vector{Errc::rate_limited, Errc::exchange_unavailable, Errc::timed_out,
                       Errc::connection_lost});
}

TEST_CASE("what breaks the trust in a book asks for a resync, a coarse scale does not") {
  CHECK(codes_where(tandem::core::needs_resync)
        == std::vector{Errc::malformed, Errc::out_of_range, Errc::book_gap, Errc::book_crossed});
}

TEST_CASE("what only a person can mend is fatal") {
  CHECK(
      codes_where(tandem::core::is_fatal)
      == std::vector{Errc::unauthenticated, Errc::forbidden, Errc::internal, Errc::configuration});
}
