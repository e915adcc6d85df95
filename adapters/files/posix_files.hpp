/// A directory of the real disk: O_APPEND, fdatasync, fsync of the directory, flock.
#pragma once

#include "adapters/files/file_layer.hpp"

namespace tandem::adapters::files {

/// New files are for this user only. Not thread safe per file; different files may be used at once.
[[nodiscard]] std::unique_ptr<FileLayer> posix_files(std::string directory);

} // namespace tandem::adapters::files
