#include "adapters/price_stream/symbols.hpp"

#include <algorithm>

namespace tandem::adapters::price_stream {
namespace {

constexpr std::size_t symbol_bytes_min = 2;
constexpr std::size_t symbol_bytes_max = 30;

bool allowed(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

} // namespace

core::Result<core::Symbol> parse_symbol(std::string_view text) {
  if (text.size() < symbol_bytes_min || text.size() > symbol_bytes_max
      || !std::ranges::all_of(text, allowed))
    return core::fail(core::Errc::validation_error,
                      "String should match pattern '" + std::string{symbol_pattern} + "'",
                      "symbol");
  std::string upper{text};
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return core::Symbol{std::move(upper)};
}

std::string stream_name(const core::Symbol& symbol, std::string_view interval) {
  std::string lower = symbol.text();
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower.append("@kline_").append(interval);
}

std::string listed_name(const core::Symbol& symbol, std::string_view interval) {
  return std::string{symbol.text()}.append("@kline_").append(interval);
}

} // namespace tandem::adapters::price_stream
