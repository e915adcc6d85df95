/// Who may what: the whole table of roles, cell by cell.
#include "core/security/role.hpp"

#include <doctest/doctest.h>

using namespace tandem::core::security;

TEST_CASE("every role reads, only admin does everything, trader and risk exclude each other") {
  struct Row {
    Role held;
    bool viewer, trader, risk, admin;
  };

  for (const auto& row :
       {Row{Role::viewer, true, false, false, false}, Row{Role::trader, true, true, false, false},
        Row{Role::risk, true, false, true, false}, Row{Role::admin, true, true, true, true}}) {
    CAPTURE(to_string(row.held));
    CHECK(may(row.held, Role::viewer) == row.viewer);
    CHECK(may(row.held, Role::trader) == row.trader);
    CHECK(may(row.held, Role::risk) == row.risk);
    CHECK(may(row.held, Role::admin) == row.admin);
    CHECK(may(RoleSet{row.held}, Role::trader) == row.trader);
  }
}

TEST_CASE("a key with several roles may what one of them may, one with none nothing") {
  const RoleSet both{Role::trader, Role::risk};
  CHECK(may(both, Role::trader));
  CHECK(may(both, Role::risk));
  CHECK(may(both, Role::viewer));
  CHECK_FALSE(may(both, Role::admin));
  for (const auto role : all_roles) {
    CHECK_FALSE(may(RoleSet{}, role));
    CHECK(may(RoleSet::all(), role));
  }
}

TEST_CASE("roles are read as they are written and nothing else is a role") {
  for (const auto role : all_roles)
    CHECK(parse_role(to_string(role)) == role);
  for (const auto* text : {"", "Admin", "root", "viewer ", "admin\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_role(text));
  }
  CHECK(to_string(RoleSet{Role::risk, Role::viewer}) == "viewer,risk");
  CHECK(parse_roles("risk,viewer") == RoleSet{Role::viewer, Role::risk});
  for (const auto* text : {"", ",", "viewer,", ",viewer", "viewer,viewer", "viewer, risk", "x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_roles(text));
  }
}
