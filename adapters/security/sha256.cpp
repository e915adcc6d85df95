#include "adapters/security/sha256.hpp"

#include "core/ensure.hpp"

#include <openssl/evp.h>

namespace tandem::adapters::security {

core::security::Digest sha256(std::string_view bytes) {
  core::security::Digest digest{};
  unsigned size = 0;
  const int done
      = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  TANDEM_ENSURE(done == 1 && size == digest.size());
  return digest;
}

} // namespace tandem::adapters::security
