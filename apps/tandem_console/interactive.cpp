#include "apps/tandem_console/interactive.hpp"

#include "apps/tandem_console/source.hpp"
#include "apps/tandem_console/terminal.hpp"
#include "core/console/render.hpp"

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace tandem::apps {
namespace {

using namespace std::chrono_literals;
using core::console::Model;
using core::console::Screen;
using core::console::View;
using core::console::Wish;

/// Often enough to see things move, and nothing to an engine.
constexpr auto refresh_interval = 500ms;
constexpr auto draw_interval = 100ms;
constexpr std::size_t wishes_max = 16;

/// Talks to the engine on two threads of its own: one looks, one does, so that a kill switch waits
/// for no table.
class Talker {
public:
  Talker(adapters::console::Client& client, const std::string& address)
      : client_{client}, source_{client, address, [] { return std::chrono::steady_clock::now(); }},
        model_{source_.model()}, looker_{[this] { look(); }}, doer_{[this] { work(); }} {}

  ~Talker() {
    {
      const std::lock_guard lock{mutex_};
      ends_ = true;
    }
    wake_.notify_all();
    looker_.join();
    doer_.join();
  }

  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  /// What is looked at from now on.
  void look_at(View view, const std::optional<std::string>& detail) {
    const std::lock_guard lock{mutex_};
    if (view_ == view && detail_ == detail)
      return;
    view_ = view;
    detail_ = detail;
    at_once_ = true;
    wake_.notify_all();
  }

  /// False: too many wait to be done already.
  bool wish(Wish wish) {
    const std::lock_guard lock{mutex_};
    if (wishes_.size() >= wishes_max)
      return false;
    wishes_.push_back(std::move(wish));
    wake_.notify_all();
    return true;
  }

  [[nodiscard]] Model model() const {
    const std::lock_guard lock{mutex_};
    return model_;
  }

  /// What came of the last wish, once.
  [[nodiscard]] std::string take_said() {
    const std::lock_guard lock{mutex_};
    return std::exchange(said_, {});
  }

private:
  void look() {
    std::unique_lock lock{mutex_};
    while (!ends_) {
      at_once_ = false;
      const auto view = view_;
      const auto detail = detail_;
      lock.unlock();
      source_.refresh(view, detail);
      lock.lock();
      model_ = source_.model();
      wake_.wait_for(lock, refresh_interval, [this] { return ends_ || at_once_; });
    }
  }

  void work() {
    std::unique_lock lock{mutex_};
    while (true) {
      wake_.wait(lock, [this] { return ends_ || !wishes_.empty(); });
      if (ends_)
        return;
      const auto next = std::move(wishes_.front());
      wishes_.pop_front();
      lock.unlock();
      auto said = perform(client_, next, "from the console");
      lock.lock();
      said_ = std::move(said);
      at_once_ = true;
      wake_.notify_all();
    }
  }

  adapters::console::Client& client_;
  Source source_; ///< of the looker
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Model model_;
  View view_ = View::tree;
  std::optional<std::string> detail_;
  std::deque<Wish> wishes_;
  std::string said_;
  bool at_once_ = false, ends_ = false;
  std::thread looker_, doer_;
};

} // namespace

int run_interactive(adapters::console::Client& client, const std::string& address) {
  Talker talker{client, address};
  Terminal terminal{STDIN_FILENO, STDOUT_FILENO};
  core::console::KeyReader keys;
  Screen screen;
  for (std::string bytes;;) {
    const auto model = talker.model();
    if (auto said = talker.take_said(); !said.empty())
      screen.said = std::move(said);
    const auto size = terminal.size();
    terminal.draw(core::console::render(model, screen, size));
    const auto input = terminal.read(bytes, draw_interval);
    if (input == Terminal::Input::end)
      return 0;
    const auto pressed = input == Terminal::Input::bytes ? keys.read(bytes) : keys.quiet();
    for (const auto& key : pressed) {
      auto wish = core::console::on_key(screen, model, key, core::console::page_of(model, size));
      talker.look_at(screen.view, screen.detail);
      if (!wish)
        continue;
      if (wish->kind == Wish::Kind::quit)
        return 0;
      if (wish->kind == Wish::Kind::redraw)
        terminal.forget();
      else
        screen.said = talker.wish(*wish) ? core::console::describe(*wish) + " ..."
                                         : "too much waits to be done already";
    }
  }
}

} // namespace tandem::apps
