/// The OpenAPI 3.1 document of the traders' REST interface, made of what the interface itself is
/// made of: the table of operations and the messages of proto/tandem/v1, by the rules of its
/// options.proto. Written by hand is only what surrounds them.
#pragma once

#include <string>
#include <string_view>

namespace tandem::adapters::traders::openapi {

/// @param version of the program. @param mode "mock", "dev" or "prod". Deterministic: the same text
/// for the same arguments.
/// @throws std::logic_error when an operation has no method in the service Trader; a test walks it.
[[nodiscard]] std::string document(std::string_view version, std::string_view mode);

} // namespace tandem::adapters::traders::openapi
