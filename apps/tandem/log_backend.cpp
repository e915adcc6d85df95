#include "apps/tandem/log_backend.hpp"

#include "core/log_book.hpp"

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
  SpdLog(std::shared_ptr<spdlog::logger> logger, core::LogLevel level, Form form, std::string name,
         std::string mode, core::Clocks clocks)
      : logger_{std::move(logger)}, form_{form}, name_{std::move(name)}, mode_{std::move(mode)},
        clocks_{std::move(clocks)}, book_{level} {}

  void write(core::LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    write_of({}, level, event, fields);
  }

  void write_of(std::string_view place, core::LogLevel level, std::string_view event,
                std::initializer_list<core::LogField> fields) override {
    // A line that names its actor itself is about that one.
    for (const auto& field : fields)
      if (field.key == "actor")
        place = field.value;
    if (!book_.wants(level, place))
      return;
    logger_->log(to_spdlog(level), form_ == Form::json ? json_line(place, level, event, fields)
                                                       : text_line(place, level, event, fields));
    core::LogLine line;
    line.ts = core::to_millis(clocks_.wall());
    line.level = level;
    line.category = core::category_of(level, fields);
    line.event = event;
    line.place = place;
    for (const auto& field : fields)
      if (field.key != "actor")
        line.fields.emplace_back(field.key, field.value);
    book_.add(std::move(line));
  }

  [[nodiscard]] core::LogBook* book() noexcept override { return &book_; }

private:
  using Fields = std::initializer_list<core::LogField>;

  [[nodiscard]] std::string json_line(std::string_view place, core::LogLevel level,
                                      std::string_view event, Fields fields) const {
    auto line = fmt::format(R"({{"ts":"{}","level":"{}","mode":"{}","event":"{}","category":"{}")",
                            stamp_now('T'), level_name(level), mode_, event,
                            core::to_string(core::category_of(level, fields)));
    const auto add = [&line](std::string_view key, std::string_view value) {
      line += fmt::format(R"(,"{}":")", key);
      append_escaped(line, value);
      line += '"';
    };
    if (!place.empty())
      add("actor", place);
    for (const auto& field : fields)
      if (field.key != "actor")
        add(field.key, field.value);
    return line + '}';
  }

  [[nodiscard]] std::string text_line(std::string_view place, core::LogLevel level,
                                      std::string_view event, Fields fields) const {
    auto line = form_ == Form::dashed
                    ? fmt::format("{} - {} - {} - event={} mode={}", stamp_now(' '), name_,
                                  level_name(level), event, mode_)
                    : fmt::format("{} {:<7} mode={} event={} category={}", stamp_now('T'),
                                  level_name(level), mode_, event,
                                  core::to_string(core::category_of(level, fields)));
    const auto add = [&line](std::string_view key, std::string_view value) {
      line += fmt::format(" {}=", key);
      if (plain(value)) {
        line += value;
        return;
      }
      line += '"';
      append_escaped(line, value);
      line += '"';
    };
    if (!place.empty())
      add("actor", place);
    for (const auto& field : fields)
      if (field.key != "actor")
        add(field.key, field.value);
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
  core::LogBook book_;
};

core::LogLevel level_of(const std::string& text) {
  return core::parse_log_level(text).value_or(core::LogLevel::info);
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  sink->set_pattern("%v");
  auto logger = std::make_shared<spdlog::logger>("tandem", std::move(sink));
  logger->set_level(spdlog::level::trace); // the book knows what is wanted
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
  return std::make_unique<SpdLog>(make_logger(std::move(sink)), level_of(config.level),
                                  config.format == "json" ? Form::json : Form::text, std::string{},
                                  std::move(mode), std::move(clocks));
}

std::unique_ptr<core::Log> make_dashed_log(const std::string& level, std::string name,
                                           std::string mode, core::Clocks clocks) {
  return std::make_unique<SpdLog>(make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>()),
                                  level_of(level), Form::dashed, std::move(name), std::move(mode),
                                  std::move(clocks));
}

} // namespace tandem::apps
