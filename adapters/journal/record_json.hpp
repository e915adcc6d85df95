/// A record as one line of JSON, for the tools: every field under its name on disk, amounts of
/// money as decimal text, prices and quantities in units of the instrument's scale (which the
/// order's record names). Pure.
#pragma once

#include "core/orders/records.hpp"

#include <cstdint>
#include <string>

namespace tandem::adapters::journal {

/// {"sequence":7,"record":"intent",...}, without a line end.
[[nodiscard]] std::string to_json(std::uint64_t sequence, const core::orders::Record& record);

/// `      7 intent      {...}`: the same for people, in columns.
[[nodiscard]] std::string to_text(std::uint64_t sequence, const core::orders::Record& record);

} // namespace tandem::adapters::journal
