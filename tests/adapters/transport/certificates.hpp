/// Certificates that tests make for themselves, and files that hold them for as long as a test
/// runs.
#pragma once

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace tandem::adapters::transport::testing {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};

using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;

inline void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  REQUIRE(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct Identity {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate{X509_new()};

  /// @param issuer nullptr = signs itself and is an authority. @param names a subjectAltName value.
  Identity(const char* common_name, const Identity* issuer, const char* names) {
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), issuer != nullptr ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME* name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
    const Identity& by = issuer != nullptr ? *issuer : *this;
    X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
    X509_set_pubkey(x, key.get());
    if (issuer == nullptr)
      extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
    else
      extend(x, issuer->certificate.get(), NID_subject_alt_name, names);
    REQUIRE(X509_sign(x, by.key.get(), EVP_sha256()) > 0);
  }
};

/// A PEM file that is removed with the test.
class PemFile {
public:
  explicit PemFile(const std::function<void(std::FILE*)>& write) {
    std::string name = (std::filesystem::temp_directory_path() / "tandem-pem-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    REQUIRE(fd >= 0);
    std::FILE* file = ::fdopen(fd, "w");
    write(file);
    std::fclose(file);
    path_ = name;
  }

  ~PemFile() { std::filesystem::remove(path_); }

  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

/// The certificate alone.
class CaFile : public PemFile {
public:
  explicit CaFile(const Identity& identity)
      : PemFile{[&](std::FILE* file) { PEM_write_X509(file, identity.certificate.get()); }} {}
};

/// The private key alone, without a pass phrase.
class KeyFile : public PemFile {
public:
  explicit KeyFile(const Identity& identity)
      : PemFile{[&](std::FILE* file) {
          PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        }} {}
};

} // namespace tandem::adapters::transport::testing
