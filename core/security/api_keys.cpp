#include "core/security/api_keys.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tandem::core::security {
namespace {

constexpr std::string_view token_mark = "tk_";
constexpr std::array<std::string_view, 3> reserved_names{"api", "local", "unknown"};

bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string hex_of(std::size_t size, const std::function<std::uint64_t()>& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t digits_per_draw = 16;
  std::string text;
  while (text.size() < size) {
    auto bits = random();
    for (std::size_t i = 0; i < digits_per_draw && text.size() < size; ++i, bits >>= 4U)
      text += digits[bits & 15U];
  }
  return text;
}

} // namespace

bool is_key_name(std::string_view name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-' || c == '@';
  };
  return !name.empty() && name.size() <= key_name_size_max
         && std::all_of(name.begin(), name.end(), allowed)
         && std::find(reserved_names.begin(), reserved_names.end(), name) == reserved_names.end();
}

bool is_key_id(std::string_view id) noexcept {
  return id.size() == key_id_size && is_hex(id);
}

std::optional<Token> parse_token(std::string_view text) noexcept {
  if (text.size() != token_mark.size() + key_id_size + 1 + key_secret_size
      || !text.starts_with(token_mark))
    return std::nullopt;
  text.remove_prefix(token_mark.size());
  const Token token{text.substr(0, key_id_size), text.substr(key_id_size + 1)};
  if (text[key_id_size] != '_' || !is_hex(token.id) || !is_hex(token.secret))
    return std::nullopt;
  return token;
}

Digest secret_digest(std::string_view id, std::string_view secret, const Sha256& sha256) {
  return sha256("tandem api key " + std::string{id} + " " + std::string{secret});
}

Result<NewKey> make_key(std::string name, RoleSet roles, WallTime now,
                        std::optional<WallTime> expires,
                        const std::function<std::uint64_t()>& random, const Sha256& sha256) {
  if (!is_key_name(name))
    return fail(Errc::validation_error,
                "must be 1 to 64 letters, digits, '.', '_', '-', '@', and none of 'api', "
                "'local', 'unknown'",
                "name");
  if (roles.empty())
    return fail(Errc::validation_error, "a key needs a role", "roles");
  if (expires && *expires <= now)
    return fail(Errc::validation_error, "must lie in the future", "expires");
  const auto id = hex_of(key_id_size, random);
  const auto secret = hex_of(key_secret_size, random);
  const auto whole = [](WallTime time) {
    return WallTime{std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch())};
  };
  if (expires)
    expires = whole(*expires);
  return NewKey{{id, std::move(name), secret_digest(id, secret, sha256), roles, whole(now), expires,
                 std::nullopt},
                std::string{token_mark} + id + "_" + secret};
}

ApiKeys::ApiKeys(std::vector<ApiKey> keys) {
  for (auto& key : keys) {
    auto id = key.id;
    keys_.emplace(std::move(id), std::move(key));
  }
}

Result<ApiKey> ApiKeys::verify(std::string_view token, WallTime now, const Sha256& sha256) const {
  const auto refused = fail(Errc::unauthenticated, "the API key is not valid");
  const auto parts = parse_token(token);
  if (!parts)
    return refused;
  const auto found = keys_.find(parts->id);
  const auto given = secret_digest(parts->id, parts->secret, sha256);
  // Compared even when there is no such key: the time must not say which ids exist.
  const bool right = same(given, found == keys_.end() ? Digest{} : found->second.secret);
  if (!right || found == keys_.end())
    return refused;
  const auto& key = found->second;
  if (key.revoked)
    return fail(Errc::unauthenticated, "the API key was revoked", key.id);
  if (key.expires && now >= *key.expires)
    return fail(Errc::unauthenticated, "the API key has expired", key.id);
  return key;
}

} // namespace tandem::core::security
