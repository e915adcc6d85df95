#include "adapters/sinks/capture/rolling_files.hpp"

#include "adapters/sinks/gzip.hpp"
#include "core/ensure.hpp"

#include <fmt/format.h>
#define ZLIB_CONST // its input is not written to
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tandem::adapters::sinks::capture {
namespace {

/// What zlib takes in one piece: more than any block.
constexpr std::size_t input_max = std::size_t{1} << 30U;
constexpr std::string_view part_end = ".part.gz";
constexpr std::string_view closed_end = ".gz";

tl::unexpected<core::Error> broken(const files::FileError& error) {
  return tl::unexpected{files::disk_error(error, "capture")};
}

/// One member from `at` on: its size in the file, or nullopt when it is torn or damaged. Its text
/// is added.
std::optional<std::size_t> member(std::string_view file, std::size_t at, std::string& text) {
  constexpr int gzip_window = 15 + 16;
  z_stream state{};
  TANDEM_ENSURE(inflateInit2(&state, gzip_window) == Z_OK);
  const auto rest = file.substr(at, input_max);
  state.next_in = reinterpret_cast<const Bytef*>(rest.data());
  state.avail_in = static_cast<uInt>(rest.size());
  const auto before = text.size();
  std::array<char, 64 * 1024> chunk{};
  int result = Z_OK;
  while (result == Z_OK) {
    state.next_out = reinterpret_cast<Bytef*>(chunk.data());
    state.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&state, Z_NO_FLUSH);
    if (result == Z_OK || result == Z_STREAM_END)
      text.append(chunk.data(), chunk.size() - state.avail_out);
  }
  const auto size = state.total_in;
  inflateEnd(&state);
  if (result == Z_STREAM_END)
    return size;
  text.resize(before);
  return std::nullopt;
}

} // namespace

Unpacked unpack(std::string_view file) {
  Unpacked found;
  while (found.whole_bytes < file.size()) {
    const auto size = member(file, found.whole_bytes, found.text);
    if (!size)
      break;
    found.whole_bytes += *size;
    ++found.blocks;
  }
  return found;
}

core::Result<RollingFiles> RollingFiles::open(files::FileLayer& files, std::string prefix,
                                              RollingLimits limits) {
  RollingFiles rolling{files, std::move(prefix), limits};
  if (const auto made = files.make_directory(); !made)
    return broken(made.error());
  auto lock = files.lock(rolling.prefix_ + ".lock");
  if (!lock)
    return broken(lock.error().fault == files::FileFault::held
                      ? files::FileError{files::FileFault::held,
                                         files.path_of(rolling.prefix_)
                                             + ": another sink or engine writes there"}
                      : lock.error());
  rolling.lock_ = *std::move(lock);
  const auto names = files.list();
  if (!names)
    return broken(names.error());
  for (const auto& name : *names)
    if (rolling.number_of(name, false))
      if (const auto closed = rolling.recover(name); !closed)
        return tl::unexpected{closed.error()};
  const auto closed = files.list();
  if (!closed)
    return broken(closed.error());
  for (const auto& name : *closed) {
    const auto number = rolling.number_of(name, true);
    if (!number)
      continue;
    const auto bytes = files.size(name);
    if (!bytes)
      return broken(bytes.error());
    rolling.number_ = std::max(rolling.number_, *number);
    rolling.kept_bytes_ += *bytes;
    rolling.kept_.push_back({name, *bytes});
  }
  rolling.prune();
  return rolling;
}

core::Status RollingFiles::recover(const std::string& part) {
  const auto bytes = files_->read(part);
  if (!bytes)
    return broken(bytes.error());
  const auto found = unpack(*bytes);
  const auto torn = bytes->size() - found.whole_bytes;
  if (found.whole_bytes == 0) {
    if (const auto removed = files_->remove(part); !removed)
      return broken(removed.error());
    counters_.torn_bytes += torn;
    return {};
  }
  if (torn > 0) {
    auto file = files_->open(part);
    if (!file)
      return broken(file.error());
    if (const auto cut = (*file)->truncate(found.whole_bytes); !cut)
      return broken(cut.error());
    counters_.torn_bytes += torn;
  }
  if (const auto renamed = files_->rename(part, name(*number_of(part, false), true)); !renamed)
    return broken(renamed.error());
  ++counters_.files_closed;
  return {};
}

