#include "apps/tandem_sim/binance_signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

namespace tandem::sim {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Nullopt when it is no base64 with its padding.
std::optional<std::vector<unsigned char>> base64_decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return std::nullopt;
  std::vector<unsigned char> out(text.size() / 4 * 3);
  const auto size = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  const auto padding = text.ends_with("==") ? 2U : text.ends_with("=") ? 1U : 0U;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

bool ed25519_right(std::string_view public_key, std::string_view payload,
                   std::string_view signature) {
  constexpr std::size_t signature_bytes = 64;
  const auto der = base64_decoded(public_key);
  const auto bytes = base64_decoded(signature);
  if (!der || !bytes || bytes->size() != signature_bytes)
    return false;
  const unsigned char* at = der->data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())), EVP_PKEY_free};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free};
  if (key == nullptr || EVP_PKEY_base_id(key.get()) != EVP_PKEY_ED25519 || context == nullptr
      || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1)
    return false;
  return EVP_DigestVerify(context.get(), bytes->data(), bytes->size(),
                          reinterpret_cast<const unsigned char*>(payload.data()), payload.size())
         == 1;
}

/// The form without its "signature=...".
std::string unsigned_form(std::string_view form) {
  std::string out;
  while (!form.empty()) {
    const auto end = std::min(form.find('&'), form.size());
    const auto part = form.substr(0, end);
    if (!part.starts_with("signature=")) {
      if (!out.empty())
        out += '&';
      out += part;
    }
    form.remove_prefix(std::min(end + 1, form.size()));
  }
  return out;
}

} // namespace

std::string binance_hmac(std::string_view secret, std::string_view payload) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), digest.data(),
       &size);
  constexpr std::string_view digits{"0123456789abcdef"};
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4U];
    out += digits[digest[i] & 15U];
  }
  return out;
}

bool signature_right(const ApiKey& key, std::string_view payload, std::string_view signature) {
  if (!key.public_key.empty())
    return ed25519_right(key.public_key, payload, signature);
  std::string given{signature};
  std::ranges::transform(given, given.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto right = binance_hmac(key.secret, payload);
  return given.size() == right.size()
         && CRYPTO_memcmp(given.data(), right.data(), right.size()) == 0;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const bool whole = i + 2 < text.size();
    const int high = whole ? hex_value(text[i + 1]) : -1;
    const int low = whole ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool add_params(BinanceParams& params, std::string_view form) {
  while (!form.empty()) {
    const auto end = std::min(form.find('&'), form.size());
    const auto part = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (part.empty())
      continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto name = percent_decoded(part.substr(0, equals));
    const auto value = percent_decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value)
      return false;
    const bool there
        = std::ranges::any_of(params, [&](const auto& each) { return each.first == *name; });
    if (!there)
      params.emplace_back(*name, *value);
  }
  return true;
}

std::string rest_payload(std::string_view query, std::string_view body) {
  return unsigned_form(query) + unsigned_form(body);
}

std::string socket_payload(BinanceParams params) {
  std::erase_if(params, [](const auto& each) { return each.first == "signature"; });
  std::ranges::sort(params);
  std::string out;
  for (const auto& [name, value] : params)
    out += (out.empty() ? "" : "&") + name + '=' + value;
  return out;
}

} // namespace tandem::sim
