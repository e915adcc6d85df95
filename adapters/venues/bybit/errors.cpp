/// Bybit's error numbers in the engine's vocabulary: one table, by code.
#include "adapters/venues/bybit/rest.hpp"

#include <algorithm>
#include <array>

namespace tandem::adapters::venues::bybit {

namespace {

using enum core::Errc;

struct CodeRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  core::Errc code = upstream_error;
};

constexpr CodeRange one(std::int64_t ret_code, core::Errc code) {
  return {ret_code, ret_code, code};
}

/// Ascending. Source: bybit-exchange.github.io/docs/v5/error.
constexpr std::array table{
    one(-2015, unauthenticated),
    one(429, rate_limited),
    one(10000, upstream_error), // server time-out
    one(10001, validation_error),
    one(10002, validation_error), // our clock
    one(10003, unauthenticated),
    one(10004, validation_error), // bad signature
    one(10005, risk_rejected),
    one(10006, rate_limited),
    CodeRange{10007, 10010, risk_rejected},
    one(10014, validation_error),
    one(10016, upstream_error),
    one(10017, validation_error),
    one(10019, exchange_unavailable),
    one(10024, risk_rejected),
    CodeRange{10027, 10028, risk_rejected},
    one(10029, validation_error),
    one(10403, rate_limited),
    one(10404, validation_error),
    one(10429, rate_limited),
    one(20003, rate_limited),
    one(20006, validation_error), // repeated request id
    CodeRange{30208, 30209, risk_rejected},
    one(30228, risk_rejected),
    one(30256, insufficient_funds),
    one(33004, unauthenticated),
    one(110001, not_found),
    one(110003, risk_rejected), // price band
    one(110004, insufficient_funds),
    CodeRange{110006, 110007, insufficient_funds},
    one(110008, not_found), // already final
    one(110010, not_found), // already final
    one(110011, risk_rejected),
    one(110012, insufficient_funds),
    one(110014, insufficient_funds),
    one(110017, validation_error),
    one(110019, validation_error),
    CodeRange{110020, 110023, risk_rejected},
    one(110032, validation_error),
    one(110040, risk_rejected),
    CodeRange{110044, 110045, insufficient_funds},
    one(110046, risk_rejected),
    one(110047, insufficient_funds),
    one(110048, risk_rejected),
    CodeRange{110049, 110050, validation_error},
    CodeRange{110051, 110053, insufficient_funds},
    one(110063, exchange_unavailable), // settlement
    one(110066, risk_rejected),
    one(110069, risk_rejected),
    one(110072, conflict), // repeated order id: look it up
    one(110074, exchange_unavailable),
    one(110079, upstream_error), // order busy
    CodeRange{110085, 110086, risk_rejected},
    CodeRange{110089, 110090, risk_rejected},
    CodeRange{110092, 110094, validation_error},
    one(110095, exchange_unavailable),
    one(110103, risk_rejected),
    CodeRange{110120, 110121, risk_rejected},
    one(110124, risk_rejected),
    one(170001, upstream_error),
    one(170005, rate_limited),
    one(170007, upstream_error),
    one(170031, exchange_unavailable),
    one(170032, upstream_error),
    one(170033, insufficient_funds),
    one(170105, validation_error),
    CodeRange{170115, 170117, validation_error},
    one(170121, validation_error),
    one(170124, validation_error),
    one(170130, validation_error),
    one(170131, insufficient_funds),
    CodeRange{170132, 170133, risk_rejected},
    one(170134, validation_error),
    CodeRange{170136, 170137, validation_error},
    one(170139, not_found), // already final
    one(170140, validation_error),
    one(170141, conflict), // repeated order id: look it up
    CodeRange{170142, 170143, not_found},
    CodeRange{170146, 170147, upstream_error}, // creation or cancellation time-out
    one(170148, validation_error),
    one(170151, exchange_unavailable),
    one(170157, exchange_unavailable),
    one(170190, not_found), // already final
    CodeRange{170192, 170200, risk_rejected},
    CodeRange{170201, 170204, validation_error},
    one(170210, risk_rejected),
    one(170213, not_found),
    CodeRange{170217, 170218, risk_rejected}, // post-only
    one(170222, rate_limited),
    one(170234, upstream_error),
    CodeRange{170371, 170372, risk_rejected},
    CodeRange{170381, 170382, validation_error},
    one(170810, risk_rejected),
    one(176015, insufficient_funds),
};

constexpr bool ascending() {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].first <= table[i - 1].last)
      return false;
  }
  return true;
}

static_assert(ascending());

} // namespace

core::Errc error_code(std::int64_t ret_code, std::string_view message) noexcept {
  if (ret_code == 10003 && message.find("too many sessions") != std::string_view::npos)
    return rate_limited;
  const auto found = std::lower_bound(
      table.begin(), table.end(), ret_code,
      [](const CodeRange& range, std::int64_t wanted) { return range.last < wanted; });
  return found != table.end() && found->first <= ret_code ? found->code : upstream_error;
}

} // namespace tandem::adapters::venues::bybit
