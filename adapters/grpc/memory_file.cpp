#include "adapters/grpc/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

} // namespace

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)} {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

core::Result<MemoryFile> MemoryFile::make(std::string_view text, std::int64_t version) {
  MemoryFile file;
  file.descriptor_ = ::memfd_create("tandem-tls", MFD_CLOEXEC);
  const timespec time{static_cast<std::time_t>(version), 0};
  const std::array<timespec, 2> times{time, time};
  if (file.empty() || !write_all(file.descriptor_, text)
      || ::futimens(file.descriptor_, times.data()) != 0)
    return core::fail(core::Errc::configuration, "no file in memory can be made", "memfd_create");
  std::ifstream back{file.path(), std::ios::binary};
  if (std::string{std::istreambuf_iterator<char>{back}, {}} != text)
    return core::fail(core::Errc::configuration, "a file in memory cannot be read", file.path());
  return file;
}

bool MemoryFile::become(const MemoryFile& other) noexcept {
  return ::dup3(other.descriptor_, descriptor_, O_CLOEXEC) == descriptor_;
}

std::string MemoryFile::path() const {
  return empty() ? std::string{} : "/proc/self/fd/" + std::to_string(descriptor_);
}

} // namespace tandem::adapters::grpc
