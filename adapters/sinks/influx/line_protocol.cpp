#include "adapters/sinks/influx/line_protocol.hpp"

#include <variant>

namespace tandem::adapters::sinks::influx {
namespace {

using core::sinks::Field;
using core::sinks::Kind;
using core::sinks::Number;

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::string_view interval_field = "interval";

/// @param special characters that need a backslash. One that stands at the end is doubled: it would
/// escape what follows.
void append_name(std::string& out, std::string_view text, std::string_view special) {
  for (std::size_t n = 0; n < text.size(); ++n) {
    const char c = text[n];
    if (c == '\n' || c == '\r') {
      out += special.find(' ') == std::string_view::npos ? " " : "\\ ";
      continue;
    }
    const bool last_backslash = c == '\\' && n + 1 == text.size();
    if (special.find(c) != std::string_view::npos || last_backslash)
      out += '\\';
    out += c;
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

void append_value(std::string& out, const core::sinks::Value& value) {
  struct Visitor {
    std::string& out;

    void operator()(const Number& number) const { out += number.text; }

    void operator()(std::int64_t number) const { out += std::to_string(number) + "i"; }

    void operator()(bool flag) const { out += flag ? "true" : "false"; }

    void operator()(const std::string& text) const { append_string(out, text); }
  };

  std::visit(Visitor{out}, value);
}

bool is_state(Kind kind) {
  return kind == Kind::kline || kind == Kind::ticker;
}

} // namespace

void append_line(std::string& out, const Point& point) {
  append_name(out, point.measurement, ", ");
  for (const auto& [name, value] : point.tags) {
    if (value.empty())
      continue;
    out += ',';
    append_name(out, name, ",= ");
    out += '=';
    append_name(out, value, ",= ");
  }
  char before = ' ';
  for (const auto& field : point.fields) {
    out += before;
    before = ',';
    append_name(out, field.name, ",= ");
    out += '=';
    append_value(out, field.value);
  }
  out += ' ';
  out += std::to_string(point.time);
  out += '\n';
}

Point to_point(const core::sinks::Numbered& item, const Labels& labels) {
  const auto& record = item.record;
  Point point;
  point.measurement = labels.prefix + std::string{core::sinks::to_string(record.kind)};
  point.tags.emplace_back("mode", labels.mode);
  if (!record.instrument.symbol.empty()) {
    point.tags.emplace_back("exchange", record.instrument.venue.text());
    point.tags.emplace_back("type", core::to_string(record.instrument.type));
    point.tags.emplace_back("symbol", record.instrument.symbol.text());
  }
  point.fields.push_back({"seq", static_cast<std::int64_t>(item.sequence)});
  if (!record.name.empty())
    point.fields.push_back({"id", record.name});
  for (const auto& field : record.fields) {
    const auto* text = std::get_if<std::string>(&field.value);
    if (record.kind == Kind::kline && field.name == interval_field && text != nullptr)
      point.tags.emplace_back(field.name, *text);
    else
      point.fields.push_back(field);
  }
  point.time = record.time * ns_per_ms;
  if (!is_state(record.kind))
    point.time += static_cast<std::int64_t>(item.sequence % ns_per_ms);
  return point;
}

} // namespace tandem::adapters::sinks::influx
