#include "apps/tandem_console/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace tandem::apps {
namespace {

using core::console::Line;
using core::console::Look;

constexpr std::string_view enter_screen = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view leave_screen = "\x1b[0m\x1b[?25h\x1b[?1049l";

/// Told to end while it waits; a flag, because a handler may do no more.
volatile std::sig_atomic_t told_to_end = 0;

extern "C" void tandem_console_end(int /*number*/) {
  told_to_end = 1;
}

extern "C" void tandem_console_resized(int /*number*/) {} // wakes poll()

std::string_view codes(Look look) {
  switch (look) {
  case Look::plain:
    return "\x1b[0m";
  case Look::dim:
    return "\x1b[0;2m";
  case Look::good:
    return "\x1b[0;32m";
  case Look::warn:
    return "\x1b[0;33m";
  case Look::bad:
    return "\x1b[0;1;31m";
  case Look::title:
    return "\x1b[0;1m";
  case Look::selected:
    return "\x1b[0;7m";
  case Look::alarm:
    return "\x1b[0;1;37;41m";
  }
  return "\x1b[0m";
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};

  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

} // namespace

std::string paint(const std::vector<Line>& lines, const std::vector<Line>& before) {
  std::string text;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    if (before.size() == lines.size() && before[row] == lines[row])
      continue;
    text += "\x1b[" + std::to_string(row + 1) + ";1H";
    for (const auto& span : lines[row]) {
      text += codes(span.look);
      text += span.text;
    }
    text += "\x1b[0m\x1b[K";
  }
  return text;
}

Terminal::Terminal(int input, int output) : input_{input}, output_{output} {
  tcgetattr(input_, &before_);
  auto raw = before_;
  cfmakeraw(&raw);
  raw.c_oflag |= OPOST;
  tcsetattr(input_, TCSAFLUSH, &raw);
  for (const int number : {SIGTERM, SIGHUP, SIGINT})
    handle(number, tandem_console_end);
  handle(SIGWINCH, tandem_console_resized);
  write(std::string{enter_screen});
}

Terminal::~Terminal() {
  write(std::string{leave_screen});
  tcsetattr(input_, TCSAFLUSH, &before_);
}

core::console::Size Terminal::size() const {
  winsize window{};
  if (ioctl(output_, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0)
    return {};
  return {window.ws_col, window.ws_row};
}

void Terminal::draw(const std::vector<Line>& lines) {
  std::string text;
  if (shown_.size() != lines.size())
    text = "\x1b[2J";
  text += paint(lines, shown_);
  shown_ = lines;
  write(text);
}

Terminal::Input Terminal::read(std::string& bytes, std::chrono::milliseconds wait) {
  bytes.clear();
  pollfd ready{input_, POLLIN, 0};
  const int count = poll(&ready, 1, static_cast<int>(wait.count()));
  if (told_to_end != 0)
    return Input::end;
  if (count <= 0)
    return Input::quiet;
  std::array<char, 512> buffer{};
  const auto size = ::read(input_, buffer.data(), buffer.size());
  if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
    return Input::end;
  if (size < 0)
    return Input::quiet;
  bytes.assign(buffer.data(), static_cast<std::size_t>(size));
  return Input::bytes;
}

void Terminal::write(const std::string& text) const {
  std::string_view rest{text};
  while (!rest.empty()) {
    const auto size = ::write(output_, rest.data(), rest.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
}

} // namespace tandem::apps
