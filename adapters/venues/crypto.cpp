#include "adapters/venues/crypto.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <span>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::Errc;
using core::Result;

constexpr std::size_t block_size = 64; ///< of SHA-256
constexpr std::size_t digest_size = 32;
constexpr std::size_t secret_chars_max = 16'384; ///< an RSA-4096 key as PEM has about 3'300

template <auto release>
struct Release {
  template <class T>
  void operator()(T* handle) const noexcept {
    release(handle);
  }
};

using Digest = std::unique_ptr<EVP_MD, Release<EVP_MD_free>>;
using DigestState = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO_free_all>>;

using Block = std::array<unsigned char, block_size>;

bool is_pem(std::string_view secret) noexcept {
  return secret.find("-----BEGIN ") != std::string_view::npos;
}

/// No terminal to ask for a pass phrase, and none is wanted.
int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) noexcept {
  return -1;
}

PrivateKey parse_pem(std::string_view pem) noexcept {
  if (pem.size() > secret_chars_max)
    return nullptr;
  const Memory memory{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  PrivateKey key;
  if (memory)
    key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_pass_phrase, nullptr));
  ERR_clear_error(); // OpenSSL's queue belongs to the thread: leave none of ours behind
  return key;
}

/// The state of a digest that has swallowed one block.
DigestState state_after(const EVP_MD* digest, const Block& block) noexcept {
  DigestState state{EVP_MD_CTX_new()};
  if (!state || EVP_DigestInit_ex2(state.get(), digest, nullptr) != 1
      || EVP_DigestUpdate(state.get(), block.data(), block.size()) != 1)
    return nullptr;
  return state;
}

tl::unexpected<core::Error> refused(std::string_view what) {
  ERR_clear_error();
  return core::fail(Errc::internal, "OpenSSL refused to " + std::string{what}, "signing");
}

std::string_view text_of(std::span<const unsigned char> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

struct SigningKey::Parts {
  // HMAC (RFC 2104): both hashes after the block that holds the key, so that a message costs only
  // itself.
  Digest digest;
  DigestState inner, outer;
  // Ed25519 and RSA
  PrivateKey key;
};

SigningKey::SigningKey(KeyKind kind, std::unique_ptr<Parts> parts) noexcept
    : kind_{kind}, parts_{std::move(parts)} {}

SigningKey::~SigningKey() = default;

Result<std::shared_ptr<const SigningKey>> SigningKey::prepare(std::string_view secret) {
  if (secret.empty())
    return core::fail(Errc::configuration, "a key without a secret", "signing");
  return is_pem(secret) ? from_pem(secret) : from_text(secret);
}

Result<std::shared_ptr<const SigningKey>> SigningKey::from_text(std::string_view secret) {
  auto parts = std::make_unique<Parts>();
  parts->digest.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  if (!parts->digest)
    return refused("give SHA-256");
  Block key{};
  unsigned size = 0;
  if (secret.size() <= key.size())
    secret.copy(reinterpret_cast<char*>(key.data()), secret.size());
  else if (EVP_Digest(secret.data(), secret.size(), key.data(), &size, parts->digest.get(), nullptr)
           != 1)
    return refused("hash a long secret");
  Block inner = key, outer = key;
  for (auto& byte : inner)
    byte ^= 0x36;
  for (auto& byte : outer)
    byte ^= 0x5c;
  parts->inner = state_after(parts->digest.get(), inner);
  parts->outer = state_after(parts->digest.get(), outer);
  for (auto* block : {&key, &inner, &outer})
    OPENSSL_cleanse(block->data(), block->size());
  if (!parts->inner || !parts->outer)
    return refused("prepare an HMAC key");
  return std::shared_ptr<const SigningKey>{new SigningKey{KeyKind::hmac, std::move(parts)}};
}

Result<std::shared_ptr<const SigningKey>> SigningKey::from_pem(std::string_view pem) {
  auto parts = std::make_unique<Parts>();
  parts->key = parse_pem(pem);
  if (!parts->key)
    return core::fail(Errc::configuration, "no private key in PKCS#8 PEM without a pass phrase",
                      "signing");
  const int id = EVP_PKEY_get_base_id(parts->key.get());
  if (id != EVP_PKEY_ED25519 && id != EVP_PKEY_RSA)
    return core::fail(Errc::configuration, "a private key that is neither Ed25519 nor RSA",
                      "signing");
  const auto kind = id == EVP_PKEY_RSA ? KeyKind::rsa : KeyKind::ed25519;
  return std::shared_ptr<const SigningKey>{new SigningKey{kind, std::move(parts)}};
}

Result<std::string> SigningKey::sign(std::string_view payload) const {
  DigestState state{EVP_MD_CTX_new()};
  if (!state)
    return refused("allocate");
  if (kind_ == KeyKind::hmac) {
    std::array<unsigned char, digest_size> digest{};
    unsigned size = 0;
    if (EVP_MD_CTX_copy_ex(state.get(), parts_->inner.get()) != 1
        || EVP_DigestUpdate(state.get(), payload.data(), payload.size()) != 1
        || EVP_DigestFinal_ex(state.get(), digest.data(), &size) != 1
        || EVP_MD_CTX_copy_ex(state.get(), parts_->outer.get()) != 1
        || EVP_DigestUpdate(state.get(), digest.data(), digest.size()) != 1
        || EVP_DigestFinal_ex(state.get(), digest.data(), &size) != 1)
      return refused("sign");
    return hex(text_of(digest));
  }
  // Ed25519 hashes by itself: naming a digest would be an error.
  const char* digest = kind_ == KeyKind::rsa ? "SHA256" : nullptr;
  const auto* bytes = reinterpret_cast<const unsigned char*>(payload.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit_ex(state.get(), nullptr, digest, nullptr, nullptr, parts_->key.get(),
                            nullptr)
          != 1
      || EVP_DigestSign(state.get(), nullptr, &size, bytes, payload.size()) != 1)
    return refused("begin a signature");
  std::string signature(size, '\0');
  if (EVP_DigestSign(state.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                     payload.size())
      != 1)
    return refused("sign");
  signature.resize(size);
  return base64(signature);
}

KeyKind kind_of_secret(std::string_view secret) noexcept {
  if (!is_pem(secret))
    return KeyKind::hmac;
  const PrivateKey key = parse_pem(secret);
  return key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA ? KeyKind::rsa : KeyKind::ed25519;
}

void wipe(std::string& secret) noexcept {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  // EVP_EncodeBlock ends its text with a zero byte.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

} // namespace tandem::adapters::venues
