/// The price record and the frame around it: what WebSocket clients get and what travels over
/// Kafka, both ways.
#pragma once

#include "adapters/transport/json.hpp"
#include "core/klines/candle.hpp"
#include "core/result.hpp"
#include "core/types/time.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::price_stream {

/// {symbol, price, timestamp, open_price, high_price, low_price, close_price, volume, price_change,
/// price_change_percent, trade_count}: in this order, numbers exact.
void write_record(transport::JsonWriter& out, const core::klines::PriceRecord& record);

/// {"type":"price_update","data":{record},"timestamp":...}. @param interval of the record, added
/// where it is not empty: on Kafka and between processes.
[[nodiscard]] std::string price_frame(const core::klines::PriceRecord& record, core::WallTime now,
                                      std::string_view interval = {});

struct ReceivedFrame {
  core::klines::PriceRecord record;
  std::string interval;       ///< empty where the frame names none
  core::UnixMillis stamp = 0; ///< the frame's own time; 0 where it has none
};

/// The other side of price_frame. Unknown members are passed over; a record without price_change,
/// price_change_percent or trade_count is right. Errors: malformed.
[[nodiscard]] core::Result<ReceivedFrame> parse_frame(std::string_view text);

} // namespace tandem::adapters::price_stream
