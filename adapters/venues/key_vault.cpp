#include "adapters/venues/key_vault.hpp"

#include "adapters/venues/crypto.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::Errc;
using core::fail;

constexpr std::string_view magic = "TDVAULT1";
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t file_max = 1U << 20U;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

core::Error disk(const std::string& path, const char* what) {
  return {Errc::internal, std::string{what} + ": " + std::generic_category().message(errno), path};
}

/// Nullopt in the value: there is no such file.
core::Result<std::optional<std::string>> read_file(const std::string& path, bool private_only) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return errno == ENOENT
               ? core::Result<std::optional<std::string>>{std::nullopt}
               : core::Result<std::optional<std::string>>{tl::unexpected{disk(path, "open")}};

  struct stat about {};

  std::string text(file_max, '\0');
  const bool known = ::fstat(file, &about) == 0;
  const auto got = ::read(file, text.data(), text.size());
  ::close(file);
  if (!known || got < 0)
    return tl::unexpected{disk(path, "read")};
  if (private_only && (about.st_mode & 077U) != 0)
    return fail(Errc::configuration, "others may read it: chmod 600", path);
  text.resize(static_cast<std::size_t>(got));
  return std::optional{std::move(text)};
}

/// Whole or not at all, with mode 0600, on the disk when it returns.
core::Status write_file(const std::string& path, std::string_view text) {
  const auto fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    return tl::unexpected{disk(fresh, "open")};
  const bool written
      = ::fchmod(file, 0600) == 0
        && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size())
        && ::fsync(file) == 0;
  const auto problem = disk(fresh, "write");
  ::close(file);
  if (!written)
    return tl::unexpected{problem};
  if (std::rename(fresh.c_str(), path.c_str()) != 0)
    return tl::unexpected{disk(path, "rename")};
  return {};
}

void put_text(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xffU);
  out += text;
}

std::optional<std::string> take_text(std::string_view& in) {
  if (in.size() < 4)
    return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size = (size << 8U) | static_cast<unsigned char>(in[i]);
  in.remove_prefix(4);
  if (in.size() < size)
    return std::nullopt;
  std::string text{in.substr(0, size)};
  in.remove_prefix(size);
  return text;
}

std::string pack(const KeyVault::Keys& keys) {
  std::string out;
  for (const auto& [venue, key] : keys)
    for (const auto& part : {venue.text(), key.api_key, key.secret, key.passphrase})
      put_text(out, part);
  return out;
}

std::optional<KeyVault::Keys> unpack(std::string_view in) {
  KeyVault::Keys keys;
  while (!in.empty()) {
    auto venue = take_text(in), api_key = take_text(in), secret = take_text(in),
         passphrase = take_text(in);
    if (!passphrase)
      return std::nullopt;
    keys[core::VenueId{*venue}] = {*std::move(api_key), *std::move(secret), *std::move(passphrase)};
  }
  return keys;
}

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

/// magic, nonce, ciphertext, tag; the magic is authenticated too. Empty: OpenSSL refused.
std::string seal(const unsigned char* key, std::string_view nonce, std::string_view plain) {
  std::string sealed(plain.size(), '\0'), tag(tag_size, '\0');
  const Cipher cipher{EVP_CIPHER_CTX_new()};
  int size = 0;
  const bool done
      = cipher && nonce.size() == nonce_size
        && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key, bytes(nonce)) == 1
        && EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(magic),
                             static_cast<int>(magic.size()))
               == 1
        && EVP_EncryptUpdate(cipher.get(), bytes(sealed), &size, bytes(plain),
                             static_cast<int>(plain.size()))
               == 1
        && EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1
        && EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, tag.data()) == 1;
  return done ? std::string{magic} + std::string{nonce} + sealed + tag : std::string{};
}

std::optional<std::string> unseal(const unsigned char* key, std::string_view file) {
  if (file.size() < magic.size() + nonce_size + tag_size || !file.starts_with(magic))
    return std::nullopt;
  const auto nonce = file.substr(magic.size(), nonce_size);
  std::string tag{file.substr(file.size() - tag_size)};
  const auto sealed
      = file.substr(magic.size() + nonce_size, file.size() - magic.size() - nonce_size - tag_size);
  std::string plain(sealed.size(), '\0');
  const Cipher cipher{EVP_CIPHER_CTX_new()};
  int size = 0;
  const bool done
      = cipher
        && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key, bytes(nonce)) == 1
        && EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes(magic),
                             static_cast<int>(magic.size()))
               == 1
        && EVP_DecryptUpdate(cipher.get(), bytes(plain), &size, bytes(sealed),
                             static_cast<int>(sealed.size()))
               == 1
        && EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1
        && EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) == 1;
  if (!done)
    return std::nullopt;
  return plain;
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

} // namespace

