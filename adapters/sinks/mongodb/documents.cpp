#include "adapters/sinks/mongodb/documents.hpp"

#include "core/types/decimal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <variant>

namespace tandem::adapters::sinks::mongodb {
namespace {

int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

void put_text(bson_t* out, std::string_view key, std::string_view text) {
  bson_append_utf8(out, key.data(), size_of(key), text.data(), size_of(text));
}

void put_number(bson_t* out, std::string_view key, const std::string& text, Numbers numbers) {
  bson_decimal128_t decimal;
  if (numbers == Numbers::decimal128 && bson_decimal128_from_string(text.c_str(), &decimal))
    bson_append_decimal128(out, key.data(), size_of(key), &decimal);
  else if (numbers == Numbers::real)
    bson_append_double(out, key.data(), size_of(key), std::strtod(text.c_str(), nullptr));
  else
    put_text(out, key, text);
}

/// Null when empty.
void put_name(bson_t* out, std::string_view key, std::string_view text) {
  if (text.empty())
    bson_append_null(out, key.data(), size_of(key));
  else
    put_text(out, key, text);
}

struct PutValue {
  bson_t* out;
  std::string_view key;
  Numbers numbers;

  void operator()(const core::sinks::Number& number) const {
    put_number(out, key, number.text, numbers);
  }

  void operator()(std::int64_t number) const {
    bson_append_int64(out, key.data(), size_of(key), number);
  }

  void operator()(bool flag) const { bson_append_bool(out, key.data(), size_of(key), flag); }

  void operator()(const std::string& text) const { put_text(out, key, text); }
};

template <class T>
const T* find(const core::sinks::Record& record, std::string_view name) {
  const auto found = std::ranges::find(record.fields, name, &core::sinks::Field::name);
  return found == record.fields.end() ? nullptr : std::get_if<T>(&found->value);
}

std::string number_of(const core::sinks::Record& record, std::string_view name) {
  const auto* number = find<core::sinks::Number>(record, name);
  return number == nullptr ? std::string{} : number->text;
}

/// price * size, exact; empty when one of them is no number.
std::string turnover(const std::string& price, const std::string& size) {
  const auto a = core::Decimal::parse(price);
  const auto b = core::Decimal::parse(size);
  if (!a || !b)
    return {};
  return core::format_scaled(core::Int128{a->mantissa()} * b->mantissa(),
                             a->decimals() + b->decimals());
}

std::int32_t direction_of(const core::sinks::Record& trade) {
  const auto* taker = find<std::string>(trade, "taker");
  if (taker == nullptr)
    return 0;
  return *taker == "buy" ? 1 : 2;
}

} // namespace

std::string close_id(const core::sinks::Record& trade) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_time<milliseconds>{milliseconds{trade.time}})};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return "close:" + core::to_string(trade.instrument) + ":" + text.data();
}

Bson to_quote(std::string_view id, const core::sinks::Record& trade) {
  Bson document{bson_new()};
  auto* out = document.get();
  const auto price = number_of(trade, "price");
  const auto size = number_of(trade, "qty");
  const auto* received = find<std::int64_t>(trade, "receivedAt");
  put_text(out, "_id", id);
  put_text(out, "s", trade.instrument.symbol.text());
  bson_append_int64(out, "t", -1, trade.time);
  put_text(out, "p", price);
  put_text(out, "v", size);
  put_text(out, "vw", turnover(price, size));
  bson_append_int32(out, "td", -1, direction_of(trade));
  put_text(out, "stock_code", trade.instrument.symbol.text());
  bson_append_date_time(out, "create_time", -1, received == nullptr ? trade.time : *received);
  return document;
}

std::string document_id(std::string_view stream, const core::sinks::Numbered& item) {
  const auto& record = item.record;
  if (record.name.empty())
    return std::string{stream} + ":" + std::to_string(item.sequence);
  auto id = std::string{core::sinks::to_string(record.kind)} + ":";
  if (!record.instrument.symbol.empty())
    id += core::to_string(record.instrument) + ":";
  return id + record.name;
}

Bson to_document(std::string_view stream, const core::sinks::Numbered& item, std::string_view mode,
                 Numbers numbers) {
  const auto& record = item.record;
  const bool has_instrument = !record.instrument.symbol.empty();
  Bson document{bson_new()};
  auto* out = document.get();
  put_text(out, "_id", document_id(stream, item));
  put_text(out, "stream", stream);
  bson_append_int64(out, "seq", -1, static_cast<std::int64_t>(item.sequence));
  put_text(out, "kind", core::sinks::to_string(record.kind));
  put_text(out, "mode", mode);
  put_name(out, "exchange", record.instrument.venue.text());
  put_name(out, "type", has_instrument ? core::to_string(record.instrument.type) : "");
  put_name(out, "symbol", record.instrument.symbol.text());
  put_name(out, "id", record.name);
  bson_append_date_time(out, "ts", -1, record.time);
  for (const auto& field : record.fields)
    std::visit(PutValue{out, field.name, numbers}, field.value);
  return document;
}

} // namespace tandem::adapters::sinks::mongodb
