#include "apps/tandem/log_backend.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cctype>
#include <iterator>
#include <string_view>
#include <utility>

namespace tandem::apps {
namespace {

spdlog::level::level_enum to_spdlog(core::LogLevel level) {
  switch (level) {
  case core::LogLevel::debug:
    return spdlog::level::debug;
  case core::LogLevel::info:
    return spdlog::level::info;
  case core::LogLevel::warning:
    return spdlog::level::warn;
  case core::LogLevel::error:
    return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(core::LogLevel level) {
  switch (level) {
  case core::LogLevel::debug:
    return "DEBUG";
  case core::LogLevel::info:
    return "INFO";
  case core::LogLevel::warning:
    return "WARNING";
  case core::LogLevel::error:
    return "ERROR";
  }
  return "ERROR";
}

/// JSON string body; bytes of venues may hold anything.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

bool plain(std::string_view text) {
  for (const char c : text)
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '='
        || static_cast<unsigned char>(c) < 0x20)
      return false;
  return !text.empty();
}

enum class Form : std::uint8_t { text, json, dashed };

class SpdLog final : public core::Log {
public:
  /// @param name stands in the dashed form only.
  SpdLog(std::shared_ptr<spdlog::logger> logger, Form form, std::string name, std::string mode,
         core::Clocks clocks)
      : logger_{std::move(logger)}, form_{form}, name_{std::move(name)}, mode_{std::move(mode)},
        clocks_{std::move(clocks)} {}

  void write(core::LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    if (!logger_->should_log(to_spdlog(level)))
      return;
    logger_->log(to_spdlog(level), form_ == Form::json ? json_line(level, event, fields)
                                                       : text_line(level, event, fields));
  }

private:
  using Fields = std::initializer_list<core::LogField>;

  [[nodiscard]] std::string json_line(core::LogLevel level, std::string_view event,
                                      Fields fields) const {
    auto line = fmt::format(R"({{"ts":"{}","level":"{}","mode":"{}","event":"{}")", stamp_now('T'),
                            level_name(level), mode_, event);
    for (const auto& field : fields) {
      line += fmt::format(R"(,"{}":")", field.key);
      append_escaped(line, field.value);
      line += '"';
    }
    return line + '}';
  }

  [[nodiscard]] std::string text_line(core::LogLevel level, std::string_view event,
                                      Fields fields) const {
    auto line = form_ == Form::dashed
                    ? fmt::format("{} - {} - {} - event={} mode={}", stamp_now(' '), name_,
                                  level_name(level), event, mode_)
                    : fmt::format("{} {:<7} mode={} event={}", stamp_now('T'), level_name(level),
                                  mode_, event);
    for (const auto& field : fields) {
      line += fmt::format(" {}=", field.key);
      if (plain(field.value)) {
        line += field.value;
        continue;
      }
      line += '"';
      append_escaped(line, field.value);
      line += '"';
    }
    return line;
  }

  /// @param between 'T': ISO 8601 with microseconds; ' ': as the earlier server wrote it.
  [[nodiscard]] std::string stamp_now(char between) const {
    const auto now = clocks_.wall();
    const auto whole = std::chrono::floor<std::chrono::seconds>(now);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - whole).count();
    const auto seconds = fmt::gmtime(std::chrono::system_clock::to_time_t(whole));
    if (between == ' ')
      return fmt::format("{:%Y-%m-%d %H:%M:%S},{:03d}", seconds, micros / 1'000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06d}Z", seconds, micros);
  }

  std::shared_ptr<spdlog::logger> logger_;
  Form form_;
  std::string name_;
  std::string mode_;
  core::Clocks clocks_;
};

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, const std::string& level) {
  sink->set_pattern("%v");
  auto logger = std::make_shared<spdlog::logger>("tandem", std::move(sink));
  logger->set_level(level == "debug"     ? spdlog::level::debug
                    : level == "warning" ? spdlog::level::warn
                    : level == "error"   ? spdlog::level::err
                                         : spdlog::level::info);
  logger->flush_on(spdlog::level::info);
  return logger;
}

} // namespace

std::unique_ptr<core::Log> make_log(const config::LogConfig& config, std::string mode,
                                    core::Clocks clocks) {
  spdlog::sink_ptr sink;
  if (config.file.empty())
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file);
  return std::make_unique<SpdLog>(make_logger(std::move(sink), config.level),
                                  config.format == "json" ? Form::json : Form::text, std::string{},
                                  std::move(mode), std::move(clocks));
}

std::unique_ptr<core::Log> make_dashed_log(const std::string& level, std::string name,
                                           std::string mode, core::Clocks clocks) {
  return std::make_unique<SpdLog>(
      make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level), Form::dashed,
      std::move(name), std::move(mode), std::move(clocks));
}

} // namespace tandem::apps
