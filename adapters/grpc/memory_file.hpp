/// A file that is on no disk, for a library that wants a path. Private to adapters/grpc.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::adapters::grpc {

class MemoryFile {
public:
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;

  /// @param version seconds of its time of modification, by which readers tell what they have read.
  /// Error: configuration when the system has no such files, or they cannot be read by a path.
  [[nodiscard]] static core::Result<MemoryFile> make(std::string_view text, std::int64_t version);

  /// From here on this path is the other's file. Whoever opens it finds the former or the new one,
  /// never a part of each. False: the former stays.
  [[nodiscard]] bool become(const MemoryFile& other) noexcept;

  /// The same for as long as the file is there; of this process alone. Empty: there is no file.
  [[nodiscard]] std::string path() const;

  [[nodiscard]] bool empty() const noexcept { return descriptor_ < 0; }

private:
  int descriptor_ = -1;
};

} // namespace tandem::adapters::grpc
