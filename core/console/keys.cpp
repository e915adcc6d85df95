#include "core/console/keys.hpp"

#include <array>
#include <utility>

namespace tandem::core::console {
namespace {

using Name = Key::Name;

/// After ESC. Linux console, xterm, tmux and screen.
constexpr std::array<std::pair<std::string_view, Name>, 20> sequences{{
    {"[A", Name::up},       {"[B", Name::down},       {"[C", Name::right},    {"[D", Name::left},
    {"OA", Name::up},       {"OB", Name::down},       {"OC", Name::right},    {"OD", Name::left},
    {"[5~", Name::page_up}, {"[6~", Name::page_down}, {"[H", Name::home},     {"[F", Name::end},
    {"OH", Name::home},     {"OF", Name::end},        {"[1~", Name::home},    {"[4~", Name::end},
    {"[7~", Name::home},    {"[8~", Name::end},       {"[Z", Name::back_tab}, {"OM", Name::enter},
}};

constexpr std::size_t sequence_max = 16;

std::optional<Key> control_key(char c) {
  switch (c) {
  case '\r':
  case '\n':
    return Key{Name::enter};
  case '\t':
    return Key{Name::tab};
  case 0x7f:
  case 0x08:
    return Key{Name::backspace};
  case 0x03:
    return Key{Name::interrupt};
  case 0x0c:
    return Key{Name::redraw};
  default:
    return std::nullopt;
  }
}

/// ESC and one of these begin a sequence; before anything else ESC is the key itself.
bool begins_sequence(char after_escape) {
  return after_escape == '[' || after_escape == 'O';
}

/// Length of a sequence after ESC; 0: not whole yet.
std::size_t sequence_length(std::string_view text) {
  if (text.empty())
    return 0;
  if (text.front() == 'O')
    return text.size() < 2 ? 0 : 2;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (text[i] >= 0x40 && text[i] <= 0x7e)
      return i + 1;
  return text.size() > sequence_max ? text.size() : 0;
}

std::size_t letter_length(char c) {
  const auto head = static_cast<unsigned char>(c);
  return head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
}

} // namespace

std::vector<Key> KeyReader::read(std::string_view bytes) {
  rest_ += bytes;
  std::vector<Key> keys;
  std::string_view text{rest_};
  while (!text.empty()) {
    if (text.front() == 0x1b && text.size() > 1 && !begins_sequence(text[1])) {
      keys.push_back({Name::escape});
      text.remove_prefix(1);
      continue;
    }
    if (text.front() == 0x1b) {
      const auto length = sequence_length(text.substr(1));
      if (length == 0)
        break;
      const auto sequence = text.substr(1, length);
      for (const auto& [known, name] : sequences)
        if (known == sequence)
          keys.push_back({name});
      text.remove_prefix(1 + length);
      continue;
    }
    const auto head = static_cast<unsigned char>(text.front());
    if (head < 0x20 || head == 0x7f) {
      if (auto key = control_key(text.front()))
        keys.push_back(*std::move(key));
      text.remove_prefix(1);
      continue;
    }
    const auto length = letter_length(text.front());
    if (text.size() < length)
      break;
    keys.push_back({Name::letter, std::string{text.substr(0, length)}});
    text.remove_prefix(length);
  }
  rest_ = std::string{text};
  return keys;
}

std::vector<Key> KeyReader::quiet() {
  const bool escape = !rest_.empty() && rest_.front() == 0x1b;
  rest_.clear();
  return escape ? std::vector<Key>{{Name::escape}} : std::vector<Key>{};
}

} // namespace tandem::core::console
