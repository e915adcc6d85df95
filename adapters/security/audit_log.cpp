#include "adapters/security/audit_log.hpp"

#include "adapters/security/audit_codec.hpp"
#include "adapters/security/sha256.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

namespace tandem::adapters::security {
namespace {

using core::Errc;
using core::security::AuditRecord;
using core::security::ChainHead;
using files::FileStatus;

constexpr std::string_view header_word = "tandem-audit 1 ";
constexpr std::string_view prefix = "audit-";
constexpr std::string_view suffix = ".log";
constexpr const char* lock_name = "audit.lock";
constexpr const char* source = "audit";

core::Error disk(const files::FileError& error) {
  return files::disk_error(error, source);
}

std::string file_name(std::uint64_t first_sequence) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "audit-%012llu.log",
                                 static_cast<unsigned long long>(first_sequence));
  return {text.data(), static_cast<std::size_t>(size)};
}

/// Oldest first.
files::FileResult<std::vector<std::string>> log_files(files::FileLayer& files) {
  auto names = files.list();
  if (names)
    std::erase_if(*names, [](const std::string& name) {
      return !name.starts_with(prefix) || !name.ends_with(suffix);
    });
  return names;
}

/// One file taken apart.
struct Read {
  std::optional<ChainHead> begins{}; ///< absent: the first line is none of a log
  ChainHead head{};                  ///< after the last good line
  std::size_t good_bytes = 0;        ///< with the first line
  std::size_t line = 1;              ///< the one behind the good ones
  std::optional<core::Error> fault{};
};

using OnLine = std::function<void(const ChainHead&, std::string_view)>;

Read read_file(std::string_view text, const OnLine& on_line) {
  Read read;
  const auto first_end = text.find('\n');
  const auto first = text.substr(0, first_end);
  if (first_end == std::string_view::npos || !first.starts_with(header_word))
    return read;
  read.begins = core::security::parse_chain_head(first.substr(header_word.size()));
  if (!read.begins)
    return read;
  read.head = *read.begins;
  read.good_bytes = first_end + 1;
  read.line = 2;
  while (read.good_bytes < text.size()) {
    const auto end = text.find('\n', read.good_bytes);
    if (end == std::string_view::npos)
      break;
    const auto line = text.substr(read.good_bytes, end - read.good_bytes);
    const auto chained = core::security::read_chain_line(read.head, line, sha256);
    if (!chained) {
      read.fault = chained.error();
      break;
    }
    if (on_line)
      on_line(chained->head, chained->payload);
    read.head = chained->head;
    read.good_bytes = end + 1;
    ++read.line;
  }
  return read;
}

/// Whether any line behind `from` looks like one of ours: then what stands before it is no torn
/// write. Moves `last` to the last such line's own number and hash.
bool lines_follow(std::string_view text, std::size_t from, ChainHead& last) {
  bool found = false;
  for (auto at = from; at < text.size();) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos)
      break;
    const auto line = text.substr(at, end - at);
    at = end + 1;
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || !line.ends_with('}'))
      continue;
    const auto head = core::security::parse_chain_head(
        std::string{line.substr(0, first)} + ":"
        + std::string{line.substr(first + 1, second - first - 1)});
    if (!head)
      continue;
    found = true;
    if (head->sequence > last.sequence)
      last = *head;
  }
  return found;
}

} // namespace

AuditLog::AuditLog(std::unique_ptr<files::FileLayer> files, AuditLogOptions options)
    : files_{std::move(files)}, options_{options} {}

core::Result<std::unique_ptr<AuditLog>> AuditLog::open(std::unique_ptr<files::FileLayer> files,
                                                       AuditLogOptions options) {
  std::unique_ptr<AuditLog> log{new AuditLog{std::move(files), options}};
  if (const auto made = log->files_->make_directory(); !made)
    return tl::unexpected{disk(made.error())};
  auto lock = log->files_->lock(lock_name);
  if (!lock && lock.error().fault == files::FileFault::held)
    return core::fail(Errc::conflict, "another process writes this audit log", source);
  if (!lock)
    return tl::unexpected{disk(lock.error())};
  log->lock_ = *std::move(lock);
  if (const auto found = log->find_end(); !found)
    return tl::unexpected{disk(found.error())};
  log->opened_.head = log->head_;
  return log;
}

FileStatus AuditLog::find_end() {
  auto names = log_files(*files_);
  if (!names)
    return tl::unexpected{names.error()};
  while (!names->empty()) {
    const auto name = names->back();
    names->pop_back();
    const auto text = files_->read(name);
    if (!text)
      return tl::unexpected{text.error()};
    const auto read = read_file(*text, {});
    auto last = read.head;
    if (lines_follow(*text, read.good_bytes, last)) {
      head_ = last;
      return set_aside(name);
    }
    opened_.torn_bytes += text->size() - read.good_bytes;
    if (!read.begins) { // the end came while it was begun
      if (auto gone = files_->remove(name); !gone)
        return gone;
      continue;
    }
    head_ = read.head;
    name_ = name;
    bytes_ = read.good_bytes;
    doubtful_ = true; // what is torn is cut off before the first append
    return ready();
  }
  return {};
}

