#include "apps/tandem/capture_tool.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/sinks/capture/rolling_files.hpp"
#include "adapters/transport/json.hpp"
#include "apps/tandem/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::apps {
namespace {

constexpr std::string_view part_end = ".part.gz";
constexpr std::string_view events = "events";

struct File {
  std::string name;
  std::uint64_t bytes = 0;
  adapters::sinks::capture::Unpacked contents;
};

bool is_captured(const std::string& name) {
  return name.ends_with(".gz") && (name.starts_with("events-") || name.starts_with("frames-"));
}

/// "events" of "events-00000001.gz"
std::string_view series_of(std::string_view name) {
  return name.substr(0, name.rfind('-'));
}

/// @returns the exit code. @param on_file one that cannot be read any more was just removed.
int walk(const std::string& directory, std::ostream& errors,
         const std::function<void(const File&)>& on_file) {
  const auto files = adapters::files::posix_files(directory);
  const auto names = files->list();
  if (!names) {
    errors << names.error().detail << '\n';
    return exit_unavailable;
  }
  bool any = false;
  for (const auto& name : *names) {
    if (!is_captured(name))
      continue;
    const auto bytes = files->read(name);
    if (!bytes)
      continue;
    any = true;
    on_file({name, bytes->size(), adapters::sinks::capture::unpack(*bytes)});
  }
  if (any)
    return exit_ok;
  errors << directory << ": nothing was captured here\n";
  return exit_unavailable;
}

void each_line(std::string_view text, const std::function<void(std::string_view)>& on_line) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The numbers of one stream's records.
struct Numbers {
  std::uint64_t count = 0, first = 0, last = 0, missing = 0, doubled = 0;

  void add(std::uint64_t number) {
    if (count++ == 0)
      first = number;
    else if (number <= last)
      ++doubled;
    else
      missing += number - last - 1;
    last = std::max(last, number);
  }
};

/// False: the line is no record.
bool count(std::string_view line, std::map<std::string, Numbers>& streams) {
  const auto record = adapters::transport::parse_json(line);
  if (!record)
    return false;
  const auto* stream = record->find("stream");
  const auto* seq = record->find("seq");
  if (stream == nullptr || stream->string() == nullptr || seq == nullptr
      || seq->number() == nullptr)
    return false;
  const auto& digits = seq->number()->text;
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  streams[*stream->string()].add(number);
  return true;
}

} // namespace

int run_capture_verify(const CaptureToolOptions& options, std::ostream& output,
                       std::ostream& errors) {
  std::map<std::string, Numbers> streams;
  std::uint64_t frames = 0;
  bool whole = true;
  const auto code = walk(options.directory, errors, [&](const File& file) {
    const auto& [text, whole_bytes, blocks] = file.contents;
    const auto torn = file.bytes - whole_bytes;
    const auto lines = std::count(text.begin(), text.end(), '\n');
    output << fmt::format("{}: {} lines in {} blocks, {} bytes, {} unpacked", file.name, lines,
                          blocks, file.bytes, text.size());
    if (torn > 0)
      output << fmt::format(", {} of them a torn end", torn);
    output << '\n';
    if (torn > 0 && !file.name.ends_with(part_end)) {
      errors << file.name << ": damaged at byte " << whole_bytes << '\n';
      whole = false;
    }
    if (series_of(file.name) != events) {
      frames += static_cast<std::uint64_t>(lines);
      return;
    }
    std::uint64_t number = 0;
    each_line(text, [&](std::string_view line) {
      ++number;
      if (count(line, streams))
        return;
      errors << fmt::format("{}: line {} is no record\n", file.name, number);
      whole = false;
    });
  });
  if (code != exit_ok)
    return code;
  for (const auto& [stream, numbers] : streams) {
    output << fmt::format("{}: {} records, {} to {}, {} missing, {} doubled\n", stream,
                          numbers.count, numbers.first, numbers.last, numbers.missing,
                          numbers.doubled);
    if (numbers.missing > 0 || numbers.doubled > 0) {
      errors << stream << ": its numbers are not in order\n";
      whole = false;
    }
  }
  output << frames << " frames\n";
  if (!whole)
    return exit_data;
  output << "capture: in order\n";
  return exit_ok;
}

int run_capture_show(const CaptureToolOptions& options, std::ostream& output,
                     std::ostream& errors) {
  const auto wanted = options.series.empty() ? events : std::string_view{options.series};
  bool found = false;
  const auto code = walk(options.directory, errors, [&](const File& file) {
    if (series_of(file.name) != wanted)
      return;
    found = true;
    output << file.contents.text;
  });
  if (code != exit_ok)
    return code;
  if (!found) {
    errors << options.directory << ": there is no series " << wanted << '\n';
    return exit_unavailable;
  }
  return exit_ok;
}

} // namespace tandem::apps
