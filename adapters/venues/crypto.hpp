/// What venues sign with: HMAC-SHA256, Ed25519 and RSA-SHA256 over OpenSSL, and the alphabets in
/// which a signature travels. It knows no venue and what none of them wants signed.
#pragma once

#include "adapters/transport/url.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::venues {

enum class KeyKind : std::uint8_t { hmac, ed25519, rsa };

/// A secret made ready to sign once, so that a signature costs no parsing. Immutable: any number of
/// threads may sign with it at once. The secret itself is not kept; what OpenSSL derived from it is
/// wiped when the last owner lets go.
class SigningKey {
public:
  /// @param secret any text for HMAC, else a private key as PKCS#8 PEM. Errors: configuration (an
  /// empty text, no PEM, a key of another kind, a PEM under a pass phrase); none quotes the secret.
  [[nodiscard]] static core::Result<std::shared_ptr<const SigningKey>>
  prepare(std::string_view secret);

  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  [[nodiscard]] KeyKind kind() const noexcept { return kind_; }

  /// The signature as every venue here writes it: lower-case hex for HMAC, base64 for the others
  /// (PKCS#1 v1.5 for RSA). HMAC costs well under a microsecond, Ed25519 some 70, RSA-2048 about a
  /// millisecond. Errors: internal (OpenSSL refused).
  [[nodiscard]] core::Result<std::string> sign(std::string_view payload) const;

private:
  struct Parts;

  SigningKey(KeyKind kind, std::unique_ptr<Parts> parts) noexcept;

  [[nodiscard]] static core::Result<std::shared_ptr<const SigningKey>>
  from_text(std::string_view secret);
  [[nodiscard]] static core::Result<std::shared_ptr<const SigningKey>>
  from_pem(std::string_view pem);

  KeyKind kind_;
  std::unique_ptr<Parts> parts_;
};

/// By what a secret looks like: RSA and Ed25519 keys begin as PEM, anything else is an HMAC secret.
/// Parses a PEM (no more than once an account: see Credentials::prepare).
[[nodiscard]] KeyKind kind_of_secret(std::string_view secret) noexcept;

/// Overwrites a secret that is no longer needed, then empties it.
void wipe(std::string& secret) noexcept;

[[nodiscard]] std::string hex(std::string_view bytes);    ///< lower case
[[nodiscard]] std::string base64(std::string_view bytes); ///< with padding

using transport::percent_encoded;

} // namespace tandem::adapters::venues