core::Status RollingFiles::append(std::string_view text, core::MonoTime now) {
  const auto block = gzip(text);
  const bool full
      = active_bytes_ > 0
        && (active_bytes_ + block.size() > limits_.file_bytes || now - opened_ >= limits_.file_age);
  if (file_ && full)
    if (const auto closed = close(); !closed)
      return closed;
  if (!file_)
    if (const auto begun = begin(now); !begun)
      return begun;
  if (const auto written = file_->append(block); !written) {
    // What is there of the block goes; a disk that does not even do that has a torn file, which is
    // left as a part for the next process, and another is begun.
    if (const auto cut = file_->truncate(active_bytes_); !cut) {
      file_.reset();
      active_bytes_ = 0;
    }
    return broken(written.error());
  }
  active_bytes_ += block.size();
  ++counters_.blocks;
  prune();
  return {};
}

core::Status RollingFiles::on_tick(core::MonoTime now) {
  if (file_ && now - opened_ >= limits_.file_age)
    return close();
  return {};
}

core::Status RollingFiles::close() {
  if (!file_)
    return {};
  const auto part = name(number_, false);
  if (active_bytes_ == 0) {
    file_.reset();
    if (const auto removed = files_->remove(part); !removed)
      return broken(removed.error());
    return {};
  }
  if (const auto synced = file_->sync(); !synced)
    return broken(synced.error());
  const auto closed = name(number_, true);
  if (const auto renamed = files_->rename(part, closed); !renamed)
    return broken(renamed.error());
  file_.reset();
  ++counters_.files_closed;
  kept_bytes_ += active_bytes_;
  kept_.push_back({closed, std::exchange(active_bytes_, 0)});
  prune();
  return {};
}

core::Status RollingFiles::begin(core::MonoTime now) {
  auto made = files_->create(name(number_ + 1, false));
  if (!made)
    return broken(made.error());
  ++number_;
  file_ = *std::move(made);
  active_bytes_ = 0;
  opened_ = now;
  return {};
}

void RollingFiles::prune() {
  const std::size_t active = file_ ? 1 : 0;
  while (!kept_.empty()
         && (bytes() > limits_.kept_bytes || kept_.size() + active > limits_.kept_files)) {
    if (!files_->remove(kept_.front().name))
      return; // tried again with the next block
    kept_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
    ++counters_.files_removed;
  }
}

core::Result<std::string> RollingFiles::last_line() const {
  const auto last = file_ && active_bytes_ > 0 ? name(number_, false)
                    : kept_.empty()            ? std::string{}
                                               : kept_.back().name;
  if (last.empty())
    return std::string{};
  const auto bytes = files_->read(last);
  if (!bytes)
    return broken(bytes.error());
  auto text = unpack(*bytes).text;
  while (text.ends_with('\n'))
    text.pop_back();
  const auto at = text.rfind('\n');
  return at == std::string::npos ? text : text.substr(at + 1);
}

std::string RollingFiles::name(std::uint64_t number, bool closed) const {
  return fmt::format("{}-{:08}{}", prefix_, number, closed ? closed_end : part_end);
}

std::optional<std::uint64_t> RollingFiles::number_of(std::string_view name, bool closed) const {
  const auto end = closed ? closed_end : part_end;
  if (!name.starts_with(prefix_ + "-") || !name.ends_with(end)
      || name.size() <= prefix_.size() + 1 + end.size())
    return std::nullopt;
  const auto digits
      = name.substr(prefix_.size() + 1, name.size() - prefix_.size() - 1 - end.size());
  std::uint64_t number = 0;
  const auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc{} || stop != digits.data() + digits.size())
    return std::nullopt;
  return number;
}

} // namespace tandem::adapters::sinks::capture
