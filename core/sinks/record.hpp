/// What a sink carries: one thing that happened, as named fields, whatever the destination makes of
/// it (JSON, line protocol, a document). Numbers travel as exact decimal text.
#pragma once

#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::core::sinks {

/// The words stand in configurations, topics and collections, the numbers in spools: neither ever
/// changes.
enum class Kind : std::uint8_t {
  trade = 1,
  kline = 2,
  ticker = 3,
  opportunity = 4,
  alert = 5,
  order = 6,
  fill = 7,
  execution = 8,
  plan = 9,
};

inline constexpr std::array all_kinds{Kind::trade,       Kind::kline,     Kind::ticker,
                                      Kind::opportunity, Kind::alert,     Kind::order,
                                      Kind::fill,        Kind::execution, Kind::plan};

[[nodiscard]] std::string_view to_string(Kind kind) noexcept; ///< "trade", "kline", ...
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view word) noexcept;

/// An exact number as plain decimal text ("61737.63"): JSON and line protocol take it as it is.
struct Number {
  std::string text;

  friend bool operator==(const Number&, const Number&) = default;
};

using Value = std::variant<Number, std::int64_t, bool, std::string>;

struct Field {
  std::string name;
  Value value;

  friend bool operator==(const Field&, const Field&) = default;
};

struct Record {
  Kind kind = Kind::alert;
  InstrumentKey instrument; ///< symbol empty: about no single instrument
  /// What the thing is called within its kind and instrument (a trade id, "<interval>:<open time>",
  /// a client order id): the same thing told again has the same name. Empty: it has none.
  std::string name;
  UnixMillis time = 0; ///< the venue's where it has one, else of the decision
  std::vector<Field> fields;

  friend bool operator==(const Record&, const Record&) = default;

  Record& number(std::string key, std::string text) {
    fields.push_back({std::move(key), Number{std::move(text)}});
    return *this;
  }

  Record& integer(std::string key, std::int64_t value) {
    fields.push_back({std::move(key), value});
    return *this;
  }

  Record& boolean(std::string key, bool value) {
    fields.push_back({std::move(key), value});
    return *this;
  }

  Record& text(std::string key, std::string value) {
    fields.push_back({std::move(key), std::move(value)});
    return *this;
  }
};

/// A record with its number in the stream of one sink: gapless from 1, so that a reader can prove
/// that nothing is missing and nothing came twice.
struct Numbered {
  std::uint64_t sequence = 0;
  Record record;

  friend bool operator==(const Numbered&, const Numbered&) = default;
};

} // namespace tandem::core::sinks
