#include "adapters/sinks/capture/frame_recorder.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::sinks::capture {
namespace {

/// Written before its time, so that one block is not much larger.
constexpr std::size_t block_bytes = 4U * 1024 * 1024;

} // namespace

FrameRecorder::FrameRecorder(RecorderOptions options)
    : options_{std::move(options)}, thread_{[this] { run(); }} {}

FrameRecorder::~FrameRecorder() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void FrameRecorder::take(const std::string& market, std::int64_t received, std::string_view text) {
  put(market, std::to_string(received) + ' ', text);
}

void FrameRecorder::take_answer(const std::string& market, std::string_view url,
                                std::int64_t received, std::string_view body) {
  put(market, std::string{url} + " -> " + std::to_string(received) + ": ", body);
}

void FrameRecorder::put(const std::string& market, std::string_view before, std::string_view text) {
  const auto bytes = before.size() + text.size() + 1;
  counters_.taken.fetch_add(1, std::memory_order_relaxed);
  bool full = false;
  {
    const std::lock_guard lock{mutex_};
    if (waiting_bytes_ + bytes > options_.memory_bytes_max) {
      counters_.lost.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    auto& lines = waiting_[market];
    lines.text += before;
    const auto at = static_cast<std::ptrdiff_t>(lines.text.size());
    lines.text += text;
    // A message over several lines would be several.
    std::replace(lines.text.begin() + at, lines.text.end(), '\n', ' ');
    lines.text += '\n';
    ++lines.frames;
    waiting_bytes_ += bytes;
    counters_.waiting_bytes.store(waiting_bytes_, std::memory_order_relaxed);
    full = waiting_bytes_ >= block_bytes;
  }
  if (full)
    changed_.notify_one();
}

std::string FrameRecorder::trouble() const {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

void FrameRecorder::run() {
  std::map<std::string, Lines> taken;
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait_for(lock, options_.flush_interval,
                      [this] { return ending_ || waiting_bytes_ >= block_bytes; });
    taken.swap(waiting_);
    waiting_bytes_ = 0;
    counters_.waiting_bytes.store(0, std::memory_order_relaxed);
    const bool last = ending_;
    lock.unlock();
    write(taken);
    taken.clear();
    if (last)
      close();
    lock.lock();
    if (last)
      return;
  }
}

void FrameRecorder::write(std::map<std::string, Lines>& waiting) {
  std::optional<std::string> trouble;
  for (const auto& [market, lines] : waiting) {
    const auto kept = keep(market, lines);
    (kept ? counters_.written : counters_.lost).fetch_add(lines.frames, std::memory_order_relaxed);
    if (!kept)
      trouble = core::describe(kept.error());
    else if (!trouble)
      trouble.emplace();
  }
  for (auto& [market, files] : rolling_)
    if (const auto done = files.on_tick(options_.clock()); !done)
      trouble = core::describe(done.error());
  if (!trouble)
    return;
  const std::lock_guard lock{mutex_};
  trouble_ = *std::move(trouble);
}

core::Status FrameRecorder::keep(const std::string& market, const Lines& lines) {
  auto found = rolling_.find(market);
  if (found == rolling_.end()) {
    if (!files_)
      files_ = options_.files();
    auto opened = RollingFiles::open(*files_, "frames-" + market, options_.limits);
    if (!opened)
      return tl::unexpected{opened.error()};
    found = rolling_.emplace(market, *std::move(opened)).first;
  }
  return found->second.append(lines.text, options_.clock());
}

void FrameRecorder::close() {
  for (auto& [market, files] : rolling_)
    static_cast<void>(files.close()); // else the next one does it
}

} // namespace tandem::adapters::sinks::capture
