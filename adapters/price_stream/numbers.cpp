#include "adapters/price_stream/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tandem::adapters::price_stream {
namespace {

std::string with_point(std::string text) {
  if (text.find_first_of(".en") == std::string::npos)
    text += ".0";
  return text;
}

double nearest(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value); // our own text: always a number
  return value;
}

} // namespace

std::string float_text(const core::Decimal& value) {
  return with_point(value.to_string());
}

std::string float_text(core::Money value) {
  return with_point(core::to_string(value));
}

std::string float_text(double value) {
  if (!std::isfinite(value))
    return "null";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return with_point({text.data(), end});
}

double to_double(const core::Decimal& value) {
  return nearest(value.to_string());
}

double to_double(core::Money value) {
  return nearest(core::to_string(value));
}

} // namespace tandem::adapters::price_stream
