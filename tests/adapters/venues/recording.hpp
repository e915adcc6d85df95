/// Reads the shared recordings of venues, plain or gzip, whatever wrote them: `<ns> {json}`, `<unix
/// seconds>: {json}`, `URL -> <unix seconds>: {json}` and bare JSON lines.
#pragma once

#include "core/types/decimal.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::tests {

/// A message of a recording. At least 64 readable bytes follow `json`, as codecs want.
struct RecordedLine {
  std::int64_t received_ns = 0; ///< 0 where the format has no time
  std::string_view source;      ///< URL of a REST reply; empty otherwise
  std::string_view json;
};

/// Path below the shared folder; nullopt (with a message, and a failure under CI) when it is not
/// there.
inline std::optional<std::filesystem::path> shared_file(const std::string& relative) {
  const char* configured = std::getenv("TANDEM_SHARED");
  const auto path
      = std::filesystem::path{configured != nullptr ? configured : "../shared"} / relative;
  if (std::filesystem::exists(path))
    return path;
  MESSAGE("no shared data, so this is not tested: " << path.string());
  CHECK(std::getenv("CI") == nullptr);
  return std::nullopt;
}

class Recording {
public:
  /// @param path plain or gzip.
  explicit Recording(const std::filesystem::path& path) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
    REQUIRE_MESSAGE(file != nullptr, path.string());
    std::array<char, 1U << 16U> chunk{};
    for (;;) {
      const int count = gzread(file.get(), chunk.data(), chunk.size());
      REQUIRE_MESSAGE(count >= 0, path.string());
      if (count == 0)
        break;
      text_.append(chunk.data(), static_cast<std::size_t>(count));
    }
    const std::size_t size = text_.size();
    text_.append(padding, '\0');
    std::string_view rest{text_.data(), size};
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      add(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }

  /// Views into this object: it does not move.
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  [[nodiscard]] const std::vector<RecordedLine>& lines() const noexcept { return lines_; }

private:
  static constexpr std::size_t padding = 64;

  /// Lines without a message (the URL a capture began with, its configuration) are left out.
  void add(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    const auto begin = line.find_first_of("{[");
    if (begin == std::string_view::npos)
      return;
    RecordedLine recorded{0, {}, line.substr(begin)};
    std::string_view prefix = line.substr(0, begin);
    if (prefix.empty()) {
      lines_.push_back(recorded);
      return;
    }
    if (const auto arrow = prefix.rfind(" -> "); arrow != std::string_view::npos) {
      recorded.source = prefix.substr(0, arrow);
      prefix.remove_prefix(arrow + 4);
    }
    const bool seconds = prefix.ends_with(": ");
    prefix = prefix.substr(0, prefix.find_first_of(": "));
    const auto time = core::parse_scaled(prefix, seconds ? 9 : 0);
    if (!time)
      return;
    recorded.received_ns = *time;
    lines_.push_back(recorded);
  }

  std::string text_;
  std::vector<RecordedLine> lines_;
};

} // namespace tandem::tests
