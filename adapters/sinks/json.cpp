#include "adapters/sinks/json.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <variant>

namespace tandem::adapters::sinks {
namespace {

using core::sinks::Number;

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

std::string value_text(const core::sinks::Value& value) {
  struct Visitor {
    std::string operator()(const Number& number) const { return number.text; }

    std::string operator()(std::int64_t number) const { return std::to_string(number); }

    std::string operator()(bool flag) const { return flag ? "true" : "false"; }

    std::string operator()(const std::string& text) const { return quoted(text); }
  };

  return std::visit(Visitor{}, value);
}

class Object {
public:
  Object& raw(std::string_view key, std::string_view json) {
    text_ += text_.size() == 1 ? "" : ",";
    text_ += quoted(key);
    text_ += ':';
    text_ += json;
    return *this;
  }

  Object& text(std::string_view key, std::string_view value) { return raw(key, quoted(value)); }

  /// null when empty.
  Object& name(std::string_view key, std::string_view value) {
    return value.empty() ? raw(key, "null") : text(key, value);
  }

  [[nodiscard]] std::string take() { return text_ + "}"; }

private:
  std::string text_ = "{";
};

} // namespace

std::string to_json(std::string_view stream, const core::sinks::Numbered& item,
                    std::string_view mode) {
  const auto& record = item.record;
  const bool has_instrument = !record.instrument.symbol.empty();
  Object out;
  out.text("stream", stream)
      .raw("seq", std::to_string(item.sequence))
      .text("kind", core::sinks::to_string(record.kind))
      .text("mode", mode)
      .name("exchange", record.instrument.venue.text())
      .name("type", has_instrument ? core::to_string(record.instrument.type) : "")
      .name("symbol", record.instrument.symbol.text())
      .name("id", record.name)
      .raw("ts", std::to_string(record.time));
  for (const auto& field : record.fields)
    out.raw(field.name, value_text(field.value));
  return out.take();
}

} // namespace tandem::adapters::sinks
