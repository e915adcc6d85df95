#include "core/log_book.hpp"

#include <algorithm>
#include <array>

namespace tandem::core {
namespace {

constexpr std::array all_levels{LogLevel::debug, LogLevel::info, LogLevel::warning,
                                LogLevel::error};

} // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
  case LogLevel::debug:
    return "debug";
  case LogLevel::info:
    return "info";
  case LogLevel::warning:
    return "warning";
  case LogLevel::error:
    return "error";
  }
  return "error";
}

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  for (const auto level : all_levels)
    if (to_string(level) == text)
      return level;
  return std::nullopt;
}

std::string_view to_string(LogCategory category) noexcept {
  switch (category) {
  case LogCategory::error:
    return "error";
  case LogCategory::performance:
    return "performance";
  case LogCategory::event:
    return "event";
  }
  return "event";
}

std::optional<LogCategory> parse_log_category(std::string_view text) noexcept {
  for (const auto category : {LogCategory::error, LogCategory::performance, LogCategory::event})
    if (to_string(category) == text)
      return category;
  return std::nullopt;
}

bool is_within(std::string_view path, std::string_view place) noexcept {
  return place.empty()
         || (path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/'));
}

bool LogBook::wants(LogLevel level, std::string_view place) const {
  if (level < lowest_.load(std::memory_order_relaxed))
    return false;
  const std::lock_guard lock{mutex_};
  if (places_.empty())
    return level >= base_;
  for (auto rest = place; !rest.empty();) {
    if (const auto found = places_.find(rest); found != places_.end())
      return level >= found->second;
    const auto slash = rest.rfind('/');
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
  }
  return level >= base_;
}

bool LogBook::set_level(const std::string& place, std::optional<LogLevel> level) {
  const std::lock_guard lock{mutex_};
  if (place.empty())
    base_ = level.value_or(base_);
  else if (!level)
    places_.erase(place);
  else if (!places_.contains(place) && places_.size() >= places_max)
    return false;
  else
    places_[place] = *level;
  auto lowest = base_;
  for (const auto& [known, own] : places_)
    lowest = std::min(lowest, own);
  lowest_.store(lowest, std::memory_order_relaxed);
  return true;
}

std::vector<std::pair<std::string, LogLevel>> LogBook::levels() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::pair<std::string, LogLevel>> result{{std::string{}, base_}};
  result.insert(result.end(), places_.begin(), places_.end());
  return result;
}

void LogBook::add(LogLine line) {
  for (auto& [key, value] : line.fields)
    if (value.size() > value_max)
      value.resize(value_max);
  const std::lock_guard lock{mutex_};
  line.number = ++number_;
  lines_.push_back(std::move(line));
  if (lines_.size() > lines_max)
    lines_.pop_front();
}

std::vector<LogLine> LogBook::lines(const LogQuery& query) const {
  std::vector<LogLine> result;
  const std::lock_guard lock{mutex_};
  for (auto line = lines_.rbegin(); line != lines_.rend() && line->number > query.after; ++line) {
    if (result.size() >= query.limit)
      break;
    if (line->level >= query.level && is_within(line->place, query.place)
        && (!query.category || line->category == *query.category))
      result.push_back(*line);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

} // namespace tandem::core
