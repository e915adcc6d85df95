/// Candles in Binance's stream frames, read tolerantly: the four prices, the volume, the trade
/// count and the open time must be there; what a candle can do without may be absent, because not
/// only Binance itself speaks this protocol.
#pragma once

#include "adapters/venues/binance/fields.hpp"
#include "core/market/events.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::venues::binance {

struct KlineEvent {
  std::string symbol; ///< upper case
  core::market::Kline kline;
};

/// Of frames already walked. Absent: `T` (close time 0), `i` (interval empty), `q` (quote volume 0)
/// and `x` (open). The symbol stands beside the candle or in it. Errors: malformed, its detail
/// without the frame.
[[nodiscard]] core::Result<KlineEvent> kline_event(const Fields& fields);

/// received = processed + failed + ignored.
struct KlineCounts {
  std::uint64_t received = 0;
  std::uint64_t processed = 0;
  std::uint64_t failed = 0;
  std::uint64_t ignored = 0; ///< well-formed frames without a candle: answers, other streams
};

/// Reads a stream of candles, raw or combined, and counts what came. Keeps scratch: one per
/// connection. Source: Binance USD-M Futures, "Kline/Candlestick Streams".
class KlineReader {
public:
  /// Nullopt: ignored. @param frame 64 readable bytes must follow its end. Errors: malformed.
  [[nodiscard]] core::Result<std::optional<KlineEvent>> read(std::string_view frame);

  [[nodiscard]] const KlineCounts& counts() const noexcept { return counts_; }

private:
  Fields fields_;
  KlineCounts counts_;
};

} // namespace tandem::adapters::venues::binance
