/// The file of our own API keys: text, one line per key, with digests instead of secrets. Written
/// whole beside and renamed, so that a reader sees the old one or the new one.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "core/result.hpp"
#include "core/security/api_keys.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::security {

inline constexpr std::string_view key_file_name = "interface_keys";

using Keys = std::vector<core::security::ApiKey>;

/// First line `tandem-keys 1`, then `key ID DIGEST ROLES CREATED EXPIRES REVOKED NAME`; times in
/// Unix milliseconds, '-' = never.
[[nodiscard]] std::string write_keys(const Keys& keys);

/// Strict: any line that is not as written is an error, and so is a file without its last line
/// break. @param file for messages. Error: configuration, source "file:line".
[[nodiscard]] core::Result<Keys> read_keys(std::string_view text, const std::string& file);

/// None when there is no file. Errors: as read_keys; internal (the disk).
[[nodiscard]] core::Result<Keys> load_keys(files::FileLayer& files);

/// Loads, changes and replaces under a lock, so that two who do it at once lose nothing. On the
/// disk when it returns. Errors: as load_keys; conflict (another one is at it); what `change`
/// returns.
[[nodiscard]] core::Status change_keys(files::FileLayer& files,
                                       const std::function<core::Status(Keys&)>& change);

} // namespace tandem::adapters::security
