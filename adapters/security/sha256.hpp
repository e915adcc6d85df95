/// SHA-256 by OpenSSL: what core/security is handed.
#pragma once

#include "core/security/digest.hpp"

namespace tandem::adapters::security {

/// Thread safe.
[[nodiscard]] core::security::Digest sha256(std::string_view bytes);

} // namespace tandem::adapters::security
