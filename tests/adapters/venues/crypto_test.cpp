/// Signatures against published answers and against OpenSSL's own one-shot call, and every secret
/// that must be refused without being quoted.
#include "adapters/venues/crypto.hpp"

#include "adapters/venues/trading.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;

/// RFC 8032, section 7.1, test 1.
constexpr auto ed25519_pem = "-----BEGIN PRIVATE KEY-----\n"
                             "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                             "-----END PRIVATE KEY-----\n";

/// A key that signs nothing here: an elliptic curve of another kind.
constexpr auto x25519_pem = "-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
                            "-----END PRIVATE KEY-----\n";

std::string one_shot_hmac(const std::string& secret, const std::string& payload) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), digest.data(),
       &size);
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

} // namespace

TEST_CASE("an HMAC is the one RFC 4231 publishes") {
  struct Case {
    std::string key, data, expected;
  };

  // Test cases 1, 2 and 6: a short key, a readable one, and one longer than a block.
  for (const auto& [key, data, expected] :
       {Case{std::string(20, '\x0b'), "Hi There",
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        Case{"Jefe", "what do ya want for nothing?",
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        Case{std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}}) {
    const auto prepared = SigningKey::prepare(key);
    REQUIRE(prepared);
    CHECK((*prepared)->kind() == KeyKind::hmac);
    CHECK((*prepared)->sign(data) == expected);
  }
}

TEST_CASE("a prepared HMAC key gives what OpenSSL's own call gives, at every length") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const auto bytes = [&random](std::size_t size) {
    std::string text(size, '\0');
    for (auto& c : text)
      c = static_cast<char>(random());
    return text;
  };
  for (std::size_t size = 1; size <= 200; ++size) {
    const auto secret = bytes(size);
    const auto payload = bytes(random() % 400);
    const auto key = SigningKey::prepare(secret);
    REQUIRE(key);
    CHECK((*key)->sign(payload) == one_shot_hmac(secret, payload));
    CHECK((*key)->sign(payload) == one_shot_hmac(secret, payload)); // the key is not used up
  }
}

TEST_CASE("an Ed25519 signature of nothing is the one RFC 8032 publishes") {
  const auto key = SigningKey::prepare(ed25519_pem);
  REQUIRE(key);
  CHECK((*key)->kind() == KeyKind::ed25519);
  // e5564300c360ac72...5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b as base64
  CHECK((*key)->sign("")
        == "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv1"
           "8FlbviRlUUFDjnoQCw==");
}

TEST_CASE("a secret that is no key is refused without being quoted") {
  const std::string truncated = std::string{ed25519_pem}.substr(0, 60);
  const std::string encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQ==\n"
                                "-----END ENCRYPTED PRIVATE KEY-----\n";
  const std::string huge = std::string{ed25519_pem} + std::string(20'000, 'A');
  for (const auto& secret : {std::string{}, truncated, encrypted, huge, std::string{x25519_pem},
                             std::string{"-----BEGIN PRIVATE KEY-----"},
                             std::string{"-----BEGIN CERTIFICATE-----\nMIIB\n"}}) {
    const auto key = SigningKey::prepare(secret);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == Errc::configuration);
    CHECK(key.error().detail.find("BEGIN") == std::string::npos);
    CHECK(key.error().detail.find("MC4C") == std::string::npos);
  }
}

TEST_CASE("credentials drop their secret once it is prepared, and sign the same") {
  Credentials keys{"key", "secret", {}, {}};
  const auto slow = keys.sign("payload");
  REQUIRE(slow);
  CHECK(keys.kind() == KeyKind::hmac);
  REQUIRE(keys.prepare());
  CHECK(keys.secret.empty());
  CHECK(keys.complete());
  CHECK(keys.sign("payload") == *slow);
  CHECK(keys.kind() == KeyKind::hmac);
  CHECK(keys.prepare()); // once more changes nothing
  CHECK(keys.sign("payload") == *slow);

  Credentials pem{"key", ed25519_pem, {}, {}};
  CHECK(pem.kind() == KeyKind::ed25519);
  Credentials bad{"key", x25519_pem, {}, {}};
  CHECK_FALSE(bad.prepare());
  CHECK(bad.secret == x25519_pem); // nothing changed
  CHECK_FALSE(bad.sign("payload"));
  CHECK_FALSE((Credentials{"", "secret", {}, {}}.complete()));
  CHECK_FALSE((Credentials{"key", "", {}, {}}.complete()));
}

TEST_CASE("one prepared key serves several threads at once") {
  const auto key = *SigningKey::prepare("shared secret");
  const auto expected = one_shot_hmac("shared secret", "payload");
  std::vector<int> wrong(4);
  {
    std::vector<std::jthread> threads;
    for (auto& count : wrong)
      threads.emplace_back([&count, &key, &expected] {
        for (int n = 0; n < 2'000; ++n)
          count += key->sign("payload") == expected ? 0 : 1;
      });
  }
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("signatures travel as hex, base64 or percent-encoded") {
  CHECK(hex(std::string{"\x00\xff\x1a", 3}) == "00ff1a");
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(percent_encoded("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encoded("a+b/c=") == "a%2Bb%2Fc%3D");
  CHECK(percent_encoded("１") == "%EF%BC%91");
  std::string secret{"secret"};
  wipe(secret);
  CHECK(secret.empty());
}
