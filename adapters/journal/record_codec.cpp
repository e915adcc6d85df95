#include "adapters/journal/record_codec.hpp"

#include "adapters/journal/disk_words.hpp"
#include "adapters/journal/record_fields.hpp"

#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

namespace tandem::adapters::journal {
namespace {

using core::Errc;
using core::fail;
using core::Int128;
using core::orders::Record;
using Wide = core::UInt128;

constexpr unsigned varint_bits = 7;
constexpr unsigned wide_bits = 128;
constexpr unsigned varint_more = 0x80;

constexpr Wide zigzag(Int128 value) noexcept {
  return (static_cast<Wide>(value) << 1U) ^ static_cast<Wide>(value >> (wide_bits - 1));
}

constexpr Int128 unzigzag(Wide value) noexcept {
  return static_cast<Int128>(value >> 1U) ^ -static_cast<Int128>(value & 1U);
}

class Writer {
public:
  explicit Writer(const RecordKind& kind) : version_{kind.version} {
    put(kind.code);
    put(kind.version);
  }

  [[nodiscard]] unsigned version() const noexcept { return version_; }

  template <class T>
  void operator()(std::string_view, const T& value) {
    write(value);
  }

  [[nodiscard]] bool enumerators_known() const noexcept { return enumerators_known_; }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
  void put(std::uint8_t byte) { bytes_ += static_cast<char>(byte); }

  void varint(Wide value) {
    for (; value >= varint_more; value >>= varint_bits)
      put(static_cast<std::uint8_t>(static_cast<unsigned>(value & 0x7FU) | varint_more));
    put(static_cast<std::uint8_t>(value));
  }

  template <class T>
    requires std::is_integral_v<T>
  void write(T value) {
    if constexpr (std::is_same_v<T, bool>)
      put(value ? 1 : 0);
    else if constexpr (std::is_signed_v<T>)
      varint(zigzag(value));
    else
      varint(value);
  }

  template <class E>
    requires std::is_enum_v<E>
  void write(E value) {
    const auto code = disk_word(value).code;
    enumerators_known_ = enumerators_known_ && code != 0;
    put(code);
  }

  void write(const std::string& text) {
    varint(text.size());
    bytes_ += text;
  }

  template <class Tag>
  void write(const core::TextId<Tag>& id) {
    write(id.text());
  }

  template <class Tag>
  void write(core::Amount<Tag> amount) {
    write(amount.units);
  }

  void write(core::Money money) { varint(zigzag(money.units)); }

  void write(const core::Decimal& value) {
    write(value.mantissa());
    put(static_cast<std::uint8_t>(value.decimals()));
  }

  template <class Rep, class Period>
  void write(std::chrono::duration<Rep, Period> time) {
    write(static_cast<std::int64_t>(time.count()));
  }

  void write(core::WallTime time) {
    write(static_cast<std::int64_t>(time.time_since_epoch().count()));
  }

  template <class T>
  void write(const std::optional<T>& value) {
    put(value ? 1 : 0);
    if (value)
      write(*value);
  }

  template <class T>
  void write(const std::vector<T>& list) {
    varint(list.size());
    for (const auto& item : list)
      write(item);
  }

  void write(const core::orders::FeeTotals& totals) {
    varint(totals.size());
    for (const auto& [asset, amount] : totals) {
      write(asset);
      write(amount);
    }
  }

  template <class T>
    requires std::is_class_v<T>
  void write(const T& record) {
    fields(*this, record);
  }

  unsigned version_;
  std::string bytes_;
  bool enumerators_known_ = true;
};

/// Stops at the first fault; what is read after it has no meaning.
class Reader {
public:
  Reader(std::string_view bytes, unsigned version) : bytes_{bytes}, version_{version} {}

  [[nodiscard]] unsigned version() const noexcept { return version_; }

  template <class T>
  void operator()(std::string_view name, T& value) {
    if (fault_ != nullptr)
      return;
    read(value);
    if (fault_ != nullptr && field_.empty())
      field_ = name; // the innermost one
  }

  void end() {
    if (fault_ == nullptr && at_ != bytes_.size())
      fault_ = "bytes behind the last field";
  }

  /// Null while all is well.
  [[nodiscard]] const char* fault() const noexcept { return fault_; }

  [[nodiscard]] std::string_view field() const noexcept { return field_; }

  [[nodiscard]] std::size_t at() const noexcept { return at_; }

private:
  void refuse(const char* why) noexcept {
    if (fault_ == nullptr)
      fault_ = why;
  }

  std::uint8_t get() noexcept {
    if (fault_ == nullptr && at_ < bytes_.size())
      return static_cast<std::uint8_t>(bytes_[at_++]);
    refuse("cut off");
    return 0;
  }

  Wide varint(unsigned bits_max) noexcept {
    Wide value = 0;
    for (unsigned shift = 0;; shift += varint_bits) {
      const unsigned byte = get();
      const Wide part = byte & 0x7FU;
      if (fault_ != nullptr)
        return 0;
      if (shift >= bits_max
          || (bits_max - shift < varint_bits && (part >> (bits_max - shift)) != 0)) {
        refuse("number too large");
        return 0;
      }
      value |= part << shift;
      if ((byte & varint_more) != 0)
        continue;
      if (byte == 0 && shift != 0)
        refuse("number with needless bytes");
      return value;
    }
  }

  template <class T>
    requires std::is_integral_v<T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = get();
      value = byte == 1;
      if (byte > 1)
        refuse("neither yes nor no");
    } else if constexpr (std::is_signed_v<T>) {
      value = static_cast<T>(unzigzag(varint(std::numeric_limits<T>::digits + 1)));
    } else {
      value = static_cast<T>(varint(std::numeric_limits<T>::digits));
    }
  }

