#include "adapters/venues/json_object.hpp"

#include <algorithm>
#include <array>

namespace tandem::adapters::venues {
namespace {

namespace dom = simdjson::dom;
using core::Decimal;

constexpr std::size_t long_names_max = 96; ///< an order of any venue has fewer than 60 members

/// False when a name occurs twice. Names of one letter, the most on the streams, cost a bit each.
bool says_once(const dom::object& object) {
  std::uint64_t letters = 0;
  std::array<std::string_view, long_names_max> names;
  std::size_t count = 0;
  for (const auto field : object) {
    if (field.key.size() == 1 && ((field.key[0] | 0x20) >= 'a' && (field.key[0] | 0x20) <= 'z')) {
      const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned>(field.key[0]) - 'A');
      if ((letters & bit) != 0)
        return false;
      letters |= bit;
      continue;
    }
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
    if (count == names.size() || std::find(names.begin(), end, field.key) != end)
      return false;
    names[count++] = field.key;
  }
  return true;
}

} // namespace

std::optional<Object> Object::of(simdjson::simdjson_result<dom::element> element) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS || !says_once(object))
    return std::nullopt;
  return Object{object};
}

bool Object::has(std::string_view key) const {
  return object_.at_key(key).error() == simdjson::SUCCESS;
}

simdjson::simdjson_result<dom::element> Object::at(std::string_view key) const {
  return object_.at_key(key);
}

std::optional<Object> Object::object(std::string_view key) const {
  return of(at(key));
}

std::optional<dom::array> Object::array(std::string_view key) const {
  dom::array array;
  if (at(key).get_array().get(array) != simdjson::SUCCESS)
    return std::nullopt;
  return array;
}

std::optional<std::string_view> Object::text(std::string_view key) const {
  std::string_view text;
  if (at(key).get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  return text;
}

std::optional<std::int64_t> Object::integer(std::string_view key) const {
  std::int64_t value = 0;
  if (at(key).get_int64().get(value) != simdjson::SUCCESS)
    return std::nullopt;
  return value;
}

std::optional<bool> Object::flag(std::string_view key) const {
  bool value = false;
  if (at(key).get_bool().get(value) != simdjson::SUCCESS)
    return std::nullopt;
  return value;
}

std::optional<Decimal> Object::amount(std::string_view key) const {
  const auto raw = text(key);
  if (!raw)
    return std::nullopt;
  const auto value = Decimal::parse(*raw);
  if (!value || value->is_negative())
    return std::nullopt;
  return *value;
}

std::optional<core::Money> Object::money(std::string_view key) const {
  const auto raw = text(key);
  if (!raw)
    return std::nullopt;
  const auto value = core::parse_money(*raw);
  if (!value)
    return std::nullopt;
  return *value;
}

} // namespace tandem::adapters::venues
