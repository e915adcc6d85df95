/// The roles of an API key and what each may do: one pure rule that every interface asks. Who holds
/// which role is core/security/keys.hpp; which role an operation needs stands in the table of
/// operations.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::security {

/// viewer   reads: prices, pairs, plans, orders, actors, health in detail
/// trader   what viewer may, and orders, plans and pairs
/// risk     what viewer may, and kill switch, breakers, pause, limits
/// admin    everything: also keys, actors, configuration, the audit log
/// Trader and risk do not contain each other: who trades cannot lift a limit, who guards cannot
/// trade. A key that shall do both holds both.
enum class Role : std::uint8_t { viewer, trader, risk, admin };

inline constexpr std::initializer_list<Role> all_roles{Role::viewer, Role::trader, Role::risk,
                                                       Role::admin};

/// "viewer", "trader", "risk", "admin".
[[nodiscard]] std::string_view to_string(Role role) noexcept;

/// The role of exactly that name; nothing for any other text.
[[nodiscard]] std::optional<Role> parse_role(std::string_view text) noexcept;

/// The roles that one key holds. An empty set may nothing.
class RoleSet {
public:
  constexpr RoleSet() noexcept = default;

  constexpr RoleSet(std::initializer_list<Role> roles) noexcept {
    for (const auto role : roles)
      insert(role);
  }

  /// Every role: the caller of a listener without keys.
  [[nodiscard]] static constexpr RoleSet all() noexcept {
    return RoleSet{Role::viewer, Role::trader, Role::risk, Role::admin};
  }

  constexpr void insert(Role role) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | bit_of(role));
  }

  [[nodiscard]] constexpr bool contains(Role role) const noexcept {
    return (bits_ & bit_of(role)) != 0;
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

  friend constexpr bool operator==(RoleSet, RoleSet) noexcept = default;

private:
  [[nodiscard]] static constexpr std::uint8_t bit_of(Role role) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
  }

  std::uint8_t bits_ = 0;
};

/// Whether a caller of this one role may do what needs the other: itself, admin anything, and
/// viewer's reading every role.
[[nodiscard]] bool may(Role held, Role needed) noexcept;

/// Whether one of the held roles may.
[[nodiscard]] bool may(RoleSet held, Role needed) noexcept;

/// "viewer,risk" in the order of the enum; "" for the empty set.
[[nodiscard]] std::string to_string(RoleSet roles);

/// Names separated by commas, no spaces, each at most once; nothing when one is no role, one stands
/// twice, or there is none.
[[nodiscard]] std::optional<RoleSet> parse_roles(std::string_view text) noexcept;

} // namespace tandem::core::security
