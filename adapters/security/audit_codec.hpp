/// Audit records as JSON objects of one line. Pure.
#pragma once

#include "core/result.hpp"
#include "core/security/audit.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::security {

/// @return one object without line breaks; empty parts are left out.
[[nodiscard]] std::string write_audit(const core::security::AuditRecord& record);

/// What write_audit wrote. Error: malformed.
[[nodiscard]] core::Result<core::security::AuditRecord> read_audit(std::string_view json);

} // namespace tandem::adapters::security
