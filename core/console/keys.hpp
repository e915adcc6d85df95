/// What a person pressed, out of the bytes of a terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::console {

struct Key {
  enum class Name : std::uint8_t {
    letter,
    enter,
    escape,
    backspace,
    tab,
    back_tab,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    interrupt, ///< Ctrl-C
    redraw,    ///< Ctrl-L
  };

  Name name = Name::letter;
  std::string letter{}; ///< one UTF-8 letter, with `letter`

  friend bool operator==(const Key&, const Key&) = default;
};

/// Keys out of bytes as they come; a sequence may arrive in pieces.
class KeyReader {
public:
  [[nodiscard]] std::vector<Key> read(std::string_view bytes);

  /// No more bytes came for a moment: a lone ESC is the key itself.
  [[nodiscard]] std::vector<Key> quiet();

private:
  std::string rest_;
};

} // namespace tandem::core::console
