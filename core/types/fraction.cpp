#include "core/types/fraction.hpp"

#include <utility>

namespace tandem::core {

std::strong_ordering compare_fractions(Int128 a, Int128 b, Int128 c, Int128 d) noexcept {
  for (;;) {
    Int128 left = 0;
    Int128 right = 0;
    const bool too_large
        = __builtin_mul_overflow(a, d, &left) || __builtin_mul_overflow(c, b, &right);
    if (!too_large)
      return left <=> right;
    const Int128 whole_left = divide(a, b, Rounding::down);
    const Int128 whole_right = divide(c, d, Rounding::down);
    if (whole_left != whole_right)
      return whole_left <=> whole_right;
    a -= whole_left * b;
    c -= whole_right * d;
    if (a == 0 || c == 0)
      return a <=> c;
    // Of two fractions below 1 the smaller one has the larger inverse.
    std::swap(a, d);
    std::swap(b, c);
  }
}

} // namespace tandem::core
