// Keys at rest: what was put comes back, and nothing of it can be read from the disk.
#include "adapters/venues/key_vault.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace tandem;
using adapters::venues::KeyVault;
using core::VenueId;

namespace {

const std::string master(64, 'a');

struct Directory {
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "vaultXXXXXX").string();
    path = ::mkdtemp(name.data());
  }

  ~Directory() { std::filesystem::remove_all(path); }

  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file{path + "/" + name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path + "/" + name, std::ios::binary} << text;
  }

  [[nodiscard]] unsigned mode(const std::string& name) const {
    struct stat about {};

    ::stat((path + "/" + name).c_str(), &about);
    return about.st_mode & 0777U;
  }

  std::string path;
};

/// Another text with every call.
std::string drawn(std::size_t size) {
  static char next = 'A';
  return std::string(size, next++);
}

void put_one(const std::string& directory, const std::string& with = {}) {
  const auto vault = KeyVault::open(directory, with, drawn).value();
  REQUIRE(vault->put(VenueId{"binance"}, {"the-api-key", "the-secret", "the-passphrase"}));
}

} // namespace

TEST_CASE("keys come back after a restart, encrypted and private on the disk") {
  const Directory directory;
  put_one(directory.path);
  const auto vault = KeyVault::open(directory.path, {}, drawn).value();
  const auto keys = vault->keys();
  REQUIRE(keys.size() == 1);
  CHECK(keys.at(VenueId{"binance"}).api_key == "the-api-key");
  CHECK(keys.at(VenueId{"binance"}).secret == "the-secret");
  CHECK(keys.at(VenueId{"binance"}).passphrase == "the-passphrase");
  const auto file = directory.read("api_keys.vault");
  for (const auto* word : {"the-", "binance"})
    CHECK(file.find(word) == std::string::npos);
  CHECK(directory.mode("api_keys.vault") == 0600U);
  CHECK(directory.mode("master.key") == 0600U);
  REQUIRE(vault->remove(VenueId{"binance"}));
  CHECK(KeyVault::open(directory.path, {}, drawn).value()->keys().empty());
}

TEST_CASE("the same keys never look the same") {
  const Directory directory;
  put_one(directory.path);
  const auto first = directory.read("api_keys.vault");
  put_one(directory.path);
  CHECK(first != directory.read("api_keys.vault"));
}

TEST_CASE("a master key of the environment leaves no file and opens only its own vault") {
  const Directory directory;
  put_one(directory.path, master);
  CHECK_FALSE(std::filesystem::exists(directory.path + "/master.key"));
  CHECK(KeyVault::open(directory.path, master, drawn).value()->keys().size() == 1);
  CHECK(KeyVault::open(directory.path, std::string(64, 'b'), drawn).error().code
        == core::Errc::configuration);
  for (const auto& bad : {std::string(63, 'a'), std::string(64, 'g')}) {
    const auto refused = KeyVault::open(directory.path, bad, drawn);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().source == "TANDEM_MASTER_KEY");
    CHECK(refused.error().detail.find(bad) == std::string::npos);
  }
}

TEST_CASE("a vault with any byte changed or cut off is refused") {
  const Directory directory;
  put_one(directory.path, master);
  const auto good = directory.read("api_keys.vault");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    directory.write("api_keys.vault", flipped);
    CHECK_FALSE(KeyVault::open(directory.path, master, drawn));
    directory.write("api_keys.vault", good.substr(0, i));
    CHECK_FALSE(KeyVault::open(directory.path, master, drawn));
  }
}

TEST_CASE("a master key that others may read is refused") {
  const Directory directory;
  put_one(directory.path);
  ::chmod((directory.path + "/master.key").c_str(), 0640);
  CHECK(KeyVault::open(directory.path, {}, drawn).error().detail.find("chmod 600")
        != std::string::npos);
}

TEST_CASE("what cannot be written changes nothing") {
  const Directory directory;
  const auto vault = KeyVault::open(directory.path, master, drawn).value();
  std::filesystem::create_directory(directory.path + "/api_keys.vault.new");
  CHECK_FALSE(vault->put(VenueId{"bybit"}, {"k", "s", {}}));
  CHECK(vault->keys().empty());
}

TEST_CASE("without randomness nothing is stored") {
  const Directory directory;
  for (const auto& with : {std::string{}, master}) {
    const auto vault
        = KeyVault::open(directory.path, with, [](std::size_t) { return std::string{}; }).value();
    CHECK_FALSE(vault->put(VenueId{"bybit"}, {"k", "s", {}}));
    CHECK(vault->keys().empty());
  }
}
