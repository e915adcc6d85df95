#include "adapters/sinks/protobuf.hpp"

#include <tandem/v1/record.pb.h>

#include <cstdint>
#include <variant>

namespace tandem::adapters::sinks {
namespace {

struct SetValue {
  tandem::v1::RecordField& field;

  void operator()(const core::sinks::Number& number) const { field.set_decimal(number.text); }

  void operator()(std::int64_t number) const { field.set_integer(number); }

  void operator()(bool flag) const { field.set_flag(flag); }

  void operator()(const std::string& text) const { field.set_text(text); }
};

} // namespace

std::string to_protobuf(std::string_view stream, const core::sinks::Numbered& item,
                        std::string_view mode) {
  const auto& record = item.record;
  tandem::v1::Record out;
  out.set_stream(std::string{stream});
  out.set_seq(item.sequence);
  out.set_kind(std::string{core::sinks::to_string(record.kind)});
  out.set_mode(std::string{mode});
  if (!record.instrument.symbol.empty()) {
    out.set_exchange(record.instrument.venue.text());
    out.set_type(std::string{core::to_string(record.instrument.type)});
    out.set_symbol(record.instrument.symbol.text());
  }
  out.set_id(record.name);
  out.set_ts(record.time);
  for (const auto& field : record.fields) {
    auto& to = *out.add_fields();
    to.set_name(field.name);
    std::visit(SetValue{to}, field.value);
  }
  return out.SerializeAsString();
}

} // namespace tandem::adapters::sinks