  template <class E>
    requires std::is_enum_v<E>
  void read(E& value) {
    const auto known = from_disk_code<E>(get());
    if (known)
      value = *known;
    else
      refuse("unknown word");
  }

  /// How many items of at least one byte each follow.
  std::size_t count() {
    const auto size = varint(std::numeric_limits<std::uint64_t>::digits);
    if (size <= bytes_.size() - at_)
      return static_cast<std::size_t>(size);
    refuse("length beyond the end");
    return 0;
  }

  void read(std::string& text) {
    const auto size = count();
    if (fault_ != nullptr)
      return;
    text.assign(bytes_.substr(at_, size));
    at_ += size;
  }

  template <class Tag>
  void read(core::TextId<Tag>& id) {
    std::string text;
    read(text);
    id = core::TextId<Tag>{std::move(text)};
  }

  template <class Tag>
  void read(core::Amount<Tag>& amount) {
    read(amount.units);
  }

  void read(core::Money& money) { money.units = unzigzag(varint(wide_bits)); }

  void read(core::Decimal& value) {
    std::int64_t mantissa = 0;
    read(mantissa);
    const int decimals = get();
    const bool normal = decimals == 0 || (decimals <= core::decimals_max && mantissa % 10 != 0);
    if (!normal)
      refuse("not a decimal as we write it");
    else
      value = core::Decimal{mantissa, decimals};
  }

  void read(core::Scale& scale) {
    fields(*this, scale);
    const auto fits = [](int decimals) { return decimals >= 0 && decimals <= core::decimals_max; };
    if (!fits(scale.price_decimals) || !fits(scale.quantity_decimals))
      refuse("scale outside 0 to 18");
  }

  template <class Rep, class Period>
  void read(std::chrono::duration<Rep, Period>& time) {
    std::int64_t count = 0;
    read(count);
    time = std::chrono::duration<Rep, Period>{static_cast<Rep>(count)};
  }

  void read(core::WallTime& time) {
    std::int64_t ns = 0;
    read(ns);
    time = core::WallTime{std::chrono::nanoseconds{ns}};
  }

  template <class T>
  void read(std::optional<T>& value) {
    bool present = false;
    read(present);
    if (present)
      read(value.emplace());
  }

  template <class T>
  void read(std::vector<T>& list) {
    for (auto left = count(); left > 0 && fault_ == nullptr; --left)
      read(list.emplace_back());
  }

  void read(core::orders::FeeTotals& totals) {
    for (auto left = count(); left > 0 && fault_ == nullptr; --left) {
      std::string asset;
      core::Money amount;
      read(asset);
      read(amount);
      if (!totals.empty() && asset <= totals.rbegin()->first)
        refuse("assets out of order");
      totals.emplace_hint(totals.end(), std::move(asset), amount);
    }
  }

  template <class T>
    requires std::is_class_v<T>
  void read(T& record) {
    fields(*this, record);
  }

  std::string_view bytes_;
  unsigned version_;
  std::size_t at_ = 0;
  const char* fault_ = nullptr;
  std::string_view field_;
};

using Decoder = void (*)(Reader&, Record&);

template <std::size_t... Index>
constexpr auto make_decoders(std::index_sequence<Index...>) {
  return std::array<Decoder, sizeof...(Index)>{
      [](Reader& reader, Record& record) { fields(reader, record.emplace<Index>()); }...};
}

constexpr auto decoders = make_decoders(std::make_index_sequence<std::variant_size_v<Record>>{});

} // namespace

core::Result<std::string> encode(const Record& record) {
  Writer writer{record_kinds[record.index()]};
  std::visit([&writer](const auto& value) { fields(writer, value); }, record);
  if (!writer.enumerators_known())
    return fail(Errc::internal, "a value of this record has no word in the journal",
                std::string{name_of(record)});
  auto bytes = writer.take();
  if (bytes.size() > record_bytes_max)
    return fail(Errc::out_of_range,
                "a record of " + std::to_string(bytes.size()) + " bytes, at most "
                    + std::to_string(record_bytes_max) + " fit",
                std::string{name_of(record)});
  return bytes;
}

core::Result<Record> decode(std::string_view bytes) {
  constexpr std::size_t head = 2; // type, version
  if (bytes.size() < head)
    return fail(Errc::malformed, "a record of " + std::to_string(bytes.size()) + " bytes");
  const auto code = static_cast<std::uint8_t>(bytes[0]);
  const auto version = static_cast<std::uint8_t>(bytes[1]);
  for (std::size_t index = 0; index < std::size(record_kinds); ++index) {
    const auto& kind = record_kinds[index];
    if (kind.code != code)
      continue;
    const std::string name{kind.name};
    if (version < 1 || version > kind.version)
      return fail(Errc::malformed, "record type " + name + " in version " + std::to_string(version)
                                       + ", this program reads up to "
                                       + std::to_string(kind.version));
    Reader reader{bytes.substr(head), version};
    Record record;
    decoders.at(index)(reader, record);
    reader.end();
    if (reader.fault() == nullptr)
      return record;
    const std::string field{reader.field().empty() ? "" : "." + std::string{reader.field()}};
    return fail(Errc::malformed, "record type " + name + field + ": " + reader.fault() + " at byte "
                                     + std::to_string(head + reader.at()));
  }
  return fail(Errc::malformed, "unknown record type " + std::to_string(code));
}

std::string_view name_of(const Record& record) noexcept {
  return record_kinds[record.index()].name;
}

} // namespace tandem::adapters::journal
