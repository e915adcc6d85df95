/// The gRPC code of each public error code, beside core/error.hpp's HTTP status: the one table.
#pragma once

#include "core/error.hpp"

#include <optional>
#include <string_view>

namespace tandem::core {

/// As a number (google.rpc.Code); an internal code has that of its public one.
[[nodiscard]] int grpc_status(Errc code) noexcept;

/// The public code of exactly that name ("NOT_FOUND"); nothing for any other text.
[[nodiscard]] std::optional<Errc> parse_public_code(std::string_view name) noexcept;

} // namespace tandem::core
