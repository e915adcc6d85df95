#include "adapters/sinks/json.hpp"

#include "adapters/transport/json.hpp"

#include <variant>

namespace tandem::adapters::sinks {
namespace {

struct PutValue {
  transport::JsonWriter& out;

  void operator()(const core::sinks::Number& number) const { out.raw(number.text); }

  void operator()(std::int64_t number) const { out.integer(number); }

  void operator()(bool flag) const { out.boolean(flag); }

  void operator()(const std::string& text) const { out.string(text); }
};

/// null when empty.
void put_name(transport::JsonWriter& out, std::string_view key, std::string_view value) {
  out.key(key);
  if (value.empty())
    out.null();
  else
    out.string(value);
}

} // namespace

std::string to_json(std::string_view stream, const core::sinks::Numbered& item,
                    std::string_view mode) {
  const auto& record = item.record;
  const bool has_instrument = !record.instrument.symbol.empty();
  transport::JsonWriter out;
  out.begin_object()
      .field("stream", stream)
      .field("seq", item.sequence)
      .field("kind", core::sinks::to_string(record.kind))
      .field("mode", mode);
  put_name(out, "exchange", record.instrument.venue.text());
  put_name(out, "type", has_instrument ? core::to_string(record.instrument.type) : "");
  put_name(out, "symbol", record.instrument.symbol.text());
  put_name(out, "id", record.name);
  out.field("ts", record.time);
  for (const auto& field : record.fields) {
    out.key(field.name);
    std::visit(PutValue{out}, field.value);
  }
  out.end_object();
  return out.take();
}

} // namespace tandem::adapters::sinks
