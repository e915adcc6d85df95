#include "adapters/journal/record_json.hpp"

#include "adapters/journal/disk_words.hpp"
#include "adapters/journal/record_codec.hpp"
#include "adapters/journal/record_fields.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::journal {
namespace {

constexpr std::size_t sequence_width = 9, name_width = 12;

/// Walks the fields as the encoder does, always by the newest version.
class JsonPrinter {
public:
  [[nodiscard]] static unsigned version() noexcept {
    return std::numeric_limits<std::uint8_t>::max();
  }

  template <class T>
  void operator()(std::string_view name, const T& value) {
    key(name);
    write(value);
  }

  void key(std::string_view name) {
    if (!first_)
      out_ += ',';
    write(name);
    out_ += ':';
    first_ = true;
  }

  template <class T>
    requires std::is_integral_v<T>
  void write(T value) {
    if constexpr (std::is_same_v<T, bool>)
      out_ += value ? "true" : "false";
    else
      out_ += std::to_string(value);
    first_ = false;
  }

  void write(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out_ += '"';
    for (const char letter : text) {
      const auto byte = static_cast<unsigned char>(letter);
      if (letter == '"' || letter == '\\') {
        out_ += '\\';
        out_ += letter;
      } else if (byte < 0x20U || byte >= 0x7FU) {
        // Venues write ASCII; whatever else is there is shown as the bytes that it is.
        out_ += "\\u00";
        out_ += hex[byte >> 4U];
        out_ += hex[byte & 0xFU];
      } else {
        out_ += letter;
      }
    }
    out_ += '"';
    first_ = false;
  }

  void write(const std::string& text) { write(std::string_view{text}); }

  template <class E>
    requires std::is_enum_v<E>
  void write(E value) {
    write(disk_word(value).word);
  }

  template <class Tag>
  void write(const core::TextId<Tag>& id) {
    write(id.text());
  }

  template <class Tag>
  void write(core::Amount<Tag> amount) {
    write(amount.units);
  }

  void write(core::Money money) { write(core::to_string(money)); }

  void write(const core::Decimal& value) { write(value.to_string()); }

  template <class Rep, class Period>
  void write(std::chrono::duration<Rep, Period> time) {
    write(static_cast<std::int64_t>(time.count()));
  }

  void write(core::WallTime time) {
    write(static_cast<std::int64_t>(time.time_since_epoch().count()));
  }

  template <class T>
  void write(const std::optional<T>& value) {
    if (value)
      write(*value);
    else
      out_ += "null";
    first_ = false;
  }

  template <class T>
  void write(const std::vector<T>& list) {
    out_ += '[';
    bool comma = false;
    for (const auto& item : list) {
      if (comma)
        out_ += ',';
      comma = true;
      write(item);
    }
    out_ += ']';
    first_ = false;
  }

  void write(const core::orders::FeeTotals& totals) {
    out_ += '{';
    first_ = true;
    for (const auto& [asset, amount] : totals)
      (*this)(asset, amount);
    out_ += '}';
    first_ = false;
  }

  template <class T>
    requires std::is_class_v<T>
  void write(const T& record) {
    out_ += '{';
    first_ = true;
    fields(*this, record);
    out_ += '}';
    first_ = false;
  }

  void begin() { out_ += '{'; }

  [[nodiscard]] std::string take() {
    out_ += '}';
    return std::move(out_);
  }

private:
  std::string out_;
  bool first_ = true;
};

} // namespace

std::string to_json(std::uint64_t sequence, const core::orders::Record& record) {
  JsonPrinter printer;
  printer.begin();
  printer("sequence", sequence);
  printer("record", name_of(record));
  std::visit([&](const auto& value) { fields(printer, value); }, record);
  return printer.take();
}

std::string to_text(std::uint64_t sequence, const core::orders::Record& record) {
  JsonPrinter printer;
  printer.begin();
  std::visit([&](const auto& value) { fields(printer, value); }, record);
  auto columns = std::to_string(sequence);
  columns.insert(0, columns.size() < sequence_width ? sequence_width - columns.size() : 0, ' ');
  columns += ' ';
  columns += name_of(record);
  columns.resize(std::max(columns.size() + 1, sequence_width + name_width), ' ');
  return columns + printer.take();
}

} // namespace tandem::adapters::journal
