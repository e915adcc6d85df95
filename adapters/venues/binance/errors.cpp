#include "adapters/venues/binance/errors.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace tandem::adapters::venues::binance {
namespace {

using core::Errc;

/// One row: codes from `last` up to `first` (they are negative) mean `meaning`.
struct Row {
  long long first;
  long long last;
  Errc meaning;
};

constexpr Row common_rows[] = {
    {-1000, -1001, Errc::upstream_error},
    {-1002, -1002, Errc::risk_rejected},
    {-1003, -1003, Errc::rate_limited},
    {-1006, -1007, Errc::upstream_error},
    {-1014, -1014, Errc::validation_error},
    {-1015, -1015, Errc::rate_limited},
    {-1016, -1016, Errc::exchange_unavailable},
    {-1020, -1022, Errc::validation_error},
    {-1034, -1034, Errc::rate_limited},
    {-1100, -1106, Errc::validation_error},
    {-1108, -1108, Errc::validation_error},
    {-1111, -1111, Errc::validation_error},
    {-1114, -1121, Errc::validation_error},
    {-1125, -1125, Errc::not_found},
    {-1127, -1128, Errc::validation_error},
    {-1130, -1130, Errc::validation_error},
    {-1145, -1145, Errc::validation_error},
    {-1151, -1151, Errc::validation_error},
    {-1220, -1220, Errc::validation_error},
    {-2013, -2013, Errc::not_found},
    {-2014, -2014, Errc::validation_error},
    {-2015, -2017, Errc::risk_rejected},
    {-2020, -2023, Errc::risk_rejected},
    // The pages' own group of all that is wrong with a request; the rows above are its exceptions.
    {-1100, -1199, Errc::validation_error},
};

constexpr Row spot_rows[] = {
    {-1008, -1008, Errc::exchange_unavailable},
    {-2026, -2026, Errc::not_found},
    {-2028, -2028, Errc::validation_error}, // session.logon wants an Ed25519 key
};

constexpr Row linear_rows[] = {
    {-1008, -1008, Errc::rate_limited},
    {-1023, -1023, Errc::validation_error},
    {-2018, -2019, Errc::insufficient_funds},
    {-2024, -2024, Errc::insufficient_funds},
    {-2025, -2025, Errc::rate_limited},
    {-2026, -2026, Errc::not_found},
    {-2027, -2028, Errc::insufficient_funds},
    {-2039, -2039, Errc::not_found},
    {-4001, -4005, Errc::validation_error},
    {-4013, -4015, Errc::validation_error},
    {-4016, -4016, Errc::risk_rejected},
    {-4023, -4023, Errc::validation_error},
    {-4024, -4024, Errc::risk_rejected},
    {-4029, -4029, Errc::validation_error},
    {-4045, -4045, Errc::rate_limited},
    {-4050, -4051, Errc::insufficient_funds},
    {-4060, -4062, Errc::validation_error},
    {-4087, -4088, Errc::risk_rejected},
    {-4104, -4104, Errc::validation_error},
    {-4116, -4116, Errc::conflict}, // the earlier send arrived: query by client id
    {-4120, -4120, Errc::validation_error},
    {-4131, -4131, Errc::risk_rejected},
    {-4164, -4164, Errc::validation_error},
    {-4192, -4192, Errc::risk_rejected},
    {-4400, -4402, Errc::risk_rejected},
    {-5021, -5022, Errc::risk_rejected},
    {-5028, -5028, Errc::validation_error}, // too late at the matching engine
    {-5040, -5040, Errc::validation_error},
    // "Filters and other issues"; the rows above are its exceptions.
    {-4000, -4999, Errc::validation_error},
};

std::optional<Errc> look_up(std::span<const Row> rows, long long code) noexcept {
  for (const Row& row : rows)
    if (code <= row.first && code >= row.last)
      return row.meaning;
  return std::nullopt;
}

bool says(std::string_view message, std::string_view words) noexcept {
  return message.find(words) != std::string_view::npos;
}

/// -2010 and -2011 carry their meaning in the text alone.
Errc rejection(std::string_view message) noexcept {
  if (says(message, "insufficient balance"))
    return Errc::insufficient_funds;
  if (says(message, "Unknown order"))
    return Errc::not_found;
  if (says(message, "Duplicate order"))
    return Errc::conflict; // the earlier send arrived: query by client id
  if (says(message, "PERCENT_PRICE"))
    return Errc::risk_rejected;
  if (says(message, "immediately match and take"))
    return Errc::risk_rejected; // post-only would have taken
  if (says(message, "Filter failure") || says(message, "immediately match")
      || says(message, "trigger immediately") || says(message, "Unsupported order combination"))
    return Errc::validation_error;
  return Errc::risk_rejected; // disabled account, closed market and the like
}

/// By the tables alone.
std::optional<Errc> meaning_of(core::MarketType type, long long code,
                               std::string_view message) noexcept {
  if (code == -1013)
    return says(message, "PERCENT_PRICE") ? Errc::risk_rejected : Errc::validation_error;
  if (code == -2010 || code == -2011)
    return rejection(message);
  if (const auto meaning = look_up(common_rows, code))
    return meaning;
  return type == core::MarketType::spot ? look_up(spot_rows, code) : look_up(linear_rows, code);
}

} // namespace

Errc error_code(core::MarketType type, int http_status, long long code,
                std::string_view message) noexcept {
  if (http_status == 429 || http_status == 418)
    return Errc::rate_limited;
  return meaning_of(type, code, message).value_or(error_code(http_status));
}

bool is_duplicate(long long code, std::string_view message) noexcept {
  return code == -4116 || (code == -2010 && says(message, "Duplicate order"));
}

bool proves_refusal(core::MarketType type, int http_status, std::optional<long long> code,
                    std::string_view message) noexcept {
  if (http_status == 429 || http_status == 418 || http_status == 403)
    return true; // stopped at the door
  if (http_status < 400 || http_status >= 500)
    return false;
  if (!code) {
    // A gateway's own 408, 409 or 499 tells of the gateway, not of the order.
    constexpr int doors[] = {400, 401, 404, 405, 410, 411, 413, 414, 415, 431};
    return std::ranges::find(doors, http_status) != std::end(doors);
  }
  if (*code == -1000 || *code == -1001 || *code == -1006 || *code == -1007)
    return false; // "unknown error", "internal error", "execution status unknown", "timeout"
  return !is_duplicate(*code, message) && meaning_of(type, *code, message).has_value();
}

Errc error_code(int http_status) noexcept {
  if (http_status == 429 || http_status == 418)
    return Errc::rate_limited;
  if (http_status == 403) // the web application firewall
    return Errc::exchange_unavailable;
  if (http_status == 404 || http_status == 410)
    return Errc::not_found;
  if (http_status >= 400 && http_status < 500 && http_status != 409)
    return Errc::validation_error;
  return Errc::upstream_error; // 5xx: whatever was asked may or may not have happened
}

} // namespace tandem::adapters::venues::binance
