/// The envelope of the traders' REST surface and the shapes inside it that need no actor:
/// {"success":true,"data":...} and {"success":false,"error":{...}}.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/error.hpp"
#include "core/market/board.hpp"
#include "core/market/depth_view.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::traders {

/// @param data a finished JSON value; empty = no data (DELETE). @param mode label of every answer.
[[nodiscard]] std::string success(std::string_view data, std::string_view mode);

/// Internal codes are shown as their public one; `source` becomes details.field for validation
/// errors.
[[nodiscard]] std::string failure(const core::Error& error, std::string_view mode);

/// {exchange, symbol, type, bids, asks, ts}; prices and sizes are strings. @param levels at most
/// what the view holds.
void write_price(JsonWriter& out, const core::InstrumentKey& key,
                 const core::market::DepthView& view, std::size_t levels, core::UnixMillis ts);

/// A whole book for inspection: {exchange, symbol, type, condition, lastUpdateId, bids, asks}.
void write_book(JsonWriter& out, const core::InstrumentKey& key,
                core::market::BookCondition condition, const core::Scale& scale,
                std::uint64_t last_id, std::span<const core::market::Level> bids,
                std::span<const core::market::Level> asks);

/// The item of a batch that failed, in its place.
void write_failed_price(JsonWriter& out, std::string_view exchange, std::string_view symbol,
                        const core::Error& error);

struct PriceItem {
  std::string exchange, symbol, type;
};

/// The body of POST /api/prices/batch: {"items":[{exchange, symbol, type?}, ...]}, 1 to 100 items.
[[nodiscard]] core::Result<std::vector<PriceItem>> parse_batch(std::string_view body);

/// What else is known about an instrument: rules, latest trade, ticker and bar.
void write_market(JsonWriter& out, const core::Instrument& instrument,
                  const core::market::BoardEntry* entry);

} // namespace tandem::adapters::traders
