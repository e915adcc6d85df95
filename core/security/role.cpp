/// The names of the roles and the one rule of who may what.
#include "core/security/role.hpp"

#include <algorithm>

namespace tandem::core::security {

std::string_view to_string(Role role) noexcept {
  switch (role) {
  case Role::viewer:
    return "viewer";
  case Role::trader:
    return "trader";
  case Role::risk:
    return "risk";
  case Role::admin:
    return "admin";
  }
  return "";
}

std::optional<Role> parse_role(std::string_view text) noexcept {
  for (const auto role : all_roles)
    if (to_string(role) == text)
      return role;
  return std::nullopt;
}

bool may(Role held, Role needed) noexcept {
  return held == needed || held == Role::admin || needed == Role::viewer;
}

bool may(RoleSet held, Role needed) noexcept {
  return std::any_of(all_roles.begin(), all_roles.end(),
                     [&](Role role) { return held.contains(role) && may(role, needed); });
}

std::string to_string(RoleSet roles) {
  std::string text;
  for (const auto role : all_roles) {
    if (!roles.contains(role))
      continue;
    if (!text.empty())
      text += ',';
    text += to_string(role);
  }
  return text;
}

std::optional<RoleSet> parse_roles(std::string_view text) noexcept {
  RoleSet roles;
  while (true) {
    const auto comma = text.find(',');
    const auto role = parse_role(text.substr(0, comma));
    if (!role || roles.contains(*role))
      return std::nullopt;
    roles.insert(*role);
    if (comma == std::string_view::npos)
      return roles;
    text.remove_prefix(comma + 1);
  }
}

} // namespace tandem::core::security
