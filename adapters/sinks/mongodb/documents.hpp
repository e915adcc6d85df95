/// Records as documents. A document is called after the thing that it tells of, so that what is
/// told again replaces itself: a trade or a fill is there once, an order or a candle in its latest
/// state. What has no name of its own is called after its stream and number. Pure.
#pragma once

#include "core/sinks/record.hpp"

#include <bson/bson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::adapters::sinks::mongodb {

/// How exact numbers are stored.
enum class Numbers : std::uint8_t {
  decimal128, ///< exact, and compared as numbers by the server
  text,       ///< exact, for servers without decimals
  real,       ///< as doubles: for readers that expect them; not exact
};

/// What a record becomes.
enum class Form : std::uint8_t {
  record,  ///< one document with all that a record says
  infoway, ///< of trades, what the stock quote client wrote: the quote, and the close of its day
};

/// One document of the client library. (Not a unique_ptr: the library's type carries an alignment
/// that g++ warns about as a template's argument.)
class Bson {
public:
  /// Takes it over.
  explicit Bson(bson_t* document) noexcept : document_{document} {}

  ~Bson() { bson_destroy(document_); }

  Bson(Bson&& other) noexcept : document_{std::exchange(other.document_, nullptr)} {}

  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;
  Bson& operator=(Bson&&) = delete;

  [[nodiscard]] bson_t* get() const noexcept { return document_; }

private:
  bson_t* document_;
};

/// "trade:binance.spot.BTCUSDT:12345", "plan:<id>", or "<stream>:<seq>".
[[nodiscard]] std::string document_id(std::string_view stream, const core::sinks::Numbered& item);

/// _id, stream, seq, kind, mode, exchange, type, symbol, id, ts (a date), and the record's own
/// fields. @param mode the engine's.
[[nodiscard]] Bson to_document(std::string_view stream, const core::sinks::Numbered& item,
                               std::string_view mode, Numbers numbers);

/// What the document of a trade's day is called: "close:<instrument>:<date>", the date that of UTC.
[[nodiscard]] std::string close_id(const core::sinks::Record& trade);

/// A trade as the stock quote client wrote it: _id, s, t (ms, int64), p, v, vw (turnover), td (1:
/// the taker bought, 2: sold, 0: not said), stock_code, create_time (a date: when it was received).
/// p, v and vw are exact decimal text.
[[nodiscard]] Bson to_quote(std::string_view id, const core::sinks::Record& trade);

} // namespace tandem::adapters::sinks::mongodb
