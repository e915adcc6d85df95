#include "core/sinks/record.hpp"

namespace tandem::core::sinks {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
  case Kind::trade:
    return "trade";
  case Kind::kline:
    return "kline";
  case Kind::ticker:
    return "ticker";
  case Kind::opportunity:
    return "opportunity";
  case Kind::alert:
    return "alert";
  case Kind::order:
    return "order";
  case Kind::fill:
    return "fill";
  case Kind::execution:
    return "execution";
  case Kind::plan:
    return "plan";
  }
  return "alert";
}

std::optional<Kind> parse_kind(std::string_view word) noexcept {
  for (const auto kind : all_kinds)
    if (to_string(kind) == word)
      return kind;
  return std::nullopt;
}

} // namespace tandem::core::sinks
