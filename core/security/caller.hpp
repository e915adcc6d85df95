/// Who asks the engine for something, as the interface found out.
#pragma once

#include "core/security/role.hpp"

#include <string>

namespace tandem::core::security {

struct Caller {
  std::string name;       ///< of the key; "api" on a listener that asks for none
  RoleSet roles;          ///< what the key may; all on a listener that asks for none
  std::string address;    ///< host the request came from
  std::string request_id; ///< of this one request, in answers, logs and the audit log
  std::string key_id{};   ///< public id of the key; empty on a listener that asks for none
};

} // namespace tandem::core::security