FileStatus AuditLog::set_aside(const std::string& name) {
  opened_.damaged = name + ".damaged";
  return files_->rename(name, opened_.damaged).and_then([&] { return files_->sync_directory(); });
}

FileStatus AuditLog::begin_file() {
  const auto name = file_name(head_.sequence + 1);
  const auto first = std::string{header_word} + core::security::to_string(head_) + "\n";
  auto file = files_->create(name);
  if (!file)
    return tl::unexpected{file.error()};
  const auto written
      = (*file)->append(first).and_then([&] { return (*file)->sync(); }).and_then([&] {
          return files_->sync_directory();
        });
  if (!written)
    return written;
  name_ = name;
  file_ = *std::move(file);
  bytes_ = first.size();
  doubtful_ = false;
  return {};
}

/// A file that is open and ends where it should.
FileStatus AuditLog::ready() {
  if (doubtful_) {
    file_.reset();
    auto file = files_->open(name_);
    if (!file)
      return tl::unexpected{file.error()};
    if (auto cut = (*file)->truncate(bytes_).and_then([&] { return (*file)->sync(); }); !cut)
      return cut;
    file_ = *std::move(file);
    doubtful_ = false;
  }
  if (file_ && bytes_ < options_.file_bytes_max)
    return {};
  return begin_file();
}

core::Status AuditLog::append(std::span<const AuditRecord> records) {
  if (records.empty())
    return {};
  if (const auto open = ready(); !open)
    return tl::unexpected{disk(open.error())};
  auto head = head_;
  std::string text;
  for (const auto& record : records)
    text += core::security::chain_line(head, write_audit(record), sha256);
  const auto written = file_->append(text).and_then([&] { return file_->sync(); });
  if (!written) {
    doubtful_ = true;
    return tl::unexpected{disk(written.error())};
  }
  head_ = head;
  bytes_ += text.size();
  return {};
}

void AuditLog::recent(std::size_t files_max,
                      const std::function<bool(const AuditRecord&)>& visit) const {
  const auto names = log_files(*files_);
  if (!names)
    return;
  auto left = files_max;
  for (auto name = names->rbegin(); name != names->rend() && left > 0; ++name, --left) {
    const auto text = files_->read(*name);
    if (!text)
      return;
    bool more = true;
    (void)read_file(*text, [&](const ChainHead&, std::string_view json) {
      if (const auto record = read_audit(json))
        more = visit(*record) && more;
    });
    if (!more)
      return;
  }
}

core::Result<AuditReport>
walk_audit(files::FileLayer& files,
           const std::function<void(std::uint64_t, std::string_view)>& visit,
           const std::optional<ChainHead>& wanted) {
  const auto names = log_files(files);
  if (!names)
    return tl::unexpected{disk(names.error())};
  if (names->empty())
    return core::fail(Errc::not_found, "there is no audit log here", source);
  AuditReport report;
  for (const auto& name : *names) {
    const auto text = files.read(name);
    if (!text)
      return tl::unexpected{disk(text.error())};
    const bool last = &name == &names->back();
    auto read = read_file(*text, [&](const ChainHead& head, std::string_view json) {
      ++report.records;
      report.passed = report.passed || head == wanted;
      if (visit)
        visit(head.sequence, json);
    });
    const auto fault = [&](std::string what) {
      report.fault = core::Error{Errc::malformed, std::move(what),
                                 files.path_of(name) + ":" + std::to_string(read.line)};
      return report;
    };
    if (!read.begins) {
      report.torn_bytes += text->size();
      if (last && text->find('\n') == std::string::npos) // begun at this moment
        return report;
      return fault("the file does not begin as an audit log does");
    }
    if (++report.files == 1)
      report.first = *read.begins;
    else if (*read.begins != report.head) {
      read.line = 1;
      return fault(read.begins->sequence > report.head.sequence
                       ? "records " + std::to_string(report.head.sequence + 1) + " to "
                             + std::to_string(read.begins->sequence) + " were removed"
                       : "the file does not go on where the one before ends");
    }
    report.head = read.head;
    if (read.fault)
      return fault(std::move(read.fault->detail));
    if (read.good_bytes == text->size())
      continue;
    if (!last)
      return fault("the line is cut off");
    report.torn_bytes = text->size() - read.good_bytes;
  }
  return report;
}

} // namespace tandem::adapters::security
