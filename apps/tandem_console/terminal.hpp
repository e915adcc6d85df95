/// A terminal in full-screen: raw keys in, lines out, everything as it was at the end. Plain ANSI
/// sequences, understood by xterm, tmux, screen and the Linux console.
#pragma once

#include "core/console/render.hpp"

#include <termios.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

namespace tandem::apps {

/// The codes that paint these lines over a screen that shows `before`; lines that stay are left
/// alone. @param before empty: nothing is known of what is shown.
[[nodiscard]] std::string paint(const std::vector<core::console::Line>& lines,
                                const std::vector<core::console::Line>& before);

class Terminal {
public:
  /// @param input, output descriptors of a terminal; check with isatty().
  Terminal(int input, int output);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] core::console::Size size() const;
  void draw(const std::vector<core::console::Line>& lines);

  /// The next draw paints everything.
  void forget() { shown_.clear(); }

  enum class Input : std::uint8_t { bytes, quiet, end };

  /// What was typed within that time. end: the terminal has gone, or a signal asks to end.
  [[nodiscard]] Input read(std::string& bytes, std::chrono::milliseconds wait);

private:
  void write(const std::string& text) const;

  int input_, output_;
  termios before_{};
  std::vector<core::console::Line> shown_;
};

} // namespace tandem::apps
