#include "adapters/security/key_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

namespace tandem::adapters::security {
namespace {

using core::Errc;
using core::WallTime;
using core::security::ApiKey;

constexpr std::string_view first_line = "tandem-keys 1";
constexpr std::size_t fields_of_key = 8;
constexpr const char* source = "keys";

std::string millis(const std::optional<WallTime>& time) {
  return time ? std::to_string(core::to_millis(*time)) : "-";
}

std::optional<WallTime> parse_time(std::string_view text) {
  constexpr std::int64_t latest = 253'402'300'800'000; // the year 10000
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < 0 || value >= latest)
    return std::nullopt;
  return WallTime{std::chrono::milliseconds{value}};
}

/// Error: the text says what is wrong.
tl::expected<ApiKey, std::string> parse_line(std::string_view line) {
  std::array<std::string_view, fields_of_key> fields;
  std::size_t count = 0;
  for (auto rest = line;; ++count) {
    const auto blank = rest.find(' ');
    if (count < fields.size())
      fields[count] = rest.substr(0, blank);
    if (blank == std::string_view::npos)
      break;
    rest.remove_prefix(blank + 1);
  }
  if (++count != fields.size() || fields[0] != "key")
    return tl::unexpected<std::string>{"is not `key ID DIGEST ROLES CREATED EXPIRES REVOKED NAME`"};
  const auto& [word, id, digest, roles, created, expires, revoked, name] = fields;
  ApiKey key;
  if (!core::security::is_key_id(id))
    return tl::unexpected<std::string>{"the id is not 12 digits 0-9a-f"};
  const auto secret = core::security::parse_digest(digest);
  if (!secret)
    return tl::unexpected<std::string>{"the digest is not 64 digits 0-9a-f"};
  const auto set = core::security::parse_roles(roles);
  if (!set)
    return tl::unexpected<std::string>{"the roles are not some of viewer,trader,risk,admin"};
  if (!core::security::is_key_name(name))
    return tl::unexpected<std::string>{
        "the name is not 1 to 64 letters, digits, '.', '_', '-', '@'"};
  const auto made = parse_time(created);
  const auto ends = parse_time(expires);
  const auto gone = parse_time(revoked);
  if (!made || (!ends && expires != "-") || (!gone && revoked != "-"))
    return tl::unexpected<std::string>{"a time is not Unix milliseconds"};
  return ApiKey{std::string{id}, std::string{name}, *secret, *set, *made, ends, gone};
}

} // namespace

std::string write_keys(const Keys& keys) {
  std::string text{first_line};
  text += '\n';
  for (const auto& key : keys)
    text += "key " + key.id + " " + core::security::to_hex(key.secret) + " "
            + core::security::to_string(key.roles) + " " + millis(key.created) + " "
            + millis(key.expires) + " " + millis(key.revoked) + " " + key.name + "\n";
  return text;
}

core::Result<Keys> read_keys(std::string_view text, const std::string& file) {
  Keys keys;
  std::set<std::string> ids;
  for (std::size_t number = 1; !text.empty() || number == 1; ++number) {
    const auto wrong = [&](const std::string& what) {
      return core::fail(Errc::configuration, what, file + ":" + std::to_string(number));
    };
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return wrong("the line is cut off");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != first_line)
        return wrong("is not `" + std::string{first_line} + "`");
      continue;
    }
    auto key = parse_line(line);
    if (!key)
      return wrong(key.error());
    if (!ids.insert(key->id).second)
      return wrong("the id " + key->id + " stands twice");
    if (keys.size() == core::security::api_keys_max)
      return wrong("more than " + std::to_string(core::security::api_keys_max) + " keys");
    keys.push_back(*std::move(key));
  }
  return keys;
}

core::Result<Keys> load_keys(files::FileLayer& files) {
  const std::string name{key_file_name};
  const auto text = files.read(name);
  if (text)
    return read_keys(*text, files.path_of(name));
  if (text.error().fault == files::FileFault::not_found)
    return Keys{};
  return tl::unexpected{files::disk_error(text.error(), source)};
}

core::Status change_keys(files::FileLayer& files,
                         const std::function<core::Status(Keys&)>& change) {
  const auto disk = [](const files::FileError& error) {
    return tl::unexpected{files::disk_error(error, source)};
  };
  const std::string name{key_file_name};
  const auto fresh = name + ".new";
  if (const auto made = files.make_directory(); !made)
    return disk(made.error());
  const auto lock = files.lock(name + ".lock");
  if (!lock && lock.error().fault == files::FileFault::held)
    return core::fail(Errc::conflict, "somebody else is changing the keys; try again", source);
  if (!lock)
    return disk(lock.error());
  auto keys = load_keys(files);
  if (!keys)
    return tl::unexpected{keys.error()};
  if (auto changed = change(*keys); !changed)
    return changed;
  // Not written into one that is there: its mode would stay what somebody has made of it.
  if (const auto gone = files.remove(fresh);
      !gone && gone.error().fault != files::FileFault::not_found)
    return disk(gone.error());
  const auto written = files.create(fresh).and_then([&](const auto& file) {
    return file->append(write_keys(*keys)).and_then([&] { return file->sync(); });
  });
  const auto placed = written.and_then([&] { return files.rename(fresh, name); }).and_then([&] {
    return files.sync_directory();
  });
  if (!placed)
    return disk(placed.error());
  return {};
}

} // namespace tandem::adapters::security
