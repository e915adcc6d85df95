/// Comparing two fractions exactly, whatever the size of the cross products.
#pragma once

#include "core/types/decimal.hpp"

#include <compare>

namespace tandem::core {

/// a / b <=> c / d for b, d > 0: by cross multiplication, or term by term as continued fractions
/// when the products do not fit 128 bits. Exact either way.
[[nodiscard]] std::strong_ordering compare_fractions(Int128 a, Int128 b, Int128 c,
                                                     Int128 d) noexcept;

} // namespace tandem::core
