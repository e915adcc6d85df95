#include "config/yaml/report.hpp"

#include <algorithm>

namespace tandem::config::yaml {
namespace {

/// "pairs[0]" is above "pairs[0].leg1" but not above "pairs[0]x".
bool is_above(std::string_view upper, std::string_view lower) noexcept {
  return lower.size() > upper.size() && lower.substr(0, upper.size()) == upper
         && (lower[upper.size()] == '.' || lower[upper.size()] == '[');
}

} // namespace

void Report::add(int line, std::string key, std::string message) {
  mistakes_.push_back({line == 0 ? "--set" : file_, line, std::move(key), std::move(message)});
}

void Report::add_file(std::string message) {
  mistakes_.push_back({file_, 0, {}, std::move(message)});
}

bool Report::covers(std::string_view key) const noexcept {
  return std::any_of(mistakes_.begin(), mistakes_.end(), [key](const Mistake& mistake) {
    return mistake.key == key || is_above(mistake.key, key) || is_above(key, mistake.key);
  });
}

std::vector<Mistake> Report::take_sorted() && {
  std::stable_sort(mistakes_.begin(), mistakes_.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  return std::move(mistakes_);
}

} // namespace tandem::config::yaml
