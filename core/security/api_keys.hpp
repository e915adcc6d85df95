/// The keys of our own interfaces: what is known of each, and whether a token is one of them. Only
/// a digest of a secret is ever here. (Keys of the venues are another matter:
/// adapters/venues/key_ring.)
#pragma once

#include "core/result.hpp"
#include "core/security/digest.hpp"
#include "core/security/role.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::security {

inline constexpr std::size_t api_keys_max = 1'000;
inline constexpr std::size_t key_id_size = 12;     ///< lower-case hexadecimal digits
inline constexpr std::size_t key_secret_size = 64; ///< the same: 256 bits of randomness
inline constexpr std::size_t key_name_size_max = 64;

struct ApiKey {
  std::string id;     ///< key_id_size digits; public, stands in logs and in the audit log
  std::string name;   ///< whose it is; see is_key_name
  Digest secret{};    ///< secret_digest of id and secret
  RoleSet roles;      ///< never empty
  WallTime created{}; ///< whole milliseconds, as all three
  std::optional<WallTime> expires{}; ///< from then on it is refused
  std::optional<WallTime> revoked{};

  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

/// 1 to key_name_size_max letters, digits, '.', '_', '-', '@'; not "api", "local" or
/// "unknown", which stand for callers without a key.
[[nodiscard]] bool is_key_name(std::string_view name) noexcept;

/// key_id_size digits 0-9a-f.
[[nodiscard]] bool is_key_id(std::string_view id) noexcept;

/// What a client sends: "tk_<id>_<secret>". Views of the text it was read from.
struct Token {
  std::string_view id, secret;
};

[[nodiscard]] std::optional<Token> parse_token(std::string_view text) noexcept;

/// A secret is 256 random bits, so that one round is enough: there is nothing to guess. The id is
/// in it, so that a line of the key file cannot be given another secret's digest unnoticed.
[[nodiscard]] Digest secret_digest(std::string_view id, std::string_view secret,
                                   const Sha256& sha256);

/// A new key and the token that its owner is told once.
struct NewKey {
  ApiKey key;
  std::string token;
};

/// @param random 64 bits each, from a source that cannot be foretold. Errors: validation_error
/// (name, no role, expiry that is not later than now).
[[nodiscard]] Result<NewKey> make_key(std::string name, RoleSet roles, WallTime now,
                                      std::optional<WallTime> expires,
                                      const std::function<std::uint64_t()>& random,
                                      const Sha256& sha256);

/// All keys of an engine; immutable while it is used, so a changed file is a new one of these.
class ApiKeys {
public:
  ApiKeys() = default;

  /// @param keys with ids that differ.
  explicit ApiKeys(std::vector<ApiKey> keys);

  /// The key of this token. Error: unauthenticated, for an unknown id in the same words and the
  /// same work as for a wrong secret; that a key has expired or was revoked learns only who has its
  /// secret.
  [[nodiscard]] Result<ApiKey> verify(std::string_view token, WallTime now,
                                      const Sha256& sha256) const;

  [[nodiscard]] const std::map<std::string, ApiKey, std::less<>>& all() const noexcept {
    return keys_;
  }

private:
  std::map<std::string, ApiKey, std::less<>> keys_;
};

} // namespace tandem::core::security
