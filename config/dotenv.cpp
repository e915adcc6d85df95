#include "config/dotenv.hpp"

#include "core/types/blanks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::config {
namespace {

using core::blanks;
using core::trimmed;

bool is_name(std::string_view text) noexcept {
  const auto letter
      = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && letter(text.front())
         && std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Nothing or a comment.
bool is_rest(std::string_view text) noexcept {
  const auto rest = trimmed(text);
  return rest.empty() || rest.front() == '#';
}

/// @param text behind the opening quote.
std::optional<std::string> single_quoted(std::string_view text) {
  const auto end = text.find('\'');
  if (end == std::string_view::npos || !is_rest(text.substr(end + 1)))
    return std::nullopt;
  return std::string{text.substr(0, end)};
}

std::optional<std::string> double_quoted(std::string_view text) {
  std::string value;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == '"')
      return is_rest(text.substr(n + 1)) ? std::optional{value} : std::nullopt;
    if (text[n] != '\\' || n + 1 == text.size()) {
      value += text[n];
      continue;
    }
    const char escaped = text[++n];
    if (escaped == 'n')
      value += '\n';
    else if (escaped == 't')
      value += '\t';
    else if (escaped == '"' || escaped == '\\' || escaped == '$')
      value += escaped;
    else
      value.append({'\\', escaped});
  }
  return std::nullopt;
}

std::string plain(std::string_view text) {
  if (text.starts_with('#'))
    return {};
  for (std::size_t n = 1; n < text.size(); ++n)
    if (text[n] == '#' && blanks.find(text[n - 1]) != std::string_view::npos)
      return std::string{trimmed(text.substr(0, n))};
  return std::string{trimmed(text)};
}

std::optional<std::string> value_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('\''))
    return single_quoted(text.substr(1));
  if (text.starts_with('"'))
    return double_quoted(text.substr(1));
  return plain(text);
}

void read_line(std::string_view line, int number, const std::string& file, Dotenv& result) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#')
    return;
  const auto refuse = [&](std::string key, std::string why) {
    result.mistakes.push_back({file, number, std::move(key), std::move(why)});
  };
  constexpr std::string_view keyword = "export";
  if (line.starts_with(keyword) && line.size() > keyword.size()
      && blanks.find(line[keyword.size()]) != std::string_view::npos)
    line = trimmed(line.substr(keyword.size()));
  const auto equals = line.find('=');
  const auto name = trimmed(line.substr(0, equals));
  if (equals == std::string_view::npos || !is_name(name)) {
    refuse({}, "is not NAME=VALUE");
    return;
  }
  auto value = value_of(line.substr(equals + 1));
  if (!value) {
    refuse(std::string{name}, "has an unfinished quote, or text behind it");
    return;
  }
  result.values.insert_or_assign(std::string{name}, DotenvValue{std::move(*value), number});
}

} // namespace

Dotenv parse_dotenv(std::string_view text, const std::string& name) {
  Dotenv result;
  if (text.size() > dotenv_bytes_max) {
    result.mistakes.push_back(
        {name, 0, {}, fmt::format("is longer than {} bytes", dotenv_bytes_max)});
    return result;
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    read_line(text.substr(0, end), number, name, result);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

} // namespace tandem::config
