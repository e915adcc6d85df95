#include "adapters/files/memory_files.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

namespace tandem::adapters::files {
namespace {

tl::unexpected<FileError> not_found(const std::string& name) {
  return tl::unexpected{FileError{FileFault::not_found, "open " + name + ": not there"}};
}

} // namespace

class MemoryDisk::Append final : public AppendFile {
public:
  Append(MemoryDisk& disk, std::shared_ptr<File> file) : disk_{disk}, file_{std::move(file)} {}

  FileStatus append(std::string_view bytes) override {
    const std::lock_guard guard{disk_.mutex_};
    const auto used = disk_.used();
    const auto capacity = disk_.capacity_.value_or(used + bytes.size());
    const auto fits = std::min<std::uint64_t>(bytes.size(), capacity - std::min(capacity, used));
    file_->bytes += bytes.substr(0, fits);
    if (fits < bytes.size())
      return tl::unexpected{FileError{FileFault::disk_full, "write: no space left"}};
    return {};
  }

  FileStatus sync() override {
    const std::lock_guard guard{disk_.mutex_};
    file_->synced = file_->bytes;
    return {};
  }

  FileStatus truncate(std::uint64_t size) override {
    const std::lock_guard guard{disk_.mutex_};
    file_->bytes.resize(size);
    return {};
  }

private:
  MemoryDisk& disk_;
  std::shared_ptr<File> file_;
};

class MemoryDisk::Lock final : public FileLock {
public:
  Lock(MemoryDisk& disk, std::string name) : disk_{disk}, name_{std::move(name)} {}

  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  ~Lock() override {
    const std::lock_guard guard{disk_.mutex_};
    disk_.held_.erase(name_);
  }

  FileStatus describe(std::string_view text) override {
    const std::lock_guard guard{disk_.mutex_};
    disk_.held_[name_] = text;
    return {};
  }

private:
  MemoryDisk& disk_;
  std::string name_;
};

class MemoryDisk::View final : public FileLayer {
public:
  explicit View(MemoryDisk& disk) : disk_{disk} {}

  FileStatus make_directory() override { return {}; }

  FileResult<std::vector<std::string>> list() override {
    const std::lock_guard guard{disk_.mutex_};
    std::vector<std::string> names;
    for (const auto& [name, file] : disk_.now_)
      names.push_back(name);
    return names;
  }

  FileResult<std::string> read(const std::string& name) override {
    const std::lock_guard guard{disk_.mutex_};
    const auto found = disk_.now_.find(name);
    if (found == disk_.now_.end())
      return not_found(name);
    return found->second->bytes;
  }

  FileResult<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    const std::lock_guard guard{disk_.mutex_};
    auto& file = disk_.now_[name];
    if (file)
      file->bytes.clear();
    else
      file = std::make_shared<File>();
    return std::make_unique<Append>(disk_, file);
  }

  FileResult<std::unique_ptr<AppendFile>> open(const std::string& name) override {
    const std::lock_guard guard{disk_.mutex_};
    const auto found = disk_.now_.find(name);
    if (found == disk_.now_.end())
      return not_found(name);
    return std::make_unique<Append>(disk_, found->second);
  }

  FileStatus rename(const std::string& from, const std::string& to) override {
    const std::lock_guard guard{disk_.mutex_};
    auto node = disk_.now_.extract(from);
    if (node.empty())
      return not_found(from);
    disk_.now_[to] = std::move(node.mapped());
    return {};
  }

  FileStatus remove(const std::string& name) override {
    const std::lock_guard guard{disk_.mutex_};
    if (disk_.now_.erase(name) == 0)
      return not_found(name);
    return {};
  }

  FileStatus sync_directory() override {
    const std::lock_guard guard{disk_.mutex_};
    disk_.synced_ = disk_.now_;
    return {};
  }

  FileResult<std::unique_ptr<FileLock>> lock(const std::string& name) override {
    const std::lock_guard guard{disk_.mutex_};
    const auto [holder, free] = disk_.held_.try_emplace(name);
    if (!free)
      return tl::unexpected{FileError{FileFault::held, holder->second}};
    return std::make_unique<Lock>(disk_, name);
  }

  [[nodiscard]] std::string path_of(const std::string& name) const override {
    return "memory:" + name;
  }

private:
  MemoryDisk& disk_;
};

std::unique_ptr<FileLayer> MemoryDisk::files() {
  return std::make_unique<View>(*this);
}

void MemoryDisk::cut_power(std::uint64_t seed) {
  const std::lock_guard guard{mutex_};
  std::mt19937_64 random{seed};
  if (random() % 2 == 0)
    now_ = synced_;           // else the directory's changes had reached the disk by themselves
  std::set<const File*> done; // a file may have two names
  for (const auto& [name, file] : now_) {
    if (!done.insert(file.get()).second)
      continue;
    if (file->bytes.starts_with(file->synced)) {
      const auto tail = file->bytes.size() - file->synced.size();
      file->bytes.resize(file->synced.size() + random() % (tail + 1));
    } else if (random() % 2 == 0) { // cut or emptied without a sync: done or not
      file->bytes = file->synced;
    }
    file->synced = file->bytes;
  }
  synced_ = now_;
  held_.clear();
}

void MemoryDisk::set_capacity(std::optional<std::uint64_t> bytes) {
  const std::lock_guard guard{mutex_};
  capacity_ = bytes;
}

bool MemoryDisk::holds(std::string_view bytes, bool synced) const {
  const std::lock_guard guard{mutex_};
  const auto& directory = synced ? synced_ : now_;
  // From the end: what is asked for was written last, as a rule.
  return std::any_of(directory.rbegin(), directory.rend(), [&](const auto& entry) {
    const auto& file = *entry.second;
    return (synced ? file.synced : file.bytes).rfind(bytes) != std::string::npos;
  });
}

std::map<std::string, std::string> MemoryDisk::contents() const {
  const std::lock_guard guard{mutex_};
  std::map<std::string, std::string> result;
  for (const auto& [name, file] : now_)
    result[name] = file->bytes;
  return result;
}

void MemoryDisk::put(const std::string& name, std::string bytes) {
  const std::lock_guard guard{mutex_};
  auto file = std::make_shared<File>();
  file->bytes = std::move(bytes);
  file->synced = file->bytes;
  now_[name] = file;
  synced_[name] = file;
}

void MemoryDisk::drop(const std::string& name) {
  const std::lock_guard guard{mutex_};
  now_.erase(name);
  synced_.erase(name);
}

std::uint64_t MemoryDisk::used() const {
  std::uint64_t sum = 0;
  for (const auto& [name, file] : now_)
    sum += file->bytes.size();
  return sum;
}

} // namespace tandem::adapters::files
