/// The key file: what is written is read back, what is not as written is refused with its line, and
/// no failing disk loses the keys that were there.
#include "adapters/security/key_file.hpp"

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/files/posix_files.hpp"
#include "adapters/security/sha256.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

using namespace tandem;
using namespace tandem::adapters;
using core::security::ApiKey;
using core::security::Role;
using security::Keys;

namespace {

using namespace std::chrono_literals;

constexpr core::WallTime noon{1'700'000'000'000ms};
const std::string name{security::key_file_name};

ApiKey key_of(char digit, std::string owner) {
  return {.id = std::string(core::security::key_id_size, digit),
          .name = std::move(owner),
          .secret = security::sha256(std::string(1, digit)),
          .roles = {Role::viewer, Role::risk},
          .created = noon};
}

core::Status add(files::FileLayer& files, const ApiKey& key) {
  return security::change_keys(files, [&](Keys& keys) {
    keys.push_back(key);
    return core::Status{};
  });
}

} // namespace

TEST_CASE("SHA-256 is the standard's") {
  // FIPS 180-4 examples: "abc" and the empty message.
  CHECK(core::security::to_hex(security::sha256("abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(core::security::to_hex(security::sha256(""))
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("keys are read as they were written") {
  auto expired = key_of('a', "bot-1");
  expired.expires = noon + 1h;
  auto revoked = key_of('b', "ann@desk");
  revoked.revoked = noon + 2h;
  const Keys keys{expired, revoked, key_of('c', "c")};
  const auto read = security::read_keys(security::write_keys(keys), "f");
  REQUIRE(read);
  CHECK(*read == keys);
  CHECK(security::read_keys(security::write_keys({}), "f")->empty());
}

TEST_CASE("what is not as written is refused with file and line") {
  const auto good = security::write_keys({key_of('a', "x")});
  const auto line = good.substr(good.find('\n') + 1);

  struct Row {
    std::string text;
    std::string source, detail;
  };

  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const auto& row :
       {Row{"", "f:1", "the line is cut off"},
        Row{"tandem-keys 2\n", "f:1", "is not `tandem-keys 1`"},
        Row{good.substr(0, good.size() - 1), "f:2", "the line is cut off"},
        Row{good + line, "f:3", "the id aaaaaaaaaaaa stands twice"},
        Row{good + "\n", "f:3", "is not `key ID DIGEST ROLES CREATED EXPIRES REVOKED NAME`"},
        Row{with("viewer,risk", "root"), "f:2",
            "the roles are not some of viewer,trader,risk,admin"},
        Row{with("aaaaaaaaaaaa", "AAAAAAAAAAAA"), "f:2", "the id is not 12 digits 0-9a-f"},
        Row{with("1700000000000", "yesterday"), "f:2", "a time is not Unix milliseconds"},
        Row{with(" x\n", " local\n"), "f:2",
            "the name is not 1 to 64 letters, digits, '.', '_', '-', '@'"},
        Row{with(" x\n", " x y\n"), "f:2",
            "is not `key ID DIGEST ROLES CREATED EXPIRES REVOKED NAME`"}}) {
    CAPTURE(row.text);
    const auto read = security::read_keys(row.text, "f");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == core::Errc::configuration);
    CHECK(read.error().source == row.source);
    CHECK(read.error().detail == row.detail);
  }
}

TEST_CASE("no file is no keys") {
  files::MemoryDisk disk;
  const auto files = disk.files();
  CHECK(security::load_keys(*files)->empty());
}

TEST_CASE("a disk that fails or loses its power at any step has the old keys or the new ones") {
  std::uint64_t operations = 0;
  {
    files::MemoryDisk disk;
    REQUIRE(add(*files::faulty_files(disk.files(),
                                     [&](const files::NumberedOperation& operation) {
                                       operations = operation.number;
                                       return files::Fate{};
                                     }),
                key_of('a', "counted")));
  }
  CHECK(operations >= 5);
  for (std::uint64_t broken = 1; broken <= operations; ++broken) {
    for (const auto kind : {files::Fate::Kind::fail, files::Fate::Kind::crash_before,
                            files::Fate::Kind::crash_within, files::Fate::Kind::crash_after}) {
      CAPTURE(broken);
      CAPTURE(static_cast<int>(kind));
      files::MemoryDisk disk;
      REQUIRE(add(*disk.files(), key_of('a', "first")));
      bool changed = false;
      {
        const auto files = files::faulty_files(
            disk.files(), [&](const files::NumberedOperation& operation) -> files::Fate {
              if (operation.number != broken)
                return {};
              return {.kind = kind, .fault = files::FileFault::disk_full, .bytes = 10};
            });
        changed = add(*files, key_of('b', "second")).has_value();
      }
      disk.cut_power(broken);
      const auto keys = security::load_keys(*disk.files());
      REQUIRE(keys);
      if (changed)
        CHECK(keys->size() == 2);
      CHECK(keys->size() >= 1);
      CHECK(keys->front().name == "first");
    }
  }
}

TEST_CASE("two who change the keys at once do not overwrite each other") {
  files::MemoryDisk disk;
  const auto outer = disk.files();
  const auto inner = disk.files();
  core::Status second;
  const auto first = security::change_keys(*outer, [&](Keys& keys) {
    second = add(*inner, key_of('b', "inner"));
    keys.push_back(key_of('a', "outer"));
    return core::Status{};
  });
  CHECK(first);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == core::Errc::conflict);
  CHECK(security::load_keys(*outer)->size() == 1);
}

TEST_CASE("a change that is refused leaves the file as it was") {
  files::MemoryDisk disk;
  const auto files = disk.files();
  REQUIRE(add(*files, key_of('a', "x")));
  const auto before = disk.contents();
  CHECK_FALSE(security::change_keys(*files, [](Keys& keys) -> core::Status {
    keys.clear();
    return core::fail(core::Errc::not_found, "no such key");
  }));
  CHECK(disk.contents().at(name) == before.at(name));
}

TEST_CASE("on a real disk the file is for its owner only, whatever stood there before") {
  std::string directory = (std::filesystem::temp_directory_path() / "tandem-keys-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const auto files = files::posix_files(directory);
  const auto path = std::filesystem::path{directory};
  {
    const auto leftover = files->create(name + ".new");
    REQUIRE(leftover);
    std::filesystem::permissions(path / (name + ".new"), std::filesystem::perms::all);
  }
  REQUIRE(add(*files, key_of('a', "x")));

  struct stat about {};

  REQUIRE(::stat((path / name).c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  std::filesystem::remove_all(directory);
}
