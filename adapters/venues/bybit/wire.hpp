/// Pieces of Bybit's v5 wire format that its sockets and its REST routes share: level rows, ticker
/// fields, interval names. No envelope, no transport. Source: bybit-exchange.github.io/docs/v5.
#pragma once

#include "adapters/venues/venue.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::venues::bybit::wire {

namespace ondemand = simdjson::ondemand;

/// Names this venue in Error::source.
inline constexpr std::string_view source = "bybit";

/// Errc::malformed with the first bytes of the message, made printable.
[[nodiscard]] core::Error malformed(std::string_view why, std::string_view message);

/// "1m" -> "1", "1h" -> "60", "1d" -> "D". A name that is not canonical is handed on as it is: the
/// venue refuses what it does not know.
[[nodiscard]] std::string_view venue_interval(std::string_view canonical) noexcept;

/// The text of a JSON string as it stands in the message, without copying. Null when it is no
/// string, has escapes or is longer than any symbol or number.
[[nodiscard]] bool plain_text(ondemand::value value, std::string_view& text) noexcept;

/// Appends the rows of [["price","size"],...]. False when anything in it has another shape; the
/// rows read so far then stay in `levels`.
[[nodiscard]] bool read_levels(ondemand::value value, std::vector<LevelText>& levels);

/// An update id, a cross sequence or a time in ms: at least 1 and within int64, else false.
[[nodiscard]] bool read_id(ondemand::value value, std::uint64_t& id) noexcept;

/// A 24-hour sum: exact where it fits, else cut towards zero to the digits that do. Prices and
/// sizes never come through here.
[[nodiscard]] core::Result<core::Decimal> parse_statistic(std::string_view text);

/// Sets the field of `ticker` that Bybit calls `key`; unknown keys and empty texts change nothing.
[[nodiscard]] core::Status set_ticker_field(core::market::Ticker& ticker, std::string_view key,
                                            std::string_view text);

/// Walks an object once. `read(key, value)` returns false to refuse; values it leaves alone are
/// skipped.
template <class Read>
bool for_each_field(ondemand::object object, Read read) {
  for (auto entry : object) {
    ondemand::field field;
    if (std::move(entry).get(field) != simdjson::SUCCESS)
      return false;
    if (!read(field.key(), field.value()))
      return false;
  }
  return true;
}

/// Same for an array of objects.
template <class Read>
bool for_each_object(ondemand::value value, Read read) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS)
    return false;
  for (auto item : array) {
    ondemand::object object;
    if (item.get_object().get(object) != simdjson::SUCCESS || !read(object))
      return false;
  }
  return true;
}

/// One wanted key of an object: seen exactly once, or the message is refused.
class Seen {
public:
  bool once(unsigned bit, bool read_well) noexcept {
    const bool first = (bits_ & (1U << bit)) == 0;
    bits_ |= 1U << bit;
    return first && read_well;
  }

  [[nodiscard]] bool all(unsigned count) const noexcept { return bits_ == (1U << count) - 1; }

private:
  unsigned bits_ = 0;
};

} // namespace tandem::adapters::venues::bybit::wire
