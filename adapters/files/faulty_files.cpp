#include "adapters/files/faulty_files.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace tandem::adapters::files {
namespace {

/// What the files of one process share.
class Numbering {
public:
  Numbering(FaultPlan plan, std::function<void()> on_crash)
      : plan_{std::move(plan)}, on_crash_{std::move(on_crash)} {}

  /// @param work all of it; @param part the first bytes of an append.
  template <class Work, class Part>
  auto perform(FileOperation operation, std::string_view file, std::size_t bytes, Work&& work,
               Part&& part) -> decltype(work()) {
    if (dead_)
      return tl::unexpected{FileError{FileFault::other, "the process is dead"}};
    const auto fate = plan_({++count_, operation, file, bytes});
    const auto some = std::min(fate.bytes, bytes);
    switch (fate.kind) {
    case Fate::Kind::proceed:
      return work();
    case Fate::Kind::fail:
      part(some);
      return tl::unexpected{FileError{fate.fault, "made to fail: " + std::string{file}}};
    case Fate::Kind::crash_before:
      break;
    case Fate::Kind::crash_within:
      part(some);
      break;
    case Fate::Kind::crash_after:
      static_cast<void>(work()); // nobody is there any more to hear of it
      break;
    }
    dead_ = true;
    if (on_crash_)
      on_crash_();
    return tl::unexpected{FileError{FileFault::other, "the process died here"}};
  }

  template <class Work>
  auto perform(FileOperation operation, std::string_view file, Work&& work) {
    return perform(operation, file, 0, std::forward<Work>(work), [](std::size_t) {});
  }

private:
  FaultPlan plan_;
  std::function<void()> on_crash_;
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<bool> dead_ = false;
};

class FaultyFile final : public AppendFile {
public:
  FaultyFile(std::shared_ptr<Numbering> numbering, std::string name,
             std::unique_ptr<AppendFile> file)
      : numbering_{std::move(numbering)}, name_{std::move(name)}, file_{std::move(file)} {}

  FileStatus append(std::string_view bytes) override {
    return numbering_->perform(
        FileOperation::append, name_, bytes.size(), [&] { return file_->append(bytes); },
        [&](std::size_t some) {
          if (some > 0)
            static_cast<void>(file_->append(bytes.substr(0, some))); // the rest is lost anyway
        });
  }

  FileStatus sync() override {
    return numbering_->perform(FileOperation::sync, name_, [&] { return file_->sync(); });
  }

  FileStatus truncate(std::uint64_t size) override {
    return numbering_->perform(FileOperation::truncate, name_,
                               [&] { return file_->truncate(size); });
  }

private:
  std::shared_ptr<Numbering> numbering_;
  std::string name_;
  std::unique_ptr<AppendFile> file_;
};

class FaultyFiles final : public FileLayer {
public:
  FaultyFiles(std::unique_ptr<FileLayer> files, std::shared_ptr<Numbering> numbering)
      : files_{std::move(files)}, numbering_{std::move(numbering)} {}

  FileStatus make_directory() override { return files_->make_directory(); }

  FileResult<std::vector<std::string>> list() override { return files_->list(); }

  FileResult<std::string> read(const std::string& name) override { return files_->read(name); }

  FileResult<std::uint64_t> size(const std::string& name) override { return files_->size(name); }

  FileResult<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    return wrap(name, numbering_->perform(FileOperation::create, name,
                                          [&] { return files_->create(name); }));
  }

  FileResult<std::unique_ptr<AppendFile>> open(const std::string& name) override {
    return wrap(name, files_->open(name)); // changes nothing
  }

  FileStatus rename(const std::string& from, const std::string& to) override {
    return numbering_->perform(FileOperation::rename, to, [&] { return files_->rename(from, to); });
  }

  FileStatus remove(const std::string& name) override {
    return numbering_->perform(FileOperation::remove, name, [&] { return files_->remove(name); });
  }

  FileStatus sync_directory() override {
    return numbering_->perform(FileOperation::sync_directory, ".",
                               [&] { return files_->sync_directory(); });
  }

  FileResult<std::unique_ptr<FileLock>> lock(const std::string& name) override {
    return numbering_->perform(FileOperation::lock, name, [&] { return files_->lock(name); });
  }

  [[nodiscard]] std::string path_of(const std::string& name) const override {
    return files_->path_of(name);
  }

private:
  FileResult<std::unique_ptr<AppendFile>> wrap(const std::string& name,
                                               FileResult<std::unique_ptr<AppendFile>> file) {
    if (!file)
      return file;
    return std::make_unique<FaultyFile>(numbering_, name, *std::move(file));
  }

  std::unique_ptr<FileLayer> files_;
  std::shared_ptr<Numbering> numbering_;
};

} // namespace

std::unique_ptr<FileLayer> faulty_files(std::unique_ptr<FileLayer> files, FaultPlan plan,
                                        std::function<void()> on_crash) {
  return std::make_unique<FaultyFiles>(
      std::move(files), std::make_shared<Numbering>(std::move(plan), std::move(on_crash)));
}

} // namespace tandem::adapters::files
