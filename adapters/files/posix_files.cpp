#include "adapters/files/posix_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tandem::adapters::files {
namespace {

tl::unexpected<FileError> failed(std::string_view operation, const std::string& path,
                                 int error = errno) {
  auto fault = FileFault::other;
  if (error == ENOENT)
    fault = FileFault::not_found;
  else if (error == ENOSPC || error == EDQUOT)
    fault = FileFault::disk_full;
  return tl::unexpected{FileError{fault, std::string{operation} + " " + path + ": "
                                             + std::generic_category().message(error)}};
}

/// Runs a system call again while a signal interrupts it.
template <class Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

class Descriptor {
public:
  explicit Descriptor(int number) noexcept : number_{number} {}

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }

  [[nodiscard]] int number() const noexcept { return number_; }

private:
  int number_;
};

FileStatus write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written
        = uninterrupted([&] { return ::write(file.number(), bytes.data(), bytes.size()); });
    if (written < 0)
      return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class PosixFile final : public AppendFile {
public:
  PosixFile(int descriptor, std::string path) : file_{descriptor}, path_{std::move(path)} {}

  FileStatus append(std::string_view bytes) override { return write_all(file_, bytes, path_); }

  FileStatus sync() override {
    if (uninterrupted([&] { return ::fdatasync(file_.number()); }) != 0)
      return failed("fdatasync", path_);
    return {};
  }

  FileStatus truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(file_.number(), static_cast<off_t>(size)); }) != 0)
      return failed("ftruncate", path_);
    return {};
  }

private:
  Descriptor file_;
  std::string path_;
};

class PosixLock final : public FileLock {
public:
  PosixLock(int descriptor, std::string path) : file_{descriptor}, path_{std::move(path)} {}

  [[nodiscard]] bool acquire() const { return ::flock(file_.number(), LOCK_EX | LOCK_NB) == 0; }

  FileStatus describe(std::string_view text) override {
    if (::ftruncate(file_.number(), 0) != 0)
      return failed("ftruncate", path_);
    return write_all(file_, text, path_);
  }

private:
  Descriptor file_;
  std::string path_;
};

class PosixFiles final : public FileLayer {
public:
  explicit PosixFiles(std::string directory) : directory_{std::move(directory)} {}

  FileStatus make_directory() override {
    std::error_code error;
    const std::filesystem::path path{directory_};
    if (path.has_parent_path())
      std::filesystem::create_directories(path.parent_path(), error);
    if (error)
      return failed("mkdir", path.parent_path().string(), error.value());
    if (::mkdir(directory_.c_str(), S_IRWXU) != 0 && errno != EEXIST)
      return failed("mkdir", directory_);
    if (!std::filesystem::is_directory(path, error))
      return failed("mkdir", directory_, ENOTDIR);
    return {};
  }

  FileResult<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry{directory_, error}, end; !error && entry != end;
         entry.increment(error))
      names.push_back(entry->path().filename().string());
    if (error)
      return failed("list", directory_, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  FileResult<std::uint64_t> size(const std::string& name) override {
    const auto path = path_of(name);

    struct stat info {};

    if (::stat(path.c_str(), &info) != 0)
      return failed("stat", path);
    return static_cast<std::uint64_t>(info.st_size);
  }

  FileResult<std::string> read(const std::string& name) override {
    const auto path = path_of(name);
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};

    struct stat info {};

    if (file.number() < 0 || ::fstat(file.number(), &info) != 0)
      return failed("open", path);
    std::string bytes;
    bytes.reserve(static_cast<std::size_t>(std::max<off_t>(info.st_size, 0)));
    std::array<char, 256 * 1024> chunk; // NOLINT(cppcoreguidelines-pro-type-member-init): read into
    for (;;) {
      const auto size
          = uninterrupted([&] { return ::read(file.number(), chunk.data(), chunk.size()); });
      if (size < 0)
        return failed("read", path);
      if (size == 0)
        return bytes;
      bytes.append(chunk.data(), static_cast<std::size_t>(size));
    }
  }

  FileResult<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    return open_with(name, O_CREAT | O_TRUNC);
  }

  FileResult<std::unique_ptr<AppendFile>> open(const std::string& name) override {
    return open_with(name, 0);
  }

  FileStatus rename(const std::string& from, const std::string& to) override {
    if (::rename(path_of(from).c_str(), path_of(to).c_str()) != 0)
      return failed("rename", path_of(from));
    return {};
  }

  FileStatus remove(const std::string& name) override {
    if (::unlink(path_of(name).c_str()) != 0)
      return failed("unlink", path_of(name));
    return {};
  }

  FileStatus sync_directory() override {
    const Descriptor directory{::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (directory.number() < 0 || uninterrupted([&] { return ::fsync(directory.number()); }) != 0)
      return failed("fsync", directory_);
    return {};
  }

  FileResult<std::unique_ptr<FileLock>> lock(const std::string& name) override {
    const auto path = path_of(name);
    const int file
        = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
      return failed("open", path);
    auto lock = std::make_unique<PosixLock>(file, path);
    if (lock->acquire())
      return lock;
    if (errno != EWOULDBLOCK)
      return failed("flock", path);
    return tl::unexpected{FileError{FileFault::held, read(name).value_or("")}};
  }

  [[nodiscard]] std::string path_of(const std::string& name) const override {
    return directory_ + "/" + name;
  }

private:
  FileResult<std::unique_ptr<AppendFile>> open_with(const std::string& name, int flags) {
    auto path = path_of(name);
    const int file
        = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | flags, S_IRUSR | S_IWUSR);
    if (file < 0)
      return failed("open", path);
    return std::make_unique<PosixFile>(file, std::move(path));
  }

  std::string directory_;
};

} // namespace

std::unique_ptr<FileLayer> posix_files(std::string directory) {
  return std::make_unique<PosixFiles>(std::move(directory));
}

} // namespace tandem::adapters::files
