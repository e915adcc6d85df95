/// Keys: what is kept of one, which tokens are taken and which are not.
#include "core/security/api_keys.hpp"

#include "tests/core/security/support.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace tandem::core;
using namespace tandem::core::security;
using namespace tandem::core::security::testing;

namespace {

NewKey key_of(std::uint64_t seed, RoleSet roles = {Role::trader},
              std::optional<WallTime> expires = std::nullopt) {
  auto made = make_key("desk", roles, noon, expires, draws(seed), mix);
  REQUIRE(made);
  return *std::move(made);
}

} // namespace

TEST_CASE("a key's token is its id and 256 random bits, and only a digest of them is kept") {
  const auto made = key_of(1);
  CHECK(made.token.size() == 80);
  const auto token = parse_token(made.token);
  REQUIRE(token);
  CHECK(token->id == made.key.id);
  CHECK(token->secret.size() == 64);
  CHECK(made.key.secret == secret_digest(token->id, token->secret, mix));
  CHECK(to_hex(made.key.secret).find(token->secret) == std::string::npos);
  std::set<std::string> tokens;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed)
    tokens.insert(key_of(seed).token);
  CHECK(tokens.size() == 1'000);
}

TEST_CASE("a key's own token is taken and shows name and roles") {
  const auto made = key_of(1, {Role::trader, Role::risk});
  const ApiKeys keys{{made.key, key_of(2).key}};
  const auto found = keys.verify(made.token, noon, mix);
  REQUIRE(found);
  CHECK(*found == made.key);
}

TEST_CASE("a wrong secret and an unknown id are refused in the same words") {
  const auto made = key_of(1);
  const ApiKeys keys{{made.key}};
  const auto stranger = keys.verify(key_of(9).token, noon, mix);
  auto changed = made.token;
  for (const std::size_t at : {std::size_t{16}, std::size_t{40}, std::size_t{79}}) {
    changed = made.token;
    changed[at] = changed[at] == '0' ? '1' : '0';
    const auto wrong = keys.verify(changed, noon, mix);
    REQUIRE_FALSE(wrong);
    REQUIRE_FALSE(stranger);
    CHECK(wrong.error().code == Errc::unauthenticated);
    CHECK(wrong.error().detail == stranger.error().detail);
    CHECK(wrong.error().source.empty());
    CHECK(wrong.error().detail.find(changed.substr(16)) == std::string::npos);
  }
  SUBCASE("a key whose digest is all zero cannot be met by the stand-in for no key") {
    CHECK_FALSE(ApiKeys{}.verify(made.token, noon, [](std::string_view) { return Digest{}; }));
  }
}

TEST_CASE("another key's secret does not open a key, though its digest were copied there") {
  const auto mine = key_of(1);
  auto theirs = key_of(2).key;
  theirs.secret = mine.key.secret;
  const ApiKeys keys{{theirs}};
  const auto forged = "tk_" + theirs.id + "_" + std::string{parse_token(mine.token)->secret};
  CHECK_FALSE(keys.verify(forged, noon, mix));
}

TEST_CASE("what is no token is refused") {
  const auto made = key_of(1);
  const ApiKeys keys{{made.key}};
  const auto& token = made.token;
  for (const auto& text :
       {std::string{}, std::string{"tk_"}, token.substr(1), token + "0", token.substr(0, 79),
        "TK_" + token.substr(3), token.substr(0, 15) + "-" + token.substr(16),
        token.substr(0, 79) + "G", token.substr(0, 79) + std::string(1, '\0'),
        std::string(10'000, 'a'), " " + token}) {
    CAPTURE(text);
    CHECK_FALSE(keys.verify(text, noon, mix));
  }
}

TEST_CASE("an expired or revoked key is refused, and only its owner learns why") {
  const auto made = key_of(1, {Role::viewer}, noon + 1h);
  const ApiKeys keys{{made.key}};
  CHECK(keys.verify(made.token, noon + 1h - 1ns, mix));
  const auto late = keys.verify(made.token, noon + 1h, mix);
  REQUIRE_FALSE(late);
  CHECK(late.error().detail == "the API key has expired");
  CHECK(late.error().source == made.key.id);

  auto revoked = made.key;
  revoked.revoked = noon;
  const ApiKeys after{{revoked}};
  const auto gone = after.verify(made.token, noon, mix);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().detail == "the API key was revoked");
  auto guess = made.token;
  guess.back() = guess.back() == '0' ? '1' : '0';
  CHECK(after.verify(guess, noon, mix).error().detail == "the API key is not valid");
}

TEST_CASE("a key needs a name, a role and a future") {
  for (const auto* name : {"", "api", "local", "unknown", "two words", "a/b", "\n"}) {
    CAPTURE(name);
    CHECK(make_key(name, {Role::viewer}, noon, {}, draws(1), mix).error().source == "name");
  }
  CHECK(make_key(std::string(65, 'a'), {Role::viewer}, noon, {}, draws(1), mix).error().source
        == "name");
  CHECK(make_key("desk", {}, noon, {}, draws(1), mix).error().source == "roles");
  CHECK(make_key("desk", {Role::viewer}, noon, noon, draws(1), mix).error().source == "expires");
}