core::Result<Credentials> credentials_of(const StoredKey& key) {
  Credentials made;
  made.api_key = key.api_key;
  made.secret = key.secret;
  made.passphrase = key.passphrase;
  if (const auto ready = made.prepare(); !ready)
    return tl::unexpected{ready.error()};
  return made;
}

core::Result<std::shared_ptr<KeyVault>>
KeyVault::open(const std::string& directory, const std::string& master, RandomBytes random) {
  const std::shared_ptr<KeyVault> vault{new KeyVault{directory, std::move(random)}};
  vault->master_text_ = master;
  if (!master.empty())
    if (const auto key = vault->master_key(); !key)
      return tl::unexpected{key.error()};
  const auto path = directory + "/api_keys.vault";
  const auto file = read_file(path, false);
  if (!file)
    return tl::unexpected{file.error()};
  if (!*file)
    return vault;
  auto key = vault->master_key();
  if (!key)
    return tl::unexpected{key.error()};
  auto plain = unseal(key->data(), **file);
  OPENSSL_cleanse(key->data(), key->size());
  auto keys = plain ? unpack(*plain) : std::nullopt;
  if (plain)
    wipe(*plain);
  if (!keys)
    return fail(Errc::configuration,
                "the master key does not open it, or it was changed; remove it to begin anew",
                path);
  vault->keys_ = *std::move(keys);
  return vault;
}

KeyVault::~KeyVault() {
  for (auto& [venue, key] : keys_)
    wipe(key.secret);
  wipe(master_text_);
}

KeyVault::Keys KeyVault::keys() const {
  const std::lock_guard lock{mutex_};
  return keys_;
}

core::Status KeyVault::put(const core::VenueId& venue, StoredKey key) {
  const std::lock_guard lock{mutex_};
  auto keys = keys_;
  keys[venue] = std::move(key);
  return change(std::move(keys));
}

core::Status KeyVault::remove(const core::VenueId& venue) {
  const std::lock_guard lock{mutex_};
  auto keys = keys_;
  if (keys.erase(venue) == 0)
    return {};
  return change(std::move(keys));
}

core::Status KeyVault::change(Keys keys) {
  auto key = master_key();
  if (!key)
    return tl::unexpected{key.error()};
  auto plain = pack(keys);
  const auto sealed = seal(key->data(), random_(nonce_size), plain);
  wipe(plain);
  OPENSSL_cleanse(key->data(), key->size());
  if (sealed.empty())
    return fail(Errc::internal, "the keys could not be encrypted", {});
  if (auto written = write_file(directory_ + "/api_keys.vault", sealed); !written)
    return written;
  keys_ = std::move(keys);
  return {};
}

core::Result<KeyVault::MasterKey> KeyVault::master_key() const {
  auto text = master_text_;
  std::string source = "TANDEM_MASTER_KEY";
  if (text.empty()) {
    source = directory_ + "/master.key";
    auto file = read_file(source, true);
    if (!file)
      return tl::unexpected{file.error()};
    if (!*file)
      return make_master_key();
    text = **std::move(file);
    while (!text.empty() && text.back() == '\n')
      text.pop_back();
  }
  MasterKey key{};
  bool good = text.size() == 2 * key.size();
  for (std::size_t i = 0; good && i < key.size(); ++i) {
    const auto high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    good = high && low;
    if (good)
      key[i] = static_cast<unsigned char>((*high << 4U) | *low);
  }
  wipe(text);
  if (!good)
    return fail(Errc::configuration, "must be 64 hexadecimal digits (32 random bytes)", source);
  return key;
}

core::Result<KeyVault::MasterKey> KeyVault::make_master_key() const {
  MasterKey key{};
  auto drawn = random_(key.size());
  if (drawn.size() != key.size())
    return fail(Errc::internal, "no randomness for a master key", {});
  std::copy(drawn.begin(), drawn.end(), key.begin());
  auto text = hex(drawn) + "\n";
  wipe(drawn);
  const auto written = write_file(directory_ + "/master.key", text);
  wipe(text);
  if (!written)
    return tl::unexpected{written.error()};
  return key;
}

} // namespace tandem::adapters::venues
