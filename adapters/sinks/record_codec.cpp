#include "adapters/sinks/record_codec.hpp"

#include "adapters/files/frame.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace tandem::adapters::sinks {
namespace {

using core::Errc;
using core::sinks::Field;
using core::sinks::Kind;
using core::sinks::Number;
using core::sinks::Record;
using core::sinks::Value;

constexpr std::uint8_t format_version = 1;

/// What a value is called on disk. Never given twice.
enum class ValueCode : std::uint8_t { number = 1, integer = 2, boolean = 3, text = 4 };

class Writer {
public:
  void byte(std::uint8_t value) { files::put_number(bytes_, value); }

  void integer(std::int64_t value) { files::put_number(bytes_, static_cast<std::uint64_t>(value)); }

  void text(std::string_view value) {
    files::put_number(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }

  void value(ValueCode code, auto write) {
    byte(static_cast<std::uint8_t>(code));
    write();
  }

  void operator()(const Number& number) {
    value(ValueCode::number, [&] { text(number.text); });
  }

  void operator()(std::int64_t number) {
    value(ValueCode::integer, [&] { integer(number); });
  }

  void operator()(bool flag) {
    value(ValueCode::boolean, [&] { byte(flag ? 1 : 0); });
  }

  void operator()(const std::string& words) {
    value(ValueCode::text, [&] { text(words); });
  }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// Reads zeros and empty texts once the bytes have run out, and remembers that they did.
class Reader {
public:
  explicit Reader(std::string_view bytes) : bytes_{bytes} {}

  template <class Number>
  Number number() {
    if (bytes_.size() - at_ < sizeof(Number)) {
      torn_ = true;
      at_ = bytes_.size();
      return 0;
    }
    const auto value = files::get_number<Number>(bytes_, at_);
    at_ += sizeof(Number);
    return value;
  }

  std::string text() {
    const auto size = number<std::uint32_t>();
    if (bytes_.size() - at_ < size) {
      torn_ = true;
      at_ = bytes_.size();
      return {};
    }
    std::string result{bytes_.substr(at_, size)};
    at_ += size;
    return result;
  }

  Value value() {
    switch (static_cast<ValueCode>(number<std::uint8_t>())) {
    case ValueCode::number:
      return Number{text()};
    case ValueCode::integer:
      return static_cast<std::int64_t>(number<std::uint64_t>());
    case ValueCode::boolean:
      return number<std::uint8_t>() != 0;
    case ValueCode::text:
      return text();
    }
    torn_ = true;
    return false;
  }

  [[nodiscard]] bool whole() const noexcept { return !torn_ && at_ == bytes_.size(); }

  [[nodiscard]] bool torn() const noexcept { return torn_; }

private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool torn_ = false;
};

} // namespace

std::string encode(const Record& record) {
  Writer out;
  out.byte(format_version);
  out.byte(static_cast<std::uint8_t>(record.kind));
  out.text(record.instrument.venue.text());
  out.text(core::to_string(record.instrument.type));
  out.text(record.instrument.symbol.text());
  out.text(record.name);
  out.integer(record.time);
  for (const auto& field : record.fields) {
    out.text(field.name);
    std::visit(out, field.value);
  }
  out.text({}); // no field is called nothing: the end
  return out.take();
}

core::Result<Record> decode(std::string_view bytes) {
  Reader in{bytes};
  if (in.number<std::uint8_t>() != format_version)
    return core::fail(Errc::malformed, "a record of another format");
  Record record;
  record.kind = static_cast<Kind>(in.number<std::uint8_t>());
  if (std::find(core::sinks::all_kinds.begin(), core::sinks::all_kinds.end(), record.kind)
      == core::sinks::all_kinds.end())
    return core::fail(Errc::malformed, "a record of an unknown kind");
  record.instrument.venue = core::VenueId{in.text()};
  const auto type = in.text();
  if (type == core::to_string(core::MarketType::linear))
    record.instrument.type = core::MarketType::linear;
  else if (type != core::to_string(core::MarketType::spot))
    return core::fail(Errc::malformed, "a record of an unknown market type");
  record.instrument.symbol = core::Symbol{in.text()};
  record.name = in.text();
  record.time = static_cast<core::UnixMillis>(in.number<std::uint64_t>());
  for (auto name = in.text(); !name.empty(); name = in.text()) {
    auto value = in.value();
    record.fields.push_back({std::move(name), std::move(value)});
    if (in.torn())
      break;
  }
  if (!in.whole())
    return core::fail(Errc::malformed, "a record that is cut off or followed by other bytes");
  return record;
}

} // namespace tandem::adapters::sinks
